import ArgumentParser
import Chain
import Codec
import Cryptography
import GenesisTool
import KeyTool

extension ProposeCommand {
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a module for at most 7 days.",
            discussion: """
                Modules are transfers, staking, assets and streams.

                Example:
                  althing gov propose pause transfers 2d --from alice
                """)

        @Argument(help: "The module.")
        var module: String

        @Argument(help: "For how long, like 2d.")
        var duration: String

        @OptionGroup var options: Options

        func run() async throws {
            let module = try PausableModule(argument: module)
            guard let milliseconds = try? DurationText.parse(duration),
                (1...ModulePause.durationMax).contains(milliseconds)
            else {
                throw CommandError(
                    "pause.duration", "`\(duration)` is no time of at most 7 days",
                    hint: "write it like 2d or 12h", exit: .usage)
            }
            try await Proposer(options).submit(
                [.pause(ModulePause(module: module, duration: milliseconds))],
                title: "Pause \(module.name) for \(DurationText.print(milliseconds))", effects: [])
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a module's pause before its time.",
            discussion: "Example:\n  althing gov propose resume transfers --from alice")

        @Argument(help: "The module.")
        var module: String

        @OptionGroup var options: Options

        func run() async throws {
            let module = try PausableModule(argument: module)
            try await Proposer(options).submit(
                [.resume(module)], title: "Resume \(module.name)", effects: [])
        }
    }

    struct CancelQueued: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Drop another proposal that is queued.",
            discussion: "Example:\n  althing gov propose cancel 1 --from alice")

        @Argument(help: "The number of the proposal to drop.")
        var id: UInt64

        @OptionGroup var options: Options

        func run() async throws {
            try await Proposer(options).submit(
                [.cancelQueued(ProposalID(id))], title: "Cancel proposal \(id)", effects: [])
        }
    }

    struct Custom: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose any actions, from a file.",
            discussion: """
                The file is what `--dry-run -o json` printed of a proposal, here or elsewhere, or \
                is written by hand. `althing gov kinds` shows the types and their fields; amounts \
                have their unit, and an account may be a name, or a @group that is paid.

                Examples:
                  althing gov propose spend bob 5alt --from alice --dry-run -o json > p.json
                  althing gov propose custom --file p.json --from alice

                  {"title": "Pay the gardeners", "body": "They did well.",
                   "actions": [{"type": "spend",
                                "payments": [{"recipient": "carol", "amount": "5alt"}]}],
                   "conditions": [{"type": "treasuryAtLeast", "amount": "100alt"}]}
                """)

        @OptionGroup var options: Options

        func validate() throws {
            guard options.file != nil else { throw ValidationError("name the --file") }
            guard options.body == nil || options.bodyFile == nil else {
                throw ValidationError("give --body or --body-file, not both")
            }
        }

        func run() async throws {
            let proposer = try await Proposer(options)
            let builder = proposer.builder
            let desk = DraftDesk(
                chain: builder.chain, book: try await AssetBook(builder.client, builder.chain),
                now: try await MomentText.now(builder.client), home: options.write.client.home)
            let path = options.file ?? ""
            let draft = try DraftFile.read(path, desk)
            guard let title = options.title ?? draft.title else {
                throw CommandError(
                    "proposal.file", "\(path): title: the field is missing",
                    hint: "add it, or give --title", exit: .usage)
            }
            let own = options.body != nil || options.bodyFile != nil
            try await proposer.submit(
                draft.actions, conditions: draft.conditions, title: title,
                body: own ? try options.bodyText(isFileBody: false) : draft.body ?? "",
                deposit: draft.deposit, effects: [])
        }
    }
}

extension PausableModule {
    /// The module that a person named.
    init(argument: String) throws {
        guard let module = PausableModule(name: argument) else {
            let names = PausableModule.allCases.map(\.name)
            throw CommandError(
                "pause.module", "there is no module `\(argument)` that can be paused",
                hint: nearest(to: argument, in: names).map { "did you mean `\($0)`?" }
                    ?? names.joined(separator: ", "), exit: .usage)
        }
        self = module
    }
}

/// A draft from what a dry run printed.
enum PrintedDraft {
    static func parse(_ bytes: [UInt8], name: String) throws -> ProposalDraft {
        let malformed = CommandError(
            "proposal.file", "\(name) is not what `--dry-run -o json` prints of a proposal",
            exit: .usage)
        guard let json = try? JSON(parsing: bytes),
            let unsigned = json["unsigned"]?.text.flatMap({ [UInt8](hex: $0) }),
            let transaction = try? Transaction(decoding: unsigned)
        else { throw malformed }
        for case .submitProposal(let draft) in transaction.actions { return draft }
        throw malformed
    }
}

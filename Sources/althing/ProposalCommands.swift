import ArgumentParser
import Chain
import GenesisTool
import KeyTool

extension GovernanceCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List proposals, the newest first.",
            discussion: "Example:\n  althing gov list --status voting")

        @Option(help: "deposit, voting, queued, executed, expired, rejected, vetoed, failed …")
        var status: String?

        @Option(help: "How many.")
        var limit = 50

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let view = try await ProposalView(client, chain, home: options.home)
            let query = status.map { [("status", $0)] } ?? []
            let list = try await client.list("/v1/gov/proposals", query, limit: limit)
            options.show(
                list: list, id: { text($0["id"]) }, header: ["id", "status", "track", "title"]
            ) { proposal in
                [
                    text(proposal["id"]), view.line(proposal), text(proposal["track"]),
                    text(proposal["title"]),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a proposal, its tally and what is still needed.",
            discussion: "Example:\n  althing gov show 1 --account alice")

        private static let accountsMax = 16

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Option(
            name: [.long, .customLong("from")],
            help: "Whose weight to show; that of all keys of the keystore if it is left out.")
        var account: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let view = try await ProposalView(client, chain, home: options.home)
            let json = try await ProposalView.present(id, client)
            let weights = try await weights(client, view.chain)
            let isOver = ProposalView.finalStates.contains(text(json["status"]))
            let depositors =
                isOver && options.format == .table
                ? try await client.list("/v1/gov/proposals/\(id)/deposits", limit: 100) : nil
            options.show(json, id: String(id)) {
                view.lines(json, depositors: depositors) + weights
            }
        }

        /// The weight of one's own accounts, and how it was used.
        private func weights(_ client: Client, _ chain: ChainInfo) async throws -> [String] {
            guard let keystore = try? Keystore.open(home: options.home),
                let all = try? keystore.names()
            else { return [] }
            let text = WeightText(
                chain: chain, names: RepresentationText(chain: chain, home: options.home))
            var lines: [String] = []
            for name in (account.map { [$0] } ?? Array(all.prefix(Show.accountsMax))) {
                let address = chain.text(try chain.address(name, home: options.home))
                let json = try await client.get("/v1/gov/proposals/\(id)/votes/\(address)")
                lines += text.lines(json, as: name)
            }
            return lines.isEmpty ? [] : ["", "weight    and how it was used"] + lines
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a proposal to its end; exit code 0 if it was executed.",
            discussion: "Example:\n  althing gov watch 1")

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Option(help: "Stop at this state already, such as voting or queued.")
        var until: String?

        @Option(help: "Stop after this time with exit code 4, like 5m.")
        var timeout: String?

        @OptionGroup var options: ClientOptions

        func validate() throws {
            let names = ProposalStatus.allCases.map(\.name)
            guard let until, !names.contains(until) else { return }
            let near = nearest(to: until, in: names).map { ": did you mean `\($0)`?" } ?? ""
            throw ValidationError("--until `\(until)` is no state of a proposal\(near)")
        }

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let view = try await ProposalView(client, chain, home: options.home)
            let clock = ContinuousClock()
            let deadline = try timeout.map { text in
                clock.now + .milliseconds(Int64(clamping: try DurationText.parse(text)))
            }
            var shown = ""
            while true {
                let json = try await client.get("/v1/gov/proposals/\(id)")
                let status = text(json["status"])
                let state = view.progress(json)
                if state != shown {
                    shown = state
                    options.show(json, id: status) { [state] }
                }
                if status == until { return }
                if ProposalView.finalStates.contains(status) {
                    for line in view.outcome(json) where options.format == .table {
                        if !options.quiet { Console.write(line) }
                    }
                    guard status == "executed" else {
                        let reason = view.why(json)
                        throw CommandError(
                            "gov.\(status)",
                            "proposal \(id) is \(status)"
                                + (reason.map { ": \($0)" } ?? ""))
                    }
                    return
                }
                if let deadline, clock.now >= deadline {
                    throw CommandError(
                        "gov.timeout", "proposal \(id) is still \(status)", exit: .timedOut)
                }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}

import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool

/// `althing stake`: what holders do with their stake.
struct StakeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stake", abstract: "Delegate stake, move it, take it back.",
        discussion: """
            A validator is named by its moniker, by its operator's address or by the name of that \
            key. Amounts are like 12.5alt; what leaves can be `all`.
            """,
        subcommands: [
            Delegate.self, Undelegate.self, Cancel.self, Redelegate.self, Mode.self, Claim.self,
            ClaimReturn.self, List.self, Losses.self,
        ])

    struct Delegate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put tokens behind a validator.",
            discussion: """
                Examples:
                  althing stake delegate validator2 100alt --from alice
                  althing stake delegate validator2 100alt --with-vote --from alice
                """)

        @Argument(help: "The validator.")
        var validator: String

        @Argument(help: "An amount like 100alt.")
        var amount: String

        @Flag(help: "Also let it vote with all of the account's stake, on every topic.")
        var withVote = false

        @OptionGroup var options: WriteOptions

        private static let effectsOfVote =
            [
                "represented  on every topic, with all stake of the account wherever it rests,"
                    + " in place of whom it names now; `althing gov represent remove all` ends it"
            ] + RepresentDesk.effects

        func run() async throws {
            guard amount != "all" else {
                throw CommandError(
                    "amount.invalid", "`all` would leave nothing for fees",
                    hint: "write an amount like 100alt", exit: .usage)
            }
            let desk = try await StakeDesk(options)
            let amount = try desk.chain.amount(amount, "the amount")
            let target = try desk.book.find(validator)
            let address = try desk.book.operatorAddress(of: target)
            let votes = withVote ? TopicGroup.allCases : []
            try await desk.send(
                .delegate(validator: address, amount: amount),
                and: votes.map {
                    .representation(
                        RepresentationAction(
                            group: $0,
                            representatives: [Representative(account: address, weight: 10_000)]))
                },
                summary: "delegate \(desk.chain.text(amount)) to \(desk.book.title(target))"
                    + (withVote ? ", and name it as representative" : ""),
                effects: desk.effects(ofStakeTo: target)
                    + (withVote ? Delegate.effectsOfVote : []))
        }
    }

    struct Undelegate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take stake back; it is paid when nothing can be proven against it any more.",
            discussion: """
                Examples:
                  althing stake undelegate validator2 40alt --from alice
                  althing stake undelegate validator2 all --from alice
                """)

        @Argument(help: "The validator.")
        var validator: String

        @Argument(help: "An amount like 40alt, or all.")
        var amount: String

        @OptionGroup var origin: OriginOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let amount = try desk.stakeAmount(amount)
            let source = try desk.book.find(validator)
            let place = try await desk.place(with: source, origin)
            try await desk.send(
                .undelegate(from: place, amount: amount),
                summary: "undelegate \(desk.text(amount)) from \(desk.book.title(source))",
                effects: desk.effects(ofExitFrom: source, place))
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put back what is leaving a validator and is not paid yet.",
            discussion: """
                Examples:
                  althing stake cancel validator2 all --from alice
                  althing stake cancel validator2 10alt --exit 7 --from alice
                """)

        @Argument(help: "The validator that it is leaving.")
        var validator: String

        @Argument(help: "An amount like 10alt, or all.")
        var amount: String

        @OptionGroup var origin: OriginOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let amount = try desk.stakeAmount(amount)
            let target = try desk.book.find(validator)
            let bucket = try await desk.bucket(with: target, origin)
            try await desk.send(
                .cancel(bucket, amount: amount),
                summary: "put \(desk.text(amount)) that is leaving back to "
                    + desk.book.title(target),
                effects: desk.effects(ofReturnTo: target, from: bucket))
        }
    }

    struct Redelegate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move stake from one validator to another without a pause.",
            discussion: """
                Example:
                  althing stake redelegate validator2 validator3 40alt --from alice
                """)

        @Argument(help: "The validator that it leaves.")
        var source: String

        @Argument(help: "The validator that it goes to.")
        var target: String

        @Argument(help: "An amount like 40alt, or all.")
        var amount: String

        @OptionGroup var origin: OriginOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let amount = try desk.stakeAmount(amount)
            let source = try desk.book.find(source)
            let target = try desk.book.find(target)
            let place = try await desk.place(with: source, origin)
            try await desk.send(
                .redelegate(
                    from: place, to: try desk.book.operatorAddress(of: target), amount: amount),
                summary: "move \(desk.text(amount)) from \(desk.book.title(source)) to "
                    + desk.book.title(target),
                effects: desk.effects(ofMoveFrom: source, place, to: target))
        }
    }

    struct Mode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether rewards stay and earn, or can be claimed.",
            discussion: "Example:\n  althing stake mode validator2 paying --from alice")

        @Argument(help: "The validator.")
        var validator: String

        @Argument(help: "compounding or paying.")
        var mode: String

        @OptionGroup var options: WriteOptions

        func run() async throws {
            guard let mode = StakeMode.allCases.first(where: { $0.name == mode }) else {
                let near = nearest(to: mode, in: StakeMode.allCases.map(\.name))
                throw CommandError(
                    "stake.mode", "`\(mode)` is neither compounding nor paying",
                    hint: near.map { "did you mean `\($0)`?" }, exit: .usage)
            }
            let desk = try await StakeDesk(options)
            let target = try desk.book.find(validator)
            let effect =
                switch mode {
                case .paying:
                    "then         rewards from now on wait for `althing stake claim`"
                case .compounding:
                    "then         rewards stay in the position and earn; so does what could be"
                        + " claimed now"
                }
            try await desk.send(
                .setMode(validator: try desk.book.operatorAddress(of: target), mode),
                summary: "make the stake with \(desk.book.title(target)) \(mode.name)",
                effects: [effect])
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the rewards of paying positions, and all that has become free.",
            discussion: "Example:\n  althing stake claim --from alice")

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options)
            try await desk.send(
                .claim, summary: "claim rewards, and what has become free",
                effects: try await desk.effectsOfClaim())
        }
    }
}

/// Which of several records is meant that are with the same validator.
struct OriginOptions: ParsableArguments {
    @Option(help: "Of stake that was moved there: the validator that it came from.")
    var movedFrom: String?

    @Option(help: "The exit epoch, as `althing stake list` shows it.")
    var exit: UInt64?
}

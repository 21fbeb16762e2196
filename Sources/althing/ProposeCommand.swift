import ArgumentParser
import Chain
import Foundation
import GenesisTool
import KeyTool

/// `althing gov propose`: puts a question to the holders.
struct ProposeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Propose something; it is tried first.",
        subcommands: [
            Parameter.self, Spend.self, Stream.self, RecallStream.self, CreateAsset.self,
            Mint.self, ReturnStake.self, Upgrade.self, CancelUpgrade.self, Text.self, Pause.self,
            Resume.self, CancelQueued.self, Custom.self,
        ])

    /// The flags of every kind.
    struct Options: ParsableArguments {
        @Option(help: "At most 140 characters; made from the actions if not given.")
        var title: String?

        @Option(help: "Why, in Markdown.")
        var body: String?

        @Option(help: "A file with the body; - is standard input.")
        var bodyFile: String?

        @Option(help: "The same; of `custom`, the file with the actions.")
        var file: String?

        @Option(help: "The deposit, like 50alt; what opens the vote at once if not given.")
        var deposit: String?

        @Option(
            help: """
                What must hold when it is executed, or it expires: treasury=100alt (at least), \
                height=9000 (at most), executed=3; several times.
                """)
        var onlyIf: [String] = []

        @OptionGroup var write: WriteOptions

        func validate() throws {
            guard onlyIf.count <= ProposalCondition.countMax else {
                throw ValidationError(
                    "--only-if at most \(ProposalCondition.countMax) times")
            }
            guard body == nil || bodyFile == nil else {
                throw ValidationError("give --body or --body-file, not both")
            }
        }

        /// - Parameter isFileBody: whether `--file` is the body, as it is of every kind but custom.
        func bodyText(isFileBody: Bool = true) throws -> String {
            let given = bodyFile ?? (isFileBody ? file : nil)
            guard let file = given else { return body ?? "" }
            if file == "-" {
                let bytes = FileHandle.standardInput.readDataToEndOfFile()
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw CommandError(
                        "file.read", "standard input is no UTF-8 text", exit: .usage)
                }
                return text
            }
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandError(
                    "file.read", "\(file) cannot be read as UTF-8 text", exit: .notFound)
            }
            return text
        }
    }

    struct Parameter: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "param", abstract: "Change parameters.",
            discussion: """
                `althing gov params` lists the names and their present values.

                Example:
                  althing gov propose param gov.spendSmallDelay=2h --from alice
                """)

        @Argument(help: "NAME=VALUE, one or several.")
        var changes: [String]

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            var actions: [Action] = []
            for change in changes {
                let parts = change.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw CommandError(
                        "parameter.change", "`\(change)` is not NAME=VALUE", exit: .usage)
                }
                let (id, value) = try ParameterChange.parse(parts[0], parts[1], chain)
                actions.append(.setParameter(ParameterChange(name: id.name, value: value)))
            }
            try await proposer.submit(
                actions, title: "Set \(changes.joined(separator: ", "))", effects: [])
        }
    }

    struct Spend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay out of the treasury.",
            discussion: """
                Examples:
                  althing gov propose spend bob 100alt --from alice
                  althing gov propose spend bob 100alt carol 50gold --from alice
                  althing gov propose spend bob 100alt --only-if treasury=5000alt --from alice
                """)

        @Argument(help: "TO AMOUNT, one or several pairs.")
        var payments: [String]

        @OptionGroup var options: Options

        func validate() throws {
            guard payments.count % 2 == 0 else {
                throw ValidationError("write pairs: an account and an amount")
            }
            guard payments.count / 2 <= TreasurySpend.paymentsMax else {
                throw ValidationError("at most \(TreasurySpend.paymentsMax) payments")
            }
        }

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            let book = try await AssetBook(proposer.builder.client, chain)
            var list: [TreasuryPayment] = []
            for index in stride(from: 0, to: payments.count, by: 2) {
                let recipient = try chain.address(
                    payments[index], home: options.write.client.home)
                let part = try book.parse(payments[index + 1], "the amount")
                list.append(
                    TreasuryPayment(recipient: recipient, asset: part.asset, amount: part.amount))
            }
            try await proposer.submit(
                [.spend(TreasurySpend(payments: list))],
                title: "Pay \(payments.joined(separator: " "))", effects: [])
        }
    }

    struct ReturnStake: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give slashed stake back to whoever held it.",
            discussion: """
                What a slash cut is held for some days; `althing stake losses NAME` shows the \
                numbers. If it passes, each account claims its own part.

                Example:
                  althing gov propose return-stake 3 --from alice
                """)

        @Argument(help: "The number of an escrow, one or several.")
        var escrows: [UInt64]

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            var lines: [String] = []
            for id in escrows {
                let escrow = try await proposer.builder.client.get("/v1/staking/escrows/\(id)")
                lines.append(
                    "whoever had the stake can claim \(chain.amountText(escrow["left"])) that was"
                        + " cut with \(text(escrow["validator"])) at height "
                        + text(escrow["height"]))
            }
            let names = escrows.map { String($0) }.joined(separator: ", ")
            try await proposer.submit(
                escrows.map { .returnStake(EscrowID($0)) },
                title: "Return the stake of escrow \(names)", effects: lines)
        }
    }

    struct Text: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for an opinion; nothing is executed.",
            discussion: """
                Examples:
                  althing gov propose text "A logo?" --from alice
                  althing gov propose text "A logo?" --body-file logo.md --from alice
                """)

        @Argument(help: "The question; --title says the same.")
        var question: String?

        @OptionGroup var options: Options

        func validate() throws {
            guard question == nil || options.title == nil else {
                throw ValidationError("give the question or --title, not both")
            }
        }

        func run() async throws {
            let proposer = try await Proposer(options)
            guard let title = question ?? options.title else {
                throw CommandError(
                    "proposal.title", "a text needs a question",
                    hint: "althing gov propose text \"A logo?\"", exit: .usage)
            }
            try await proposer.submit([], title: title, effects: [])
        }
    }
}

/// Sends a proposal and says how it stands then.
struct Proposer {
    let options: ProposeCommand.Options
    let builder: TransactionBuilder

    init(_ options: ProposeCommand.Options) async throws {
        self.options = options
        builder = try await TransactionBuilder(options.write, hasOtherID: true)
    }

    /// - Parameters:
    ///   - title: unless the options name one.
    ///   - body: instead of the one that the options give.
    func submit(
        _ actions: [Action], conditions: [ProposalCondition] = [], title: String,
        body: String? = nil, deposit: String? = nil, effects: [String]
    ) async throws {
        let title = options.title ?? String(title.prefix(140))
        guard (1...140).contains(title.count), title.utf8.count <= ProposalDraft.titleBytesMax
        else {
            throw CommandError(
                "proposal.title",
                "a title has 1 to 140 characters, and this one has \(title.count)", exit: .usage)
        }
        let body = try body ?? options.bodyText()
        guard body.utf8.count <= ProposalDraft.bodyBytesMax else {
            throw CommandError(
                "proposal.body",
                "a body has at most \(ProposalDraft.bodyBytesMax) bytes, and this one has "
                    + "\(body.utf8.count)",
                hint: "keep a summary on the chain, and link to the rest", exit: .usage)
        }
        let deposit = try await self.deposit(for: actions, deposit)
        let view = try await ProposalView(
            builder.client, builder.chain, home: options.write.client.home)
        let conditions =
            try conditions
            + options.onlyIf.map {
                try ConditionText.parse($0, view.book)
            }
        let draft = ProposalDraft(
            title: title, body: body, actions: actions, conditions: conditions, deposit: deposit)
        if !options.write.client.quiet {
            for effect in effects {
                Console.note("if it passes   \(effect)")
            }
        }
        let results = try await builder.send(
            [.submitProposal(draft)],
            summary: "propose `\(printable(title))`, deposit \(builder.chain.text(deposit))",
            details: { simulation in
                (simulation["proposals"]?.items ?? []).flatMap {
                    view.preview($0)
                }
            })
        guard !options.write.dryRun else { return }
        for result in results {
            try await report(result, view)
        }
    }

    /// - Parameter given: the one that a file names.
    private func deposit(for actions: [Action], _ given: String?) async throws -> Amount {
        if let text = options.deposit {
            return try builder.chain.amount(text, "--deposit")
        }
        if let given {
            return try builder.chain.amount(given, "the deposit")
        }
        let treasury = try await builder.client.get("/v1/treasury")
        var balances: [AssetID: Amount] = [:]
        for balance in treasury["balances"]?.items ?? [] {
            guard let asset = balance["asset"]?.integer else { continue }
            balances[AssetID(asset)] = Amount(balance["amount"]?.integer ?? 0)
        }
        return RequiredDeposit.of(
            actions, parameters: builder.chain.parameters,
            treasury: balances[.native] ?? .zero, others: balances)
    }

    /// Finds the proposal's number in the events of the transaction and shows its state.
    private func report(_ result: JSON, _ view: ProposalView) async throws {
        let events = result["events"]?.items ?? []
        guard let id = events.lazy.compactMap({ $0["proposal"]?.integer }).first else { return }
        var proposal = try await builder.client.get("/v1/gov/proposals/\(id)")
        // With its deposit complete it opens in the next block.
        for _ in 0..<50 where isOpening(proposal) {
            try await Task.sleep(for: .milliseconds(100))
            proposal = try await builder.client.get("/v1/gov/proposals/\(id)")
        }
        if options.write.client.quiet {
            Console.write(String(id))
            return
        }
        Console.note("proposal \(id): \(view.line(proposal))")
        for line in NextText(view: view).lines(proposal) {
            Console.note("  next         \(line)")
        }
    }
}

/// Whether the deposit is complete and only a block is missing.
private func isOpening(_ proposal: JSON) -> Bool {
    let deposit = proposal["deposit"]
    guard proposal["status"]?.text == "deposit", let sum = deposit?["sum"]?.integer,
        let required = deposit?["required"]?.integer
    else { return false }
    return sum >= required
}

/// What a proposal needs to open at once, by the table of tracks: only a proposal for the flag's
/// value, since the chain decides.
enum RequiredDeposit {
    /// - Parameters:
    ///   - treasury: what it has of the native asset.
    ///   - others: what it has of other assets.
    static func of(
        _ actions: [Action], parameters: Parameters, treasury: Amount,
        others: [AssetID: Amount] = [:]
    ) -> Amount {
        var multiple = parameters.row(.text).deposit
        var spent: UInt64 = 0
        var foreign: [TreasuryPayment] = []
        for action in actions {
            switch action {
            case .setParameter(let change):
                guard let id = ParameterID(name: change.name) else { continue }
                multiple = max(multiple, parameters.row(id.definition.track).deposit)
            case .spend(let spend):
                foreign += spend.payments.filter { $0.asset != .native }
                for payment in spend.payments where payment.asset == .native {
                    spent = spent.advanced(clampingBy: payment.amount.value)
                }
            case .stream(let plan):
                foreign += plan.payments.filter { $0.asset != .native }
                for payment in plan.payments where payment.asset == .native {
                    spent = spent.advanced(clampingBy: payment.amount.value)
                }
            case .mint(let mint):
                foreign.append(mint.payment)
            case .recallStream:
                multiple = max(multiple, parameters.row(.spendSmall).deposit)
            case .createAsset:
                multiple = max(multiple, parameters.row(.parameter).deposit)
            case .upgrade, .cancelUpgrade:
                multiple = max(multiple, parameters.row(.protocol).deposit)
            case .pause, .resume, .cancelQueued:
                multiple = max(multiple, parameters.row(.fast).deposit)
            case .returnStake:
                multiple = max(multiple, parameters.row(.people).deposit)
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation, .executeProposal,
                .signPetition:
                continue
            }
        }
        if spent > 0 {
            multiple = max(multiple, parameters.row(track(spent, of: treasury.value)).deposit)
        }
        for asset in Set(foreign.map(\.asset)) {
            let sum = foreign.reduce(UInt64(0)) {
                $1.asset == asset ? $0.advanced(clampingBy: $1.amount.value) : $0
            }
            let track = track(sum, of: others[asset]?.value ?? 0)
            multiple = max(multiple, parameters.row(track).deposit)
        }
        let product = multiplyDividingDown(parameters.depositBase.value, multiple, by: 1)
        return Amount(product ?? .max)
    }

    private static func track(_ spent: UInt64, of treasury: UInt64) -> Track {
        let spent = UInt128(spent)
        let treasury = UInt128(treasury)
        if spent * 1_000 <= treasury { return .spendSmall }
        if spent * 100 <= treasury { return .spendMedium }
        return spent * 10 <= treasury ? .spendLarge : .constitution
    }
}

extension ParameterChange {
    /// The parameter and its new value as people write them.
    static func parse(
        _ name: String, _ text: String, _ chain: ChainInfo
    ) throws -> (ParameterID, ParameterValue) {
        guard let id = ParameterID(name: name) else {
            let near = nearest(to: name, in: ParameterID.allCases.map(\.name))
            throw CommandError(
                "parameter.unknown", "there is no parameter `\(name)`",
                hint: near.map { "did you mean `\($0)`?" } ?? "`althing gov params` lists them",
                exit: .usage)
        }
        do {
            let value = try ParameterText.parse(
                text, for: id, symbol: chain.symbol, decimals: chain.decimals)
            try check(value, of: id, chain)
            return (id, value)
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(
                "parameter.value", "\(name) `\(text)`: \(error)",
                hint: "it is \(id.definition.unit.example(chain.symbol)); "
                    + "`althing gov params \(name)` shows its bounds", exit: .usage)
        }
    }
}

extension ParameterChange {
    /// Refuses what no decision may set, in the units of the parameter.
    private static func check(
        _ value: ParameterValue, of id: ParameterID, _ chain: ChainInfo
    ) throws {
        let (least, most) = id.definition.bounds.values(of: chain.kind)
        let isWithin: Bool
        switch (id.definition.bounds, value) {
        case (.integer(let range, let developmentMinimum), .integer(let number)):
            let minimum = chain.kind == .development ? developmentMinimum : range.lowerBound
            isWithin = number >= minimum && number <= range.upperBound
        case (.ratio(let low, let high), .ratio(let numerator, let denominator)):
            let n = UInt64(numerator)
            let d = UInt64(denominator)
            isWithin =
                n * UInt64(low.denominator) >= UInt64(low.numerator) * d
                && n * UInt64(high.denominator) <= UInt64(high.numerator) * d
        case (.integer, .ratio), (.ratio, .integer):
            return
        }
        guard !isWithin else { return }
        throw CommandError(
            "gov.parameter_invalid",
            "\(id.name) `\(chain.text(value, of: id))` is not within "
                + "\(chain.text(least, of: id)) to \(chain.text(most, of: id))",
            hint: "no decision may go beyond these bounds", exit: .usage)
    }
}

extension ParameterBounds {
    /// The least and the greatest value on a chain of a kind.
    func values(of kind: ChainKind) -> (least: ParameterValue, most: ParameterValue) {
        switch self {
        case .integer(let range, let developmentMinimum):
            (
                .integer(kind == .development ? developmentMinimum : range.lowerBound),
                .integer(range.upperBound)
            )
        case .ratio(let low, let high): (ParameterValue(low), ParameterValue(high))
        }
    }
}

extension ParameterUnit {
    /// What a value looks like.
    fileprivate func example(_ symbol: String) -> String {
        switch self {
        case .milliseconds: "a time like 2h or 500ms"
        case .baseUnits: "an amount like 12.5\(symbol)"
        case .gas, .count, .blocks: "a whole number"
        case .ratio: "a part like 1/3 or 12%"
        }
    }
}

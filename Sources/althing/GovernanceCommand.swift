import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool

/// `althing gov`: what holders decide, and how it stands.
struct GovernanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gov", abstract: "Propose, vote, and follow decisions.",
        subcommands: [
            ProposeCommand.self, AddDeposit.self, Vote.self, List.self, Show.self, Watch.self,
            Simulate.self, Kinds.self,
            QueryCommand.Parameters.self, Cancel.self, Claim.self, RepresentCommand.self,
            Petition.self, Execute.self,
        ])

    struct AddDeposit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "deposit", abstract: "Add to a proposal's deposit.",
            discussion: """
                Examples:
                  althing gov deposit 1 50alt --from bob
                  althing gov deposit 1 --from bob      all that is missing
                """)

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Argument(help: "An amount like 50alt; all that is missing if not given.")
        var amount: String?

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let builder = try await TransactionBuilder(options)
            let json = try await builder.client.get("/v1/gov/proposals/\(id)")
            let missing = Amount(json["deposit"]?["missing"]?.integer ?? 0)
            let amount = try amount.map { try builder.chain.amount($0, "the amount") } ?? missing
            let text = builder.chain.text(amount)
            try await builder.send(
                [.addDeposit(proposal: ProposalID(id), amount: amount)],
                summary: "add \(text) to the deposit of proposal \(id)",
                effects: amount == missing ? ["next         its vote opens if a place is free"] : []
            )
        }
    }

    struct Vote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Vote on a proposal; the latest vote of an account counts.",
            discussion: """
                Examples:
                  althing gov vote 1 yes --from alice
                  althing gov vote 1 yes=60%,no=40% --from bob --reason "good, but late"
                  althing gov vote 1 yes --from @validators
                """)

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Argument(help: "yes, no, abstain, veto, or parts like yes=60%,no=40%.")
        var choice: String

        @Option(help: "A sentence that everybody sees, at most 280 characters.")
        var reason = ""

        @OptionGroup var options: WriteOptions

        func validate() throws {
            guard reason.count <= 280, reason.utf8.count <= BallotCast.reasonBytesMax else {
                throw ValidationError("--reason has at most 280 characters")
            }
        }

        func run() async throws {
            let weights = try BallotText.parse(choice)
            let builder = try await TransactionBuilder(options)
            let proposal = try await builder.client.get("/v1/gov/proposals/\(id)")
            guard let hash = proposal["contentHash"]?.text.flatMap(Digest.init(hex:)) else {
                throw CommandError(
                    "node.answer", "the node gives no content hash", exit: .notReached)
            }
            let ballot = BallotCast(
                proposal: ProposalID(id), contentHash: hash, weights: weights, reason: reason)
            try await builder.send(
                [.castBallot(ballot)],
                summary: "vote \(choice) on proposal \(id): \(text(proposal["title"]))",
                effects: try await effects(builder),
                excuse: { results in try await excuse(results, builder.client) })
        }

        /// A vote that ends as soon as it passes may be decided before all of a group have voted.
        private func excuse(
            _ results: [JSON], _ client: Client
        ) async throws -> (JSON) -> String? {
            guard GroupVote.mayBeDecided(results) else { return { _ in nil } }
            let proposal = try await client.get("/v1/gov/proposals/\(id)")
            var times: Set<UInt64> = []
            for height in GroupVote.heights(results) {
                let block = try await client.get("/v1/blocks/\(height)")
                if let time = block["timeMs"]?.integer { times.insert(time) }
            }
            let isDecided = GroupVote.isDecided(proposal, byBlocksAt: times)
            return { GroupVote.excuse($0, isDecided: isDecided) }
        }

        /// With what each sender votes, and whose ballots it leaves.
        private func effects(_ builder: TransactionBuilder) async throws -> [String] {
            let chain = builder.chain
            let names = RepresentationText(chain: chain, home: options.client.home)
            var lines: [String] = []
            for sender in try options.senders(in: builder.keystore) {
                let address = chain.text(try builder.keystore.address(named: sender))
                let json = try await builder.client.get("/v1/gov/proposals/\(id)/votes/\(address)")
                lines.append(
                    "\(sender)  votes with \(chain.amountText(json["power"]))")
                guard json["ballot"]?.isNull != false else { continue }
                for part in json["lent"]?.items ?? [] where part["power"]?.integer ?? 0 > 0 {
                    lines.append(
                        "\(sender)  takes \(chain.amountText(part["power"])) back from "
                            + names.name(text(part["representative"])))
                }
            }
            return lines
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw a proposal of one's own.",
            discussion: "Example:\n  althing gov cancel 1 --from alice")

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @OptionGroup var options: WriteOptions

        func run() async throws {
            try await TransactionBuilder(options).send(
                [.cancelProposal(ProposalID(id))], summary: "cancel proposal \(id)")
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take one's deposit back after a decision.",
            discussion: "Example:\n  althing gov claim 1 --from alice")

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @OptionGroup var options: WriteOptions

        func run() async throws {
            try await TransactionBuilder(options).send(
                [.claimDeposit(ProposalID(id))], summary: "claim the deposit of proposal \(id)")
        }
    }
}

/// The ballots of a command that votes with several accounts, as the chain answers.
enum GroupVote {
    private static let tooLate = "gov.not_voting"

    /// Whether some came too late and others did not.
    static func mayBeDecided(_ results: [JSON]) -> Bool {
        results.contains { $0["code"]?.text == tooLate } && !heights(results).isEmpty
    }

    /// Where those are that count.
    static func heights(_ results: [JSON]) -> [UInt64] {
        var heights: [UInt64] = []
        for result in results where result["status"]?.text == "ok" {
            guard let height = result["height"]?.integer, !heights.contains(height) else {
                continue
            }
            heights.append(height)
        }
        return heights
    }

    /// Whether the vote ended with one of these blocks since it passed there: its end is then the
    /// very time of the block.
    static func isDecided(_ proposal: JSON, byBlocksAt times: Set<UInt64>) -> Bool {
        guard proposal["rules"]?["endsEarly"]?.boolean == true,
            let end = proposal["endsAtMs"]?.integer
        else { return false }
        return times.contains(end)
    }

    static func excuse(_ result: JSON, isDecided: Bool) -> String? {
        guard isDecided, result["code"]?.text == tooLate else { return nil }
        return "\(text(result["sender"]))  decided already by the others' ballots; its fee was "
            + "charged, nothing else happened"
    }
}

/// What a ballot says as people write it.
enum BallotText {
    private static let options = ["yes", "no", "abstain", "veto"]

    static func parse(_ text: String) throws -> BallotWeights {
        var points: [String: UInt16] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
                .map(String.init)
            guard pair.count <= 2, let option = pair.first, options.contains(option) else {
                let near = nearest(to: pair.first ?? "", in: options)
                throw invalid(
                    "`\(part)` is none of yes, no, abstain and veto",
                    hint: near.map { "did you mean `\($0)`?" })
            }
            guard points[option] == nil else { throw invalid("`\(option)` is there twice") }
            points[option] = pair.count == 1 ? 10_000 : try basisPoints(pair[1])
        }
        let weights = BallotWeights(
            yes: points["yes"] ?? 0, no: points["no"] ?? 0, abstain: points["abstain"] ?? 0,
            veto: points["veto"] ?? 0)
        guard weights.isComplete else {
            throw invalid("the parts of `\(text)` do not sum to 100 %")
        }
        return weights
    }

    private static func basisPoints(_ text: String) throws -> UInt16 {
        guard let ratio = try? RatioText.parse(text) else {
            throw invalid("`\(text)` is no part", hint: "write it like 60% or 3/5")
        }
        let (points, rest) = (UInt64(ratio.numerator) * 10_000)
            .quotientAndRemainder(dividingBy: UInt64(ratio.denominator))
        guard rest == 0, points <= 10_000 else {
            throw invalid("`\(text)` is no whole number of hundredths of a percent up to 100%")
        }
        return UInt16(points)
    }

    private static func invalid(_ message: String, hint: String? = nil) -> CommandError {
        CommandError("vote.invalid", message, hint: hint, exit: .usage)
    }
}

import ArgumentParser
import Chain
import GenesisTool

extension GovernanceCommand {
    struct Petition: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for a decision to be reopened or dropped while it is queued.",
            discussion: """
                A tenth of all stake reopens the vote, once; a third drops the decision.

                Examples:
                  althing gov petition reopen 1 --from alice
                  althing gov petition cancel 1 --from @validators
                """,
            subcommands: [Reopen.self, Drop.self])

        struct Reopen: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Ask for the vote to go on.",
                discussion: "Example:\n  althing gov petition reopen 1 --from alice")

            @Argument(help: "The proposal's number.")
            var id: UInt64

            @OptionGroup var options: WriteOptions

            func run() async throws {
                try await sign(id, .reopen, options)
            }
        }

        struct Drop: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "cancel", abstract: "Ask for the decision to be dropped.",
                discussion: "Example:\n  althing gov petition cancel 1 --from alice")

            @Argument(help: "The proposal's number.")
            var id: UInt64

            @OptionGroup var options: WriteOptions

            func run() async throws {
                try await sign(id, .cancel, options)
            }
        }

        private static func sign(
            _ id: UInt64, _ kind: PetitionKind, _ options: WriteOptions
        ) async throws {
            let signature = PetitionSignature(proposal: ProposalID(id), kind: kind)
            let builder = try await TransactionBuilder(options)
            let json = try await builder.client.get("/v1/gov/proposals/\(id)")
            let petition = json["petitions"]?[kind.name]
            try await builder.send(
                [.signPetition(signature)],
                summary: "sign the petition to \(kind.name) proposal \(id): \(text(json["title"]))",
                effects: [
                    "signed by    \(builder.chain.amountText(petition?["power"])) of "
                        + "\(builder.chain.amountText(petition?["needed"])) so far",
                    "counts       your own stake, once; what you are lent does not",
                ])
        }
    }

    struct Execute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try a failed execution again; the sender pays for it.",
            discussion: "Example:\n  althing gov execute 1 --from alice")

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @OptionGroup var options: WriteOptions

        func run() async throws {
            try await TransactionBuilder(options).send(
                [.executeProposal(ProposalID(id))], summary: "execute proposal \(id)")
        }
    }
}

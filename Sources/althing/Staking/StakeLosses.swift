import ArgumentParser
import Chain
import GenesisTool
import KeyTool

extension StakeCommand {
    struct Losses: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what slashes cut of an account's stake and holders may return.",
            discussion: """
                What is held can be returned by a proposal: `althing gov propose return-stake`.

                Example:
                  althing stake losses alice
                """)

        @Argument(help: "An address, or the name of a key.")
        var account: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let book = try await ValidatorBook(client, chain, home: options.home)
            let address = chain.text(try chain.address(account, home: options.home))
            let rows = try await client.list("/v1/accounts/\(address)/losses", limit: 10_000)
            options.show(
                list: rows, id: { text($0["escrow"]?["id"]) },
                header: ["escrow", "validator", "epoch", "lost", "to claim", "status"]
            ) { row in
                let escrow = row["escrow"]
                return [
                    text(escrow?["id"]), book.name(escrow?["validator"]), text(escrow?["epoch"]),
                    chain.amountText(row["amount"]), chain.amountText(row["claimable"]),
                    LossRow.status(row, chain),
                ]
            }
        }
    }

    struct ClaimReturn: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch stake that was slashed and that holders decided to return.",
            discussion: """
                Examples:
                  althing stake claim-return --from alice       from every escrow
                  althing stake claim-return 3 --from alice
                """)

        @Argument(help: "The number of an escrow, as `althing stake losses` shows it.")
        var escrow: UInt64?

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let rows = try await desk.losses()
            let open = rows.filter { row in
                escrow.map { $0 == row["escrow"]?["id"]?.integer }
                    ?? ((row["claimable"]?.integer ?? 0) > 0)
            }
            // The chain says what is wrong with a number that is named, with its own code.
            let ids = escrow.map { [$0] } ?? open.compactMap { $0["escrow"]?["id"]?.integer }
            guard !ids.isEmpty else {
                throw CommandError(
                    "staking.nothing_to_return", "nothing can be claimed now",
                    hint: "`althing stake losses` shows what was cut", exit: .notFound)
            }
            let actions = ids.prefix(Limits.transactionActionsMax).map {
                Action.staking(.claimReturn(EscrowID($0)))
            }
            let names = actions.count == 1 ? "escrow \(ids[0])" : "\(actions.count) escrows"
            try await desk.send(
                actions, summary: "claim returned stake from \(names)",
                effects: open.map { row in
                    "pays         \(desk.chain.amountText(row["claimable"])) that was cut of the"
                        + " stake with \(desk.book.name(row["escrow"]?["validator"]))"
                })
        }
    }
}

/// A line of `stake losses`.
private enum LossRow {
    static func status(_ row: JSON, _ chain: ChainInfo) -> String {
        let escrow = row["escrow"]
        if let claimed = row["claimed"], !claimed.isNull {
            return "claimed \(chain.amountText(claimed))"
        }
        switch escrow?["status"]?.text {
        case "held":
            let proposals = escrow?["proposals"]?.items ?? []
            let names = proposals.map { text($0) }.joined(separator: ", ")
            let time = WhenText.time(escrow?["nameableUntil"]?.text)
            return proposals.isEmpty
                ? "held; a proposal can name it until \(time)" : "held; proposal \(names) decides"
        case "returned":
            return "returned; claim it until \(WhenText.time(escrow?["releasedAt"]?.text))"
        default: return text(escrow?["status"])
        }
    }
}

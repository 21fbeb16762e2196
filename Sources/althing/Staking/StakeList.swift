import ArgumentParser
import GenesisTool
import KeyTool

extension StakeCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show stake, what of it is leaving, and what can be claimed.",
            discussion: """
                Examples:
                  althing stake list alice
                  althing stake list          of all keys in the keystore
                """)

        @Argument(help: "An address, or the name of a key.")
        var account: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let book = try await ValidatorBook(client, chain, home: options.home)
            var rows: [JSON] = []
            for (name, address) in try accounts(chain) {
                let path = "/v1/accounts/\(address)/stake"
                let sums = try await client.get(path)
                let items = try await client.list(path, limit: 10_000)
                for case .object(let members) in items {
                    rows.append(.object([.init("account", .string(address))] + members))
                }
                guard options.format == .table, !options.quiet, account != nil || !items.isEmpty
                else { continue }
                Console.note(
                    "\(name): bonded \(chain.amountText(sums["bonded"])), leaving "
                        + "\(chain.amountText(sums["unbonding"])), to claim "
                        + "\(chain.amountText(sums["claimable"])), votes "
                        + "\(chain.amountText(sums["votingPower"])) (height "
                        + "\(text(sums["snapshot"])))")
            }
            let names = try self.names(chain)
            options.show(
                list: rows, id: { text($0["validator"]) },
                header: ["account", "validator", "what", "value", "to claim", "until"]
            ) { row in
                [
                    names[text(row["account"])] ?? text(row["account"]),
                    book.name(row["validator"]), StakeRow.what(row, book),
                    chain.amountText(row["value"]), StakeRow.claimable(row, chain),
                    StakeRow.until(row),
                ]
            }
        }

        private func accounts(_ chain: ChainInfo) throws -> [(name: String, address: String)] {
            if let account {
                return [(account, chain.text(try chain.address(account, home: options.home)))]
            }
            return try names(chain).map { (name: $1, address: $0) }.sorted { $0.name < $1.name }
        }

        private func names(_ chain: ChainInfo) throws -> [String: String] {
            let keystore = try Keystore.open(home: options.home)
            var names: [String: String] = [:]
            for name in try keystore.names() {
                names[chain.text(try keystore.address(named: name))] = name
            }
            return names
        }
    }
}

/// A line of `stake list`.
private enum StakeRow {
    static func what(_ row: JSON, _ book: ValidatorBook) -> String {
        if row["void"]?.boolean == true { return "lost" }
        let source = row["origin"].flatMap { $0.isNull ? nil : $0["validator"] }
        let origin = source.map { " from \(book.name($0))" } ?? ""
        switch row["type"]?.text {
        case "pool": return text(row["mode"])
        case "bucket": return "leaving" + origin + ", exit \(text(row["exitEpoch"]))"
        case "lot": return "moved" + origin + ", exit \(text(row["exitEpoch"]))"
        default: return text(row["type"])
        }
    }

    static func claimable(_ row: JSON, _ chain: ChainInfo) -> String {
        guard row["mode"]?.text == "paying" else { return "" }
        return chain.amountText(row["claimable"])
    }

    static func until(_ row: JSON) -> String {
        guard let free = row["free"], !free.isNull else { return "" }
        let isBucket = row["type"]?.text == "bucket"
        if free["isFree"]?.boolean == true { return isBucket ? "free: claim it" : "free" }
        return (isBucket ? "paid " : "liable until ") + WhenText.print(free)
    }
}

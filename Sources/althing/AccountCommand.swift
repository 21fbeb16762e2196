import ArgumentParser
import Chain
import GenesisTool
import KeyTool

/// `althing account`: what the chain knows of accounts.
struct AccountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Show accounts and their balances.",
        subcommands: [Show.self, List.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one account.", discussion: "Example:\n  althing account show alice")

        @Argument(help: "An address, or the name of a key.")
        var account: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let address = try chain.address(account, home: options.home)
            let json = try await client.get("/v1/accounts/\(chain.text(address))")
            options.show(json, id: chain.text(address)) {
                var lines = [
                    "address   \(chain.text(address))",
                    "sequence  \(text(json["sequence"]))",
                    "bonded    \(chain.amountText(json["bonded"]))",
                ]
                for balance in json["balances"]?.items ?? [] {
                    lines.append("balance   \(AccountCommand.balance(balance, chain))")
                }
                return lines
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the accounts of the keys in the keystore.",
            discussion: "Example:\n  althing account list")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let keystore = try Keystore.open(home: options.home)
            var list: [JSON] = []
            for name in try keystore.names() {
                let address = chain.text(try keystore.address(named: name))
                guard case .object(let members) = try await client.get("/v1/accounts/\(address)")
                else { continue }
                list.append(.object([.init("name", .string(name))] + members))
            }
            options.show(
                list: list, id: { text($0["address"]) }, header: ["name", "address", "balance"]
            ) { account in
                let balances = (account["balances"]?.items ?? []).map {
                    AccountCommand.balance($0, chain)
                }
                return [
                    text(account["name"]), text(account["address"]),
                    balances.joined(separator: ", "),
                ]
            }
        }
    }

    /// A balance with its unit.
    static func balance(_ json: JSON, _ chain: ChainInfo) -> String {
        AccountCommand.amount(json["amount"], of: json, chain)
    }

    /// An amount of the asset whose symbol and decimals stand beside it.
    static func amount(_ amount: JSON?, of json: JSON, _ chain: ChainInfo) -> String {
        guard json["asset"]?.integer != 0 else { return chain.amountText(amount) }
        guard let units = amount?.integer, let symbol = json["symbol"]?.text,
            let decimals = json["decimals"]?.integer, decimals <= UInt64(Asset.decimalsMax)
        else { return "\(text(amount)) \(text(json["symbol"]))" }
        return AmountText.print(
            Amount(units), symbol: symbol.uppercased(), decimals: UInt8(decimals))
    }
}

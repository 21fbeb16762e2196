import ArgumentParser
import Chain
import GenesisTool

/// `althing query`: values of the whole chain.
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Show the supply, the treasury and parameters.",
        subcommands: [Supply.self, Treasury.self, Parameters.self, Upgrade.self])

    struct Supply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the supply of every asset.",
            discussion: "Example:\n  althing query supply")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let list = try await client.list("/v1/supply", limit: 100)
            options.show(
                list: list, id: { text($0["supply"]) }, header: ["asset", "symbol", "supply"]
            ) { asset in
                [
                    text(asset["asset"]), text(asset["symbol"]),
                    AccountCommand.amount(asset["supply"], of: asset, chain),
                ]
            }
        }
    }

    struct Treasury: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what the treasury has.",
            discussion: "Example:\n  althing query treasury")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let json = try await client.get("/v1/treasury")
            options.show(json, id: text(json["address"])) {
                let balances = (json["balances"]?.items ?? []).map {
                    "balance  \(AccountCommand.balance($0, chain))"
                }
                return ["address  \(text(json["address"]))"] + balances
            }
        }
    }

    struct Parameters: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "params", abstract: "Show what holders may change, and its bounds.",
            discussion: "Example:\n  althing query params gov.spendSmallDelay")

        @Argument(help: "The name of one parameter; all if not given.")
        var name: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            if let name {
                let json = try await client.get("/v1/gov/params/\(name)")
                let chain = try await ChainInfo(client)
                options.show(json, id: text(json["text"])) {
                    let bounds = Parameters.bounds(of: name, chain)
                    return [
                        "name   \(text(json["name"]))", "value  \(text(json["text"]))",
                        "unit   \(text(json["unit"]))",
                        "min    \(bounds?.least ?? text(json["min"]))",
                        "max    \(bounds?.most ?? text(json["max"]))",
                        "track  \(text(json["track"]))",
                        "next   althing gov propose param \(name)=VALUE",
                    ]
                }
                return
            }
            let list = try await client.list("/v1/gov/params", limit: 10_000)
            options.show(
                list: list, id: { text($0["name"]) },
                header: ["name", "value", "unit", "track"]
            ) { parameter in
                ["name", "text", "unit", "track"].map { text(parameter[$0]) }
            }
        }

        /// The hard bounds as people write them; nil for a parameter of a newer node.
        private static func bounds(
            of name: String, _ chain: ChainInfo
        ) -> (least: String, most: String)? {
            guard let id = ParameterID(name: name) else { return nil }
            let (least, most) = id.definition.bounds.values(of: chain.kind)
            return (chain.text(least, of: id), chain.text(most, of: id))
        }
    }
}

import ArgumentParser
import GenesisTool

/// `althing validator`: who makes blocks.
struct ValidatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validator", abstract: "Show validators.", subcommands: [List.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the validators of this epoch.",
            discussion: "Example:\n  althing validator list")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let list = try await client.list("/v1/validators", limit: 1_000)
            options.show(
                list: list, id: { text($0["publicKey"]) },
                header: ["index", "moniker", "power", "operator", "key"]
            ) { seat in
                [
                    text(seat["index"]), text(seat["moniker"]), chain.amountText(seat["power"]),
                    text(seat["operator"]), text(seat["publicKey"]),
                ]
            }
        }
    }
}

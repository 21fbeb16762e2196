import ArgumentParser
import GenesisTool

/// `althing block`: finalized blocks.
struct BlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Show blocks.", subcommands: [Show.self, List.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one block.", discussion: "Example:\n  althing block show latest")

        @Argument(help: "A height, a hash, or latest.")
        var block = "latest"

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let json = try await options.client().get("/v1/blocks/\(block)")
            options.show(json, id: text(json["hash"])) {
                var lines = [
                    "height        \(text(json["height"]))",
                    "hash          \(text(json["hash"]))",
                    "time          \(text(json["time"]))",
                    "epoch, view   \(text(json["epoch"])), \(text(json["view"]))",
                    "proposer      \(text(json["proposer"]))",
                    "parent        \(text(json["parentHash"]))",
                    "state root    \(text(json["stateRoot"]))",
                    "gas used      \(text(json["gasUsed"]))",
                    "transactions  \(text(json["transactions"]))",
                ]
                if let finalization = json["finalization"], !finalization.isNull {
                    let signers = finalization["signers"]?.items?.count ?? 0
                    lines.append(
                        "finalized     view \(text(finalization["view"])),"
                            + " power \(text(finalization["power"])), \(signers) signers")
                }
                return lines + (json["txs"]?.items ?? []).map { "  " + text($0) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the newest blocks.", discussion: "Example:\n  althing block list")

        @Option(help: "How many.")
        var limit = 20

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let list = try await options.client().list("/v1/blocks", limit: limit)
            options.show(
                list: list, id: { text($0["height"]) },
                header: ["height", "time", "view", "proposer", "txs", "gas", "hash"]
            ) { block in
                ["height", "time", "view", "proposer", "transactions", "gasUsed", "hash"]
                    .map { text(block[$0]) }
            }
        }
    }
}

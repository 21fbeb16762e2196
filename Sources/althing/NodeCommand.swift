import ArgumentParser
import GenesisTool

/// `althing node`: runs a node, and asks one how it is.
struct NodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Run a node, or ask one how it is.",
        subcommands: [Start.self, Status.self, Peers.self, Config.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show where a node stands; with -q only its height.",
            discussion: "Example:\n  althing node status --watch")

        @Flag(help: "Print a line each second until interrupted.")
        var watch = false

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            while watch {
                let json = try await client.get("/v1/status")
                options.show(json, id: text(json["height"])) { [line(json)] }
                try await Task.sleep(for: .seconds(1))
            }
            let json = try await client.get("/v1/status")
            options.show(json, id: text(json["height"])) {
                [
                    "chain      \(text(json["chainID"]))  genesis \(text(json["genesisHash"]))",
                    "version    \(text(json["version"]))",
                    "height     \(text(json["height"]))  \(text(json["time"]))",
                    "view       \(text(json["view"]))  epoch \(text(json["epoch"]))",
                    "syncing    \(text(json["syncing"]))",
                    "peers      \(text(json["peers"]))",
                    "validator  \(validator(json))",
                    "node       \(text(json["nodeID"]))",
                ] + halt(json)
            }
        }

        /// Why the node stopped by itself, where that stands.
        private func halt(_ json: JSON) -> [String] {
            guard let halt = json["halt"], !halt.isNull else { return [] }
            return [
                "halt       \(text(halt["message"]))", "what to do \(text(halt["advice"]))",
            ]
        }

        private func validator(_ json: JSON) -> String {
            guard let index = json["validator"]?["index"], !index.isNull else { return "no" }
            let isWatching = json["validator"]?["watching"]?.boolean ?? false
            return "\(text(index))  \(text(json["validator"]?["publicKey"]))"
                + (isWatching ? "  (listens before it votes)" : "")
        }

        private func line(_ json: JSON) -> String {
            "height \(text(json["height"]))  view \(text(json["view"]))"
                + "  peers \(text(json["peers"]))  \(text(json["time"]))"
                + (json["halt"].map { $0.isNull ? "" : "  halted" } ?? "")
        }
    }

    struct Peers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the peers that a node is connected to.",
            discussion: "Example:\n  althing node peers")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let list = try await options.client().list("/v1/peers", limit: 1_000)
            options.show(
                list: list, id: { text($0["nodeID"]) },
                header: ["node", "address", "direction", "height"]
            ) { peer in
                ["nodeID", "address", "direction", "height"].map { text(peer[$0]) }
            }
        }
    }
}

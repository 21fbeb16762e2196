import ArgumentParser
import GenesisTool
import KeyTool

/// `althing validator`: who makes blocks.
struct ValidatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validator", abstract: "Show validators.",
        subcommands: [List.self, Status.self])

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

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a validator: its seats, its stake, and what is proven against it.",
            discussion: """
                Examples:
                  althing validator status          the validator of the node that is asked
                  althing validator status 2        the one with seat 2
                """)

        @Argument(help: "A seat's index, an operator's address or a consensus key.")
        var validator: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let json = try await client.get("/v1/validators/\(try await id(client))")
            options.show(json, id: text(json["publicKey"])) {
                [
                    "moniker     \(text(json["moniker"]))",
                    "operator    \(text(json["operator"]))",
                    "key         \(text(json["publicKey"]))",
                    "status      \(text(json["status"]))",
                    "bonded      \(chain.amountText(json["bonded"]))",
                    "seat        \(Self.seat(json["seat"]))",
                    "next seat   \(Self.seat(json["nextSeat"]))",
                ] + Self.offences(json["offences"]?.items ?? [])
            }
        }

        private func id(_ client: Client) async throws -> String {
            if let validator { return validator }
            let own = try await client.get("/v1/status")["validator"]?["publicKey"]
            guard let own, !text(own).isEmpty else {
                throw CommandError(
                    "validator.none", "the node that was asked is no validator",
                    hint: "althing validator list", exit: .notFound)
            }
            return text(own)
        }

        private static func seat(_ seat: JSON?) -> String {
            guard let seat, let index = seat["index"]?.integer else { return "none" }
            return "\(index) in epoch \(text(seat["epoch"])), power \(text(seat["power"]))"
        }

        private static func offences(_ offences: [JSON]) -> [String] {
            guard !offences.isEmpty else { return ["offences    none"] }
            return offences.map { offence in
                let votes = (offence["votes"]?.items ?? []).map { text($0) }
                return "offence     \(votes.joined(separator: " and ")) in view "
                    + "\(text(offence["view"])) of epoch \(text(offence["epoch"])), proven in "
                    + "block \(text(offence["height"])) at \(text(offence["time"]))"
            }
        }
    }
}

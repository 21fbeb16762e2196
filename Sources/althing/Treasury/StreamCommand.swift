import ArgumentParser
import Chain
import GenesisTool
import KeyTool

/// `althing stream`: what the treasury pays over time.
struct StreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Show streams, and claim what is due.",
        subcommands: [List.self, Show.self, Claim.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the streams that are not empty.",
            discussion: "Example:\n  althing stream list --recipient bob")

        @Option(help: "Only those of an account.")
        var recipient: String?

        @Option(help: "How many.")
        var limit = 50

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let query = try recipient.map {
                [("recipient", chain.text(try chain.address($0, home: options.home)))]
            }
            let list = try await client.list("/v1/streams", query ?? [], limit: limit)
            let book = try await AssetBook(client, chain)
            let names = NameBook(chain, home: options.home)
            options.show(
                list: list, id: { text($0["id"]) },
                header: ["id", "recipient", "total", "claimed", "due now", "until"]
            ) { stream in
                let asset = stream["asset"]
                return [
                    text(stream["id"]), names.short(text(stream["recipient"])),
                    book.text(stream["total"], of: asset),
                    book.text(stream["claimed"], of: asset),
                    book.text(stream["claimable"], of: asset), StreamCommand.end(stream),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one stream.", discussion: "Example:\n  althing stream show 1")

        @Argument(help: "The stream's number.")
        var id: UInt64

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let json = try await client.get("/v1/streams/\(id)")
            let book = try await AssetBook(client, chain)
            let asset = json["asset"]
            options.show(json, id: String(id)) {
                [
                    "stream     \(id), of proposal \(text(json["proposal"]))",
                    "recipient  "
                        + NameBook(chain, home: options.home).long(text(json["recipient"])),
                    "total      \(book.text(json["total"], of: asset))",
                    "claimed    \(book.text(json["claimed"], of: asset))",
                    "due now    \(book.text(json["claimable"], of: asset))",
                    "when       "
                        + ActionText(chain: chain, book: book).schedule(json),
                ]
            }
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take what is due of a stream of one's own.",
            discussion: "Example:\n  althing stream claim 1 --from bob")

        @Argument(help: "The stream's number.")
        var id: UInt64

        @OptionGroup var options: WriteOptions

        func run() async throws {
            let builder = try await TransactionBuilder(options)
            let stream = try await builder.client.get("/v1/streams/\(id)")
            let book = try await AssetBook(builder.client, builder.chain)
            let asset = stream["asset"]
            let total = stream["total"]?.integer ?? 0
            let rest = total - min(total, stream["claimed"]?.integer ?? 0)
            try await builder.send(
                [.claimStream(StreamID(id))], summary: "claim what is due of stream \(id)",
                effects: [
                    "due now \(book.text(stream["claimable"], of: asset)), of "
                        + "\(book.text(Amount(rest), of: AssetID(asset?.integer ?? 0))) that are "
                        + "left until \(StreamCommand.end(stream))"
                ])
        }
    }

    private static func end(_ stream: JSON) -> String {
        let schedule = stream["schedule"]
        let last = schedule?["tranches"]?.items?.last?["timeMs"]?.integer
        guard let end = last ?? schedule?["endMs"]?.integer else { return "?" }
        return WhenText.print(milliseconds: end)
    }
}

/// `althing asset`: what besides the native asset there is.
struct AssetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asset", abstract: "Show assets; proposals create and mint them.",
        subcommands: [Create.self, Mint.self, List.self, Show.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose an asset with a first supply: holders decide.",
            discussion: """
                The same as `althing gov propose create-asset`.

                Example:
                  althing asset create gold --mintable --supply bob=5 --from alice
                """)

        @OptionGroup var proposal: ProposeCommand.CreateAsset

        func run() async throws { try await proposal.run() }
    }

    struct Mint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose more of an asset that may be minted: holders decide.",
            discussion: """
                The same as `althing gov propose mint`.

                Example:
                  althing asset mint 500gold --to bob --from alice
                """)

        @OptionGroup var proposal: ProposeCommand.Mint

        func run() async throws { try await proposal.run() }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all assets.", discussion: "Example:\n  althing asset list")

        @Option(help: "How many.")
        var limit = 50

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let book = try await AssetBook(client, chain)
            let list = try await client.list("/v1/assets", limit: limit)
            options.show(
                list: list, id: { text($0["asset"]) },
                header: ["asset", "symbol", "supply", "minted by", "name"]
            ) { asset in
                [
                    text(asset["asset"]), text(asset["symbol"]),
                    book.text(asset["supply"], of: asset["asset"]),
                    text(asset["mintAuthority"]), text(asset["name"]),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one asset.", discussion: "Example:\n  althing asset show gold")

        @Argument(help: "Its symbol or its number.")
        var asset: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let book = try await AssetBook(client, chain)
            guard asset.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
                !asset.isEmpty
            else {
                throw CommandError(
                    "asset.unknown", "`\(asset)` is no symbol or number", exit: .usage)
            }
            let json = try await client.get("/v1/assets/\(asset.lowercased())")
            options.show(json, id: text(json["asset"])) {
                [
                    "asset      \(text(json["asset"]))  \(text(json["symbol"]))",
                    "name       \(text(json["name"]))",
                    "decimals   \(text(json["decimals"]))",
                    "supply     \(book.text(json["supply"], of: json["asset"]))",
                    "minted by  \(text(json["mintAuthority"]))",
                    "proposal   \(text(json["proposal"]))",
                ]
            }
        }
    }
}

extension QueryCommand {
    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the version of the rules, and who is ready for the next.",
            discussion: "Example:\n  althing query upgrade")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let json = try await client.get("/v1/upgrade")
            options.show(json, id: text(json["version"])) {
                var lines = [
                    "version    \(text(json["number"]))  \(text(json["version"])), since epoch "
                        + text(json["since"])
                ]
                guard let scheduled = json["scheduled"], !scheduled.isNull else {
                    return lines + ["scheduled  nothing"]
                }
                let share = PercentText.print(
                    scheduled["readyPower"]?.integer, of: scheduled["totalPower"]?.integer)
                lines += [
                    "scheduled  \(text(scheduled["name"]))  \(text(scheduled["version"])), "
                        + "of proposal \(text(scheduled["proposal"]))",
                    "window     epochs \(text(scheduled["firstEpoch"])) to "
                        + "\(text(scheduled["lastEpoch"])), now \(text(json["epoch"])), postponed "
                        + "\(text(scheduled["postponements"])) of "
                        + "\(text(scheduled["postponementsMax"])) times",
                    "ready      \(share) of the power; 80 % are needed",
                    "this node  "
                        + (scheduled["known"]?.boolean == true
                            ? "knows the version"
                            : "does not know the version: it will stop voting"),
                ]
                for seat in scheduled["seats"]?.items ?? [] {
                    let ready = seat["ready"]?.boolean == true ? "ready" : "not ready"
                    lines.append(
                        "seat \(text(seat["seat"]))     \(text(seat["moniker"]))  \(ready)")
                }
                return lines
            }
        }
    }
}

import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool

extension ProposeCommand {
    struct CreateAsset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-asset", abstract: "Create an asset with a first supply.",
            discussion: """
                Examples:
                  althing gov propose create-asset gold --mintable --from alice
                  althing gov propose create-asset seat --decimals 0 --supply bob=5 --from alice
                """)

        @Argument(help: "Its symbol: a letter, then letters or digits, 2 to 12 of them.")
        var symbol: String

        @Option(help: "Its name for people; the symbol if not given.")
        var name: String?

        @Option(help: "Decimal places of a whole token, at most 9.")
        var decimals: UInt8 = 6

        @Option(help: "ACCOUNT=AMOUNT in whole tokens, where an account may be treasury.")
        var supply: [String] = []

        @Flag(help: "Later proposals may mint more.")
        var mintable = false

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            let symbol = symbol.lowercased()
            let asset = Asset(symbol: symbol, decimals: decimals)
            if let problem = asset.problem {
                throw CommandError("asset.invalid", problem, exit: .usage)
            }
            var lines = ["the asset \(symbol) with \(decimals) decimals is created"]
            var allotments: [AssetAllotment] = []
            for text in supply {
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw CommandError(
                        "asset.supply", "`\(text)` is not ACCOUNT=AMOUNT", exit: .usage)
                }
                let recipient = try chain.address(parts[0], home: options.write.client.home)
                let amount = try amount(parts[1], of: asset)
                allotments.append(AssetAllotment(recipient: recipient, amount: amount))
                let shown = AmountText.print(
                    amount, symbol: symbol.uppercased(), decimals: decimals)
                lines.append("\(parts[0]) gets \(shown)")
            }
            lines.append(
                mintable ? "later proposals may mint more" : "nobody can ever mint more of it")
            try await proposer.submit(
                [
                    .createAsset(
                        AssetCreation(
                            name: name ?? symbol, asset: asset,
                            mintAuthority: mintable ? .governance : .none,
                            allotments: allotments))
                ],
                title: "Create the asset \(symbol)", effects: lines)
        }

        private func amount(_ text: String, of asset: Asset) throws -> Amount {
            do {
                return try AmountText.parse(
                    text, symbol: asset.symbol, decimals: asset.decimals)
            } catch {
                throw CommandError(
                    "amount.invalid", "--supply `\(text)`: \(error)", exit: .usage)
            }
        }
    }

    struct Mint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add to the supply of an asset that governance may mint.",
            discussion: "Example:\n  althing gov propose mint 500gold --to bob --from alice")

        @Argument(help: "An amount with the asset's symbol, like 500gold.")
        var amount: String

        @Option(help: "Who gets it.")
        var to = "treasury"

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let chain = proposer.builder.chain
            let book = try await AssetBook(proposer.builder.client, chain)
            let parsed = try book.parse(amount, "the amount")
            let recipient = try chain.address(to, home: options.write.client.home)
            let shown = book.text(parsed.amount, of: parsed.asset)
            try await proposer.submit(
                [
                    .mint(
                        AssetMint(
                            asset: parsed.asset, amount: parsed.amount, recipient: recipient))
                ],
                title: "Mint \(shown) for \(to)",
                effects: ["\(shown) are made, and \(to) gets them"])
        }
    }

    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch to new rules when the validators are ready.",
            discussion: """
                Example:
                  althing gov propose upgrade 2 VERSION-HASH --from-epoch 40 --until-epoch 80 \
                --from alice
                """)

        @Argument(help: "What the version is called.")
        var name: String

        @Argument(help: "The hash of the version, 64 hexadecimal digits.")
        var hash: String

        @Option(help: "The first epoch that may begin with the new rules.")
        var fromEpoch: UInt64

        @Option(help: "The last one.")
        var untilEpoch: UInt64

        @OptionGroup var options: Options

        func run() async throws {
            guard let version = Digest(hex: hash) else {
                throw CommandError(
                    "upgrade.hash", "`\(hash)` is no hash", hint: "it has 64 hexadecimal digits",
                    exit: .usage)
            }
            guard fromEpoch <= untilEpoch else {
                throw CommandError(
                    "upgrade.window", "the window ends before it begins", exit: .usage)
            }
            let proposer = try await Proposer(options)
            let known = ProtocolVersion.hashes.contains(version)
            try await proposer.submit(
                [
                    .upgrade(
                        UpgradePlan(
                            name: name, version: version, firstEpoch: Epoch(fromEpoch),
                            lastEpoch: Epoch(untilEpoch)))
                ],
                title: "Upgrade to \(name)",
                effects: [
                    "the rules change at the first start of an epoch from \(fromEpoch) to "
                        + "\(untilEpoch) at which 4/5 of the power are ready",
                    "if it comes to none, the window is repeated twice, and then the upgrade is "
                        + "dropped",
                    known
                        ? "this program knows the version"
                        : "this program does not know the version: nodes that do not either stop "
                            + "voting when it begins",
                ])
        }
    }

    struct CancelUpgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel-upgrade", abstract: "Drop the scheduled upgrade.",
            discussion: "Example:\n  althing gov propose cancel-upgrade 2 --from alice")

        @Argument(help: "What the upgrade is called, or the hash of its version.")
        var name: String

        @OptionGroup var options: Options

        func run() async throws {
            let proposer = try await Proposer(options)
            let json = try await proposer.builder.client.get("/v1/upgrade")["scheduled"]
            let scheduled = try ScheduledName(json, named: name)
            try await proposer.submit(
                [.cancelUpgrade(scheduled.version)],
                title: "Cancel the upgrade to \(scheduled.name)",
                effects: ["the rules stay what they are, unless the upgrade is active by then"])
        }
    }
}

/// The upgrade that a person named, if it is the one that is scheduled.
struct ScheduledName {
    let name: String
    let version: Digest

    /// - Parameter json: `scheduled` of the API; nil or null for none.
    init(_ json: JSON?, named text: String) throws {
        guard let name = json?["name"]?.text,
            let version = json?["version"]?.text.flatMap({ Digest(hex: $0) })
        else {
            throw CommandError("upgrade.none", "no upgrade is scheduled", exit: .notFound)
        }
        guard text == name || text == version.hex else {
            throw CommandError(
                "upgrade.unknown", "no upgrade `\(text)` is scheduled",
                hint: "the one that is scheduled is called `\(name)`", exit: .notFound)
        }
        self.name = name
        self.version = version
    }
}

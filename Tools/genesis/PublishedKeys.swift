import ArgumentParser
import Chain
import Cryptography
import Foundation
import KeyTool

/// The secret keys of a development chain in a file beside its genesis, for everybody: such a chain
/// starts as it is, and is worth nothing.
public struct PublishedKeys {
    public struct Validator {
        public let moniker: String
        public let consensusSeed: [UInt8]
        public let networkSeed: [UInt8]
    }

    static let warning =
        "These secret keys are public. They are for development chains only; never send anything"
        + " of worth to their accounts."

    public let file: String
    public let accounts: [(name: String, seed: [UInt8])]
    public let validators: [Validator]

    /// `Genesis/devnet-keys.json` for `Genesis/devnet.json`.
    public static func file(besides genesis: String) -> String {
        let stem = genesis.hasSuffix(".json") ? String(genesis.dropLast(5)) : genesis
        return stem + "-keys.json"
    }

    /// The keys beside a development genesis; nil if there are none.
    ///
    /// - Throws: if there are keys, but not those of the genesis.
    public static func read(besides path: String, for genesis: Genesis) throws -> PublishedKeys? {
        let file = file(besides: path)
        guard genesis.kind == .development, FileManager.default.fileExists(atPath: file) else {
            return nil
        }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandError("file.read", "\(file) cannot be read")
        }
        var reader = StrictReader()
        do {
            let keys = reader.publishedKeys(try JSON(parsing: text), file: file, genesis)
            guard reader.problems.isEmpty else {
                throw GenesisFile.invalid(file, reader.problems.map(\.description))
            }
            return keys
        } catch let error as JSONError {
            throw GenesisFile.invalid(file, [error.description])
        }
    }

    var json: JSON {
        .object([
            .init("warning", .string(PublishedKeys.warning)),
            .init(
                "accounts",
                .array(
                    accounts.map { account in
                        .object([
                            .init("name", .string(account.name)),
                            .init("seed", .string(account.seed.hex)),
                        ])
                    })),
            .init(
                "validators",
                .array(
                    validators.map { validator in
                        .object([
                            .init("moniker", .string(validator.moniker)),
                            .init("consensusSeed", .string(validator.consensusSeed.hex)),
                            .init("networkSeed", .string(validator.networkSeed.hex)),
                        ])
                    })),
        ])
    }
}

extension StrictReader {
    fileprivate mutating func publishedKeys(
        _ json: JSON, file: String, _ genesis: Genesis
    ) -> PublishedKeys {
        let fields = fields(of: json, at: "", required: ["warning", "accounts", "validators"])
        var accounts: [(name: String, seed: [UInt8])] = []
        for item in items(of: fields["accounts"], at: "accounts", limit: 1_000) {
            let fields = self.fields(of: item.value, at: item.path, required: ["name", "seed"])
            let name = string(fields["name"], at: "\(item.path).name", expected: "a name") { $0 }
            if let name, let seed = seed(fields["seed"], at: "\(item.path).seed") {
                accounts.append((name, seed))
            }
        }
        var validators: [PublishedKeys.Validator] = []
        let limit = Limits.validatorsMax
        for item in items(of: fields["validators"], at: "validators", limit: limit) {
            let fields = self.fields(
                of: item.value, at: item.path,
                required: ["moniker", "consensusSeed", "networkSeed"])
            let moniker = string(
                fields["moniker"], at: "\(item.path).moniker", expected: "a moniker"
            ) { moniker in
                genesis.validators.contains { $0.moniker == moniker } ? moniker : nil
            }
            let consensus = seed(fields["consensusSeed"], at: "\(item.path).consensusSeed")
            let network = seed(fields["networkSeed"], at: "\(item.path).networkSeed")
            guard let moniker, let consensus, let network else { continue }
            let entry = genesis.validators.first { $0.moniker == moniker }
            if entry?.consensusKey != SigningKey(seed: consensus).publicKey
                || entry?.networkKey != SigningKey(seed: network).publicKey
            {
                report(item.path, "the keys are not those of \(moniker) in the genesis")
            }
            validators.append(
                PublishedKeys.Validator(
                    moniker: moniker, consensusSeed: consensus, networkSeed: network))
        }
        return PublishedKeys(file: file, accounts: accounts, validators: validators)
    }

    private mutating func seed(_ json: JSON?, at path: String) -> [UInt8]? {
        string(json, at: path, expected: "64 hexadecimal digits") { digits in
            [UInt8](hex: digits).flatMap { $0.count == 32 ? $0 : nil }
        }
    }
}

extension GenesisCommand {
    struct PublishKeys: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "publish-keys",
            abstract: "Write the secret keys of a development chain beside its genesis.",
            discussion: """
                Example:
                  althing genesis publish-keys --home keys --node node1 --node node2
                """)

        @Option(help: "The home with the keys of the named accounts.")
        var home: String?

        @Option(help: "The home of a validator; once for each.")
        var node: [String] = []

        @OptionGroup var options: GenesisOptions

        func run() throws {
            let genesis = try GenesisFile.readChecked(options.genesis)
            guard genesis.kind == .development else {
                throw CommandError(
                    "genesis.kind", "\(options.genesis) is no development chain; nothing was done",
                    exit: .refused)
            }
            let keystore = try Keystore.open(home: home)
            let accounts = try keystore.names().map { name in
                let key = try keystore.signingKey(named: name, password: nil)
                return (name: name, seed: key.withSeed { $0 })
            }
            let validators = try node.map { path in
                let home = NodeHome(path)
                let consensus = try home.readKey(.consensus)
                let network = try home.readKey(.network)
                let entry = genesis.validators.first { $0.consensusKey == consensus.publicKey }
                guard let entry else {
                    throw CommandError("genesis.entry", "\(path) is no validator's home")
                }
                return PublishedKeys.Validator(
                    moniker: entry.moniker, consensusSeed: consensus.withSeed { $0 },
                    networkSeed: network.withSeed { $0 })
            }
            let file = PublishedKeys.file(besides: options.genesis)
            let keys = PublishedKeys(file: file, accounts: accounts, validators: validators)
            try GenesisFile.write(keys.json.pretty + "\n", to: file)
        }
    }
}

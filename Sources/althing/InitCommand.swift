import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Node

/// `althing init`: makes the home of a node.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a node's home: configuration, keys, and the genesis when there is one.",
        discussion: """
            An operator makes a home first, signs an entry with its keys, and gives the home the
            genesis when everybody has agreed on it. Nothing that exists is ever replaced.

            Examples:
              althing init --home node --moniker olga
              althing init --home node --genesis genesis.json
            """)

    @Option(help: "The folder to make.")
    var home: String

    @Option(help: "The genesis of the chain that the node joins.")
    var genesis: String?

    @Option(help: "The name that logs show.")
    var moniker = "node"

    @Option(help: "Where the node listens for peers, host:port; 0.0.0.0:26656 if not given.")
    var peerAddress: String?

    @Option(help: "Where the node serves its API, host:port.")
    var apiAddress = "127.0.0.1:7070"

    @Option(help: "Of a genesis with published keys: whose, by moniker; the first if not given.")
    var validator: String?

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    func run() throws {
        let node = NodeHome(home)
        let isNew = !node.exists(node.configuration)
        guard isNew || genesis != nil else {
            throw CommandError(
                "home.exists", "\(node.path) is a home already; nothing was changed",
                hint: "to give it a genesis: --genesis FILE", exit: .refused)
        }
        guard !node.exists(node.genesis) else {
            throw CommandError(
                "home.has_genesis", "\(node.genesis) exists; nothing was changed", exit: .refused)
        }
        // Everything is read and checked before anything is written.
        let chain = try genesis.map { try GenesisFile.readChecked($0) }
        let published = try isNew ? publishedKeys(chain) : nil
        let seat = try seat(of: published)
        let settings = try settings(
            seat.flatMap { seat in
                chain?.validators.first { $0.moniker == seat.moniker }?.endpoint
            })
        if isNew {
            try node.makeFolders()
            try makeKeys(node, published, seat)
            try NodeSettings.write(settings, to: node.configuration)
        }
        if let chain {
            try GenesisFile.write(chain, to: node.genesis)
        }
        report(node, chain)
    }

    /// - Parameter endpoint: where the genesis says that the validator listens.
    private func settings(_ endpoint: String?) throws -> NodeConfiguration {
        var settings = NodeConfiguration()
        let values = [
            ("node.moniker", moniker),
            ("p2p.listen", peerAddress ?? endpoint ?? "0.0.0.0:26656"),
            ("api.listen", apiAddress),
        ]
        for (key, value) in values {
            if let problem = settings.set(key, to: value) {
                throw CommandError("config.invalid", problem, exit: .usage)
            }
        }
        return settings
    }

    private func publishedKeys(_ chain: Genesis?) throws -> PublishedKeys? {
        guard let chain, let genesis else { return nil }
        return try PublishedKeys.read(besides: genesis, for: chain)
    }

    private func seat(of published: PublishedKeys?) throws -> PublishedKeys.Validator? {
        let seat = published?.validators.first { validator == nil || $0.moniker == validator }
        if let validator, seat == nil {
            throw CommandError(
                "home.no_published_key", "no keys of \(validator) are published beside the genesis",
                exit: .notFound)
        }
        return seat
    }

    private func makeKeys(
        _ node: NodeHome, _ published: PublishedKeys?, _ seat: PublishedKeys.Validator?
    ) throws {
        try node.writeKey(.consensus, seed: seat?.consensusSeed ?? SecureRandom.bytes(count: 32))
        try node.writeKey(.network, seed: seat?.networkSeed ?? SecureRandom.bytes(count: 32))
        guard let published else { return }
        let keystore = try Keystore.open(home: node.path)
        for account in published.accounts {
            try keystore.create(
                account.name, key: SigningKey(seed: account.seed), password: nil)
        }
        if !quiet {
            Console.note("The keys are public, from \(published.file): for tests only.")
        }
    }

    private func report(_ node: NodeHome, _ chain: Genesis?) {
        guard !quiet, let network = try? node.readKey(.network).publicKey,
            let consensus = try? node.readKey(.consensus).publicKey
        else { return }
        Console.write("home     \(node.path)")
        Console.write("network  \(network)")
        Console.write("signer   \(consensus)")
        if let chain {
            Console.write("genesis  \(chain.hash)")
            Console.write("start    althing node start --home \(node.path)")
        }
    }
}

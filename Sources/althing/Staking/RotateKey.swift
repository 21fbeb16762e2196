import ArgumentParser
import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool

extension ValidatorCommand {
    struct RotateKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key",
            abstract: "Give a validator a new consensus key.",
            discussion: """
                The new key waits in the home beside the old one, which votes until the sets that
                know it are over. `validator switch-key` then puts the new one in its place.

                Example:
                  althing validator rotate-key --node-home ~/v5 --from olga
                """)

        @OptionGroup var node: NodeHomeOptions
        @OptionGroup var options: WriteOptions

        func run() async throws {
            let desk = try await StakeDesk(options, isForOne: true)
            let own = try await OwnValidator(desk)
            let account = try desk.book.operatorAddress(of: own.json)
            let home = node.home(options)
            if options.dryRun {
                // Another key would be made when it is meant.
                let trial = SigningKey(seed: SecureRandom.bytes(count: 32))
                return try await send(trial, account, home, own, desk)
            }
            try await send(try home.nextKey(besides: own.json), account, home, own, desk)
        }

        private func send(
            _ key: borrowing SigningKey, _ account: Address, _ home: NodeHome,
            _ own: OwnValidator, _ desk: StakeDesk
        ) async throws {
            let proven = ProvenKey(
                key, chainID: desk.chain.chainID, operatorAddress: account)
            let epoch = text(desk.staking["nextElection"]?["epoch"])
            try await desk.send(
                .rotateKey(proven), summary: "give the validator \(own.name) a new key",
                effects: [
                    "old key      \(text(own.json["publicKey"])) votes until epoch \(epoch)",
                    "new key      \(proven.key), in \(home.file(of: .nextConsensus))",
                    "then         stop the node, `althing validator switch-key --node-home "
                        + "\(home.path)`, and start it again",
                ])
        }
    }

    struct SwitchKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "switch-key",
            abstract: "Put a rotated consensus key in the place of the old one.",
            discussion: """
                Stop the node before and start it after. It is refused while the old key still has a
                seat.

                Example:
                  althing validator switch-key --node-home ~/v5
                """)

        @Option(help: "The node's home.")
        var nodeHome: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let home = NodeHome(nodeHome)
            let next = try home.readKey(.nextConsensus).publicKey
            let client = try options.client()
            let json: JSON
            do {
                json = try await client.get("/v1/validators/\(next.hex)")
            } catch let error as CommandError where error.exit == .notFound {
                throw CommandError(
                    "validator.key_not_rotated", "the chain does not know the new key \(next)",
                    hint: "send it first: althing validator rotate-key", exit: .refused)
            }
            if let seat = json["seat"], !seat.isNull, seat["publicKey"]?.text != next.hex {
                throw CommandError(
                    "validator.key_in_use",
                    "the old key votes in epoch \(text(seat["epoch"])), which is not over",
                    hint:
                        "wait for the epoch in which `althing validator status` shows the new one",
                    exit: .refused)
            }
            let old = try home.switchConsensusKey()
            options.show(.object([.init("publicKey", .string(next.hex))]), id: next.hex) {
                ["the consensus key is \(next)", "the old one is kept in \(old)"]
            }
        }
    }
}

extension NodeHome {
    /// The consensus key of the home, made if it has none.
    func consensusKey(makesMissing: Bool) throws -> SigningKey {
        if !exists(file(of: .consensus)), makesMissing, exists(file(of: .network)) {
            try writeKey(.consensus, seed: SecureRandom.bytes(count: 32))
            Console.note("made a consensus key; the node must be started again to use it")
        }
        return try readKey(.consensus)
    }

    /// The key that a rotation left or now makes.
    func nextKey(besides validator: JSON) throws -> SigningKey {
        guard exists(configuration) else {
            throw CommandError(
                "home.missing", "\(path) is no home of a node",
                hint: "name it with --node-home", exit: .notFound)
        }
        if exists(file(of: .nextConsensus)) {
            let key = try readKey(.nextConsensus)
            guard key.publicKey.hex != validator["publicKey"]?.text else {
                throw CommandError(
                    "validator.key_waits", "the key was rotated to \(key.publicKey) already",
                    hint: "switch to it first: althing validator switch-key --node-home \(path)",
                    exit: .refused)
            }
            // One that was made for a transaction which did not happen.
            return key
        }
        try writeKey(.nextConsensus, seed: SecureRandom.bytes(count: 32))
        return try readKey(.nextConsensus)
    }
}

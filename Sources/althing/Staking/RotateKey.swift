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
            let proven = try provenKey(try desk.book.operatorAddress(of: own.json), desk)
            guard proven.key.hex != own.json["publicKey"]?.text else {
                throw CommandError(
                    "validator.key_waits", "the key was rotated to \(proven.key) already",
                    hint: "switch to it first: althing validator switch-key", exit: .refused)
            }
            let epoch = text(desk.staking["nextElection"]?["epoch"])
            let home = node.proof == nil ? node.home(options).path : "HOME"
            try await desk.send(
                .rotateKey(proven), summary: "give the validator \(own.name) a new key",
                effects: [
                    "old key      \(text(own.json["publicKey"])) votes until epoch \(epoch)",
                    "new key      \(proven.key), \(node.place(options))",
                    "then         stop the node, `althing validator switch-key --node-home "
                        + "\(home)`, and start it again",
                ])
        }

        private func provenKey(_ account: Address, _ desk: StakeDesk) throws -> ProvenKey {
            let chainID = desk.chain.chainID
            if let proof = try node.proofFile() {
                try proof.check(chainID: chainID, account: account)
                return proof.key
            }
            let home = node.home(options)
            if options.dryRun, !home.exists(home.file(of: .nextConsensus)) {
                // Another key will be made when it is meant.
                return ProvenKey(
                    SigningKey(seed: SecureRandom.bytes(count: 32)), chainID: chainID,
                    operatorAddress: account)
            }
            return ProvenKey(
                try home.nextKey(), chainID: chainID, operatorAddress: account)
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

import Chain
import Codec
import Cryptography
import Foundation
import Node
import Storage
import Testing

@Suite(.serialized) struct NodeTests {
    struct Transaction: Decodable {
        let hash: String
        let status: String
        let height: UInt64?
    }

    struct BlockView: Decodable {
        let hash: String
        let stateRoot: String
    }

    static func transfer(
        _ network: TestNetwork, from: UInt8, sequence: UInt64, amount: UInt64
    ) -> SignedTransaction {
        let key = TestNetwork.userKey(from)
        let transaction = Chain.Transaction(
            chainID: network.genesis.chainID, sender: Address(key.publicKey), sequence: sequence,
            validUntil: Height(1_000_000), maxFee: Amount(1_000_000), gasLimit: 1_000_000,
            actions: [
                .transfer(
                    to: Address(TestNetwork.userKey(from + 1).publicKey), asset: .native,
                    amount: Amount(amount))
            ])
        let message = transaction.signBytes(genesisHash: network.genesis.hash)
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(key: key.publicKey, signature: key.sign(message))
            ])
    }

    @Test(.timeLimit(.minutes(10)))
    func `four nodes finalize a transfer and agree on every block`() async throws {
        let network = try TestNetwork(validators: 4)
        defer { network.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var ports: [PortBox] = []
            for index in 0..<4 {
                let (node, port) = try network.node(index)
                ports.append(port)
                group.addTask { try await node.run() }
            }
            var clients: [TestClient] = []
            for port in ports {
                clients.append(try await TestClient(port: port.value()))
            }
            for client in clients {
                #expect(try await client.waitForHeight(3).height >= 3)
            }
            let signed = Self.transfer(network, from: 0, sequence: 0, amount: 5)
            let answer = try await clients[1].post(
                "/v1/txs?wait=final&timeout=60000", signed.encoded())
            #expect(answer.code == 200, "\(answer.text)")
            let final = try JSONDecoder().decode(Transaction.self, from: Data(answer.text.utf8))
            #expect(final.status == "ok")
            #expect(final.hash == signed.id.hex)
            let height = try #require(final.height)
            for client in clients {
                _ = try await client.waitForHeight(height)
            }
            for height in 1...height {
                let path = "/v1/blocks/\(height)"
                let first = try await clients[0].get(path, as: BlockView.self)
                for client in clients.dropFirst() {
                    let other = try await client.get(path, as: BlockView.self)
                    #expect(other.hash == first.hash)
                    #expect(other.stateRoot == first.stateRoot)
                }
            }
            group.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `one validator alone makes blocks and goes on after a restart`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        var last: UInt64 = 0
        for round in 0..<3 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (node, port) = try network.node(0)
                group.addTask { try await node.run() }
                let client = try await TestClient(port: port.value())
                let start = try await client.status().height
                #expect(start >= last, "round \(round)")
                last = try await client.waitForHeight(start + 3).height
                #expect(last >= start + 3)
                group.cancelAll()
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `the logs of epochs that are over go, and no other`() async throws {
        var network = try TestNetwork(validators: 1)
        defer { network.remove() }
        try network.genesis.parameters.set("consensus.idleInterval", to: .integer(50))
        try network.genesis.parameters.set("consensus.epochLength", to: .integer(16))
        let root = network.members[0].home.voteLog
        // Of an epoch that the chain has not come to.
        let kept = Digest(.instance, [9])
        _ = try VoteLog(root: root, instance: kept)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0)
            group.addTask { try await node.run() }
            let client = try await TestClient(port: port.value())
            #expect(try await client.waitForHeight(3 * 16 + 2).height > 3 * 16)
            // This epoch's log, and the last one's.
            let logs = try VoteLog.instances(root: root)
            #expect(logs.count == 3)
            #expect(logs.contains(kept))
            group.cancelAll()
        }
    }

    /// A key on two hosts: the second has a fresh record, as after `init` with a copied key.
    @Test(.timeLimit(.minutes(10)))
    func `a second host with the same key stops before it votes`() async throws {
        let network = try TestNetwork(validators: 4)
        defer { network.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var ports: [PortBox] = []
            for index in 0..<4 {
                let (node, port) = try network.node(index)
                ports.append(port)
                group.addTask { try await node.run() }
            }
            let client = try await TestClient(port: ports[1].value())
            #expect(try await client.waitForHeight(3).height >= 3)
            let home = HomeFolder(path: network.folder + "/second")
            try FileManager.default.createDirectory(
                atPath: home.signer, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: home.signedVotes))
            var configuration = network.members[0].configuration
            configuration.listen.port = 0
            configuration.watchMilliseconds = 60_000
            let second = try Node(
                configuration: configuration, home: home, genesis: network.genesis,
                consensusKey: TestNetwork.consensusKey(0), networkKey: TestNetwork.networkKey(9),
                logger: network.logger)
            let failure = await #expect(throws: NodeFailure.self) { try await second.run() }
            #expect(failure?.description.contains("in use elsewhere") == true, "\(failure)")
            // It signed nothing, and the others go on.
            #expect(try Data(contentsOf: URL(fileURLWithPath: home.signedVotes)).isEmpty)
            let height = try await client.status().height
            #expect(try await client.waitForHeight(height + 3).height >= height + 3)
            group.cancelAll()
        }
    }
}

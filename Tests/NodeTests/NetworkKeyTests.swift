import Chain
import Codec
import Cryptography
import Node
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct NetworkKeyTests {
    /// Runs the only validator to its first block.
    private func lines(networkSeed: UInt8?) async throws -> LogLines {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let lines = LogLines()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0, networkSeed: networkSeed, logger: lines.logger)
            group.addTask { try await node.run() }
            _ = try await TestClient(port: port.value()).waitForHeight(1)
            group.cancelAll()
        }
        return lines
    }

    @Test func `a validator whose record names another network key says so at its start`()
        async throws
    {
        let lines = try await lines(networkSeed: 77)
        #expect(lines.contains("error: Peers take no vote from this node"))
        #expect(lines.contains(TestNetwork.networkKey(77).publicKey.description))
        #expect(lines.contains(TestNetwork.networkKey(0).publicKey.description))
    }

    /// Of four nodes one is off, so that the others need the vote of the one with the new key: the
    /// one that was there when the key changed, and the one that was started since.
    @Test func `a validator that takes another network key is heard at once`() async throws {
        var network = try TestNetwork(validators: 4)
        defer { network.remove() }
        // No other epoch comes to its help.
        try network.genesis.parameters.set("consensus.epochLength", to: .integer(20_000))
        let owner = TestNetwork.operatorKey(3)
        network.genesis.accounts.append(
            GenesisAccount(
                address: Address(owner.publicKey),
                balances: [AssetBalance(amount: Amount(1_000_000_000))]))
        let edit = Self.edit(network, owner: owner, networkSeed: 33)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0)
            group.addTask { try await node.run() }
            let client = try await TestClient(port: port.value())
            try await Self.withNodes(network, [(1, 1), (2, 2), (3, 3)]) {
                _ = try await client.waitForHeight(2)
                let answer = try await client.post(
                    "/v1/txs?wait=final&timeout=60000", edit.encoded())
                #expect(answer.text.contains("\"status\":\"ok\""), "\(answer.text)")
                let height = try await client.status().height
                _ = try await client.waitForHeight(height + 2)
            }
            try await Self.withNodes(network, [(1, 1), (3, 33)]) {
                let height = try await client.status().height
                #expect(try await client.waitForHeight(height + 5).height >= height + 5)
            }
            group.cancelAll()
        }
    }

    private static func withNodes(
        _ network: TestNetwork, _ members: [(index: Int, networkSeed: UInt8)],
        _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members {
                let (node, port) = try network.node(
                    member.index, networkSeed: member.networkSeed)
                group.addTask { try await node.run() }
                _ = try await port.value()
            }
            try await body()
            group.cancelAll()
        }
    }

    private static func edit(
        _ network: TestNetwork, owner: borrowing SigningKey, networkSeed: UInt8
    ) -> SignedTransaction {
        var profile = network.genesis.validators[3].profile
        profile.networkKey = TestNetwork.networkKey(networkSeed).publicKey
        let transaction = Chain.Transaction(
            chainID: network.genesis.chainID, sender: Address(owner.publicKey), sequence: 0,
            validUntil: Height(1_000_000), maxFee: Amount(1_000_000), gasLimit: 1_000_000,
            actions: [.staking(.editValidator(ValidatorEdit(profile: profile)))])
        let message = transaction.signBytes(genesisHash: network.genesis.hash)
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(key: owner.publicKey, signature: owner.sign(message))
            ])
    }

    @Test func `a validator with the key of its record does not`() async throws {
        let lines = try await lines(networkSeed: nil)
        #expect(lines.contains("Listening"))
        #expect(!lines.contains("Peers take no vote"))
    }
}

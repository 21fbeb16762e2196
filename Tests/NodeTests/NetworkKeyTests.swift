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

    @Test func `a validator with the key of its record does not`() async throws {
        let lines = try await lines(networkSeed: nil)
        #expect(lines.contains("Listening"))
        #expect(!lines.contains("Peers take no vote"))
    }
}

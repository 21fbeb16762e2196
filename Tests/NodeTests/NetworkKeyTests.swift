import Cryptography
import Logging
import Node
import Synchronization
import Testing

/// What a node said, for tests.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    func contains(_ text: String) -> Bool {
        lines.withLock { $0.contains { $0.contains(text) } }
    }
}

private struct LineHandler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.add("\(event.level): \(event.message) \(event.metadata ?? [:])")
    }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct NetworkKeyTests {
    /// Runs the only validator to its first block.
    private func lines(networkSeed: UInt8?) async throws -> LogLines {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let lines = LogLines()
        let logger = Logger(label: "test") { _ in LineHandler(lines: lines) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0, networkSeed: networkSeed, logger: logger)
            group.addTask { try await node.run() }
            _ = try await TestClient(port: await port.value()).waitForHeight(1)
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

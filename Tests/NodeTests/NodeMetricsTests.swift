import Consensus
import Testing

@testable import Node

@Suite struct NodeMetricsTests {
    @Test func `views that timed out, skipped leaders and failed ones are counted apart`() {
        let metrics = NodeMetrics()
        let reasons: [GiveUp] = [.skipped, .timedOut, .skipped, .failed, .skipped, .timedOut]
        for reason in reasons { metrics.gaveUp(reason) }
        #expect(metrics.current.timeouts == 2)
        #expect(metrics.current.skippedLeaders == 3)
        #expect(metrics.current.failedLeaders == 1)
    }

    @Test(.timeLimit(.minutes(10)))
    func `what is dropped between peers is among the metrics`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0)
            group.addTask { try await node.run() }
            let text = try await TestClient(port: port.value()).text("/metrics")
            let lines = text.split(separator: "\n")
            for name in [
                "questions_dropped", "transactions_dropped", "messages_dropped_outbound",
                "messages_dropped_inbound",
                "faults",
            ] {
                let prefix = "althing_p2p_\(name)_total"
                #expect(lines.contains { $0.hasPrefix(prefix) && $0.hasSuffix(" 0") }, "\(text)")
            }
            group.cancelAll()
        }
    }
}

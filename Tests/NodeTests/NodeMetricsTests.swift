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
}

import Codec
import Foundation
import GenesisTool
import KeyTool

/// How soon: the start of a network, and a transfer's way to finality under a light load.
struct LatencyFigures {
    private static let blockInterval: UInt64 = 20
    private static let perSecond = 50

    let program: String
    let seconds: Int

    func measure(into report: inout Report) async throws {
        let cluster = try Cluster(
            program: program, blockInterval: LatencyFigures.blockInterval, idleInterval: 1_000,
            connectionsPerNode: 32)
        let watch = Stopwatch()
        try cluster.startAll()
        try await cluster.wait(for: 1)
        report.add(
            "start to first block", thousandths: watch.microseconds / 1_000, digits: 2, "s",
            "four processes until all have block 1")
        try await Task.sleep(for: .seconds(2))
        if let bytes = cluster.residentBytesMax {
            report.add("memory per node, idle", bytes / 1_048_576, "MiB", "the most of four")
        }
        let times = try await submit(to: cluster)
        func percentile(_ hundredths: Int) -> Int64 {
            times[min(times.count - 1, times.count * hundredths / 100)]
        }
        let note =
            "\(LatencyFigures.perSecond)/s for \(seconds) s, wait=final,"
            + " block interval \(LatencyFigures.blockInterval) ms"
        report.add(
            "submission to finality p50", thousandths: percentile(50), digits: 1, "ms", note)
        report.add("submission to finality p99", thousandths: percentile(99), digits: 1, "ms", note)
        try await cluster.remove()
    }

    /// One transfer every 20 ms to the nodes in turn, each waiting for its end.
    ///
    /// - Returns: the times until the answers, in microseconds, ascending.
    private func submit(to cluster: Cluster) async throws -> [Int64] {
        var transfers = cluster.transfers
        let warmUp = LatencyFigures.perSecond
        let count = LatencyFigures.perSecond * seconds + warmUp
        let bodies = transfers.next(count).map { $0.encoded() }
        let client = cluster.client
        let addresses = cluster.addresses
        let times = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            let start = ContinuousClock.now
            for (index, body) in bodies.enumerated() {
                let due = start.advanced(
                    by: .milliseconds(index * 1_000 / LatencyFigures.perSecond))
                try await Task.sleep(until: due, clock: .continuous)
                let address = addresses[index % addresses.count]
                group.addTask {
                    let watch = Stopwatch()
                    let answer = try await client.post(address, "/v1/txs?wait=final", body)
                    let time = watch.microseconds
                    guard answer.status == 200, answer.json?["status"]?.text == "ok" else {
                        throw CommandError(
                            "benchmark.refused",
                            "a transfer ended with \(answer.status): "
                                + String(decoding: answer.body, as: UTF8.self))
                    }
                    return (index, time)
                }
            }
            return try await group.reduce(into: [Int64]()) { list, item in
                // Connections open and caches fill in the first second.
                if item.0 >= warmUp {
                    list.append(item.1)
                }
            }
        }
        try cluster.checkRunning()
        return times.sorted()
    }
}

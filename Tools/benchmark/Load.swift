import Foundation
import GenesisTool
import KeyTool
import Synchronization

/// Sends prepared batches to several nodes at once, with a bound on what waits for finality, and
/// counts what becomes final by looking at one node's blocks.
struct Load: Sendable {
    /// How far the chain was at a time.
    struct Sample: Sendable {
        let microseconds: Int64
        let height: UInt64
        /// Transactions of the blocks since the load began.
        let transfers: Int
    }

    struct Result: Sendable {
        let samples: [Sample]
        /// Transfers that nodes took.
        let accepted: Int
        /// What was left when it was time to stop.
        let unsent: [Batch]
        /// Requests that were sent again because a pool was full.
        let retries: Int
        /// The processor time of this program, in microseconds, while the load ran.
        let ownMicroseconds: Int64

        var last: Sample { samples[samples.count - 1] }

        /// The part of the run in which the flow was even: from a tenth of all transfers to nine
        /// tenths.
        var middle: (transfers: Int, blocks: UInt64, microseconds: Int64) {
            let from = samples.first { $0.transfers * 10 >= last.transfers } ?? last
            let to = samples.first { $0.transfers * 10 >= last.transfers * 9 } ?? last
            return (
                to.transfers - from.transfers, to.height - from.height,
                to.microseconds - from.microseconds
            )
        }
    }

    let client: HTTPClient
    /// The nodes that are sent to, one queue of batches for each; the first is looked at.
    let addresses: [String]
    /// Transfers that may wait for finality at once.
    let window: Int
    /// When to stop sending, though there are batches left.
    let microsecondsMax: Int64
    /// The height at which to stop sending.
    var heightMax = UInt64.max

    /// The progress that senders and the observer share.
    private final class Progress: Sendable {
        struct State {
            var accepted = 0
            var reserved = 0
            var final = 0
            var retries = 0
            var height: UInt64 = 0
            var sendersDone = 0
            var unsent: [Batch] = []
        }

        let state = Mutex(State())
    }

    /// - Throws: if a node refuses what it should take, or nothing becomes final for 20 seconds.
    func run(_ queues: [[Batch]], cluster: Cluster) async throws -> Result {
        precondition(queues.count == addresses.count, "each node has its queue")
        let progress = Progress()
        let watch = Stopwatch()
        let ownBefore = Load.ownMicroseconds
        let start = try await client.json(addresses[0], "/v1/status")["height"]?.integer ?? 0
        let samples = try await withThrowingTaskGroup(of: Void.self) { group in
            for (address, queue) in zip(addresses, queues) {
                group.addTask {
                    try await send(queue, to: address, watch, progress)
                    progress.state.withLock { $0.sendersDone += 1 }
                }
            }
            let samples = try await observe(from: start, watch, progress, cluster)
            try await group.waitForAll()
            return samples
        }
        let state = progress.state.withLock { $0 }
        return Result(
            samples: samples, accepted: state.accepted, unsent: state.unsent,
            retries: state.retries,
            ownMicroseconds: Load.ownMicroseconds - ownBefore)
    }

    // MARK: Sending

    private func send(
        _ queue: [Batch], to address: String, _ watch: Stopwatch, _ progress: Progress
    ) async throws {
        for (index, batch) in queue.enumerated() {
            while true {
                let (mayStart, isOver) = progress.state.withLock { state in
                    let isOver =
                        watch.microseconds > microsecondsMax || state.height >= heightMax
                    let mayStart = state.reserved - state.final + batch.count <= window
                    if mayStart, !isOver {
                        state.reserved += batch.count
                    }
                    return (mayStart, isOver)
                }
                if isOver {
                    progress.state.withLock { $0.unsent += queue[index...] }
                    return
                }
                if mayStart { break }
                try await Task.sleep(for: .milliseconds(2))
            }
            try await send(batch, to: address, progress)
        }
    }

    /// Sends a batch until the node has all of it.
    private func send(_ batch: Batch, to address: String, _ progress: Progress) async throws {
        for _ in 0..<200 {
            let answer = try await client.post(address, "/v1/txs/batch", batch.bytes)
            // The answer of a busy node has thousands of hashes; only its beginning is looked at.
            if answer.status == 200, answer.body.starts(with: Load.allAccepted(batch.count)) {
                progress.state.withLock { $0.accepted += batch.count }
                return
            }
            let codes = Load.codes(of: answer)
            let isKnown = codes.allSatisfy { $0 == "tx.known" }
            if answer.status == 200, isKnown {
                progress.state.withLock { $0.accepted += batch.count }
                return
            }
            let curable: Set = [
                "tx.known", "pool.full", "pool.lane_full", "pool.account_full",
                "tx.sequence_too_far", "node.busy", "tx.sequence_too_low",
            ]
            guard codes.allSatisfy({ curable.contains($0) }) else {
                let found = Set(codes).sorted().joined(separator: ", ")
                throw CommandError(
                    "benchmark.refused", "\(address) refuses transfers: \(answer.status) \(found)")
            }
            progress.state.withLock { $0.retries += 1 }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError("benchmark.refused", "\(address) takes no transfers for 10 s")
    }

    private static func allAccepted(_ count: Int) -> Data { Data("{\"accepted\":\(count),".utf8) }

    /// Why the transactions of a batch, or the whole of it, were refused.
    private static func codes(of answer: HTTPClient.Answer) -> [String] {
        guard let json = answer.json else { return ["http.\(answer.status)"] }
        if let code = json["code"]?.text { return [code] }
        return (json["results"]?.items ?? []).compactMap { $0["code"]?.text }
    }

    // MARK: Observing

    private func observe(
        from start: UInt64, _ watch: Stopwatch, _ progress: Progress, _ cluster: Cluster
    ) async throws -> [Sample] {
        var samples = [Sample(microseconds: 0, height: start, transfers: 0)]
        var last = samples[0]
        var lastChange: Int64 = 0
        while true {
            let (height, count) = try await newBlocks(above: last.height)
            last = Sample(
                microseconds: watch.microseconds, height: height,
                transfers: last.transfers + count)
            samples.append(last)
            let state = progress.state.withLock { state in
                state.final = last.transfers
                state.height = height
                return state
            }
            let isSent = state.sendersDone == addresses.count
            if isSent, last.transfers >= state.accepted { return samples }
            if count > 0 {
                lastChange = watch.microseconds
            }
            guard watch.microseconds - lastChange < 20_000_000 else {
                let missing = state.accepted - last.transfers
                throw CommandError(
                    "benchmark.stalled",
                    "nothing was final for 20 s; \(missing) accepted transfers are missing")
            }
            try cluster.checkRunning()
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The head, and the transactions of the blocks above `height`.
    ///
    /// A node reads a block as a whole to tell how long it is, so that it is asked for new ones
    /// only.
    private func newBlocks(above height: UInt64) async throws -> (head: UInt64, count: Int) {
        let status = try await client.json(addresses[0], "/v1/status")
        guard let newest = status["height"]?.integer, newest > height else { return (height, 0) }
        var count = 0
        var head: UInt64?
        var path = "/v1/blocks?limit=\(min(100, newest - height + 1))"
        while true {
            let page = try await client.json(addresses[0], path)
            for block in page["items"]?.items ?? [] {
                guard let number = block["height"]?.integer else { continue }
                head = head ?? number
                guard number > height else { return (head ?? height, count) }
                count += Int(block["transactions"]?.integer ?? 0)
            }
            guard let next = page["next"]?.text else { return (head ?? height, count) }
            path = "/v1/blocks?limit=8&cursor=\(next)"
        }
    }

    /// The processor time that this program has used.
    private static var ownMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}

import Foundation
import GenesisTool
import KeyTool

/// How much: transfers through the API, what they cost in memory and on disk, and how fast a node
/// that was killed comes back.
struct ThroughputFigures {
    let program: String
    let blockInterval: UInt64
    let window: Int
    let batch: Int
    let transfers: Int
    let secondsMax: Int64
    let catchUpTransfers: Int
    let catchUpSecondsMax: Int64
    /// Whether to restart a node at the end, with the blocks that there are.
    let showsRestart: Bool

    func measure(into report: inout Report) async throws {
        let cluster = try Cluster(
            program: program, blockInterval: blockInterval, idleInterval: 1_000)
        try cluster.startAll()
        try await cluster.wait(for: 1)
        var plan = cluster.transfers
        let accepted = try await rate(cluster, &plan, into: &report)
        try await catchUp(cluster, &plan, before: accepted, into: &report)
        if showsRestart {
            try await restart(cluster, into: &report)
        }
        try await cluster.remove()
    }

    private func queues(
        _ count: Int, _ plan: inout Transfers, nodes: Int, accounts: Int
    ) async -> [[Batch]] {
        let first = plan.sender
        let signed = await plan.nextConcurrently(count)
        return Transfers.batches(
            of: signed, firstSender: first, accounts: accounts, nodes: nodes, size: batch)
    }

    // MARK: Rate

    private func rate(
        _ cluster: Cluster, _ plan: inout Transfers, into report: inout Report
    ) async throws -> Int {
        let queues = await queues(
            transfers, &plan, nodes: cluster.addresses.count, accounts: cluster.accounts.count)
        let diskBefore = cluster.dataBytes(0)
        let load = Load(
            client: cluster.client, addresses: cluster.addresses, window: window,
            microsecondsMax: secondsMax * 1_000_000)
        let result = try await load.run(queues, cluster: cluster)
        plan.takeBack(result.unsent)
        let resident = cluster.residentBytesMax
        try await checkAllSucceeded(cluster, count: result.accepted)
        let middle = result.middle
        let own = result.ownMicroseconds * 100 / max(result.last.microseconds, 1)
        report.add(
            "finalized transfers/s", perSecond(middle.transfers, middle.microseconds), "1/s",
            "\(middle.transfers) in \(middle.blocks) blocks, block interval \(blockInterval) ms,"
                + " \(window) waiting at most, \(batch) a request, this client \(own) % of a core")
        if let resident {
            report.add(
                "memory per node, under load", resident / 1_048_576, "MiB", "the most of four")
        }
        let grown = cluster.dataBytes(0) - diskBefore
        report.add(
            "disk per 10,000 transfers",
            thousandths: grown * 10_000 / Int64(max(result.accepted, 1)) * 1_000 / 1_048_576,
            digits: 1, "MiB", "one node, after \(result.accepted) transfers")
        return result.accepted
    }

    private func checkAllSucceeded(_ cluster: Cluster, count: Int) async throws {
        // The nodes that are asked for balances may be a block behind the one that was looked at.
        try await cluster.wait(for: cluster.height(0) ?? 1, on: [0, 1])
        let received = try await cluster.received()
        guard received == count else {
            throw CommandError(
                "benchmark.failed_transfers",
                "of \(count) final transfers \(received) arrived at their recipients")
        }
    }

    // MARK: Catching up

    private func catchUp(
        _ cluster: Cluster, _ plan: inout Transfers, before: Int, into report: inout Report
    ) async throws {
        let late = cluster.addresses.count - 1
        let others = Array(0..<late)
        // The accounts move to other nodes here, which is fine: nothing waits.
        try await cluster.wait(
            for: cluster.height(0) ?? 1, on: Array(cluster.addresses.indices))
        guard let from = await cluster.height(late) else { return }
        try await cluster.stop(late, signal: SIGKILL)
        let queues = await queues(
            catchUpTransfers, &plan, nodes: others.count, accounts: cluster.accounts.count)
        // A smaller window makes more blocks of as many transfers.
        let load = Load(
            client: cluster.client, addresses: others.map { cluster.addresses[$0] },
            window: max(window / 4, batch), microsecondsMax: catchUpSecondsMax * 1_000_000)
        let result = try await load.run(queues, cluster: cluster)
        let to = result.last.height
        let watch = Stopwatch()
        try cluster.start(late)
        try await cluster.wait(for: to, on: [late], secondsMax: 60)
        let time = watch.microseconds
        let note =
            "\(to - from) blocks with \(result.accepted) transfers in \(time / 1_000) ms,"
            + " from the start of the process"
        report.add(
            "catch-up blocks/s", thousandths: perSecond(Int(to - from) * 1_000, time), digits: 1,
            "1/s", note)
        report.add("catch-up transfers/s", perSecond(result.accepted, time), "1/s", note)
        try await checkAllSucceeded(cluster, count: before + result.accepted)
    }

    private func restart(_ cluster: Cluster, into report: inout Report) async throws {
        let last = cluster.addresses.count - 1
        try await cluster.stop(last)
        let blocks = await cluster.height(0) ?? 0
        let time = try await cluster.startUntilReady(last)
        report.add(
            "restart to ready", thousandths: time / 1_000, digits: 2, "s",
            "\(blocks) blocks behind it, until /readyz says so")
    }
}

import Foundation
import GenesisTool
import KeyTool

/// How soon a node is back that has many blocks behind it.
struct RestartFigures {
    let program: String
    let blocks: UInt64

    func measure(into report: inout Report) async throws {
        // Blocks come as soon as there is a transfer; at the end, the chain is idle.
        let cluster = try Cluster(program: program, blockInterval: 0, idleInterval: 1_000)
        try cluster.startAll()
        try await cluster.wait(for: 1)
        var plan = cluster.transfers
        let first = plan.sender
        let signed = await plan.nextConcurrently(Int(blocks) * 8)
        let queues = Transfers.batches(
            of: signed, firstSender: first, accounts: cluster.accounts.count,
            nodes: cluster.addresses.count, size: 1)
        let load = Load(
            client: cluster.client, addresses: cluster.addresses, window: 4,
            microsecondsMax: 600_000_000, heightMax: blocks)
        let result = try await load.run(queues, cluster: cluster)
        guard result.last.height >= blocks else {
            throw CommandError(
                "benchmark.blocks", "only \(result.last.height) of \(blocks) blocks were made")
        }
        let last = cluster.addresses.count - 1
        try await cluster.stop(last)
        let time = try await cluster.startUntilReady(last)
        report.add(
            "restart to ready", thousandths: time / 1_000, digits: 2, "s",
            "\(result.last.height) blocks behind it, until /readyz says so")
        try await cluster.remove()
    }
}

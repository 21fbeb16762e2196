import Foundation

/// What must hold at the end of every scenario.
extension TestNetwork {
    /// What a node says when something went wrong inside of it; TidyTests holds them to its words.
    private static let alarms = [
        "The signer refused a vote", "cast conflicting votes", "proposed an invalid block",
        "the node stopped:",
    ]
    /// What Swift says before a trap.
    private static let traps = ["Fatal error", "Precondition failed", "Program crashed"]

    /// All nodes run, rise together, agree on every block, and complain about nothing.
    ///
    /// - Parameter tolerated: alarms that the scenario itself causes.
    /// - Returns: the facts in words.
    func checkHealth(tolerated: [String] = []) async throws -> String {
        let milliseconds = try await rise(by: 10)
        let count = try await checkAgreement()
        for node in nodes {
            let offences = try await node.answer("the offences") { await $0.offenceCount() }
            try require(
                offences == 0, "\(node.name) shows \(offences) offences: somebody voted twice")
        }
        try checkLogs(tolerated: tolerated)
        return "\(count) blocks alike on all, 10 more in \(milliseconds) ms"
    }

    /// Compares every block that all have.
    ///
    /// - Returns: how many those are.
    @discardableResult
    func checkAgreement(on nodes: [TestNode]? = nil) async throws -> Int {
        let nodes = nodes ?? self.nodes
        var last = UInt64.max
        for node in nodes {
            last = min(last, try await height(of: [node]))
        }
        try require(last > 0, "a node has no block yet")
        let expected = try await nodes[0].blocks(from: 1, through: last)
        try require(expected.count == last, "\(nodes[0].name) misses blocks below \(last)")
        for node in nodes.dropFirst() {
            let blocks = try await node.blocks(from: 1, through: last)
            try require(blocks.count == expected.count, "\(node.name) misses blocks below \(last)")
            if let (a, b) = zip(expected, blocks).first(where: { $0 != $1 }) {
                throw Failure("a fork: \(nodes[0].name) has \(a), \(node.name) has \(b)")
            }
        }
        return expected.count
    }

    func checkLogs(tolerated: [String] = []) throws {
        for node in nodes {
            let log = try node.log()
            try require(!log.isEmpty, "\(node.name) never said anything")
            for line in log.split(separator: "\n") {
                let alarm = (TestNetwork.alarms + TestNetwork.traps).first { line.contains($0) }
                if let alarm, !tolerated.contains(where: { alarm.contains($0) }) {
                    throw Failure("\(node.name) says: \(line)")
                }
            }
        }
    }
}

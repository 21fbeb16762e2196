import Foundation

/// Wall clocks that are wrong, by the setting that only development chains accept.
enum ClockScenarios {
    static let all = [
        Scenario(
            "clock-back", "a wall clock an hour behind, or half a second ahead (S34)",
            body: clockBack)
    ]

    private static let hour = 3_600_000

    private static func clockBack(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        try await network.rise(by: 2)
        var facts: [String] = []
        for (node, offset) in [(network.node(2), -hour), (network.node(3), 500)] {
            try await set(node, to: offset)
            let others = network.others(than: node)
            let milliseconds = try await network.rise(by: 12, on: others, within: 30)
            // A wrong clock is no reason not to follow.
            try await network.reach(network.height(of: others), on: [node])
            try require(
                node.log().contains("The wall clock is not the machine's."),
                "\(node.name) does not say that its clock is set off")
            facts.append("12 blocks in \(milliseconds) ms at \(offset) ms")
            try await set(node, to: 0)
            try await network.awaitBlock(of: node)
        }
        // All differ, within what the rules allow.
        for (node, offset) in zip(network.nodes, [-250, 250, 0, 120]) {
            try await set(node, to: offset)
        }
        let health = try await network.checkHealth()
        return facts.joined(separator: ", ") + "; all within 250 ms: \(health)"
    }

    /// A restart with another clock is the step of a clock.
    private static func set(_ node: TestNode, to offset: Int) async throws {
        try await node.stop()
        node.environment["ALTHING_DEVELOPMENT_CLOCKOFFSETMILLISECONDS"] = "\(offset)"
        try node.start()
    }
}

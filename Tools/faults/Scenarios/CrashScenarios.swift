import Foundation

/// Processes that end or stand still at any moment.
enum CrashScenarios {
    static let all = [
        Scenario(
            "kill-minus-nine", "kill -9 at random moments, under transfers (S10)",
            body: killMinusNine),
        Scenario("stopped", "SIGSTOP for longer than the timeouts, then SIGCONT", body: stopped),
        Scenario(
            "jailed", "SIGSTOP for whole epochs: jail, unjail, and it leads again", body: jailed),
        Scenario("all-away", "all down for a while, and up together (S44)", body: allAway),
    ]

    private static func killMinusNine(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        let transfers = Transfers(network)
        var killed = 0
        try await transfers.flow {
            try await network.rise(by: 2)
            while killed < trial.kills {
                // A third of the moments are while a node starts.
                let isSoon = trial.random.chance(oneIn: 3)
                try await pause(milliseconds: trial.random.below(isSoon ? 150 : 1_500))
                killed += try await killSome(of: network, trial)
                if killed % 10 == 0 {
                    let milliseconds = try await network.rise(by: 2)
                    let height = try await network.height()
                    trial.note(
                        "\(killed) of \(trial.kills) kills, height \(height), risen in "
                            + "\(milliseconds) ms")
                }
            }
            try await network.rise(by: 10)
        }
        let health = try await network.checkHealth()
        let there = try await transfers.check(on: network.nodes)
        return "\(killed) kills, \(there), \(health)"
    }

    /// Kills one node, or now and then all, and starts them again at once or after a while.
    ///
    /// - Returns: 1, for the one moment.
    private static func killSome(
        of network: TestNetwork, _ trial: Trial
    ) async throws -> Int {
        let isAll = trial.random.chance(oneIn: 12)
        let victim = trial.random.below(network.nodes.count)
        let victims = isAll ? network.nodes : [network.nodes[victim]]
        for node in network.nodes {
            try node.checkRunning()
        }
        for node in victims { node.signal(SIGKILL) }
        for node in victims { try await node.stop(by: SIGKILL) }
        if trial.random.chance(oneIn: 2) {
            try await pause(milliseconds: trial.random.below(1_500))
        }
        for node in victims { try node.start() }
        return 1
    }

    private static func stopped(_ trial: Trial) async throws -> String {
        // Not even most of an epoch: nobody is jailed.
        let network = try await trial.runningNetwork(epochLength: 1_000)
        let transfers = Transfers(network)
        let victim = network.nodes[trial.random.below(network.nodes.count)]
        let others = network.others(than: victim)
        let (risen, caughtUp) = try await transfers.flow {
            try await network.rise(by: 2)
            let before = try await network.height()
            victim.signal(SIGSTOP)
            // The timeouts of a development chain are 1.1, 2.1 and 2 seconds.
            try await pause(milliseconds: 6_000)
            // Without the victim, however busy the machine is.
            try await network.reach(before + 4, on: others)
            let height = try await network.height(of: others)
            victim.signal(SIGCONT)
            let caughtUp = try await network.reach(height, on: [victim])
            try await network.awaitBlock(of: victim)
            return (height - before, caughtUp)
        }
        // Two of four: nothing is final meanwhile, and goes on after.
        let pair = [network.node(1), network.node(2)]
        let rest = [network.node(3), network.node(4)]
        pair.forEach { $0.signal(SIGSTOP) }
        // What was under way may still become final.
        try await pause(milliseconds: 3_000)
        let before = try await network.height(of: rest)
        try await pause(milliseconds: 3_000)
        let after = try await network.height(of: rest)
        try require(after == before, "two of four made blocks \(before + 1) to \(after)")
        pair.forEach { $0.signal(SIGCONT) }
        let health = try await network.checkHealth()
        let there = try await transfers.check(on: network.nodes)
        return "the others made \(risen) blocks, back in \(caughtUp) ms, \(there), \(health)"
    }

    private static func jailed(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        let victim = network.nodes[trial.random.below(network.nodes.count)]
        let others = network.others(than: victim)
        let together = try await network.rise(by: 20)
        victim.signal(SIGSTOP)
        let watch = Stopwatch()
        let end = try await others[0].answer("that \(victim.name) is jailed", within: 120) {
            await $0.validator(victim.name)?.jail?.untilMs
        }
        let jailedAfter = watch.milliseconds
        // Its slots as a leader are passed over. To wait for it in each would take twice as long,
        // always; a machine that is busy with something else is so for a while.
        var alone = Int64.max
        for _ in 0..<3 where alone >= 2 * together {
            alone = min(alone, try await network.rise(by: 20, on: others))
        }
        try require(
            alone < 2 * together,
            "20 blocks take \(alone) ms without the jailed one, and took \(together) ms with it")
        let height = try await network.height(of: others)
        victim.signal(SIGCONT)
        try await network.reach(height, on: [victim])
        try await unjailAtOnce(victim, end: end, in: network)
        let back = Stopwatch()
        try await network.awaitBlock(of: victim)
        let leads = back.milliseconds
        let health = try await network.checkHealth()
        return "in jail after \(jailedAfter) ms, 20 blocks in \(alone) ms without it and in "
            + "\(together) ms with it, leads \(leads) ms after its return, \(health)"
    }

    /// Nobody leaves before the end of the jail, in milliseconds since 1970; on a slow machine that
    /// may be over by now.
    private static func unjailAtOnce(
        _ node: TestNode, end: UInt64, in network: TestNetwork
    ) async throws {
        let result = try await network.unjail(node)
        guard result.status == 0 else {
            try require(
                result.errors.contains("[staking.jailed]"),
                "\(node.name) asks for the end of its jail and is answered \(result.errors)")
            return
        }
        // All clocks are this one. In whole seconds, and blocks may be a little ahead.
        let now = UInt64(Date().timeIntervalSince1970) * 1_000
        try require(now + 2_000 >= end, "\(node.name) left its jail at \(now), before \(end)")
    }

    private static func allAway(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork(epochLength: 1_000)
        try await network.rise(by: 6)
        let before = try await lastBlock(network)
        for node in network.nodes {
            try await node.stop(by: trial.random.chance(oneIn: 2) ? SIGKILL : SIGTERM)
        }
        try await pause(milliseconds: 15_000)
        for node in network.nodes { try node.start() }
        let watch = Stopwatch()
        try await network.reach(1)
        try await network.rise(by: 1)
        let milliseconds = watch.milliseconds
        try await network.rise(by: 10)
        let after = try await lastBlock(network)
        // A view without a block was nullified, or its block is final through another.
        let lost = (after.view - before.view) - (after.height - before.height)
        var timeouts = 0
        for node in network.nodes {
            for name in ["view_timeouts", "leaders_skipped", "leaders_failed"] {
                timeouts += try await node.answer("its metric \(name)") {
                    await $0.metric("consensus_\(name)_total")
                }
            }
        }
        try require(lost <= 4, "\(lost) views were lost to the restart")
        try require(timeouts <= 8, "\(timeouts) views timed out after the restart")
        let health = try await network.checkHealth()
        return "a block after \(milliseconds) ms, \(lost) views lost, \(timeouts) timeouts, "
            + health
    }

    private static func lastBlock(_ network: TestNetwork) async throws -> NodeAPI.Block {
        let height = try await network.height()
        try await network.reach(height)
        let blocks = try await network.nodes[0].blocks(from: height, through: height)
        guard let block = blocks.first else { throw Failure("there is no block \(height)") }
        return block
    }
}

/// Transactions, execution and clocks.
enum LoadScenarios {
    static let all = [fullBlocks, heavyBlock, wrongClocks, twice, bursts]

    private static let fullBlocks = Scenario(
        "S31", "Full blocks for an hour: no view is lost to the load, and nothing grows."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 3_600_000)
        // So much gas is asked for that a few dozen transactions fill a block.
        plan.load = WorldPlan.Load(perSecondThousandths: 60_000, accounts: 64)
        plan.load.gasLimit = 59_700_000
        plan.retainedHeights = 64
        plan.heals = false
        return plan
    } judge: { outcome, violations in
        let name = "S31"
        let plan = outcome.plan
        outcome.requireNoTimeouts(name, but: [], in: &violations)
        let half = plan.leaderTimeout / 2
        let slow = outcome.viewTime.value(permille: 990) / 1_000_000
        outcome.require(
            slow <= half, name, "the slowest views take \(slow) ms of \(half)", in: &violations)
        // The pools are never empty: most blocks are as full as the fullest.
        let counts = outcome.timeline.commits.filter { $0.node == 0 }.map(\.transactions).sorted()
        let middle = counts[safe: counts.count / 2] ?? 0
        outcome.require(
            middle > 5 && middle + 3 >= counts.last ?? 0, name,
            "blocks have \(middle) transactions of \(counts.last ?? 0)", in: &violations)
        let sizes = outcome.timeline.sizes.filter { $0.node == 0 && $0.at > 600_000_000_000 }
        guard let first = sizes.first, let last = sizes.last,
            last.at - first.at >= 45 * 60_000_000_000
        else {
            violations.append(Violation(name, "the disks were not measured"))
            return
        }
        outcome.require(
            last.bytes * 10 <= first.bytes * 13, name,
            "a node held \(first.bytes) bytes after 10 minutes, \(last.bytes) in the end: "
                + "\(first.parts), \(last.parts)",
            in: &violations)
    }

    private static let heavyBlock = Scenario(
        "S32", "One block takes longer to execute than a view lasts: it costs a view or two."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.faults = [
            .scripted(.heavyBlock(height: 20, milliseconds: random.within(1_600...4_000)))
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S32"
        outcome.require(
            outcome.timeline.happened == 1, name, "no block was heavy", in: &violations)
        let lost = Set(outcome.timeline.timeouts.map(\.view))
        outcome.require(
            lost.count <= 2, name, "\(lost.count) views were given up: \(lost.sorted())",
            in: &violations)
        // It was nullified, or its notarization came later than a leader's time.
        let entries = outcome.lastEntries(of: outcome.honest)
        let slowest =
            entries.compactMap { view, entry in
                entries[view + 1].map { $0.at - entry.at }
            }.max() ?? 0
        outcome.require(
            slowest >= outcome.plan.leaderTimeout * WorldPlan.nanosecondsPerMillisecond, name,
            "the longest view took \(slowest / 1_000_000) ms", in: &violations)
        // Two a second again.
        outcome.requireHeights(
            name, 50, from: 30_000, to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let wrongClocks = Scenario(
        "S34", "Clocks are off by half a second, one jumps: only that node loses its slots."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 120_000)
        plan.faults = [
            .clockStep(
                node: random.below(plan.validators), at: random.within(10_000...20_000),
                milliseconds: random.pick([-3_600_000, -2_000, 2_000, 60_000])),
            .clockSkew(500),
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S34"
        guard let node = outcome.plan.faults.first?.nodes.first else {
            violations.append(Violation("S34", "what the plan wants did not happen"))
            return
        }
        outcome.requireNoTimeouts(
            name, but: [node], to: outcome.plan.milliseconds, in: &violations)
        // Its views may be lost, at most a quarter, each for the longer timeout.
        outcome.requireHeights(
            name, 70, from: 20_000, to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let twice = Scenario(
        "S43", "The same seed gives the same run, to the last message and state."
    ) { random, setting in
        var plan = Swarm.plan(seed: setting.seed, validators: setting.validators)
        plan.milliseconds = 20_000
        plan.keepsTimeline = true
        return plan
    } judge: { outcome, violations in
        let again = World(outcome.plan).run()
        outcome.require(
            again.trace.digest == outcome.trace.digest && again.events == outcome.events, "S43",
            "\(again.events) events instead of \(outcome.events)", in: &violations)
        outcome.require(
            again.timeline.commits.map(\.hash) == outcome.timeline.commits.map(\.hash), "S43",
            "the second run has other blocks", in: &violations)
    }

    private static let bursts = Scenario(
        "S47", "Bursts of transactions on an idle chain cost no view."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 120_000)
        plan.idleInterval = random.within(1_000...5_000)
        plan.load = .none
        plan.load.accounts = 12
        var at: UInt64 = 5_000
        while at < plan.milliseconds {
            plan.faults.append(.scripted(.burst(at: at, transactions: random.within(1...40))))
            at += random.within(100...12_000)
        }
        plan.heals = false
        return plan
    } judge: { outcome, violations in
        outcome.requireNoTimeouts("S47", but: [], in: &violations)
        let given = outcome.timeline.signings.first(where: \.isNullify)
        outcome.require(
            given == nil, "S47", "node \(given?.node ?? 0) gave up view \(given?.view ?? 0)",
            in: &violations)
        // The chain was idle when bursts came, and at work after them.
        let times = outcome.timeline.commits.filter { $0.node == 0 }.map(\.at)
        let gaps = zip(times.dropFirst(), times).map { ($0 - $1) / 1_000_000 }
        outcome.require(
            gaps.contains { $0 >= outcome.plan.idleInterval }
                && gaps.contains { $0 < outcome.plan.idleInterval }, "S47",
            "blocks came \(gaps.min() ?? 0) to \(gaps.max() ?? 0) ms after one another",
            in: &violations)
        outcome.require(
            outcome.included > 20, "S47", "\(outcome.included) transactions", in: &violations)
    }
}

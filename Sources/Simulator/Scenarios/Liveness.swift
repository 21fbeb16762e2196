/// How fast the chain is when little or nothing is wrong.
enum LivenessScenarios {
    static let all = [
        allHonest, leaderCrashed, someCrashed, lossyLinks, slowValidator, exactThirds, distant,
        small,
    ]

    private static let allHonest = Scenario(
        "S01", "All honest: every view is final, nobody times out, finality is three delays."
    ) { random, setting in
        let count = setting.seed % 4 == 3 ? 100 : random.pick([4, 21])
        var plan = setting.plan(
            validators: count, milliseconds: count > 21 ? 6_000 : 30_000)
        plan.blockInterval = 0
        plan.machines.executionMilliseconds = 0
        plan.machines.syncMilliseconds = 1
        plan.load.perSecondThousandths = 4_000
        return plan
    } judge: { outcome, violations in
        let name = "S01"
        outcome.requireNoTimeouts(name, but: [], in: &violations)
        let given = outcome.timeline.signings.first(where: \.isNullify)
        outcome.require(
            given == nil, name, "node \(given?.node ?? 0) gave up view \(given?.view ?? 0)",
            in: &violations)
        // The views of the last three delays are on their way.
        outcome.require(
            outcome.height + 4 >= outcome.views, name,
            "\(outcome.height) heights in \(outcome.views) views", in: &violations)
        let final = Set(outcome.timeline.commits.map(\.view))
        outcome.require(
            final == Set(1...UInt64(max(1, final.count))), name,
            "\(final.count) views up to \(final.max() ?? 0) are final", in: &violations)
        // Between regions the delays are others.
        guard !outcome.plan.hasRegions else { return }
        let latency = outcome.plan.latency
        let start: UInt64 = 1_000_000_000
        let slowest = outcome.timeline.finals.lazy.filter { $0.at > start }.map(\.took).max() ?? 0
        outcome.require(
            slowest <= 3 * latency * 1_200_000, name,
            "finality took \(slowest / 1_000) µs", in: &violations)
        let entries = outcome.lastEntries(of: outcome.honest)
        for (view, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.at > start {
            guard let next = entries[view + 1] else { continue }
            outcome.require(
                next.at - entry.at <= 2 * latency * 1_200_000, name,
                "view \(view) took \((next.at - entry.at) / 1_000) µs", in: &violations)
        }
        let least = (outcome.plan.milliseconds - 1_000) * 10 / (2 * latency * 12)
        outcome.require(
            entries.count >= least, name, "\(entries.count) views of \(least)", in: &violations)
        outcome.require(
            outcome.timeline.finals.count >= Int(least) * outcome.plan.validators, name,
            "\(outcome.timeline.finals.count) times a node saw a block final", in: &violations)
    }

    private static let leaderCrashed = Scenario(
        "S02", "One leader is gone for good: its views cost their timeout, later almost nothing."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 120_000)
        plan.faults = [.dead(node: random.below(plan.validators), from: 10_000)]
        return plan
    } judge: { outcome, violations in
        let name = "S02"
        let plan = outcome.plan
        guard let dead = plan.deadNodes.first else {
            violations.append(Violation("S02", "what the plan wants did not happen"))
            return
        }
        let entries = outcome.lastEntries(of: outcome.honest)
        let died = outcome.timeline.view(of: dead, at: 10_000)
        var early = 0
        var late = 0
        for (view, entry) in entries.sorted(by: { $0.key < $1.key })
        where view > died && entry.leader == dead {
            guard let next = entries[view + 1] else { continue }
            let lost = (next.at - entry.at) / WorldPlan.nanosecondsPerMillisecond
            // Silence begins with the last message, which may be of the view after its last own.
            let isSkipped = view > died + 34
            let most =
                (isSkipped ? 3 * plan.latency : plan.leaderTimeout + plan.latency)
                + plan.machineTime
            if isSkipped { late += 1 } else { early += 1 }
            outcome.require(
                lost <= most, name, "view \(view) of the dead leader cost \(lost) ms of \(most)",
                in: &violations)
        }
        outcome.require(
            early > 4 && late > 10, name, "\(early) and \(late) views of the dead leader",
            in: &violations)
        outcome.requireNoTimeouts(name, but: [dead], in: &violations)
    }

    private static let someCrashed = Scenario(
        "S03", "Less than a third of the power is gone: blocks come slower by that share, no more."
    ) { random, setting in
        let isLarge = setting.seed % 16 == 15
        let count = isLarge ? 100 : random.pick([4, 5, 7, 10, 13, 19])
        var plan = setting.plan(validators: count, milliseconds: isLarge ? 130_000 : 300_000)
        plan.stakes = random.pick(WorldPlan.Stakes.allCases)
        var nodes = Array(0..<plan.validators)
        nodes.shuffle(using: &random)
        for node in nodes {
            var tried = plan
            tried.faults.append(.dead(node: node, from: 30_000))
            if Seating(tried).isTolerable { plan = tried }
        }
        return plan
    } judge: { outcome, violations in
        let name = "S03"
        let plan = outcome.plan
        let powers = Seating(plan).genesisPowers
        let total = powers.reduce(0, +)
        let gone = plan.deadNodes.reduce(0) { $0 + powers[$1] }
        // By then the dead are known: their views cost no timeout any more.
        let end = plan.milliseconds
        guard gone > 0, let before = outcome.timeline.blockTime(from: 2_000, to: 30_000),
            let after = outcome.timeline.blockTime(from: end - 45_000, to: end)
        else {
            violations.append(Violation(name, "no blocks"))
            return
        }
        // A view that is passed over costs 3δ (S02); each of the living has so many before its own.
        let dead = UInt64(plan.deadNodes.count)
        let alive = UInt64(plan.validators) - dead
        let skips = dead * (3 * plan.latency + plan.machineTime) * 1_000 / alive
        let most = before * total / (total - gone) + skips
        outcome.require(
            after <= most, name, "a block takes \(after) µs of \(most), \(before) before",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let lossyLinks = Scenario(
        "S18", "A third of all messages is lost, many come twice or late: views still are final."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 120_000)
        plan.faults = [
            .loss(permille: 300), .duplication(permille: 200), .jitter(3 * plan.latency),
        ]
        return plan
    } judge: { outcome, violations in
        // 0.2 views a second.
        outcome.requireHeights(
            "S18", outcome.plan.milliseconds / 5_000, from: 0, to: outcome.plan.milliseconds,
            in: &violations)
    }

    private static let slowValidator = Scenario(
        "S19", "One slow machine on a narrow line: the others do not notice, and it keeps up."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...10), milliseconds: 120_000)
        let node = random.below(plan.validators)
        plan.faults = [
            .slowNode(node: node, factor: 10),
            .scripted(.slowLink(node: node, milliseconds: 0, megabits: 1)),
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S19"
        let plan = outcome.plan
        let usual = World(plan.faultFree).run()
        guard let with = outcome.timeline.blockTime(from: 2_000, to: plan.milliseconds),
            let without = usual.timeline.blockTime(from: 2_000, to: plan.milliseconds),
            let slow = plan.faults.first?.nodes.first
        else {
            violations.append(Violation(name, "no blocks"))
            return
        }
        outcome.require(
            with * 100 <= without * 105, name, "a block takes \(with) µs instead of \(without)",
            in: &violations)
        let behind =
            outcome.timeline.height(at: plan.milliseconds)
            - outcome.timeline.height(of: slow, at: plan.milliseconds)
        outcome.require(
            behind <= 32 || outcome.nodes[slow].rangesReplayed > 0, name,
            "the slow node is \(behind) behind", in: &violations)
    }

    /// S26: the power that stays is exactly two thirds, or a unit above.
    private static let exactThirds = Scenario(
        "S26", "Exactly two thirds of the power are no quorum; one unit more is one."
    ) { random, setting in
        var plan = setting.plan(validators: 5, milliseconds: 40_000)
        let third: UInt64 = random.within(50...1_000_000)
        // The first has a third; the others share two thirds.
        let parts = UInt64(plan.validators) - 1
        var powers = [third]
        var rest = 2 * third
        for part in 1..<max(parts, 1) {
            let most = rest - (parts - part)
            let power = min(most, random.within(1...max(1, 2 * third / parts)))
            powers.append(power)
            rest -= power
        }
        powers.append(rest)
        if random.chance(500) {
            powers[0] -= 1
            powers[1] += 1
        }
        plan.powers = powers
        plan.faults = [.crash(node: 0, at: 10_000, downMilliseconds: nil)]
        return plan
    } judge: { outcome, violations in
        let name = "S26"
        guard let powers = outcome.plan.powers else {
            violations.append(Violation("S26", "what the plan wants did not happen"))
            return
        }
        let total = powers.reduce(0, +)
        let end = outcome.plan.milliseconds
        if 3 * (total - powers[0]) > 2 * total {
            outcome.requireHeights(name, 10, from: 11_000, to: end, in: &violations)
        } else {
            outcome.requireNoFinality(name, from: 11_000, to: end, in: &violations)
        }
        outcome.requireHeal(name, in: &violations)
    }

    private static let distant = Scenario(
        "S50", "A validator that is 60 ms further away than 39 others keeps its slots."
    ) { random, setting in
        var plan = setting.plan(validators: 40, milliseconds: 32_000, latency: 20)
        plan.heals = false
        plan.blockInterval = 250
        plan.faults = [
            .scripted(
                .slowLink(node: random.below(plan.validators), milliseconds: 60, megabits: nil))
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S50"
        outcome.requireNoTimeouts(name, but: [], in: &violations)
        guard let node = outcome.plan.faults.first?.nodes.first else {
            violations.append(Violation("S50", "what the plan wants did not happen"))
            return
        }
        var led: Set<UInt64> = []
        for entry in outcome.timeline.entries where entry.leader == node {
            led.insert(entry.view)
        }
        let final = Set(outcome.timeline.commits.map(\.view))
        let lost = led.subtracting(final).filter { $0 + 4 < outcome.views }
        outcome.require(led.count >= 2, name, "\(led.count) slots", in: &violations)
        outcome.require(
            lost.isEmpty, name, "it lost the views \(lost.sorted())", in: &violations)
    }

    private static let small = Scenario(
        "S52", "One, two and three validators make blocks, also when one of them starts again."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(1...3), milliseconds: 30_000)
        for node in 0..<plan.validators {
            plan.faults.append(
                .crash(
                    node: node, at: 10_000 + 5_000 * UInt64(node),
                    downMilliseconds: random.within(50...1_000)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S52"
        // Two blocks a second, before anything happens.
        outcome.requireHeights(name, 17, from: 0, to: 10_000, in: &violations)
        outcome.requireNoTimeouts(name, but: [], to: 10_000, in: &violations)
        outcome.requireHeal(name, in: &violations)
    }
}

/// Messages that do not arrive: partitions, links of one way, votes that only some see.
enum PartitionScenarios {
    static let all = [
        selectiveVotes, lateNotarization, skippedView, bothCertificates, goneProposer, halves,
        majority, oddLinks,
    ]

    /// Windows in which half of the honest nodes hear nothing from the other half, which hears all.
    /// A window is longer than the timeouts and shorter than what ends a connection.
    private static let window: UInt64 = 4_000

    private static func windows(
        of plan: WorldPlan, _ random: inout SeededRandom
    ) -> [Fault] {
        let honest = (0..<plan.validators).filter { !plan.isByzantine($0) }
        return stride(from: 5_000, to: plan.milliseconds - 15_000, by: 20_000).map { start in
            let order = honest.shuffled(using: &random)
            let half = honest.count / 2
            return .scripted(
                .cut(
                    from: Array(order[..<half]), to: Array(order[half...]),
                    at: UInt64(start) + random.below(1_000 as UInt64), milliseconds: window))
        }
    }

    /// When each window ends, in milliseconds.
    private static func ends(of plan: WorldPlan) -> [UInt64] {
        plan.faults.compactMap { fault in
            guard case .scripted(.cut(_, _, let at, let length)) = fault else { return nil }
            return at + length
        }
    }

    private static let selectiveVotes = Scenario(
        "S05", "Half of the nodes have a notarization and the others gave up: all leave the view."
    ) { random, setting in
        let count = random.pick([4, 7])
        var plan = setting.plan(validators: count, milliseconds: 120_000)
        if plan.validators >= 7 {
            plan.corrupted = [
                Corruption(node: random.below(plan.validators), behaviour: "withholder")
            ]
        }
        plan.faults = stride(from: 5_000, to: plan.milliseconds - 15_000, by: 20_000).map {
            .scripted(
                .deafHalf(
                    at: UInt64($0) + random.below(1_000 as UInt64), milliseconds: window))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S05"
        let plan = outcome.plan
        let timeline = outcome.timeline
        outcome.require(
            !timeline.deafenings.isEmpty && timeline.deafenings.count == plan.faults.count, name,
            "\(timeline.deafenings.count) views were to be split", in: &violations)
        for split in timeline.deafenings {
            let nullifiers = Set(
                timeline.signings.lazy.filter {
                    $0.isNullify && $0.view == split.view && $0.at <= split.end
                }.map(\.node))
            outcome.require(
                nullifiers == Set(split.deaf), name,
                "\(nullifiers.sorted()) gave up view \(split.view), not \(split.deaf)",
                in: &violations)
            let end = split.end / WorldPlan.nanosecondsPerMillisecond
            // Nobody of them gave it up, and those who did are no quorum: it is notarized.
            for node in split.others {
                let left = timeline.left(split.view, by: node)
                outcome.require(
                    left.map { $0 < end } ?? false, name,
                    "node \(node) has no notarization of view \(split.view)", in: &violations)
            }
            let most = end + plan.retryInterval + 2 * plan.latency + plan.machineTime
            for node in split.deaf {
                let left = timeline.left(split.view, by: node)
                outcome.require(
                    left.map { $0 >= end && $0 <= most } ?? false, name,
                    "node \(node) left view \(split.view) after \(left ?? 0) ms, not from "
                        + "\(end) to \(most)",
                    in: &violations)
            }
        }
    }

    private static let lateNotarization = Scenario(
        "S06", "A node gave up a view that the others notarized: it certifies it and moves on."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 30_000)
        plan.blockInterval = 2_000
        let node = random.below(plan.validators)
        // Whoever has just heard its proposal gives it up after 4 s.
        plan.faults = [
            .scripted(
                .cut(
                    from: plan.allBut(node), to: [node], at: random.within(6_000...10_000),
                    milliseconds: 4_300))
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S06"
        let plan = outcome.plan
        guard case .scripted(.cut(_, let to, let start, let length)) = plan.faults.first,
            let node = to.first
        else {
            violations.append(Violation("S06", "what the plan wants did not happen"))
            return
        }
        let end = start + length
        let view = outcome.timeline.view(of: node, at: end)
        outcome.require(
            outcome.timeline.timeouts.contains { $0.node == node && $0.view == view }, name,
            "node \(node) did not give up view \(view)", in: &violations)
        // No nullification forms: the others do not give it up.
        outcome.require(
            !outcome.timeline.timeouts.contains { $0.node != node && $0.view <= view }, name,
            "another node gave up view \(view)", in: &violations)
        // The next notarization comes within a block interval; a fetch takes up to 2 s.
        let fetch = 2_000 + 2 * plan.latency
        let most =
            end + plan.blockInterval + 2 * plan.latency + fetch + 2 * plan.latency
            + plan.machineTime
        let left = outcome.timeline.left(view, by: node)
        outcome.require(
            left.map { $0 <= most } ?? false, name,
            "node \(node) left view \(view) after \(left ?? 0) ms, not by \(most)",
            in: &violations)
    }

    private static let skippedView = Scenario(
        "S07", "A leader builds over a view that others certified, or the reverse: all go along."
    ) { random, setting in
        var plan = setting.plan(validators: random.pick([4, 7]), milliseconds: 120_000)
        plan.faults = windows(of: plan, &random)
        if setting.seed % 2 == 1 {
            for node in 0..<plan.validators {
                plan.faults.append(.scripted(.bareProposals(node: node)))
            }
        }
        return plan
    } judge: { outcome, violations in
        let name = "S07"
        let plan = outcome.plan
        let isBare = plan.faults.contains {
            if case .scripted(.bareProposals) = $0 { true } else { false }
        }
        for end in ends(of: plan) {
            // The view in which the network is whole again may be lost already.
            let start = end + plan.retryInterval + 2 * plan.latency + plan.machineTime
            let view = outcome.honest.map { outcome.timeline.view(of: $0, at: start) }.max() ?? 0
            let height = outcome.timeline.height(at: end)
            let next = outcome.timeline.commits.first { $0.height > height }
            let most = view + (isBare ? 2 : 1)
            outcome.require(
                next.map { $0.view <= most } ?? false, name,
                "after \(end) ms view \(next?.view ?? 0) is final, not one up to \(most)",
                in: &violations)
        }
        outcome.require(
            !isBare || outcome.timeline.happened > 0, name, "no justification was withheld",
            in: &violations)
    }

    private static let goneProposer = Scenario(
        "S08", "The proposer dies, and two others never saw its block: they fetch it, it is final."
    ) { random, setting in
        var plan = setting.plan(validators: 7, milliseconds: 60_000)
        let order = Array(0..<plan.validators).shuffled(using: &random)
        plan.faults = [
            .scripted(
                .cut(
                    from: [order[0]], to: Array(order[1...2]), at: 0,
                    milliseconds: plan.milliseconds)),
            .scripted(.diesAfterProposal(node: order[0], count: random.within(2...6))),
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S08"
        let plan = outcome.plan
        guard case .scripted(.cut(let from, _, _, _)) = plan.faults.first, let gone = from.first,
            let last = outcome.timeline.proposals.last(where: {
                $0.node == gone && $0.at < plan.milliseconds * 1_000_000
            }), let height = last.height
        else {
            violations.append(Violation(name, "the proposer did not die"))
            return
        }
        let most =
            last.at / 1_000_000 + 3 * plan.latency + 2_000 + 2 * plan.latency + plan.machineTime
        for node in plan.allBut(gone) {
            let commit = outcome.timeline.commits.first {
                $0.node == node && $0.height == height && $0.view == last.view
            }
            let reached = outcome.timeline.finals.first {
                $0.node == node && $0.height == height
            }
            let at = (reached?.at ?? 0) / 1_000_000
            outcome.require(
                commit != nil && reached != nil && at <= most, name,
                "node \(node) had block \(height) final at \(at), not by \(most) ms",
                in: &violations)
        }
    }

    private static let halves = Scenario(
        "S15", "Two halves for ten minutes: nothing is final meanwhile, and all go on after it."
    ) { random, setting in
        var plan = setting.plan(
            validators: random.within(4...7), milliseconds: 605_000,
            latency: random.within(5...100))
        plan.faults = [
            .partition(
                .split(firstGroup: plan.validators / 2), start: 5_000, milliseconds: 600_000)
        ]
        return plan
    } judge: { outcome, violations in
        let end = outcome.plan.milliseconds
        outcome.requireNoFinality("S15", from: 7_000, to: end, in: &violations)
        outcome.requireHeal("S15", in: &violations)
    }

    private static let majority = Scenario(
        "S16", "70 % of the power go on alone; the others catch up when they are back."
    ) { random, setting in
        var plan = setting.plan(validators: 10, milliseconds: 125_000)
        plan.faults = [
            .partition(
                .split(firstGroup: plan.validators * 7 / 10), start: 5_000,
                milliseconds: 120_000)
        ]
        plan.latency = random.within(5...100)
        return plan
    } judge: { outcome, violations in
        let name = "S16"
        let plan = outcome.plan
        let end = plan.milliseconds
        // Every view of the missing costs its timeout for a third of the time at most.
        outcome.requireHeights(name, 60, from: 5_000, to: end, in: &violations)
        // Three missing leaders in a row at most, each for its timeout, which grows by a fifth.
        let times = outcome.timeline.commits.filter { $0.node == 0 && $0.at >= 5_000_000_000 }
            .map { $0.at / WorldPlan.nanosecondsPerMillisecond }.filter { $0 <= end }
        let gap = zip(times.dropFirst(), times).map { $0 - $1 }.max() ?? end
        let most = 3 * 2 * plan.leaderTimeout + plan.blockInterval
        outcome.require(
            gap <= most, name, "nothing was final for \(gap) ms of \(most)", in: &violations)
        let height = outcome.timeline.height(at: end)
        let mine = plan.validators * 7 / 10
        for node in mine..<plan.validators {
            let behind = height - outcome.timeline.height(of: node, at: end)
            let transfer =
                behind * (plan.machines.executionMilliseconds + plan.machines.syncMilliseconds)
            let most = end + 10_000 + transfer
            let reached = outcome.timeline.reached(height, by: node)
            outcome.require(
                reached.map { $0 <= most } ?? false, name,
                "node \(node) had height \(height) at \(reached ?? 0), not by \(most) ms",
                in: &violations)
        }
    }

    private static let oddLinks = Scenario(
        "S17", "Links of one way, links that come and go, rings: slow perhaps, but it goes on."
    ) { random, setting in
        switch setting.seed % 4 {
        case 0: return oneWay(setting, &random)
        case 1: return flapping(setting, &random)
        case 2: return ring(setting, of: 5)
        default: return ring(setting, of: 7)
        }
    } judge: { outcome, violations in
        outcome.requireHeights(
            "S17", 10, from: 0, to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeal("S17", in: &violations)
    }

    /// Each node is not heard by the next one: a quorum hears everybody.
    private static func oneWay(
        _ setting: Scenario.Setting, _ random: inout SeededRandom
    ) -> WorldPlan {
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 120_000)
        plan.faults = (0..<plan.validators).map { node in
            .scripted(
                .cut(
                    from: [node], to: [(node + 1) % plan.validators], at: 5_000,
                    milliseconds: 115_000))
        }
        return plan
    }

    private static func flapping(
        _ setting: Scenario.Setting, _ random: inout SeededRandom
    ) -> WorldPlan {
        var plan = setting.plan(validators: 4, milliseconds: 120_000)
        for from in 0..<plan.validators {
            for to in plan.allBut(from) {
                var at: UInt64 = 5_000 + random.below(2_000 as UInt64)
                while at < plan.milliseconds {
                    let length: UInt64 = random.within(100...2_000)
                    plan.faults.append(
                        .scripted(.cut(from: [from], to: [to], at: at, milliseconds: length)))
                    at += length + random.within(100...4_000)
                }
            }
        }
        return plan
    }

    private static func ring(_ setting: Scenario.Setting, of count: Int) -> WorldPlan {
        var plan = setting.plan(validators: count, milliseconds: 600_000)
        plan.faults = [.partition(.ring, start: 5_000, milliseconds: 595_000)]
        return plan
    }
}

import Consensus

/// Processes that die, disks that fail, records that are lost.
enum CrashScenarios {
    static let all = [
        thirdGone, allNullified, hail, everyStep, failedSync, lostLog, dayWithout,
        betweenRecords, longStretch,
    ]

    private static let hour: UInt64 = 3_600_000

    private static let thirdGone = Scenario(
        "S04", "More than a third of the power is gone for an hour: nothing is final, little sent."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...6), milliseconds: 10_000 + hour)
        plan.load.perSecondThousandths = 100
        let nodes = Array(0..<plan.validators).shuffled(using: &random)
        let gone = (plan.validators + 2) / 3
        plan.faults = nodes.prefix(max(gone, 2)).map {
            .crash(node: $0, at: 10_000, downMilliseconds: nil)
        }
        return plan
    } judge: { outcome, violations in
        let name = "S04"
        let end = outcome.plan.milliseconds
        outcome.requireNoFinality(name, from: 12_000, to: end, in: &violations)
        for (node, seconds) in outcome.timeline.sent.enumerated() {
            let most = seconds.prefix(Int(end / 1_000)).max() ?? 0
            outcome.require(
                most <= 1_000_000, name, "node \(node) sent \(most) bytes in a second",
                in: &violations)
        }
        for node in 0..<outcome.plan.nodes {
            let sizes = outcome.timeline.sizes.filter {
                $0.node == node && $0.at > 15_000_000_000 && $0.at <= end * 1_000_000
            }
            guard let first = sizes.first, let last = sizes.last,
                last.at - first.at >= (end - 150_000) * WorldPlan.nanosecondsPerMillisecond
            else {
                violations.append(Violation(name, "the disk of node \(node) was not measured"))
                continue
            }
            outcome.require(
                last.bytes <= first.bytes + 5_000_000, name,
                "the disk of node \(node) grew from \(first.bytes) to \(last.bytes) bytes "
                    + "in an hour",
                in: &violations)
        }
        outcome.requireHeal(name, in: &violations)
    }

    private static let allNullified = Scenario(
        "S09", "All die when they have given up a view, before anybody hears of it: they go on."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 9_500)
        let all = Array(0..<plan.validators)
        // Nobody hears anybody; whoever had a proposal waits for the longer timeout.
        for node in all {
            plan.faults.append(
                .scripted(
                    .cut(from: [node], to: plan.allBut(node), at: 5_000, milliseconds: 4_500)))
        }
        for node in all {
            plan.faults.append(
                .crash(
                    node: node, at: random.within(8_200...9_400), downMilliseconds: nil))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S09"
        for node in outcome.honest {
            let view = outcome.timeline.view(of: node, at: outcome.plan.milliseconds)
            outcome.require(
                outcome.timeline.signings.contains {
                    $0.node == node && $0.isNullify && $0.view == view
                }, name, "node \(node) did not give up view \(view)", in: &violations)
        }
        outcome.requireHeal(name, in: &violations)
    }

    private static let hail = Scenario(
        "S10", "All are killed at random moments, again and again: each time they go on."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 5_000_000)
        plan.machines.syncMilliseconds = random.within(1...20)
        // Ten seeds make the thousand.
        plan.faults = [.scripted(.hail(count: 100))]
        return plan
    } judge: { outcome, violations in
        outcome.require(
            outcome.timeline.hails == 100, "S10", "\(outcome.timeline.hails) crashes of all",
            in: &violations)
        outcome.requireHeal("S10", in: &violations)
    }

    private static let everyStep = Scenario(
        "S11", "A crash between each pair of steps that make something durable loses nothing."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 30_000)
        plan.blockInterval = 250
        plan.load.perSecondThousandths = 4_000
        plan.epochs = WorldPlan.Epochs(length: 16, seats: 4, overlapPercent: 100)
        let step = Step.allCases[Int(setting.seed) % Step.allCases.count]
        let isRare = [.boundarySynced, .instanceBegun, .stateSynced].contains(step)
        let count = isRare ? random.within(1...2) : random.within(1...12)
        // One node, or all of them, each when it comes there.
        let isAlone = setting.seed / UInt64(Step.allCases.count) % 2 == 0
        for node in 0..<(isAlone ? 1 : plan.validators) {
            plan.faults.append(.crashAt(step, node: node, count: count))
        }
        return plan
    } judge: { outcome, violations in
        outcome.require(
            outcome.crashes >= outcome.plan.faults.count, "S11",
            "\(outcome.crashes) crashes of \(outcome.plan.faults.count)", in: &violations)
        outcome.requireHeal("S11", in: &violations)
    }

    private static let failedSync = Scenario(
        "S13", "A sync fails: the process ends before it sends anything, the others go on."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.faults = [
            .scripted(
                .syncFailure(
                    node: random.below(plan.validators), at: random.within(5_000...10_000)))
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S13"
        guard let node = outcome.plan.faults.first?.nodes.first,
            let end = outcome.timeline.lives.first(where: { $0.kind == .crash })
        else {
            violations.append(Violation(name, "no sync failed"))
            return
        }
        outcome.require(
            outcome.crashes == 1 && end.node == node, name, "\(outcome.crashes) processes ended",
            in: &violations)
        // Nothing leaves it after that moment, and nobody but it loses a view.
        let second = Int(end.at / 1_000_000_000) + 1
        let healed = Int(outcome.plan.milliseconds / 1_000)
        let sent = outcome.timeline.sent[safe: node] ?? []
        let late = sent.prefix(healed).dropFirst(second).reduce(0, +)
        outcome.require(late == 0, name, "it sent \(late) bytes afterwards", in: &violations)
        outcome.requireNoTimeouts(
            name, but: [node], to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeights(
            name, 30, from: 10_000, to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let lostLog = Scenario(
        "S14", "The log is deleted and the signer's record kept: no vote contradicts another."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 40_000)
        let node = random.below(plan.validators)
        plan.faults = [.lostLog(node: node)]
        for _ in 0..<4 {
            plan.faults.append(
                .crash(
                    node: node, at: random.within(2_000...35_000),
                    downMilliseconds: random.within(10...1_500)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S14"
        guard let node = outcome.plan.faults.first?.nodes.first,
            let start = outcome.timeline.lives.last(where: {
                $0.kind == .start && $0.node == node
            })
        else {
            violations.append(Violation("S14", "what the plan wants did not happen"))
            return
        }
        // Some moments may fall into a time when it is down.
        let starts = outcome.timeline.lives.filter {
            $0.kind == .start && $0.node == node && $0.at > 0
        }
        outcome.require(
            outcome.crashes >= 2 && starts.count >= 2, name,
            "\(outcome.crashes) crashes, \(starts.count) new starts", in: &violations)
        outcome.require(
            outcome.timeline.signings.contains { $0.node == node && $0.at > start.at }, name,
            "node \(node) does not vote any more", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let dayWithout = Scenario(
        "S44", "All are off for a day: they go on in the same view, and give up none at once."
    ) { random, setting in
        var plan = setting.plan(
            validators: random.within(4...7), milliseconds: 20_000 + 24 * hour)
        plan.load.perSecondThousandths = 50
        plan.faults = (0..<plan.validators).map {
            .crash(
                node: $0, at: random.within(19_000...19_100), downMilliseconds: nil)
        }
        return plan
    } judge: { outcome, violations in
        let name = "S44"
        guard let healed = outcome.timeline.healedAt else {
            violations.append(Violation("S44", "what the plan wants did not happen"))
            return
        }
        for node in outcome.honest {
            let before = outcome.timeline.view(of: node, at: outcome.plan.milliseconds)
            guard
                let after = outcome.timeline.entries.first(where: {
                    $0.node == node && $0.at >= healed
                })
            else {
                violations.append(Violation(name, "node \(node) is in no view"))
                continue
            }
            outcome.require(
                after.view + 1 >= before && after.view <= before + 1, name,
                "node \(node) was in view \(before) and starts in \(after.view)",
                in: &violations)
        }
        outcome.require(
            outcome.crashes == outcome.plan.validators, name, "\(outcome.crashes) crashes",
            in: &violations)
        outcome.requireNoFinality(
            name, from: 21_000, to: outcome.plan.milliseconds, in: &violations)
        let soonest = healed + outcome.plan.leaderTimeout * 1_000_000
        let early = outcome.timeline.timeouts.filter { $0.at >= healed && $0.at < soonest }
        outcome.require(
            early.isEmpty, name, "\(early.count) views were given up at once", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let betweenRecords = Scenario(
        "S46", "A crash between the signer's record and the log: nobody falls silent in its view."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 20_000)
        let step = random.pick([Step.signerAppended, .signerSynced, .logAppended, .logSynced])
        let count = random.within(3...12)
        for node in 0..<plan.validators {
            plan.faults.append(
                .crashAt(step, node: node, count: count + random.below(2)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S46"
        let plan = outcome.plan
        outcome.require(
            outcome.crashes >= plan.validators, name, "\(outcome.crashes) crashes",
            in: &violations)
        let wait =
            (plan.timing.advanceTimeout + plan.retryInterval + 2 * plan.latency) * 1_000_000
        for start in outcome.timeline.lives where start.kind == .start && start.at > 0 {
            let end = start.at + wait
            guard end < plan.milliseconds * 1_000_000 else { continue }
            let view = outcome.timeline.entries.first {
                $0.node == start.node && $0.at >= start.at
            }?.view
            let isHeard = outcome.timeline.signings.contains {
                $0.node == start.node && $0.at >= start.at && $0.at <= end
            }
            let moves = outcome.timeline.entries.contains {
                $0.node == start.node && $0.at >= start.at && $0.at <= end
                    && $0.view > view ?? .max
            }
            let dies = outcome.timeline.lives.contains {
                $0.kind == .crash && $0.node == start.node && $0.at > start.at && $0.at <= end
            }
            outcome.require(
                isHeard || moves || dies, name, "node \(start.node) is silent", in: &violations)
        }
        outcome.requireHeal(name, in: &violations)
    }

    private static let longStretch = Scenario(
        "S51", "264 views in a row without a block: nothing breaks, also not in a new start."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 9_000_000)
        plan.load.perSecondThousandths = 20
        plan.faults = [
            .scripted(.lostProposals(at: 10_000, milliseconds: plan.milliseconds - 10_000))
        ]
        for node in 0..<plan.validators {
            plan.faults.append(
                .crash(
                    node: node, at: random.within(8_900_000...8_900_500),
                    downMilliseconds: random.within(100...2_000)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S51"
        let end = outcome.plan.milliseconds
        outcome.requireNoFinality(name, from: 11_000, to: end, in: &violations)
        for node in outcome.honest {
            let lost =
                outcome.timeline.view(of: node, at: end)
                - outcome.timeline.view(of: node, at: 11_000)
            outcome.require(
                lost > 264, name, "node \(node) gave up only \(lost) views", in: &violations)
        }
        outcome.requireHeal(name, in: &violations)
    }
}

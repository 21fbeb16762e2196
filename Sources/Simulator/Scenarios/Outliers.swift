/// One node that is not like the others, or leaders that may not lead.
enum OutlierScenarios {
    static let all = [divergent, loneTransaction, jailed]

    private static let divergent = Scenario(
        "S33", "One node executes blocks wrongly: it says so and stops, and nobody else notices."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.load.perSecondThousandths = 4_000
        plan.faults = [
            .scripted(
                .divergence(
                    node: random.below(plan.validators), height: random.within(8...20)))
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S33"
        let end = outcome.plan.milliseconds
        let alarms = outcome.timeline.lives.filter { $0.kind == .alarm }
        guard let node = outcome.plan.divergentNodes.first,
            let alarm = alarms.first(where: { $0.node == node })
        else {
            violations.append(Violation(name, "no alarm"))
            return
        }
        outcome.require(
            alarms.count == 1, name, "\(alarms.count) alarms", in: &violations)
        let vote = outcome.timeline.signings.first {
            $0.node == node && $0.at > alarm.at
                && $0.at <= end * WorldPlan.nanosecondsPerMillisecond
        }
        outcome.require(
            vote == nil, name, "node \(node) votes after its alarm", in: &violations)
        // What is wrong shows in the first block: nothing that rests on it is committed.
        outcome.require(
            alarm.at <= 20_000_000_000, name, "the alarm comes after \(alarm.at) ns",
            in: &violations)
        outcome.requireNoTimeouts(name, of: [node], but: [node], to: end, in: &violations)
        // Three of four views have a block, and the fourth its timeout.
        outcome.requireHeights(name, 30, from: 20_000, to: end, in: &violations)
        // With sound execution it comes back. Bans and penalties are X7.
        outcome.requireHeal(name, in: &violations)
    }

    /// What only one node would include makes it impatient in idle views, for 2n views at most
    /// (consensus.md 2.8); with a silent node its vote is needed. In odd seeds it never comes to
    /// include the transaction.
    private static let loneTransaction = Scenario(
        "S48", "One node has a transaction that no other admits, one is silent: others still lead."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 600_000)
        plan.load = .none
        plan.idleInterval = 5_000
        let nodes = Array(0..<plan.validators).shuffled(using: &random)
        plan.corrupted = [Corruption(node: nodes[0], behaviour: "silent")]
        if setting.seed % 2 == 1 { plan.faults = [.scripted(.unheardProposals(node: nodes[1]))] }
        for start in stride(from: 60_000, to: 500_000, by: 120_000) as StrideTo<UInt64> {
            plan.faults.append(
                .scripted(
                    .privateTransaction(
                        node: nodes[1], at: start + random.below(20_000 as UInt64))))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S48"
        let plan = outcome.plan
        let given = outcome.timeline.privateTransactions
        guard let node = given.first?.node, let silent = plan.corrupted.first?.node else {
            violations.append(Violation(name, "nobody has a transaction of its own"))
            return
        }
        let isUnheard = plan.faults.contains(.scripted(.unheardProposals(node: node)))
        // Its own views are lost where nobody hears its proposals.
        let others = isUnheard ? [silent, node] : [silent]
        let end = plan.milliseconds * WorldPlan.nanosecondsPerMillisecond
        let span = 2 * UInt64(plan.validators)
        for timeout in outcome.timeline.timeouts
        where timeout.at <= end && !others.contains(timeout.leader) {
            let isExcused = given.contains {
                $0.at <= timeout.at && timeout.view <= $0.view + span
            }
            outcome.require(
                isExcused, name,
                "node \(timeout.node) gave up view \(timeout.view) of leader \(timeout.leader)",
                in: &violations)
        }
        outcome.require(
            isUnheard || outcome.included >= given.count, name,
            "\(outcome.included) of \(given.count) transactions are in blocks", in: &violations)
    }

    private static let jailed = Scenario(
        "S49", "All leaders are in jail, or so many that the rest is no quorum: nobody is skipped."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        let nodes = Array(0..<plan.validators).shuffled(using: &random)
        let count = [plan.validators, (plan.validators + 2) / 3, 1][Int(setting.seed % 3)]
        plan.excluded = Set(nodes.prefix(count))
        return plan
    } judge: { outcome, violations in
        let name = "S49"
        let plan = outcome.plan
        let end = plan.milliseconds
        guard !plan.excluded.isEmpty else {
            violations.append(Violation(name, "nobody is in jail"))
            return
        }
        guard 3 * (plan.validators - plan.excluded.count) > 2 * plan.validators else {
            // Blocks as if nobody were: two a second, less what views take.
            outcome.requireNoTimeouts(name, but: [], in: &violations)
            outcome.requireHeights(name, 95, from: 0, to: end, in: &violations)
            outcome.requireHeal(name, in: &violations)
            return
        }
        // So that the rest proves something: one alone is passed over, at the cost of S02.
        let jailed = plan.excluded.sorted()
        let final = Set(outcome.timeline.commits.map(\.view))
        let entries = outcome.lastEntries(of: outcome.honest)
        for (view, entry) in entries where jailed.contains(entry.leader) {
            outcome.require(
                !final.contains(view), name, "node \(entry.leader) in jail led view \(view)",
                in: &violations)
            // In the first view the nodes have yet to find one another.
            guard view > 1, let next = entries[view + 1] else { continue }
            let lost = (next.at - entry.at) / WorldPlan.nanosecondsPerMillisecond
            outcome.require(
                lost <= 3 * plan.latency + plan.machineTime, name,
                "view \(view) of a leader in jail cost \(lost) ms", in: &violations)
        }
        outcome.requireNoTimeouts(name, but: jailed, in: &violations)
        outcome.requireHeal(name, in: &violations)
    }
}

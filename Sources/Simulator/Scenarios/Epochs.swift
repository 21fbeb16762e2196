import Chain

/// Sets that change, boundaries at which something goes wrong, keys whose records are lost.
enum EpochScenarios {
    static let all = [
        freshSets, lastLeaderDies, everyBoundaryStep, longAway, everybodyLeaves, badElection,
        movedKey, lostRecords, upgrade,
    ]

    /// Four seats of many nodes, in epochs of twenty blocks.
    private static func rotating(
        _ setting: Scenario.Setting, of nodes: Int = 12, overlap: UInt64, milliseconds: UInt64
    ) -> WorldPlan {
        var plan = setting.plan(validators: nodes, milliseconds: milliseconds)
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(
            length: 20, seats: min(4, plan.validators), overlapPercent: overlap)
        return plan
    }

    private static let upgrade = Scenario(
        "S40",
        "New rules come at a boundary when four fifths are ready; the old program stops cleanly."
    ) { random, setting in
        let count = max(5, setting.validators ?? random.within(5...7))
        var plan = setting.plan(validators: count, milliseconds: 60_000)
        plan.validators = count
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(
            length: 20, seats: count, overlapPercent: 100)
        plan.upgrade = ScheduledRules(
            firstEpoch: random.within(1...3), lastEpoch: 5,
            oldNodes: [random.below(plan.validators)])
        return plan
    } judge: { outcome, violations in
        let name = "S40"
        let plan = outcome.plan
        guard let upgrade = plan.upgrade, let old = upgrade.oldNodes.first else {
            violations.append(Violation(name, "nothing is scheduled"))
            return
        }
        // Everybody led in the first epoch: who knows the rules is ready by its end.
        let last = boundary(of: upgrade.firstEpoch - 1, plan)
        let end = outcome.timeline.commits.filter { $0.node == old }.map(\.height).max() ?? 0
        outcome.require(
            end == last, name, "the old program ends at \(end) and not at the boundary \(last)",
            in: &violations)
        outcome.require(
            outcome.timeline.happened == 1, name,
            "\(outcome.timeline.happened) nodes stopped", in: &violations)
        let vote = outcome.timeline.signings.first {
            $0.node == old && $0.epoch >= upgrade.firstEpoch
        }
        outcome.require(
            vote == nil, name, "the old program votes under rules that it does not know",
            in: &violations)
        outcome.require(
            outcome.height >= last + 40, name, "only \(outcome.height) heights came",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    /// The last height of an epoch.
    private static func boundary(of epoch: UInt64, _ plan: WorldPlan) -> UInt64 {
        (epoch + 1) * (plan.epochs?.length ?? 0)
    }

    private static let freshSets = Scenario(
        "S20",
        "Sets that share all, two thirds, one third or nothing: the next epoch begins at once."
    ) { random, setting in
        rotating(setting, overlap: [100, 67, 34, 0][Int(setting.seed % 4)], milliseconds: 40_000)
    } judge: { outcome, violations in
        let name = "S20"
        let plan = outcome.plan
        outcome.requireNoTimeouts(name, but: [], to: plan.milliseconds, in: &violations)
        var checked = 0
        for epoch in 0..<outcome.epochs {
            let last = boundary(of: epoch, plan)
            guard let end = outcome.timeline.finals.first(where: { $0.height == last }),
                let first = outcome.timeline.finals.first(where: { $0.height == last + 1 })
            else { continue }
            checked += 1
            // All are connected; the block is known as final three delays after its proposal.
            let most =
                2 * plan.blockInterval + 2 * plan.latency + 3 * plan.latency + plan.machineTime
            let took = (first.at - end.at) / WorldPlan.nanosecondsPerMillisecond
            outcome.require(
                took <= most, name, "epoch \(epoch + 1) begins \(took) ms after the last block",
                in: &violations)
        }
        outcome.require(checked >= 4, name, "\(checked) epochs ended", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let lastLeaderDies = Scenario(
        "S21",
        "Who proposed the last block of an epoch dies, and it is not final: it is shown again."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(
            length: 16, seats: plan.validators, overlapPercent: 100)
        for epoch in [0, 1, 3] as [UInt64] {
            plan.faults.append(
                .scripted(
                    .diesAtBoundary(
                        epoch: epoch, downMilliseconds: random.within(100...6_000))))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S21"
        let plan = outcome.plan
        outcome.require(
            outcome.timeline.happened == 3, name,
            "\(outcome.timeline.happened) boundary blocks were left alone", in: &violations)
        for epoch in [0, 1, 3] as [UInt64] {
            let last = boundary(of: epoch, plan)
            let again = outcome.timeline.proposals.contains {
                $0.epoch == epoch && $0.height == nil
            }
            outcome.require(again, name, "block \(last) was not proposed again", in: &violations)
            let hashes = Set(
                outcome.timeline.commits.lazy.filter { $0.height == last }.map(\.hash))
            outcome.require(
                hashes.count == 1, name, "\(hashes.count) blocks end epoch \(epoch)",
                in: &violations)
        }
        let beyond = outcome.timeline.commits.first {
            $0.height > boundary(of: $0.epoch, plan)
        }
        outcome.require(
            beyond == nil, name, "height \(beyond?.height ?? 0) is beyond its epoch",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let everyBoundaryStep = Scenario(
        "S22", "All nodes die at one step of a boundary: every later epoch begins all the same."
    ) { random, setting in
        var plan = setting.plan(validators: 4, milliseconds: 40_000)
        plan.blockInterval = 250
        let length: UInt64 = 16
        plan.epochs = WorldPlan.Epochs(length: length, seats: 4, overlapPercent: 100)
        let epoch: UInt64 = random.within(1...2)
        let end = length * epoch
        // With the boundary's block, with what is below it while votes are cast for it, and with
        // the next epoch's first.
        let steps: [[(Step, UInt64)]] = [
            [(.blockBuilt, end), (.blockExecuted, end)], [(.blockWritten, end)],
            [(.blockSynced, end)], [(.logAppended, end - 1)], [(.logSynced, end - 1)],
            [(.signerAppended, end - 1)], [(.signerSynced, end - 1)], [(.stateWritten, end)],
            [(.stateSynced, end)], [(.boundarySynced, end)], [(.instanceBegun, end)],
            [(.logSynced, end)], [(.signerSynced, end)], [(.blockSynced, end + 1)],
            [(.stateWritten, end + 1)],
        ]
        for (step, height) in steps[Int(setting.seed) % steps.count] {
            plan.faults.append(.scripted(.crashAtHeight(step, height: height)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S22"
        let plan = outcome.plan
        let deaths = outcome.timeline.lives.filter { $0.kind == .crash }
        outcome.require(
            Set(deaths.map(\.node)) == Set(0..<plan.validators), name,
            "\(deaths.map(\.node)) died", in: &violations)
        var end: UInt64 = 0
        for case .scripted(.crashAtHeight(_, let height)) in plan.faults { end = height }
        outcome.require(
            deaths.allSatisfy { $0.height + 2 >= end && $0.height <= end }, name,
            "they died with the heights \(deaths.map(\.height)) and not around \(end)",
            in: &violations)
        outcome.require(
            outcome.epochs >= 4, name, "epoch \(outcome.epochs) is the last", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let longAway = Scenario(
        "S23", "A node is away for one, two or ten epochs: it walks from boundary to boundary."
    ) { random, setting in
        let away = [1, 2, 10][Int(setting.seed % 3)] as UInt64
        // An epoch of 16 blocks, some of them the missing leader's.
        var plan = setting.plan(validators: 5, milliseconds: 10_000 + away * 9_000 + 30_000)
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(
            length: 16, seats: plan.validators, overlapPercent: 100)
        plan.faults = [
            .crash(
                node: random.below(plan.validators), at: 10_000,
                downMilliseconds: away * 9_000)
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S23"
        let plan = outcome.plan
        guard let node = plan.faults.first?.nodes.first,
            let end = outcome.timeline.lives.first(where: { $0.kind == .crash }),
            let start = outcome.timeline.lives.first(where: {
                $0.kind == .start && $0.at > end.at
            })
        else {
            violations.append(Violation("S23", "what the plan wants did not happen"))
            return
        }
        let back = start.at / WorldPlan.nanosecondsPerMillisecond
        let height = outcome.timeline.height(at: back)
        let length = plan.epochs?.length ?? 1
        let missed = height / length - end.height / length
        outcome.require(
            missed >= (plan.milliseconds - 40_000) / 9_000, name, "\(missed) epochs went by",
            in: &violations)
        let transfer =
            (height - start.height)
            * (plan.machines.executionMilliseconds + plan.machines.syncMilliseconds)
        // One hint for each epoch, at most one a second.
        let most = back + 10_000 + transfer + missed * 1_000
        let reached = outcome.timeline.reached(height, by: node)
        outcome.require(
            reached.map { $0 <= most } ?? false, name,
            "node \(node) had height \(height) at \(reached ?? 0), not by \(most) ms",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    /// Four of sixteen nodes sit in each set from epoch 2 on: the first four are needed again in
    /// epoch 6, when the run is over. Those of the next set are away at the boundary in some seeds,
    /// so that only nodes without a seat have seen its certificate.
    private static let everybodyLeaves = Scenario(
        "S24", "The whole old set is gone as soon as its epoch is over: the next one goes on."
    ) { random, setting in
        var plan = rotating(setting, of: 16, overlap: 0, milliseconds: 34_000)
        plan.epochs?.length = 24
        plan.faults = [
            .scripted(.leavesAtBoundary(epoch: 2)), .scripted(.leavesAtBoundary(epoch: 3)),
        ]
        let joiners = Seating(plan).seats(of: Epoch(3)).map(\.node).shuffled(using: &random)
        for node in joiners.prefix([0, 1, joiners.count][Int(setting.seed % 3)]) {
            plan.faults.append(
                .crash(
                    node: node, at: random.within(14_000...16_000),
                    downMilliseconds: random.within(7_500...8_500)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S24"
        let plan = outcome.plan
        let lives = outcome.timeline.lives
        let unit = WorldPlan.nanosecondsPerMillisecond
        outcome.require(
            plan.leavers.count == 8, name, "\(plan.leavers.count) nodes leave", in: &violations)
        for node in plan.leavers.sorted() {
            let began = lives.last { $0.node == node && $0.kind == .epoch }
            let end = lives.last { $0.node == node }
            outcome.require(
                end?.kind == .crash && end?.at ?? .max <= (began?.at ?? 0) + 1_000 * unit, name,
                "node \(node) did not leave at once and for good", in: &violations)
        }
        for epoch in [3, 4] as [UInt64] {
            guard
                let over = outcome.timeline.finals.first(where: {
                    $0.height == boundary(of: epoch - 1, plan)
                })
            else {
                violations.append(Violation(name, "epoch \(epoch - 1) does not end"))
                continue
            }
            for seat in Seating(plan).seats(of: Epoch(epoch)) {
                let back = lives.last { $0.node == seat.node && $0.kind == .start && $0.at > 0 }
                let missed = plan.epochs.map { $0.length } ?? 0
                let transfer =
                    missed
                    * (plan.machines.executionMilliseconds + plan.machines.syncMilliseconds)
                let most = max(over.at, back?.at ?? 0) + (10_000 + transfer) * unit
                let joined = lives.first {
                    $0.node == seat.node && $0.kind != .crash && $0.epoch >= epoch
                }
                outcome.require(
                    joined.map { $0.at <= most } ?? false, name,
                    "node \(seat.node) began epoch \(epoch) after \((joined?.at ?? 0) / unit) ms, "
                        + "not by \(most / unit)",
                    in: &violations)
            }
        }
        let height = outcome.timeline.height(at: plan.milliseconds)
        outcome.require(
            height > boundary(of: 3, plan), name, "the chain stands at height \(height)",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let badElection = Scenario(
        "S25", "An election yields no set at all: the set before stays, and nothing halts."
    ) { random, setting in
        var plan = rotating(
            setting, overlap: random.pick([100, 67, 34, 0]), milliseconds: 60_000)
        plan.epochs?.hasGarbage = true
        return plan
    } judge: { outcome, violations in
        // Two failed elections at least, of each kind one.
        outcome.require(
            outcome.epochs >= 8, "S25", "only \(outcome.epochs) epochs", in: &violations)
        outcome.requireNoTimeouts(
            "S25", but: [], to: outcome.plan.milliseconds, in: &violations)
        outcome.requireHeal("S25", in: &violations)
    }

    /// A node whose signer's record is gone after a crash.
    private static func losing(
        _ setting: Scenario.Setting, _ random: inout SeededRandom, down: ClosedRange<UInt64>
    ) -> WorldPlan {
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(
            length: 40, seats: plan.validators, overlapPercent: 100)
        let node = random.below(plan.validators)
        plan.faults = [
            .lostSigner(node: node, from: 0),
            .crash(
                node: node, at: random.within(1_000...18_000),
                downMilliseconds: random.within(down)),
        ]
        return plan
    }

    /// Nothing is signed before the next epoch begins, and then it is.
    private static func requireSilence(
        _ name: String, _ outcome: Outcome, in violations: inout [Violation]
    ) {
        guard let node = outcome.plan.faults.first?.nodes.first,
            let end = outcome.timeline.lives.first(where: { $0.kind == .crash })
        else {
            violations.append(Violation(name, "no record was lost"))
            return
        }
        let later = outcome.timeline.signings.filter { $0.node == node && $0.at > end.at }
        outcome.require(
            later.allSatisfy { $0.epoch > end.epoch }, name,
            "node \(node) signed in epoch \(end.epoch)", in: &violations)
        outcome.require(
            !later.isEmpty, name, "node \(node) never votes again", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }

    private static let movedKey = Scenario(
        "S41", "A key comes to a machine without its record: it signs nothing until the next epoch."
    ) { random, setting in
        losing(setting, &random, down: 5_000...8_000)
    } judge: { outcome, violations in
        requireSilence("S41", outcome, in: &violations)
    }

    private static let lostRecords = Scenario(
        "S14b", "Log and record are both deleted: the node is silent until the next epoch."
    ) { random, setting in
        losing(setting, &random, down: 10...500)
    } judge: { outcome, violations in
        requireSilence("S14b", outcome, in: &violations)
    }
}

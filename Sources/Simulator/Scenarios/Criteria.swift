import Chain
import Consensus
import Cryptography

/// What the criteria of several scenarios are made of. Times are in milliseconds.
extension Scenario.Setting {
    /// A plan with 50 ms between any two nodes and one transaction a second, without a fault.
    func plan(validators most: Int, milliseconds: UInt64, latency: UInt64 = 50) -> WorldPlan {
        var plan = WorldPlan(seed: seed, validators: validators ?? most)
        plan.latency = latency
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.milliseconds = milliseconds
        plan.keepsTimeline = true
        return plan
    }
}

extension WorldPlan {
    /// What the machines may add to a step of the protocol: four syncs, an execution and a build,
    /// and the checks of signatures.
    var machineTime: UInt64 {
        4 * machines.syncMilliseconds + 2 * machines.executionMilliseconds + 10
    }

    /// A view that fails because nothing is proposed.
    var leaderTimeout: UInt64 { timing.leaderTimeout }

    /// Without what goes wrong: what a run is compared with.
    var faultFree: WorldPlan {
        var plan = self
        plan.faults = []
        plan.corrupted = []
        plan.heals = false
        return plan
    }

    func allBut(_ node: Int) -> [Int] { (0..<nodes).filter { $0 != node } }
}

extension Outcome {
    /// Progress within H of testing.md 3 after the faults.
    func requireHeal(_ rule: String, in violations: inout [Violation]) {
        guard let healing else { return }
        require(
            healing.took <= healing.bound, rule,
            "progress took \(healing.took) ms of \(healing.bound) after the faults",
            in: &violations)
    }

    /// No height becomes final between two moments.
    func requireNoFinality(
        _ rule: String, from start: UInt64, to end: UInt64, in violations: inout [Violation]
    ) {
        let (before, after) = (timeline.height(at: start), timeline.height(at: end))
        require(
            before == after, rule, "heights \(before + 1)...\(after) became final",
            in: &violations)
    }

    /// Nobody but some nodes gives up a view of another leader than these.
    func requireNoTimeouts(
        _ rule: String, of nodes: [Int] = [], but leaders: [Int], from start: UInt64 = 0,
        to end: UInt64 = .max / 2_000_000,
        in violations: inout [Violation]
    ) {
        let unit = WorldPlan.nanosecondsPerMillisecond
        let wrong = timeline.timeouts.first {
            $0.at >= start * unit && $0.at <= end * unit && !leaders.contains($0.leader)
                && !nodes.contains($0.node)
        }
        guard let wrong else { return }
        violations.append(
            Violation(
                rule,
                "node \(wrong.node) gave up view \(wrong.view) of leader \(wrong.leader) "
                    + "after \(wrong.at / unit) ms"))
    }

    /// At least so many heights more between two moments.
    func requireHeights(
        _ rule: String, _ least: UInt64, from start: UInt64, to end: UInt64,
        in violations: inout [Violation]
    ) {
        let (first, last) = (timeline.height(at: start), timeline.height(at: end))
        let gained = last > first ? last - first : 0
        require(
            gained >= least, rule,
            "\(gained) heights from \(start) to \(end) ms are below \(least)",
            in: &violations)
    }

    /// So many percent of the blocks that the honest leaders alone would have made in the time: of
    /// what the same network makes without a fault, the share of their slots.
    func requireShare(_ rule: String, percent: UInt64, in violations: inout [Violation]) {
        let usual = World(plan.faultFree).run().timeline.height(at: plan.milliseconds)
        let made = timeline.height(at: plan.milliseconds)
        let count = UInt64(plan.validators)
        let slots = count - UInt64(plan.corrupted.count)
        require(
            made * count * 100 >= usual * slots * percent, rule,
            "\(made) blocks are below \(percent) % of \(slots) in \(count) of \(usual)",
            in: &violations)
        require(usual > 0 && !plan.corrupted.isEmpty, rule, "nobody is Byzantine", in: &violations)
    }

    /// Who has the seats of an epoch, in their order: by power, then by key.
    func seats(of epoch: UInt64) -> [Seating.Seat] {
        let cast = Cast(plan)
        return Seating(plan).expectedSeats(of: Epoch(epoch)).sorted { a, b in
            guard a.power == b.power else { return a.power > b.power }
            let keys = [a, b].map { cast.members[$0.node].consensusKey?.bytes ?? [] }
            return keys[0].lexicographicallyPrecedes(keys[1])
        }
    }

    /// The nodes that follow the protocol and are not switched off for good.
    var honest: [Int] {
        let dead = plan.deadNodes
        return (0..<plan.nodes).filter { !plan.isByzantine($0) && !dead.contains($0) }
    }

    /// When the last of some nodes had entered each view of an epoch, in nanoseconds; only views
    /// that all of them entered.
    func lastEntries(of nodes: [Int], epoch: UInt64 = 0) -> [UInt64: (at: UInt64, leader: Int)] {
        var seen: [UInt64: (at: UInt64, leader: Int, count: Int)] = [:]
        for entry in timeline.entries where entry.epoch == epoch && nodes.contains(entry.node) {
            let count = (seen[entry.view]?.count ?? 0) + 1
            seen[entry.view] = (entry.at, entry.leader, count)
        }
        return seen.filter { $0.value.count >= nodes.count }
            .mapValues { (at: $0.at, leader: $0.leader) }
    }
}

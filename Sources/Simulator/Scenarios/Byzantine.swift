import Chain

/// Validators that do what they want: less than a third of the power, and once more than that.
public enum ByzantineScenarios {
    static let all = [equivocation, everyBehaviour, fork, lateProposer]

    // MARK: S27

    private static let equivocation = Scenario(
        "S27",
        "Leaders propose two blocks each, a unit below a third: evidence soon, and blocks go on."
    ) { random, setting in
        let isOne = setting.seed % 2 == 0
        let count = isOne ? random.within(4...8) : random.pick([4, 7, 10])
        var plan = setting.plan(validators: count, milliseconds: 120_000)
        if isOne {
            plan.powers = justBelowThird(of: plan.validators, &random)
            plan.corrupted = [Corruption(node: 0, behaviour: "equivocator")]
        } else {
            let nodes = Array(0..<plan.validators).shuffled(using: &random)
            plan.corrupted = nodes.prefix((plan.validators - 1) / 3).map {
                Corruption(node: $0, behaviour: "equivocator")
            }
        }
        plan.heals = false
        return plan
    } judge: { outcome, violations in
        let name = "S27"
        let plan = outcome.plan
        for offender in plan.corrupted.map(\.node) {
            guard let first = outcome.timeline.proposals.first(where: { $0.node == offender })
            else {
                violations.append(Violation(name, "node \(offender) never led"))
                continue
            }
            let most = first.view + 2 * UInt64(plan.validators)
            let proven = outcome.timeline.convictions.first { $0.node == offender }
            outcome.require(
                proven.map { $0.view <= most } ?? false, name,
                "evidence against node \(offender), which equivocated in view \(first.view), is in "
                    + "the block of view \(proven?.view ?? 0), not by view \(most)",
                in: &violations)
        }
        outcome.requireShare(name, percent: 100, in: &violations)
    }

    /// The first has a unit less than a third of the power; the others share the rest.
    private static func justBelowThird(of count: Int, _ random: inout SeededRandom) -> [UInt64] {
        let most: UInt64 = random.within(1_000...1_000_000)
        var powers = [most]
        var rest = 2 * most + 1
        let parts = UInt64(count) - 1
        for part in 1..<parts {
            let fair = rest / (parts - part + 1)
            let power = random.within(fair / 2...fair)
            powers.append(power)
            rest -= power
        }
        return powers + [rest]
    }

    // MARK: S28

    /// The behaviours of testing.md 2 by number (B18 is unused), with the adversaries of each.
    public static let behaviours: [(number: Int, adversaries: [String])] = [
        (1, ["equivocator"]), (2, ["double-voter"]), (3, ["conflicter"]), (4, ["silent"]),
        (5, ["nullifier"]), (6, ["selective"]),
        (7, ["body-withholder", "withholder", "misnamer", "repeater"]),
        (8, ["reason-withholder", "skipper"]), (9, ["replayer"]), (10, ["reconfigurer"]),
        (11, ["impersonator"]), (12, ["block-forger"]), (13, ["late-proposer"]),
        (14, ["certificate-forger"]), (15, ["resolver-liar"]), (16, ["flooder", "phantom"]),
        (17, ["time-skewer"]), (19, ["range-liar"]), (20, ["twin"]),
    ]

    /// Each alone, then every pair: the seed says which, and so many seeds go through them all.
    public static let combinations: [[Int]] =
        behaviours.indices.map { [$0] }
        + behaviours.indices.flatMap { a in
            behaviours.indices.filter { $0 > a }.map { [a, $0] }
        }

    private static let everyBehaviour = Scenario(
        "S28", "Every Byzantine behaviour, alone and in pairs, costs at most half of the progress."
    ) { random, setting in
        let number = Int(setting.seed % UInt64(combinations.count))
        let round = Int(setting.seed / UInt64(combinations.count))
        let chosen = combinations[number]
        let count = chosen.count == 1 ? random.within(4...7) : random.within(7...9)
        var plan = setting.plan(validators: count, milliseconds: 60_000)
        plan.load.perSecondThousandths = 2_000
        plan.epochs = WorldPlan.Epochs(length: 30, seats: plan.validators, overlapPercent: 100)
        let nodes = Array(0..<plan.validators).shuffled(using: &random)
        plan.corrupted = zip(nodes, chosen).map { node, index in
            let adversaries = behaviours[index].adversaries
            return Corruption(node: node, behaviour: adversaries[round % adversaries.count])
        }
        // Somebody must ask for ranges: liars have their chance.
        plan.followers = 1
        let asker = plan.validators
        let start: UInt64 = random.within(5_000...10_000)
        let down: UInt64 = random.within(22_000...30_000)
        plan.faults = [.crash(node: asker, at: start, downMilliseconds: down)]
        if let liar = plan.corrupted.first(where: { $0.behaviour == "range-liar" })?.node,
            let helper = nodes.last
        {
            // It knows two, and for a while the other one does not answer.
            plan.faults += (0..<plan.validators).filter { $0 != liar && $0 != helper }
                .map { .lastingCut($0, asker) }
            let others = (0..<plan.nodes + 2).filter { $0 != liar && $0 != asker }
            plan.faults.append(
                .scripted(
                    .cut(from: others, to: [asker], at: start + down, milliseconds: 11_000)))
        }
        return plan
    } judge: { outcome, violations in
        let plan = outcome.plan
        outcome.requireShare("S28", percent: 50, in: &violations)
        outcome.requireHeal("S28", in: &violations)
        // An adversary that never had its chance proves nothing.
        for (index, corruption) in plan.corrupted.enumerated() {
            let isTwin = corruption.behaviour == "twin"
            let twins = plan.corrupted[..<index].count { $0.behaviour == "twin" }
            let facts = outcome.nodes[safe: isTwin ? plan.nodes + twins : corruption.node]
            outcome.require(
                (isTwin ? facts?.viewsEntered : facts?.lies) ?? 0 > 0, "S28",
                "the \(corruption.behaviour) \(corruption.node) did nothing wrong",
                in: &violations)
        }
    }

    // MARK: S29

    private static let fork = Scenario(
        "S29", "A third of the power signs for both halves of a network: a fork stops everybody."
    ) { random, setting in
        let count = random.pick([4, 7, 10])
        var plan = setting.plan(validators: count, milliseconds: 60_000)
        plan.isBeyondModel = true
        plan.heals = false
        // All certificates stay, as nullifications do for as long as a stake can be taken.
        plan.logSegmentBytes = 1 << 24
        let twins = (plan.validators + 2) / 3
        plan.corrupted = (0..<twins).map { Corruption(node: $0, behaviour: "twin") }
        // The second runs of the twins are the last endpoints: a run of each on either side.
        let side = twins + (plan.validators - twins) / 2
        plan.faults = [
            .partition(
                .split(firstGroup: side), start: 0, milliseconds: random.within(4_000...15_000))
        ]
        // Whoever stopped starts again, and must not go on.
        for node in twins..<plan.validators {
            plan.faults.append(
                .crash(
                    node: node, at: random.within(40_000...50_000),
                    downMilliseconds: random.within(100...2_000)))
        }
        return plan
    } judge: { outcome, violations in
        let name = "S29"
        let plan = outcome.plan
        outcome.require(
            outcome.expected.contains { $0.rule == "X1" }, name, "there is no fork",
            in: &violations)
        // Whoever sees the fork stops, and may do so before the other half has heard of it: that
        // half goes on, but never both do.
        let halted = outcome.timeline.halts.map(\.node)
        let side =
            plan.faults.compactMap { fault in
                if case .partition(.split(let first), _, _) = fault { first } else { nil }
            }.first ?? 0
        let remaining = outcome.honest.filter { !halted.contains($0) }
        outcome.require(
            !remaining.contains { $0 < side } || !remaining.contains { $0 >= side }, name,
            "\(remaining) go on beside a fork", in: &violations)
        for node in outcome.honest {
            let halts = outcome.timeline.halts.filter { $0.node == node }
            guard let halt = halts.first else { continue }
            outcome.require(
                halts.allSatisfy { Forensics.areLogged($0) }, name,
                "node \(node) has not both certificates in its log", in: &violations)
            // What leaves it last are the two certificates: whoever hears them stops too.
            for other in halt.told where outcome.honest.contains(other) {
                let heard =
                    halt.at + (plan.latency + plan.machineTime)
                    * WorldPlan.nanosecondsPerMillisecond
                outcome.require(
                    outcome.timeline.halts.contains { $0.node == other && $0.at <= heard }, name,
                    "node \(other) goes on though node \(node) told it of the fork",
                    in: &violations)
            }
            let later = outcome.timeline.signings.first { $0.node == node && $0.at > halt.at }
            outcome.require(
                later == nil, name, "node \(node) votes after its halt", in: &violations)
            outcome.require(
                halts.count > 1, name, "node \(node) forgot its halt in a new start",
                in: &violations)
        }
        let culprits = Forensics.culprits(of: outcome.timeline.halts.flatMap(\.logged))
        let seats = outcome.seats(of: 0)
        let power = culprits.reduce(0) { $0 + (seats[safe: Int($1)]?.power ?? 0) }
        let total = seats.reduce(0) { $0 + $1.power }
        outcome.require(
            3 * power >= total, name, "the certificates name \(power) of \(total) as culprits",
            in: &violations)
        let framed = culprits.filter { index in
            !(seats[safe: Int(index)].map { plan.isByzantine($0.node) } ?? false)
        }
        outcome.require(framed.isEmpty, name, "\(framed) are honest", in: &violations)
    }

    // MARK: S45

    private static let lateProposer = Scenario(
        "S45", "A leader proposes as the patience of the others ends: the next honest one heals it."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 120_000)
        plan.corrupted = [
            Corruption(node: random.below(plan.validators), behaviour: "late-proposer")
        ]
        return plan
    } judge: { outcome, violations in
        let name = "S45"
        guard let late = outcome.plan.corrupted.first?.node else {
            violations.append(Violation(name, "nobody is late"))
            return
        }
        let end = outcome.plan.milliseconds
        let entries = outcome.lastEntries(of: outcome.honest)
        let committed = Set(outcome.timeline.commits.map(\.view))
        var splits = 0
        for (view, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.leader == late {
            let votes = outcome.timeline.signings.filter {
                $0.view == view && outcome.honest.contains($0.node)
            }
            guard votes.contains(where: \.isNullify), votes.contains(where: { !$0.isNullify })
            else { continue }
            guard
                let next = entries.filter({ $0.key > view && $0.value.leader != late })
                    .min(by: { $0.key < $1.key }),
                next.value.at + 3_000_000_000 < end * WorldPlan.nanosecondsPerMillisecond
            else { continue }
            splits += 1
            outcome.require(
                committed.contains(next.key), name,
                "view \(view) was split, and view \(next.key) of an honest leader is not final",
                in: &violations)
        }
        outcome.require(splits >= 3, name, "\(splits) views were split", in: &violations)
        outcome.requireHeal(name, in: &violations)
    }
}

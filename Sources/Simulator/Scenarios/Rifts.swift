/// Views that have both a notarization and a nullification (S07).
extension PartitionScenarios {
    /// In odd seeds no proposal has a justification: what it rests on must be asked for.
    static let bothCertificates = Scenario(
        "S07b",
        "One node certified a view that the others gave up, and the next leader builds on either."
    ) { random, setting in
        var plan = setting.plan(validators: random.pick([4, 7]), milliseconds: 120_000)
        for (index, start) in stride(from: 5_000, to: 110_000, by: 15_000).enumerated() {
            plan.faults.append(
                .scripted(
                    .bothCertificates(
                        at: UInt64(start) + random.below(2_000 as UInt64),
                        isReverse: index % 2 == 1)))
        }
        if setting.seed % 2 == 1 {
            for node in 0..<plan.validators {
                plan.faults.append(.scripted(.bareProposals(node: node)))
            }
        }
        return plan
    } judge: { outcome, violations in
        let name = "S07b"
        let plan = outcome.plan
        let isBare = plan.faults.contains {
            if case .scripted(.bareProposals) = $0 { true } else { false }
        }
        let wanted = plan.faults.count { fault in
            if case .scripted(.bothCertificates) = fault { true } else { false }
        }
        let rifts = outcome.timeline.rifts
        outcome.require(
            rifts.count == wanted && rifts.contains(where: \.isReverse), name,
            "\(rifts.count) views of \(wanted) were to have both certificates", in: &violations)
        outcome.require(
            !isBare || outcome.timeline.happened >= wanted, name,
            "\(outcome.timeline.happened) justifications were withheld", in: &violations)
        for rift in rifts { judge(rift, isBare: isBare, name, outcome, in: &violations) }
        outcome.requireHeal(name, in: &violations)
    }

    private static func judge(
        _ rift: Timeline.Rift, isBare: Bool, _ name: String, _ outcome: Outcome,
        in violations: inout [Violation]
    ) {
        let view = rift.view
        let timeline = outcome.timeline
        guard let next = timeline.proposals.first(where: { $0.at > rift.at && $0.view > view })
        else {
            violations.append(Violation(name, "nothing was proposed after view \(view)"))
            return
        }
        // Both certificates are there: only by one of them does a node come into the next view.
        for node in outcome.honest {
            let left = timeline.entries.first { $0.node == node && $0.view > view }
            outcome.require(
                left.map { $0.at <= next.at } ?? false, name,
                "node \(node) is in view \(view) when the next block is proposed", in: &violations)
        }
        outcome.require(
            next.view == view + 1 && (next.parentView == view) == rift.isReverse, name,
            "view \(next.view) builds on \(next.parentView), next to \(view)", in: &violations)
        outcome.require(
            rift.isReverse || !timeline.commits.contains { $0.view == view }, name,
            "view \(view) is final and was passed over", in: &violations)
        let final = timeline.commits.first { $0.view > view }?.view ?? 0
        outcome.require(
            final <= view + (isBare ? 2 : 1) && final > view, name,
            "after view \(view) view \(final) is the next final one", in: &violations)
        guard !isBare else { return }
        for node in outcome.honest {
            let isAccepted = timeline.signings.contains {
                $0.node == node && $0.view == next.view && !$0.isNullify
            }
            outcome.require(
                isAccepted, name, "node \(node) did not accept view \(next.view)", in: &violations)
        }
    }
}

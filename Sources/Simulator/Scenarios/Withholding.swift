/// Leaders that keep one validator from a block which the others have, while nobody can do without
/// that one: less than a third of the power, silent but for this.
enum WithholdingScenarios {
    static let all = [repeated, phantoms]

    /// Of four, three are a quorum.
    private static let repeated = Scenario(
        "repeated",
        "A leader names what it gives to nobody, again and again: others give the block."
    ) { _, setting in
        var plan = setting.plan(validators: 4, milliseconds: 30_000)
        plan.load.perSecondThousandths = 8_000
        plan.corrupted = [
            Corruption(node: Int(setting.seed) % plan.validators, behaviour: "repeater")
        ]
        return plan
    } judge: { outcome, violations in
        outcome.requireShare("repeated", percent: 50, in: &violations)
        outcome.requireHeal("repeated", in: &violations)
        let missing = outcome.honest.reduce(0) { $0 + outcome.nodes[$1].missingTransactions }
        outcome.require(
            missing >= 10, "repeated", "\(missing) transactions were missing", in: &violations)
    }

    /// Most leaders have next to no power, and half and more of the coming views. Three of the four
    /// others and one of them are a quorum; without any of them it takes all four.
    private static let phantoms = Scenario(
        "phantoms", "Leaders vote for blocks that do not exist: what exists is asked for first."
    ) { random, setting in
        var plan = setting.plan(validators: 10, milliseconds: 120_000)
        let nodes = Array(0..<plan.validators).shuffled(using: &random)
        let phantoms = nodes.prefix(plan.validators * 6 / 10)
        plan.powers = (0..<plan.validators).map { phantoms.contains($0) ? 1 : 10 }
        plan.corrupted = phantoms.map { Corruption(node: $0, behaviour: "phantom") }
        // A phantom's view costs a leader's timeout, and they grow where few views are final.
        plan.progressHeights = 4
        return plan
    } judge: { outcome, violations in
        let made = outcome.timeline.height(at: outcome.plan.milliseconds)
        outcome.require(made >= 20, "phantoms", "only \(made) heights", in: &violations)
    }
}

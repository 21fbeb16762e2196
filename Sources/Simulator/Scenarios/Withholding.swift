/// Leaders that keep one validator from a block which the others have, while nobody can do without
/// that one: less than a third of the power, silent but for this.
enum WithholdingScenarios {
    static let all = [repeated]

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
}

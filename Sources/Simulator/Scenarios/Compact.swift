/// Proposals that name their transactions.
enum CompactScenarios {
    /// Messages overtake one another, so that names come before what they name; accounts sign two
    /// transactions for one sequence, so that pools differ; and in every other seed one leader
    /// names what nobody can find.
    static let compact = Scenario(
        "compact", "What a proposal names is found in the pool or asked for, and no view is lost."
    ) { random, setting in
        var plan = setting.plan(validators: random.within(4...7), milliseconds: 60_000)
        plan.wholeBodyBytesMax = 0
        plan.load = WorldPlan.Load(perSecondThousandths: 100_000, accounts: 24)
        plan.faults = [.jitter(150)]
        if setting.seed % 2 == 0 {
            plan.corrupted = [
                Corruption(node: random.below(plan.validators), behaviour: "misnamer")
            ]
        }
        return plan
    } judge: { outcome, violations in
        let name = "compact"
        let honest = outcome.honest.map { outcome.nodes[$0] }
        let named = honest.reduce(0) { $0 + $1.namedTransactions }
        let missing = honest.reduce(0) { $0 + $1.missingTransactions }
        outcome.require(
            missing > 0 && named > 20 * missing, name,
            "\(missing) of \(named) named transactions were missing", in: &violations)
        outcome.requireNoTimeouts(
            name, but: outcome.plan.corrupted.map(\.node), in: &violations)
        outcome.require(
            outcome.included > 2_000, name, "\(outcome.included) transactions were included",
            in: &violations)
        outcome.requireHeal(name, in: &violations)
    }
}

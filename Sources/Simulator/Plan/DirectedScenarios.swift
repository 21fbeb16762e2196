/// Situations that expose one rule each, where in a mixture of faults other rules would make up for
/// it: what the mutation check goes through beside the swarm.
extension ScenarioTable {
    static let directed: [Scenario] = [hailstorm, awayForEpochs, failures, slowNetwork]

    static let hailstorm = Scenario(
        "hailstorm", "Power cuts in quick succession, while syncs are slow and messages get lost."
    ) { _, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = 20
        plan.load = WorldPlan.Load(perSecondThousandths: 2_000)
        plan.faults = [
            .crashes(perMinuteThousandths: 20_000), .slowSyncs(100), .loss(permille: 100),
        ]
        plan.milliseconds = 20_000
        return plan
    }

    static let awayForEpochs = Scenario(
        "away", "Short epochs, lost messages, and a node that is away for several of them."
    ) { _, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 5)
        plan.latency = 20
        plan.blockInterval = 100
        plan.epochs = WorldPlan.Epochs(
            length: 12, seats: plan.validators, overlapPercent: 100)
        plan.faults = [
            .loss(permille: 150),
            .crash(
                node: Int(setting.seed) % plan.validators, at: 2_000,
                downMilliseconds: 12_000),
        ]
        plan.milliseconds = 20_000
        return plan
    }

    static let failures = Scenario(
        "failures", "Many transactions of few accounts, of which many fail."
    ) { _, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.load = WorldPlan.Load(
            perSecondThousandths: 20_000, invalidPermille: 300, accounts: 4)
        plan.milliseconds = 20_000
        return plan
    }

    static let slowNetwork = Scenario(
        "slow", "Messages take four times the timeouts, which must grow until blocks are final."
    ) { random, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = random.within(6_000...8_000)
        plan.heals = false
        plan.milliseconds = 600_000
        return plan
    } judge: { outcome, violations in
        outcome.require(
            outcome.height >= 3, "2.8", "only \(outcome.height) heights in ten minutes",
            in: &violations)
    }
}

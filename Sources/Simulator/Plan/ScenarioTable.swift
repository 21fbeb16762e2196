/// The named scenarios, by subject in `Scenarios`.
public enum ScenarioTable {
    public static let all: [Scenario] =
        [swarm, soak, scale, CompactScenarios.compact] + scenarios + directed
        + WithholdingScenarios.all

    /// Those of testing.md 3, in order.
    public static let scenarios: [Scenario] =
        (LivenessScenarios.all + PartitionScenarios.all + CrashScenarios.all
        + EpochScenarios.all + LoadScenarios.all + ByzantineScenarios.all
        + OutlierScenarios.all)
        .sorted { $0.name < $1.name }

    public static func named(_ name: String) -> Scenario? {
        all.first { $0.name.lowercased() == name.lowercased() }
    }

    /// What runs when no scenario is named.
    public static let swarm = Scenario(
        "swarm", "Whatever goes wrong in any mixture, nodes agree, and go on once it heals."
    ) { _, setting in
        Swarm.plan(seed: setting.seed, validators: setting.validators)
    }

    /// Nodes keep what they need only, so that whoever watches the process sees whether anything
    /// grows that should not.
    private static let soak = Scenario(
        "soak", "A day with restarts: the process does not grow."
    ) { random, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = random.within(10...50)
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.epochs = WorldPlan.Epochs(length: 3_600, seats: plan.validators, overlapPercent: 100)
        plan.faults = [.crashes(perMinuteThousandths: 50), .loss(permille: 10)]
        plan.retainedHeights = 2_000
        plan.milliseconds = 86_400_000
        return plan
    }

    /// The machines of S01, which may be dead or overloaded here.
    private static let scale = Scenario(
        "scale", "How long finality takes: for figures, and asks for nothing but safety."
    ) { _, setting in
        var plan = setting.plan(validators: 21, milliseconds: 30_000)
        plan.blockInterval = 0
        plan.machines.executionMilliseconds = 0
        plan.machines.syncMilliseconds = 1
        plan.load.perSecondThousandths = 4_000
        plan.heals = false
        return plan
    }
}

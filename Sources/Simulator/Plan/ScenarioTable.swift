/// The named scenarios.
public enum ScenarioTable {
    public static let all: [Scenario] =
        [swarm, soak, allHonest, leaderCrashed, halfPartition] + directed

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

    private static let allHonest = Scenario(
        "S01", "All honest: every view is final, nobody times out, finality is three delays."
    ) { random, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = 50
        plan.machines.executionMilliseconds = 0
        plan.machines.syncMilliseconds = 1
        plan.load = WorldPlan.Load(perSecondThousandths: 4_000)
        plan.milliseconds = 30_000
        return plan
    } judge: { outcome, violations in
        outcome.require(
            outcome.timeouts == 0, "S01", "\(outcome.timeouts) timeouts", in: &violations)
        outcome.require(
            outcome.height + 4 >= outcome.views, "S01",
            "\(outcome.height) heights in \(outcome.views) views", in: &violations)
        let finality = outcome.finality.value(permille: 500) / 1_000_000
        outcome.require(
            finality <= 3 * 50 * 6 / 5, "S01", "finality takes \(finality) ms", in: &violations)
    }

    private static let leaderCrashed = Scenario(
        "S02", "One leader is gone for good: its views cost their timeout, later almost nothing."
    ) { random, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = 50
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.faults = [.dead(node: random.below(plan.validators), from: 1_000)]
        plan.milliseconds = 120_000
        return plan
    } judge: { outcome, violations in
        // 120 s of views of 500 ms, every fourth lost, the first eight of those for 1.5 s each.
        let least = outcome.virtualMilliseconds / 500 * 5 / 8
        outcome.require(
            outcome.height >= least, "S02",
            "\(outcome.height) heights are below \(least)", in: &violations)
    }

    private static let halfPartition = Scenario(
        "S15", "Two halves for ten minutes: nothing is final meanwhile, and all go on after it."
    ) { random, setting in
        var plan = WorldPlan(seed: setting.seed, validators: setting.validators ?? 4)
        plan.latency = random.within(5...100)
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.milliseconds = 610_000
        plan.faults = [
            .partition(
                .split(firstGroup: plan.validators / 2), start: 5_000, milliseconds: 605_000)
        ]
        return plan
    } judge: { outcome, violations in
        outcome.require(
            outcome.height < 60, "S15", "\(outcome.height) heights are final", in: &violations)
    }
}

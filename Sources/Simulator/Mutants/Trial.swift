import Chain
import Consensus

/// One way to look for a bug: a seed, and what is wrong with it. Sound code passes every trial.
public struct Trial: Sendable {
    public let name: String
    /// How many seeds are tried before the next trial.
    public let seeds: UInt64
    public let run: @Sendable (UInt64) -> [Violation]

    init(_ name: String, seeds: UInt64, _ run: @escaping @Sendable (UInt64) -> [Violation]) {
        self.name = name
        self.seeds = seeds
        self.run = run
    }

    // MARK: Engines alone

    static let scripts: [Trial] = [
        Trial("straggler", seeds: 1) { _ in TwinScripts.straggler() },
        Trial("selective votes", seeds: 1) { _ in TwinScripts.selectiveVotes() },
        Trial("late notarization", seeds: 1) { _ in TwinScripts.lateNotarization() },
        Trial("fork", seeds: 1) { _ in TwinScripts.fork() },
        Trial("equivocation", seeds: 1) { _ in TwinScripts.equivocation() },
        Trial("forged messages", seeds: 1) { _ in ForgedMessages.violations() },
    ]

    static func twins(_ seeds: UInt64) -> Trial {
        Trial("twins", seeds: seeds) { TwinCampaign.run(TwinCampaign.sample($0)).violations }
    }

    static func sharedGuard(_ seeds: UInt64) -> Trial {
        Trial("twins with one table", seeds: seeds) { TwinScripts.sharedGuard(seed: $0) }
    }

    // MARK: Whole nodes

    static func swarm(_ seeds: UInt64) -> Trial {
        Trial("swarm", seeds: seeds) { seed in
            var plan = Swarm.plan(seed: seed, validators: 4 + Int(seed % 3))
            plan.milliseconds = 20_000
            return World(plan).run().violations
        }
    }

    /// Short epochs, lost messages, and a node that is away for several of them.
    static func epochs(_ seeds: UInt64) -> Trial {
        Trial("epochs", seeds: seeds) { seed in
            var plan = WorldPlan(seed: seed, validators: 5)
            plan.latency = 20
            plan.blockInterval = 100
            plan.epochs = WorldPlan.Epochs(length: 12, seats: 5, overlapPercent: 100)
            plan.faults = [
                .loss(permille: 150),
                .crash(node: Int(seed % 5), at: 2_000, downMilliseconds: 12_000),
            ]
            plan.milliseconds = 20_000
            return World(plan).run().violations
        }
    }

    /// Power cuts in quick succession.
    static func crashes(_ seeds: UInt64) -> Trial {
        Trial("crashes", seeds: seeds) { seed in
            var plan = WorldPlan(seed: seed, validators: 4)
            plan.latency = 20
            plan.load = WorldPlan.Load(perSecondThousandths: 2_000)
            plan.faults = [
                .crashes(perMinuteThousandths: 20_000), .slowSyncs(100), .loss(permille: 100),
            ]
            plan.milliseconds = 20_000
            return World(plan).run().violations
        }
    }

    /// Transactions of which many fail.
    static func load(_ seeds: UInt64) -> Trial {
        Trial("load", seeds: seeds) { seed in
            var plan = WorldPlan(seed: seed, validators: 4)
            plan.load = WorldPlan.Load(
                perSecondThousandths: 20_000, invalidPermille: 300, accounts: 4)
            plan.milliseconds = 20_000
            return World(plan).run().violations
        }
    }

    /// Messages take longer than the timeouts allow at first.
    static func slowNetwork(_ seeds: UInt64) -> Trial {
        Trial("slow network", seeds: seeds) { seed in
            var plan = WorldPlan(seed: seed, validators: 4)
            plan.latency = 1_500
            plan.progressHeights = 3
            plan.milliseconds = 10_000
            return World(plan).run().violations
        }
    }

    static func named(_ scenario: String, seeds: UInt64) -> Trial {
        Trial(scenario, seeds: seeds) { seed in
            guard let chosen = ScenarioTable.named(scenario) else { return [] }
            return chosen.violations(
                of: World(chosen.plan(Scenario.Setting(seed: seed))).run())
        }
    }

    /// Everything, from cheap to dear: what each mutant goes through until it is found.
    public static let all: [Trial] =
        scripts + [
            twins(60), sharedGuard(20), load(2), crashes(6), epochs(6), slowNetwork(1),
            named("S02", seeds: 1), swarm(40), twins(1_000), swarm(1_000),
        ]

    /// What sound code must pass before a mutant's failing means anything.
    public static let baseline: [Trial] =
        scripts + [
            twins(20), sharedGuard(5), load(2), crashes(4), epochs(4), slowNetwork(1),
            named("S02", seeds: 1), swarm(6),
        ]
}

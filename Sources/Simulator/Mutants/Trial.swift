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

    /// Milliseconds each.
    static let scripts: [Trial] = [
        Trial("straggler", seeds: 1) { _ in TwinScripts.straggler() },
        Trial("selective votes", seeds: 1) { _ in TwinScripts.selectiveVotes() },
        Trial("late notarization", seeds: 1) { _ in TwinScripts.lateNotarization() },
        Trial("fork", seeds: 1) { _ in TwinScripts.fork() },
        Trial("equivocation", seeds: 1) { _ in TwinScripts.equivocation() },
        Trial("forged messages", seeds: 1) { _ in ForgedMessages.violations() },
        Trial("damaged logs", seeds: 1) { _ in DamagedLogs.violations() },
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

    static func named(_ scenario: String, seeds: UInt64) -> Trial {
        Trial(scenario, seeds: seeds) { seed in
            guard let chosen = ScenarioTable.named(scenario) else {
                return [Violation("trial", "there is no scenario \(scenario)")]
            }
            return chosen.violations(
                of: World(chosen.plan(Scenario.Setting(seed: seed))).run())
        }
    }

    /// A leader whose blocks are never right, until it sits in jail for that.
    static let flawedBlocks = Trial("flawed blocks", seeds: 4) { seed in
        var plan = WorldPlan(seed: seed, validators: 4)
        plan.milliseconds = 5_000
        plan.blockInterval = 100
        plan.idleInterval = 100
        plan.corrupted = [Corruption(node: 0, behaviour: "block-forger")]
        return World(plan).run().violations
    }

    /// Whole nodes in situations of one kind each: a second or less.
    static let directed: [Trial] = [
        flawedBlocks,
        named("failures", seeds: 2), named("slow", seeds: 2), named("S21", seeds: 2),
        named("hailstorm", seeds: 6), named("away", seeds: 6), named("S02", seeds: 1),
        named("S08", seeds: 1), named("S17", seeds: 2), named("S33", seeds: 1),
        named("S49", seeds: 3), named("repeated", seeds: 2),
    ]

    /// Everything, from cheap to dear: what each mutant goes through until it is found.
    public static let all: [Trial] =
        scripts + [twins(60), sharedGuard(20)] + directed
        + [swarm(40), twins(1_000), swarm(1_000)]

    /// What sound code must pass before a mutant's failing means anything.
    public static let baseline: [Trial] =
        scripts + [twins(60), sharedGuard(20)] + directed + [swarm(6)]

    public static func named(_ name: String) -> Trial? { all.first { $0.name == name } }
}

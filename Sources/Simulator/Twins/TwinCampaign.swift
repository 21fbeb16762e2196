import Chain
import Consensus
import Cryptography

/// Many scenarios, and what came of them.
public struct TwinTotals: Sendable {
    /// Scenarios that are covered.
    public var scenarios: UInt64 = 0
    /// Phases that were run for them: scenarios share how they begin, and those that reach the same
    /// state what follows.
    public var phases: UInt64 = 0
    public var inputs: UInt64 = 0
    /// Different states at the ends of the phases.
    public var states: UInt64 = 0
    public var finalizedViews: UInt64 = 0
    /// With the text that repeats the scenario.
    public var violations: [(scenario: String, violation: Violation)] = []

    public init() {}

    public mutating func add(_ other: TwinTotals) {
        scenarios += other.scenarios
        phases += other.phases
        inputs += other.inputs
        states += other.states
        finalizedViews += other.finalizedViews
        violations += other.violations
    }

    mutating func add(_ outcome: TwinOutcome, of scenario: String) {
        inputs += UInt64(outcome.inputs)
        finalizedViews += UInt64(outcome.finalizedViews)
        violations += outcome.violations.map { (scenario, $0) }
    }
}

/// The campaigns of testing.md 1 (4).
public enum TwinCampaign {
    /// Which partitions of the five endpoints a view may have.
    public enum Width: Sendable {
        /// All 52.
        case all
        /// The 16 into at most two groups, and the one in which everybody is alone: what a group
        /// without a quorum is split into decides little, since none can form a certificate.
        case halves

        public var partitions: [[UInt8]] {
            let all = SetPartitions.all(of: 5)
            switch self {
            case .all: return all
            case .halves: return all.filter { $0.allSatisfy { $0 <= 1 } || $0[4] == 4 }
            }
        }
    }

    /// One of the cases that the exhaustive campaign is made of: four validators of equal power, of
    /// which one is twinned. The honest ones differ in nothing but their names, so what matters of
    /// the order of leaders is where the twinned one stands in it; and the two runs of its key
    /// differ in nothing but their names.
    public struct Case: Sendable, CustomStringConvertible {
        public let width: Width
        public let views: Int
        /// The view of the first four that the twinned validator leads.
        public let twinLeads: Int
        /// Messages across a partition come late instead of never.
        public let isLate: Bool

        public init(width: Width, views: Int, twinLeads: Int, isLate: Bool) {
            self.width = width
            self.views = views
            self.twinLeads = twinLeads
            self.isLate = isLate
        }

        public var description: String {
            "\(width.partitions.count) partitions × \(views) views, twin leads \(twinLeads), "
                + "messages across \(isLate ? "late" : "lost")"
        }
    }

    /// For one width and number of views.
    public static func cases(width: Width, views: Int) -> [Case] {
        [false, true].flatMap { isLate in
            (1...4).map { Case(width: width, views: views, twinLeads: $0, isLate: isLate) }
        }
    }

    /// What `--twins exhaustive` covers: every partition over two views, and the 17 over four.
    public static let cases = cases(width: .all, views: 2) + cases(width: .halves, views: 4)

    /// Every sequence of partitions of the five endpoints in one case.
    ///
    /// - Parameters:
    ///   - stride: takes only every so many-th partition: a slice, for a quick test.
    ///   - progress: is told what there is so far, now and then.
    public static func exhaust(
        _ which: Case, stride: Int = 1, progress: @escaping (TwinTotals) -> Void = { _ in }
    ) -> TwinTotals {
        let partitions = which.width.partitions.enumerated()
            .filter { $0.offset % stride == 0 }.map(\.element)
        var exhaustion = TwinExhaustion(which, partitions: partitions, progress: progress)
        exhaustion.run()
        return exhaustion.totals
    }

    /// A drawn scenario: 4 to 7 validators of various powers, one twinned or two where their power
    /// is less than a third, up to ten views, messages in any order, some lost, some machines
    /// restarted.
    public static func sample(_ seed: UInt64) -> TwinScenario {
        var random = SeededRandom(seed: seed)
        let count = random.within(4...7)
        let powers: [UInt64] =
            switch random.below(3) {
            case 0: [UInt64](repeating: 1, count: count)
            case 1: (0..<count).map { 2_520 / UInt64($0 + 1) }
            default: (0..<count).map { _ in random.within(1...100) }
            }
        let set = TwinScenario.validators(powers: powers)
        let sorted = set.validators.map(\.power)
        var twinned: [UInt16] = []
        var power: UInt64 = 0
        for _ in 0..<random.within(1...2) {
            let index = random.below(count)
            guard !twinned.contains(UInt16(index)), 3 * (power + sorted[index]) < set.totalPower
            else { continue }
            twinned.append(UInt16(index))
            power += sorted[index]
        }
        let instance = TwinScenario.instance(of: set, number: random.below(1 << 32))
        let groups = random.within(1...3)
        let partitions = (0..<random.within(1...10)).map { _ in
            (0..<count + twinned.count).map { _ in UInt8(random.below(groups)) }
        }
        var scenario = TwinScenario(
            instance: instance, twinned: twinned, partitions: partitions)
        scenario.isLate = random.chance(300)
        scenario.sharesGuard = random.chance(200)
        scenario.loss = random.chance(500) ? random.within(0...300) : 0
        scenario.restarts = random.chance(300) ? random.within(0...200) : 0
        scenario.seed = seed
        return scenario
    }

    public static func run(_ scenario: TwinScenario) -> TwinOutcome {
        var run = TwinRun(scenario)
        return run.run()
    }

    public static func sample(seeds: Range<UInt64>) -> TwinTotals {
        var totals = TwinTotals()
        for seed in seeds {
            let scenario = sample(seed)
            totals.scenarios += 1
            totals.phases += UInt64(scenario.partitions.count)
            totals.add(run(scenario), of: "seed \(seed)")
        }
        return totals
    }

    /// More than a third twinned: two of four, and a partition under which each half has a quorum.
    /// A sound checker finds the fork, and the engines report it (S29).
    public static func fork() -> TwinOutcome {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        let instance = TwinScenario.instance(of: set, leaders: [0, 1, 2, 3])
        // Endpoints 0, 1 and 4, 5 are the runs of the twinned; 2 and 3 are honest.
        let scenario = TwinScenario(
            instance: instance, twinned: [0, 1], partitions: [[0, 0, 0, 1, 1, 1]])
        return run(scenario)
    }
}

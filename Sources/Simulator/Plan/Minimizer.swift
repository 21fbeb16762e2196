/// Makes a failing plan smaller while it still fails: fewer faults, adversaries and nodes, less
/// time and load.
public struct Minimizer: Sendable {
    /// What may be left out of a plan, as the command line has it too.
    public enum Reduction: Hashable, Sendable {
        case without(fault: String)
        case honest(node: Int)
        case validators(Int)
        case milliseconds(UInt64)
        case noLoad
        case noEpochs
        case noFollowers
        case equalStakes

        /// The option that does the same in a replay.
        public var option: String {
            switch self {
            case .without(let fault): "--without \(fault)"
            case .honest(let node): "--honest \(node)"
            case .validators(let count): "--validators \(count)"
            case .milliseconds(let time): "--milliseconds \(time)"
            case .noLoad: "--without load"
            case .noEpochs: "--without epochs"
            case .noFollowers: "--without followers"
            case .equalStakes: "--without stakes"
            }
        }
    }

    public let original: WorldPlan
    public private(set) var plan: WorldPlan
    public private(set) var reductions: [Reduction] = []
    public private(set) var runs = 0
    /// The rule that must stay broken.
    public let rule: String

    private let fails: @Sendable (WorldPlan) -> [Violation]

    /// - Parameter fails: runs a plan and says what is wrong with its outcome.
    /// - Returns: nil if the plan does not fail.
    public init?(
        _ plan: WorldPlan,
        fails: @escaping @Sendable (WorldPlan) -> [Violation] = { World($0).run().violations }
    ) {
        guard let first = fails(plan).first else { return nil }
        original = plan
        self.plan = plan
        rule = first.rule
        self.fails = fails
    }

    /// Leaves out whatever can be left out, until nothing more can.
    public mutating func run() {
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for reduction in candidates where attempt(reduction) { isSmaller = true }
        }
    }

    private var candidates: [Reduction] {
        var candidates: [Reduction] = [.noLoad, .noEpochs, .noFollowers, .equalStakes]
        var names: [String] = []
        for fault in plan.faults where !names.contains(fault.name) { names.append(fault.name) }
        candidates += names.map { .without(fault: $0) }
        candidates += plan.corrupted.map { .honest(node: $0.node) }
        for count in [4, plan.validators / 2, plan.validators - 1]
        where count >= 1 && count < plan.validators {
            candidates.append(.validators(count))
        }
        for share in [1, 2, 3] as [UInt64] {
            candidates.append(.milliseconds(plan.milliseconds * share / 4))
        }
        return candidates
    }

    private mutating func attempt(_ reduction: Reduction) -> Bool {
        let smaller = Minimizer.apply(reduction, to: plan)
        guard Minimizer.describe(smaller) != Minimizer.describe(plan) else { return false }
        if case .milliseconds(let time) = reduction {
            guard time >= 1_000, time < plan.milliseconds else { return false }
        }
        runs += 1
        guard fails(smaller).contains(where: { $0.rule == rule }) else { return false }
        plan = smaller
        reductions.append(reduction)
        return true
    }

    /// A plan without something.
    public static func apply(_ reduction: Reduction, to plan: WorldPlan) -> WorldPlan {
        var plan = plan
        switch reduction {
        case .without(let fault): plan.faults.removeAll { $0.name == fault }
        case .honest(let node): plan.corrupted.removeAll { $0.node == node }
        case .validators(let count):
            plan.validators = count
            plan.corrupted.removeAll { $0.node >= count }
            plan.faults.removeAll { $0.nodes.contains { $0 >= count } }
            if let seats = plan.epochs?.seats { plan.epochs?.seats = min(seats, count) }
        case .milliseconds(let time): plan.milliseconds = time
        case .noLoad: plan.load = .none
        case .noEpochs: plan.epochs = nil
        case .noFollowers: plan.followers = 0
        case .equalStakes: plan.stakes = .equal
        }
        return plan
    }

    /// What a plan is made of, for a reader.
    public static func describe(_ plan: WorldPlan) -> String {
        var lines = [
            "seed \(plan.seed), \(plan.validators) validators, \(plan.followers) followers, "
                + "stakes \(plan.stakes), \(plan.milliseconds) ms",
            "latency \(plan.latency) ms, interval \(plan.blockInterval) ms, "
                + "idle \(plan.idleInterval) ms, repeat \(plan.retryInterval) ms",
            "load \(plan.load.perSecondThousandths) per 1,000 s",
        ]
        if let epochs = plan.epochs {
            lines.append(
                "epochs of \(epochs.length), \(epochs.seats) seats, "
                    + "overlap \(epochs.overlapPercent) %"
                    + (epochs.hasGarbage ? ", elections fail" : ""))
        }
        lines += plan.faults.map { "fault \($0)" }
        lines += plan.corrupted.map { "node \($0.node) is a \($0.behaviour)" }
        return lines.joined(separator: "\n")
    }
}

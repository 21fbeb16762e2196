/// A named simulation: what happens, and what must come out of it beside the rules that hold for
/// all (testing.md 3).
///
/// One entry in `ScenarioTable` for each; a seed varies what the plan leaves to chance.
public struct Scenario: Sendable {
    /// As in testing.md: `S15`.
    public let name: String
    /// What it proves, in one sentence.
    public let title: String
    private let makePlan: @Sendable (inout SeededRandom, Setting) -> WorldPlan
    private let judgeOutcome: @Sendable (Outcome, inout [Violation]) -> Void

    /// What whoever runs a scenario may choose.
    public struct Setting: Sendable {
        public var seed: UInt64
        /// nil: what the scenario thinks best.
        public var validators: Int?

        public init(seed: UInt64, validators: Int? = nil) {
            self.seed = seed
            self.validators = validators
        }
    }

    /// - Parameters:
    ///   - plan: makes the plan of a seed.
    ///   - judge: adds a violation for each criterion that is not met.
    public init(
        _ name: String, _ title: String,
        plan: @escaping @Sendable (inout SeededRandom, Setting) -> WorldPlan,
        judge: @escaping @Sendable (Outcome, inout [Violation]) -> Void = { _, _ in }
    ) {
        self.name = name
        self.title = title
        makePlan = plan
        judgeOutcome = judge
    }

    public func plan(_ setting: Setting) -> WorldPlan {
        var random = SeededRandom(seed: setting.seed, purpose: name)
        return makePlan(&random, setting)
    }

    /// What is wrong with an outcome: the rules for all, and this scenario's own criterion.
    public func violations(of outcome: Outcome) -> [Violation] {
        var violations = outcome.violations
        judgeOutcome(outcome, &violations)
        return violations
    }
}

extension Outcome {
    /// A line for a criterion that is not met.
    public func require(
        _ isMet: Bool, _ rule: String, _ detail: @autoclosure () -> String,
        in violations: inout [Violation]
    ) {
        if !isMet { violations.append(Violation(rule, detail())) }
    }
}

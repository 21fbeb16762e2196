import Simulator
import Testing

@Suite struct ScenarioTests {
    /// Left to `Tools/simulate --scenario`: each needs seconds to minutes in a debug build.
    private static let slow: [String: String] = [
        "S01": "21 nodes in some seeds",
        "S03": "five minutes of up to 19 nodes, twice",
        "S04": "an hour of silence",
        "S10": "a hundred crashes of all nodes",
        "S15": "ten minutes of two halves",
        "S16": "two minutes of ten nodes",
        "S17": "ten minutes of a ring",
        "S19": "two minutes, twice",
        "S20": "twelve nodes",
        "S23": "ten epochs in some seeds",
        "S25": "a minute of twelve nodes",
        "S31": "an hour of full blocks",
        "S50": "40 nodes",
        "S51": "two hours and a half without a block",
    ]

    private static let quick = ScenarioTable.scenarios.map(\.name).filter { slow[$0] == nil }

    @Test(arguments: quick)
    func `a scenario meets its criterion`(name: String) throws {
        let scenario = try #require(ScenarioTable.named(name))
        let outcome = World(scenario.plan(Scenario.Setting(seed: 1))).run()
        let violations = scenario.violations(of: outcome)
        #expect(violations.isEmpty, "\(name): \(violations)")
    }

    @Test func `each scenario has a name of its own and says what it proves`() {
        let names = ScenarioTable.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(ScenarioTable.all.allSatisfy { $0.title.hasSuffix(".") })
        #expect(ScenarioTests.slow.keys.allSatisfy { names.contains($0) })
    }

    /// A criterion that nothing can break proves nothing.
    @Test(
        arguments: [
            ("S02", "S18"), ("S06", "S18"), ("S13", "S18"), ("S47", "S18"), ("S32", "S18"),
            ("S05", "S52"), ("S08", "S52"), ("S09", "S52"), ("S34", "S18"), ("S46", "S52"),
        ])
    func `a criterion fails on a run of another scenario`(name: String, other: String) throws {
        let scenario = try #require(ScenarioTable.named(name))
        let wrong = try #require(ScenarioTable.named(other))
        var plan = wrong.plan(Scenario.Setting(seed: 1))
        plan.milliseconds = min(plan.milliseconds, 20_000)
        plan.validators = max(plan.validators, 4)
        let outcome = World(plan).run()
        let own = scenario.violations(of: outcome)
        #expect(own.contains { $0.rule == name }, "\(name) accepts a run of \(other)")
    }
}

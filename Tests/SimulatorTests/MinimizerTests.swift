import Simulator
import Testing

@Suite struct MinimizerTests {
    private func plan() -> WorldPlan {
        var plan = WorldPlan(seed: 1, validators: 7)
        plan.faults = [.loss(permille: 100), .crashes(perMinuteThousandths: 1_000), .jitter(5)]
        plan.corrupted = [Corruption(node: 3, behaviour: "twin")]
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        return plan
    }

    @Test func `what a failure does not need is left out`() throws {
        // Stands for a bug that crashes on five nodes bring out after ten seconds.
        let minimizer = Minimizer(plan()) { plan in
            let crashes = plan.faults.contains { $0.name == "crashes" }
            let isFailing = crashes && plan.validators >= 5 && plan.milliseconds >= 10_000
            return isFailing ? [Violation("X1", "")] : []
        }
        var shrinking = try #require(minimizer)
        shrinking.run()
        #expect(shrinking.plan.faults == [.crashes(perMinuteThousandths: 1_000)])
        #expect(shrinking.plan.corrupted.isEmpty)
        #expect(shrinking.plan.validators == 5)
        #expect(shrinking.plan.milliseconds < 20_000)
        #expect(shrinking.reductions.map(\.option).contains("--without loss"))
    }

    @Test func `a failure that turns into another is not followed`() throws {
        let minimizer = Minimizer(plan()) { plan in
            [Violation(plan.faults.count == 3 ? "X1" : "X8", "")]
        }
        var shrinking = try #require(minimizer)
        shrinking.run()
        #expect(shrinking.plan.faults.count == 3)
    }

    @Test func `a plan that does not fail has no minimum`() {
        #expect(Minimizer(plan(), fails: { _ in [] }).map(\.rule) == nil)
    }
}

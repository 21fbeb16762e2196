import Simulator
import Testing

@Suite struct WorldTests {
    private func plan(_ seed: UInt64, milliseconds: UInt64) -> WorldPlan {
        var plan = Swarm.plan(seed: seed)
        plan.milliseconds = milliseconds
        plan.progressHeights = 3
        return plan
    }

    /// Two seconds of faults each, so that the whole is short; `Tools/simulate` runs the rest.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `X8 faulty networks agree, and go on once they heal`(seed: UInt64) {
        let outcome = World(plan(seed, milliseconds: 2_000)).run()
        #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
    }

    /// The rule must be able to fail: two of four are no quorum.
    @Test func `X8 a network that cannot go on is found`() {
        var plan = WorldPlan(seed: 1, validators: 4)
        plan.faults = [.dead(node: 0, from: 500), .dead(node: 1, from: 500)]
        plan.milliseconds = 1_000
        #expect(World(plan).run().violations.map(\.rule) == ["X8"])
    }

    /// A Byzantine third one may keep what it hears to itself, as with seed 108,699.
    @Test func `two that are cut for good have an honest third one`() {
        var cuts = 0
        for seed in 1...5_000 as ClosedRange<UInt64> {
            let plan = Swarm.plan(seed: seed)
            for case .lastingCut(let a, let b) in plan.faults {
                cuts += 1
                let third = (0..<plan.validators).contains {
                    $0 != a && $0 != b && !plan.isByzantine($0) && !plan.deadNodes.contains($0)
                }
                #expect(third, "seed \(seed)")
            }
        }
        #expect(cuts > 100)
    }

    /// Seeds that broke a rule once: 6 and 25 by a crash between two commits of one certificate.
    @Test(arguments: [6, 25] as [UInt64])
    func `a seed that once failed holds`(seed: UInt64) {
        let outcome = World(Swarm.plan(seed: seed)).run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
    }

    @Test(arguments: [1, 7, 99] as [UInt64])
    func `I22 SEC-17 S43 the same seed gives the same trace twice`(seed: UInt64) {
        let first = World(plan(seed, milliseconds: 3_000)).run()
        let second = World(plan(seed, milliseconds: 3_000)).run()
        #expect(first.trace.digest == second.trace.digest)
        #expect(first.events == second.events)
        #expect(first.events > 500)
    }

    @Test func `different seeds give different traces`() {
        let first = World(plan(1, milliseconds: 1_000)).run()
        let second = World(plan(2, milliseconds: 1_000)).run()
        #expect(first.trace.digest != second.trace.digest)
    }

    @Test func `transactions of clients end up in blocks, once`() {
        var plan = WorldPlan(seed: 3, validators: 4)
        plan.load = WorldPlan.Load(perSecondThousandths: 5_000, invalidPermille: 300)
        plan.milliseconds = 10_000
        let outcome = World(plan).run()
        #expect(outcome.violations.isEmpty)
        #expect(outcome.submitted > 30)
        #expect(outcome.included > 15)
        #expect(outcome.included <= outcome.admitted)
    }

    @Test(arguments: Step.allCases)
    func `SEC-09 S11 a node killed at any step starts again and goes on`(step: Step) {
        var plan = WorldPlan(seed: 1, validators: 4)
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.faults = [.crashAt(step, node: 1, count: 2)]
        plan.milliseconds = 3_000
        plan.progressHeights = 3
        let outcome = World(plan).run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
        switch step {
        case .logAppended, .logSynced, .signerAppended, .signerSynced, .blockWritten,
            .blockSynced, .blockExecuted, .stateWritten, .messageSent:
            #expect(outcome.crashes == 1)
        case .blockBuilt, .stateSynced, .boundarySynced, .instanceBegun:
            // A step that three seconds do not bring to every node twice.
            #expect(outcome.crashes <= 1)
        }
    }
}

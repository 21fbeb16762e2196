import Consensus
import Simulator
import Testing

@Suite struct WorldTests {
    /// A thousand networks in twenty runs, so that the cores share them.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a thousand faulty networks agree, and go on once they heal`(block: UInt64) {
        for seed in block * 50 + 1...block * 50 + 50 {
            var world = World(seed: seed)
            let outcome = world.run()
            #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
        }
    }

    /// Seeds that broke a rule once.
    @Test(arguments: [4, 6, 8, 46, 48, 13_073, 13_633] as [UInt64])
    func `a seed that once failed holds`(seed: UInt64) {
        var world = World(seed: seed)
        let outcome = world.run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
    }

    @Test(arguments: [1, 7, 99] as [UInt64])
    func `the same seed gives the same trace twice`(seed: UInt64) {
        var first = World(seed: seed)
        var second = World(seed: seed)
        let other = first.run()
        let outcome = second.run()
        #expect(outcome.trace.digest == other.trace.digest)
        #expect(outcome.events == other.events)
        #expect(outcome.events > 100)
    }

    @Test func `different seeds give different traces`() {
        var first = World(seed: 1)
        var second = World(seed: 2)
        #expect(first.run().trace.digest != second.run().trace.digest)
    }

    @Test(arguments: 1...7)
    func `S01 without faults every view is final and nobody times out`(validators: Int) {
        var random = SeededRandom(seed: UInt64(validators))
        var scenario = Scenario(random: &random, validators: validators)
        scenario.makeFaultless()
        var world = World(seed: 1, scenario: scenario, random: random, keepsTrace: true)
        let outcome = world.run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
        #expect(outcome.views >= 10)
        #expect(outcome.finalizedViews + 3 >= Int(outcome.views))
        #expect(!outcome.trace.lines.contains { $0.contains("sign nullify") })
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `S47 bursts of transactions on an idle chain cost no view`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var scenario = Scenario(random: &random, validators: 4)
        scenario.makeFaultless()
        scenario.timing.blockInterval = 100
        scenario.timing.idleInterval = 2_000
        scenario.workInterval = 700 * seed
        scenario.sharesWork = true
        scenario.faultEvents = 3_000
        var world = World(seed: seed, scenario: scenario, random: random, keepsTrace: true)
        let outcome = world.run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
        #expect(!outcome.trace.lines.contains { $0.contains("sign nullify") })
        #expect(outcome.views >= 10)
    }
}

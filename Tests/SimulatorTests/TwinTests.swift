import Chain
import Consensus
import Testing

@testable import Simulator

/// B20 and layer 4 of the tests: validators that run twice with one key (S30).
@Suite struct TwinTests {
    @Test(arguments: [(1, 1), (2, 2), (3, 5), (4, 15), (5, 52)])
    func `a set has as many partitions as Bell's number`(_ count: Int, _ partitions: Int) {
        let all = SetPartitions.all(of: count)
        #expect(all.count == partitions)
        #expect(Set(all).count == partitions)
    }

    @Test func `S30 B20 a slice of the exhaustive campaign keeps every rule`() {
        for isLate in [false, true] {
            let which = TwinCampaign.Case(width: .halves, views: 3, twinLeads: 2, isLate: isLate)
            let totals = TwinCampaign.exhaust(which, stride: 4)
            #expect(totals.scenarios == 125)
            #expect(totals.violations.isEmpty, "\(totals.violations)")
        }
    }

    @Test func `merging equal states loses no sequence of partitions`() {
        let which = TwinCampaign.Case(width: .halves, views: 2, twinLeads: 1, isLate: false)
        let totals = TwinCampaign.exhaust(which)
        #expect(totals.scenarios == 17 * 17)
        #expect(totals.states < 17 + 17 * 17)
        #expect(totals.violations.isEmpty, "\(totals.violations)")
    }

    /// What the exhaustive campaign rests on: phases are run once for all that begin alike.
    @Test func `a fork goes on as the run itself would, and leaves it alone`() {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        let instance = TwinScenario.instance(of: set, leaders: [1, 0, 2, 3])
        var scenario = TwinScenario(instance: instance, twinned: [0], partitions: [])
        scenario.isLate = true
        let halves: [UInt8] = [0, 0, 1, 1, 1]
        let others: [UInt8] = [0, 1, 0, 1, 0]
        var run = TwinRun(scenario)
        run.runPhase(halves)
        let before = run.fingerprint()
        var fork = run.forked()
        fork.runPhase(others)
        #expect(run.fingerprint() == before)
        #expect(fork.fingerprint() != before)
        run.runPhase(others)
        #expect(run.fingerprint() == fork.fingerprint())
        var fresh = TwinRun(scenario)
        for partition in [halves, others] { fresh.runPhase(partition) }
        #expect(fresh.fingerprint() == fork.fingerprint())
        #expect(fork.heal().inputs == fresh.heal().inputs)
    }

    @Test func `S30 B20 sampled scenarios keep every rule`() {
        let totals = TwinCampaign.sample(seeds: 1..<41)
        #expect(totals.finalizedViews > 0)
        #expect(totals.violations.isEmpty, "\(totals.violations)")
    }

    /// Six of equal power with one twin, where more than a quarter of all messages is lost: while
    /// that lasts, eight views in a row may well stay without a finalization.
    @Test func `the healing ends losses before it asks for progress`() {
        let scenario = TwinCampaign.sample(47_569)
        #expect(scenario.loss == 282)
        #expect(TwinCampaign.run(scenario).violations.isEmpty)
    }

    @Test func `a scenario runs the same twice`() {
        let first = TwinCampaign.run(TwinCampaign.sample(7))
        let second = TwinCampaign.run(TwinCampaign.sample(7))
        #expect(first.inputs == second.inputs)
        #expect(first.finalizedViews == second.finalizedViews)
    }

    /// More than the protocol bears: the checker must see the fork, and the engines must report it.
    @Test func `S29 two twins of four make a fork, which is found and attributed`() {
        let outcome = TwinCampaign.fork()
        #expect(outcome.violations.contains { $0.rule == "X1" })
        #expect(outcome.violations.contains { $0.rule == "X4" })
        #expect(!outcome.halts.isEmpty)
        for halt in outcome.halts {
            #expect(halt.isLogged)
            // Both culprits, of half the power, and nobody else.
            #expect(TwinScripts.culprits(of: halt.first, halt.second) == [0, 1])
        }
    }
}

/// What the mutation check goes through must find nothing in sound code.
@Suite struct TrialTests {
    @Test func `the scripts find nothing wrong`() {
        for trial in Trial.scripts {
            #expect(trial.run(1).isEmpty, "\(trial.name): \(trial.run(1))")
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `slow links and lost messages break no rule`(seed: UInt64) throws {
        for name in ["slow", "away"] {
            let trial = try #require(Trial.named(name))
            #expect(trial.run(seed).isEmpty, "\(name): \(trial.run(seed))")
        }
    }

    @Test(arguments: Mutant.allCases)
    func `a mutant goes through every trial`(mutant: Mutant) {
        #expect(Trial.all(for: mutant).map(\.name).sorted() == Trial.all.map(\.name).sorted())
    }

    @Test func `one signer with one table lets no key speak on two sides`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            let violations = TwinScripts.sharedGuard(seed: seed)
            #expect(violations.isEmpty, "seed \(seed): \(violations)")
        }
    }
}

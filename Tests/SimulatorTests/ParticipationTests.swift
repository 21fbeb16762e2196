import Chain
import Ledger
import StateTree
import Testing

@testable import Simulator

/// Whole nodes over virtual links: what the chain says of who took part (staking.md 3).
@Suite struct ParticipationTests {
    private static func plan(_ seed: UInt64, validators: Int = 5) -> WorldPlan {
        var plan = WorldPlan(seed: seed, validators: validators)
        plan.blockInterval = 250
        plan.epochs = WorldPlan.Epochs(length: 40, seats: validators, overlapPercent: 100)
        plan.faults = [.jitter(60)]
        plan.load = WorldPlan.Load(perSecondThousandths: 1_000)
        plan.milliseconds = 35_000
        plan.progressHeights = 3
        return plan
    }

    /// The part of what was expected of each member that it did in the last whole epoch.
    private static func percent(_ world: World) throws -> [Int: UInt64] {
        let node = try #require(world.nodes.max { $0.head.height < $1.head.height })
        let epoch = Queries.epoch(over: node.published).lowered(by: 1)
        let counts = try #require(Queries.participation(in: epoch, over: node.published))
        let set = try #require(Queries.validatorSet(of: epoch, over: node.published))
        #expect(counts.blocks == 40)
        var percent: [Int: UInt64] = [:]
        for (seat, validator) in set.validators.enumerated() {
            let member = world.cast.members.firstIndex { $0.consensusKey == validator.key }
            percent[try #require(member)] = 100 * counts.done(by: seat) / counts.expected(of: seat)
        }
        return percent
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `everybody who is there has 95 % and more`(_ seed: UInt64) throws {
        let world = World(Self.plan(seed))
        let outcome = world.run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
        let percent = try Self.percent(world)
        #expect(percent.count == 5)
        #expect(percent.values.allSatisfy { $0 >= 95 }, "\(percent)")
    }

    @Test func `one that is silent is seen, and the others lose nothing by it`() throws {
        var plan = Self.plan(3)
        plan.faults.append(.dead(node: 2, from: 1))
        plan.milliseconds = 70_000
        let world = World(plan)
        let outcome = world.run()
        #expect(outcome.violations.isEmpty, "\(outcome.violations)")
        let percent = try Self.percent(world)
        for (member, part) in percent {
            #expect(member == 2 ? part == 0 : part >= 95, "\(percent)")
        }
    }
}

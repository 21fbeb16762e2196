import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GuardTests {
    private func decided(
        _ world: inout GovernanceWorld, _ actions: [Action], _ conditions: [ProposalCondition]
    ) throws -> ProposalID {
        let id = try world.submit(actions, conditions: conditions)
        world.advance()
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        return id
    }

    @Test func `a condition is part of the content that is hashed`() throws {
        var world = GovernanceWorld()
        let condition = ProposalCondition.heightAtMost(Height(9))
        let id = try world.submit(conditions: [condition])
        let content = Governance.content(of: id, in: world.state)
        #expect(content.conditions == [condition])
        #expect(content.hash == world.proposal(id).contentHash)
        let without = ProposalContent(
            id: id, proposer: content.proposer, title: content.title, body: content.body,
            actions: content.actions)
        #expect(without.hash != content.hash)
    }

    @Test func `a treasury with the amount is enough and one unit less expires it`() throws {
        for (amount, isExecuted) in [(1_000_000_000, true), (1_000_000_001, false)] {
            var world = GovernanceWorld()
            let id = try decided(
                &world, [],
                [.treasuryAtLeast(asset: .native, amount: Amount(UInt64(amount)))])
            world.advance(by: 5_000)
            #expect(world.status(id) == (isExecuted ? .executed : .expired))
            if !isExecuted {
                #expect(world.reason(id).hasPrefix("gov.condition_false"))
                try world.claim(id, by: world.voters[0])
                #expect(world.isSound)
            }
        }
    }

    @Test func `a height is reached and one above it is too late`() throws {
        var world = GovernanceWorld()
        // Opened at 2, queued at 3, executed at 4.
        let height = world.block.height
        let inTime = try world.submit(conditions: [.heightAtMost(height.advanced(by: 3))])
        let late = try world.submit(conditions: [.heightAtMost(height.advanced(by: 2))])
        world.advance()
        for id in [inTime, late] { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        #expect(world.dryRun(late).flags == [])
        world.advance()
        #expect(world.block.height == height.advanced(by: 3))
        #expect(world.status(inTime) == .executed)
        #expect(world.status(late) == .expired)
    }

    @Test func `another proposal must have been executed`() throws {
        var world = GovernanceWorld()
        let first = try world.submit()
        let second = try world.submit(conditions: [.executed(first)])
        #expect(world.dryRun(second).flags == .falseGuard)
        #expect(world.dryRun(second).falseGuard?.code == "gov.condition_false")
        world.advance()
        for id in [first, second] { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance()
        // Both are due in one block, and the first comes first.
        #expect(world.status(first) == .executed)
        #expect(world.status(second) == .executed)
        let third = try decided(&world, [], [.executed(second)])
        world.advance()
        #expect(world.status(third) == .executed)
    }

    @Test func `a condition about no proposal, and a ninth condition, are refused`() throws {
        var world = GovernanceWorld()
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(1)))) {
            try world.submit(conditions: [.executed(ProposalID(1))])
        }
        let many = [ProposalCondition](repeating: .heightAtMost(Height(1)), count: 9)
        #expect(throws: Rejection.governance(.decision(.tooManyConditions(count: 9)))) {
            try world.submit(conditions: many)
        }
        #expect(GovernanceQueries.lastProposal(in: world.state) == ProposalID(0))
        try world.submit(conditions: Array(many.dropLast()))
    }

    @Test func `balances that no longer sum to the supply undo an execution`() {
        let key = StateKey.balance(GovernanceWorld.address(1), AssetID(4)).bytes
        let other = StateKey.balance(GovernanceWorld.address(2), AssetID(4)).bytes
        let supply = StateKey.supply(AssetID(4)).bytes
        func change(_ key: [UInt8], _ old: UInt64, _ new: UInt64) -> RecordedChange {
            RecordedChange(
                key: key, old: old == 0 ? nil : Amount(old).encoded(),
                new: new == 0 ? nil : Amount(new).encoded())
        }
        #expect(throws: Never.self) {
            try Enactment.checkSums(of: [change(key, 5, 0), change(other, 1, 6)])
        }
        #expect(throws: Never.self) {
            try Enactment.checkSums(of: [change(key, 0, .max), change(supply, 0, .max)])
        }
        #expect(throws: Rejection.governance(.decision(.supplyBroken(AssetID(4))))) {
            try Enactment.checkSums(of: [change(key, 5, 0), change(other, 1, 7)])
        }
        #expect(throws: Rejection.governance(.decision(.supplyBroken(AssetID(4))))) {
            try Enactment.checkSums(of: [change(key, 0, 1)])
        }
        // One asset does not make up for another.
        let native = StateKey.balance(GovernanceWorld.address(1), .native).bytes
        #expect(throws: Rejection.self) {
            try Enactment.checkSums(of: [change(key, 0, 1), change(native, 1, 0)])
        }
    }
}

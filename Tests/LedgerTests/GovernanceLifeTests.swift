import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GovernanceLifeTests {
    @Test func `a spend is deposited, voted, queued and executed by itself`() throws {
        var world = GovernanceWorld()
        let recipient = GovernanceWorld.address(50)
        let id = try world.submit([.pay(1_000_000)])
        #expect(id == ProposalID(1))
        #expect(world.status(id) == .deposit)
        #expect(world.escrow == 10_000_000)

        world.advance()
        let vote = try #require(world.proposal(id).vote)
        #expect(world.status(id) == .voting)
        #expect(vote.snapshot == world.block.height.lowered(by: 1))
        #expect(vote.totalPower == 100)
        #expect(vote.end == world.block.timestamp.advanced(by: 20_000))
        #expect(vote.hardEnd == vote.end.advanced(by: 15_000))

        try world.vote(0, .allYes, on: id)
        world.advance(to: vote.end)
        #expect(world.status(id) == .queued)
        #expect(world.balance(recipient) == 0)
        world.advance(by: 4_999)
        #expect(world.status(id) == .queued)
        world.advance(by: 1)
        #expect(world.status(id) == .executed)
        #expect(world.balance(recipient) == 1_000_000)
        #expect(world.treasury == 999_000_000)
        try world.claim(id, by: world.voters[0])
        #expect(world.escrow == 0)
        #expect(world.isSound)
        #expect(
            world.proposal(id).steps.map(\.status) == [.deposit, .voting, .queued, .executed])
    }

    @Test func `a parameter changes for the block after its execution`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal([.set("gov.spendSmallDelay", 7_200_000)])
        #expect(world.proposal(id).track == .constitution)
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)
        #expect(world.rules.parameters.row(.spendSmall).delay == 5_000)
        world.advance()
        #expect(world.rules.parameters.row(.spendSmall).delay == 7_200_000)
    }
}

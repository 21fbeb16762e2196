import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GovernanceQueriesTests {
    /// The world's state, as a reader of a finalized height.
    private func reader(of world: GovernanceWorld) -> MemoryState {
        var state = world.state
        var memory = MemoryState()
        memory.apply(StateTree.apply(state.takeWrites(), version: 0, over: memory))
        return memory
    }

    @Test func `proposals are listed newest first, by status, page by page`() throws {
        var world = GovernanceWorld()
        let voting = try world.openProposal()
        let collecting = try (0..<4).map { _ in try world.submit(deposit: Amount(2_000_000)) }
        let state = reader(of: world)
        func ids(
            _ status: ProposalStatus?, before: UInt64? = nil, limit: Int = 100
        ) -> [UInt64] {
            GovernanceQueries.proposals(
                status: status, before: before.map { ProposalID($0) }, limit: limit, over: state
            )
            .map(\.proposal.id.value)
        }
        #expect(ids(nil) == [5, 4, 3, 2, 1])
        #expect(ids(nil, limit: 2) == [5, 4])
        #expect(ids(nil, before: 4, limit: 2) == [3, 2])
        #expect(ids(nil, before: 1) == [])
        #expect(ids(nil, before: 0) == [])
        #expect(ids(nil, before: .max, limit: .max) == [5, 4, 3, 2, 1])
        #expect(ids(nil, limit: -1) == [])
        #expect(ids(.deposit, limit: 3) == [5, 4, 3])
        #expect(ids(.deposit, before: 3) == [2])
        #expect(ids(.voting) == [voting.value])
        #expect(ids(.executed) == [])
        #expect(collecting.count == 4)
        #expect(GovernanceQueries.lastProposal(over: state) == ProposalID(5))
        #expect(
            ids(nil) == GovernanceQueries.proposals(limit: 9, over: state).map(\.content?.id.value))
    }

    @Test func `without proposals lists are empty`() {
        let state = reader(of: GovernanceWorld())
        #expect(GovernanceQueries.proposals(limit: 10, over: state) == [])
        #expect(GovernanceQueries.proposal(ProposalID(1), over: state) == nil)
        #expect(GovernanceQueries.ballots(of: ProposalID(1), limit: 10, over: state) == [])
    }

    @Test func `a proposal is shown with its content, its deposit and its rules`() throws {
        var world = GovernanceWorld()
        let id = try world.submit([.pay(1)], deposit: Amount(2_000_000), body: "why")
        var view = try #require(GovernanceQueries.proposal(id, over: reader(of: world)))
        #expect(view.content?.body == "why")
        #expect(view.ownDeposit == Amount(2_000_000))
        #expect(view.row == Track.spendSmall.developmentRow)
        #expect(view.proposal.deposit.missing == Amount(8_000_000))
        try world.deposit(8_000_000, to: id, by: world.outsider)
        world.advance()
        view = try #require(GovernanceQueries.proposal(id, over: reader(of: world)))
        #expect(view.proposal.vote?.row == view.row)
        #expect(
            GovernanceQueries.deposits(of: id, over: reader(of: world)).map(\.amount)
                == [Amount(2_000_000), Amount(8_000_000)])
    }

    @Test func `ballots are listed by address, page by page`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        let other = try world.openProposal()
        for voter in 0..<4 { try world.vote(voter, .allYes, on: id) }
        try world.vote(0, .allNo, on: other)
        let state = reader(of: world)
        let first = GovernanceQueries.ballots(of: id, limit: 3, over: state)
        #expect(first.map(\.voter) == Array(world.voters[0..<3]))
        #expect(first.map(\.ballot.power) == [40, 30, 20])
        let next = GovernanceQueries.ballots(
            of: id, after: first.last?.voter, limit: 3, over: state)
        #expect(next.map(\.voter) == [world.voters[3]])
        #expect(
            GovernanceQueries.ballot(of: world.voters[0], on: other, over: state)?.weights
                == .allNo)
    }

    @Test func `a client learns what a proposal needs before it submits one`() throws {
        let state = reader(of: GovernanceWorld())
        let kind = try GovernanceQueries.classify(
            [.set("gov.spendSmallDelay", 7_200_000)], over: state)
        #expect(kind.track == .constitution)
        #expect(kind.requiredDeposit == Amount(200_000_000))
        #expect(kind.minimumDeposit == Amount(40_000_000))
    }
}

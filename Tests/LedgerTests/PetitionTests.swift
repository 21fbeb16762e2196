import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct PetitionTests {
    private func queued(
        _ world: inout GovernanceWorld, _ actions: [Action] = [.pay(1)], by voter: Int = 0
    ) throws -> ProposalID {
        let id = try world.openProposal(actions)
        try world.vote(voter, .allYes, on: id)
        world.advance(by: 20_000)
        #expect(world.status(id) == .queued)
        return id
    }

    @Test func `a tenth reopens the vote and one unit less does not`() throws {
        for (second, isReopened) in [(9, false), (10, true)] as [(UInt64, Bool)] {
            var world = GovernanceWorld(powers: [100 - second, second])
            let id = try queued(&world)
            try world.petition(1, .reopen, id)
            #expect(world.status(id) == (isReopened ? .voting : .queued))
            #expect(world.proposal(id).petitions.reopen == second)
        }
    }

    @Test func `a third cancels and one unit less does not`() throws {
        for (powers, isCancelled) in [
            ([67, 33], false), ([66, 34], true), ([40, 20], true), ([40, 19], false),
        ] as [([UInt64], Bool)] {
            var world = GovernanceWorld(powers: powers)
            let id = try queued(&world)
            try world.petition(1, .cancel, id)
            #expect(world.status(id) == (isCancelled ? .cancelled : .queued))
            guard isCancelled else { continue }
            #expect(world.reason(id) == "by petition")
            try world.claim(id, by: world.voters[0])
            world.advance(by: 10_000)
            #expect(world.balance(GovernanceWorld.address(50)) == 0)
            #expect(world.isSound)
        }
    }

    @Test func `a reopened vote keeps its ballots and has a new end`() throws {
        var world = GovernanceWorld(powers: [60, 30, 10])
        let id = try queued(&world)
        let eta = try #require(world.proposal(id).eta)
        let tally = world.tally(id)
        try world.petition(2, .reopen, id)
        let vote = try #require(world.proposal(id).vote)
        #expect(vote.tally == tally)
        #expect(vote.ballots == 1)
        #expect(vote.isPassing)
        #expect(vote.end == world.block.timestamp.advanced(by: 10_000))
        #expect(vote.hardEnd == vote.end.advanced(by: 15_000))
        #expect(world.proposal(id).petitions.reopenedFrom == eta)
        // Nothing happens at the old time.
        world.advance(to: eta)
        #expect(world.status(id) == .voting)
        #expect(world.dryRun(id).failure == nil)

        // Passing again: no earlier than a petition's time after the old one.
        world.advance(to: vote.end)
        #expect(world.status(id) == .queued)
        #expect(
            world.proposal(id).eta
                == max(eta.advanced(by: 10_000), world.block.timestamp.advanced(by: 5_000)))
        #expect(throws: Rejection.governance(.decision(.petitionClosed(id)))) {
            try world.petition(1, .reopen, id)
        }
        world.advance(to: try #require(world.proposal(id).eta))
        #expect(world.status(id) == .executed)
        try world.claim(id, by: world.voters[0])
        #expect(world.isSound)
    }

    @Test func `the delay counts when it ends later than the petition's time`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.spendSmallDelay", to: .integer(60_000))
        try parameters.set("gov.petitionPeriod", to: .integer(1_000))
        var world = GovernanceWorld(parameters: parameters)
        let id = try queued(&world)
        try world.petition(3, .reopen, id)
        world.advance(by: 1_000)
        #expect(world.status(id) == .queued)
        #expect(world.proposal(id).eta == world.block.timestamp.advanced(by: 60_000))
    }

    @Test func `a reopened vote can be lost and its deposits stay released`() throws {
        for isVetoed in [false, true] {
            var world = GovernanceWorld(powers: [40, 60])
            let id = try queued(&world)
            if isVetoed { try world.claim(id, by: world.voters[0]) }
            try world.petition(1, .reopen, id)
            try world.vote(1, isVetoed ? .allVeto : .allNo, on: id)
            world.advance(by: 40_000)
            #expect(world.status(id) == (isVetoed ? .vetoed : .rejected))
            // What passed once could be claimed from then on; its end changes nothing about it.
            #expect(world.proposal(id).deposit.refund == .all)
            if !isVetoed { try world.claim(id, by: world.voters[0]) }
            #expect(world.escrow == 0)
            #expect(world.isSound)
        }
    }

    @Test func `a petition signed twice is refused and each kind counts alone`() throws {
        // R8: one signature of an account, with its own stake.
        var world = GovernanceWorld(powers: [80, 5, 15])
        let id = try queued(&world)
        try world.petition(1, .reopen, id)
        #expect(throws: Rejection.governance(.decision(.alreadySigned(id, .reopen)))) {
            try world.petition(1, .reopen, id)
        }
        try world.petition(1, .cancel, id)
        #expect(world.proposal(id).petitions[.reopen] == 5)
        #expect(world.proposal(id).petitions[.cancel] == 5)
        #expect(world.status(id) == .queued)
        #expect(
            world.state.events.contains(
                .governance(
                    .decision(
                        id, .petitionSigned(.reopen, signer: world.voters[1], power: 5)))))
        try world.petition(2, .reopen, id)
        #expect(world.status(id) == .voting)
    }

    @Test func `only stake of the snapshot signs`() throws {
        var world = GovernanceWorld()
        let id = try queued(&world)
        let error = #expect(throws: Rejection.self) {
            try world.perform(
                .signPetition(PetitionSignature(proposal: id, kind: .cancel)),
                by: world.outsider)
        }
        #expect(error?.code == "gov.no_power")
    }

    @Test func `petitions run while the proposal is queued and untried`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal([.pay(600_000_000)])
        let other = try world.openProposal([.pay(600_000_000)])
        func expectClosed(_ id: ProposalID) {
            for kind in PetitionKind.allCases {
                #expect(throws: Rejection.governance(.decision(.petitionClosed(id)))) {
                    try world.petition(3, kind, id)
                }
            }
        }
        expectClosed(id)
        for id in [id, other] { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)
        #expect(world.proposal(other).failure != nil)
        expectClosed(id)
        expectClosed(other)
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(7)))) {
            try world.petition(3, .cancel, ProposalID(7))
        }
    }

    @Test func `at eta it is too late even if the execution waits`() throws {
        var world = GovernanceWorld()
        let ids = try (0..<3).map { _ in try world.submit([.pay(1)]) }
        world.advance()
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(ids[2]) == .queued)
        #expect(throws: Rejection.governance(.decision(.petitionClosed(ids[2])))) {
            try world.petition(3, .cancel, ids[2])
        }
    }

    @Test func `a second petition to cancel adds to the first after a reopening`() throws {
        var world = GovernanceWorld(powers: [60, 20, 20])
        let id = try queued(&world)
        try world.petition(1, .cancel, id)
        try world.petition(1, .reopen, id)
        world.advance(by: 10_000)
        #expect(world.status(id) == .queued)
        try world.petition(2, .cancel, id)
        #expect(world.status(id) == .cancelled)
    }
}

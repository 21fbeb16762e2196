import Chain
import Codec
import Cryptography
import Testing

@testable import Ledger

@Suite struct GovernanceBallotTests {
    /// R27 on the whole way: the constitution wants 40 % of the power, more than 2/3 and 25 % yes.
    @Test(
        arguments: [
            ([267, 133, 600], ProposalStatus.queued), ([266, 133, 601], .rejected),
            ([266, 134, 600], .rejected), ([267, 132, 601], .rejected),
            ([250, 150, 600], .rejected),
            ([400, 199, 401], .queued), ([400, 200, 400], .rejected),
        ] as [([UInt64], ProposalStatus)])
    func `G-R27 a proposal passes at the exact thresholds`(
        powers: [UInt64], expected: ProposalStatus
    ) throws {
        var world = GovernanceWorld(powers: powers)
        let id = try world.openProposal([.set("gov.textPeriod", 30_000)])
        try world.vote(0, .allYes, on: id)
        try world.vote(1, .allNo, on: id)
        world.advance(by: 20_000)
        #expect(world.status(id) == expected)
        #expect(world.isSound)
    }

    @Test func `the order of ballots does not change the tally`() throws {
        let weights = [
            BallotWeights.allYes, .allNo, BallotWeights(yes: 3_333, no: 3_333, abstain: 3_334),
            BallotWeights(abstain: 1, veto: 9_999),
        ]
        var tallies: Set<BallotAmounts> = []
        for order in permutations(of: [0, 1, 2, 3]) {
            var world = GovernanceWorld(powers: [41, 29, 23, 7])
            let id = try world.openProposal()
            // Everybody changes its mind once.
            for voter in order { try world.vote(voter, .allVeto, on: id) }
            for voter in order { try world.vote(voter, weights[voter], on: id) }
            tallies.insert(world.tally(id))
            #expect(world.proposal(id).vote?.ballots == 4)
        }
        #expect(tallies == [BallotAmounts(yes: 48, no: 36, abstain: 9, veto: 7)])
    }

    @Test func `the latest ballot of an account counts`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        try world.vote(0, .allYes, on: id)
        #expect(world.proposal(id).vote?.isPassing == true)
        try world.vote(0, .allNo, on: id, reason: "on second thought")
        #expect(world.tally(id) == BallotAmounts(no: 40))
        #expect(world.proposal(id).vote?.isPassing == false)
        let ballot: Ballot? = world.state.read(.ballot(id, world.voters[0]))
        #expect(ballot?.weights == .allNo)
        #expect(ballot?.reason == "on second thought")
    }

    @Test func `stake acquired after the snapshot is refused only if it has no power`() throws {
        var world = GovernanceWorld(powers: [40, 0])
        let id = try world.openProposal()
        let voter = world.voters[1]
        #expect(
            throws: Rejection.governance(
                .noPower(voter: voter, snapshot: world.block.height.lowered(by: 1)))
        ) { try world.vote(1, .allYes, on: id) }
        #expect(world.tally(id) == .zero)
    }

    @Test func `G-R10 a ballot names the content that it was cast on`() throws {
        var world = GovernanceWorld()
        let first = try world.openProposal()
        let second = try world.openProposal()
        #expect(world.proposal(first).contentHash != world.proposal(second).contentHash)
        let cast = BallotCast(
            proposal: second, contentHash: world.proposal(first).contentHash, weights: .allYes)
        let context = world.context(world.voters[0])
        #expect(throws: Rejection.governance(.contentDiffers(second))) {
            try Governance.cast(cast, context, in: &world.state)
        }
    }

    @Test func `G-R10 the content hash covers id, proposer, text, actions and guards`() {
        let content = ProposalContent(
            id: ProposalID(1), proposer: GovernanceWorld.address(1), title: "a", body: "b",
            actions: [.set("gov.textPeriod", 1)])
        let guarded = Action.setParameter(
            ParameterChange(
                name: "gov.textPeriod", value: .integer(1), expected: .integer(2)))
        let others = [
            ProposalContent(
                id: ProposalID(2), proposer: content.proposer, title: "a", body: "b",
                actions: content.actions),
            ProposalContent(
                id: content.id, proposer: GovernanceWorld.address(2), title: "a", body: "b",
                actions: content.actions),
            ProposalContent(
                id: content.id, proposer: content.proposer, title: "ab", body: "",
                actions: content.actions),
            ProposalContent(
                id: content.id, proposer: content.proposer, title: "a", body: "c",
                actions: content.actions),
            ProposalContent(
                id: content.id, proposer: content.proposer, title: "a", body: "b", actions: []),
            ProposalContent(
                id: content.id, proposer: content.proposer, title: "a", body: "b",
                actions: [guarded]),
        ]
        #expect(Set(others.map(\.hash) + [content.hash]).count == 7)
        #expect(content.hash == Digest(.proposal, content.encoded()))
    }

    @Test(arguments: [
        BallotWeights(), BallotWeights(yes: 9_999), BallotWeights(yes: 10_000, veto: 1),
        BallotWeights(yes: .max, no: .max, abstain: .max, veto: .max),
    ])
    func `weights that do not sum to the whole are refused`(weights: BallotWeights) throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        #expect(throws: Rejection.governance(.weightsIncomplete(sum: weights.sum))) {
            try world.vote(0, weights, on: id)
        }
    }

    @Test func `a reason has at most 280 characters`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        try world.vote(0, .allYes, on: id, reason: String(repeating: "þ", count: 280))
        #expect(throws: Rejection.governance(.reasonTooLong(characters: 281))) {
            try world.vote(0, .allYes, on: id, reason: String(repeating: "þ", count: 281))
        }
    }

    @Test func `ballots count from the opening until before the end`() throws {
        var world = GovernanceWorld()
        let id = try world.submit()
        #expect(throws: Rejection.governance(.notVoting(id, .deposit))) {
            try world.vote(0, .allYes, on: id)
        }
        world.advance()
        world.advance(by: 19_999)
        try world.vote(0, .allYes, on: id)
        var other = GovernanceWorld()
        let late = try other.openProposal()
        other.advance(by: 20_000)
        #expect(throws: Rejection.governance(.notVoting(late, .rejected))) {
            try other.vote(0, .allYes, on: late)
        }
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(9)))) {
            let context = other.context(other.voters[0])
            try Governance.cast(
                BallotCast(proposal: ProposalID(9), contentHash: .zero, weights: .allYes), context,
                in: &other.state)
        }
    }

    // MARK: R15, the last second

    @Test(arguments: [true, false])
    func `G-R15 a change of the outcome near the end extends the vote, either way`(
        isToYes: Bool
    ) throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        let end = try #require(world.proposal(id).vote?.end)
        if !isToYes { try world.vote(0, .allYes, on: id) }
        world.advance(by: 19_999)
        try world.vote(0, isToYes ? .allYes : .allNo, on: id)
        #expect(world.proposal(id).vote?.end == end.advanced(by: 2_999))
        // What was the end is none now.
        world.advance(by: 1)
        #expect(world.status(id) == .voting)
        world.advance(by: 2_999)
        #expect(world.status(id) == (isToYes ? .queued : .rejected))
    }

    @Test func `a change exactly C before the end does not move it, and one later does`() throws {
        for (wait, extra) in [(16_999, 0), (17_000, 0), (17_001, 1)] as [(UInt64, UInt64)] {
            var world = GovernanceWorld()
            let id = try world.openProposal()
            let end = try #require(world.proposal(id).vote?.end)
            world.advance(by: wait)
            try world.vote(0, .allYes, on: id)
            #expect(world.proposal(id).vote?.end == end.advanced(by: extra))
        }
    }

    @Test func `a ballot that does not change the outcome extends nothing`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        let end = try #require(world.proposal(id).vote?.end)
        try world.vote(0, .allYes, on: id)
        world.advance(by: 19_999)
        try world.vote(1, .allYes, on: id)
        try world.vote(2, .allNo, on: id)
        #expect(world.proposal(id).vote?.end == end)
    }

    @Test func `G-R15 five flips in five milliseconds do not use the extensions up`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        let end = try #require(world.proposal(id).vote?.end)
        world.advance(by: 19_990)
        for flip in 0..<5 {
            try world.vote(0, flip.isMultiple(of: 2) ? .allYes : .allNo, on: id)
            world.advance(by: 1)
        }
        #expect(world.proposal(id).vote?.end == end.advanced(by: 2_994))
    }

    @Test func `G-R15 nothing extends past the hard end`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        let hardEnd = try #require(world.proposal(id).vote?.hardEnd)
        var flips = 0
        while world.status(id) == .voting, flips < 100 {
            let end = try #require(world.proposal(id).vote?.end)
            #expect(end <= hardEnd)
            world.advance(to: end.lowered(by: 1))
            guard world.status(id) == .voting else { break }
            try world.vote(0, flips.isMultiple(of: 2) ? .allYes : .allNo, on: id)
            flips += 1
            if end == hardEnd { world.advance(by: 1) }
        }
        #expect(flips > 5)
        #expect(flips < 20)
        #expect(world.block.timestamp == hardEnd)
    }
}

/// All orders of a few elements.
func permutations<Element>(of elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(of: rest).map { [first] + $0 }
    }
}

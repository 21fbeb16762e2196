import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GovernanceDepositTests {
    /// What a text proposal needs on a development chain.
    static let required: UInt64 = 10_000_000

    @Test func `the first deposit is a fifth at least and the whole at most`() throws {
        var world = GovernanceWorld()
        #expect(
            throws: Rejection.governance(
                .depositTooLow(deposit: Amount(1_999_999), minimum: Amount(2_000_000)))
        ) { try world.submit(deposit: Amount(1_999_999)) }
        #expect(
            throws: Rejection.governance(
                .depositTooHigh(deposit: Amount(10_000_001), missing: Amount(10_000_000)))
        ) { try world.submit(deposit: Amount(10_000_001)) }
        #expect(world.escrow == 0)
        let id = try world.submit(deposit: Amount(2_000_000))
        #expect(id == ProposalID(1))
        #expect(world.escrow == 2_000_000)
        world.advance()
        #expect(world.status(id) == .deposit)
    }

    @Test func `who has too little cannot submit`() throws {
        var world = GovernanceWorld()
        world.state.write(.balance(world.outsider, .native), Amount(1_999_999))
        #expect(throws: Rejection.self) {
            try world.submit(by: world.outsider, deposit: Amount(2_000_000))
        }
        #expect(GovernanceQueries.lastProposal(in: world.state) == ProposalID(0))
    }

    @Test func `anybody adds to a deposit within its bounds`() throws {
        var world = GovernanceWorld()
        let id = try world.submit(deposit: Amount(2_000_000))
        let least = Self.required / 64
        #expect(
            throws: Rejection.governance(
                .depositTooLow(deposit: Amount(least - 1), minimum: Amount(least)))
        ) { try world.deposit(least - 1, to: id, by: world.outsider) }
        #expect(
            throws: Rejection.governance(
                .depositTooHigh(deposit: Amount(8_000_001), missing: Amount(8_000_000)))
        ) { try world.deposit(8_000_001, to: id, by: world.outsider) }
        try world.deposit(least, to: id, by: world.outsider)
        let missing = 8_000_000 - least
        try world.deposit(missing - 1, to: id, by: world.voters[1])
        // The last unit may be less than the least part.
        try world.deposit(1, to: id, by: world.voters[1])
        #expect(throws: Rejection.governance(.depositComplete(id))) {
            try world.deposit(1, to: id, by: world.outsider)
        }
        world.advance()
        #expect(world.status(id) == .voting)
        #expect(throws: Rejection.governance(.notInDeposit(id, .voting))) {
            try world.deposit(1, to: id, by: world.outsider)
        }
        #expect(world.proposal(id).deposit.depositors == 3)
        #expect(world.isSound)
    }

    @Test func `G-R14 nobody can fill the list of depositors`() throws {
        // R14: with the least part each, the deposit is complete before the list is full.
        var world = GovernanceWorld(powers: [UInt64](repeating: 1, count: 64))
        let id = try world.submit(deposit: Amount(2_000_000))
        var count = 1
        while world.proposal(id).deposit.missing > .zero {
            let missing = world.proposal(id).deposit.missing.value
            try world.deposit(min(missing, Self.required / 64), to: id, by: world.voters[count])
            count += 1
        }
        #expect(count < 64)
    }

    @Test func `a list that is full takes more from those on it only`() throws {
        var world = GovernanceWorld()
        let id = try world.submit(deposit: Amount(2_000_000))
        var proposal = world.proposal(id)
        proposal.deposit.depositors = 64
        world.state.write(.proposal(id), proposal)
        #expect(throws: Rejection.governance(.tooManyDepositors(limit: 64))) {
            try world.deposit(1_000_000, to: id, by: world.outsider)
        }
        try world.deposit(1_000_000, to: id, by: world.voters[0])
    }

    @Test func `a deposit that is not met expires and costs the proposer alone`() throws {
        var world = GovernanceWorld()
        let id = try world.submit(deposit: Amount(2_000_000))
        try world.deposit(1_000_000, to: id, by: world.outsider)
        let treasury = world.treasury
        world.advance(by: 10 * Milliseconds.minute - 1)
        #expect(world.status(id) == .deposit)
        world.advance(by: 1)
        #expect(world.status(id) == .expired)
        #expect(world.treasury == treasury + 2_000_000)
        #expect(throws: Rejection.governance(.nothingToClaim(id))) {
            try world.claim(id, by: world.voters[0])
        }
        try world.claim(id, by: world.outsider)
        #expect(world.balance(world.outsider) == GovernanceWorld.wealth)
        #expect(throws: Rejection.governance(.nothingToClaim(id))) {
            try world.claim(id, by: world.outsider)
        }
        #expect(world.escrow == 0)
        #expect(world.isSound)
    }

    @Test func `nothing can be claimed while a proposal lives`() throws {
        var world = GovernanceWorld()
        let id = try world.submit()
        for _ in 0..<2 {
            #expect(throws: Rejection.governance(.nothingToClaim(id))) {
                try world.claim(id, by: world.voters[0])
            }
            world.advance()
        }
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(7)))) {
            try world.claim(ProposalID(7), by: world.voters[0])
        }
    }

    // MARK: The end of the vote

    @Test func `a vote without a quorum costs a fifth`() throws {
        // R39: one unit of no, or of veto, burns nothing.
        for weights in [BallotWeights.allNo, .allVeto] {
            var world = GovernanceWorld(powers: [1, 999])
            let id = try world.submit(deposit: Amount(9_999_998))
            try world.deposit(2, to: id, by: world.outsider)
            world.advance()
            try world.vote(0, weights, on: id)
            let (supply, treasury) = (world.supply, world.treasury)
            world.advance(by: 20_000)
            #expect(world.status(id) == .rejected)
            #expect(world.supply == supply)
            #expect(world.treasury == treasury + 2_000_000)
            try world.claim(id, by: world.voters[0])
            try world.claim(id, by: world.outsider)
            #expect(world.balance(world.voters[0]) == GovernanceWorld.wealth - 2_000_000)
            #expect(world.balance(world.outsider) == GovernanceWorld.wealth - 1)
            // What rounding left went to the treasury with the last claim.
            #expect(world.escrow == 0)
            #expect(world.treasury == treasury + 2_000_001)
            #expect(world.isSound)
        }
    }

    @Test(
        arguments: [
            ([100, 0], BallotWeights(yes: 6_667, veto: 3_333), ProposalStatus.queued, false),
            ([100, 0], BallotWeights(yes: 6_600, veto: 3_400), .vetoed, true),
            ([100, 0], BallotWeights(yes: 2_000, no: 8_000), .rejected, false),
            ([100, 0], BallotWeights(yes: 1_900, no: 8_100), .rejected, true),
            ([100, 0], BallotWeights(yes: 5_000, no: 5_000), .rejected, false),
            ([100, 0], BallotWeights(abstain: 10_000), .rejected, false),
        ] as [([UInt64], BallotWeights, ProposalStatus, Bool)])
    func `G-R27 deposits are destroyed at the exact thresholds`(
        powers: [UInt64], weights: BallotWeights, status: ProposalStatus, isDestroyed: Bool
    ) throws {
        var world = GovernanceWorld(powers: powers)
        let id = try world.openProposal()
        try world.vote(0, weights, on: id)
        let supply = world.supply
        world.advance(by: 20_000)
        #expect(world.status(id) == status)
        #expect(world.supply == (isDestroyed ? supply - Self.required : supply))
        if isDestroyed {
            #expect(world.escrow == 0)
            #expect(throws: Rejection.governance(.nothingToClaim(id))) {
                try world.claim(id, by: world.voters[0])
            }
        } else {
            try world.claim(id, by: world.voters[0])
            #expect(world.balance(world.voters[0]) == GovernanceWorld.wealth)
        }
        #expect(world.isSound)
    }

    @Test func `without any stake proposals end and nothing traps`() throws {
        var world = GovernanceWorld(powers: [0])
        let id = try world.openProposal([.pay(1)])
        #expect(world.proposal(id).vote?.totalPower == 0)
        #expect(throws: Rejection.self) { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        #expect(world.status(id) == .rejected)
        #expect(world.isSound)
    }

    // MARK: Cancellation

    @Test func `only the proposer cancels, and only before the first end`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        #expect(throws: Rejection.governance(.notProposer(id))) {
            try world.cancel(id, by: world.outsider)
        }
        world.advance(by: 19_999)
        try world.vote(0, .allYes, on: id)
        world.advance(by: 1)
        #expect(world.status(id) == .voting, "the vote was extended")
        #expect(throws: Rejection.governance(.tooLateToCancel(id, .voting))) {
            try world.cancel(id, by: world.voters[0])
        }
        world.advance(by: 3_000)
        #expect(throws: Rejection.governance(.tooLateToCancel(id, .queued))) {
            try world.cancel(id, by: world.voters[0])
        }
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(7)))) {
            try world.cancel(ProposalID(7), by: world.voters[0])
        }
    }

    @Test func `cancelling costs the proposer's own deposit, except while it waits`() throws {
        var world = GovernanceWorld()
        let collecting = try world.submit(deposit: Amount(2_000_000))
        try world.deposit(1_000_000, to: collecting, by: world.outsider)
        let waiting = try world.submit()
        let treasury = world.treasury
        try world.cancel(collecting, by: world.voters[0])
        try world.cancel(waiting, by: world.voters[0])
        #expect(world.treasury == treasury + 2_000_000)
        try world.claim(waiting, by: world.voters[0])
        try world.claim(collecting, by: world.outsider)
        let voting = try world.openProposal()
        #expect(world.status(waiting) == .cancelled)
        try world.cancel(voting, by: world.voters[0])
        #expect(world.status(voting) == .cancelled)
        #expect(world.treasury == treasury + 12_000_000)
        #expect(world.escrow == 0)
        #expect(world.state.read(.openCount(.text), as: UInt64.self) == nil)
        world.advance(by: 60 * Milliseconds.day)
        #expect(world.status(voting) == .cancelled)
        #expect(world.isSound)
    }

    // MARK: Places

    @Test func `a track opens as many as it has places, greatest deposit first`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.textPlaces", to: .integer(2))
        var world = GovernanceWorld(parameters: parameters)
        let ids = try (0..<4).map { _ in try world.submit() }
        var rich = world.proposal(ids[3])
        let old = rich
        rich.deposit.sum = Amount(11_000_000)
        Governance.store(rich, replacing: old, in: &world.state)
        world.advance()
        #expect(ids.map { world.status($0) } == [.voting, .deposit, .deposit, .voting])
        world.advance(by: 20_000)
        #expect(ids.map { world.status($0) } == [.rejected, .voting, .voting, .rejected])
    }

    @Test func `one block opens four at most`() throws {
        var world = GovernanceWorld()
        let ids = try (0..<5).map { _ in try world.submit() }
        world.advance()
        #expect(ids.map { world.status($0) } == [.voting, .voting, .voting, .voting, .deposit])
        world.advance()
        #expect(world.status(ids[4]) == .voting)
    }

    @Test func `who waits for a place for 60 days loses nothing`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.textPlaces", to: .integer(1))
        try parameters.set("gov.textPeriod", to: .integer(60 * Milliseconds.day))
        try parameters.set("gov.textConfirm", to: .integer(0))
        var world = GovernanceWorld(parameters: parameters)
        let first = try world.submit()
        let second = try world.submit()
        world.advance()
        world.advance(by: 60 * Milliseconds.day - 2)
        #expect(world.status(second) == .deposit)
        world.advance(by: 1)
        #expect(world.status(first) == .voting)
        #expect(world.status(second) == .expired)
        try world.claim(second, by: world.voters[0])
        #expect(world.escrow == 10_000_000)
    }

    @Test func `a proposal whose row became stricter collects the difference`() throws {
        var world = GovernanceWorld()
        let id = try world.submit([.pay(1_000_000)])
        #expect(world.proposal(id).track == .spendSmall)
        // The treasury shrinks before the opening: now it is more than a thousandth.
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(900_000_000))
        world.advance()
        #expect(world.status(id) == .deposit)
        #expect(world.proposal(id).track == .spendMedium)
        #expect(world.proposal(id).deposit.missing == Amount(20_000_000))
        #expect(world.reason(id) == "the deposit rose")
        try world.deposit(20_000_000, to: id, by: world.outsider)
        world.advance()
        #expect(world.status(id) == .voting)
        #expect(world.proposal(id).vote?.row == Track.spendMedium.developmentRow)
    }
}

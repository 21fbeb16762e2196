import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GovernanceTrackTests {
    private func track(
        of actions: [Action], treasury: UInt64 = 1_000_000_000
    ) throws -> Track {
        let world = GovernanceWorld(treasury: treasury)
        return try Tracks.classify(actions, parameters: .standard, in: world.state).track
    }

    @Test(
        arguments: [
            (1, Track.spendSmall), (1_000_000, .spendSmall), (1_000_001, .spendMedium),
            (10_000_000, .spendMedium), (10_000_001, .spendLarge), (100_000_000, .spendLarge),
            (100_000_001, .constitution), (1_000_000_000, .constitution), (.max, .constitution),
        ] as [(UInt64, Track)])
    func `the row of a spend follows from its part of the treasury`(
        amount: UInt64, expected: Track
    ) throws {
        #expect(try track(of: [.pay(amount)]) == expected)
    }

    @Test func `every spend from an empty treasury is one for the constitution`() throws {
        #expect(try track(of: [.pay(1)], treasury: 0) == .constitution)
    }

    @Test func `G-R17 sixteen small spends are one large one`() throws {
        let small = Action.pay(1_000_000)
        #expect(try track(of: [small]) == .spendSmall)
        #expect(try track(of: [Action](repeating: small, count: 10)) == .spendMedium)
        #expect(try track(of: [Action](repeating: small, count: 16)) == .spendLarge)
        let payments = (0..<16).map {
            TreasuryPayment(
                recipient: GovernanceWorld.address(UInt8($0)), asset: .native,
                amount: Amount(1_000_000))
        }
        #expect(try track(of: [.spend(TreasurySpend(payments: payments))]) == .spendLarge)
    }

    @Test func `the asset with the largest part decides`() throws {
        var world = GovernanceWorld()
        let other = AssetID(7)
        world.state.write(.balance(ModuleAccounts.treasury, other), Amount(100))
        func pay(_ native: UInt64, _ amount: UInt64) -> [Action] {
            [
                .spend(
                    TreasurySpend(payments: [
                        TreasuryPayment(
                            recipient: world.outsider, asset: other, amount: Amount(amount)),
                        TreasuryPayment(
                            recipient: world.outsider, asset: .native, amount: Amount(native)),
                    ]))
            ]
        }
        func track(_ actions: [Action]) throws -> Track {
            try Tracks.classify(actions, parameters: .standard, in: world.state).track
        }
        #expect(try track(pay(1, 1)) == .spendMedium)
        #expect(try track(pay(1, 2)) == .spendLarge)
        #expect(try track(pay(1, 11)) == .constitution)
        #expect(try track(pay(200_000_000, 1)) == .constitution)
    }

    @Test func `G-R17 any order of the actions gives the same class`() throws {
        let world = GovernanceWorld()
        let actions: [Action] = [
            .set("fees.priceFloor", 1), .set("consensus.blockInterval", 1),
            .set("staking.unbonding", 1), .set("staking.minDelegation", 1),
        ]
        let classes = try permutations(of: actions).map {
            try Tracks.classify($0, parameters: .standard, in: world.state)
        }
        #expect(Set(classes).count == 1)
        #expect(classes[0].track == .constitution)
    }

    @Test func `every component is the strictest of all rows`() throws {
        // A higher rank with weaker rules must not weaken those of the lower one.
        var parameters = Parameters.standard
        try parameters.set("gov.protocolQuorum", to: .ratio(numerator: 1, denominator: 10))
        try parameters.set("gov.protocolPlaces", to: .integer(9))
        try parameters.set("gov.protocolPeriod", to: .integer(Milliseconds.day))
        try parameters.set("gov.protocolDeposit", to: .integer(1))
        let world = GovernanceWorld()
        let kind = try Tracks.classify(
            [.set("consensus.blockInterval", 1), .set("fees.priceFloor", 1)],
            parameters: parameters, in: world.state)
        #expect(kind.track == .protocol)
        #expect(kind.group == .protocol)
        #expect(
            kind.row
                == TrackRow(
                    deposit: 3, period: 7 * Milliseconds.day, confirm: 48 * Milliseconds.hour,
                    quorum: Ratio(20, 100), approve: Ratio(60, 100), minYes: Ratio(15, 100),
                    delay: 7 * Milliseconds.day, places: 5))
        #expect(kind.requiredDeposit == Amount(300_000_000))
    }

    @Test func `without actions it is a text`() throws {
        let world = GovernanceWorld()
        let kind = try Tracks.classify([], parameters: .standard, in: world.state)
        #expect(kind.track == .text)
        #expect(kind.group == .general)
        #expect(kind.row == Track.text.standardRow)
    }

    @Test func `actions of two topics are refused in any order`() throws {
        var world = GovernanceWorld()
        for actions in permutations(of: [Action.pay(1), .set("fees.priceFloor", 1)]) {
            #expect(throws: Rejection.governance(.mixedTopics)) { try world.submit(actions) }
        }
    }

    @Test func `what accounts do cannot be decided`() throws {
        let world = GovernanceWorld()
        let draft = ProposalDraft(title: "a", body: "", actions: [], deposit: .zero)
        let actions: [Action] = [
            .transfer(to: world.outsider, asset: .native, amount: Amount(1)),
            .submitProposal(draft), .addDeposit(proposal: ProposalID(1), amount: Amount(1)),
            .castBallot(
                BallotCast(proposal: ProposalID(1), contentHash: .zero, weights: .allYes)),
            .cancelProposal(ProposalID(1)), .claimDeposit(ProposalID(1)),
        ]
        for action in actions {
            let error = #expect(throws: Rejection.self) {
                try Tracks.classify([action], parameters: .standard, in: world.state)
            }
            #expect(error?.code == "gov.action_not_allowed")
        }
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Emergency powers: they delay or cancel, nothing else.
@Suite struct FastTrackTests {
    private static func pause(
        _ module: PausableModule, _ duration: UInt64 = 60_000
    ) -> Action {
        .pause(ModulePause(module: module, duration: duration))
    }

    private func transfer(_ world: GovernanceWorld, _ asset: AssetID = .native) -> Action {
        .transfer(to: world.outsider, asset: asset, amount: Amount(1))
    }

    /// Two thirds of the power say yes.
    private func pass(_ world: inout GovernanceWorld, _ actions: [Action]) throws -> ProposalID {
        let id = try world.openProposal(actions)
        try world.vote(0, .allYes, on: id)
        try world.vote(1, .allYes, on: id)
        return id
    }

    @Test func `a pause closes when it passes and holds from the next block on`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal([Self.pause(.transfers)])
        let vote = try #require(world.proposal(id).vote)
        #expect(world.proposal(id).track == .fast)
        #expect(world.proposal(id).group == .general)
        #expect(vote.endsEarly)
        #expect(vote.row.delay == 0)
        try world.vote(0, .allYes, on: id)
        world.advance()
        #expect(world.status(id) == .voting)
        try world.vote(1, .allYes, on: id)
        // The vote is over in the block in which it passes.
        #expect(throws: Rejection.governance(.notVoting(id, .voting))) {
            try world.vote(2, .allNo, on: id)
        }
        world.advance()
        #expect(world.status(id) == .queued)
        let paid = transfer(world)
        try world.perform(paid, by: world.voters[0])
        world.advance()
        #expect(world.status(id) == .executed)
        let until = world.block.timestamp.advanced(by: 60_000)
        #expect(Pauses.table(in: world.state)[.transfers]?.until == until)
        world.advance()
        let refused = Rejection.governance(.decision(.paused(.transfers, until: until)))
        #expect(throws: refused) { try world.perform(paid, by: world.voters[0]) }
        #expect(refused.code == "gov.paused")
        #expect(refused.mayBeCuredByWaiting)

        world.advance(to: until.lowered(by: 1))
        #expect(throws: refused) { try world.perform(paid, by: world.voters[0]) }
        world.advance(to: until)
        #expect(Pauses.table(in: world.state) == .none)
        try world.perform(paid, by: world.voters[0])
        #expect(
            world.state.events.contains(.governance(.decision(id, .pauseEnded(.transfers)))))
        #expect(!world.state.contains(.decision(.pauses)))
    }

    @Test func `G-R27 two thirds of all power pass and one unit less does not`() throws {
        // R27: min yes is 2/3 of the total, reached exactly.
        for (powers, passes) in [([2, 1], true), ([199, 101], false), ([200, 100], true)]
            as [([UInt64], Bool)]
        {
            var world = GovernanceWorld(powers: powers)
            let id = try world.openProposal([Self.pause(.staking)])
            try world.vote(0, .allYes, on: id)
            world.advance()
            #expect(world.status(id) == (passes ? .queued : .voting))
            if !passes {
                world.advance(by: 20_000)
                #expect(world.status(id) == .rejected)
            }
        }
    }

    @Test func `what is paused and what never is`() throws {
        let world = GovernanceWorld()
        let validator = GovernanceWorld.address(77)
        let one = Amount(1)
        let ballot = BallotCast(
            proposal: ProposalID(1), contentHash: .zero, weights: .allYes)
        let cases: [(Action, PausableModule?)] = [
            (transfer(world), .transfers), (transfer(world, AssetID(1)), .assets),
            (.staking(.delegate(validator: validator, amount: one)), .staking),
            (.staking(.undelegate(from: .pool(validator), amount: .all)), .staking),
            (.staking(.leave), .staking), (.staking(.unjail), nil), (.staking(.claim), nil),
            (.castBallot(ballot), nil), (.cancelProposal(ProposalID(1)), nil),
            (.addDeposit(proposal: ProposalID(1), amount: one), nil),
            (.claimDeposit(ProposalID(1)), nil), (.executeProposal(ProposalID(1)), nil),
            (
                .signPetition(PetitionSignature(proposal: ProposalID(1), kind: .cancel)), nil
            ),
        ]
        for (action, module) in cases {
            #expect(action.pausableModule == module)
        }
    }

    @Test func `every module that is paused refuses its actions alone`() throws {
        for module in PausableModule.allCases {
            var world = GovernanceWorld()
            _ = try pass(&world, [Self.pause(module)])
            for _ in 0..<3 { world.advance() }
            for other in PausableModule.allCases {
                let action: Action
                switch other {
                case .transfers: action = transfer(world)
                case .staking: action = .staking(.leave)
                case .assets: action = transfer(world, AssetID(1))
                case .streams: continue
                }
                var code: String?
                do throws(Rejection) {
                    try world.perform(action, by: world.voters[0])
                } catch {
                    code = error.code
                }
                #expect((code == "gov.paused") == (other == module))
            }
        }
    }

    @Test func `admission refuses what is paused`() throws {
        let world = GovernanceWorld()
        var table = PauseTable.none
        table.set(
            PauseTable.Entry(
                module: .transfers, until: Timestamp(5), proposal: ProposalID(1)))
        let rules = Rules(
            facts: world.rules.facts, parameters: world.rules.parameters, pauses: table)
        func transaction(_ actions: [Action]) -> Transaction {
            Transaction(
                chainID: world.rules.facts.chainID, sender: world.voters[0], sequence: 0,
                validUntil: Height(9), maxFee: Amount(1), gasLimit: 1, actions: actions)
        }
        #expect(throws: Rejection.self) {
            try Pauses.check(
                transaction([.claimDeposit(ProposalID(1)), transfer(world)]), rules: rules)
        }
        #expect(throws: Never.self) {
            try Pauses.check(transaction([.staking(.leave)]), rules: rules)
        }
    }

    @Test func `a pause is recalled by a decision`() throws {
        var world = GovernanceWorld()
        _ = try pass(&world, [Self.pause(.staking, 7 * Milliseconds.day)])
        for _ in 0..<3 { world.advance() }
        #expect(world.rules.pauses[.staking] != nil)
        let resume = try pass(&world, [.resume(.staking)])
        world.advance()
        #expect(world.status(resume) == .queued)
        world.advance(by: 4_999)
        #expect(world.status(resume) == .queued)
        world.advance()
        #expect(world.status(resume) == .executed)
        #expect(Pauses.table(in: world.state) == .none)
        #expect(throws: Rejection.governance(.decision(.notPaused(.staking)))) {
            try world.submit([.resume(.staking)])
        }
    }

    @Test func `a pause that ended by itself makes its recall expire`() throws {
        var world = GovernanceWorld()
        _ = try pass(&world, [Self.pause(.staking, 4_000)])
        for _ in 0..<3 { world.advance() }
        let resume = try pass(&world, [.resume(.staking)])
        world.advance()
        world.advance(by: 5_000)
        #expect(world.status(resume) == .expired)
        #expect(world.reason(resume).hasPrefix("gov.not_paused"))
    }

    @Test func `a second pause never shortens the first`() throws {
        var world = GovernanceWorld()
        _ = try pass(&world, [Self.pause(.assets, 90_000)])
        for _ in 0..<3 { world.advance() }
        let until = Pauses.table(in: world.state)[.assets]?.until
        _ = try pass(&world, [Self.pause(.assets, 1)])
        for _ in 0..<3 { world.advance() }
        #expect(Pauses.table(in: world.state)[.assets]?.until == until)
        _ = try pass(&world, [Self.pause(.assets, 7 * Milliseconds.day)])
        for _ in 0..<2 { world.advance() }
        #expect(
            Pauses.table(in: world.state)[.assets]?.until
                == world.block.timestamp.advanced(by: 7 * Milliseconds.day))
    }

    @Test func `a queued decision is cancelled and its deposits are claimable`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.spendSmallDelay", to: .integer(60_000))
        var world = GovernanceWorld(parameters: parameters)
        let target = try world.openProposal([.pay(5)])
        #expect(throws: Rejection.governance(.decision(.notQueued(target, .voting)))) {
            try world.submit([.cancelQueued(target)])
        }
        try world.vote(0, .allYes, on: target)
        world.advance(by: 20_000)
        let id = try pass(&world, [.cancelQueued(target)])
        #expect(
            world.dryRun(id).changes.contains(.proposal(target, from: .queued, to: .cancelled)))
        world.advance()
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)
        #expect(world.status(target) == .cancelled)
        #expect(world.reason(target) == "by proposal \(id)")
        try world.claim(target, by: world.voters[0])
        world.advance(by: 600_000)
        #expect(world.balance(GovernanceWorld.address(50)) == 0)
        #expect(world.isSound)
        #expect(throws: Rejection.governance(.decision(.notQueued(target, .cancelled)))) {
            try world.submit([.cancelQueued(target)])
        }
    }

    @Test func `a decision that is cancelled in the block of its own time is not executed`() throws
    {
        var world = GovernanceWorld()
        let target = try world.openProposal([.pay(5)])
        try world.vote(0, .allYes, on: target)
        world.advance(by: 19_999)
        // Both are due at the same time, and the one with the lower id is executed first.
        var parameters = world.rules.parameters
        try parameters.set("gov.fastDelay", to: .integer(1))
        world.state.write(.parameters, parameters)
        world.advance(by: 1)
        let id = try world.submit([.cancelQueued(target)])
        world.advance(by: 1)
        try world.vote(0, .allYes, on: id)
        try world.vote(1, .allYes, on: id)
        world.advance(by: 1)
        #expect(world.status(id) == .queued)
        world.advance(by: 10_000)
        #expect(world.status(id) == .executed)
        #expect(world.status(target) == .cancelled)
        #expect(world.balance(GovernanceWorld.address(50)) == 0)
    }

    @Test func `a decision that is gone makes its cancellation expire`() throws {
        var world = GovernanceWorld()
        let target = try world.openProposal([.pay(5)])
        try world.vote(0, .allYes, on: target)
        world.advance(by: 20_000)
        let id = try pass(&world, [.cancelQueued(target)])
        world.advance(by: 5_000)
        #expect(world.status(target) == .executed)
        world.advance(by: 5_000)
        #expect(world.status(id) == .expired)
        #expect(world.reason(id).hasPrefix("gov.not_queued"))
    }

    @Test func `G-R17 mixed emergencies wait as the slowest of them`() throws {
        // R17.
        var world = GovernanceWorld()
        let target = try world.openProposal([.pay(5)])
        try world.vote(0, .allYes, on: target)
        world.advance(by: 20_000)
        let actions = [Self.pause(.transfers), Self.pause(.assets), .cancelQueued(target)]
        let classes = try permutations(of: actions).map {
            try Tracks.classify($0, parameters: world.rules.parameters, in: world.state)
        }
        #expect(Set(classes).count == 1)
        #expect(classes[0].endsEarly)
        #expect(classes[0].row.delay == 5_000)
        let pauses = try Tracks.classify(
            [Self.pause(.transfers), Self.pause(.assets)], parameters: .standard,
            in: world.state)
        #expect(pauses.row.delay == 0)
        #expect(pauses.requiredDeposit == Amount(1_000_000_000))
        #expect(throws: Rejection.governance(.mixedTopics)) {
            try world.submit([Self.pause(.transfers), .set("gov.textPeriod", 30_000)])
        }
    }

    @Test func `actions that contradict each other are refused`() throws {
        var world = GovernanceWorld()
        _ = try pass(&world, [Self.pause(.staking)])
        for _ in 0..<3 { world.advance() }
        let target = try world.openProposal([.pay(5)])
        try world.vote(0, .allYes, on: target)
        world.advance(by: 20_000)
        let cases: [[Action]] = [
            [Self.pause(.assets), Self.pause(.assets)],
            [.resume(.staking), Self.pause(.staking)],
            [.resume(.staking), .resume(.staking)],
            [.cancelQueued(target), .cancelQueued(target)],
        ]
        for actions in cases {
            let error = #expect(throws: Rejection.self) { try world.submit(actions) }
            #expect(error?.code == "gov.contradictory")
        }
        for duration in [0, 7 * Milliseconds.day + 1, .max] as [UInt64] {
            #expect(throws: Rejection.governance(.decision(.pauseDuration(duration)))) {
                try world.submit([Self.pause(.assets, duration)])
            }
        }
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(99)))) {
            try world.submit([.cancelQueued(ProposalID(99))])
        }
    }

    @Test func `a reopened emergency does not end early`() throws {
        var world = GovernanceWorld(powers: [70, 20, 10])
        let target = try world.openProposal([.pay(5)])
        try world.vote(0, .allYes, on: target)
        world.advance(by: 20_000)
        let id = try world.openProposal([.cancelQueued(target)])
        try world.vote(0, .allYes, on: id)
        world.advance()
        #expect(world.status(id) == .queued)
        try world.petition(2, .reopen, id)
        #expect(world.status(id) == .voting)
        try world.vote(1, .allNo, on: id)
        try world.vote(1, .allYes, on: id)
        world.advance()
        #expect(world.status(id) == .voting)
    }
}

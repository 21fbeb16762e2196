import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Rows of governance.md 7 as an attacker would try them; the others are where their subject is.
@Suite struct GovernanceRowsTests {
    private func refusal(
        _ world: inout GovernanceWorld, _ body: (inout GovernanceWorld) throws -> Void
    ) -> String? {
        do {
            try body(&world)
            return nil
        } catch {
            return (error as? Rejection)?.code ?? "\(error)"
        }
    }

    // MARK: R1

    @Test func `G-R1 no ballot is dropped when a proposal's row becomes the strictest`() throws {
        // The treasury shrinks until the spend is one of the constitution; the rules of its own row
        // become the strictest; and a petition opens it once more.
        var world = GovernanceWorld(powers: [40, 30, 20, 10])
        let id = try world.openProposal([.pay(1_000)])
        for voter in 0..<3 { try world.vote(voter, voter == 2 ? .allNo : .allYes, on: id) }
        let before = world.proposal(id)
        var parameters = world.rules.parameters
        for component in [TrackComponent.quorum, .approve, .minYes] {
            guard
                case .ratio(_, let most) = ParameterID.track(.spendSmall, component)
                    .definition.bounds
            else { continue }
            try parameters.set(.track(.spendSmall, component), to: ParameterValue(most))
        }
        world.state.write(.parameters, parameters)
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000))
        world.advance()
        try world.vote(3, .allAbstain, on: id)
        let after = world.proposal(id)
        #expect(after.track == before.track)
        #expect(after.vote?.row == before.vote?.row)
        #expect(after.vote?.ballots == 4)
        #expect(after.vote?.tally == BallotAmounts(yes: 70, no: 20, abstain: 10))
        world.advance(by: 20_000)
        try world.petition(1, .reopen, id)
        #expect(world.status(id) == .voting)
        #expect(world.tally(id) == after.vote?.tally)
        for voter in 0..<4 {
            #expect(world.state.contains(.ballot(id, world.voters[voter])))
        }
    }

    // MARK: R8

    @Test func `G-R8 a petition counts a signer once and leaves every ballot as it was`() throws {
        var world = try CountingWorld()
        try world.delegate(3_000, to: 0, by: 3)
        try world.delegate(2_000, to: 1, by: 4)
        try world.represent(3, by: [(4, 10_000)])
        let id = try world.open()
        try world.vote(4, .allYes, on: id)
        world.advance(by: 20_000)
        #expect(world.proposal(id).status == .queued)
        func sign(_ account: Int, _ kind: PetitionKind) -> String {
            do throws(Rejection) {
                try world.act(account) { world, context throws(Rejection) in
                    try Governance.sign(
                        PetitionSignature(proposal: id, kind: kind), context,
                        in: &world.stake.state)
                }
                return "ok"
            } catch {
                return error.code
            }
        }
        // Bob voted with 5,000 of 8,000, which is above a third, and signs with its own 2,000.
        #expect(sign(4, .cancel) == "ok")
        #expect(world.proposal(id).petitions[.cancel] == 2_000)
        #expect(world.proposal(id).status == .queued)
        #expect(sign(4, .cancel) == "gov.already_signed")
        // Stake that moves or comes after the snapshot signs nothing more.
        try world.delegate(9_000, to: 2, by: 4)
        try world.perform(
            .redelegate(
                from: .pool(world.stake.validators[1]), to: world.stake.validators[2],
                amount: .all), by: 4)
        try world.represent(3, by: [])
        #expect(sign(4, .cancel) == "gov.already_signed")
        #expect(sign(5, .cancel) == "gov.no_power")
        #expect(world.proposal(id).petitions[.cancel] == 2_000)
        #expect(world.tally(id) == BallotAmounts(yes: 5_000))
        // Alice, whose part bob voted with, signs with it.
        #expect(sign(3, .cancel) == "ok")
        #expect(world.proposal(id).petitions[.cancel] == 5_000)
        #expect(world.proposal(id).status == .cancelled)
    }

    @Test func `G-R8 who signs both petitions and votes again counts once in each`() throws {
        var parameters = Parameters.development
        try parameters.set("gov.spendSmallDelay", to: .integer(60_000))
        var world = GovernanceWorld(powers: [60, 12, 28], parameters: parameters)
        let id = try world.openProposal([.pay(1)])
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        try world.petition(1, .cancel, id)
        #expect(refusal(&world) { try $0.petition(1, .cancel, id) } == "gov.already_signed")
        try world.petition(1, .reopen, id)
        #expect(world.status(id) == .voting)
        #expect(world.tally(id) == BallotAmounts(yes: 60))
        try world.vote(1, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 60, no: 12))
        world.advance(by: 30_000)
        #expect(world.status(id) == .queued)
        // What it signed before the second vote is not signed again.
        #expect(refusal(&world) { try $0.petition(1, .cancel, id) } == "gov.already_signed")
        #expect(refusal(&world) { try $0.petition(1, .reopen, id) } == "gov.petition_closed")
        #expect(world.proposal(id).petitions[.cancel] == 12)
        try world.petition(2, .cancel, id)
        #expect(world.status(id) == .cancelled)
    }

    // MARK: R13

    /// A proposal in each of its ends.
    private func ended(_ world: inout GovernanceWorld) throws -> [ProposalStatus: ProposalID] {
        var ids: [ProposalStatus: ProposalID] = [:]
        ids[.expired] = try world.submit(deposit: Amount(2_000_000))
        let cancelled = try world.submit(deposit: Amount(2_000_000))
        try world.cancel(cancelled, by: world.voters[0])
        ids[.cancelled] = cancelled
        let failed = try world.submit([.pay(900_000_000)])
        let open = try (0..<3).map { _ in try world.submit() }
        world.advance()
        ids[.executed] = open[0]
        try world.vote(0, .allYes, on: open[0])
        ids[.rejected] = open[1]
        try world.vote(0, .allYes, on: open[1])
        for voter in 1..<4 { try world.vote(voter, .allNo, on: open[1]) }
        ids[.vetoed] = open[2]
        for voter in 0..<4 { try world.vote(voter, .allVeto, on: open[2]) }
        for voter in 0..<4 { try world.vote(voter, .allYes, on: failed) }
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1))
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        world.advance(by: world.rules.parameters.executionWindow)
        ids[.failed] = failed
        world.advance(by: world.rules.parameters.depositPeriod)
        for (status, id) in ids { #expect(world.status(id) == status) }
        #expect(ids.count == ProposalStatus.allCases.filter(\.isFinal).count)
        return ids
    }

    /// Every duration at its greatest and every threshold at its least, or the other way round.
    private func setting(isLong: Bool) throws -> Parameters {
        var parameters = Parameters.development
        for id in ParameterID.allCases where id.name.hasPrefix("gov.") {
            let isThreshold: Bool
            if case .ratio = id.definition.bounds {
                isThreshold = true
            } else {
                isThreshold = false
            }
            let old = parameters[id]
            switch id.definition.bounds {
            case .integer(let range, let least):
                try parameters.set(id, to: .integer(isLong ? range.upperBound : least))
            case .ratio(let least, let most):
                try parameters.set(id, to: ParameterValue(isLong == isThreshold ? least : most))
            }
            if !parameters.validate().isEmpty { try parameters.set(id, to: old) }
        }
        return parameters
    }

    @Test(arguments: [true, false])
    func `G-R13 no change of parameters revives what has ended, whatever anybody asks`(
        isLong: Bool
    ) throws {
        var world = GovernanceWorld()
        let ids = try ended(&world)
        let before = ids.mapValues { world.proposal($0) }
        world.state.write(.parameters, try setting(isLong: isLong))
        for round in 0..<6 {
            world.advance(by: 60_000, hasNewEpoch: round.isMultiple(of: 2))
            for (status, id) in ids {
                let voter = world.voters[0]
                let attempts: [(inout GovernanceWorld) throws -> Void] = [
                    { try $0.vote(0, .allYes, on: id) },
                    { try $0.deposit(1_000_000, to: id, by: voter) },
                    { try $0.cancel(id, by: voter) },
                    { try $0.petition(0, .reopen, id) },
                    { try $0.petition(0, .cancel, id) },
                    { try $0.perform(.executeProposal(id), by: voter) },
                ]
                for attempt in attempts {
                    #expect(refusal(&world, attempt) != nil, "\(status)")
                }
                #expect(throws: Rejection.self) { try world.submit([.cancelQueued(id)]) }
                #expect(world.proposal(id) == before[status])
            }
        }
    }

    // MARK: R14

    @Test func `G-R14 nobody cancels another's proposal, nor by copying it first`() throws {
        // As with ids that are hashes of the content: the copy has the id, and its owner cancels.
        var world = GovernanceWorld()
        let copy = try world.submit([.pay(1)], by: world.outsider, title: "Mine")
        let id = try world.submit([.pay(1)], title: "Mine")
        #expect(id != copy)
        #expect(world.proposal(id).contentHash != world.proposal(copy).contentHash)
        try world.cancel(copy, by: world.outsider)
        for account in [world.outsider, world.voters[1], ModuleAccounts.depositEscrow] {
            #expect(refusal(&world) { try $0.cancel(id, by: account) } == "gov.not_proposer")
        }
        world.advance()
        #expect(world.status(id) == .voting)
        #expect(refusal(&world) { try $0.cancel(id, by: $0.outsider) } == "gov.not_proposer")
        // A stranger's deposit gives no right to cancel either.
        let poor = try world.submit(deposit: Amount(2_000_000))
        try world.deposit(8_000_000, to: poor, by: world.outsider)
        #expect(refusal(&world) { try $0.cancel(poor, by: $0.outsider) } == "gov.not_proposer")
    }

    @Test(arguments: [1, 20, 53])
    func `G-R14 a list of depositors is never full while money is missing`(
        depositors: Int
    ) throws {
        // A crowd met the deposit; then the treasury shrank, and twenty times as much is asked for.
        var world = GovernanceWorld(powers: [UInt64](repeating: 1, count: 90))
        let id = try world.submit([.pay(1_000)], deposit: depositors == 1 ? nil : Amount(2_000_000))
        for depositor in 1..<depositors where world.proposal(id).deposit.missing > .zero {
            let missing = world.proposal(id).deposit.missing.value
            let part = max(missing / UInt64(depositors - depositor), 156_250)
            try world.deposit(min(part, missing), to: id, by: world.voters[depositor])
        }
        #expect(world.proposal(id).deposit.missing == .zero)
        #expect(Int(world.proposal(id).deposit.depositors) == depositors)
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000))
        world.advance()
        #expect(world.proposal(id).deposit.required == Amount(200_000_000))
        // An attacker takes every place for the least that is taken.
        for attacker in depositors..<90 where world.proposal(id).deposit.missing > .zero {
            let missing = world.proposal(id).deposit.missing.value
            var low: UInt64 = 1
            var high = missing
            while low < high {
                let middle = low + (high - low) / 2
                var trial = world
                let code = refusal(&trial) {
                    try $0.deposit(middle, to: id, by: $0.voters[attacker])
                }
                if code == nil { high = middle } else { low = middle + 1 }
            }
            #expect(
                refusal(&world) { try $0.deposit(low, to: id, by: $0.voters[attacker]) } == nil,
                "place \(attacker)")
        }
        #expect(world.proposal(id).deposit.missing == .zero)
        #expect(world.proposal(id).deposit.depositors <= 64)
        world.advance()
        #expect(world.status(id) == .voting)
        #expect(world.escrow == Governance.depositsTotal(in: world.state).value)
    }

    // MARK: R39

    @Test(
        arguments: [
            ([1, 999_999], .allNo, false), ([1, 999_999], .allVeto, false),
            ([1, 0], .allNo, true), ([149_999, 850_001], .allVeto, false),
            ([149_999, 850_001], .allNo, false), ([150_000, 850_000], .allNo, true),
            ([150_000, 850_000], .allVeto, true),
        ] as [([UInt64], BallotWeights, Bool)])
    func `G-R39 one unit of no, or of veto, where nobody votes burns nothing`(
        powers: [UInt64], weights: BallotWeights, burns: Bool
    ) throws {
        var world = GovernanceWorld(powers: powers)
        let id = try world.submit(by: world.outsider)
        world.advance()
        let supply = world.supply
        let treasury = world.treasury
        try world.vote(0, weights, on: id)
        world.advance(by: 20_000)
        #expect(world.status(id) == (burns && weights == .allVeto ? .vetoed : .rejected))
        #expect(world.supply == supply - (burns ? 10_000_000 : 0))
        #expect(world.treasury == treasury + (burns ? 0 : 2_000_000))
        let code = refusal(&world) { try $0.claim(id, by: $0.outsider) }
        #expect((code == nil) == !burns)
        #expect(
            world.balance(world.outsider)
                == GovernanceWorld.wealth - (burns ? 10_000_000 : 2_000_000))
        #expect(world.isSound)
    }
}

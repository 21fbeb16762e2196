import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct EnactmentTests {
    /// Brings proposals through their votes; they are due five seconds later.
    private func decided(
        _ world: inout GovernanceWorld, _ proposals: [[Action]]
    ) throws -> [ProposalID] {
        let ids = try proposals.map { try world.submit($0) }
        world.advance()
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        #expect(ids.allSatisfy { world.status($0) == .queued })
        return ids
    }

    @Test func `G-R6 nothing is executed in the block of its decision`() throws {
        // R6, with a delay of 0.
        var parameters = Parameters.development
        try parameters.set("gov.spendSmallDelay", to: .integer(0))
        var world = GovernanceWorld(parameters: parameters)
        let id = try decided(&world, [[.pay(1)]])[0]
        #expect(world.balance(GovernanceWorld.address(50)) == 0)
        world.advance()
        #expect(world.status(id) == .executed)
    }

    @Test func `one block executes two at most, by time and id`() throws {
        var world = GovernanceWorld()
        let ids = try decided(&world, [[.pay(1)], [.pay(2)], [.pay(3)]])
        world.advance(by: 5_000)
        #expect(ids.map { world.status($0) } == [.executed, .executed, .queued])
        world.advance()
        #expect(world.status(ids[2]) == .executed)
        #expect(world.balance(GovernanceWorld.address(50)) == 6)
    }

    @Test func `G-R3 a spend that fails undoes all of its proposal and nothing else`() throws {
        // R3: both were payable alone.
        var world = GovernanceWorld()
        let recipient = GovernanceWorld.address(50)
        let ids = try decided(
            &world, [[.pay(600_000_000)], [.pay(1), .pay(600_000_000)], [.pay(3)]])
        world.advance(by: 5_000)
        world.advance()
        #expect(ids.map { world.status($0) } == [.executed, .queued, .executed])
        #expect(world.reason(ids[1]).hasPrefix("bank.insufficient_funds"))
        world.advance(by: world.rules.parameters.executionWindow)
        #expect(world.status(ids[1]) == .failed)
        #expect(world.reason(ids[1]).hasPrefix("bank.insufficient_funds"))
        #expect(world.balance(recipient) == 600_000_003)
        try world.claim(ids[1], by: world.voters[0])
        #expect(world.isSound)
    }

    @Test func `a change expires when the value it replaces is another one`() throws {
        var world = GovernanceWorld()
        let ids = try decided(
            &world,
            [[.set("gov.textPeriod", 30_000)], [.set("gov.textPeriod", 40_000)]])
        world.advance(by: 5_000)
        #expect(world.status(ids[0]) == .executed)
        #expect(world.status(ids[1]) == .expired)
        #expect(world.reason(ids[1]).hasPrefix("gov.expected_differs"))
        world.advance()
        #expect(world.rules.parameters.row(.text).period == 30_000)
        try world.claim(ids[1], by: world.voters[0])
    }

    @Test func `G-R5 two changes that are valid alone are refused together`() throws {
        // R5 at the submission: unbonding is 120 s; period and delay of a row must fit into it.
        var world = GovernanceWorld()
        let period = Action.set("gov.paramPeriod", 100_000)
        let delay = Action.set("gov.paramDelay", 30_000)
        for actions in permutations(of: [period, delay]) {
            let error = #expect(throws: Rejection.self) { try world.submit(actions) }
            #expect(error?.code == "gov.parameter_invalid")
        }
        // R5 at the execution: each passes, and the second finds the first in force.
        let ids = try decided(&world, [[period], [delay]])
        world.advance(by: 5_000)
        #expect(ids.map { world.status($0) } == [.executed, .queued])
        #expect(world.reason(ids[1]).contains("staking.unbonding"))
        world.advance()
        #expect(world.rules.parameters.row(.parameter).delay == 5_000)
        #expect(world.rules.parameters.validate() == [])
    }

    @Test func `guards are written by the chain`() throws {
        var world = GovernanceWorld()
        let name = "gov.spendSmallDelay"
        let id = try world.submit([.set(name, 7_200_000)])
        let guarded = ParameterChange(
            name: name, value: .integer(7_200_000), expected: .integer(5_000))
        #expect(
            Governance.content(of: id, in: world.state).actions == [.setParameter(guarded)])
        #expect(
            world.proposal(id).contentHash == Governance.content(of: id, in: world.state).hash)
        // A client may name the guard itself if it is right.
        try world.submit([.setParameter(guarded)])
        #expect(throws: Rejection.governance(.expectedDiffers(name))) {
            try world.submit([
                .setParameter(
                    ParameterChange(
                        name: name, value: .integer(7_200_000), expected: .integer(5_001)))
            ])
        }
    }

    @Test func `wrong drafts are refused with their reason and leave nothing`() throws {
        var world = GovernanceWorld()
        let payment = TreasuryPayment(
            recipient: world.outsider, asset: .native, amount: Amount(1))
        func spend(_ payments: [TreasuryPayment]) -> Action {
            .spend(TreasurySpend(payments: payments))
        }
        let escrow = ModuleAccounts.depositEscrow
        let cases: [([Action], String)] = [
            ([.set("gov.x", 1)], "gov.unknown_parameter"),
            (
                [.set("gov.textPeriod", 30_000), .set("gov.textPeriod", 40_000)],
                "gov.duplicate_parameter"
            ),
            ([.set("gov.textPeriod", 999)], "gov.parameter_invalid"),
            ([.set("gov.textQuorum", 1)], "gov.parameter_invalid"),
            (
                [
                    .setParameter(
                        ParameterChange(
                            name: "gov.textQuorum", value: .ratio(numerator: 1, denominator: 0)))
                ], "gov.parameter_invalid"
            ),
            ([spend([])], "gov.payment_count"),
            (
                [spend([TreasuryPayment](repeating: payment, count: 17))], "gov.payment_count"
            ),
            ([.pay(0)], "gov.payment_zero"),
            ([.pay(1, to: escrow)], "gov.payment_to_module"),
            ([.pay(1, to: ModuleAccounts.treasury)], "gov.payment_to_module"),
            ([.pay(1_000_000_001)], "gov.treasury_too_small"),
            ([.pay(.max), .pay(.max)], "gov.treasury_too_small"),
            (
                [
                    spend([
                        TreasuryPayment(
                            recipient: world.outsider, asset: AssetID(9), amount: Amount(1))
                    ])
                ], "bank.unknown_asset"
            ),
        ]
        for (actions, code) in cases {
            let deposit = Amount(10_000_000)
            let error = #expect(throws: Rejection.self) {
                try world.submit(actions, deposit: deposit)
            }
            #expect(error?.code == code)
            #expect(error?.message.isEmpty == false)
            #expect(error?.hint.isEmpty == false)
        }
        #expect(throws: Rejection.governance(.titleEmpty)) { try world.submit(title: "") }
        #expect(throws: Rejection.governance(.titleTooLong(characters: 141))) {
            try world.submit(title: String(repeating: "þ", count: 141))
        }
        #expect(GovernanceQueries.lastProposal(in: world.state) == ProposalID(0))
        #expect(world.escrow == 0)
        try world.submit(title: String(repeating: "þ", count: 140))
    }

    @Test func `G-R4 nothing spends the escrow`() throws {
        // R4: neither a payment nor a deposit nor a claim takes what belongs to another proposal.
        var world = GovernanceWorld(treasury: 10_000_000)
        let held = try world.submit(deposit: Amount(2_000_000), title: "held")
        let ids = try decided(&world, [[.pay(10_000_000)]])
        world.advance(by: 5_000)
        #expect(world.status(ids[0]) == .executed)
        try world.claim(ids[0], by: world.voters[0])
        #expect(world.escrow == 2_000_000)
        #expect(world.proposal(held).deposit.escrowed == Amount(2_000_000))
        #expect(!ModuleAccounts.acceptsPayments(ModuleAccounts.depositEscrow))
        #expect(world.isSound)
    }

    @Test func `a violated invariant undoes the execution and is the reason`() throws {
        var world = GovernanceWorld()
        let id = try decided(&world, [[.pay(5)]])[0]
        world.state.write(.balance(ModuleAccounts.depositEscrow, .native), Amount(1))
        world.advance(by: 5_000)
        #expect(world.status(id) == .queued)
        #expect(world.reason(id).hasPrefix("gov.escrow_short"))
        world.advance(by: world.rules.parameters.executionWindow)
        #expect(world.status(id) == .failed)
        #expect(world.reason(id).hasPrefix("gov.escrow_short"))
        #expect(world.balance(GovernanceWorld.address(50)) == 0)
        var state = world.state
        #expect(throws: Rejection.governance(.supplyChanged)) {
            state.write(.balance(ModuleAccounts.depositEscrow, .native), Amount(100_000_000))
            try Enactment.checkInvariants(supplyBefore: Amount(1), in: state)
        }
    }

    @Test func `G-R3 an error in a closing or an expiry fails that proposal alone`() throws {
        // R3: records that contradict each other, so that a movement of tokens must fail.
        for isClosing in [true, false] {
            var world = GovernanceWorld()
            let broken = try world.submit(deposit: Amount(isClosing ? 10_000_000 : 2_000_000))
            world.advance()
            let passing = try world.openProposal()
            try world.vote(0, .allYes, on: passing)
            if isClosing {
                try world.vote(0, .allVeto, on: broken)
                world.state.write(.supply(.native), Amount(1))
            } else {
                world.state.write(.deposit(broken, world.voters[0]), Amount(3_000_000))
            }
            world.advance(by: isClosing ? 20_000 : 10 * Milliseconds.minute)
            world.advance()
            #expect(world.status(broken) == .failed)
            #expect(
                world.reason(broken).hasPrefix(isClosing ? "gov.supply_changed" : "gov.escrow"))
            #expect(world.proposal(broken).deposit.refund == .all)
            #expect(world.status(passing) == .executed)
        }
    }

    @Test func `G-R13 no change of parameters revives a closed proposal`() throws {
        // R13: a quorum and an approval that the rejected one would have met.
        var world = GovernanceWorld(powers: [400, 390, 210])
        let rejected = try world.openProposal([.pay(1)])
        try world.vote(1, .allYes, on: rejected)
        try world.vote(0, .allNo, on: rejected)
        let change = try world.openProposal([
            .setParameter(
                ParameterChange(
                    name: "gov.spendSmallQuorum", value: .ratio(numerator: 1, denominator: 20)))
        ])
        try world.vote(0, .allYes, on: change)
        world.advance(by: 20_000)
        let before = world.proposal(rejected)
        world.advance(by: 5_000)
        #expect(world.status(change) == .executed)
        world.advance(by: 30 * Milliseconds.minute)
        #expect(world.proposal(rejected) == before)
        #expect(before.status == .rejected)
        // Then a receipt is left, which says the same.
        world.advance(by: 60 * Milliseconds.day)
        let receipt = world.proposal(rejected)
        #expect(receipt.status == .rejected)
        #expect(receipt.outcome?.tally == before.vote?.tally)
    }

    @Test func `G-R1 a vote keeps the rules of its opening`() throws {
        // R1: a change of the rules neither drops ballots nor moves an open vote's thresholds.
        var world = GovernanceWorld()
        let change = try world.openProposal([.set("gov.textPeriod", 600_000)])
        try world.vote(0, .allYes, on: change)
        world.advance(by: 15_000)
        let open = try world.openProposal()
        try world.vote(1, .allYes, on: open)
        let vote = world.proposal(open).vote
        world.advance(by: 5_000)
        world.advance(by: 5_000)
        #expect(world.status(change) == .executed)
        world.advance()
        #expect(world.rules.parameters.row(.text).period == 600_000)
        #expect(world.proposal(open).vote == vote)
        let later = try world.openProposal()
        #expect(world.proposal(later).vote?.row.period == 600_000)
    }

    @Test func `G-R42 a rule that the supply broke keeps nobody from other changes`() throws {
        // R42: destroyed deposits made the supply smaller than the deposits ask for.
        var world = GovernanceWorld()
        world.state.write(.supply(.native), Amount(100_000_000_000))
        #expect(!world.rules.parameters.validate(supply: Amount(100_000_000_000)).isEmpty)
        try world.submit([.set("gov.textPeriod", 30_000)])
        let worse = #expect(throws: Rejection.self) {
            try world.submit([.set("gov.depositBase", 10_000_001)])
        }
        #expect(worse?.code == "gov.parameter_invalid")
        try world.submit([.set("gov.depositBase", 5_000_000)])
    }

    @Test func `G-R2 closing costs the same with ten ballots and with a thousand`() throws {
        // R2, counted in bytes written instead of time.
        func bytes(voters: Int) throws -> UInt64 {
            var world = GovernanceWorld(powers: [100])
            let id = try world.openProposal()
            for voter in 0..<voters {
                let account = Address(
                    [UInt8](repeating: 7, count: 30) + [
                        UInt8(voter / 256), UInt8(voter % 256),
                    ])
                world.state.write(.ballot(id, account), Presence())
            }
            try world.vote(0, .allNo, on: id)
            let before = world.state.writtenByteCount
            world.advance(by: 20_000)
            #expect(world.status(id) == .rejected)
            return world.state.writtenByteCount - before
        }
        #expect(try bytes(voters: 10) == bytes(voters: 1_000))
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Slashed stake that holders decide to give back (staking.md 4).
@Suite struct EscrowReturnTests {
    private static let half: UInt64 = 500_000_000

    // MARK: By vote

    /// Four voters with 400, 300, 200 and 100, of whom each lost half.
    private func slashed() -> GovernanceWorld {
        var world = GovernanceWorld(powers: [400_000, 300_000, 200_000, 100_000])
        world.advance()
        let clock = StakeClock(world.block, world.rules.parameters)
        world.state.write(.epoch(.zero), EpochRecord(first: Height(1), last: Height(.max)))
        let cut = Staking.slash(
            GovernanceWorld.address(77), for: .zero, Billionths(Self.half), clock,
            in: &world.state)
        Staking.hold(
            cut, of: GovernanceWorld.address(77), for: .zero, holders: .genesis,
            reporter: world.outsider, clock, in: &world.state)
        return world
    }

    private func claim(
        _ id: UInt64, by account: Address, in world: inout GovernanceWorld
    ) -> String {
        world.state.checkpoint()
        do throws(Rejection) {
            try Staking.claimReturn(
                from: EscrowID(id), world.context(account), in: &world.state)
            world.state.commit()
            return "ok"
        } catch {
            world.state.revert()
            return error.code
        }
    }

    private func release(_ world: inout GovernanceWorld) {
        Staking.releaseEscrows(world.block, rules: world.rules, in: &world.state)
    }

    private func phase(_ world: GovernanceWorld) -> EscrowPhase? {
        Staking.escrow(EscrowID(1), in: world.state)?.phase
    }

    /// Goes on, with what every block does to escrows, until a proposal has ended.
    private func decide(
        _ id: ProposalID, _ weights: BallotWeights, in world: inout GovernanceWorld
    ) throws {
        for voter in 0..<4 { try world.vote(voter, weights, on: id) }
        for _ in 0..<400 where !world.status(id).isFinal {
            world.advance(by: Milliseconds.second)
            release(&world)
        }
    }

    @Test func `what holders return is claimed by whoever held it, once and in time`() throws {
        var world = slashed()
        let id = try world.openProposal([.returnStake(EscrowID(1))])
        #expect(world.proposal(id).track == .people)
        #expect(world.proposal(id).group == .people)
        #expect(claim(1, by: world.voters[0], in: &world) == "staking.not_returned")
        try decide(id, BallotWeights(yes: 10_000), in: &world)
        #expect(world.status(id) == .executed)
        guard case .returned(id, let until) = phase(world) else {
            Issue.record("the escrow is not returned")
            return
        }
        #expect(until == world.block.timestamp.advanced(by: Staking.claimPeriod(.development)))

        let before = world.balance(world.voters[0])
        #expect(claim(1, by: world.voters[0], in: &world) == "ok")
        #expect(world.balance(world.voters[0]) - before == 200_000)
        #expect(claim(1, by: world.voters[0], in: &world) == "staking.return_claimed")
        #expect(claim(1, by: world.outsider, in: &world) == "staking.nothing_to_return")
        #expect(claim(2, by: world.outsider, in: &world) == "staking.unknown_escrow")
        #expect(claim(0, by: world.outsider, in: &world) == "staking.unknown_escrow")
        #expect(claim(.max, by: world.outsider, in: &world) == "staking.unknown_escrow")
        #expect(world.isSound)

        // In the last millisecond, and not one later.
        world.advance(to: until.lowered(by: 1))
        release(&world)
        #expect(claim(1, by: world.voters[1], in: &world) == "ok")
        #expect(Staking.escrow(EscrowID(1), in: world.state)?.left == Amount(150_000))
        world.advance()
        #expect(claim(1, by: world.voters[2], in: &world) == "staking.return_over")
        let treasury = world.treasury
        let reporter = world.balance(world.outsider)
        release(&world)
        // Only now, and of what is left, the reporter gets a hundredth.
        #expect(world.balance(world.outsider) - reporter == 1_500)
        #expect(world.treasury - treasury == 148_500)
        #expect(world.balance(ModuleAccounts.slashEscrow) == 0)
        #expect(claim(1, by: world.voters[2], in: &world) == "staking.return_over")
        world.advance()
        release(&world)
        #expect(world.state.firstEntry(in: .escrows) == nil)
        #expect(world.state.firstEntry(in: .parts(of: EscrowID(1))) == nil)
        #expect(world.state.firstEntry(in: .claims(from: EscrowID(1))) == nil)
        #expect(world.state.firstEntry(in: .proposals(toReturn: EscrowID(1))) == nil)
        #expect(world.isSound)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `a proposal of the last moment holds it until it has ended, and no longer`() throws {
        var world = slashed()
        let end = world.block.timestamp.advanced(by: Staking.escrowPeriod(.development))
        world.advance(to: end.lowered(by: 2))
        let id = try world.openProposal([.returnStake(EscrowID(1))])
        world.advance(to: end.advanced(by: Milliseconds.second))
        release(&world)
        #expect(world.balance(ModuleAccounts.slashEscrow) == 500_000)
        #expect(world.state.contains(.staking(.escrowProposal(EscrowID(1), id))))
        try decide(id, BallotWeights(no: 10_000), in: &world)
        #expect(world.status(id) == .rejected)
        for _ in 0..<3 {
            world.advance(by: Milliseconds.second)
            release(&world)
        }
        #expect(world.balance(ModuleAccounts.slashEscrow) == 0)
        #expect(world.isSound)
    }

    @Test func `nobody names it late, twice, unknown, or beside another topic`() throws {
        var world = slashed()
        func code(_ actions: [Action]) -> String {
            do {
                try world.submit(actions, deposit: Amount(30_000_000))
                return "ok"
            } catch let error as Rejection {
                return error.code
            } catch {
                return "\(error)"
            }
        }
        let return1 = Action.returnStake(EscrowID(1))
        #expect(code([.returnStake(EscrowID(2))]) == "staking.unknown_escrow")
        #expect(code([.returnStake(EscrowID(0))]) == "staking.unknown_escrow")
        #expect(code([return1, return1]) == "gov.duplicate_escrow")
        #expect(code([return1, .pay(1, to: world.outsider)]) == "gov.mixed_topics")
        #expect(code([return1]) == "ok")
        world.advance(by: Staking.escrowPeriod(.development))
        #expect(code([return1]) == "gov.escrow_not_held")
    }

    @Test func `of two proposals that return the same, the second has nothing to return`() throws {
        var world = slashed()
        let first = try world.submit([.returnStake(EscrowID(1))])
        let second = try world.submit([.returnStake(EscrowID(1))])
        world.advance()
        for voter in 0..<4 { try world.vote(voter, BallotWeights(yes: 10_000), on: first) }
        try decide(second, BallotWeights(yes: 10_000), in: &world)
        #expect(world.status(first) == .executed)
        #expect(world.status(second) != .executed)
        #expect(world.reason(second).contains("escrow_not_held"))
        #expect(claim(1, by: world.voters[3], in: &world) == "ok")
        #expect(world.isSound)
    }

    // MARK: Money that is not there

    /// Sets what the escrows hold together, and what the supply is then.
    private func setEscrowed(_ amount: UInt64, in world: inout GovernanceWorld) {
        let key = StateKey.balance(ModuleAccounts.slashEscrow, .native)
        let before = (world.state.read(key, as: Amount.self) ?? .zero).value
        let supply = (world.state.read(.supply(.native), as: Amount.self) ?? .zero).value
        world.state.write(key, Amount(amount))
        world.state.write(.supply(.native), Amount(supply - before + amount))
    }

    private func failures(_ world: inout GovernanceWorld) -> [Event] {
        world.state.takeEvents().filter {
            if case .staking(.releaseFailed) = $0 { true } else { false }
        }
    }

    /// Of whose parts the reporter's is paid first: not even that is kept.
    @Test func `SEC-58 an escrow that is short by one unit is released later, and says so`() throws
    {
        var world = slashed()
        setEscrowed(499_999, in: &world)
        world.advance(by: Staking.escrowPeriod(.development))
        _ = world.state.takeEvents()
        let treasury = world.treasury
        let reporter = world.balance(world.outsider)
        release(&world)
        let expected = Event.staking(
            .releaseFailed(
                validator: GovernanceWorld.address(77), escrow: EscrowID(1),
                code: "bank.insufficient_funds"))
        #expect(failures(&world) == [expected])
        #expect(world.treasury == treasury)
        #expect(world.balance(world.outsider) == reporter)
        #expect(world.balance(ModuleAccounts.slashEscrow) == 499_999)
        let pause = Staking.escrowPause(.development)
        #expect(phase(world) == .held(until: world.block.timestamp.advanced(by: pause)))
        // Not in each block, and again and again.
        world.advance(by: pause - 1)
        release(&world)
        #expect(failures(&world) == [])
        world.advance()
        release(&world)
        #expect(failures(&world) == [expected])

        setEscrowed(500_000, in: &world)
        world.advance(by: pause)
        release(&world)
        #expect(failures(&world) == [])
        #expect(world.balance(world.outsider) - reporter == 5_000)
        #expect(world.treasury - treasury == 495_000)
        #expect(world.isSound)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `SEC-58 what was returned can be claimed until the escrow can be closed`() throws {
        var world = slashed()
        let id = try world.openProposal([.returnStake(EscrowID(1))])
        try decide(id, BallotWeights(yes: 10_000), in: &world)
        guard case .returned(id, let until) = phase(world) else {
            Issue.record("the escrow is not returned")
            return
        }
        #expect(claim(1, by: world.voters[0], in: &world) == "ok")
        setEscrowed(149_999, in: &world)
        // A claim that cannot be paid is the claim's own failure.
        #expect(claim(1, by: world.voters[1], in: &world) == "bank.insufficient_funds")
        world.advance(to: until)
        _ = world.state.takeEvents()
        release(&world)
        #expect(failures(&world).count == 1)
        let pause = Staking.escrowPause(.development)
        #expect(phase(world) == .returned(by: id, until: until.advanced(by: pause)))
        #expect(claim(1, by: world.voters[3], in: &world) == "ok")
        #expect(claim(1, by: world.voters[0], in: &world) == "staking.return_claimed")
        setEscrowed(250_000, in: &world)
        world.advance(by: pause)
        release(&world)
        #expect(failures(&world) == [])
        #expect(world.balance(ModuleAccounts.slashEscrow) == 0)
        #expect(world.isSound)
    }

    /// What one escrow lacks does not keep the others from being released.
    @Test func `SEC-58 four escrows that fail do not hold up the fifth`() throws {
        var world = slashed()
        let clock = StakeClock(world.block, world.rules.parameters)
        for _ in 0..<4 {
            Staking.hold(
                Staking.Cut(tokens: 1_000_000_000), of: GovernanceWorld.address(77), for: .zero,
                holders: .genesis, reporter: nil, clock, in: &world.state)
        }
        // They come first.
        let before = try #require(Staking.escrow(EscrowID(1), in: world.state))
        var escrow = before
        escrow.phase = .held(until: before.nameableUntil.advanced(by: 1))
        Staking.setEscrow(escrow, EscrowID(1), replacing: before, in: &world.state)
        world.advance(by: Staking.escrowPeriod(.development) + 1)
        _ = world.state.takeEvents()
        setEscrowed(500_000, in: &world)
        release(&world)
        #expect(world.balance(ModuleAccounts.slashEscrow) == 500_000)
        world.advance()
        release(&world)
        #expect(failures(&world).count == 4)
        #expect(world.balance(ModuleAccounts.slashEscrow) == 0)
    }

    // MARK: Who held what

    /// Three validators with 1,000 each; what an account puts somewhere else is beside it.
    private func stakeWorld() throws -> StakeWorld {
        try StakeWorld(validators: 3, accounts: 3, selfBond: 1_000_000)
    }

    private func lost(_ number: Int, in world: StakeWorld) -> [UInt64] {
        guard let escrow = world.escrow(number) else { return [] }
        return world.accounts.map {
            Staking.lost(
                by: $0, in: EscrowID(UInt64(number)), escrow, world.state,
                counting: SearchMeter.uncounted)
        }
    }

    @Test func `pools, lots and buckets are returned to their own holders`() throws {
        var world = try stakeWorld()
        try world.delegate(400_000, to: 0, by: 3)
        try world.delegate(600_000, to: 1, by: 4)
        world.advance()
        // A part of what left 0 rests with 1, another part is leaving.
        try world.redelegate(200_000, from: .pool(world.validators[0]), to: 1, by: 3)
        try world.undelegate(100_000, from: .pool(world.validators[0]), by: 3)
        world.advance()
        // Both in one block, as one incident: each cut is what was there before it.
        _ = world.slash(0, for: .zero, billionths: Self.half)
        _ = world.slash(1, for: .zero, billionths: Self.half)
        #expect(lost(1, in: world) == [500_000, 0, 0, 200_000, 0, 0])
        // The lot was cut to half already, and lost a quarter of what it had in 1.
        #expect(lost(2, in: world) == [0, 500_000, 0, 50_000, 300_000, 0])
        // Whatever is done with the stake later, and whoever comes later.
        world.advance()
        try world.delegate(900_000, to: 1, by: 5)
        try world.undelegate(nil, from: .pool(world.validators[1]), by: 4)
        world.endEpoch()
        world.endEpoch()
        world.advance(by: 10_000)
        for account in 0..<6 { world.settle(account) }
        #expect(lost(1, in: world) == [500_000, 0, 0, 200_000, 0, 0])
        #expect(lost(2, in: world) == [0, 500_000, 0, 50_000, 300_000, 0])
        for number in 1...2 { #expect(world.returnStake(number) == nil) }
        for account in 0..<6 {
            for number in 1...2 { #expect(world.claimReturn(number, by: account) == nil) }
        }
        #expect(world.escrow(1)?.left == .zero)
        #expect(world.escrow(2)?.left == .zero)
        #expect(world.isSupplyKept)
        #expect(world.emptyEscrows() == nil)
    }

    @Test func `a lot that was free counts in its pool, whether it was merged or not`() throws {
        var world = try stakeWorld()
        try world.delegate(400_000, to: 0, by: 3)
        try world.redelegate(nil, from: .pool(world.validators[0]), to: 1, by: 3)
        for _ in 0..<3 { world.endEpoch() }
        world.advance(by: 10_000)
        _ = world.slash(1, for: world.epoch, billionths: Self.half)
        #expect(lost(1, in: world) == [0, 500_000, 0, 200_000, 0, 0])
        world.settle(3)
        #expect(lost(1, in: world) == [0, 500_000, 0, 200_000, 0, 0])
        #expect(world.returnStake(1) == nil)
    }

    @Test func `who comes in the block of the slash, after it, lost nothing`() throws {
        var world = try stakeWorld()
        world.advance()
        _ = world.slash(0, for: .zero, billionths: Self.half)
        try world.delegate(800_000, to: 0, by: 4)
        #expect(lost(1, in: world) == [500_000, 0, 0, 0, 0, 0])
    }

    @Test func `a slash at an epoch's end takes from whoever came in that block`() throws {
        var world = try stakeWorld()
        // The third time in 30 days.
        world.state.write(
            .staking(.downtimes(world.validators[0])),
            DowntimeHistory(times: [Timestamp(world.now - 1), Timestamp(world.now)]))
        world.advance()
        try world.delegate(1_000_000, to: 0, by: 4)
        #expect(try world.closeEpoch(done: [0, 20, 20], fees: 0, elapsed: 1) == nil)
        let found = lost(1, in: world)
        #expect(found[0] == 100)
        #expect(found[4] == 100)
        #expect(world.returnStake(1) == nil)
    }

    @Test func `what was cut with a whole generation is returned too`() throws {
        var world = try stakeWorld()
        try world.delegate(500_000, to: 0, by: 3)
        world.advance()
        _ = world.slash(0, for: .zero, billionths: 1_000_000_000)
        world.advance()
        // The operator begins anew, and owns nothing of the old one by it.
        try world.delegate(2_000_000, to: 0, by: 0)
        #expect(lost(1, in: world) == [1_000_000, 0, 0, 500_000, 0, 0])
        #expect(world.returnStake(1) == nil)
        #expect(world.claimReturn(1, by: 3) == nil)
        #expect(world.isSupplyKept)
    }

    @Test func `the past is kept as long as an escrow asks for it`() throws {
        var world = try stakeWorld()
        try world.delegate(500_000, to: 0, by: 3)
        world.advance()
        _ = world.slash(0, for: .zero, billionths: Self.half)
        for round in 0..<20 as Range<UInt64> {
            world.endEpoch()
            #expect(world.elect(maximum: 3) == nil)
            try world.delegate(1_000 + round, to: 0, by: 3)
        }
        #expect(Staking.horizon(in: world.state) <= Height(1))
        #expect(lost(1, in: world) == [500_000, 0, 0, 250_000, 0, 0])
        #expect(world.emptyEscrows() == nil)
        world.endEpoch()
        #expect(world.elect(maximum: 3) == nil)
        #expect(Staking.horizon(in: world.state) > Height(1))
    }
}

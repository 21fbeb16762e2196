import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// The rules of staking.md 2 and 4 one by one, and named failures of other chains (6).
@Suite struct StakeRulesTests {
    /// Two validators with a bond of 1,000 each, and two more accounts.
    private func world(exitPeriod: UInt64 = 1) throws -> StakeWorld {
        try StakeWorld(
            validators: 2, accounts: 2, unbonding: 4_500, exitPeriod: exitPeriod)
    }

    private static let half: UInt64 = 500_000_000

    private func pool(_ world: StakeWorld, _ index: Int) -> StakePlace {
        .pool(world.validators[index])
    }

    private func lot(_ world: StakeWorld, to: Int, from: Int, exit: UInt64) -> StakePlace {
        .lot(
            LotID(
                validator: world.validators[to],
                origin: StakeOrigin(validator: world.validators[from], exit: Epoch(exit))))
    }

    private func refusal(
        _ world: inout StakeWorld, _ body: (inout StakeWorld) throws(Rejection) -> Void
    ) -> String? {
        do {
            try world.act(body)
            return nil
        } catch {
            return error.code
        }
    }

    // MARK: Exits

    @Test(
        arguments: [
            (1, 0, 0), (1, 7, 7), (3, 0, 2), (3, 2, 2), (3, 3, 5), (48, 47, 47), (48, 48, 95),
        ] as [(UInt64, UInt64, UInt64)])
    func `stake leaves with the last epoch of its exit period`(
        period: UInt64, epoch: UInt64, exit: UInt64
    ) throws {
        var world = try world(exitPeriod: period)
        world.epoch = Epoch(epoch)
        #expect(world.clock.exit == Epoch(exit))
    }

    @Test func `a bucket is paid when it is free, and not one millisecond before`() throws {
        var world = try world()
        try world.delegate(500, to: 0, by: 2)
        try world.undelegate(nil, from: pool(world, 0), by: 2)
        let before = world.state.balance(of: world.accounts[2]).value
        // It left in epoch 0: evidence about epoch 1 may come for the unbonding time after its end.
        world.endEpoch()
        world.endEpoch()
        let end = try #require(world.oracle.ends[1])
        world.now = end + 4_500
        world.settle(2)
        #expect(world.state.balance(of: world.accounts[2]).value == before)
        world.now += 1
        world.settle(2)
        #expect(world.state.balance(of: world.accounts[2]).value == before + 500)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `an exit that is cancelled is back in the pool`() throws {
        var world = try world()
        try world.delegate(500, to: 0, by: 2)
        try world.undelegate(300, from: pool(world, 0), by: 2)
        let bucket = BucketID(validator: world.validators[0], exit: .zero)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 300)
        try world.cancel(100, of: bucket, by: 2)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 200)
        #expect(world.worth(of: 2, in: .place(pool(world, 0))) == 300)
    }

    // MARK: Amounts

    @Test func `amounts beyond what there is are refused`() throws {
        var world = try world()
        try world.delegate(500, to: 0, by: 2)
        let place = pool(world, 0)
        for (amount, code) in [
            (UInt64(0), "bank.amount_zero"), (501, "staking.amount_above_stake"),
            (.max, "staking.amount_above_stake"),
        ] {
            let found = refusal(&world) { world throws(Rejection) in
                try world.undelegate(amount, from: place, by: 2)
            }
            #expect(found == code, "\(amount)")
        }
        for (amount, code) in [
            (UInt64(0), "bank.amount_zero"), (.max, "bank.insufficient_funds"),
        ] {
            let found = refusal(&world) { world throws(Rejection) in
                try world.delegate(amount, to: 0, by: 2)
            }
            #expect(found == code, "\(amount)")
        }
        let none = refusal(&world) { world throws(Rejection) in
            try world.undelegate(nil, from: place, by: 3)
        }
        #expect(none == "staking.no_position")
        #expect(world.difference() == nil)
    }

    @Test func `a new record needs the least delegation, and an exit leaves no dust`() throws {
        var world = try world()
        try world.parameters.set("staking.minDelegation", to: .integer(100))
        let place = pool(world, 0)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(99, to: 0, by: 2)
            } == "staking.amount_too_small")
        try world.delegate(100, to: 0, by: 2)
        try world.delegate(1, to: 0, by: 2)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.undelegate(99, from: place, by: 2)
            } == "staking.amount_too_small")
        try world.undelegate(100, from: place, by: 2)
        // All of it may leave, however little it is.
        try world.undelegate(nil, from: place, by: 2)
    }

    @Test func `an account has at most 16 records, except for exits`() throws {
        var world = try StakeWorld(validators: 17, accounts: 1)
        for index in 0..<16 {
            try world.delegate(10, to: index, by: 17)
        }
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(10, to: 16, by: 17)
            } == "staking.too_many_positions")
        try world.delegate(10, to: 3, by: 17)
        try world.undelegate(5, from: pool(world, 3), by: 17)
        // A record that is worth nothing any more makes room.
        try world.undelegate(nil, from: pool(world, 4), by: 17)
        _ = world.slash(5, for: .zero, billionths: 1_000_000_000)
        _ = world.slash(6, for: .zero, billionths: 1_000_000_000)
        try world.delegate(10, to: 16, by: 17)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    // MARK: Redelegation

    @Test func `moved stake pays for the validator that it left (GHSA-86h5-xcpx-cfqc)`() throws {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        try world.redelegate(nil, from: pool(world, 0), to: 1, by: 2)
        let place = lot(world, to: 1, from: 0, exit: 0)
        #expect(world.worth(of: 2, in: .place(place)) == 800)
        let (cut, _) = world.slash(0, for: .zero, billionths: Self.half)
        #expect(cut == 500 + 400)
        #expect(world.worth(of: 2, in: .place(place)) == 400)
        // Whoever else is with the destination loses nothing.
        #expect(world.worth(of: 1, in: .place(pool(world, 1))) == 1_000)
    }

    @Test func `moved stake pays once for one fault, wherever it is (the fix's over-slashing)`()
        throws
    {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        try world.redelegate(nil, from: pool(world, 0), to: 1, by: 2)
        let place = lot(world, to: 1, from: 0, exit: 0)
        try world.undelegate(400, from: place, by: 2)
        guard case .lot(let id) = place else { return }
        let bucket = BucketID(validator: world.validators[1], exit: .zero, origin: id.origin)
        _ = world.slash(0, for: .zero, billionths: Self.half)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 200)
        #expect(world.worth(of: 2, in: .place(place)) == 200)
        // The destination's own fault is another one.
        _ = world.slash(1, for: .zero, billionths: Self.half)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 100)
        #expect(world.worth(of: 2, in: .place(place)) == 100)
        // Back in the lot it keeps what it is liable for.
        try world.cancel(nil, of: bucket, by: 2)
        #expect(world.worth(of: 2, in: .place(place)) == 200)
    }

    @Test func `a lot goes back or out, nowhere else, until it is free`() throws {
        var world = try StakeWorld(validators: 3, accounts: 1)
        try world.delegate(900, to: 0, by: 3)
        try world.redelegate(nil, from: pool(world, 0), to: 1, by: 3)
        let place = lot(world, to: 1, from: 0, exit: 0)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.redelegate(nil, from: place, to: 2, by: 3)
            } == "staking.lot_bound")
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.redelegate(nil, from: place, to: 1, by: 3)
            } == "staking.same_validator")
        try world.redelegate(300, from: place, to: 0, by: 3)
        #expect(world.worth(of: 3, in: .place(lot(world, to: 0, from: 1, exit: 0))) == 300)
        for _ in 0..<8 { world.endEpoch() }
        world.settle(3)
        #expect(world.worth(of: 3, in: .place(pool(world, 1))) == 600)
        #expect(world.worth(of: 3, in: .place(pool(world, 0))) == 300)
        try world.redelegate(nil, from: pool(world, 1), to: 2, by: 3)
        #expect(world.difference() == nil)
    }

    @Test func `a self-bond cannot move, and stays as long as the validator does`() throws {
        var world = try world()
        try world.parameters.set("staking.minSelfBond", to: .integer(900))
        let place = pool(world, 0)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.redelegate(100, from: place, to: 1, by: 0)
            } == "staking.self_bond_stays")
        try world.undelegate(100, from: place, by: 0)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.undelegate(1, from: place, by: 0)
            } == "staking.self_bond_too_low")
        try Staking.leave(world.context(0), in: &world.state)
        let bucket = BucketID(validator: world.validators[0], exit: .zero)
        #expect(world.worth(of: 0, in: .bucket(bucket)) == 1_000)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(100, to: 0, by: 2)
            } == "staking.validator_leaving")
    }

    // MARK: Slashing

    @Test func `what is free is not liable, fetched or not`() throws {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        try world.undelegate(400, from: pool(world, 0), by: 2)
        let bucket = BucketID(validator: world.validators[0], exit: .zero)
        for _ in 0..<8 { world.endEpoch() }
        // An old epoch, as of an offence that another one brings up: no evidence is in time.
        let (cut, _) = world.slash(0, for: .zero, billionths: Self.half)
        #expect(cut == 700)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 400)
    }

    @Test func `stake that left before the fault is not liable`() throws {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        try world.undelegate(nil, from: pool(world, 0), by: 2)
        let bucket = BucketID(validator: world.validators[0], exit: .zero)
        world.endEpoch()
        world.endEpoch()
        // It backed power up to epoch 1.
        _ = world.slash(0, for: Epoch(2), billionths: Self.half)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 800)
        _ = world.slash(0, for: Epoch(1), billionths: Self.half)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 400)
    }

    @Test func `evidence of an earlier epoch cuts what the later one did not`() throws {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        try world.undelegate(400, from: pool(world, 0), by: 2)
        world.endEpoch()
        world.endEpoch()
        _ = Staking.slash(
            world.validators[0], for: Epoch(2), Billionths(Self.half), world.clock,
            in: &world.state)
        let bucket = BucketID(validator: world.validators[0], exit: .zero)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 400)
        let cut = Staking.slash(
            world.validators[0], for: Epoch(1), before: Epoch(2), Billionths(Self.half),
            world.clock, in: &world.state)
        #expect(cut.tokens == 200)
        #expect(world.worth(of: 2, in: .bucket(bucket)) == 200)
        #expect(world.worth(of: 2, in: .place(pool(world, 0))) == 200)
    }

    @Test func `a pool that lost everything begins again with its operator's bond`() throws {
        var world = try world()
        try world.delegate(800, to: 0, by: 2)
        _ = world.slash(0, for: .zero, billionths: 1_000_000_000)
        #expect(world.worth(of: 2, in: .place(pool(world, 0))) == 0)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(100, to: 0, by: 2)
            } == "staking.pool_empty")
        try world.delegate(100, to: 0, by: 0)
        try world.delegate(50, to: 0, by: 2)
        // The shares of before are not among those of now.
        #expect(world.worth(of: 2, in: .place(pool(world, 0))) == 50)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `dust is cut with the rest, and never stays (gaia 1229)`() throws {
        var world = try world()
        try world.delegate(3, to: 0, by: 2)
        for _ in 0..<40 {
            _ = world.slash(0, for: .zero, billionths: Self.half)
        }
        #expect(Staking.pool(of: world.validators[0], in: world.state)?.stake.shares == 0)
        #expect(world.worth(of: 2, in: .place(pool(world, 0))) == 0)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `roundings never make a position worth more than its record (cosmos-sdk 16940)`()
        throws
    {
        var world = try world()
        for round in 0..<200 as Range<UInt64> {
            try world.delegate(1 + round % 7, to: 0, by: 2)
            world.reward(1 + round % 3, to: 0)
            if round % 5 == 0 { _ = world.slash(0, for: world.epoch, billionths: 12_345_679) }
            let total = Staking.bonded(with: world.validators[0], in: world.state).value
            let parts = [0, 2].map { world.worth(of: $0, in: .place(pool(world, 0))) }
            #expect(parts.reduce(0, +) <= total)
            if round % 4 == 0, parts[1] > 0 {
                try world.undelegate(1, from: pool(world, 0), by: 2)
            }
            world.advance()
        }
        try world.undelegate(nil, from: pool(world, 0), by: 2)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `nobody can raise the price of a share for others (GHSA-p22h-3m2v-cmgh)`() throws {
        // No payment reaches the pool, and the first deposit is the operator's bond.
        #expect(!ModuleAccounts.acceptsPayments(ModuleAccounts.bondedPool))
        // Even where rewards did, what is worth no share is refused and nothing overflows.
        var world = try StakeWorld(validators: 1, accounts: 1, selfBond: 1)
        var pool = Staking.poolOfKnown(world.validators[0], in: world.state)
        pool.stake.amount = 1 << 60
        Staking.setPool(pool, of: world.validators[0], at: world.height, in: &world.state)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(1_000, to: 0, by: 1)
            } == "staking.no_shares")
        #expect(pool.stake.sharesFor(deposit: UInt128(UInt64.max)) == 15_999_999)
    }

    // MARK: Rewards that are paid

    @Test func `a paying position is paid what it earned, and keeps its principal`() throws {
        var world = try world()
        try world.delegate(1_000, to: 0, by: 2)
        let place = StakeHolding.place(pool(world, 0))
        try Staking.setMode(
            .paying, with: world.validators[0], world.context(2), in: &world.state)
        world.reward(200, to: 0)
        let before = world.state.balance(of: world.accounts[2]).value
        try Staking.claim(world.context(2), in: &world.state)
        // A claim loses at most one unit, which stays.
        let gain = world.state.balance(of: world.accounts[2]).value - before
        #expect((99...100).contains(gain))
        #expect((1_000...1_001).contains(world.worth(of: 2, in: place)))
        // A cut is no gain later on: the principal is cut with the pool.
        _ = world.slash(0, for: .zero, billionths: Self.half)
        try Staking.claim(world.context(2), in: &world.state)
        let afterCut = world.state.balance(of: world.accounts[2]).value - before - gain
        #expect(afterCut <= 1)
        world.reward(110, to: 0)
        try Staking.claim(world.context(2), in: &world.state)
        let paid = world.state.balance(of: world.accounts[2]).value - before - gain - afterCut
        #expect((51...53).contains(paid))
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    // MARK: Equivocation

    @Test(
        arguments: [
            ([100_000_000], 90_000_000), ([200_000_000], 360_000_000), ([10_000_000], 50_000_000),
            ([333_333_334], 1_000_000_000), ([50_000_000, 50_000_000], 90_000_000),
            ([1_000_000_000, 1_000_000_000], 1_000_000_000),
            // Rounded up: (3 · 0.077777777)² = 0.0544444433…
            ([77_777_777], 54_444_444),
        ] as [([UInt64], UInt64)])
    func `a lone tenth loses 9 %, a fifth 36 %, a third everything`(
        shares: [UInt64], part: UInt64
    ) {
        let least = Billionths(Parameters.standard.equivocationCut)
        #expect(least == Billionths(50_000_000))
        #expect(Staking.incidentPart(of: shares, least: least) == Billionths(part))
    }

    @Test func `all of one incident lose the same, and the first makes up for it`() throws {
        var world = try StakeWorld(validators: 4, accounts: 0, selfBond: 1_000_000)
        for index in 0..<2 {
            let key = PublicKey([UInt8](repeating: UInt8(100 + index), count: 32))
            let offence = OffenceRecord(
                operatorAddress: world.validators[index], evidence: StakeSample.evidence,
                height: world.height, time: Timestamp(world.now), reporter: world.accounts[3])
            world.state.write(.offence(key), offence)
            Staking.punish(
                offence, key: key, known: nil, power: (10, 100), world.block,
                rules: world.rules, in: &world.state)
            Staking.raisePenalties(world.block, rules: world.rules, in: &world.state)
            world.advance()
        }
        // Together a fifth: 36 % each, the first in two cuts, rounded once more.
        let left = world.validators.map {
            Staking.bonded(with: $0, in: world.state).value
        }
        #expect(left[1] == 640_000)
        #expect((639_999...640_000).contains(left[0]))
        #expect(left[2...] == [1_000_000, 1_000_000])
        let record = try Staking.record(of: world.validators[0], in: world.state)
        #expect(record.status == .jailed)
        #expect(record.isBarred)
        #expect(
            refusal(&world) { world throws(Rejection) in
                try world.delegate(100, to: 0, by: 3)
            } == "staking.validator_barred")
        #expect(Staking.violations(in: world.state).isEmpty)

        // After its time the reporter gets one part in a hundred, and the treasury the rest.
        let held = world.state.balance(of: ModuleAccounts.slashEscrow).value
        let reporter = world.state.balance(of: world.accounts[3]).value
        try world.parameters.set("staking.minSelfBond", to: .integer(1_000_000))
        world.advance(by: Staking.escrowPeriod(.development) - 40)
        Staking.releaseEscrows(world.block, rules: world.rules, in: &world.state)
        #expect(world.state.balance(of: ModuleAccounts.slashEscrow).value == held)
        world.advance(by: 100)
        Staking.releaseEscrows(world.block, rules: world.rules, in: &world.state)
        #expect(world.state.balance(of: ModuleAccounts.slashEscrow).value == 0)
        let paid = world.state.balance(of: world.accounts[3]).value - reporter
        #expect((held / 100 - 3...held / 100).contains(paid))
        #expect(world.state.balance(of: ModuleAccounts.treasury).value == held - paid)
        #expect(world.isSupplyKept)
    }

    // MARK: Governance

    @Test func `power is read at the snapshot: shares, prices and total`() throws {
        var world = try world()
        try world.delegate(1_000, to: 0, by: 2)
        let snapshot = world.height
        world.advance()
        try world.delegate(5_000, to: 0, by: 3)
        try world.undelegate(400, from: pool(world, 0), by: 2)
        world.reward(600, to: 0)
        world.advance()
        try world.redelegate(nil, from: pool(world, 0), to: 1, by: 2)
        _ = world.slash(0, for: .zero, billionths: Self.half)
        func power(_ account: Int, _ height: Height) -> UInt64 {
            VotingPower.power(of: world.accounts[account], at: height, in: world.state)
        }
        #expect(power(2, snapshot) == 1_000)
        #expect(power(3, snapshot) == 0)
        #expect(VotingPower.total(at: snapshot, in: world.state) == 3_000)
        #expect(
            power(2, world.height)
                == world.worth(
                    of: 2, in: .place(lot(world, to: 1, from: 0, exit: 0))))
        // Each unit counts once, and nothing that is unbonding counts.
        let all = world.accounts.indices.map { power($0, world.height) }.reduce(0, +)
        let total = VotingPower.total(at: world.height, in: world.state)
        #expect(all <= total)
        #expect(total - all <= 4)
    }

    @Test func `the warm-up chooses the end of an epoch that is old enough`() throws {
        var world = try world()
        func snapshot(_ warmUp: UInt64) -> Height {
            Staking.snapshot(at: world.block, warmUp: warmUp, in: world.state)
        }
        #expect(snapshot(0) == world.height.lowered(by: 1))
        #expect(snapshot(1) == .genesis)
        for epoch in 0..<5 as Range<UInt64> {
            var record = EpochRecord(after: Height(epoch * 10), length: 10)
            record.endTime = Timestamp(world.now + epoch * 1_000)
            world.state.write(.epoch(Epoch(epoch)), record)
        }
        world.epoch = Epoch(5)
        world.height = Height(51)
        world.now += 4_500
        for (warmUp, height) in [
            (500, 50), (501, 40), (1_500, 40), (4_499, 10), (4_500, 10), (4_501, 0),
        ] as [(UInt64, UInt64)] {
            #expect(snapshot(warmUp) == Height(height), "\(warmUp)")
        }
    }
}

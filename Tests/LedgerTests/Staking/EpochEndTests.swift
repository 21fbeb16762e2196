import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// What the end of an epoch pays, mints and punishes (staking.md 3 and 4).
@Suite struct EpochEndTests {
    /// Ten blocks in six hours.
    private static let slow: UInt64 = 2_160_000

    private static func world(
        epochLength: UInt64 = 10, validators: Int = 4, commission: UInt16 = 0,
        bond: UInt64 = 1_000_000_000, election: Election = .standing
    ) throws -> EpochWorld {
        try EpochWorld(
            validators: validators, epochLength: epochLength, election: election, bond: bond,
            commission: commission)
    }

    /// Goes on to the first block of an epoch, with the votes of all seats but some.
    private static func run(
        _ world: inout EpochWorld, to epoch: UInt64, without seats: Set<UInt16> = [],
        after milliseconds: UInt64 = slow
    ) throws {
        while world.epoch < Epoch(epoch) {
            // Seats are those of the block that the votes are for.
            try world.appendNamed(without: seats, after: milliseconds)
        }
    }

    private static func operatorAddress(_ seat: UInt16, _ world: EpochWorld) throws -> Address {
        let seats = Queries.seats(of: world.epoch, over: world.state)
        return try #require(seats.first { $0.index == seat }).record.operatorAddress
    }

    private static func bonded(_ seat: UInt16, _ world: EpochWorld) throws -> UInt64 {
        let address = try operatorAddress(seat, world)
        return Queries.stake(of: address, over: world.state).bonded.value
    }

    private static func events(_ block: ExecutedBlock) -> [StakingEvent] {
        block.execution.blockEvents.compactMap { event in
            if case .staking(let event) = event { event } else { nil }
        }
    }

    // MARK: Rewards

    @Test func `a worked example: six hours at 13 %, four that were always there`() throws {
        var world = try Self.world()
        let treasury = Queries.treasury(over: world.state)[0].amount.value
        try Self.run(&world, to: 1)
        // 5,004,000 tokens, of which 4,000 are bonded.
        #expect(Queries.inflationRate(over: world.state) == 130_088_934_863)
        let pot = try #require(Queries.rewardPot(of: .zero, over: world.state))
        // 445,866,458 new units, of which a tenth is the treasury's.
        #expect(pot.fees == .zero && pot.mintable == Amount(401_279_813))
        #expect(Queries.treasury(over: world.state)[0].amount.value == treasury + 44_586_645)
        #expect(Queries.supply(over: world.state) == Amount(5_004_044_586_645))
        #expect(try Self.bonded(0, world) == 1_000_000_000)
        try Self.run(&world, to: 2)
        // A fourth of 341,087,841, and of 60,191,972.
        for seat in 0..<4 as Range<UInt16> {
            #expect(try Self.bonded(seat, world) == 1_100_319_953)
        }
        #expect(Queries.rewardPot(of: .zero, over: world.state) == nil)
        #expect(Invariants.violations(over: world.state).isEmpty)
    }

    @Test func `what one does not get goes to nobody else, and is not minted`() throws {
        var world = try Self.world()
        // Seat 3 votes for nothing; it leads, because this world has no timeouts.
        try Self.run(&world, to: 2, without: [3])
        let counts = try #require(
            Queries.participation(in: Epoch(1), over: world.state))
        #expect(counts.seats[3].named == 0)
        for seat in 0..<3 as Range<UInt16> {
            #expect(try Self.bonded(seat, world) == 1_100_319_953)
        }
        #expect(try Self.bonded(3, world) == 1_000_000_000)
        let supply = Queries.supply(over: world.state).value
        let treasury = Queries.treasury(over: world.state)[0].amount.value
        #expect(supply - treasury == 4_000_000_000_000 + 4_000_000_000 + 3 * 100_319_953)
        #expect(Invariants.violations(over: world.state).isEmpty)
    }

    private static func transfer(_ world: EpochWorld, fee: UInt64) -> SignedTransaction {
        let person = EpochWorld.people[0]
        let sequence = Queries.account(person.address, over: world.state).sequence
        return SignedTransaction(
            transaction: Transaction(
                chainID: world.genesis.chainID, sender: person.address, sequence: sequence,
                lane: 0, validUntil: Height(10_000), maxFee: Amount(fee), gasLimit: 30_000,
                actions: [
                    .transfer(
                        to: EpochWorld.people[1].address, asset: .native, amount: Amount(1))
                ]), signatures: [person.mark])
    }

    @Test func `fees pay before anything is minted, and what is left of them is the treasury's`()
        throws
    {
        var world = try Self.world()
        let paid = try world.append([Self.transfer(world, fee: 50_000_000_000)])
        let fee = paid.execution.receipts[0].fee.value
        #expect(fee > 5_000_000_000)
        try Self.run(&world, to: 1, after: 1)
        let pot = try #require(Queries.rewardPot(of: .zero, over: world.state))
        let events = Self.events(try world.append(after: 1))
        #expect(events.isEmpty)
        #expect(pot.fees.value + pot.mintable.value >= fee - (fee + 100_000) / 10)
        let supply = Queries.supply(over: world.state).value
        let treasury = Queries.treasury(over: world.state)[0].amount.value
        // The votes of half of the power.
        try Self.run(&world, to: 2, without: [0, 1], after: 1)
        let bonded = try (0..<4).map { try Self.bonded($0, world) - 1_000_000_000 }.reduce(0, +)
        #expect(bonded > 0)
        // Nothing new for the pools; what of the fees was not earned is the treasury's, beside
        // its part of the next pot.
        let later = Queries.supply(over: world.state).value - supply
        #expect(later < 100_000)
        let share = Queries.treasury(over: world.state)[0].amount.value - treasury
        #expect(share == pot.fees.value - bonded + later)
        #expect(Invariants.violations(over: world.state).isEmpty)
    }

    @Test func `the commission becomes shares of the operator at the new price`() throws {
        var world = try Self.world(commission: 1_000)
        let operatorAddress = try Self.operatorAddress(0, world)
        let person = EpochWorld.people[2]
        let sequence = Queries.account(person.address, over: world.state).sequence
        try world.append([
            SignedTransaction(
                transaction: Transaction(
                    chainID: world.genesis.chainID, sender: person.address, sequence: sequence,
                    lane: 0, validUntil: Height(10_000), maxFee: Amount(10_000),
                    gasLimit: 1_000_000,
                    actions: [
                        .staking(
                            .delegate(
                                validator: operatorAddress, amount: Amount(3_000_000_000)))
                    ]), signatures: [person.mark])
        ])
        try Self.run(&world, to: 2)
        let stake = Queries.stake(of: operatorAddress, over: world.state)
        let gain = stake.bonded.value - 4_000_000_000
        let own = stake.selfBond.value - 1_000_000_000
        // A tenth, and a fourth of the rest; roundings are below two units.
        let exact = gain / 10 + (gain - gain / 10) / 4
        #expect(own + 2 >= exact && own <= exact + 2, "\(own) of \(gain)")
        #expect(Invariants.violations(over: world.state).isEmpty)
    }

    @Test func `a pool that has nobody in it earns for the treasury`() throws {
        var world = try StakeWorld(validators: 2, accounts: 2, unbonding: 4_500)
        world.advance()
        try #require(try world.closeEpoch(done: [20, 20], fees: 0) == nil)
        _ = world.slash(0, for: Epoch(0), billionths: 1_000_000_000)
        let treasury = world.state.balance(of: ModuleAccounts.treasury)
        try #require(try world.closeEpoch(done: [20, 20], fees: 0) == nil)
        let pot = try #require(world.lastPaid)
        let gain = world.state.balance(of: ModuleAccounts.treasury).value - treasury.value
        #expect(gain > pot / 3)
        let pool = Staking.poolOfKnown(world.validators[0], in: world.state)
        #expect(pool.stake.shares == 0 && pool.tokens == 0)
        #expect(world.isSupplyKept && Staking.violations(in: world.state).isEmpty)
    }

    @Test func `rewards never overflow a pool, whatever its shares (GHSA-p22h-3m2v-cmgh)`() throws {
        // One unit of stake, and a reward of nearly everything there may be.
        var world = try StakeWorld(validators: 1, accounts: 1, selfBond: 1)
        world.advance()
        try #require(try world.closeEpoch(done: [20], fees: 1 << 60) == nil)
        for _ in 0..<3 {
            try #require(try world.closeEpoch(done: [20], fees: 1 << 58) == nil)
        }
        let pool = Staking.poolOfKnown(world.validators[0], in: world.state)
        #expect(pool.tokens > 1 << 58)
        #expect(world.difference() == nil)
        // A deposit that buys no share is refused, and nothing else happens.
        #expect(throws: Rejection.staking(.noShares(Amount(1)))) {
            try world.act { world throws(Rejection) in
                try world.delegate(1, to: 0, by: 1)
            }
        }
        try world.act { world throws(Rejection) in
            try world.undelegate(1 << 57, from: .pool(world.validators[0]), by: 0)
        }
        #expect(world.isSupplyKept && Staking.violations(in: world.state).isEmpty)
    }

    // MARK: Downtime

    @Test func `who misses most of an epoch is jailed, earns nothing and is led past`() throws {
        var world = try Self.world(epochLength: 20)
        let down = try Self.operatorAddress(2, world)
        try Self.run(&world, to: 1, without: [2], after: 1_000)
        let record = try #require(Queries.validator(operator: down, over: world.state))
        #expect(record.status == .jailed)
        #expect(
            record.jail
                == Jail(reason: .downtime, until: world.head.timestamp.advanced(by: 10_000)))
        #expect(
            Queries.excludedSeats(in: world.instance.validators, over: world.state) == [2])
        #expect(Queries.downtimes(of: down, over: world.state) == [world.head.timestamp])
        // No stake is cut the first time.
        #expect(try Self.bonded(2, world) == 1_000_000_000)
        // It is not jailed again for the same absence.
        try Self.run(&world, to: 2, without: [2], after: 1_000)
        #expect(Queries.downtimes(of: down, over: world.state).count == 1)
        #expect(try Self.bonded(2, world) == 1_000_000_000)
        #expect(try Self.bonded(0, world) > 1_000_000_000)
    }

    @Test func `each jail is twice as long, and from the third in 30 days on stake is cut`() throws
    {
        var world = try StakeWorld(validators: 4, accounts: 1, selfBond: 1_000_000)
        let validator = world.validators[0]
        for number in 0..<4 as Range<UInt64> {
            world.advance()
            let end = world.now
            #expect(try world.closeEpoch(done: [9, 20, 20, 20], fees: 0) == nil)
            var record: ValidatorRecord = try #require(world.state.read(.validator(validator)))
            #expect(
                record.jail == Jail(reason: .downtime, until: Timestamp(end + 10_000 << number)))
            #expect(
                world.validators.dropFirst().allSatisfy { other in
                    world.state.read(.validator(other), as: ValidatorRecord.self)?.jail == nil
                })
            record.jail = nil
            record.status = .candidate
            world.state.write(.validator(validator), record)
        }
        let held = world.state.balance(of: ModuleAccounts.slashEscrow).value
        #expect(held > 0 && held <= 2 * (1_000_000 / 10_000 + 1) * 2)
        // After thirty days it begins anew.
        world.advance(by: 30 * Milliseconds.day + 1)
        let end = world.now
        #expect(try world.closeEpoch(done: [9, 20, 20, 20], fees: 0) == nil)
        let record: ValidatorRecord = try #require(world.state.read(.validator(validator)))
        #expect(record.jail?.until == Timestamp(end + 10_000))
        #expect(world.state.balance(of: ModuleAccounts.slashEscrow).value == held)
    }

    @Test func `nobody is jailed if the others would have no quorum`() throws {
        var world = try Self.world(epochLength: 20)
        try Self.run(&world, to: 1, without: [1, 2], after: 1_000)
        #expect(Queries.excludedSeats(in: world.instance.validators, over: world.state) == [])
        #expect(
            Queries.validators(over: world.state).allSatisfy {
                $0.jail == nil && $0.status == .active
            })
    }

    @Test(arguments: [(4, false), (5, false), (8, false), (9, true), (10, true)])
    func `who was expected fewer than ten times is not judged`(
        _ length: UInt64, _ isJailed: Bool
    ) throws {
        var world = try Self.world(epochLength: length)
        // Of four seats, the one that leads no more often than the others.
        try Self.run(&world, to: 1, without: [2], after: 1_000)
        let excluded = Queries.excludedSeats(in: world.instance.validators, over: world.state)
        var schedule = LeaderSchedule(
            seed: try #require(Queries.epochRecord(.zero, over: world.state)?.seed), count: 4)
        let slots = (1...length).count { schedule.leader(of: View($0)) == 2 }
        let expected = length + UInt64(slots)
        #expect(excluded.isEmpty == (expected < 10))
        #expect(isJailed ? expected >= 10 : expected <= 10)
    }

    @Test func `half of what was expected is enough`() throws {
        var counts = ParticipationCounts(blocks: 10, seats: [SeatCounts(named: 5)])
        #expect(!Downtime.isDown(0, counts))
        counts.seats[0].slots = 1
        #expect(Downtime.isDown(0, counts))
        counts.seats[0].led = 1
        #expect(!Downtime.isDown(0, counts))
        counts = ParticipationCounts(blocks: 9, seats: [SeatCounts()])
        #expect(!Downtime.isDown(0, counts))
        counts = ParticipationCounts(
            blocks: .max, seats: [SeatCounts(named: .max, led: .max, slots: .max)])
        #expect(!Downtime.isDown(0, counts))
    }

    @Test func `no old count judges anybody after a change of parameters (cosmos-sdk 12541)`()
        throws
    {
        var world = try StakeWorld(validators: 4, accounts: 1)
        // Nearly half is missed in each epoch, whatever the lengths of the windows elsewhere.
        for _ in 0..<6 {
            world.advance()
            #expect(try world.closeEpoch(done: [11, 20, 20, 20], fees: 0) == nil)
            try world.parameters.set(
                "consensus.epochLength", to: .integer(world.parameters.epochLength / 2))
            #expect(
                world.validators.allSatisfy { validator in
                    world.state.read(.validator(validator), as: ValidatorRecord.self)?.jail == nil
                })
        }
    }

    @Test func `a set that loses most of its members at a boundary goes on (GHSA-rj53-j6jw-7f7g)`()
        throws
    {
        var world = try Self.world(epochLength: 12, election: .byStake)
        // One is down in each epoch, until nobody more can be jailed.
        for epoch in 1...9 as ClosedRange<UInt64> {
            let size = world.instance.validators.count
            try Self.run(
                &world, to: epoch, without: size > 1 ? [UInt16(size - 1)] : [], after: 1_000)
            #expect(Invariants.violations(over: world.state).isEmpty)
        }
        #expect(world.epoch == Epoch(9))
        #expect(world.instance.validators.count >= 1)
        let jailed = Queries.validators(over: world.state).filter { $0.jail != nil }
        #expect(!jailed.isEmpty)
    }
}

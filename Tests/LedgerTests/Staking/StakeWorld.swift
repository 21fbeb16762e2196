import Chain
import Cryptography
import StateTree

@testable import Ledger

/// A state with validators and accounts, driven by calls of the rules beside the oracle that counts
/// by hand. Each call stands for a transaction.
struct StakeWorld {
    static let epochMilliseconds: UInt64 = 1_000

    var state = State(over: MemoryState())
    var height = Height(1)
    var epoch = Epoch.zero
    var now: UInt64 = 1_000_000
    var parameters = Parameters.development
    var oracle: StakeOracle
    let validators: [Address]
    /// Validators' operators first.
    let accounts: [Address]
    /// What was paid to nobody of them.
    var supply: UInt64 = 0
    /// Who was elected last.
    var elected: ValidatorSet?
    /// What slashes cut, by the number of their escrows from 1 on.
    var losses: [StakeLoss] = []
    /// Of the epoch before.
    private(set) var paid: Paid?
    /// What the pot of the epoch before had.
    var lastPaid: UInt64? { paid.map { $0.pot.fees.value + $0.pot.mintable.value } }

    init(
        validators count: Int, accounts accountCount: Int, unbonding: UInt64 = 4_500,
        exitPeriod: UInt64 = 1, selfBond: UInt64 = 1_000
    ) throws {
        accounts = (0..<(count + accountCount)).map {
            Address([UInt8](repeating: UInt8($0 + 1), count: 32))
        }
        validators = Array(accounts.prefix(count))
        oracle = StakeOracle(unbonding: unbonding)
        try parameters.set("staking.unbonding", to: .integer(unbonding))
        try parameters.set("staking.exitPeriod", to: .integer(exitPeriod))
        try parameters.set("staking.minSelfBond", to: .integer(1))
        try parameters.set("staking.minDelegation", to: .integer(1))
        for account in accounts {
            // All of it together has 62 bits.
            let wealth = (UInt64(1) << 62) / UInt64(accounts.count)
            state.write(.balance(account, .native), Amount(wealth))
            supply += wealth
        }
        state.write(.supply(.native), Amount(supply))
        state.write(.epoch(.zero), EpochRecord(first: Height(1), last: Height(.max)))
        oracle.now = now
        for index in validators.indices {
            register(index)
            try act { world throws(Rejection) in
                try world.delegate(selfBond, to: index, by: index)
            }
        }
    }

    private mutating func register(_ index: Int) {
        Staking.register(
            ValidatorRecord(
                operatorAddress: validators[index], consensusKey: TestKeys.key(UInt8(100 + index)),
                profile: ValidatorProfile(
                    networkKey: TestKeys.key(UInt8(150 + index)), endpoint: "", moniker: "v\(index)"
                ),
                commission: 0, status: .active),
            in: &state)
    }

    var block: BlockContext {
        BlockContext(
            height: height, epoch: epoch, view: View(height.value), parentView: View(0),
            timestamp: Timestamp(now), parentTimestamp: Timestamp(now), proposer: 0,
            gasLimit: parameters.blockGasLimit)
    }

    var rules: Rules {
        guard let chainID = ChainID("stake-test") else { preconditionFailure("a valid name") }
        return Rules(
            facts: ChainFacts(
                chainID: chainID, genesisHash: .zero, time: Timestamp(0), kind: .development,
                prefix: "alth"),
            parameters: parameters)
    }

    var clock: StakeClock { StakeClock(block, parameters) }

    func context(_ account: Int) -> ActionContext {
        ActionContext(sender: accounts[account], block: block, rules: rules)
    }

    // MARK: Time

    /// The next block; with a time that passes.
    mutating func advance(by milliseconds: UInt64 = 10) {
        height = height.advanced(by: 1)
        now += milliseconds
        oracle.now = now
    }

    /// Ends the epoch with this block, and goes to the next block.
    mutating func endEpoch() {
        guard let record: EpochRecord = state.read(.epoch(epoch)) else {
            preconditionFailure("the epoch has a record")
        }
        state.write(
            .epoch(epoch),
            EpochRecord(
                first: record.first, last: height, start: record.start, endTime: Timestamp(now)))
        oracle.ends[epoch.value] = now
        epoch = epoch.advanced(by: 1)
        state.write(
            .epoch(epoch), EpochRecord(first: height.advanced(by: 1), last: Height(.max)))
        advance(by: Self.epochMilliseconds)
    }

    // MARK: Rewards

    /// What validators had and did in an epoch that is not paid yet.
    struct Paid {
        let pot: RewardPot
        let powers: [UInt64]
        let done: [UInt64]
    }

    private static let epochBlocks: UInt32 = 20

    private static func seats(_ count: Int) -> [Validator] {
        (0..<count).map {
            Validator(key: TestKeys.key(UInt8(100 + $0)), power: UInt64(10 + $0))
        }
    }

    /// Made once, because a set checks the key of each seat.
    private static let sets = (1...8).map { count in
        Result { try ValidatorSet(seats(count)) }
    }

    private static func set(_ count: Int) throws -> ValidatorSet {
        sets.indices.contains(count - 1)
            ? try sets[count - 1].get() : try ValidatorSet(seats(count))
    }

    /// Ends the epoch as its last block does: what the validators did in it, of twenty votes each,
    /// is written down; the epoch before is paid; who was down is jailed.
    ///
    /// - Returns: what the ledger and the oracle see differently.
    mutating func closeEpoch(
        done: [UInt64], fees: UInt64, elapsed: UInt64 = epochMilliseconds
    ) throws -> String? {
        let seats = Self.seats(validators.count)
        let powers = seats.map(\.power)
        let set = try Self.set(validators.count)
        let order = seats.map { seat in set.index(of: seat.key).map { Int($0) } ?? 0 }
        var counts = ParticipationCounts(
            blocks: Self.epochBlocks,
            seats: [SeatCounts](repeating: SeatCounts(), count: seats.count))
        for (validator, seat) in order.enumerated() {
            counts.seats[seat].named = UInt32(done[validator])
        }
        state.write(.validatorSet(epoch), set)
        state.write(.validatorSetHash(epoch), set.hash)
        state.write(.staking(.participation(epoch)), counts)
        guard var record: EpochRecord = state.read(.epoch(epoch)) else {
            return "an epoch has no record"
        }
        record.start = EpochRecord.Start(
            base: BlockSummary(
                hash: .zero, height: .genesis, view: .zero,
                timestamp: Timestamp(now - elapsed)),
            seed: .zero, instance: .zero)
        record.endTime = Timestamp(now)
        // Somebody's transactions paid these.
        let payer = validators.count
        do throws(Rejection) {
            try state.move(
                Amount(fees), from: accounts[payer], to: ModuleAccounts.feeCollector)
        } catch {}
        _ = state.takeEvents()
        Rewards.pay(clock, known: [set], in: &state)
        if let problem = follow(state.takeEvents()) { return problem }
        let down = Downtime.judge(clock, rules: rules, known: [set], in: &state)
        if let problem = follow(state.takeEvents()) { return problem }
        Rewards.fund(record, down: down, parameters, in: &state, epoch: epoch)
        if let problem = follow(state.takeEvents()) { return problem }
        guard let pot: RewardPot = state.read(.staking(.rewardPot(epoch))) else {
            return "an epoch has no pot"
        }
        paid = Paid(
            pot: pot, powers: powers,
            done: order.enumerated().map { index, seat in
                down.contains(UInt16(seat)) ? 0 : done[index]
            })
        endEpoch()
        return nil
    }

    /// Does by hand what the events say, after looking whether they may say so.
    private mutating func follow(_ events: [Event]) -> String? {
        for event in events {
            guard case .staking(let event) = event else { continue }
            switch event {
            case .rewarded(let validator, _, let amount, let commission):
                guard let index = validators.firstIndex(of: validator), let paid else {
                    return "a reward that nobody earned"
                }
                let ideal = Self.part(of: index, paid)
                if Exact(amount.value).distance(to: ideal) > Exact(3) {
                    return "a reward of \(amount) instead of \(ideal.units)"
                }
                oracle.reward(amount.value - commission.value, to: validator)
                guard commission > .zero else { continue }
                oracle.add(
                    Exact(commission.value), to: index, in: .place(.pool(validator)))
            case .rewardsPaid(_, _, let minted, _): supply += minted.value
            case .inflated(_, _, _, let fees, let treasury):
                supply += treasury.value - min(fees.value, treasury.value)
            case .slashed(let validator, let epoch, let amount):
                let before = oracle
                let liable = oracle.liable(for: validator, epoch)
                var expected = oracle.slash(validator, epoch, billionths: 100_000)
                expected += wipe(liable, before)
                note(amount.value, since: before)
                let slack = Exact(oracle.slack * UInt64(oracle.parts.count + 4))
                if Exact(amount.value).distance(to: expected) > slack {
                    return "cut \(amount) instead of \(expected.units)"
                }
            default: continue
            }
        }
        let recorded = (state.read(.supply(.native), as: Amount.self) ?? .zero).value
        return recorded == supply ? nil : "the supply is \(recorded) instead of \(supply)"
    }

    /// 85 % by power and votes, and the n-th part of 15 % from 95 % of the votes on.
    private static func part(of validator: Int, _ paid: Paid) -> Exact {
        let pot = Exact(paid.pot.fees.value + paid.pot.mintable.value)
        let total = paid.powers.reduce(0, +)
        let byPower = pot.times(85, over: 100)
            .times(UInt128(paid.powers[validator]), over: UInt128(total))
            .times(UInt128(paid.done[validator]), over: UInt128(epochBlocks))
        guard 20 * paid.done[validator] >= 19 * UInt64(epochBlocks) else { return byPower }
        return byPower + pot.times(15, over: 100 * UInt128(paid.powers.count))
    }

    // MARK: Acting

    /// All or nothing, after what became free was settled, as a transaction does it.
    mutating func act(
        _ body: (inout StakeWorld) throws(Rejection) -> Void
    ) throws(Rejection) {
        let before = oracle
        state.checkpoint()
        do {
            try body(&self)
            state.commit()
        } catch {
            state.revert()
            oracle = before
            throw error
        }
    }

    /// Everything of an account that is free is paid or merged, in the ledger and by hand.
    mutating func settle(_ account: Int) {
        Staking.settle(accounts[account], clock, in: &state)
        for holding in oracle.holdings(of: account) {
            guard let exit = holding.exit, oracle.isFree(exit) else { continue }
            switch holding {
            case .bucket: _ = oracle.take(nil, from: account, in: holding, isKept: false)
            case .place(.lot(let id)):
                let amount = oracle.take(nil, from: account, in: holding, isKept: false)
                oracle.add(amount, to: account, in: .place(.pool(id.validator)))
            case .place(.pool): break
            }
        }
    }

    mutating func delegate(
        _ amount: UInt64, to validator: Int, by account: Int
    ) throws(Rejection) {
        try Staking.delegate(
            Amount(amount), to: validators[validator], context(account), in: &state)
        oracle.add(
            Exact(amount), to: account, in: .place(.pool(validators[validator])))
    }

    /// Takes by hand what the ledger just took, be it all.
    private mutating func take(
        _ amount: UInt64?, from account: Int, in holding: StakeHolding
    ) -> Exact {
        let rest = Staking.position(of: accounts[account], in: holding, state)
        return oracle.take(amount, from: account, in: holding, isKept: rest != nil)
    }

    mutating func undelegate(
        _ amount: UInt64?, from place: StakePlace, by account: Int
    ) throws(Rejection) {
        try Staking.undelegate(
            amount.map { .tokens(Amount($0)) } ?? .all, from: place, context(account), in: &state)
        var origin: StakeOrigin?
        if case .lot(let id) = place {
            // Liable for both up to the same epoch.
            origin = StakeOrigin(
                validator: id.origin.validator, exit: max(id.origin.exit, clock.exit))
        }
        let taken = take(amount, from: account, in: .place(place))
        oracle.add(
            taken, to: account,
            in: .bucket(
                BucketID(validator: place.validator, exit: clock.exit, origin: origin)))
    }

    mutating func cancel(
        _ amount: UInt64?, of bucket: BucketID, by account: Int
    ) throws(Rejection) {
        try Staking.cancel(
            amount.map { .tokens(Amount($0)) } ?? .all, of: bucket, context(account), in: &state)
        let taken = take(amount, from: account, in: .bucket(bucket))
        if let origin = bucket.origin, !oracle.isFree(origin.exit) {
            oracle.add(
                taken, to: account,
                in: .place(.lot(LotID(validator: bucket.validator, origin: origin))))
        } else {
            oracle.add(taken, to: account, in: .place(.pool(bucket.validator)))
        }
    }

    mutating func redelegate(
        _ amount: UInt64?, from place: StakePlace, to validator: Int, by account: Int
    ) throws(Rejection) {
        try Staking.redelegate(
            amount.map { .tokens(Amount($0)) } ?? .all, from: place, to: validators[validator],
            context(account), in: &state)
        let taken = take(amount, from: account, in: .place(place))
        let origin = StakeOrigin(validator: place.validator, exit: clock.exit)
        oracle.add(
            taken, to: account,
            in: .place(.lot(LotID(validator: validators[validator], origin: origin))))
    }

    /// New tokens for everybody in a pool.
    mutating func reward(_ amount: UInt64, to validator: Int) {
        let address = validators[validator]
        guard var pool = Staking.pool(of: address, in: state), pool.stake.amount > 0 else { return }
        pool.stake.amount += UInt128(amount)
        Staking.setPool(pool, of: address, at: height, in: &state)
        do {
            try state.credit(ModuleAccounts.bondedPool, Amount(amount))
        } catch {
            preconditionFailure("rewards fit: \(error.code)")
        }
        supply += amount
        state.write(.supply(.native), Amount(supply))
        oracle.reward(amount, to: address)
    }

    /// Cuts what is liable, and takes over which records were given up.
    ///
    /// - Returns: what was cut, and what it should have been.
    mutating func slash(
        _ validator: Int, for epoch: Epoch, billionths: UInt64
    ) -> (cut: UInt64, expected: Exact) {
        let offence = OffenceRecord(
            operatorAddress: validators[validator], evidence: StakeSample.evidence,
            height: height, time: Timestamp(now), reporter: accounts[0])
        let liable = oracle.liable(for: validators[validator], epoch)
        let before = oracle
        var expected = oracle.slash(validators[validator], epoch, billionths: billionths)
        let cut = Staking.slash(
            validators[validator], for: epoch, Billionths(billionths), clock, in: &state)
        Staking.hold(cut, of: offence, clock, in: &state)
        expected += wipe(liable, before)
        note(cut.tokens, since: before)
        return (cut.tokens, expected)
    }

    /// Writes down by hand who lost what in a slash.
    private mutating func note(_ tokens: UInt64, since before: StakeOracle) {
        guard tokens > 0 else { return }
        let lost = accounts.indices.map { before.total(of: $0) - oracle.total(of: $0) }
        losses.append(StakeLoss(tokens: tokens, lost: lost, slack: oracle.slack))
    }

    /// Forgets by hand the records that the ledger has given up; what they had.
    private mutating func wipe(_ liable: Set<StakeHolding>, _ before: StakeOracle) -> Exact {
        var wiped = Exact.zero
        for holding in liable {
            // A part that is worth less than a unit may have no shares left to be told by.
            let isGone = before.parts.allSatisfy { part in
                part.holding != holding
                    || Staking.position(of: accounts[part.owner], in: holding, state) == nil
            }
            if isGone { wiped += oracle.wipe { $0 == holding } }
        }
        return wiped
    }

    // MARK: Looking

    /// What the ledger says that an account's part of a record is worth.
    func worth(of account: Int, in holding: StakeHolding) -> UInt64 {
        guard let position = Staking.position(of: accounts[account], in: holding, state) else {
            return 0
        }
        switch holding {
        case .place(.pool(let validator)):
            let pool = Staking.poolOfKnown(validator, in: state)
            return UInt64(truncatingIfNeeded: pool.stake.value(of: position.shares))
        case .place(.lot(let id)):
            guard let lot = Staking.lot(id, in: state) else { return 0 }
            let pool = Staking.poolOfKnown(id.validator, in: state)
            return UInt64(
                truncatingIfNeeded: pool.stake.value(of: lot.stake.value(of: position.shares)))
        case .bucket(let id):
            guard let record = Staking.bucket(id, in: state) else { return 0 }
            return UInt64(truncatingIfNeeded: record.value(of: position.shares))
        }
    }

    /// The records that an account has shares of, as the ledger knows them.
    func holdings(of account: Int) -> [StakeHolding] {
        state.entries(in: .positions(of: accounts[account]), limit: .max)
            .compactMap { StakeHolding(positionKey: $0.key) }
    }

    /// The first part that the ledger and the oracle see differently.
    func difference() -> String? {
        for part in oracle.parts {
            let worth = worth(of: part.owner, in: part.holding)
            if Exact(worth).distance(to: part.amount) > Exact(oracle.slack) {
                return "account \(part.owner) in \(part.holding): \(worth), by hand "
                    + "\(part.amount.units), slack \(oracle.slack)"
            }
        }
        return nil
    }

    /// The sum of all balances against the supply.
    var isSupplyKept: Bool {
        var sum: UInt64 = 0
        for entry in state.entries(in: .balances, limit: .max) {
            sum += State<MemoryState>.decode(entry.value, as: Amount.self).value
        }
        return sum == supply
    }
}

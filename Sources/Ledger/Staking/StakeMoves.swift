import Chain
import Cryptography
import StateTree

// Conversions between tokens, pools, lots and buckets: each touches one account's position and the
// records on both sides. The callers move the tokens and decide who may.
extension Staking {
    // MARK: In

    /// Deposits tokens into a pool as an account's own position.
    ///
    /// - Throws: `staking.no_shares`, with the state as it was.
    static func deposit<Base: StateReader>(
        _ tokens: UInt64, of account: Address, into validator: Address, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) {
        var pool = poolOfKnown(validator, in: state)
        guard let shares = pool.stake.deposit(UInt128(tokens)) else {
            throw .staking(.noShares(Amount(tokens)))
        }
        setPool(pool, of: validator, at: height, in: &state)
        addPoolShares(shares, worth: tokens, to: account, in: validator, pool, at: height, &state)
    }

    /// Gives an account shares that the pool has already counted.
    static func addPoolShares<Base: StateReader>(
        _ shares: UInt128, worth tokens: UInt64, to account: Address, in validator: Address,
        _ pool: ValidatorPool, at height: Height, _ state: inout State<Base>
    ) {
        let holding = StakeHolding.place(.pool(validator))
        var position =
            position(of: account, in: holding, state)
            ?? StakePosition(generation: pool.stake.generation, shares: 0)
        position.shares += shares
        if let principal = position.principal {
            var rebased = principal.rebased(to: pool.index)
            // Never above what the position is worth, but for one unit of rounding.
            rebased.amount += tokens
            position.principal = rebased
        }
        setPosition(position, of: account, in: holding, at: height, &state)
    }

    /// Deposits tokens into a pool as an account's part of a lot.
    ///
    /// - Throws: `staking.no_shares`; the caller's checkpoint undoes what was done.
    static func deposit<Base: StateReader>(
        _ tokens: UInt64, of account: Address, into id: LotID, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) {
        var pool = poolOfKnown(id.validator, in: state)
        guard let poolShares = pool.stake.deposit(UInt128(tokens)) else {
            throw .staking(.noShares(Amount(tokens)))
        }
        setPool(pool, of: id.validator, at: height, in: &state)
        var lot =
            lot(id, in: state)
            ?? StakeLot(
                stake: ShareRecord(generation: nextGeneration(in: &state)),
                poolGeneration: pool.stake.generation)
        guard let shares = lot.stake.deposit(poolShares) else {
            throw .staking(.noShares(Amount(tokens)))
        }
        setLot(lot, id, at: height, in: &state)
        let holding = StakeHolding.place(.lot(id))
        var position =
            position(of: account, in: holding, state)
            ?? StakePosition(generation: lot.stake.generation, shares: 0)
        position.shares += shares
        setPosition(position, of: account, in: holding, at: height, &state)
    }

    /// Puts tokens into a bucket.
    static func deposit<Base: StateReader>(
        _ tokens: UInt64, of account: Address, into id: BucketID, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) {
        var record =
            bucket(id, in: state) ?? ShareRecord(generation: nextGeneration(in: &state))
        guard let shares = record.deposit(UInt128(tokens)) else {
            throw .staking(.noShares(Amount(tokens)))
        }
        setBucket(record, id, in: &state)
        let holding = StakeHolding.bucket(id)
        var position =
            position(of: account, in: holding, state)
            ?? StakePosition(generation: record.generation, shares: 0)
        position.shares += shares
        setPosition(position, of: account, in: holding, at: height, &state)
    }

    // MARK: Out

    /// Takes tokens out of a place; what is left of the position stays.
    ///
    /// - Returns: at least the tokens that were named; 0 for all of a position that is worth 0.
    static func withdraw<Base: StateReader>(
        _ amount: StakeAmount, of account: Address, from place: StakePlace, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) -> UInt64 {
        switch place {
        case .pool(let validator):
            try withdraw(amount, of: account, fromPool: validator, at: height, in: &state)
        case .lot(let id):
            try withdraw(amount, of: account, from: id, at: height, in: &state)
        }
    }

    private static func withdraw<Base: StateReader>(
        _ amount: StakeAmount, of account: Address, fromPool validator: Address,
        at height: Height, in state: inout State<Base>
    ) throws(Rejection) -> UInt64 {
        let holding = StakeHolding.place(.pool(validator))
        guard var position = position(of: account, in: holding, state) else {
            throw .staking(.noPosition)
        }
        var pool = poolOfKnown(validator, in: state)
        let shares: UInt128
        switch amount {
        case .all:
            shares = position.shares
        case .tokens(let wanted):
            try check(wanted, within: pool.stake.value(of: position.shares))
            shares = pool.stake.sharesFor(
                withdrawal: UInt128(wanted.value), owned: position.shares)
        }
        let tokens = pool.redeem(shares)
        if let principal = position.principal {
            var rest = principal.rebased(to: pool.index)
            // The exit takes its fraction of the principal, rounded down.
            let part = scaledDown(UInt128(rest.amount), shares, by: position.shares) ?? 0
            rest.amount -= UInt64(truncatingIfNeeded: part)
            position.principal = rest
        }
        position.shares -= shares
        setPool(pool, of: validator, at: height, in: &state)
        setPosition(position, of: account, in: holding, at: height, &state)
        return tokens
    }

    private static func withdraw<Base: StateReader>(
        _ amount: StakeAmount, of account: Address, from id: LotID, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) -> UInt64 {
        let holding = StakeHolding.place(.lot(id))
        guard var position = position(of: account, in: holding, state),
            var lot = lot(id, in: state)
        else { throw .staking(.noPosition) }
        var pool = poolOfKnown(id.validator, in: state)
        let shares: UInt128
        switch amount {
        case .all:
            shares = position.shares
        case .tokens(let wanted):
            let owned = lot.stake.value(of: position.shares)
            try check(wanted, within: pool.stake.value(of: owned))
            let poolShares = pool.stake.sharesFor(
                withdrawal: UInt128(wanted.value), owned: owned)
            shares = lot.stake.sharesFor(withdrawal: poolShares, owned: position.shares)
        }
        let tokens = pool.redeem(lot.stake.redeem(shares))
        position.shares -= shares
        setPool(pool, of: id.validator, at: height, in: &state)
        setLot(lot, id, at: height, in: &state)
        setPosition(position, of: account, in: holding, at: height, &state)
        return tokens
    }

    /// Takes tokens out of a bucket.
    static func withdraw<Base: StateReader>(
        _ amount: StakeAmount, of account: Address, from id: BucketID, at height: Height,
        in state: inout State<Base>
    ) throws(Rejection) -> UInt64 {
        let holding = StakeHolding.bucket(id)
        guard var position = position(of: account, in: holding, state),
            var record = bucket(id, in: state)
        else { throw .staking(.noPosition) }
        let shares: UInt128
        switch amount {
        case .all:
            shares = position.shares
        case .tokens(let wanted):
            try check(wanted, within: record.value(of: position.shares))
            shares = record.sharesFor(withdrawal: UInt128(wanted.value), owned: position.shares)
        }
        let tokens = UInt64(truncatingIfNeeded: record.redeem(shares))
        position.shares -= shares
        setBucket(record, id, in: &state)
        setPosition(position, of: account, in: holding, at: height, &state)
        return tokens
    }

    private static func check(_ wanted: Amount, within stake: UInt128) throws(Rejection) {
        guard wanted > .zero else { throw .amountZero }
        guard UInt128(wanted.value) <= stake else {
            throw .staking(
                .amountAboveStake(
                    found: wanted, stake: Amount(UInt64(truncatingIfNeeded: stake))))
        }
    }

    // MARK: What became free

    /// Pays an account what is free of its buckets and merges what is free of its lots, a bounded
    /// number of records. It cannot fail.
    static func settle<Base: StateReader>(
        _ account: Address, _ clock: StakeClock, in state: inout State<Base>
    ) {
        let summary = state.read(.staking(.account(account)), as: StakeAccount.self)
        guard let next = summary?.nextExit, clock.isFree(next, in: state) else { return }
        var left = settledPerTransactionMax
        for range in [StateKeyRange.bucketPositions(of: account), .lotPositions(of: account)] {
            for entry in state.entries(in: range, limit: left) {
                guard let holding = StakeHolding(positionKey: entry.key),
                    let exit = holding.exit, clock.isFree(exit, in: state)
                else { break }
                left -= 1
                switch holding {
                case .bucket(let id): pay(id, to: account, at: clock.height, in: &state)
                case .place(.lot(let id)): merge(id, of: account, at: clock.height, in: &state)
                case .place(.pool): preconditionFailure("a pool has no exit")
                }
            }
        }
    }

    private static func pay<Base: StateReader>(
        _ id: BucketID, to account: Address, at height: Height, in state: inout State<Base>
    ) {
        let holding = StakeHolding.bucket(id)
        do {
            let tokens = try withdraw(.all, of: account, from: id, at: height, in: &state)
            try moveBonded(tokens, from: ModuleAccounts.bondedPool, to: account, in: &state)
            state.emit(
                .staking(
                    .unbonded(account: account, validator: id.validator, amount: Amount(tokens))))
        } catch {
            // Nothing is left of it.
            drop(holding, of: account, at: height, in: &state)
        }
    }

    /// Turns an account's part of a lot into shares of the pool.
    static func merge<Base: StateReader>(
        _ id: LotID, of account: Address, at height: Height, in state: inout State<Base>
    ) {
        let holding = StakeHolding.place(.lot(id))
        guard var position = position(of: account, in: holding, state),
            var lot = lot(id, in: state)
        else {
            drop(holding, of: account, at: height, in: &state)
            return
        }
        let pool = poolOfKnown(id.validator, in: state)
        let poolShares = lot.stake.redeem(position.shares)
        position.shares = 0
        setLot(lot, id, at: height, in: &state)
        setPosition(position, of: account, in: holding, at: height, &state)
        guard poolShares > 0 else { return }
        let worth = UInt64(truncatingIfNeeded: pool.stake.value(of: poolShares))
        addPoolShares(
            poolShares, worth: worth, to: account, in: id.validator, pool, at: height, &state)
        state.emit(
            .staking(
                .merged(account: account, validator: id.validator, amount: Amount(worth))))
    }

    /// Removes a position that is worth nothing.
    static func drop<Base: StateReader>(
        _ holding: StakeHolding, of account: Address, at height: Height,
        in state: inout State<Base>
    ) {
        setPosition(
            StakePosition(generation: 0, shares: 0), of: account, in: holding, at: height, &state)
    }
}

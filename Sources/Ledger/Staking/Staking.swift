import Chain
import Cryptography
import StateTree

/// Stake: pools of validators, lots that moved between them, and buckets that wait to be paid
/// (staking.md 2).
///
/// A pool, a lot and a bucket are one record each, whatever the number of accounts that own shares
/// of it, so that rewards, cuts and elections touch records and never accounts. What accounts own
/// is worth what its record says at the moment somebody looks.
///
/// Invariants: the bonded pool's balance is Σ T of all pools and buckets; `bondedTotal` is Σ T of
/// the pools; S of a record is the sum of the shares of its generation's positions, and in a pool
/// of its lots' N besides; nothing that is liable for a fault is paid or merged while evidence of
/// it could still come.
enum Staking {
    /// Records that an account may have shares of; exits may go above.
    static let positionsMax: UInt32 = 16
    /// Places whose past is kept for one account.
    static let placesMax: UInt32 = 64
    /// Records that one transaction pays or merges.
    static let settledPerTransactionMax = 16
}

/// What the rules of stake know about the block.
struct StakeClock: Hashable, Sendable {
    let height: Height
    let epoch: Epoch
    let now: Timestamp
    let unbonding: UInt64
    let warmUp: UInt64
    let block: BlockContext
    /// p.
    let exitPeriod: UInt64
    let kind: ChainKind

    init(_ block: BlockContext, _ parameters: Parameters) {
        self.block = block
        height = block.height
        epoch = block.epoch
        now = block.timestamp
        unbonding = parameters.unbonding
        warmUp = parameters.warmUp
        exitPeriod = max(1, parameters.exitPeriod)
        kind = parameters.kind
    }

    init(_ context: ActionContext) {
        self.init(context.block, context.rules.parameters)
    }

    /// x of stake that leaves now: the last epoch of the present exit period.
    var exit: Epoch { Staking.exit(of: epoch, period: exitPeriod) }

    /// Whether no evidence can come any more that stake is liable for which left at `exit`.
    func isFree<Base: StateReader>(_ exit: Epoch, in state: State<Base>) -> Bool {
        let record = state.read(.epoch(exit.advanced(by: 1)), as: EpochRecord.self)
        guard let end = record?.endTime else { return false }
        return now > end.advanced(by: unbonding)
    }

    /// The first exit that is not free. Epochs end in order, so that it is found by halving.
    func firstBoundExit<Base: StateReader>(in state: State<Base>) -> Epoch {
        // Free are the exits below `low`, and not those from `high` on.
        var low: UInt64 = 0
        var high = epoch.value
        while low < high {
            let middle = low + (high - low) / 2
            if isFree(Epoch(middle), in: state) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return Epoch(low)
    }
}

extension Staking {
    /// x of stake that leaves in an epoch: the last epoch of its exit period.
    static func exit(of epoch: Epoch, period: UInt64) -> Epoch {
        let period = max(1, period)
        let (end, overflow) = (epoch.value / period + 1).multipliedReportingOverflow(by: period)
        return Epoch(overflow ? .max : end - 1)
    }
}

// Records. Writing one writes down its past, and every sum over it.
extension Staking {
    static func record<Base: StateReader>(
        of validator: Address, in state: State<Base>
    ) throws(Rejection) -> ValidatorRecord {
        guard let record = state.read(.validator(validator), as: ValidatorRecord.self) else {
            throw .staking(.unknownValidator(validator))
        }
        return record
    }

    static func pool<Base: StateReader>(
        of validator: Address, in state: State<Base>
    ) -> ValidatorPool? {
        state.read(.staking(.pool(validator)))
    }

    /// The pool of a validator that exists.
    static func poolOfKnown<Base: StateReader>(
        _ validator: Address, in state: State<Base>
    ) -> ValidatorPool {
        guard let pool = pool(of: validator, in: state) else {
            preconditionFailure("a validator has a pool: \(validator)")
        }
        return pool
    }

    /// - Parameter before: T as it is in the state.
    static func setPool<Base: StateReader>(
        _ pool: ValidatorPool, of validator: Address, at height: Height,
        in state: inout State<Base>
    ) {
        let before = Staking.pool(of: validator, in: state)?.tokens ?? 0
        state.write(.staking(.pool(validator)), pool)
        writeTrace(pool.stake, .poolTrace(validator, height), in: &state) {
            .poolTrace(validator, $0)
        }
        guard pool.tokens != before else { return }
        let total = (state.read(.bondedTotal, as: Amount.self) ?? .zero).value
        let sum = Amount(total - before + pool.tokens)
        state.write(.bondedTotal, sum)
        writeTrace(sum, .bondedTrace(height), in: &state) { .bondedTrace($0) }
    }

    static func bucket<Base: StateReader>(
        _ id: BucketID, in state: State<Base>
    ) -> ShareRecord? {
        state.read(.staking(.bucket(id)))
    }

    /// A bucket without shares goes.
    static func setBucket<Base: StateReader>(
        _ record: ShareRecord, _ id: BucketID, in state: inout State<Base>
    ) {
        guard record.shares > 0 else {
            state.remove(.staking(.bucket(id)))
            if let origin = id.origin { state.remove(.staking(.bucketOfOrigin(origin, id))) }
            return
        }
        if let origin = id.origin, bucket(id, in: state) == nil {
            state.write(.staking(.bucketOfOrigin(origin, id)), id)
        }
        state.write(.staking(.bucket(id)), record)
    }

    /// A lot; nil also if its pool began a new generation, in which it is worth nothing.
    static func lot<Base: StateReader>(_ id: LotID, in state: State<Base>) -> StakeLot? {
        guard let lot = state.read(.staking(.lot(id)), as: StakeLot.self),
            pool(of: id.validator, in: state)?.stake.generation == lot.poolGeneration
        else { return nil }
        return lot
    }

    /// A lot without shares goes.
    static func setLot<Base: StateReader>(
        _ lot: StakeLot, _ id: LotID, at height: Height, in state: inout State<Base>
    ) {
        if lot.stake.shares > 0 {
            if !state.contains(.staking(.lot(id))) { state.write(.staking(.lotAt(id)), id) }
            state.write(.staking(.lot(id)), lot)
        } else {
            state.remove(.staking(.lot(id)))
            state.remove(.staking(.lotAt(id)))
        }
        writeTrace(lot, .lotTrace(id, height), in: &state) { .lotTrace(id, $0) }
    }

    /// A number for a new generation of any record.
    static func nextGeneration<Base: StateReader>(in state: inout State<Base>) -> UInt64 {
        let last = state.read(.staking(.lastGeneration), as: UInt64.self) ?? 0
        state.write(.staking(.lastGeneration), last + 1)
        return last + 1
    }

    // MARK: Positions

    /// The generation of a record as it is now; nil if there is none.
    static func generation<Base: StateReader>(
        of holding: StakeHolding, in state: State<Base>
    ) -> UInt64? {
        switch holding {
        case .place(.pool(let validator)): pool(of: validator, in: state)?.stake.generation
        case .place(.lot(let id)): lot(id, in: state)?.stake.generation
        case .bucket(let id): bucket(id, in: state)?.generation
        }
    }

    /// An account's position that is worth something, or nil.
    static func position<Base: StateReader>(
        of account: Address, in holding: StakeHolding, _ state: State<Base>
    ) -> StakePosition? {
        guard
            let position = state.read(
                .staking(.position(account, holding)), as: StakePosition.self),
            position.generation == generation(of: holding, in: state)
        else { return nil }
        return position
    }

    /// Writes a position, or removes it if it has no shares, and everything that counts them.
    static func setPosition<Base: StateReader>(
        _ position: StakePosition, of account: Address, in holding: StakeHolding,
        at height: Height, _ state: inout State<Base>
    ) {
        let key = StateKey.staking(.position(account, holding))
        let before: StakePosition? = state.read(key)
        let existed = before != nil
        let exists = position.shares > 0
        if exists {
            state.write(key, position)
        } else {
            state.remove(key)
        }
        if exists != existed {
            count(holding, isNew: exists, of: account, in: &state)
        }
        guard exists || existed else { return }
        switch holding {
        case .place(let place):
            writeTrace(position, of: account, in: place, at: height, &state)
            Representation.follow(
                account, in: place, from: before, to: exists ? position : nil, at: height,
                &state)
        case .bucket(let bucket):
            writeTrace(position, of: account, in: bucket, at: height, &state)
        }
    }

    private static func count<Base: StateReader>(
        _ holding: StakeHolding, isNew: Bool, of account: Address, in state: inout State<Base>
    ) {
        let key = StateKey.staking(.account(account))
        var summary = state.read(key) ?? StakeAccount(positions: 0, nextExit: nil)
        if isNew {
            summary.positions += 1
            if let exit = holding.exit {
                summary.nextExit = min(summary.nextExit ?? exit, exit)
            }
        } else {
            summary.positions -= 1
            if holding.exit != nil, holding.exit == summary.nextExit {
                summary.nextExit = firstExit(of: account, in: state)
            }
        }
        if summary.positions > 0 {
            state.write(key, summary)
        } else {
            state.remove(key)
        }
    }

    private static func firstExit<Base: StateReader>(
        of account: Address, in state: State<Base>
    ) -> Epoch? {
        let ranges = [
            StateKeyRange.bucketPositions(of: account), .lotPositions(of: account),
        ]
        return ranges.compactMap { range in
            state.firstEntry(in: range).flatMap { StakeHolding(positionKey: $0.key)?.exit }
        }.min()
    }

    /// Throws if one more record is too many. Positions that are worth nothing any more go first.
    static func checkRoom<Base: StateReader>(
        for holding: StakeHolding, of account: Address, in state: inout State<Base>,
        at height: Height
    ) throws(Rejection) {
        guard !state.contains(.staking(.position(account, holding))) else { return }
        func count() -> UInt32 {
            state.read(.staking(.account(account)), as: StakeAccount.self)?.positions ?? 0
        }
        guard count() >= positionsMax else { return }
        let entries = state.entries(
            in: .positions(of: account), limit: Int(positionsMax) + settledPerTransactionMax)
        for entry in entries {
            guard let other = StakeHolding(positionKey: entry.key) else {
                preconditionFailure("a position's key names a record")
            }
            let position: StakePosition = State<Base>.decode(entry.value)
            if generation(of: other, in: state) != position.generation {
                setPosition(
                    StakePosition(generation: position.generation, shares: 0), of: account,
                    in: other, at: height, &state)
            }
        }
        guard count() < positionsMax else {
            throw .staking(.tooManyPositions(limit: positionsMax))
        }
    }

    /// Pays tokens out of the bonded pool, or into it. The pool has what its records say.
    static func moveBonded<Base: StateReader>(
        _ amount: UInt64, from source: Address, to destination: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard amount > 0 else { return }
        try state.move(Amount(amount), from: source, to: destination)
    }
}

extension StakeHolding {
    /// The exit that decides when it is free; nil for a pool.
    var exit: Epoch? {
        switch self {
        case .place(.pool): nil
        case .place(.lot(let id)): id.origin.exit
        case .bucket(let id): id.exit
        }
    }
}

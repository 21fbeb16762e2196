import Chain
import Codec
import Cryptography
import StateTree

/// Where a chain stands: what a state does not say of itself.
public struct ChainPoint: Hashable, Sendable {
    /// Of the last block.
    public let height: Height
    public let time: Timestamp

    public init(height: Height, time: Timestamp) {
        self.height = height
        self.time = time
    }
}

/// When something happens that depends on blocks to come.
public struct ExpectedTime: Hashable, Sendable {
    public let time: Timestamp
    /// Whether blocks at the present pace are assumed; otherwise the time is certain, as long as
    /// nobody decides on other parameters.
    public let isEstimate: Bool
}

/// When stake that left a validator is free: paid if it waits in a bucket, no longer liable for the
/// validator before if it rests in a lot.
public struct StakeRelease: Hashable, Sendable {
    /// x.
    public let exit: Epoch
    public let isFree: Bool
    public let expected: ExpectedTime
}

/// A validator's place in a set.
public struct StakeSeat: Hashable, Sendable {
    public let epoch: Epoch
    public let index: UInt16
    public let power: UInt64
    /// Of the whole set.
    public let totalPower: UInt64
    /// The consensus key in this set; the record may have another one by now.
    public let key: PublicKey
}

/// What a validator did in an epoch, as far as blocks have named it.
public struct UptimeView: Hashable, Sendable {
    public let epoch: Epoch
    /// How many of the epoch's blocks it voted for.
    public let votes: UInt64
    public let blocks: UInt64
    /// How many of the views that it should have led it led.
    public let led: UInt64
    public let slots: UInt64

    public var done: UInt64 { votes + led }
    public var expected: UInt64 { blocks + slots }
}

/// A validator as a query shows it.
public struct ValidatorView: Hashable, Sendable {
    public let record: ValidatorRecord
    public let stake: ValidatorStake
    /// What the next election counts.
    public let weight: UInt64
    public let seat: StakeSeat?
    public let nextSeat: StakeSeat?
    /// In the set after the next, if the election were now.
    public let forecastSeat: StakeSeat?
    /// In this epoch and in the one before; nil where it did not sit, and once that is paid for.
    public let uptime: UptimeView?
    public let lastUptime: UptimeView?
    /// When it was found down, as far as that still counts.
    public let downtimes: [Timestamp]
    public let offences: [OffenceView]
}

/// An account's part of one record.
public struct HoldingView: Hashable, Sendable {
    public let holding: StakeHolding
    public let position: StakePosition
    /// 0 also if nothing is left of the record's generation.
    public let value: Amount
    /// What is paid out of it only by leaving; nil for a position that compounds.
    public let principal: Amount?
    /// What a claim would pay.
    public let claimable: Amount
    /// Whether a cut or a new beginning of the record left nothing of it.
    public let isVoid: Bool
    /// nil for a pool.
    public let release: StakeRelease?
}

/// All stake of an account in numbers.
public struct StakeSummary: Hashable, Sendable {
    /// In pools and lots.
    public let bonded: Amount
    /// In buckets.
    public let unbonding: Amount
    public let claimable: Amount
    /// What a vote that opened in the next block would count.
    public let votingPower: UInt64
    /// The height whose stake that vote would count.
    public let snapshot: Height
    public let records: UInt32
}

/// The stake of a chain in numbers.
public struct StakingView: Hashable, Sendable {
    public let bonded: Amount
    public let supply: Amount
    /// In 10⁻¹² of the supply a year.
    public let inflationRate: UInt64
    public let epoch: Epoch
    public let record: EpochRecord
    /// When the epoch ends, and the set of the epoch after the next is elected.
    public let epochEnd: ExpectedTime
    /// What stake that left now would get.
    public let release: StakeRelease
    public let parameters: Parameters
}

/// What one slash cut, as long as it is remembered.
public struct EscrowView: Hashable, Sendable {
    public let id: EscrowID
    public let escrow: StakeEscrow
    /// Proposals to return it, as far as they were not seen to have ended.
    public let proposals: [ProposalID]
}

/// What a slash cut of one account's stake.
public struct LossView: Hashable, Sendable {
    public let escrow: EscrowView
    public let amount: Amount
    /// What of it the account got back.
    public let claimed: Amount?
}

/// Reads of stake for the API and the command line.
public enum StakeQueries {
    /// Entries of one answer.
    public static let limitMax = 100

    // MARK: Validators

    /// Validators by the order of their operators' addresses, elected or not.
    ///
    /// - Parameters:
    ///   - after: the cursor: only operators above this one.
    ///   - index: of this very state, where the caller has it.
    public static func validators(
        after: Address? = nil, limit: Int, index: ValidatorIndex? = nil,
        over reader: some StateReader
    ) -> [ValidatorView] {
        let sets = index ?? ValidatorIndex(over: reader)
        let state = State(over: reader)
        var range = StateKeyRange.validators
        if let after {
            range = range.after(.validator(after))
        }
        return state.entries(in: range, limit: min(max(limit, 0), limitMax)).map { entry in
            view(of: decoded(entry, in: state), sets, in: state)
        }
    }

    /// Whether the list goes on after an operator.
    public static func hasValidators(
        after operatorAddress: Address, over reader: some StateReader
    ) -> Bool {
        let range = StateKeyRange.validators.after(.validator(operatorAddress))
        return State(over: reader).firstEntry(in: range) != nil
    }

    public static func validator(
        _ record: ValidatorRecord, index: ValidatorIndex? = nil, over reader: some StateReader
    ) -> ValidatorView {
        view(of: record, index ?? ValidatorIndex(over: reader), in: State(over: reader))
    }

    private static func view<Base: StateReader>(
        of record: ValidatorRecord, _ sets: ValidatorIndex, in state: State<Base>
    ) -> ValidatorView {
        let validator = record.operatorAddress
        let stake = ValidatorStake(
            bonded: Staking.bonded(with: validator, in: state),
            selfBond: Staking.selfBond(of: validator, in: state))
        let contender = Contender(
            operatorAddress: validator, consensusKey: record.consensusKey,
            total: stake.bonded.value, own: stake.selfBond.value, standing: .eligible,
            isMember: false)
        return ValidatorView(
            record: record, stake: stake, weight: contender.weight,
            seat: sets.present[validator], nextSeat: sets.next[validator],
            forecastSeat: sets.forecast[validator], uptime: sets.uptime[validator],
            lastUptime: sets.lastUptime[validator],
            downtimes: Queries.downtimes(of: validator, over: state.base),
            offences: sets.offences.filter { $0.record.operatorAddress == validator })
    }

    // MARK: Accounts

    /// An account's parts of records: pools, then buckets by exit, then lots by exit.
    ///
    /// - Parameter after: the cursor: only what comes after this one.
    public static func holdings(
        of account: Address, after: StakeHolding? = nil, limit: Int, at now: ChainPoint,
        over reader: some StateReader
    ) -> [HoldingView] {
        let state = State(over: reader)
        var range = StateKeyRange.positions(of: account)
        if let after {
            range = range.after(.staking(.position(account, after)))
        }
        let pace = StakePace(now, in: state)
        return state.entries(in: range, limit: min(max(limit, 0), limitMax)).compactMap { entry in
            StakeHolding(positionKey: entry.key).map {
                view(of: $0, decoded(entry, in: state), pace, in: state)
            }
        }
    }

    private static func view<Base: StateReader>(
        of holding: StakeHolding, _ position: StakePosition, _ pace: StakePace,
        in state: State<Base>
    ) -> HoldingView {
        let worth = Staking.worth(of: position, in: holding, state)
        var principal: Amount?
        var claimable: UInt64 = 0
        if let kept = position.principal {
            let pool = worth == nil ? nil : Staking.pool(of: holding.validator, in: state)
            let rest = pool.map { kept.rebased(to: $0.index).amount } ?? 0
            principal = Amount(rest)
            if let pool, let worth, worth.value > rest {
                // As a claim does it: whole shares, worth what they are.
                let gain = UInt128(worth.value - rest)
                let shares = scaledDown(gain, pool.stake.shares, by: pool.stake.amount) ?? 0
                let paid = pool.stake.value(of: min(shares, position.shares))
                claimable = UInt64(truncatingIfNeeded: paid)
            }
        }
        return HoldingView(
            holding: holding, position: position, value: worth ?? .zero, principal: principal,
            claimable: Amount(claimable), isVoid: worth == nil,
            release: holding.exit.map { pace.release(of: $0, in: state) })
    }

    public static func summary(
        of account: Address, at now: ChainPoint, over reader: some StateReader
    ) -> StakeSummary {
        let state = State(over: reader)
        let rules = Rules(over: reader)
        var unbonding: UInt64 = 0
        var claimable: UInt64 = 0
        let pace = StakePace(now, in: state)
        for entry in state.entries(in: .positions(of: account), limit: .max) {
            guard let holding = StakeHolding(positionKey: entry.key) else { continue }
            let found = view(of: holding, decoded(entry, in: state), pace, in: state)
            // Parts of the supply, which fits 63 bits.
            claimable += found.claimable.value
            if case .bucket = holding { unbonding += found.value.value }
        }
        let block = BlockContext(
            height: now.height.advanced(by: 1), epoch: Epochs.current(in: state), view: .zero,
            parentView: .zero, timestamp: now.time, parentTimestamp: now.time, proposer: 0,
            gasLimit: rules.blockGasLimit)
        let snapshot = Staking.snapshot(at: block, warmUp: rules.parameters.warmUp, in: state)
        let record = state.read(.staking(.account(account)), as: StakeAccount.self)
        return StakeSummary(
            bonded: Staking.bonded(of: account, in: state), unbonding: Amount(unbonding),
            claimable: Amount(claimable),
            votingPower: VotingPower.power(of: account, at: snapshot, in: state),
            snapshot: snapshot, records: record?.positions ?? 0)
    }

    // MARK: The chain

    /// Escrows that one page of losses looks through.
    private static let escrowsPerPage = 1_000

    /// What slashes cut and is still held or claimed, oldest first.
    ///
    /// - Parameter after: the cursor: only what comes after this one.
    public static func escrows(
        after: EscrowID? = nil, limit: Int, over reader: some StateReader
    ) -> [EscrowView] {
        let state = State(over: reader)
        let range = after.map { StateKeyRange.escrows.after(.staking(.escrow($0))) } ?? .escrows
        return state.entries(in: range, limit: min(max(limit, 0), limitMax)).map { entry in
            view(decoded(entry, in: state), StakingKey.escrowID(entry.key), state)
        }
    }

    public static func escrow(_ id: EscrowID, over reader: some StateReader) -> EscrowView? {
        let state = State(over: reader)
        return Staking.escrow(id, in: state).map { view($0, id, state) }
    }

    private static func view<Base: StateReader>(
        _ escrow: StakeEscrow, _ id: EscrowID, _ state: State<Base>
    ) -> EscrowView {
        let proposals = state.entries(in: .proposals(toReturn: id), limit: limitMax).map {
            State<Base>.decode($0.value, as: ProposalID.self)
        }
        return EscrowView(id: id, escrow: escrow, proposals: proposals)
    }

    /// What an account lost by slashes that are still held or claimed, oldest first.
    ///
    /// - Parameter after: the cursor: only what comes after this one.
    public static func losses(
        of account: Address, after: EscrowID? = nil, limit: Int, over reader: some StateReader
    ) -> [LossView] {
        let state = State(over: reader)
        let range = after.map { StateKeyRange.escrows.after(.staking(.escrow($0))) } ?? .escrows
        var losses: [LossView] = []
        for entry in state.entries(in: range, limit: escrowsPerPage) {
            guard losses.count < min(limit, limitMax) else { break }
            let id = StakingKey.escrowID(entry.key)
            let escrow: StakeEscrow = decoded(entry, in: state)
            let amount = Staking.lost(
                by: account, in: id, escrow, state, counting: SearchMeter.uncounted)
            guard amount > 0 else { continue }
            losses.append(
                LossView(
                    escrow: view(escrow, id, state), amount: Amount(amount),
                    claimed: state.read(.staking(.escrowClaim(id, account)))))
        }
        return losses
    }

    public static func staking(
        at now: ChainPoint, over reader: some StateReader
    ) -> StakingView {
        let state = State(over: reader)
        let current = Queries.currentEpoch(over: reader)
        let parameters = Queries.parameters(over: reader)
        let pace = StakePace(now, in: state)
        let exit = Staking.exit(of: current.epoch, period: parameters.exitPeriod)
        return StakingView(
            bonded: Queries.bondedTotal(over: reader), supply: Queries.supply(over: reader),
            inflationRate: Queries.inflationRate(over: reader),
            epoch: current.epoch, record: current.record,
            epochEnd: ExpectedTime(
                time: pace.time(of: current.record.last), isEstimate: true),
            release: pace.release(of: exit, in: state), parameters: parameters)
    }
}

private func decoded<Value: CanonicalCodable, Base: StateReader>(
    _ entry: StateEntry, in state: State<Base>
) -> Value {
    State<Base>.decode(entry.value)
}

extension Staking {
    /// What a position is worth; nil if nothing is left of its record's generation.
    fileprivate static func worth<Base: StateReader>(
        of position: StakePosition, in holding: StakeHolding, _ state: State<Base>
    ) -> Amount? {
        let worth: UInt128?
        switch holding {
        case .place(.pool(let validator)):
            worth = pool(of: validator, in: state)?.stake.value(of: position)
        case .place(.lot(let id)):
            guard let lot = lot(id, in: state), let pool = pool(of: id.validator, in: state)
            else { return nil }
            worth = lot.stake.value(of: position).map { pool.stake.value(of: $0) }
        case .bucket(let id):
            worth = bucket(id, in: state)?.value(of: position)
        }
        return worth.map { Amount(UInt64(truncatingIfNeeded: $0)) }
    }
}

extension ShareRecord {
    /// What a position is worth; nil if it is of another generation.
    fileprivate func value(of position: StakePosition) -> UInt128? {
        position.generation == generation ? value(of: position.shares) : nil
    }
}

extension StakeHolding {
    /// Whose pool or bucket it is.
    public var validator: Address {
        switch self {
        case .place(let place): place.validator
        case .bucket(let id): id.validator
        }
    }

    /// Where it came from, if that still matters.
    public var origin: StakeOrigin? {
        switch self {
        case .place(.pool): nil
        case .place(.lot(let id)): id.origin
        case .bucket(let id): id.origin
        }
    }
}

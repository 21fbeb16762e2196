import Chain
import Cryptography
import StateTree

// What elections are held over, and what the end of an epoch does to validators.
extension Staking {
    /// Validators that one end of an epoch removes.
    static let removalsPerEpoch = 16

    /// Everybody who may get a seat in the epoch after one whose set is known.
    ///
    /// - Complexity: O(validators).
    static func contenders<Base: StateReader>(
        _ records: [ValidatorRecord], after previous: ValidatorSet, in state: State<Base>
    ) -> [Contender] {
        // By operator: a member may have another key by now.
        let members = previous.validators.compactMap { seat in
            state.read(.operatorOfKey(seat.key), as: Address.self)
        }
        let seated = Set(members)
        return records.map { record in
            Contender(
                operatorAddress: record.operatorAddress, consensusKey: record.consensusKey,
                total: bonded(with: record.operatorAddress, in: state).value,
                own: selfBond(of: record.operatorAddress, in: state).value,
                standing: standing(of: record), isMember: seated.contains(record.operatorAddress))
        }
    }

    private static func standing(of record: ValidatorRecord) -> Contender.Standing {
        if record.isBarred { return .barred }
        return switch record.status {
        case .candidate, .active: .eligible
        case .leaving: .leaving
        case .jailed: .jailedForDowntime
        }
    }

    /// After an election: who sits is active, announced commissions rise, and who has left without
    /// leaving anything behind goes.
    static func endEpoch<Base: StateReader>(
        _ records: [ValidatorRecord], elected: ValidatorSet, next: ValidatorSet,
        _ clock: StakeClock, in state: inout State<Base>
    ) {
        let seated = Set(next.validators.map(\.key))
        let keys = Set(elected.validators.map(\.key))
        let bound = clock.firstBoundExit(in: state)
        var removals = removalsPerEpoch
        for before in records {
            var record = before
            if record.status == .candidate || record.status == .active {
                record.status = keys.contains(record.consensusKey) ? .active : .candidate
            }
            if let rise = record.rise, clock.now >= rise.notBefore {
                record.commission = rise.rate
                record.rise = nil
                state.emit(
                    .staking(
                        .commissionChanged(
                            validator: record.operatorAddress, rate: rise.rate)))
            }
            let sits =
                keys.contains(record.consensusKey) || seated.contains(record.consensusKey)
            if record.status == .leaving, !sits, removals > 0,
                hasLeft(record, bound: bound, clock, in: state)
            {
                remove(record, in: &state)
                removals -= 1
            } else if record != before {
                state.write(.validator(record.operatorAddress), record)
            }
        }
        moveHorizon(clock, in: &state)
    }

    /// Whether nothing of a leaving validator is bonded or liable any more.
    ///
    /// - Parameter bound: the first exit that is not free. Exits are in order.
    /// - Complexity: O(1), whatever is free and was never fetched.
    private static func hasLeft<Base: StateReader>(
        _ record: ValidatorRecord, bound: Epoch, _ clock: StakeClock, in state: State<Base>
    ) -> Bool {
        let validator = record.operatorAddress
        guard pool(of: validator, in: state)?.stake.shares == 0 else { return false }
        if let jail = record.jail, clock.now < jail.until { return false }
        return state.firstEntry(in: .buckets(of: validator, from: bound)) == nil
    }

    /// The keys stay taken: evidence about them still leads here.
    private static func remove<Base: StateReader>(
        _ record: ValidatorRecord, in state: inout State<Base>
    ) {
        let validator = record.operatorAddress
        state.remove(.validator(validator))
        state.remove(.staking(.pool(validator)))
        state.remove(.staking(.downtimes(validator)))
        state.remove(.staking(.operatorOfNetworkKey(record.networkKey)))
        state.emit(.staking(.removed(validator: validator)))
    }

    // MARK: The past

    /// The height whose stake counts in a vote that opens now (staking.md 5): the block before, or
    /// with a warm-up the last block of the newest epoch that ended so long ago, and genesis while
    /// there is none.
    static func snapshot<Base: StateReader>(
        at block: BlockContext, warmUp: UInt64, in state: State<Base>
    ) -> Height {
        guard warmUp > 0 else { return block.height.lowered(by: 1) }
        let height = endedEpoch(before: block, by: warmUp, in: state)?.last ?? .genesis
        // A warm-up that became longer reaches back to what is forgotten.
        return max(height, horizon(in: state))
    }

    /// The newest epoch whose end is at least `age` old. Ends are in order, so that it is found by
    /// halving.
    private static func endedEpoch<Base: StateReader>(
        before block: BlockContext, by age: UInt64, in state: State<Base>
    ) -> EpochRecord? {
        guard block.timestamp.value >= age else { return nil }
        let latest = block.timestamp.lowered(by: age)
        func record(_ epoch: UInt64) -> EpochRecord? { state.read(.epoch(Epoch(epoch))) }
        func isOld(_ epoch: UInt64) -> Bool {
            record(epoch)?.endTime.map { $0 <= latest } ?? false
        }
        // Old are the epochs below `low`, and not those from `high` on.
        var low: UInt64 = 0
        var high = block.epoch.value
        while low < high {
            let middle = low + (high - low) / 2
            if isOld(middle) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low == 0 ? nil : record(low - 1)
    }

    /// Raises the horizon to what the oldest vote that is open or decided, one that opened an epoch
    /// ago, and who lost what a slash cut, may ask for.
    static func moveHorizon<Base: StateReader>(
        _ clock: StakeClock, in state: inout State<Base>
    ) {
        var horizon = clock.height.lowered(by: 1)
        if clock.warmUp > 0 {
            horizon = endedEpoch(before: clock.block, by: clock.warmUp, in: state)?.last ?? .genesis
        }
        let before = state.read(.epoch(clock.epoch.lowered(by: 1)), as: EpochRecord.self)
        horizon = min(horizon, horizon.lowered(by: before.map(\.length) ?? horizon.value))
        // Votes that are open or decided are in the order of their snapshots.
        if let entry = state.firstEntry(in: .snapshots) {
            horizon = min(horizon, DecisionKey.snapshotHeight(entry.key))
        }
        // Escrows are in the order of their slashes.
        if let entry = state.firstEntry(in: .escrows) {
            let escrow: StakeEscrow = State<Base>.decode(entry.value)
            horizon = min(horizon, escrow.holders)
        }
        guard horizon > Staking.horizon(in: state) else { return }
        state.write(.staking(.traceHorizon), horizon)
    }
}

extension EpochRecord {
    fileprivate var length: UInt64 { last.value - first.value + 1 }
}

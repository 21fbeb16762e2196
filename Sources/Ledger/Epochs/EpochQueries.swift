import Chain
import Codec
import Cryptography
import StateTree

/// An epoch with its set and the one after it, as a query shows them.
public struct EpochView: Hashable, Sendable {
    public let epoch: Epoch
    public let record: EpochRecord
    public let validators: ValidatorSet
    /// Of the next epoch, which is always known.
    public let nextValidators: ValidatorSet
}

/// A proven offence, as a query shows it.
public struct OffenceView: Hashable, Sendable {
    /// The consensus key that signed both votes.
    public let key: PublicKey
    public let record: OffenceRecord
}

extension Queries {
    /// Offences listed at most.
    public static let offencesMax = 1_000

    /// The epoch of the block that comes after the state.
    public static func epoch(over reader: some StateReader) -> Epoch {
        Epochs.current(in: State(over: reader))
    }

    public static func epochRecord(
        _ epoch: Epoch, over reader: some StateReader
    ) -> EpochRecord? {
        State(over: reader).read(.epoch(epoch))
    }

    /// The epoch of the block that comes after the state, with its heights and sets.
    public static func currentEpoch(over reader: some StateReader) -> EpochView {
        let state = State(over: reader)
        let epoch = Epochs.current(in: state)
        guard let record = state.read(.epoch(epoch), as: EpochRecord.self),
            let validators = Epochs.validators(of: epoch, in: state),
            let next = Epochs.validators(of: epoch.advanced(by: 1), in: state)
        else {
            preconditionFailure("a state has this epoch's set and the next one's")
        }
        return EpochView(
            epoch: epoch, record: record, validators: validators, nextValidators: next)
    }

    /// What the seats of an epoch have done so far; nil for one that has not begun, and for one
    /// whose rewards are paid.
    public static func participation(
        in epoch: Epoch, over reader: some StateReader
    ) -> ParticipationCounts? {
        State(over: reader).read(.staking(.participation(epoch)))
    }

    /// The rate of inflation, in 10⁻¹² of the supply a year.
    public static func inflationRate(over reader: some StateReader) -> UInt64 {
        Inflation.rate(in: State(over: reader))
    }

    /// What an epoch that has ended will pay; nil once it is paid.
    public static func rewardPot(
        of epoch: Epoch, over reader: some StateReader
    ) -> RewardPot? {
        State(over: reader).read(.staking(.rewardPot(epoch)))
    }

    /// When a validator was found down, as far as it still counts.
    public static func downtimes(
        of operatorAddress: Address, over reader: some StateReader
    ) -> [Timestamp] {
        let history: DowntimeHistory? = State(over: reader).read(
            .staking(.downtimes(operatorAddress)))
        return history?.times ?? []
    }

    /// The seats of an epoch that the state keeps from leading: jailed for whatever reason, or
    /// proven to have voted twice (consensus.md 2.9).
    public static func excludedSeats(
        in validators: ValidatorSet, over reader: some StateReader
    ) -> [UInt16] {
        let state = State(over: reader)
        return validators.validators.enumerated().compactMap { index, seat in
            if state.contains(.offence(seat.key)) { return UInt16(index) }
            guard let account: Address = state.read(.operatorOfKey(seat.key)),
                let record: ValidatorRecord = state.read(.validator(account)), record.jail != nil
            else { return nil }
            return UInt16(index)
        }
    }

    /// The instance of an epoch: everything that consensus knows of it follows from the state.
    ///
    /// - Parameter parent: the last block of the epoch before, if the first one of this epoch is
    ///   not in the state yet; otherwise it does not matter.
    /// - Returns: nil for an epoch whose set is not known yet or not any more, or that does not
    ///   begin after `parent`.
    public static func instance(
        of epoch: Epoch, after parent: BlockSummary, over reader: some StateReader
    ) -> Instance? {
        Epochs.instance(
            of: epoch, after: parent, facts: chainFacts(over: reader), in: State(over: reader))
    }

    /// All proven offences, in the order of the keys.
    ///
    /// - Parameter after: the cursor: only keys above this one.
    public static func offences(
        after: PublicKey? = nil, over reader: some StateReader, limit: Int = offencesMax
    ) -> [OffenceView] {
        let range = after.map { StateKeyRange.offences.after(.offence($0)) } ?? .offences
        return offences(in: range, of: State(over: reader), limit: limit)
    }

    private static func offences<Base: StateReader>(
        in range: StateKeyRange, of state: State<Base>, limit: Int
    ) -> [OffenceView] {
        state.entries(in: range, limit: limit).compactMap { entry in
            guard let key = try? PublicKey(decoding: Array(entry.key.suffix(32))) else {
                return nil
            }
            return OffenceView(key: key, record: State<Base>.decode(entry.value))
        }
    }

    /// The offence of a consensus key.
    public static func offence(
        of key: PublicKey, over reader: some StateReader
    ) -> OffenceRecord? {
        State(over: reader).read(.offence(key))
    }

    /// Those of all keys that a validator ever had.
    public static func offences(
        of operatorAddress: Address, over reader: some StateReader
    ) -> [OffenceView] {
        offences(over: reader).filter { $0.record.operatorAddress == operatorAddress }
    }
}

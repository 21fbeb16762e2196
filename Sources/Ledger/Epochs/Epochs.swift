import Chain
import Cryptography
import StateTree

/// The table of epochs: what the first and the last block of each write (consensus.md 2.13).
///
/// Everything that consensus needs about an epoch follows from it, so that a node that took over a
/// state without its history has the same sets and the same order of leaders. All steps are total.
enum Epochs {
    /// How many old sets one end of an epoch deletes at most.
    static let deletionsMax = 4
    /// Sets of so many epochs before the one that ends stay, whatever evidence needs.
    static let setsKept: UInt64 = 2

    /// Writes the records and sets of epochs 0 and 1.
    static func writeGenesis<Base: StateReader>(
        _ genesis: Genesis, validators: ValidatorSet, into state: inout State<Base>
    ) {
        let length = genesis.parameters.epochLength
        var zero = EpochRecord(after: .genesis, length: length)
        zero.start = EpochRecord.Start(
            Instance(
                chainID: genesis.chainID, epoch: .zero, base: genesis.summary,
                validators: validators, boundary: zero.last, previousSeed: nil))
        state.write(.epoch(.zero), zero)
        state.write(.epoch(Epoch(1)), EpochRecord(after: zero.last, length: length))
        for epoch in [Epoch.zero, Epoch(1)] {
            write(validators, of: epoch, into: &state)
        }
        state.write(.currentEpoch, Epoch.zero)
    }

    private static func write<Base: StateReader>(
        _ set: ValidatorSet, of epoch: Epoch, into state: inout State<Base>
    ) {
        state.write(.validatorSet(epoch), set)
        state.write(.validatorSetHash(epoch), set.hash)
    }

    // MARK: Reading

    /// The epoch of the block after the state.
    static func current<Base: StateReader>(in state: State<Base>) -> Epoch {
        guard let epoch = state.read(.currentEpoch, as: Epoch.self) else {
            preconditionFailure("a state has an epoch")
        }
        return epoch
    }

    /// The set of an epoch, whose keys were checked before they came into the state.
    static func validators<Base: StateReader>(
        of epoch: Epoch, in state: State<Base>
    ) -> ValidatorSet? {
        state.read(.validatorSet(epoch), as: StoredValidatorSet.self)?.set
    }

    /// The instance of an epoch.
    ///
    /// - Parameter parent: what the epoch builds on, if its first block is not executed yet.
    /// - Returns: nil for an epoch that is not known yet, does not begin after `parent`, or whose
    ///   set is deleted.
    static func instance<Base: StateReader>(
        of epoch: Epoch, after parent: BlockSummary, facts: ChainFacts, in state: State<Base>
    ) -> Instance? {
        guard let record = state.read(.epoch(epoch), as: EpochRecord.self),
            let validators = validators(of: epoch, in: state)
        else { return nil }
        var previousSeed: Digest?
        if epoch > .zero {
            let previous = state.read(.epoch(epoch.lowered(by: 1)), as: EpochRecord.self)
            guard let seed = previous?.seed else { return nil }
            previousSeed = seed
        }
        let base =
            record.base
            ?? BlockSummary(
                hash: parent.hash, height: parent.height, view: .zero,
                timestamp: parent.timestamp)
        guard base.height.advanced(by: 1) == record.first, base.height < record.last else {
            return nil
        }
        return Instance(
            chainID: facts.chainID, epoch: epoch, base: base, validators: validators,
            boundary: record.last, previousSeed: previousSeed)
    }

    // MARK: Steps of a block

    /// The first block of an epoch writes what the epoch builds on.
    static func begin<Base: StateReader>(
        _ state: inout State<Base>, context: BlockContext, rules: Rules
    ) {
        guard var record = state.read(.epoch(context.epoch), as: EpochRecord.self),
            record.start == nil, context.height == record.first
        else { return }
        let parent = BlockSummary(
            hash: context.parentHash, height: context.height.lowered(by: 1), view: .zero,
            timestamp: context.parentTimestamp)
        let instance = instance(
            of: context.epoch, after: parent, facts: rules.facts, in: state)
        guard let instance else { return }
        record.start = EpochRecord.Start(instance)
        state.write(.epoch(context.epoch), record)
    }

    /// The last block of an epoch e elects the set of e + 2 and says how long that epoch is.
    ///
    /// - Parameter known: sets that the caller has at hand.
    static func end<Base: StateReader>(
        _ state: inout State<Base>, context: BlockContext, rules: Rules, election: Election,
        known: [ValidatorSet] = []
    ) {
        let epoch = context.epoch
        let next = epoch.advanced(by: 1)
        guard var record = state.read(.epoch(epoch), as: EpochRecord.self),
            context.height == record.last,
            let nextRecord = state.read(.epoch(next), as: EpochRecord.self),
            let nextSet = validators(of: next, in: state),
            let parameters = state.read(.parameters, as: Parameters.self)
        else { return }
        record.endTime = context.timestamp
        state.write(.epoch(epoch), record)
        let clock = StakeClock(context, parameters)
        Rewards.pay(clock, known: known, in: &state)
        let down = Downtime.judge(clock, rules: rules, known: known, in: &state)
        Rewards.fund(record, down: down, parameters, in: &state, epoch: epoch)
        state.write(.currentEpoch, next)
        Upgrades.endEpoch(epoch, next: nextSet, in: &state)

        let elected = epoch.advanced(by: 2)
        let records = records(in: state)
        let facts = ElectionFacts(
            epoch: elected, previous: nextSet, records: records,
            contenders: Staking.contenders(records, after: nextSet, in: state),
            seatsMin: Int(parameters.minValidators), seatsMax: Int(parameters.maxValidators))
        let set = election.set(facts, countMin: parameters.minValidators)
        write(set ?? nextSet, of: elected, into: &state)
        state.write(
            .epoch(elected), EpochRecord(after: nextRecord.last, length: parameters.epochLength))
        state.emit(
            .validators(
                .elected(elected, setHash: (set ?? nextSet).hash, isFallback: set == nil)))
        Staking.endEpoch(
            records, elected: set ?? nextSet, next: nextSet, clock, in: &state)
        deleteOldSets(&state, at: context, unbonding: parameters.unbonding)
    }

    private static func records<Base: StateReader>(
        in state: State<Base>
    ) -> [ValidatorRecord] {
        state.entries(in: .validators, limit: .max).map { State<Base>.decode($0.value) }
    }

    /// Deletes the oldest sets about whose epochs no evidence can be valid any more; their hashes
    /// stay.
    private static func deleteOldSets<Base: StateReader>(
        _ state: inout State<Base>, at context: BlockContext, unbonding: UInt64
    ) {
        for _ in 0..<deletionsMax {
            guard let entry = state.firstEntry(in: .validatorSets) else { return }
            let epoch = Epoch(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            guard epoch.advanced(by: setsKept) <= context.epoch,
                let record = state.read(.epoch(epoch), as: EpochRecord.self),
                !record.takesEvidence(at: context.timestamp, unbonding: unbonding)
            else { return }
            state.remove(.validatorSet(epoch))
        }
    }
}

extension EpochRecord {
    /// Whether evidence about the epoch is in time (staking.md 2): it has not ended, or ended no
    /// longer than the unbonding time ago.
    func takesEvidence(at time: Timestamp, unbonding: UInt64) -> Bool {
        endTime.map { time <= $0.advanced(by: unbonding) } ?? true
    }
}

import Chain
import Codec
import Cryptography
import StateTree

// The past of stake: what governance reads at a snapshot (staking.md 5).
extension Staking {
    /// Entries of the past that one write removes at most.
    static let trimmedPerWrite = 4

    /// The newest height whose stake is never asked for again by a vote that opens later, as it is
    /// known now.
    static func horizon<Base: StateReader>(in state: State<Base>) -> Height {
        state.read(.staking(.traceHorizon)) ?? .genesis
    }

    static func writeTrace<Base: StateReader, Value: CanonicalCodable>(
        _ value: Value, _ key: StakingKey, in state: inout State<Base>,
        at past: (Height) -> StakingKey
    ) {
        state.write(.staking(key), value)
        trim(in: &state) { .staking(past($0)) }
    }

    /// Removes what is older than the last entry at or before the horizon, a few at a time.
    static func trim<Base: StateReader>(
        in state: inout State<Base>, at past: (Height) -> StateKey
    ) {
        let horizon = horizon(in: state)
        guard horizon > .genesis else { return }
        // Heights are complemented: this is the last entry at or before the horizon.
        let end = past(.genesis).bytes + [0]
        let from = past(horizon).bytes
        guard let kept = state.firstEntry(from: from, to: end) else { return }
        for _ in 0..<trimmedPerWrite {
            guard let old = state.firstEntry(from: kept.key + [0], to: end) else { return }
            state.remove(key: old.key)
        }
    }

    static func writeTrace<Base: StateReader>(
        _ position: StakePosition, of account: Address, in place: StakePlace,
        at height: Height, _ state: inout State<Base>
    ) {
        let trace = PositionTrace(
            generation: position.generation, shares: position.shares)
        writeTrace(trace, .positionTrace(account, place, height), in: &state) {
            .positionTrace(account, place, $0)
        }
    }

    /// What is in a bucket has no vote, but whoever had a part of it gets back what a slash cut and
    /// holders return.
    static func writeTrace<Base: StateReader>(
        _ position: StakePosition, of account: Address, in bucket: BucketID,
        at height: Height, _ state: inout State<Base>
    ) {
        let trace = PositionTrace(
            generation: position.generation, shares: position.shares)
        writeTrace(trace, .bucketTrace(account, bucket, height), in: &state) {
            .bucketTrace(account, bucket, $0)
        }
        forgetOldestBucket(of: account, unless: bucket, in: &state)
    }

    /// Removes what is remembered of an account's oldest bucket, if that ended before the horizon.
    private static func forgetOldestBucket<Base: StateReader>(
        of account: Address, unless bucket: BucketID, in state: inout State<Base>
    ) {
        let range = StateKeyRange.bucketTraces(of: account, from: .zero)
        guard let newest = state.firstEntry(in: range),
            let oldest = BucketID(bucketTraceKey: newest.key), oldest != bucket,
            StakingKey.traceHeight(newest.key) <= horizon(in: state),
            State<Base>.decode(newest.value, as: PositionTrace.self).shares == 0
        else { return }
        let end = StateKey.staking(.bucketTrace(account, oldest, .genesis)).bytes + [0]
        for _ in 0..<trimmedPerWrite {
            guard let old = state.firstEntry(from: newest.key + [0], to: end) else {
                state.remove(key: newest.key)
                return
            }
            state.remove(key: old.key)
        }
    }

    /// The last value that was written at or before a height.
    static func past<Base: StateReader, Value: CanonicalCodable>(
        _ snapshot: Height, in state: State<Base>, as type: Value.Type = Value.self,
        at key: (Height) -> StateKey
    ) -> Value? {
        let entry = state.firstEntry(
            from: key(snapshot).bytes, to: key(.genesis).bytes + [0])
        return entry.map { State<Base>.decode($0.value) }
    }

    /// Σ T of all pools at a height.
    static func bondedTotal<Base: StateReader>(
        at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        let total: Amount? = past(snapshot, in: state) { .staking(.bondedTrace($0)) }
        return (total ?? .zero).value
    }

    /// The positions that vote of an account at a height, those of dead generations too.
    ///
    /// - Parameter count: told of searches as they are made, with those for the price of what was
    ///   found; it may end them.
    /// - Complexity: O(places that are remembered of the account), at most `placesMax` and those
    ///   that lots merged into.
    static func positions<Base: StateReader, Failure: Error>(
        of account: Address, at snapshot: Height, in state: State<Base>,
        counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [(key: ShareKey, shares: UInt128)] {
        try count(1)
        let range = StateKeyRange.positionTraces(of: account)
        var found: [(key: ShareKey, shares: UInt128)] = []
        var lower = range.lower
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            guard let place = StakePlace(positionTraceKey: entry.key) else {
                preconditionFailure("a trace's key names a place")
            }
            func past(_ height: Height) -> StateKey {
                .staking(.positionTrace(account, place, height))
            }
            // The newest entry of the place is found first.
            let trace: PositionTrace? =
                StakingKey.traceHeight(entry.key) <= snapshot
                ? State<Base>.decode(entry.value) : Staking.past(snapshot, in: state, at: past)
            if let trace, trace.shares > 0 {
                try count(3)
                found.append((ShareKey(place: place, generation: trace.generation), trace.shares))
            } else {
                try count(2)
            }
            lower = past(.genesis).bytes + [0]
        }
        return found
    }

    /// The places that are remembered of an account.
    ///
    /// - Parameter count: told of each search before it is made; it may end them.
    static func tracedPlaces<Base: StateReader, Failure: Error>(
        of account: Address, in state: State<Base>, counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [StakePlace] {
        let range = StateKeyRange.positionTraces(of: account)
        var places: [StakePlace] = []
        var lower = range.lower
        try count(1)
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            guard let place = StakePlace(positionTraceKey: entry.key) else {
                preconditionFailure("a trace's key names a place")
            }
            places.append(place)
            lower = StateKey.staking(.positionTrace(account, place, .genesis)).bytes + [0]
            try count(1)
        }
        return places
    }

    /// The buckets that are remembered of an account, with exits at or after one.
    ///
    /// - Parameter count: told of each search before it is made; it may end them.
    static func tracedBuckets<Base: StateReader, Failure: Error>(
        of account: Address, from exit: Epoch, in state: State<Base>,
        counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [BucketID] {
        let range = StateKeyRange.bucketTraces(of: account, from: exit)
        var buckets: [BucketID] = []
        var lower = range.lower
        try count(1)
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            guard let bucket = BucketID(bucketTraceKey: entry.key) else {
                preconditionFailure("a trace's key names a bucket")
            }
            buckets.append(bucket)
            lower = StateKey.staking(.bucketTrace(account, bucket, .genesis)).bytes + [0]
            try count(1)
        }
        return buckets
    }

    /// Throws if one more place is too many for what is remembered of an account. What nobody can
    /// ask for any more goes first.
    static func checkPlaces<Base: StateReader>(
        for place: StakePlace, of account: Address, in state: inout State<Base>
    ) throws(Rejection) {
        let places = tracedPlaces(
            of: account, in: state, counting: SearchMeter.uncounted)
        guard !places.contains(place), places.count >= placesMax else { return }
        let horizon = horizon(in: state)
        var left = places.count
        for old in places {
            let end = StateKey.staking(.positionTrace(account, old, .genesis)).bytes + [0]
            let first = state.firstEntry(
                from: StateKey.staking(.positionTrace(account, old, Height(.max))).bytes, to: end)
            guard let first, StakingKey.traceHeight(first.key) <= horizon,
                State<Base>.decode(first.value, as: PositionTrace.self).shares == 0
            else { continue }
            // The account left the place before anything that can still be asked for.
            while let entry = state.firstEntry(from: first.key, to: end) {
                state.remove(key: entry.key)
            }
            left -= 1
        }
        guard left < placesMax else { throw .staking(.tooManyPlaces(limit: placesMax)) }
    }
}

import Chain
import Cryptography
import StateTree

/// How much decided spends may take out of the treasury in 30 days (governance.md 4).
///
/// In each asset: at most max(floor, 3 % of the average) by spends on rows below spend-L, and
/// max(floor, 10 %) on spend-L, each counting all spends of both kinds. A spend on the row of the
/// constitution has no limit and is not counted, so that no limiter blocks what most holders want.
/// The floors are parameters in the native asset; other assets have none.
///
/// Outflows are kept by the day, so that a sum reads at most 31 records; one counts until 30 whole
/// days have passed. The average is that of 90 days, from I = Σ balance·Δt as epoch starts leave it
/// (the state before an epoch's first block is the one after the last block of the epoch before),
/// with one remembered value of I for each day; over the chain's age while that is less.
enum OutflowLimits {
    static let window = 30 * Milliseconds.day
    static let averageWindow = 90 * Milliseconds.day
    /// Assets of the treasury that have an average; what lies beyond is spent by the constitution.
    static let assetsMax = 64
    private static let trimmedPerWrite = 4

    /// Counts what a proposal took out, or refuses it.
    ///
    /// - Parameters:
    ///   - sums: what it took, already gone from the treasury.
    ///   - track: the row of its spends.
    static func take<Base: StateReader>(
        _ sums: [(asset: AssetID, sum: UInt128)], on track: Track, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard track < .constitution else { return }
        let today = block.timestamp.value / Milliseconds.day
        let first = block.timestamp.lowered(by: window).value / Milliseconds.day
        for (asset, sum) in sums {
            let outflow = outflow(of: asset, from: first, to: today, in: state) + sum
            let limit = limit(of: asset, spent: sum, on: track, at: block, in: state)
            guard outflow <= limit else {
                throw .governance(
                    .decision(.outflowLimit(asset: asset, outflow: outflow, limit: limit)))
            }
            let key = StateKey.decision(.outflow(asset, day: today))
            let before: Amount = state.read(key) ?? .zero
            let after = Amount(UInt64(clamping: UInt128(before.value) + sum))
            state.write(key, after)
            trim(before: .decision(.outflow(asset, day: first)), in: &state)
        }
    }

    /// What spends took out from one day to another, both included.
    private static func outflow<Base: StateReader>(
        of asset: AssetID, from first: UInt64, to last: UInt64, in state: State<Base>
    ) -> UInt128 {
        let range = StateKeyRange(
            from: .decision(.outflow(asset, day: first)),
            to: .decision(.outflow(asset, day: last + 1)))
        return state.entries(in: range, limit: 64).reduce(0) { sum, entry in
            sum + UInt128(State<Base>.decode(entry.value, as: Amount.self).value)
        }
    }

    /// Removes days of the same asset that no longer count.
    private static func trim<Base: StateReader>(
        before key: StateKey, in state: inout State<Base>
    ) {
        let end = key.bytes
        let start = Array(end.dropLast(8)) + [UInt8](repeating: 0, count: 8)
        for _ in 0..<trimmedPerWrite {
            guard let entry = state.firstEntry(from: start, to: end) else { return }
            state.remove(key: entry.key)
        }
    }

    /// What may leave in 30 days.
    ///
    /// - Parameter spent: what left the balance a moment ago.
    private static func limit<Base: StateReader>(
        of asset: AssetID, spent: UInt128, on track: Track, at block: BlockContext,
        in state: State<Base>
    ) -> UInt128 {
        let parameters = Enactment.parameters(in: state)
        let isLarge = track == .spendLarge
        let floor =
            asset == .native
            ? (isLarge ? parameters.outflowFloorLarge : parameters.outflowFloorSmall) : .zero
        let balance = UInt128(Treasury.balance(of: asset, in: state).value) + spent
        let (integral, time) = average(of: asset, balance: balance, at: block, in: state)
        // At most 2^64 · 2^63 · 10.
        let (product, overflow) = integral.multipliedReportingOverflow(by: isLarge ? 10 : 3)
        let part = overflow ? .max : product / (100 * UInt128(time))
        return max(UInt128(floor.value), part)
    }

    /// The average balance as a fraction: the integral over a time, and that time, at least 1.
    private static func average<Base: StateReader>(
        of asset: AssetID, balance: UInt128, at block: BlockContext, in state: State<Base>
    ) -> (integral: UInt128, time: UInt64) {
        let now = block.timestamp
        let genesis = state.read(.chainFacts, as: ChainFacts.self)?.time ?? now
        let last = state.read(.decision(.round), as: DecisionRound.self)?.startedAt ?? genesis
        let known: TreasuryIntegral? = state.read(.decision(.treasuryIntegral(asset)))
        let elapsed = now.value - min(last.value, now.value)
        let sum = (known?.sum ?? 0) + balance * UInt128(elapsed)
        let start = now.lowered(by: averageWindow)
        if let sample = sample(of: asset, at: start, in: state), sample.at < now {
            return (sum - min(sample.sum, sum), now.value - sample.at.value)
        }
        let age = now.value - min(max(genesis, start).value, now.value)
        return age == 0 ? (balance, 1) : (sum, age)
    }

    /// The last remembered integral at or before a time.
    private static func sample<Base: StateReader>(
        of asset: AssetID, at time: Timestamp, in state: State<Base>
    ) -> TreasuryIntegral? {
        let range = samples(of: asset)
        var found: TreasuryIntegral?
        for entry in state.entries(in: range, limit: 2 + trimmedPerWrite) {
            let sample: TreasuryIntegral = State<Base>.decode(entry.value)
            guard sample.at <= time else { break }
            found = sample
        }
        return found
    }

    private static func samples(of asset: AssetID) -> StateKeyRange {
        StateKeyRange(
            from: .decision(.treasurySample(asset, day: 0)),
            to: .decision(.treasurySample(asset.advanced(by: 1), day: 0)))
    }

    // MARK: Epoch starts

    /// Brings the integrals up to now.
    ///
    /// - Parameter last: up to when they reach.
    static func integrate<Base: StateReader>(
        from last: Timestamp, at block: BlockContext, in state: inout State<Base>
    ) {
        let elapsed = UInt128(block.timestamp.value - min(last.value, block.timestamp.value))
        let balances = StateKeyRange(
            from: .balance(ModuleAccounts.treasury, .native),
            to: .balance(ModuleAccounts.treasury, AssetID(.max)))
        for entry in state.entries(in: balances, limit: assetsMax) {
            let asset = AssetID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            let balance: Amount = State<Base>.decode(entry.value)
            let key = StateKey.decision(.treasuryIntegral(asset))
            let before: TreasuryIntegral? = state.read(key)
            guard before != nil || hasRoom(in: state) else { continue }
            let sum = (before?.sum ?? 0).addingReportingOverflow(
                UInt128(balance.value) * elapsed)
            guard !sum.overflow else { continue }
            state.write(key, TreasuryIntegral(sum: sum.partialValue, at: block.timestamp))
        }
        remember(at: block, in: &state)
    }

    private static let integrals = StateKeyRange(
        from: .decision(.treasuryIntegral(.native)),
        to: .decision(.treasuryIntegral(AssetID(.max))))

    private static func hasRoom<Base: StateReader>(in state: State<Base>) -> Bool {
        state.entries(in: integrals, limit: assetsMax).count < assetsMax
    }

    /// Keeps each integral once a day, and of those older than the average's time only the last.
    private static func remember<Base: StateReader>(
        at block: BlockContext, in state: inout State<Base>
    ) {
        let day = block.timestamp.value / Milliseconds.day
        let start = block.timestamp.lowered(by: averageWindow)
        for entry in state.entries(in: integrals, limit: assetsMax) {
            let asset = AssetID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            let key = StateKey.decision(.treasurySample(asset, day: day))
            guard !state.contains(key) else { continue }
            let integral: TreasuryIntegral = State<Base>.decode(entry.value)
            state.write(key, TreasuryIntegral(sum: integral.sum, at: block.timestamp))
            let oldest = state.entries(in: samples(of: asset), limit: 1 + trimmedPerWrite)
            for (old, next) in zip(oldest, oldest.dropFirst()) {
                let sample: TreasuryIntegral = State<Base>.decode(next.value)
                guard sample.at <= start else { break }
                state.remove(key: old.key)
            }
        }
    }
}

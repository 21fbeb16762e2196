import Chain
import Cryptography
import StateTree

// What is cut for a fault (staking.md 4).
extension Staking {
    /// What a slash found liable, for events and the escrow.
    struct Cut: Hashable, Sendable {
        struct Part: Hashable, Sendable {
            let holding: StakeHolding
            let part: EscrowPart
        }

        var records = 0
        var tokens: UInt64 = 0
        /// What each record lost; of what a pool lost, the parts of its lots besides.
        var parts: [Part] = []
        /// The first exit that was not free.
        var firstBound = Epoch.zero

        /// Counts what a record lost.
        ///
        /// - Parameter before: the record before the cut.
        mutating func add(_ lost: UInt64, of holding: StakeHolding, _ before: ShareRecord) {
            records += 1
            tokens += lost
            note(lost, of: holding, before)
        }

        /// Writes down a part that is counted with its pool.
        mutating func note(_ lost: UInt64, of holding: StakeHolding, _ before: ShareRecord) {
            guard lost > 0 else { return }
            let part = EscrowPart(
                generation: before.generation, tokens: lost, shares: before.shares)
            parts.append(Part(holding: holding, part: part))
        }
    }

    /// Cuts a part of every record that is liable for what a validator did in an epoch: its pool,
    /// the buckets and lots that left it at or after the epoch before, and the buckets of such
    /// lots. What is free is not liable, fetched or not.
    ///
    /// Each record loses ⌈f·T⌉ of its own. There is no common goal, so that the order of slashes
    /// does not matter beyond rounding, and moving stake about changes nothing.
    ///
    /// - Complexity: O(liable records, and lots that rest there); the number of accounts does not
    ///   matter. For each other validator that stake moved from or to there are at most three for
    ///   each exit period within the unbonding time, and one more for each penalty (`exit`).
    ///
    /// - Parameter later: if the same was cut for this later epoch before: only what is liable for
    ///   `epoch` and was not for that one loses now.
    static func slash<Base: StateReader>(
        _ validator: Address, for epoch: Epoch, before later: Epoch? = nil,
        _ fraction: Billionths, _ clock: StakeClock, in state: inout State<Base>
    ) -> Cut {
        var cut = Cut()
        guard fraction.value > 0 else { return cut }
        cut.firstBound = clock.firstBoundExit(in: state)
        // x + 1 ≥ e.
        let since = epoch.lowered(by: 1)
        let bound = cut.firstBound
        func isLiable(_ exit: Epoch) -> Bool {
            if let later, exit.advanced(by: 1) >= later { return false }
            return exit >= bound
        }
        if later == nil {
            slashPool(of: validator, fraction, clock, &cut, in: &state)
        }
        for entry in state.entries(in: .buckets(of: validator, from: since), limit: .max) {
            guard let id = BucketID(bucketKey: entry.key) else {
                preconditionFailure("a bucket's key names it")
            }
            guard isLiable(id.exit) else { continue }
            slash(id, fraction, &cut, in: &state)
        }
        for entry in state.entries(in: .lots(from: validator, since: since), limit: .max) {
            guard let id = LotID(lotKey: entry.key) else {
                preconditionFailure("a lot's key names it")
            }
            guard isLiable(id.origin.exit) else { continue }
            slash(id, fraction, clock, &cut, in: &state)
        }
        let moved = state.entries(in: .bucketsOfOrigin(validator, since: since), limit: .max)
        for entry in moved {
            let id: BucketID = State<Base>.decode(entry.value)
            guard let origin = id.origin, isLiable(origin.exit), id.exit >= bound else {
                continue
            }
            slash(id, fraction, &cut, in: &state)
        }
        do {
            try moveBonded(
                cut.tokens, from: ModuleAccounts.bondedPool, to: ModuleAccounts.slashEscrow,
                in: &state)
        } catch {
            preconditionFailure("the bonded pool has what its records had: \(error.code)")
        }
        state.emit(
            .staking(
                .slashed(validator: validator, epoch: epoch, amount: Amount(cut.tokens))))
        return cut
    }

    private static func slashPool<Base: StateReader>(
        of validator: Address, _ fraction: Billionths, _ clock: StakeClock, _ cut: inout Cut,
        in state: inout State<Base>
    ) {
        guard var pool = pool(of: validator, in: state), pool.stake.shares > 0 else { return }
        let before = pool.stake
        let lost = pool.cut(fraction)
        cut.add(lost, of: .place(.pool(validator)), before)
        // What a lot lost in the pool is its own accounts'. Lots change their N in slashes of
        // other validators, which may be in this very block, so that it is written down now.
        for entry in state.entries(in: .lots(at: validator, since: cut.firstBound), limit: .max) {
            let id: LotID = State<Base>.decode(entry.value)
            guard let lot = lot(id, in: state), lot.stake.shares > 0 else { continue }
            let part = scaledDown(UInt128(lost), lot.stake.amount, by: before.shares) ?? 0
            cut.note(UInt64(truncatingIfNeeded: part), of: .place(.lot(id)), lot.stake)
        }
        if pool.stake.shares == 0 {
            pool.stake.generation = nextGeneration(in: &state)
        }
        setPool(pool, of: validator, at: clock.height, in: &state)
    }

    private static func slash<Base: StateReader>(
        _ id: BucketID, _ fraction: Billionths, _ cut: inout Cut, in state: inout State<Base>
    ) {
        guard var record = bucket(id, in: state) else { return }
        let before = record
        let lost = UInt64(truncatingIfNeeded: record.cut(fraction))
        cut.add(lost, of: .bucket(id), before)
        setBucket(record, id, in: &state)
    }

    /// A lot loses shares of its pool, and they are redeemed there.
    private static func slash<Base: StateReader>(
        _ id: LotID, _ fraction: Billionths, _ clock: StakeClock, _ cut: inout Cut,
        in state: inout State<Base>
    ) {
        guard var lot = lot(id, in: state), lot.stake.shares > 0 else { return }
        var pool = poolOfKnown(id.validator, in: state)
        let before = lot.stake
        let lost = pool.redeem(lot.stake.cut(fraction))
        cut.add(lost, of: .place(.lot(id)), before)
        setPool(pool, of: id.validator, at: clock.height, in: &state)
        setLot(lot, id, at: clock.height, in: &state)
    }
}

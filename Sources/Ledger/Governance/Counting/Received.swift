import Chain
import Cryptography
import StateTree

/// What representatives were lent: `agg` of governance.md 2, one sum for each representative, group
/// and place with its generation.
///
/// The past of a sum is written to one of a bounded number of slots, so that nobody can make the
/// vote of another account expensive by naming it from very many places. What has no slot is summed
/// up all the same, but it does not count until it has one: it stays with who lent it, and votes
/// if that account does. Lots, of which anybody can have many, have slots of their own, and the
/// largest of them are those that count: a lot of dust keeps out nothing but smaller dust.
///
/// Invariant: no lot that waits is larger than one that counts, and none waits while a slot is
/// free.
enum Received {
    /// Replaces a part of a sum.
    static func change<Base: StateReader>(
        of representative: Address, _ group: TopicGroup, _ key: ShareKey, from old: UInt128,
        to new: UInt128, at height: Height, in state: inout State<Base>
    ) {
        guard old != new else { return }
        let lender = Lender(representative: representative, group: group, height: height)
        let before: ReceivedShares? = state.read(lender.record(of: key))
        let sum = before?.shares ?? 0
        precondition(sum >= old, "a sum has all its parts: \(sum), \(old)")
        switch key.place {
        case .pool: changePool(key, before, to: sum - old + new, lender, in: &state)
        case .lot: changeLot(key, before, to: sum - old + new, lender, in: &state)
        }
    }

    /// Whose sums change, and when.
    struct Lender {
        let representative: Address
        let group: TopicGroup
        let height: Height

        func record(of key: ShareKey) -> StateKey {
            .representation(.received(representative, group, key))
        }

        var slots: StateKey { .representation(.receivedSlots(representative, group)) }

        /// The slots as they are, without the refusals that nobody can ask for any more.
        func readSlots<Base: StateReader>(in state: State<Base>) -> ReceivedSlots {
            var slots = state.read(self.slots) ?? ReceivedSlots()
            slots.forget(before: Staking.horizon(in: state))
            return slots
        }

        /// Writes what a slot has from now on.
        func write<Base: StateReader>(
            _ shares: UInt128, _ key: ShareKey, to slot: UInt16, in state: inout State<Base>
        ) {
            func past(_ height: Height) -> StateKey {
                .representation(.receivedTrace(representative, group, slot: slot, height))
            }
            state.write(past(height), ReceivedTrace(key: key, shares: shares))
            Staking.trim(in: &state, at: past)
        }
    }

    /// A pool keeps the slot that it found.
    private static func changePool<Base: StateReader>(
        _ key: ShareKey, _ before: ReceivedShares?, to shares: UInt128, _ lender: Lender,
        in state: inout State<Base>
    ) {
        var record = ReceivedShares(shares: shares, slot: before?.slot)
        if shares > 0, let slot = record.slot {
            state.write(lender.record(of: key), record)
            lender.write(shares, key, to: slot, in: &state)
            return
        }
        var slots = lender.readSlots(in: state)
        let wasRefused = before != nil && record.slot == nil
        if shares > 0 {
            record.slot = slots.take(for: key.place)
            if record.slot == nil {
                if !wasRefused { slots.refuse(at: lender.height) }
            } else if wasRefused {
                slots.endRefusal(at: lender.height)
            }
            state.write(lender.record(of: key), record)
        } else {
            if let slot = record.slot {
                slots.free(slot)
            } else if wasRefused {
                slots.endRefusal(at: lender.height)
            }
            state.remove(lender.record(of: key))
        }
        state.write(lender.slots, slots)
        if let slot = record.slot { lender.write(shares, key, to: slot, in: &state) }
    }

    // MARK: Reading

    /// What each slot of a representative had at a height.
    ///
    /// - Parameter count: told of searches as they are made, with those for the price of what was
    ///   found; it may end them.
    /// - Complexity: O(slots ever taken), at most 512 · 2 searches.
    static func all<Base: StateReader, Failure: Error>(
        of representative: Address, _ group: TopicGroup, at snapshot: Height,
        in state: State<Base>, counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [ReceivedTrace] {
        try count(1)
        guard state.contains(.representation(.receivedSlots(representative, group))) else {
            return []
        }
        var found: [ReceivedTrace] = []
        let range = StateKeyRange.receivedTraces(of: representative, group)
        var lower = range.lower
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            let slot = RepresentationKey.slot(entry.key)
            func past(_ height: Height) -> StateKey {
                .representation(.receivedTrace(representative, group, slot: slot, height))
            }
            let trace: ReceivedTrace? =
                StakingKey.traceHeight(entry.key) <= snapshot
                ? State<Base>.decode(entry.value)
                : Staking.past(snapshot, in: state, at: past)
            if let trace, trace.shares > 0 {
                try count(4)
                found.append(trace)
            } else {
                // What a slot had once is looked at as well.
                try count(2)
            }
            lower = past(.genesis).bytes + [0]
        }
        return found
    }

    /// Which of some places counted with a representative at a height: all, unless it was lent from
    /// more places than it has slots.
    ///
    /// - Parameter count: told of all searches before any is made.
    static func counted<Base: StateReader, Failure: Error>(
        with representative: Address, _ group: TopicGroup, at snapshot: Height,
        in state: State<Base>, counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> CountedPlaces {
        let slots = state.read(
            .representation(.receivedSlots(representative, group)), as: ReceivedSlots.self)
        guard let from = slots?.refusedFrom, from <= snapshot else { return .all }
        try count(4 * ReceivedSlots.countOfEach)
        let traces = all(
            of: representative, group, at: snapshot, in: state, counting: SearchMeter.uncounted)
        return .only(Set(traces.map(\.key)))
    }

    enum CountedPlaces {
        case all
        case only(Set<ShareKey>)

        func contains(_ key: ShareKey) -> Bool {
            switch self {
            case .all: true
            case .only(let keys): keys.contains(key)
            }
        }
    }
}

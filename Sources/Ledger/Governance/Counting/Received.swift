import Chain
import Cryptography
import StateTree

/// What representatives were lent: `agg` of governance.md 2, one sum for each representative, group
/// and place with its generation.
///
/// The past of a sum is written to one of a bounded number of slots, so that nobody can make the
/// vote of another account expensive by naming it from very many places. What finds all slots taken
/// is summed up all the same, but it does not count until there is a slot: it stays with who lent
/// it, and votes if that account does.
enum Received {
    /// Replaces a part of a sum.
    static func change<Base: StateReader>(
        of representative: Address, _ group: TopicGroup, _ key: ShareKey, from old: UInt128,
        to new: UInt128, at height: Height, in state: inout State<Base>
    ) {
        guard old != new else { return }
        let recordKey = StateKey.representation(.received(representative, group, key))
        let slotsKey = StateKey.representation(.receivedSlots(representative, group))
        let stored: ReceivedShares? = state.read(recordKey)
        var record = stored ?? ReceivedShares()
        precondition(record.shares >= old, "a sum has all its parts: \(record.shares), \(old)")
        record.shares = record.shares - old + new

        if record.shares > 0, record.slot != nil {
            state.write(recordKey, record)
            write(record, key, of: representative, group, at: height, in: &state)
            return
        }
        var slots = state.read(slotsKey) ?? ReceivedSlots()
        slots.forget(before: Staking.horizon(in: state))
        let wasRefused = stored != nil && record.slot == nil
        if record.shares > 0 {
            record.slot = slots.take(for: key.place)
            if record.slot == nil {
                if !wasRefused { slots.refuse(at: height) }
            } else if wasRefused {
                slots.endRefusal(at: height)
            }
            state.write(recordKey, record)
        } else {
            if let slot = record.slot {
                slots.free(slot)
            } else if wasRefused {
                slots.endRefusal(at: height)
            }
            state.remove(recordKey)
        }
        state.write(slotsKey, slots)
        write(record, key, of: representative, group, at: height, in: &state)
    }

    private static func write<Base: StateReader>(
        _ record: ReceivedShares, _ key: ShareKey, of representative: Address,
        _ group: TopicGroup, at height: Height, in state: inout State<Base>
    ) {
        guard let slot = record.slot else { return }
        func past(_ height: Height) -> StateKey {
            .representation(.receivedTrace(representative, group, slot: slot, height))
        }
        state.write(past(height), ReceivedTrace(key: key, shares: record.shares))
        Staking.trim(in: &state, at: past)
    }

    // MARK: Reading

    /// What each slot of a representative had at a height.
    ///
    /// - Complexity: O(slots ever taken), at most 512 · 2 searches.
    static func all<Base: StateReader>(
        of representative: Address, _ group: TopicGroup, at snapshot: Height,
        in state: State<Base>
    ) -> [ReceivedTrace] {
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
            if let trace, trace.shares > 0 { found.append(trace) }
            lower = past(.genesis).bytes + [0]
        }
        return found
    }

    /// Which of some places counted with a representative at a height: all, unless it was lent from
    /// more places than it has slots.
    static func counted<Base: StateReader>(
        with representative: Address, _ group: TopicGroup, at snapshot: Height,
        in state: State<Base>
    ) -> CountedPlaces {
        let slots = state.read(
            .representation(.receivedSlots(representative, group)), as: ReceivedSlots.self)
        guard let from = slots?.refusedFrom, from <= snapshot else { return .all }
        let traces = all(of: representative, group, at: snapshot, in: state)
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

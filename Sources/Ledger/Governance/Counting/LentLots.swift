import Chain
import Cryptography
import StateTree

// Which lots count with a representative: the largest ones. A change moves at most one other lot in
// or out, whatever their number.
extension Received {
    static func changeLot<Base: StateReader>(
        _ key: ShareKey, _ before: ReceivedShares?, to shares: UInt128, _ lender: Lender,
        in state: inout State<Base>
    ) {
        let stored = lender.readSlots(in: state)
        var slots = stored
        if let before {
            let size = LotSize(shares: before.shares, key: key)
            state.remove(lender.place(of: size, isCounted: before.slot != nil))
        }
        if shares > 0 {
            let size = LotSize(shares: shares, key: key)
            let slot: UInt16?
            if let own = before?.slot {
                slot = giveWay(own, to: size, &slots, lender, in: &state) ? nil : own
            } else {
                slot = find(for: size, &slots, lender, in: &state)
                if slot == nil, before == nil { slots.refuse(at: lender.height) }
                if slot != nil, before != nil { slots.endRefusal(at: lender.height) }
            }
            write(size, slot, lender, in: &state)
        } else {
            state.remove(lender.record(of: key))
            if let slot = before?.slot {
                leave(slot, key, &slots, lender, in: &state)
            } else {
                slots.endRefusal(at: lender.height)
            }
        }
        if slots != stored { state.write(lender.slots, slots) }
    }

    /// A lot that counts has changed. If the largest that waits is larger now it gets the slot.
    ///
    /// - Returns: whether it does.
    private static func giveWay<Base: StateReader>(
        _ slot: UInt16, to size: LotSize, _ slots: inout ReceivedSlots, _ lender: Lender,
        in state: inout State<Base>
    ) -> Bool {
        guard let largest = first(areCounted: false, lender, in: state), largest.size > size else {
            return false
        }
        move(largest.size, to: slot, lender, in: &state)
        slots.endRefusal(at: lender.height)
        slots.refuse(at: lender.height)
        return true
    }

    /// A slot for a lot that has none: a free one, or that of the smallest one that counts, if that
    /// is smaller.
    private static func find<Base: StateReader>(
        for size: LotSize, _ slots: inout ReceivedSlots, _ lender: Lender,
        in state: inout State<Base>
    ) -> UInt16? {
        if let free = slots.take(for: size.key.place) { return free }
        guard let smallest = first(areCounted: true, lender, in: state), smallest.size < size
        else { return nil }
        move(smallest.size, to: nil, lender, in: &state)
        slots.refuse(at: lender.height)
        return smallest.slot
    }

    /// A lot that counted is gone: the largest that waits gets its slot.
    private static func leave<Base: StateReader>(
        _ slot: UInt16, _ key: ShareKey, _ slots: inout ReceivedSlots, _ lender: Lender,
        in state: inout State<Base>
    ) {
        if let largest = first(areCounted: false, lender, in: state) {
            move(largest.size, to: slot, lender, in: &state)
            slots.endRefusal(at: lender.height)
        } else {
            slots.free(slot)
            lender.write(0, key, to: slot, in: &state)
        }
    }

    // MARK: Records

    /// The smallest lot that counts, or the largest one that waits.
    private static func first<Base: StateReader>(
        areCounted: Bool, _ lender: Lender, in state: State<Base>
    ) -> (size: LotSize, slot: UInt16?)? {
        let range = StateKeyRange.lentLots(
            of: lender.representative, lender.group, areCounted: areCounted)
        guard let entry = state.firstEntry(in: range) else { return nil }
        let key: ShareKey = State<Base>.decode(entry.value)
        guard let record = state.read(lender.record(of: key), as: ReceivedShares.self) else {
            preconditionFailure("a lot in the order of sizes has a sum: \(key)")
        }
        return (LotSize(shares: record.shares, key: key), record.slot)
    }

    /// Lets a lot count that waited, in the slot of another one, or the other way round.
    private static func move<Base: StateReader>(
        _ size: LotSize, to slot: UInt16?, _ lender: Lender, in state: inout State<Base>
    ) {
        state.remove(lender.place(of: size, isCounted: slot == nil))
        write(size, slot, lender, in: &state)
    }

    private static func write<Base: StateReader>(
        _ size: LotSize, _ slot: UInt16?, _ lender: Lender, in state: inout State<Base>
    ) {
        state.write(
            lender.record(of: size.key), ReceivedShares(shares: size.shares, slot: slot))
        state.write(lender.place(of: size, isCounted: slot != nil), size.key)
        // What had the slot before is not in it any more from this height on.
        if let slot { lender.write(size.shares, size.key, to: slot, in: &state) }
    }
}

extension Received.Lender {
    /// Where a lot stands in the order of sizes.
    func place(of size: LotSize, isCounted: Bool) -> StateKey {
        .representation(.lentLot(representative, group, isCounted: isCounted, size))
    }
}

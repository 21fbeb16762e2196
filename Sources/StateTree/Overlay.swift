import Codec

/// Writes that are not in the state yet, over a reader: what a block is executed on.
///
/// Checkpoints nest: `revert` undoes everything since the last open one, `commit` keeps it as part
/// of the one below. A failed transaction is a checkpoint that was reverted.
public struct Overlay<Base: StateReader> {
    public let base: Base

    /// What is known about a key that was ever written here.
    private enum Content: Sendable {
        /// The write was undone: the base has the word.
        case base
        case value([UInt8])
        case removed
    }

    private struct Undo: Sendable {
        let slot: Int
        let content: Content
    }

    private var slots: [Content] = []
    private var slotByKey: [BytesKey: Int] = [:]
    private var order = KeyOrder()
    private var undo: [Undo] = []
    /// The length of `undo` at each open checkpoint.
    private var checkpoints: [Int] = []

    public init(base: Base) {
        self.base = base
    }

    public func value(for key: [UInt8]) -> [UInt8]? {
        guard let slot = slotByKey[BytesKey(key)] else { return base.value(for: key) }
        switch slots[slot] {
        case .base: return base.value(for: key)
        case .value(let value): return value
        case .removed: return nil
        }
    }

    /// The first entry with lower <= key < upper in byte order.
    public func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        var below = base.firstEntry(from: lower, to: upper)
        var position = order.position(from: lower)
        while let key = order.key(at: position), precedes(key, upper) {
            if let entry = below, precedes(entry.key, key) { return entry }
            guard let slot = slotByKey[BytesKey(key)] else {
                preconditionFailure("an ordered key has a slot")
            }
            switch slots[slot] {
            case .base: break
            case .value(let value): return StateEntry(key: key, value: value)
            case .removed:
                if below?.key == key {
                    below = base.firstEntry(from: successor(of: key), to: upper)
                }
            }
            order.advance(&position)
        }
        return below
    }

    /// - Precondition: the key and the value are within `StateLimits`.
    public mutating func set(_ key: [UInt8], to value: [UInt8]) {
        precondition(key.count <= StateLimits.keyBytesMax, "a state key has at most 258 bytes")
        precondition(
            value.count <= StateLimits.valueBytesMax, "a state value has at most 64 KiB")
        write(.value(value), at: key)
    }

    public mutating func remove(_ key: [UInt8]) {
        write(.removed, at: key)
    }

    private mutating func write(_ content: Content, at key: [UInt8]) {
        let slot: Int
        let indexed = BytesKey(key)
        if let known = slotByKey[indexed] {
            slot = known
        } else {
            slot = slots.count
            slots.append(.base)
            slotByKey[indexed] = slot
            order.insert(key)
        }
        if !checkpoints.isEmpty {
            undo.append(Undo(slot: slot, content: slots[slot]))
        }
        slots[slot] = content
    }

    /// Opens a checkpoint.
    public mutating func checkpoint() {
        checkpoints.append(undo.count)
    }

    /// Undoes every write since the last open checkpoint and closes it.
    public mutating func revert() {
        guard let start = checkpoints.popLast() else {
            preconditionFailure("a checkpoint is open when it is reverted")
        }
        while undo.count > start {
            let last = undo.removeLast()
            slots[last.slot] = last.content
        }
    }

    /// Closes the last open checkpoint and keeps its writes.
    public mutating func commit() {
        precondition(!checkpoints.isEmpty, "a checkpoint is open when it is committed")
        checkpoints.removeLast()
        if checkpoints.isEmpty {
            undo.removeAll(keepingCapacity: true)
        }
    }

    /// All writes sorted by key; the overlay is empty then.
    ///
    /// - Precondition: no checkpoint is open.
    public mutating func takeWrites() -> [StateWrite] {
        precondition(checkpoints.isEmpty, "no checkpoint is open when the writes are taken")
        var writes: [StateWrite] = []
        writes.reserveCapacity(slots.count)
        var position = order.position(from: [])
        while let key = order.key(at: position) {
            guard let slot = slotByKey[BytesKey(key)] else {
                preconditionFailure("an ordered key has a slot")
            }
            switch slots[slot] {
            case .base: break
            case .value(let value): writes.append(StateWrite(key: key, value: value))
            case .removed: writes.append(StateWrite(key: key, value: nil))
            }
            order.advance(&position)
        }
        slots.removeAll()
        slotByKey.removeAll()
        order.removeAll()
        return writes
    }
}

extension Overlay: Sendable where Base: Sendable {}

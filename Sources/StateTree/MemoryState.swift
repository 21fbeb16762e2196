import Codec

/// A state in memory, for tests, the simulator and the making of a genesis.
public struct MemoryState: StateReader, Sendable {
    private var values: [BytesKey: [UInt8]] = [:]
    private var order = KeyOrder()
    private var nodes: [NodeKey: [UInt8]] = [:]
    public private(set) var root = TreeRoot.empty
    /// The version of the last changes that were applied.
    public private(set) var version: UInt64?

    public init() {}

    public func value(for key: [UInt8]) -> [UInt8]? {
        values[BytesKey(key)]
    }

    public func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        guard let key = order.key(at: order.position(from: lower)), precedes(key, upper) else {
            return nil
        }
        guard let value = values[BytesKey(key)] else {
            preconditionFailure("an ordered key has a value")
        }
        return StateEntry(key: key, value: value)
    }

    public func node(_ key: NodeKey) -> [UInt8]? {
        nodes[key]
    }

    /// How many tree nodes are stored.
    public var nodeCount: Int { nodes.count }

    /// Takes over what a block changed and drops the nodes that it no longer uses.
    ///
    /// - Precondition: the changes were made over this state.
    public mutating func apply(_ changes: StateChanges) {
        precondition(version.map { $0 < changes.version } ?? true, "versions grow")
        for write in changes.writes {
            let key = BytesKey(write.key)
            guard let value = write.value else {
                let old = values.removeValue(forKey: key)
                precondition(old != nil, "a key that is removed was there")
                order.remove(write.key)
                continue
            }
            if values.updateValue(value, forKey: key) == nil { order.insert(write.key) }
        }
        for key in changes.stale {
            let old = nodes.removeValue(forKey: key)
            precondition(old != nil, "a stale node was stored: \(key)")
        }
        for node in changes.nodes {
            nodes[node.key] = node.bytes
        }
        root = changes.tree
        version = changes.version
    }

    /// All entries in byte order.
    public var entries: [StateEntry] {
        var entries: [StateEntry] = []
        entries.reserveCapacity(values.count)
        var position = order.position(from: [])
        while let key = order.key(at: position), let value = values[BytesKey(key)] {
            entries.append(StateEntry(key: key, value: value))
            order.advance(&position)
        }
        return entries
    }
}

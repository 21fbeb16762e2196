import Codec
import Cryptography

/// A tree node to store.
public struct StoredNode: Hashable, Sendable {
    public let key: NodeKey
    public let bytes: [UInt8]
}

/// What one block does to the state: everything that is written when the block is final, and what
/// the blocks above it read until then.
public struct StateChanges: Sendable {
    /// The version that was made: the block's height.
    public let version: UInt64
    /// Values that differ from before, sorted by key; a nil value was there and is removed.
    public let writes: [StateWrite]
    /// New tree nodes, all of this version, in the order of their keys' bytes.
    public let nodes: [StoredNode]
    /// Nodes of older versions that this version no longer uses.
    public let stale: [NodeKey]
    /// The tree after the changes.
    public let tree: TreeRoot

    private let indexByKey: [BytesKey: Int]
    private let indexByPath: [TreePath: Int]

    /// The state root after the changes.
    public var root: Digest { tree.hash }

    init(
        version: UInt64, writes: [StateWrite], nodes: [StoredNode], stale: [NodeKey],
        tree: TreeRoot
    ) {
        self.version = version
        self.writes = writes
        self.nodes = nodes
        self.stale = stale
        self.tree = tree
        var indexByKey: [BytesKey: Int] = [:]
        indexByKey.reserveCapacity(writes.count)
        for (index, write) in writes.enumerated() {
            indexByKey[BytesKey(write.key)] = index
        }
        var indexByPath: [TreePath: Int] = [:]
        indexByPath.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            precondition(node.key.version == version, "a new node has the version that made it")
            indexByPath[node.key.path] = index
        }
        self.indexByKey = indexByKey
        self.indexByPath = indexByPath
    }

    /// The write at `key`, if there is one.
    func write(for key: [UInt8]) -> StateWrite? {
        indexByKey[BytesKey(key)].map { writes[$0] }
    }

    func node(at path: TreePath) -> [UInt8]? {
        indexByPath[path].map { nodes[$0].bytes }
    }

    /// The first write with lower <= key < upper.
    func firstWrite(from lower: [UInt8], to upper: [UInt8]) -> StateWrite? {
        var low = 0
        var high = writes.count
        while low < high {
            let middle = low + (high - low) / 2
            if precedes(writes[middle].key, lower) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < writes.count, precedes(writes[low].key, upper) else { return nil }
        return writes[low]
    }
}

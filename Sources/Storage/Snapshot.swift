import Chain
import Cryptography
import StateTree

/// The state at one finalized height, while later blocks are committed: what queries read and
/// blocks are executed over.
public struct Snapshot: StateReader, Sendable {
    public let status: StateStatus
    private let rows: DatabaseSnapshot
    private let database: Database
    private let cache: StateCache
    private var use = CacheUse.fill

    init?(_ rows: DatabaseSnapshot, path database: Database, cache: StateCache) {
        guard
            let status = StateStatus.read(
                rows.get(.meta, MetaKey.state.bytes), path: database)
        else { return nil }
        self.status = status
        self.rows = rows
        self.database = database
        self.cache = cache
    }

    /// The same state, to answer others from: what they read takes no room in the caches from what
    /// the node needs.
    public func forOthers() -> Snapshot {
        var snapshot = self
        snapshot.use = .pass
        return snapshot
    }

    public var height: Height { status.height }

    public var root: TreeRoot { status.tree }

    public func value(for key: [UInt8]) -> [UInt8]? {
        if case .known(let value) = cache.value(for: key, at: status.version) { return value }
        let value = rows.get(.flat, key, cache: use)
        if use == .fill { cache.found(value, for: key, at: status.version) }
        return value
    }

    public func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        var iterator = rows.rows(.flat, from: lower, to: upper, cache: use)
        return iterator.next().map { StateEntry(key: $0.key, value: $0.value) }
    }

    /// The entries with lower <= key < upper, at most `limit`.
    public func entries(from lower: [UInt8], to upper: [UInt8], limit: Int) -> [StateEntry] {
        var iterator = rows.rows(.flat, from: lower, to: upper, cache: use)
        var entries: [StateEntry] = []
        while entries.count < limit, let row = iterator.next() {
            entries.append(StateEntry(key: row.key, value: row.value))
        }
        return entries
    }

    public func node(_ key: NodeKey) -> [UInt8]? {
        if let node = cache.node(key) { return node }
        guard let node = rows.get(.nodes, key.bytes, cache: use) else { return nil }
        if use == .fill { cache.found(node, for: key) }
        return node
    }

    private func checkRange(_ version: UInt64) throws(StateStoreError) {
        guard version >= status.oldest else {
            throw .pruned(height: version, oldest: status.oldest)
        }
        guard version <= status.version else {
            throw .future(height: version, newest: status.version)
        }
    }

    /// The value at `key` after the block of an older `version`.
    public func value(for key: [UInt8], at version: UInt64) throws(StateStoreError) -> [UInt8]? {
        try checkRange(version)
        guard version < status.version else { return value(for: key) }
        var iterator = rows.rows(
            .history, from: HistoryKey.bytes(key, version: version + 1),
            to: HistoryKey.bytes(key, version: .max), cache: use)
        guard let row = iterator.next() else { return value(for: key) }
        return HistoryValue.value(row.value)
    }

    /// The tree of an older `version`, to prove from.
    public func tree(at version: UInt64) throws(StateStoreError) -> HistoricalTree {
        try checkRange(version)
        guard
            let status = StateStatus.read(
                rows.get(.meta, MetaKey.root(version), cache: use), path: database)
        else { throw .pruned(height: version, oldest: self.status.oldest) }
        return HistoricalTree(root: status.tree, snapshot: self)
    }

    /// What is wrong with the state on disk, if anything: the root is derived again from the values
    /// alone, and every tree node is compared with its hash.
    public func check() throws(TreeFault) -> StateCheck {
        var entries: [HashedEntry] = []
        // No state key is longer, so none is above.
        let upper = [UInt8](repeating: 0xFF, count: StateLimits.keyBytesMax + 1)
        var iterator = rows.rows(.flat, from: [], to: upper, cache: .pass)
        while let row = iterator.next() {
            entries.append(HashedEntry(StateEntry(key: row.key, value: row.value)))
        }
        let derived = StateTree.root(of: entries)
        guard derived == root.hash else {
            throw .wrongRoot(tree: root.hash, entries: derived)
        }
        let nodes = try StateTree.checkNodes(of: StoredTree(root: root, rows: rows))
        return StateCheck(status: status, entryCount: entries.count, nodeCount: nodes)
    }
}

/// The tree after an older block.
public struct HistoricalTree: TreeReader, Sendable {
    public let root: TreeRoot
    fileprivate let snapshot: Snapshot

    public func node(_ key: NodeKey) -> [UInt8]? {
        snapshot.node(key)
    }
}

/// The newest tree as it is on the disk, past the cache.
private struct StoredTree: TreeReader {
    let root: TreeRoot
    let rows: DatabaseSnapshot

    func node(_ key: NodeKey) -> [UInt8]? {
        rows.get(.nodes, key.bytes, cache: .pass)
    }
}

/// What a sound state consists of.
public struct StateCheck: Hashable, Sendable {
    public let status: StateStatus
    public let entryCount: Int
    public let nodeCount: Int
}

extension StateStore {
    /// Derives the root again from the values and compares; nil if nothing was ever committed.
    public func check() throws(TreeFault) -> StateCheck? {
        guard let snapshot = snapshot() else { return nil }
        return try snapshot.check()
    }
}

import Codec
import Cryptography

/// The state's commitment: a Jellyfish Merkle tree of radix 16 over SHA-256.
///
/// The root is a function of the keys and values alone, never of their history. With
/// `keyHash = H(stateKey, key)` and `valueHash = H(stateValue, value)` over the binary tree of key
/// hashes: an empty range has the root `Digest.zero`; a range with one leaf has
/// `H(treeLeaf, keyHash ‖ valueHash)`, at whatever depth; any other range has
/// `H(treeNode, left ‖ right)`, even where one side is empty.
///
/// Nodes are stored in steps of four binary levels (`TreeNode`) under the version that wrote them.
/// An update reads each node that it touches once, writes it once at the new version, and lists the
/// old one as stale. A branch always has two leaves or more below, so that a removal collapses
/// upward.
///
/// The design is that of "Jellyfish Merkle Tree" (Gao, Hu, Wu, 2021); kept otherwise here: leaves
/// stand inside their branch instead of in nodes of their own.
public enum StateTree {
    /// The root of a reader's state.
    public static func root(of reader: some TreeReader) -> Digest {
        reader.root.hash
    }

    /// The changes that `writes` make to the reader's state at `version`, which is above every
    /// version of the reader's nodes. Writes that change nothing are left out of the result.
    ///
    /// - Precondition: `writes` is sorted by key, each key once.
    public static func apply(
        _ writes: [StateWrite], version: UInt64, over reader: some TreeReader
    ) -> StateChanges {
        var changes: [TreeChange] = []
        changes.reserveCapacity(writes.count)
        for (index, write) in writes.enumerated() {
            precondition(
                index == 0 || precedes(writes[index - 1].key, write.key),
                "writes are sorted by key, each key once")
            changes.append(
                TreeChange(
                    key: keyHash(write.key), value: write.value.map(valueHash), write: index))
        }
        let update = update(changes, version: version, over: reader)
        return StateChanges(
            version: version,
            writes: writes.indices.filter { update.isEffective[$0] }
                .map { writes[$0] },
            nodes: update.nodesInKeyOrder, stale: update.stale, tree: update.root)
    }

    public static func keyHash(_ key: [UInt8]) -> Digest {
        precondition(key.count <= StateLimits.keyBytesMax, "a state key has at most 258 bytes")
        return Digest(.stateKey, key)
    }

    public static func valueHash(_ value: [UInt8]) -> Digest {
        precondition(
            value.count <= StateLimits.valueBytesMax, "a state value has at most 64 KiB")
        return Digest(.stateValue, value)
    }

    /// The same on hashes; `changes` may come in any order.
    static func update<Reader: TreeReader>(
        _ changes: [TreeChange], version: UInt64, over reader: Reader
    ) -> TreeUpdate<Reader> {
        var update = TreeUpdate(
            reader: reader, version: version, changes: changes.sorted { $0.key < $1.key })
        update.run()
        return update
    }

    /// The node at `key`, which the tree above it names.
    static func load(_ key: NodeKey, from reader: some TreeReader) -> TreeNode {
        guard let bytes = reader.node(key) else {
            preconditionFailure("a node that the tree names is stored: \(key)")
        }
        do {
            return try TreeNode(decoding: bytes)
        } catch {
            preconditionFailure("a stored node decodes: \(key) \(error)")
        }
    }
}

/// A new value hash for a key hash, or nil to remove it.
struct TreeChange: Sendable {
    let key: Digest
    let value: Digest?
    /// Which write this is.
    let write: Int
}

/// One update in progress. The recursion is at most 64 nibbles deep.
struct TreeUpdate<Reader: TreeReader> {
    private let reader: Reader
    private let version: UInt64
    private let changes: [TreeChange]
    private(set) var isEffective: [Bool]
    private(set) var nodes: [StoredNode] = []
    private(set) var stale: [NodeKey] = []
    private(set) var root: TreeRoot

    init(reader: Reader, version: UInt64, changes: [TreeChange]) {
        self.reader = reader
        self.version = version
        self.changes = changes
        isEffective = [Bool](repeating: false, count: changes.count)
        root = reader.root
    }

    /// The nodes as their keys order, so that a database adds each behind the last one: the
    /// recursion meets those of one level in the order of their paths.
    var nodesInKeyOrder: [StoredNode] {
        var levels = [[StoredNode]](repeating: [], count: TreePath.nibblesMax + 1)
        for node in nodes {
            levels[node.key.path.count].append(node)
        }
        return levels.flatMap { $0 }
    }

    mutating func run() {
        guard !changes.isEmpty else { return }
        for index in 1..<changes.count {
            precondition(changes[index - 1].key != changes[index].key, "key hashes are distinct")
        }
        let before = rootChild()
        if let old = root.nodeVersion {
            precondition(old < version, "versions grow: \(old), then \(version)")
        }
        let after = update(before, at: .empty, 0..<changes.count)
        guard after != before else { return }
        switch (before, reader.rootKey) {
        case (.leaf, let key?): stale.append(key)
        case (.empty, _), (.branch, _), (.leaf, nil): break
        }
        switch after {
        case .empty:
            root = .empty
        case .leaf(let leaf):
            store(.leaf(leaf), at: .empty)
            root = TreeRoot(hash: leaf.hash, nodeVersion: version)
        case .branch(let hash, let version):
            root = TreeRoot(hash: hash, nodeVersion: version)
        }
    }

    /// The whole tree as a child of nothing.
    private func rootChild() -> TreeChild {
        guard let key = reader.rootKey else { return .empty }
        switch StateTree.load(key, from: reader) {
        case .leaf(let leaf): return .leaf(leaf)
        case .branch: return .branch(hash: root.hash, version: key.version)
        }
    }

    private mutating func store(_ node: TreeNode, at path: TreePath) {
        var writer = ByteWriter(capacity: 4 + 16 * 64)
        node.encode(into: &writer)
        nodes.append(
            StoredNode(key: NodeKey(version: version, path: path), bytes: writer.bytes))
    }

    /// What `child` at `path` becomes by the changes of `range`, all of which lie below `path`.
    private mutating func update(_ child: TreeChild, at path: TreePath, _ range: Range<Int>)
        -> TreeChild
    {
        switch child {
        case .empty:
            return rebuild(nil, at: path, range)
        case .leaf(let leaf):
            return rebuild(leaf, at: path, range)
        case .branch(_, let version):
            let key = NodeKey(version: version, path: path)
            guard case .branch(var branch) = StateTree.load(key, from: reader) else {
                preconditionFailure("a branch is stored where the tree names one: \(key)")
            }
            guard update(&branch, at: path, range) else { return child }
            stale.append(key)
            return branch.collapsed ?? finish(branch, at: path)
        }
    }

    /// Updates the children that have changes; whether any of them is another now.
    private mutating func update(
        _ branch: inout TreeBranch, at path: TreePath, _ range: Range<Int>
    ) -> Bool {
        var isChanged = false
        var start = range.lowerBound
        while start < range.upperBound {
            let nibble = changes[start].key.nibble(at: path.count)
            var end = start + 1
            while end < range.upperBound, changes[end].key.nibble(at: path.count) == nibble {
                end += 1
            }
            let old = branch.children[nibble]
            let new = update(old, at: path.appending(nibble), start..<end)
            if new != old {
                branch.children[nibble] = new
                isChanged = true
            }
            start = end
        }
        return isChanged
    }

    private mutating func finish(_ branch: TreeBranch, at path: TreePath) -> TreeChild {
        store(.branch(branch), at: path)
        return .branch(hash: branch.hash, version: version)
    }

    /// The changes of `range` over a place that held at most one leaf.
    private mutating func rebuild(_ old: TreeLeaf?, at path: TreePath, _ range: Range<Int>)
        -> TreeChild
    {
        var leaves: [TreeLeaf] = []
        leaves.reserveCapacity(range.count + 1)
        var waiting = old
        for index in range {
            let change = changes[index]
            if let leaf = waiting, leaf.key < change.key {
                leaves.append(leaf)
                waiting = nil
            }
            var before: Digest?
            if let leaf = waiting, leaf.key == change.key {
                before = leaf.value
                waiting = nil
            }
            isEffective[change.write] = before != change.value
            if let value = change.value {
                leaves.append(TreeLeaf(key: change.key, value: value))
            }
        }
        if let leaf = waiting {
            leaves.append(leaf)
        }
        return build(leaves, 0..<leaves.count, at: path)
    }

    /// A new subtree of sorted leaves.
    private mutating func build(_ leaves: [TreeLeaf], _ range: Range<Int>, at path: TreePath)
        -> TreeChild
    {
        if range.isEmpty { return .empty }
        if range.count == 1 { return .leaf(leaves[range.lowerBound]) }
        var branch = TreeBranch()
        var start = range.lowerBound
        while start < range.upperBound {
            let nibble = leaves[start].key.nibble(at: path.count)
            var end = start + 1
            while end < range.upperBound, leaves[end].key.nibble(at: path.count) == nibble {
                end += 1
            }
            branch.children[nibble] = build(leaves, start..<end, at: path.appending(nibble))
            start = end
        }
        return finish(branch, at: path)
    }
}

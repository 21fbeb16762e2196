import Codec
import Cryptography

/// What is wrong with a stored tree.
public enum TreeFault: Error, Equatable, Sendable {
    /// A node that the one above it names is not stored, or is no node.
    case missing(NodeKey)
    /// A node whose hash is not the one by which it is named.
    case wrongHash(NodeKey)
    /// The entries have another root than the tree.
    case wrongRoot(tree: Digest, entries: Digest)
}

/// A key and a value as hashes, for the root of many entries at once.
public struct HashedEntry: Hashable, Sendable {
    let leaf: TreeLeaf

    public init(_ entry: StateEntry) {
        leaf = TreeLeaf(
            key: StateTree.keyHash(entry.key), value: StateTree.valueHash(entry.value))
    }
}

extension StateTree {
    /// The root over `entries` alone, whose keys are distinct.
    public static func root(of entries: [HashedEntry]) -> Digest {
        let leaves = entries.map(\.leaf).sorted { $0.key < $1.key }
        return subtree(leaves, 0..<leaves.count, depth: 0).hash
    }

    private static func subtree(_ leaves: [TreeLeaf], _ range: Range<Int>, depth: Int) -> Subtree {
        if range.isEmpty { return .empty }
        if range.count == 1 {
            let leaf = leaves[range.lowerBound]
            return .leaf(leaf, hash: leaf.hash)
        }
        precondition(depth < 256, "key hashes are distinct")
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = low + (high - low) / 2
            if leaves[middle].key.bit(at: depth) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return Subtree(
            subtree(leaves, range.lowerBound..<low, depth: depth + 1),
            subtree(leaves, low..<range.upperBound, depth: depth + 1))
    }

    /// Walks every stored node below the root and compares its hash; how many there are.
    public static func checkNodes(of reader: some TreeReader) throws(TreeFault) -> Int {
        var count = 0
        var waiting: [(key: NodeKey, hash: Digest)] = []
        if let key = reader.rootKey {
            waiting.append((key, reader.root.hash))
        }
        while let (key, hash) = waiting.popLast() {
            count += 1
            guard let bytes = reader.node(key), let node = try? TreeNode(decoding: bytes) else {
                throw .missing(key)
            }
            switch node {
            case .leaf(let leaf):
                guard key.path == .empty, leaf.hash == hash else { throw .wrongHash(key) }
            case .branch(let branch):
                guard branch.hash == hash else { throw .wrongHash(key) }
                for (nibble, child) in branch.children.enumerated() {
                    guard case .branch(let hash, let version) = child else { continue }
                    guard key.path.count < TreePath.nibblesMax - 1 else { throw .missing(key) }
                    let path = key.path.appending(nibble)
                    waiting.append((NodeKey(version: version, path: path), hash))
                }
            }
        }
        return count
    }
}

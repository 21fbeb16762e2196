import Cryptography
import Testing

@testable import StateTree

/// The definition of the root, written once more over all leaves sorted by key hash, and sharing
/// nothing with the tree but the hash function.
func oracleRoot(_ leaves: [(key: Digest, value: Digest)]) -> Digest {
    let sorted = leaves.map { (bits: bits(of: $0.key), leaf: $0) }
        .sorted { $0.bits.lexicographicallyPrecedes($1.bits) }
    return oracleRoot(sorted[...], depth: 0)
}

private func oracleRoot(
    _ leaves: ArraySlice<(bits: [UInt8], leaf: (key: Digest, value: Digest))>, depth: Int
) -> Digest {
    guard let first = leaves.first else { return Digest([UInt8](repeating: 0, count: 32)) }
    if leaves.count == 1 {
        return Digest(.treeLeaf, first.leaf.key.bytes + first.leaf.value.bytes)
    }
    let middle = leaves.firstIndex { $0.bits[depth] == 1 } ?? leaves.endIndex
    let left = oracleRoot(leaves[..<middle], depth: depth + 1)
    let right = oracleRoot(leaves[middle...], depth: depth + 1)
    return Digest(.treeNode, left.bytes + right.bytes)
}

private func bits(of digest: Digest) -> [UInt8] {
    digest.bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
}

func oracleRoot(of entries: [StateEntry]) -> Digest {
    oracleRoot(
        entries.map { (key: Digest(.stateKey, $0.key), value: Digest(.stateValue, $0.value)) })
}

/// Marsaglia's xorshift64: the same numbers for the same seed.
struct XorShift {
    private var state: UInt64

    init(seed: UInt64) {
        precondition(seed != 0, "xorshift has no way out of zero")
        state = seed
    }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// A number of 0..<bound.
    mutating func next(below bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
    }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, next(below: index + 1))
        }
    }
}

/// A tree over key hashes that the test chooses, with the nodes that it stored.
struct HashTree: TreeReader {
    private var nodes: [NodeKey: [UInt8]] = [:]
    private var leaves: [Digest: Digest] = [:]
    private(set) var root = TreeRoot.empty
    private var version: UInt64 = 0

    func node(_ key: NodeKey) -> [UInt8]? { nodes[key] }

    var expectedRoot: Digest { oracleRoot(leaves.map { (key: $0.key, value: $0.value) }) }
    var nodeCount: Int { nodes.count }

    /// Applies one batch and expects the stored nodes to be exactly those that the root reaches.
    mutating func apply(_ changes: [(Digest, Digest?)]) {
        version += 1
        let update = StateTree.update(
            changes.enumerated().map {
                TreeChange(key: $0.element.0, value: $0.element.1, write: $0.offset)
            }, version: version, over: self)
        for (key, value) in changes {
            leaves[key] = value
        }
        for key in update.stale {
            #expect(nodes.removeValue(forKey: key) != nil)
        }
        for node in update.nodes {
            #expect(nodes.updateValue(node.bytes, forKey: node.key) == nil)
        }
        root = update.root
        #expect(reachableNodes(of: self) == Set(nodes.keys))
    }
}

/// Every node below the root, by walking.
func reachableNodes(of reader: some TreeReader) -> Set<NodeKey> {
    var found: Set<NodeKey> = []
    var waiting = reader.rootKey.map { [$0] } ?? []
    while let key = waiting.popLast() {
        found.insert(key)
        guard case .branch(let branch) = StateTree.load(key, from: reader) else { continue }
        for (nibble, child) in branch.children.enumerated() {
            guard case .branch(_, let version) = child else { continue }
            waiting.append(NodeKey(version: version, path: key.path.appending(nibble)))
        }
    }
    return found
}

/// A digest whose bits are those of `base` with bit `index` turned.
func digest(_ base: Digest, turning index: Int) -> Digest {
    var bytes = base.bytes
    bytes[index / 8] ^= 0x80 >> UInt8(index % 8)
    return Digest(bytes)
}

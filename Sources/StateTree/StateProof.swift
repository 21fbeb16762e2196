import Codec
import Cryptography

/// That a key has a value, or has none, under a state root.
///
/// The proof walks from the root towards the key's hash and gives the hash of the other side at
/// each step; the direction comes from the key's bits alone. It ends at a leaf or at an empty
/// place: the key's own leaf proves presence; an empty place, or the leaf of another key whose hash
/// begins with the same bits as far as the walk went, proves absence.
public struct StateProof: CanonicalCodable, Hashable, Sendable {
    enum End: Hashable, Sendable {
        case empty
        case leaf(TreeLeaf)
    }

    /// The other sides, the root's children first.
    let siblings: [Digest]
    let end: End

    public static let siblingsMax = 256

    init(siblings: [Digest], end: End) {
        self.siblings = siblings
        self.end = end
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        siblings = try reader.readList(limit: Self.siblingsMax, minimumElementSize: 32)
        switch try reader.readULEB128() {
        case 0: end = .empty
        case 1: end = .leaf(try TreeLeaf(from: &reader))
        case let tag: throw .unknownTag(type: "StateProof.End", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(siblings)
        switch end {
        case .empty:
            writer.writeULEB128(0)
        case .leaf(let leaf):
            writer.writeULEB128(1)
            writer.write(leaf)
        }
    }

    /// Whether the state with `root` has `value` at `key`, or nothing there if `value` is nil.
    public func verify(root: Digest, key: [UInt8], value: [UInt8]?) -> Bool {
        guard key.count <= StateLimits.keyBytesMax else { return false }
        guard value.map({ $0.count <= StateLimits.valueBytesMax }) ?? true else { return false }
        return verify(
            root: root, keyHash: StateTree.keyHash(key),
            valueHash: value.map(StateTree.valueHash))
    }

    func verify(root: Digest, keyHash: Digest, valueHash: Digest?) -> Bool {
        guard siblings.count <= Self.siblingsMax else { return false }
        var hash: Digest
        switch end {
        case .empty:
            guard valueHash == nil else { return false }
            hash = .zero
        case .leaf(let leaf):
            if let valueHash {
                guard leaf == TreeLeaf(key: keyHash, value: valueHash) else { return false }
            } else {
                guard leaf.key != keyHash else { return false }
                guard leaf.key.commonBits(with: keyHash) >= siblings.count else { return false }
            }
            hash = leaf.hash
        }
        for depth in siblings.indices.reversed() {
            hash =
                keyHash.bit(at: depth)
                ? Digest(.treeNode, siblings[depth], hash)
                : Digest(.treeNode, hash, siblings[depth])
        }
        return hash == root
    }
}

extension StateTree {
    /// The proof of what the reader's state has at `key`, be it a value or nothing.
    public static func prove(_ key: [UInt8], in reader: some TreeReader) -> StateProof {
        prove(keyHash: keyHash(key), in: reader)
    }

    static func prove(keyHash: Digest, in reader: some TreeReader) -> StateProof {
        var siblings: [Digest] = []
        var next = reader.rootKey
        while let nodeKey = next {
            switch load(nodeKey, from: reader) {
            case .leaf(let leaf):
                return StateProof(siblings: siblings, end: .leaf(leaf))
            case .branch(let branch):
                let depth = nodeKey.path.count
                let nibble = keyHash.nibble(at: depth)
                if let end = walk(branch, towards: nibble, &siblings) {
                    return StateProof(siblings: siblings, end: end)
                }
                guard case .branch(_, let version) = branch.children[nibble] else {
                    preconditionFailure("a walk that did not end meets a branch")
                }
                next = NodeKey(version: version, path: nodeKey.path.appending(nibble))
            }
        }
        return StateProof(siblings: siblings, end: .empty)
    }

    /// Goes down the four binary levels of a branch; where the walk ends, if it ends there.
    private static func walk(
        _ branch: TreeBranch, towards nibble: Int, _ siblings: inout [Digest]
    ) -> StateProof.End? {
        var first = 0
        var width = 16
        while width > 1 {
            let half = width / 2
            let isRight = nibble >= first + half
            let other = branch.subtree(from: isRight ? first : first + half, width: half)
            siblings.append(other.hash)
            first = isRight ? first + half : first
            width = half
            switch branch.subtree(from: first, width: width) {
            case .empty: return .empty
            case .leaf(let leaf, _): return .leaf(leaf)
            case .node: continue
            }
        }
        return nil
    }
}

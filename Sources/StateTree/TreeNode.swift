import Codec
import Cryptography

/// A key and its value in the tree, both as hashes.
struct TreeLeaf: Hashable, Sendable, CanonicalCodable {
    let key: Digest
    let value: Digest

    init(key: Digest, value: Digest) {
        self.key = key
        self.value = value
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        key = try Digest(from: &reader)
        value = try Digest(from: &reader)
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(value)
    }

    var hash: Digest { Digest(.treeLeaf, key, value) }
}

/// What stands at one of the sixteen places of a branch.
enum TreeChild: Hashable, Sendable {
    case empty
    /// Exactly one leaf below, kept in the branch itself.
    case leaf(TreeLeaf)
    /// Two leaves or more below, in a node of its own.
    case branch(hash: Digest, version: UInt64)
}

/// The hash of a range of places, and whether a lone leaf makes it, which has no nodes above it
/// until another leaf shares its range.
enum Subtree {
    case empty
    case leaf(TreeLeaf, hash: Digest)
    case node(Digest)

    var hash: Digest {
        switch self {
        case .empty: .zero
        case .leaf(_, let hash), .node(let hash): hash
        }
    }

    init(_ child: TreeChild) {
        switch child {
        case .empty: self = .empty
        case .leaf(let leaf): self = .leaf(leaf, hash: leaf.hash)
        case .branch(let hash, _): self = .node(hash)
        }
    }

    init(_ left: Subtree, _ right: Subtree) {
        switch (left, right) {
        case (.empty, .empty): self = .empty
        case (.leaf, .empty): self = left
        case (.empty, .leaf): self = right
        case (.empty, .node), (.leaf, .leaf), (.leaf, .node), (.node, .empty), (.node, .leaf),
            (.node, .node):
            self = .node(Digest(.treeNode, left.hash, right.hash))
        }
    }
}

/// Four binary levels of the tree in one stored node, with two leaves or more below.
struct TreeBranch: Hashable, Sendable {
    /// Sixteen places in the order of their nibble.
    var children: [TreeChild]

    init() {
        children = [TreeChild](repeating: .empty, count: 16)
    }

    var hash: Digest { subtree(from: 0, width: 16).hash }

    /// The subtree over `width` places (1, 2, 4, 8 or 16) from `first`.
    func subtree(from first: Int, width: Int) -> Subtree {
        if width == 1 { return Subtree(children[first]) }
        let half = width / 2
        return Subtree(
            subtree(from: first, width: half), subtree(from: first + half, width: half))
    }

    /// The branch as its parent sees it if fewer than two leaves are below it; nil if it stays.
    var collapsed: TreeChild? {
        var only = TreeChild.empty
        for child in children {
            switch (child, only) {
            case (.empty, _): continue
            case (.leaf, .empty): only = child
            case (.leaf, .leaf), (.leaf, .branch), (.branch, _): return nil
            }
        }
        return only
    }
}

/// A stored node: a branch, or the one leaf of a tree that has no branch.
///
/// Encoding: children u16 (bit i: place i is taken) ‖ leaves u16 (bit i: by a leaf), then for each
/// taken place in order either key hash 32 ‖ value hash 32 of a leaf, or hash 32 ‖ version u64 of a
/// branch. Leaves stand inside their branch, which halves the rows that a block writes and reads. A
/// node without children is the lone leaf: key hash ‖ value hash.
enum TreeNode: Hashable, Sendable, CanonicalCodable {
    case leaf(TreeLeaf)
    case branch(TreeBranch)

    init(from reader: inout ByteReader) throws(DecodeError) {
        let taken = try reader.readUInt16()
        let leaves = try reader.readUInt16()
        guard leaves & ~taken == 0 else { throw .invalidValue(type: "TreeNode") }
        guard taken != 0 else {
            self = .leaf(try TreeLeaf(from: &reader))
            return
        }
        var branch = TreeBranch()
        for place in 0..<16 where taken >> UInt16(place) & 1 == 1 {
            if leaves >> UInt16(place) & 1 == 1 {
                branch.children[place] = .leaf(try TreeLeaf(from: &reader))
            } else {
                let hash = try Digest(from: &reader)
                branch.children[place] = .branch(hash: hash, version: try reader.readUInt64())
            }
        }
        guard branch.collapsed == nil else { throw .invalidValue(type: "TreeNode") }
        self = .branch(branch)
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .leaf(let leaf):
            writer.write(UInt16(0))
            writer.write(UInt16(0))
            writer.write(leaf)
        case .branch(let branch):
            Self.encode(branch, into: &writer)
        }
    }

    private static func encode(_ branch: TreeBranch, into writer: inout ByteWriter) {
        var taken: UInt16 = 0
        var leaves: UInt16 = 0
        for (place, child) in branch.children.enumerated() {
            switch child {
            case .empty: continue
            case .leaf:
                taken |= 1 << UInt16(place)
                leaves |= 1 << UInt16(place)
            case .branch:
                taken |= 1 << UInt16(place)
            }
        }
        writer.write(taken)
        writer.write(leaves)
        for child in branch.children {
            switch child {
            case .empty: continue
            case .leaf(let leaf): writer.write(leaf)
            case .branch(let hash, let version):
                writer.write(hash)
                writer.write(version)
            }
        }
    }
}

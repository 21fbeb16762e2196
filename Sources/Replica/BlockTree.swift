import Chain
import Cryptography
import OrderedCollections

/// The blocks above the last final one whose bodies are here: executed, waiting to be, or siblings
/// that will not be.
struct BlockTree: Sendable {
    struct Node: Sendable {
        let block: Block
        /// Whether the disk has been given the block.
        var isStoring = false
        /// Whether a crash leaves the block on the disk.
        var isStored = false
        /// Whether it was executed and every root matched.
        var isExecuted = false
        /// What the block's transactions do to their lanes.
        let advances: [LaneAdvance]
    }

    /// What the bodies may take in memory together; beyond it the highest, which are needed last,
    /// are let go. Whoever misses one fetches it again.
    static let bytesMax = 64 * 1024 * 1024

    private var nodes: OrderedDictionary<Digest, Node> = [:]
    private(set) var byteCount = 0

    subscript(hash: Digest) -> Node? { nodes[hash] }

    var count: Int { nodes.count }

    mutating func insert(_ block: Block, isStored: Bool = false, isExecuted: Bool = false) {
        let hash = block.hash
        guard nodes[hash] == nil else { return }
        nodes[hash] = Node(
            block: block, isStored: isStored, isExecuted: isExecuted,
            advances: BlockTree.advances(of: block.body.transactions))
        byteCount += BlockTree.size(of: block)
        while byteCount > BlockTree.bytesMax, let highest = highestIdle(besides: hash) {
            let node = nodes.remove(at: highest)
            byteCount -= BlockTree.size(of: node.value.block)
        }
    }

    /// What the disk works on stays: its end is told of a block that is here.
    private func highestIdle(besides hash: Digest) -> Int? {
        nodes.values.indices.lazy
            .filter {
                nodes.keys[$0] != hash && (nodes.values[$0].isStored || !nodes.values[$0].isStoring)
            }
            .max { nodes.values[$0].block.header.height < nodes.values[$1].block.header.height }
    }

    private static func size(of block: Block) -> Int {
        block.body.transactions.reduce(Limits.headerBytesMax) { $0 + $1.encodedByteCount }
    }

    private static func advances(of transactions: [SignedTransaction]) -> [LaneAdvance] {
        transactions.map {
            LaneAdvance(
                sender: $0.transaction.sender, lane: $0.transaction.lane,
                nextSequence: $0.transaction.sequence &+ 1)
        }
    }

    mutating func markStoring(_ hash: Digest) {
        nodes[hash]?.isStoring = true
    }

    mutating func markStored(_ hash: Digest) {
        nodes[hash]?.isStored = true
    }

    mutating func markExecuted(_ hash: Digest) {
        nodes[hash]?.isExecuted = true
    }

    /// How far the lanes have moved by the blocks from above `finalized` up to `tip`, oldest first.
    func advances(to tip: Digest, above finalized: Height) -> [LaneAdvance] {
        path(to: tip, above: finalized).reversed().flatMap(\.advances)
    }

    /// Whether a block from above `finalized` up to `tip` moves a lane just so far.
    func contains(_ advance: LaneAdvance, to tip: Digest, above finalized: Height) -> Bool {
        path(to: tip, above: finalized).contains { node in
            // Sequences first: they tell most lanes apart in one comparison.
            node.advances.contains { $0.nextSequence == advance.nextSequence && $0 == advance }
        }
    }

    /// The evidence in the blocks from above `finalized` up to `tip`.
    func evidence(to tip: Digest, above finalized: Height) -> [Evidence] {
        path(to: tip, above: finalized).flatMap { $0.block.body.evidence.map(\.evidence) }
    }

    /// The blocks from `tip` down to above `finalized`.
    private func path(to tip: Digest, above finalized: Height) -> [Node] {
        var path: [Node] = []
        var hash = tip
        while let node = nodes[hash], node.block.header.height > finalized {
            path.append(node)
            hash = node.block.header.parentHash
        }
        return path
    }

    /// Lets go of everything at or below a final height.
    mutating func prune(through height: Height) {
        nodes.removeAll { $0.value.block.header.height <= height }
        byteCount = nodes.values.reduce(0) { $0 + BlockTree.size(of: $1.block) }
    }
}

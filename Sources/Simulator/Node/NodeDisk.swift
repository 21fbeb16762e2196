import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Replica
import StateTree

/// What a node keeps on its disk beside the logs: blocks, certificates and the committed state, as
/// rows of a `VirtualDisk` in the layout of the real node's database.
struct NodeDisk: Sendable {
    private enum Column {
        static let values = 0
        static let nodes = 1
        static let blocks = 2
        static let index = 3
        static let certificates = 4
        static let meta = 5
    }

    var disk = VirtualDisk()
    /// How many heights below the newest stay; nil: all.
    let retainedHeights: UInt64?

    init(retainedHeights: UInt64?) {
        self.retainedHeights = retainedHeights
    }

    private typealias Write = VirtualDisk.RowWrite

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func key(_ letter: Character, _ value: UInt64) -> [UInt8] {
        [letter.asciiValue ?? 0] + bigEndian(value)
    }

    // MARK: State

    private static let stateKey = Array("state".utf8)

    /// The state of the last committed block.
    var state: DiskState {
        guard let bytes = disk.row(NodeDisk.stateKey, in: Column.meta),
            let status = try? StatusRow(decoding: bytes)
        else {
            preconditionFailure("a node's disk has a state from its genesis on")
        }
        return DiskState(
            root: TreeRoot(hash: status.root, nodeVersion: status.nodeVersion),
            height: status.height, values: disk.table(Column.values),
            nodes: disk.table(Column.nodes))
    }

    private struct StatusRow: CanonicalCodable {
        let height: Height
        let root: Digest
        let nodeVersion: UInt64?

        init(_ changes: StateChanges) {
            height = Height(changes.version)
            root = changes.tree.hash
            nodeVersion = changes.tree.nodeVersion
        }

        init(from reader: inout ByteReader) throws(DecodeError) {
            height = try Height(from: &reader)
            root = try Digest(from: &reader)
            nodeVersion = try reader.readOptional(of: UInt64.self)
        }

        func encode(into writer: inout ByteWriter) {
            writer.write(height)
            writer.write(root)
            writer.writeOptional(nodeVersion)
        }
    }

    private static func rows(of changes: StateChanges) -> [Write] {
        var batch: [Write] = []
        batch.reserveCapacity(changes.writes.count + changes.nodes.count + changes.stale.count + 8)
        for write in changes.writes {
            batch.append(Write(column: Column.values, key: write.key, value: write.value))
        }
        for node in changes.nodes {
            batch.append(Write(column: Column.nodes, key: node.key.bytes, value: node.bytes))
        }
        for key in changes.stale {
            batch.append(Write(column: Column.nodes, key: key.bytes, value: nil))
        }
        batch.append(
            Write(column: Column.meta, key: stateKey, value: StatusRow(changes).encoded()))
        return batch
    }

    /// The state that the chain starts from, durably.
    mutating func begin(_ changes: StateChanges) {
        disk.write(NodeDisk.rows(of: changes), sync: true)
    }

    // MARK: Blocks

    /// Writes a block's bytes, which the next sync makes durable.
    mutating func put(_ block: Block) {
        disk.write(NodeDisk.rows(of: block), sync: false)
    }

    private static func rows(of block: Block) -> [Write] {
        let hash = block.hash
        return [
            Write(column: Column.blocks, key: hash.bytes, value: block.encoded()),
            Write(
                column: Column.index, key: key("u", block.header.height.value) + hash.bytes,
                value: []),
        ]
    }

    func hasBlock(_ hash: Digest) -> Bool {
        disk.row(hash.bytes, in: Column.blocks) != nil
    }

    func blockBytes(_ hash: Digest) -> [UInt8]? {
        disk.row(hash.bytes, in: Column.blocks)
    }

    func block(_ hash: Digest) -> Block? {
        blockBytes(hash).flatMap { try? Block(decoding: $0) }
    }

    /// The final block of a height.
    func hash(at height: Height) -> Digest? {
        disk.row(NodeDisk.key("c", height.value), in: Column.index).map { Digest($0) }
    }

    func header(at height: Height) -> Header? {
        hash(at: height).flatMap { block($0)?.header }
    }

    /// The blocks that are stored and not decided, by height.
    func undecided() -> [Digest] {
        disk.table(Column.index).rows(from: NodeDisk.key("u", 0), to: Array("v".utf8))
            .map { Digest(Array($0.key.suffix(32))) }
    }

    /// Makes a final block's state the newest, in one batch that the next sync makes durable.
    mutating func commit(
        _ block: Block, _ changes: StateChanges, certificate: Certificate?, boundary: EpochHint?
    ) {
        let header = block.header
        let hash = block.hash
        let height = header.height.value
        var batch = NodeDisk.rows(of: changes)
        if !hasBlock(hash) { batch += NodeDisk.rows(of: block) }
        batch.append(
            Write(column: Column.index, key: NodeDisk.key("c", height), value: hash.bytes))
        let undecided = disk.table(Column.index).rows(
            from: NodeDisk.key("u", 0), to: NodeDisk.key("u", height + 1))
        for row in undecided {
            batch.append(Write(column: Column.index, key: row.key, value: nil))
            let other = Digest(Array(row.key.suffix(32)))
            guard other != hash, self.hash(at: Height(NodeDisk.number(row.key[1..<9]))) != other
            else { continue }
            batch.append(Write(column: Column.blocks, key: other.bytes, value: nil))
        }
        batch.append(
            Write(
                column: Column.index, key: NodeDisk.key("u", height) + hash.bytes, value: nil))
        if let certificate {
            batch.append(
                Write(
                    column: Column.certificates, key: NodeDisk.key("f", height),
                    value: certificate.encoded()))
        }
        if let boundary {
            batch.append(
                Write(
                    column: Column.certificates, key: NodeDisk.key("e", header.epoch.value),
                    value: boundary.encoded()))
        }
        batch += prunedRows(newest: height)
        disk.write(batch, sync: false)
    }

    private func prunedRows(newest: UInt64) -> [Write] {
        guard let retainedHeights, newest > retainedHeights else { return [] }
        let old = newest - retainedHeights
        guard let hash = hash(at: Height(old)) else { return [] }
        return [
            Write(column: Column.blocks, key: hash.bytes, value: nil),
            Write(column: Column.index, key: NodeDisk.key("c", old), value: nil),
            Write(column: Column.certificates, key: NodeDisk.key("f", old), value: nil),
        ]
    }

    // MARK: Certificates

    private static func finalization(_ row: RowTable.Row) -> (Height, Certificate)? {
        guard let certificate = try? Certificate(decoding: row.value) else { return nil }
        return (Height(number(row.key.suffix(8))), certificate)
    }

    /// The first finalization of a height's own block at `height` or above it.
    func finalization(from height: Height) -> (height: Height, certificate: Certificate)? {
        disk.table(Column.certificates)
            .first(from: NodeDisk.key("f", height.value), to: Array("g".utf8))
            .flatMap { NodeDisk.finalization($0) }
    }

    var lastFinalization: (height: Height, certificate: Certificate)? {
        disk.table(Column.certificates).last(from: NodeDisk.key("f", 0), to: Array("g".utf8))
            .flatMap { NodeDisk.finalization($0) }
    }

    /// The last block of an epoch and its finalization.
    func boundary(of epoch: Epoch) -> EpochHint? {
        disk.row(NodeDisk.key("e", epoch.value), in: Column.certificates)
            .flatMap { try? EpochHint(decoding: $0) }
    }
}

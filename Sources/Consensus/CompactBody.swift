import Chain
import Codec
import Cryptography

/// A block's body with its transactions named instead of included, for peers that have most of them
/// in their pools already: the copies of a full block would keep the leader's line busy for longer
/// than a vote travels (consensus.md 4; the idea is that of Bitcoin's BIP 152).
///
/// The names are whole ids, the leaves of the header's transactions root, so that the list proves
/// itself before any transaction is here, and none can be mistaken for another.
public struct CompactBody: CanonicalCodable, Hashable, Sendable {
    public let transactions: [Digest]
    public let evidence: [ReportedEvidence]
    public let participation: [Participation]

    public init(
        transactions: [Digest], evidence: [ReportedEvidence], participation: [Participation]
    ) {
        self.transactions = transactions
        self.evidence = evidence
        self.participation = participation
    }

    public init(_ body: BlockBody) {
        self.init(
            transactions: body.transactions.map(\.id), evidence: body.evidence,
            participation: body.participation)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        transactions = try reader.readList(
            limit: Limits.blockTransactionsMax, minimumElementSize: 32)
        evidence = try reader.readList(
            limit: Limits.evidencePerBlockMax, minimumElementSize: 32)
        participation = try reader.readList(
            limit: Limits.participationEntriesMax, minimumElementSize: 32)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(transactions)
        writer.writeList(evidence)
        writer.writeList(participation)
    }

    /// Whether the header commits to exactly this body; one that names a transaction twice is none.
    public func matches(_ header: Header) -> Bool {
        let rest = BlockBody(transactions: [], evidence: evidence, participation: participation)
        return header.transactionsRoot == BlockBody.transactionsRoot(transactions)
            && header.evidenceRoot == rest.evidenceRoot
            && header.participationRoot == rest.participationRoot
            && Set(transactions).count == transactions.count
    }
}

/// Asks the leader for transactions of its block that are not in the own pool.
public struct BlockTransactionsRequest: CanonicalCodable, Hashable, Sendable {
    /// Of the block.
    public let hash: Digest
    /// Places in the block's list, ascending.
    public let positions: [UInt16]

    public init(hash: Digest, positions: [UInt16]) {
        self.hash = hash
        self.positions = positions
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        hash = try Digest(from: &reader)
        let count = try reader.readLength(
            limit: Limits.blockTransactionsMax, minimumElementSize: 2)
        var positions: [UInt16] = []
        positions.reserveCapacity(count)
        for _ in 0..<count {
            let position = try reader.readUInt16()
            guard positions.last.map({ $0 < position }) ?? true else {
                throw .invalidValue(type: "BlockTransactionsRequest")
            }
            positions.append(position)
        }
        self.positions = positions
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(hash)
        writer.writeLength(positions.count)
        for position in positions {
            writer.write(position)
        }
    }
}

/// The answer to a `BlockTransactionsRequest`, in its order; none means "not here".
public struct BlockTransactionsResponse: CanonicalCodable, Hashable, Sendable {
    /// Of the block.
    public let hash: Digest
    public let transactions: [SignedTransaction]

    public init(hash: Digest, transactions: [SignedTransaction]) {
        self.hash = hash
        self.transactions = transactions
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        hash = try Digest(from: &reader)
        let start = reader.offset
        transactions = try reader.readList(
            limit: Limits.blockTransactionsMax, minimumElementSize: 32)
        guard reader.offset - start <= Limits.blockBytesMax else {
            throw .lengthOutOfBounds(
                length: UInt64(reader.offset - start), limit: Limits.blockBytesMax)
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(hash)
        writer.writeList(transactions)
    }
}

import Codec
import Cryptography

/// What a block contains besides its header.
public struct BlockBody: CanonicalCodable, Hashable, Sendable {
    public let transactions: [SignedTransaction]
    public let evidence: [ReportedEvidence]
    public let participation: [Participation]

    public init(
        transactions: [SignedTransaction], evidence: [ReportedEvidence] = [],
        participation: [Participation] = []
    ) {
        self.transactions = transactions
        self.evidence = evidence
        self.participation = participation
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

    /// What the encoded body takes.
    public var encodedByteCount: Int {
        var lists = ByteWriter()
        lists.writeULEB128(UInt32(clamping: transactions.count))
        lists.writeList(evidence)
        lists.writeList(participation)
        return transactions.reduce(lists.bytes.count) { $0 + $1.encodedByteCount }
    }

    public var transactionsRoot: Digest {
        BlockBody.transactionsRoot(transactions.map(\.id))
    }

    /// The root over the ids of a block's transactions.
    public static func transactionsRoot(_ ids: [Digest]) -> Digest {
        MerkleTree.root(
            leaves: ids.map { Digest(.transactionLeaf, $0.bytes) }, node: .transactionNode)
    }

    public var evidenceRoot: Digest {
        MerkleTree.root(
            leaves: evidence.map { Digest(.evidenceLeaf, encoding: $0) }, node: .evidenceNode)
    }

    public var participationRoot: Digest {
        MerkleTree.root(
            leaves: participation.map { Digest(.participationLeaf, encoding: $0) },
            node: .participationNode)
    }
}

/// A header with its body. Whoever decodes one has checked nothing but its form: `hasMatchingRoots`
/// and the ledger check the rest.
public struct Block: CanonicalCodable, Hashable, Sendable {
    public let header: Header
    public let body: BlockBody

    public init(header: Header, body: BlockBody) {
        self.header = header
        self.body = body
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        guard reader.remaining <= Limits.blockBytesMax else {
            throw .lengthOutOfBounds(
                length: UInt64(reader.remaining), limit: Limits.blockBytesMax)
        }
        header = try Header(from: &reader)
        body = try BlockBody(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(header)
        writer.write(body)
    }

    public var hash: Digest { header.hash }

    /// Whether the header commits to exactly this body.
    public var hasMatchingRoots: Bool {
        header.transactionsRoot == body.transactionsRoot
            && header.evidenceRoot == body.evidenceRoot
            && header.participationRoot == body.participationRoot
    }
}

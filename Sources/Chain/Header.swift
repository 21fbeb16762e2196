import Codec
import Cryptography

/// What a block's hash covers (consensus.md 2.4). View and parent view stand inside, so that who
/// missed a slot is a pure function of the chain and the same bytes cannot be proposed twice.
public struct Header: CanonicalCodable, Hashable, Sendable {
    public static let currentVersion: UInt16 = 1

    public var version: UInt16
    public var genesisHash: Digest
    public var epoch: Epoch
    public var height: Height
    public var view: View
    public var parentView: View
    public var parentHash: Digest
    public var timestamp: Timestamp
    /// The leader's index in this epoch's set.
    public var proposer: UInt16
    public var transactionsRoot: Digest
    /// The root of the state *after* this block.
    public var stateRoot: Digest
    public var receiptsRoot: Digest
    public var setHash: Digest
    /// The hash of the next epoch's set.
    public var nextSetHash: Digest
    public var evidenceRoot: Digest
    public var participationRoot: Digest
    public var gasUsed: UInt64
    public var gasLimit: UInt64
    /// At most 64 bytes whose meaning the version gives (upgrade readiness).
    public var extra: [UInt8]

    public init(
        version: UInt16 = Header.currentVersion, genesisHash: Digest, epoch: Epoch, height: Height,
        view: View, parentView: View, parentHash: Digest, timestamp: Timestamp, proposer: UInt16,
        transactionsRoot: Digest, stateRoot: Digest, receiptsRoot: Digest, setHash: Digest,
        nextSetHash: Digest, evidenceRoot: Digest, participationRoot: Digest, gasUsed: UInt64,
        gasLimit: UInt64, extra: [UInt8] = []
    ) {
        self.version = version
        self.genesisHash = genesisHash
        self.epoch = epoch
        self.height = height
        self.view = view
        self.parentView = parentView
        self.parentHash = parentHash
        self.timestamp = timestamp
        self.proposer = proposer
        self.transactionsRoot = transactionsRoot
        self.stateRoot = stateRoot
        self.receiptsRoot = receiptsRoot
        self.setHash = setHash
        self.nextSetHash = nextSetHash
        self.evidenceRoot = evidenceRoot
        self.participationRoot = participationRoot
        self.gasUsed = gasUsed
        self.gasLimit = gasLimit
        self.extra = extra
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        version = try reader.readUInt16()
        genesisHash = try Digest(from: &reader)
        epoch = try Epoch(from: &reader)
        height = try Height(from: &reader)
        view = try View(from: &reader)
        parentView = try View(from: &reader)
        parentHash = try Digest(from: &reader)
        timestamp = try Timestamp(from: &reader)
        proposer = try reader.readUInt16()
        transactionsRoot = try Digest(from: &reader)
        stateRoot = try Digest(from: &reader)
        receiptsRoot = try Digest(from: &reader)
        setHash = try Digest(from: &reader)
        nextSetHash = try Digest(from: &reader)
        evidenceRoot = try Digest(from: &reader)
        participationRoot = try Digest(from: &reader)
        gasUsed = try reader.readUInt64()
        gasLimit = try reader.readUInt64()
        extra = try reader.readByteVector(limit: Limits.headerExtraBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(version)
        writer.write(genesisHash)
        writer.write(epoch)
        writer.write(height)
        writer.write(view)
        writer.write(parentView)
        writer.write(parentHash)
        writer.write(timestamp)
        writer.write(proposer)
        writer.write(transactionsRoot)
        writer.write(stateRoot)
        writer.write(receiptsRoot)
        writer.write(setHash)
        writer.write(nextSetHash)
        writer.write(evidenceRoot)
        writer.write(participationRoot)
        writer.write(gasUsed)
        writer.write(gasLimit)
        writer.writeByteVector(extra)
    }

    /// The block's hash.
    public var hash: Digest { Digest(.block, encoding: self) }

    public var candidate: Candidate { Candidate(parentView: parentView, blockHash: hash) }

    public var summary: BlockSummary {
        BlockSummary(hash: hash, height: height, view: view, timestamp: timestamp)
    }
}

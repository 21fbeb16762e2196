import Codec
import Cryptography

/// That a validator was proven to have cast two votes that exclude each other. There is one for
/// each consensus key, however many views it offended in; it keeps the smallest epoch proven.
public struct OffenceRecord: CanonicalCodable, Hashable, Sendable {
    public let operatorAddress: Address
    /// Where the proven pair of votes was cast.
    public var epoch: Epoch
    public var view: View
    /// The kinds of the two votes.
    public var first: VoteKind
    public var second: VoteKind
    /// Of the block that opened the offence.
    public let height: Height
    public let time: Timestamp
    /// Whom the proposer of that block named.
    public let reporter: Address

    public init(
        operatorAddress: Address, evidence: Evidence, height: Height, time: Timestamp,
        reporter: Address
    ) {
        self.operatorAddress = operatorAddress
        epoch = evidence.epoch
        view = evidence.view
        first = evidence.first.kind
        second = evidence.second.kind
        self.height = height
        self.time = time
        self.reporter = reporter
    }

    /// Takes the place of what was proven by evidence about an earlier epoch.
    public mutating func lower(to evidence: Evidence) {
        epoch = evidence.epoch
        view = evidence.view
        first = evidence.first.kind
        second = evidence.second.kind
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        operatorAddress = try Address(from: &reader)
        epoch = try Epoch(from: &reader)
        view = try View(from: &reader)
        first = try OffenceRecord.kind(from: &reader)
        second = try OffenceRecord.kind(from: &reader)
        height = try Height(from: &reader)
        time = try Timestamp(from: &reader)
        reporter = try Address(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(operatorAddress)
        writer.write(epoch)
        writer.write(view)
        writer.write(first.rawValue)
        writer.write(second.rawValue)
        writer.write(height)
        writer.write(time)
        writer.write(reporter)
    }

    private static func kind(from reader: inout ByteReader) throws(DecodeError) -> VoteKind {
        let tag = try reader.readUInt8()
        guard let kind = VoteKind(rawValue: tag) else {
            throw .unknownTag(type: "VoteKind", tag: UInt64(tag))
        }
        return kind
    }
}

import Codec
import Cryptography

/// How a transaction in a block ended.
public enum ReceiptStatus: CanonicalCodable, Hashable, Sendable {
    case ok
    /// Undone, its fee charged. The code is a rejection's, for programs; the text is for people.
    case failed(code: String, message: String)

    public static let codeBytesMax = 64
    public static let messageBytesMax = 512

    public static func failed(_ rejection: Rejection) -> ReceiptStatus {
        .failed(
            code: shortened(rejection.code, to: codeBytesMax),
            message: shortened(rejection.message, to: messageBytesMax))
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .ok
        case 1:
            self = .failed(
                code: try reader.readString(limit: ReceiptStatus.codeBytesMax),
                message: try reader.readString(limit: ReceiptStatus.messageBytesMax))
        case let tag:
            throw .unknownTag(type: "ReceiptStatus", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .ok:
            writer.writeULEB128(0)
        case .failed(let code, let message):
            writer.writeULEB128(1)
            writer.writeString(code)
            writer.writeString(message)
        }
    }

    public var isOK: Bool { self == .ok }

    /// `ok`, or the rejection's code.
    public var code: String {
        switch self {
        case .ok: "ok"
        case .failed(let code, _): code
        }
    }
}

/// What became of a transaction in a block.
public struct Receipt: CanonicalCodable, Hashable, Sendable {
    public static let eventsMax = 4_096

    public let transactionID: Digest
    public let status: ReceiptStatus
    public let gasUsed: UInt64
    /// What was charged, in base units of the native asset.
    public let fee: Amount
    public let events: [Event]

    public init(
        transactionID: Digest, status: ReceiptStatus, gasUsed: UInt64, fee: Amount,
        events: [Event]
    ) {
        self.transactionID = transactionID
        self.status = status
        self.gasUsed = gasUsed
        self.fee = fee
        self.events = events
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        transactionID = try Digest(from: &reader)
        status = try ReceiptStatus(from: &reader)
        gasUsed = try reader.readUInt64()
        fee = try Amount(from: &reader)
        events = try reader.readList(limit: Receipt.eventsMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(transactionID)
        writer.write(status)
        writer.write(gasUsed)
        writer.write(fee)
        writer.writeList(events)
    }

    /// The receipt that carries what a block's own steps did, outside of any transaction. It stands
    /// last, under the id zero, and only if there were such events.
    public static func ofBlock(events: [Event]) -> Receipt {
        Receipt(
            transactionID: .zero, status: .ok, gasUsed: 0, fee: .zero,
            events: Array(events.prefix(eventsMax)))
    }

    /// What a header commits to: the receipts of a block's transactions in order, then its own.
    public static func root(of receipts: [Receipt], blockEvents: [Event]) -> Digest {
        var leaves = receipts.map { Digest(.receiptLeaf, encoding: $0) }
        if !blockEvents.isEmpty {
            leaves.append(Digest(.receiptLeaf, encoding: ofBlock(events: blockEvents)))
        }
        return MerkleTree.root(leaves: leaves, node: .receiptNode)
    }
}

/// As many of the first characters as fit into `limit` bytes of UTF-8.
private func shortened(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var scalars = String.UnicodeScalarView()
    var bytes = 0
    for scalar in text.unicodeScalars {
        bytes += scalar.utf8.count
        guard bytes <= limit else { break }
        scalars.append(scalar)
    }
    return String(scalars)
}

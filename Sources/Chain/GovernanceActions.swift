import Codec
import Cryptography

/// A proposal's number, counted from 1.
public struct ProposalID: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }
}

/// A parameter's value: a number in its unit, or a ratio as it was written.
public enum ParameterValue: CanonicalCodable, Hashable, Sendable {
    case integer(UInt64)
    case ratio(numerator: UInt32, denominator: UInt32)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .integer(try reader.readUInt64())
        case 1:
            self = .ratio(
                numerator: try reader.readUInt32(), denominator: try reader.readUInt32())
        case let tag:
            throw .unknownTag(type: "ParameterValue", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .integer(let value):
            writer.writeULEB128(0)
            writer.write(value)
        case .ratio(let numerator, let denominator):
            writer.writeULEB128(1)
            writer.write(numerator)
            writer.write(denominator)
        }
    }
}

/// A new value for one parameter, named as people name it (`gov.spendSmallDelay`).
public struct ParameterChange: CanonicalCodable, Hashable, Sendable {
    public static let nameBytesMax = 64

    public let name: String
    public let value: ParameterValue
    /// The value that the change replaces: written by the chain at submission; at execution another
    /// value there makes the proposal expire.
    public var expected: ParameterValue?

    public init(name: String, value: ParameterValue, expected: ParameterValue? = nil) {
        self.name = name
        self.value = value
        self.expected = expected
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        name = try reader.readString(limit: ParameterChange.nameBytesMax)
        value = try ParameterValue(from: &reader)
        expected = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(name)
        writer.write(value)
        writer.writeOptional(expected)
    }
}

/// One payment out of the treasury.
public struct TreasuryPayment: CanonicalCodable, Hashable, Sendable {
    public let recipient: Address
    public let asset: AssetID
    public let amount: Amount

    public init(recipient: Address, asset: AssetID, amount: Amount) {
        self.recipient = recipient
        self.asset = asset
        self.amount = amount
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        recipient = try Address(from: &reader)
        asset = try AssetID(from: &reader)
        amount = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(recipient)
        writer.write(asset)
        writer.write(amount)
    }
}

/// Payments out of the treasury, 1 to 16.
public struct TreasurySpend: CanonicalCodable, Hashable, Sendable {
    public static let paymentsMax = 16

    public let payments: [TreasuryPayment]

    public init(payments: [TreasuryPayment]) {
        self.payments = payments
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        payments = try reader.readList(
            limit: TreasurySpend.paymentsMax, minimumElementSize: 48)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(payments)
    }
}

/// What a proposer submits.
public struct ProposalDraft: CanonicalCodable, Hashable, Sendable {
    /// 140 characters of at most four UTF-8 bytes.
    public static let titleBytesMax = 560
    public static let bodyBytesMax = 48 * 1024
    public static let actionsMax = 16

    public let title: String
    /// Markdown.
    public let body: String
    public let actions: [Action]
    /// At most `ProposalCondition.countMax`.
    public let conditions: [ProposalCondition]
    public let deposit: Amount

    public init(
        title: String, body: String, actions: [Action], conditions: [ProposalCondition] = [],
        deposit: Amount
    ) {
        self.title = title
        self.body = body
        self.actions = actions
        self.conditions = conditions
        self.deposit = deposit
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        title = try reader.readString(limit: ProposalDraft.titleBytesMax)
        body = try reader.readString(limit: ProposalDraft.bodyBytesMax)
        let count = try reader.readLength(limit: ProposalDraft.actionsMax)
        var actions: [Action] = []
        actions.reserveCapacity(count)
        for _ in 0..<count {
            actions.append(try Action.decode(from: &reader, insideProposal: true))
        }
        self.actions = actions
        conditions = try reader.readList(
            limit: ProposalCondition.countMax, minimumElementSize: 9)
        deposit = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(title)
        writer.writeString(body)
        writer.writeList(actions)
        writer.writeList(conditions)
        writer.write(deposit)
    }
}

/// How a ballot splits its power, in basis points that sum to 10,000.
public struct BallotWeights: CanonicalCodable, Hashable, Sendable {
    public let yes: UInt16
    public let no: UInt16
    public let abstain: UInt16
    public let veto: UInt16

    public init(yes: UInt16 = 0, no: UInt16 = 0, abstain: UInt16 = 0, veto: UInt16 = 0) {
        self.yes = yes
        self.no = no
        self.abstain = abstain
        self.veto = veto
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        yes = try reader.readUInt16()
        no = try reader.readUInt16()
        abstain = try reader.readUInt16()
        veto = try reader.readUInt16()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(yes)
        writer.write(no)
        writer.write(abstain)
        writer.write(veto)
    }

    public var sum: UInt32 { UInt32(yes) + UInt32(no) + UInt32(abstain) + UInt32(veto) }

    public var isComplete: Bool { sum == 10_000 }
}

/// A holder's answer to a proposal; the latest one of an account counts.
public struct BallotCast: CanonicalCodable, Hashable, Sendable {
    /// 280 characters of at most four UTF-8 bytes.
    public static let reasonBytesMax = 1_120

    public let proposal: ProposalID
    /// The hash of what the voter read.
    public let contentHash: Digest
    public let weights: BallotWeights
    public let reason: String

    public init(
        proposal: ProposalID, contentHash: Digest, weights: BallotWeights, reason: String = ""
    ) {
        self.proposal = proposal
        self.contentHash = contentHash
        self.weights = weights
        self.reason = reason
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        proposal = try ProposalID(from: &reader)
        contentHash = try Digest(from: &reader)
        weights = try BallotWeights(from: &reader)
        reason = try reader.readString(limit: BallotCast.reasonBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(proposal)
        writer.write(contentHash)
        writer.write(weights)
        writer.writeString(reason)
    }
}

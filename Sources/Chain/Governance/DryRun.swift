import Codec
import Cryptography

/// Why something failed, as it is kept: a stable code and one sentence.
public struct StoredReason: CanonicalCodable, Hashable, Sendable, CustomStringConvertible {
    public static let codeBytesMax = 64
    public static let messageBytesMax = 1_024

    public let code: String
    public let message: String

    /// A message that is too long is cut.
    public init(code: String, message: String) {
        let scalars = message.unicodeScalars
        let fits = message.utf8.count <= StoredReason.messageBytesMax
        self.code = code
        self.message = fits ? message : String(String.UnicodeScalarView(scalars.prefix(256)))
    }

    public init(_ rejection: Rejection) {
        self.init(code: rejection.code, message: rejection.message)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        code = try reader.readString(limit: StoredReason.codeBytesMax)
        message = try reader.readString(limit: StoredReason.messageBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(code)
        writer.writeString(message)
    }

    public var description: String { code + ": " + message }
}

/// What voters are warned of.
public struct DryRunFlags: OptionSet, CanonicalCodable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Executed now, it would fail.
    public static let failing = DryRunFlags(rawValue: 1)
    /// A guard does not hold: executed now, it would expire.
    public static let falseGuard = DryRunFlags(rawValue: 2)
    /// It pays an account that nobody has used yet.
    public static let unknownRecipient = DryRunFlags(rawValue: 4)

    /// As the API names them.
    public var names: [String] {
        var names: [String] = []
        if contains(.failing) { names.append("failing") }
        if contains(.falseGuard) { names.append("falseGuard") }
        if contains(.unknownRecipient) { names.append("unknownRecipient") }
        return names
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        rawValue = try reader.readUInt8()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// One value before and after, as people read it.
public enum DryRunChange: CanonicalCodable, Hashable, Sendable {
    case parameter(name: String, from: ParameterValue, to: ParameterValue)
    case balance(Address, asset: AssetID, from: Amount, to: Amount)
    case supply(asset: AssetID, from: Amount, to: Amount)
    /// When a module's pause ends; nil if it is not paused.
    case pause(PausableModule, from: Timestamp?, to: Timestamp?)
    case proposal(ProposalID, from: ProposalStatus, to: ProposalStatus)
    /// The upgrade that is scheduled, with its window as it is; nil for none.
    case upgrade(from: UpgradePlan?, to: UpgradePlan?)
    /// Records of another kind: how many of a part of the state.
    case other(part: String, records: UInt32)

    public static let partBytesMax = 64

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .parameter(
                name: try reader.readString(limit: ParameterChange.nameBytesMax),
                from: try ParameterValue(from: &reader), to: try ParameterValue(from: &reader))
        case 1:
            self = .balance(
                try Address(from: &reader), asset: try AssetID(from: &reader),
                from: try Amount(from: &reader), to: try Amount(from: &reader))
        case 2:
            self = .supply(
                asset: try AssetID(from: &reader), from: try Amount(from: &reader),
                to: try Amount(from: &reader))
        case 3:
            self = .pause(
                try PausableModule(from: &reader), from: try reader.readOptional(),
                to: try reader.readOptional())
        case 4:
            self = .proposal(
                try ProposalID(from: &reader), from: try ProposalStatus(from: &reader),
                to: try ProposalStatus(from: &reader))
        case 5:
            self = .other(
                part: try reader.readString(limit: DryRunChange.partBytesMax),
                records: try reader.readUInt32())
        case 6:
            self = .upgrade(from: try reader.readOptional(), to: try reader.readOptional())
        case let tag:
            throw .unknownTag(type: "DryRunChange", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .parameter(let name, let from, let to):
            writer.writeULEB128(0)
            writer.writeString(name)
            writer.write(from)
            writer.write(to)
        case .balance(let account, let asset, let from, let to):
            writer.writeULEB128(1)
            writer.write(account)
            writer.write(asset)
            writer.write(from)
            writer.write(to)
        case .supply(let asset, let from, let to):
            writer.writeULEB128(2)
            writer.write(asset)
            writer.write(from)
            writer.write(to)
        case .pause(let module, let from, let to):
            writer.writeULEB128(3)
            writer.write(module)
            writer.writeOptional(from)
            writer.writeOptional(to)
        case .proposal(let id, let from, let to):
            writer.writeULEB128(4)
            writer.write(id)
            writer.write(from)
            writer.write(to)
        case .other(let part, let records):
            writer.writeULEB128(5)
            writer.writeString(part)
            writer.write(records)
        case .upgrade(let from, let to):
            writer.writeULEB128(6)
            writer.writeOptional(from)
            writer.writeOptional(to)
        }
    }
}

/// What a proposal's actions would have done in one block (governance.md 3), or, of an executed
/// proposal, what they did.
public struct DryRun: CanonicalCodable, Hashable, Sendable {
    public static let changesMax = 64
    /// Of all changes together, encoded.
    public static let changesBytesMax = 8 * 1_024
    public static let recipientsMax = 16

    public let height: Height
    public let timestamp: Timestamp
    public let gas: UInt64
    /// Nil if the actions succeed.
    public let failure: StoredReason?
    /// The first guard that does not hold; nil if all do.
    public let falseGuard: StoredReason?
    /// Who is paid and was never seen before; the first few.
    public let unknownRecipients: [Address]
    /// Over every change of the state, key by key.
    public let digest: Digest
    /// The readable changes; those that found no place here are only counted.
    public let changes: [DryRunChange]
    public let changesOmitted: UInt32

    public init(
        height: Height, timestamp: Timestamp, gas: UInt64, failure: StoredReason?,
        falseGuard: StoredReason?, unknownRecipients: [Address], digest: Digest,
        changes: [DryRunChange]
    ) {
        self.height = height
        self.timestamp = timestamp
        self.gas = gas
        self.failure = failure
        self.falseGuard = falseGuard
        self.unknownRecipients = Array(unknownRecipients.prefix(DryRun.recipientsMax))
        self.digest = digest
        var kept: [DryRunChange] = []
        var bytes = 0
        for change in changes.prefix(DryRun.changesMax) {
            bytes += change.encoded().count
            guard bytes <= DryRun.changesBytesMax else { break }
            kept.append(change)
        }
        self.changes = kept
        changesOmitted = UInt32(clamping: changes.count - kept.count)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        height = try Height(from: &reader)
        timestamp = try Timestamp(from: &reader)
        gas = try reader.readUInt64()
        failure = try reader.readOptional()
        falseGuard = try reader.readOptional()
        unknownRecipients = try reader.readList(
            limit: DryRun.recipientsMax, minimumElementSize: 32)
        digest = try Digest(from: &reader)
        changes = try reader.readList(limit: DryRun.changesMax, minimumElementSize: 6)
        changesOmitted = try reader.readUInt32()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(height)
        writer.write(timestamp)
        writer.write(gas)
        writer.writeOptional(failure)
        writer.writeOptional(falseGuard)
        writer.writeList(unknownRecipients)
        writer.write(digest)
        writer.writeList(changes)
        writer.write(changesOmitted)
    }

    public var flags: DryRunFlags {
        var flags: DryRunFlags = []
        if failure != nil { flags.insert(.failing) }
        if falseGuard != nil { flags.insert(.falseGuard) }
        if !unknownRecipients.isEmpty { flags.insert(.unknownRecipient) }
        return flags
    }
}

import Codec
import Cryptography

/// Whether a validator may be elected.
public enum ValidatorStatus: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case candidate = 0
    case active = 1
    case jailed = 2
    case leaving = 3

    public var name: String {
        switch self {
        case .candidate: "candidate"
        case .active: "active"
        case .jailed: "jailed"
        case .leaving: "leaving"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let status = ValidatorStatus(rawValue: tag) else {
            throw .unknownTag(type: "ValidatorStatus", tag: UInt64(tag))
        }
        self = status
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// What a validator was jailed for.
public enum JailReason: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case downtime = 0
    case equivocation = 1

    public var name: String {
        switch self {
        case .downtime: "downtime"
        case .equivocation: "equivocation"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let reason = JailReason(rawValue: tag) else {
            throw .unknownTag(type: "JailReason", tag: UInt64(tag))
        }
        self = reason
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// A time in which a validator is not elected. It never ends by itself: the operator ends it.
public struct Jail: CanonicalCodable, Hashable, Sendable {
    public let reason: JailReason
    public let until: Timestamp

    public init(reason: JailReason, until: Timestamp) {
        self.reason = reason
        self.until = until
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        reason = try JailReason(from: &reader)
        until = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(reason)
        writer.write(until)
    }
}

/// A commission that will rise at the first end of an epoch at or after a time.
public struct CommissionRise: CanonicalCodable, Hashable, Sendable {
    /// In basis points.
    public let rate: UInt16
    public let notBefore: Timestamp

    public init(rate: UInt16, notBefore: Timestamp) {
        self.rate = rate
        self.notBefore = notBefore
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        rate = try reader.readUInt16()
        notBefore = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rate)
        writer.write(notBefore)
    }
}

/// What the state keeps of a validator, under its operator's address. Its stake is a record of its
/// own, `StakingKey.pool`.
///
/// From a seat to its record: the set's key, `StateKey.operatorOfKey`, `StateKey.validator`.
public struct ValidatorRecord: CanonicalCodable, Hashable, Sendable {
    public let operatorAddress: Address
    /// What the next election gives power to; sets that were elected before keep the key of then.
    public var consensusKey: PublicKey
    public var profile: ValidatorProfile
    /// In basis points.
    public var commission: UInt16
    public var rise: CommissionRise?
    public var status: ValidatorStatus
    /// Also while it is leaving.
    public var jail: Jail?

    public init(
        operatorAddress: Address, consensusKey: PublicKey, profile: ValidatorProfile,
        commission: UInt16, status: ValidatorStatus, rise: CommissionRise? = nil,
        jail: Jail? = nil
    ) {
        self.operatorAddress = operatorAddress
        self.consensusKey = consensusKey
        self.profile = profile
        self.commission = commission
        self.rise = rise
        self.status = status
        self.jail = jail
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        operatorAddress = try Address(from: &reader)
        consensusKey = try PublicKey(from: &reader)
        profile = try ValidatorProfile(from: &reader)
        commission = try reader.readUInt16()
        rise = try reader.readOptional()
        status = try ValidatorStatus(from: &reader)
        jail = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(operatorAddress)
        writer.write(consensusKey)
        writer.write(profile)
        writer.write(commission)
        writer.writeOptional(rise)
        writer.write(status)
        writer.writeOptional(jail)
    }

    public var networkKey: PublicKey { profile.networkKey }
    public var endpoint: String { profile.endpoint }
    public var moniker: String { profile.moniker }

    /// Jailed for signing two ways: no stake may come in.
    public var isBarred: Bool { jail?.reason == .equivocation }
}

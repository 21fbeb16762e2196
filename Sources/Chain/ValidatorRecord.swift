import Codec
import Cryptography

/// Whether a validator may be elected.
public enum ValidatorStatus: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case candidate = 0
    case active = 1
    case jailed = 2
    case leaving = 3

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

/// What the state keeps of a validator, under its operator's address.
///
/// From a seat to its record: the set's key, `StateKey.operatorOfKey`, `StateKey.validator`.
public struct ValidatorRecord: CanonicalCodable, Hashable, Sendable {
    public let operatorAddress: Address
    public var consensusKey: PublicKey
    public var networkKey: PublicKey
    public var endpoint: String
    public var moniker: String
    /// In basis points.
    public var commission: UInt16
    public var status: ValidatorStatus
    /// What the operator has bonded, part of `bonded`.
    public var selfBond: Amount
    /// All stake behind the validator.
    public var bonded: Amount

    public init(
        operatorAddress: Address, consensusKey: PublicKey, networkKey: PublicKey,
        endpoint: String, moniker: String, commission: UInt16, status: ValidatorStatus,
        selfBond: Amount, bonded: Amount
    ) {
        self.operatorAddress = operatorAddress
        self.consensusKey = consensusKey
        self.networkKey = networkKey
        self.endpoint = endpoint
        self.moniker = moniker
        self.commission = commission
        self.status = status
        self.selfBond = selfBond
        self.bonded = bonded
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        operatorAddress = try Address(from: &reader)
        consensusKey = try PublicKey(from: &reader)
        networkKey = try PublicKey(from: &reader)
        endpoint = try reader.readString(limit: GenesisEntry.endpointBytesMax)
        moniker = try reader.readString(limit: GenesisEntry.monikerBytesMax)
        commission = try reader.readUInt16()
        status = try ValidatorStatus(from: &reader)
        selfBond = try Amount(from: &reader)
        bonded = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(operatorAddress)
        writer.write(consensusKey)
        writer.write(networkKey)
        writer.writeString(endpoint)
        writer.writeString(moniker)
        writer.write(commission)
        writer.write(status)
        writer.write(selfBond)
        writer.write(bonded)
    }
}

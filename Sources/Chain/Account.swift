import Codec
import Cryptography

/// An asset's number; 0 is the native asset, whose symbol and decimals are in genesis.
public struct AssetID: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    public static let native = AssetID(0)
}

/// The accounts that the ledger itself controls: no key signs for them, and no transaction or
/// proposal can name an escrow as a source.
public enum ModuleID: UInt16, CaseIterable, Sendable {
    case treasury = 1
    case bondedPool = 2
    case depositEscrow = 3
    case slashEscrow = 4
    case feeCollector = 5

    public var address: Address { Address(module: rawValue) }
}

/// Who may sign for an account. The address stays when the authority changes.
public enum Authority: CanonicalCodable, Hashable, Sendable {
    case key(PublicKey)
    /// Signatures of keys whose weights reach the threshold.
    case threshold(keys: [WeightedKey], threshold: UInt32)
    /// Nobody: the ledger acts for it.
    case module(UInt16)

    public static let keysMax = 16

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .key(try PublicKey(from: &reader))
        case 1:
            let keys = try reader.readList(
                of: WeightedKey.self, limit: Authority.keysMax, minimumElementSize: 36)
            self = .threshold(keys: keys, threshold: try reader.readUInt32())
        case 2:
            self = .module(try reader.readUInt16())
        case let tag:
            throw .unknownTag(type: "Authority", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .key(let key):
            writer.writeULEB128(0)
            writer.write(key)
        case .threshold(let keys, let threshold):
            writer.writeULEB128(1)
            writer.writeList(keys)
            writer.write(threshold)
        case .module(let id):
            writer.writeULEB128(2)
            writer.write(id)
        }
    }
}

/// One key of a threshold authority.
public struct WeightedKey: CanonicalCodable, Hashable, Sendable {
    public let key: PublicKey
    public let weight: UInt32

    public init(key: PublicKey, weight: UInt32) {
        self.key = key
        self.weight = weight
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        key = try PublicKey(from: &reader)
        weight = try reader.readUInt32()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(key)
        writer.write(weight)
    }
}

/// What the state keeps of an account. An address without a record has sequence 0 and belongs to
/// the key that it is the hash of.
public struct Account: CanonicalCodable, Hashable, Sendable {
    /// The next sequence of lane 0.
    public var sequence: UInt64
    public var authority: Authority

    public init(sequence: UInt64, authority: Authority) {
        self.sequence = sequence
        self.authority = authority
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        sequence = try reader.readUInt64()
        authority = try Authority(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(sequence)
        writer.write(authority)
    }
}

import Codec
import Cryptography

/// Something that accounts own in shares: tokens of a pool or a bucket, or, for a lot, shares of a
/// pool (staking.md 2).
public struct ShareRecord: CanonicalCodable, Hashable, Sendable {
    /// Never given twice in a chain: a position whose number differs from its record's is worth
    /// nothing.
    public var generation: UInt64
    /// T: tokens, or N: shares of a pool.
    public var amount: UInt128
    /// S.
    public var shares: UInt128

    public init(generation: UInt64, amount: UInt128 = 0, shares: UInt128 = 0) {
        self.generation = generation
        self.amount = amount
        self.shares = shares
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        generation = try reader.readUInt64()
        amount = try reader.readUInt128()
        shares = try reader.readUInt128()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(amount)
        writer.write(shares)
    }
}

/// All stake behind a validator, lots inside.
public struct ValidatorPool: CanonicalCodable, Hashable, Sendable {
    /// X of a generation that was never cut.
    public static let wholeIndex: UInt64 = 1 << 63

    public var stake: ShareRecord
    /// X: what is left of 2^63 after every cut of this generation. Positions that are paid their
    /// rewards keep their principal by it.
    public var index: UInt64

    public init(stake: ShareRecord, index: UInt64 = wholeIndex) {
        self.stake = stake
        self.index = index
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        stake = try ShareRecord(from: &reader)
        index = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(stake)
        writer.write(index)
    }

    /// T, in base units. It is part of the supply, so that it fits.
    public var tokens: UInt64 { UInt64(truncatingIfNeeded: stake.amount) }
}

/// Stake that was moved from one validator to another and is still liable for the first one.
public struct StakeLot: CanonicalCodable, Hashable, Sendable {
    /// N shares of the destination's pool, divided into S shares of the lot.
    public var stake: ShareRecord
    /// That of the pool whose shares these are.
    public var poolGeneration: UInt64

    public init(stake: ShareRecord, poolGeneration: UInt64) {
        self.stake = stake
        self.poolGeneration = poolGeneration
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        stake = try ShareRecord(from: &reader)
        poolGeneration = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(stake)
        writer.write(poolGeneration)
    }
}

/// The validator that stake came from, and the epoch of its exit there.
public struct StakeOrigin: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    public let exit: Epoch

    public init(validator: Address, exit: Epoch) {
        self.validator = validator
        self.exit = exit
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        exit = try Epoch(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(exit)
    }
}

/// The name of a redelegation lot.
public struct LotID: CanonicalCodable, Hashable, Sendable {
    /// Where the stake rests and earns.
    public let validator: Address
    /// Whose faults it is liable for besides.
    public let origin: StakeOrigin

    public init(validator: Address, origin: StakeOrigin) {
        self.validator = validator
        self.origin = origin
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        origin = try StakeOrigin(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(origin)
    }
}

/// The name of an unbonding bucket.
public struct BucketID: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    /// x.
    public let exit: Epoch
    /// For stake that left a lot: liable for that validator too, up to the exit that it says,
    /// which is at most `exit` or that of the lot (the ledger's `Staking.exit`).
    public let origin: StakeOrigin?

    public init(validator: Address, exit: Epoch, origin: StakeOrigin? = nil) {
        self.validator = validator
        self.exit = exit
        self.origin = origin
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        exit = try Epoch(from: &reader)
        origin = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(exit)
        writer.writeOptional(origin)
    }
}

/// Where stake rests that earns and votes.
public enum StakePlace: CanonicalCodable, Hashable, Sendable {
    case pool(Address)
    case lot(LotID)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0: self = .pool(try Address(from: &reader))
        case 1: self = .lot(try LotID(from: &reader))
        case let tag: throw .unknownTag(type: "StakePlace", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .pool(let validator):
            writer.writeULEB128(0)
            writer.write(validator)
        case .lot(let id):
            writer.writeULEB128(1)
            writer.write(id)
        }
    }

    /// Whose pool it is in.
    public var validator: Address {
        switch self {
        case .pool(let validator): validator
        case .lot(let id): id.validator
        }
    }
}

/// A record of which an account may own shares.
public enum StakeHolding: Hashable, Sendable {
    case place(StakePlace)
    case bucket(BucketID)
}

/// Whether rewards stay in a position or can be claimed.
public enum StakeMode: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case compounding = 0
    case paying = 1

    public var name: String {
        switch self {
        case .compounding: "compounding"
        case .paying: "paying"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let mode = StakeMode(rawValue: tag) else {
            throw .unknownTag(type: "StakeMode", tag: UInt64(tag))
        }
        self = mode
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// What a position that is paid its rewards keeps back.
public struct StakePrincipal: CanonicalCodable, Hashable, Sendable {
    public var amount: UInt64
    /// The pool's index when `amount` was right.
    public var index: UInt64

    public init(amount: UInt64, index: UInt64) {
        self.amount = amount
        self.index = index
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        amount = try reader.readUInt64()
        index = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(amount)
        writer.write(index)
    }
}

/// An account's part of a record.
public struct StakePosition: CanonicalCodable, Hashable, Sendable {
    public var generation: UInt64
    public var shares: UInt128
    /// For a position in a pool that is paid its rewards; nil for one that compounds.
    public var principal: StakePrincipal?

    public init(generation: UInt64, shares: UInt128, principal: StakePrincipal? = nil) {
        self.generation = generation
        self.shares = shares
        self.principal = principal
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        generation = try reader.readUInt64()
        shares = try reader.readUInt128()
        principal = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(shares)
        writer.writeOptional(principal)
    }

    public var mode: StakeMode { principal == nil ? .compounding : .paying }
}

/// What the state keeps of an account with stake.
public struct StakeAccount: CanonicalCodable, Hashable, Sendable {
    /// How many records it has shares of.
    public var positions: UInt32
    /// The smallest exit epoch of its buckets and lots, so that a transaction sees with one look
    /// whether something became free.
    public var nextExit: Epoch?

    public init(positions: UInt32, nextExit: Epoch?) {
        self.positions = positions
        self.nextExit = nextExit
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        positions = try reader.readUInt32()
        nextExit = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(positions)
        writer.writeOptional(nextExit)
    }
}

/// How much of a position an action means.
public enum StakeAmount: CanonicalCodable, Hashable, Sendable {
    case all
    case tokens(Amount)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0: self = .all
        case 1: self = .tokens(try Amount(from: &reader))
        case let tag: throw .unknownTag(type: "StakeAmount", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .all:
            writer.writeULEB128(0)
        case .tokens(let amount):
            writer.writeULEB128(1)
            writer.write(amount)
        }
    }
}

/// What an account's position was at some height; no shares if it ended there.
public struct PositionTrace: CanonicalCodable, Hashable, Sendable {
    public let generation: UInt64
    public let shares: UInt128

    public init(generation: UInt64, shares: UInt128) {
        self.generation = generation
        self.shares = shares
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        generation = try reader.readUInt64()
        shares = try reader.readUInt128()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(shares)
    }
}

import Codec
import Cryptography

/// The number of an escrow: slashes are counted from 1.
public struct EscrowID: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }
}

/// Where slashed stake stands, with what is true only there.
public enum EscrowPhase: CanonicalCodable, Hashable, Sendable {
    /// Next: `returned` if a proposal that names it executes; else `released`, at the earliest at
    /// `until`, which moves on as long as such a proposal lives.
    case held(until: Timestamp)
    /// Whoever held what was cut may claim it until then. Next: `released`.
    case returned(by: ProposalID, until: Timestamp)
    /// What was left went to the treasury and the reporter. The records of parts and claims are
    /// removed some at a time, and then the escrow.
    case released(at: Timestamp)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0: self = .held(until: try Timestamp(from: &reader))
        case 1:
            self = .returned(
                by: try ProposalID(from: &reader), until: try Timestamp(from: &reader))
        case 2: self = .released(at: try Timestamp(from: &reader))
        case let tag: throw .unknownTag(type: "EscrowPhase", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .held(let until):
            writer.writeULEB128(0)
            writer.write(until)
        case .returned(let proposal, let until):
            writer.writeULEB128(1)
            writer.write(proposal)
            writer.write(until)
        case .released(let time):
            writer.writeULEB128(2)
            writer.write(time)
        }
    }

    /// From when on a block looks at the escrow again.
    public var due: Timestamp {
        switch self {
        case .held(let until), .returned(_, let until): until
        case .released(let time): time
        }
    }

    /// The name in the API.
    public var name: String {
        switch self {
        case .held: "held"
        case .returned: "returned"
        case .released: "released"
        }
    }
}

/// What one slash cut, until it is released (staking.md 4).
public struct StakeEscrow: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    /// Of the fault.
    public let epoch: Epoch
    /// Of the block that cut.
    public let height: Height
    /// The height whose shares were cut: the one before for a slash that runs before the
    /// transactions of its block, the block's own for one at an epoch's end.
    public let holders: Height
    /// The first exit epoch that was not free. A lot that left its source earlier has no part of
    /// its own, and is counted in its pool by what is remembered of it.
    public let firstBound: Epoch
    public let amount: Amount
    /// What of it was not claimed yet.
    public var left: Amount
    /// Who gets a part of what the treasury gets.
    public let reporter: Address?
    /// Until when a proposal to return it may be submitted.
    public let nameableUntil: Timestamp
    public var phase: EscrowPhase

    public init(
        validator: Address, epoch: Epoch, height: Height, holders: Height, firstBound: Epoch,
        amount: Amount, reporter: Address?, nameableUntil: Timestamp
    ) {
        self.validator = validator
        self.epoch = epoch
        self.height = height
        self.holders = holders
        self.firstBound = firstBound
        self.amount = amount
        left = amount
        self.reporter = reporter
        self.nameableUntil = nameableUntil
        phase = .held(until: nameableUntil)
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        epoch = try Epoch(from: &reader)
        height = try Height(from: &reader)
        holders = try Height(from: &reader)
        firstBound = try Epoch(from: &reader)
        amount = try Amount(from: &reader)
        left = try Amount(from: &reader)
        reporter = try reader.readOptional()
        nameableUntil = try Timestamp(from: &reader)
        phase = try EscrowPhase(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(epoch)
        writer.write(height)
        writer.write(holders)
        writer.write(firstBound)
        writer.write(amount)
        writer.write(left)
        writer.writeOptional(reporter)
        writer.write(nameableUntil)
        writer.write(phase)
    }
}

/// What a slash cut of one record.
public struct EscrowPart: CanonicalCodable, Hashable, Sendable {
    /// Of the record, before the cut.
    public let generation: UInt64
    /// In base units.
    public let tokens: UInt64
    /// S, before the cut.
    public let shares: UInt128

    public init(generation: UInt64, tokens: UInt64, shares: UInt128) {
        self.generation = generation
        self.tokens = tokens
        self.shares = shares
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        generation = try reader.readUInt64()
        tokens = try reader.readUInt64()
        shares = try reader.readUInt128()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(tokens)
        writer.write(shares)
    }
}

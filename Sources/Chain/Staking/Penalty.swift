import Codec
import Cryptography

/// What an offence has cost so far.
public struct Penalty: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    public let key: PublicKey
    /// p: the offender's part of the power of its set, in 10⁻⁹.
    public var share: UInt64
    /// g: the part of the liable stake that was cut, in 10⁻⁹.
    public var cut: UInt64

    public init(validator: Address, key: PublicKey, share: UInt64, cut: UInt64) {
        self.validator = validator
        self.key = key
        self.share = share
        self.cut = cut
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        key = try PublicKey(from: &reader)
        share = try reader.readUInt64()
        cut = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(key)
        writer.write(share)
        writer.write(cut)
    }
}

/// What one slash cut, until it is released.
public struct StakeEscrow: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    /// Of the fault.
    public let epoch: Epoch
    /// Of the slash; holders are those of the height before.
    public let height: Height
    public let amount: Amount
    public let reporter: Address?

    public init(
        validator: Address, epoch: Epoch, height: Height, amount: Amount, reporter: Address?
    ) {
        self.validator = validator
        self.epoch = epoch
        self.height = height
        self.amount = amount
        self.reporter = reporter
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        epoch = try Epoch(from: &reader)
        height = try Height(from: &reader)
        amount = try Amount(from: &reader)
        reporter = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(epoch)
        writer.write(height)
        writer.write(amount)
        writer.writeOptional(reporter)
    }
}

import Codec
import Cryptography

/// What the offences of a validator have cost so far that came out before it could return: one
/// penalty, whatever the number of its keys.
public struct Penalty: CanonicalCodable, Hashable, Sendable {
    public let validator: Address
    /// The first one that was proven to offend.
    public let key: PublicKey
    /// The earliest that was proven: what is liable for it is cut.
    public var epoch: Epoch
    /// p: the largest part of the power of a set that was proven, in 10⁻⁹.
    public var share: UInt64
    /// g: the part of the liable stake that was cut, in 10⁻⁹.
    public var cut: UInt64

    public init(
        validator: Address, key: PublicKey, epoch: Epoch, share: UInt64, cut: UInt64
    ) {
        self.validator = validator
        self.key = key
        self.epoch = epoch
        self.share = share
        self.cut = cut
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        validator = try Address(from: &reader)
        key = try PublicKey(from: &reader)
        epoch = try Epoch(from: &reader)
        share = try reader.readUInt64()
        cut = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(validator)
        writer.write(key)
        writer.write(epoch)
        writer.write(share)
        writer.write(cut)
    }
}

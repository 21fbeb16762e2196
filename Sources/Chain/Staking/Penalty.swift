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

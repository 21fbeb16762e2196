/// A value with exactly one encoding: BCS (Binary Canonical Serialization).
///
/// Fixed integers are little-endian; lengths and enumeration tags are ULEB128 in their shortest
/// form; an optional is a byte 0 or 1 before its value; there is no padding and there are no maps.
/// Everything that is hashed, signed, stored or sent between nodes is encoded so.
///
/// Source of the format: https://github.com/diem/bcs, the README's specification.
public protocol CanonicalCodable {
    /// Reads one value and leaves the reader behind it.
    init(from reader: inout ByteReader) throws(DecodeError)

    func encode(into writer: inout ByteWriter)
}

extension CanonicalCodable {
    /// The value that the whole of `bytes` encodes.
    public init(decoding bytes: [UInt8]) throws(DecodeError) {
        var reader = ByteReader(bytes.span.bytes)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// The value's one encoding.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }
}

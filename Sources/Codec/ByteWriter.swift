/// Appends canonical values to bytes.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8]

    public init(capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    public mutating func write(_ value: UInt16) {
        writeLittleEndian(value)
    }

    public mutating func write(_ value: UInt32) {
        writeLittleEndian(value)
    }

    public mutating func write(_ value: UInt64) {
        writeLittleEndian(value)
    }

    /// Four integers in one piece, as a digest or a key has them.
    public mutating func write(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
        let words = (a.littleEndian, b.littleEndian, c.littleEndian, d.littleEndian)
        // Safe because four words have no padding.
        unsafe withUnsafeBytes(of: words) { unsafe bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: UInt128) {
        write(UInt64(truncatingIfNeeded: value))
        write(UInt64(truncatingIfNeeded: value >> 64))
    }

    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    private mutating func writeLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
        // Safe because an integer has no padding.
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// A length or an enumeration tag.
    public mutating func writeULEB128(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    public mutating func writeLength(_ length: Int) {
        guard let length = UInt32(exactly: length) else {
            preconditionFailure("a length fits 32 bits: \(length)")
        }
        writeULEB128(length)
    }

    /// Bytes of a size that the reader knows.
    public mutating func writeBytes(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
    }

    /// Bytes behind their length.
    public mutating func writeByteVector(_ value: [UInt8]) {
        writeLength(value.count)
        bytes.append(contentsOf: value)
    }

    /// UTF-8 behind its length in bytes.
    public mutating func writeString(_ value: String) {
        let utf8 = Array(value.utf8)
        writeByteVector(utf8)
    }
}

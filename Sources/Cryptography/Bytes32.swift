import Codec

/// A value of 32 bytes, kept in four words: comparing and hashing words is four times as fast as
/// bytes. The words hold the bytes in order, so that word 0 has the first eight, little-endian.
public protocol Bytes32: CanonicalCodable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    var words: Words32 { get }
    init(words: Words32)
}

/// The four words behind a value of 32 bytes.
public struct Words32: Hashable, Sendable {
    public var w0: UInt64
    public var w1: UInt64
    public var w2: UInt64
    public var w3: UInt64

    public init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
        self.w0 = w0
        self.w1 = w1
        self.w2 = w2
        self.w3 = w3
    }
}

extension Bytes32 {
    /// - Precondition: exactly 32 bytes.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "the value has 32 bytes, not \(bytes.count)")
        // Safe because the array holds the 32 bytes that are loaded.
        self = unsafe bytes.withUnsafeBytes { raw in
            unsafe Self(
                words: Words32(
                    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                    UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self))))
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let (w0, w1, w2, w3) = try reader.readFourUInt64()
        self.init(words: Words32(w0, w1, w2, w3))
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(words.w0, words.w1, words.w2, words.w3)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { encoded() }

    /// The value from 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        guard let bytes = [UInt8](hex: hex), bytes.count == 32 else { return nil }
        self.init(bytes)
    }

    public var hex: String { bytes.hex }

    public var description: String { hex }

    /// Compares as byte strings do, first byte first.
    public static func < (a: Self, b: Self) -> Bool {
        if a.words.w0 != b.words.w0 { return a.words.w0.byteSwapped < b.words.w0.byteSwapped }
        if a.words.w1 != b.words.w1 { return a.words.w1.byteSwapped < b.words.w1.byteSwapped }
        if a.words.w2 != b.words.w2 { return a.words.w2.byteSwapped < b.words.w2.byteSwapped }
        return a.words.w3.byteSwapped < b.words.w3.byteSwapped
    }

    /// Calls `body` with the 32 bytes in memory.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // Safe because four words in order are the 32 bytes on a little-endian machine, the only
        // kind that the package supports.
        unsafe withUnsafeBytes(of: words) { unsafe body($0) }
    }
}

#if !_endian(little)
    #error("words hold bytes in little-endian order")
#endif

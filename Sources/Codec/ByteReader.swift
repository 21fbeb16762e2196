/// Reads canonical values from borrowed bytes.
///
/// A reader never copies what it walks over, checks each length against the bound of its place and
/// against the bytes that are left before anything is allocated, and cannot outlive the bytes.
public struct ByteReader: ~Copyable, ~Escapable {
    private let bytes: RawSpan
    /// How many bytes have been read.
    public private(set) var offset: Int

    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
        self.offset = 0
    }

    public var remaining: Int { bytes.byteCount - offset }

    /// - Throws: `trailingBytes` unless everything was read.
    public func finish() throws(DecodeError) {
        guard remaining == 0 else { throw .trailingBytes(count: remaining) }
    }

    private mutating func advance(by count: Int) throws(DecodeError) -> Int {
        guard count <= remaining else {
            throw .truncated(needed: count, available: remaining)
        }
        let start = offset
        offset += count
        return start
    }

    public mutating func readUInt8() throws(DecodeError) -> UInt8 {
        let start = try advance(by: 1)
        // Safe because `advance` checked that one byte is left.
        return bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self)
    }

    public mutating func readUInt16() throws(DecodeError) -> UInt16 {
        let start = try advance(by: 2)
        // Safe because `advance` checked the bytes, and any pattern is a number.
        return UInt16(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
    }

    public mutating func readUInt32() throws(DecodeError) -> UInt32 {
        let start = try advance(by: 4)
        // Safe because `advance` checked the bytes, and any pattern is a number.
        return UInt32(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
    }

    public mutating func readUInt64() throws(DecodeError) -> UInt64 {
        let start = try advance(by: 8)
        // Safe because `advance` checked the bytes, and any pattern is a number.
        return UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }

    /// Four integers, as a digest or a key has them, with one check of the bytes that are left.
    public mutating func readFourUInt64() throws(DecodeError) -> (UInt64, UInt64, UInt64, UInt64) {
        guard remaining >= 32 else {
            // One of these throws, with what it lacks.
            return (try readUInt64(), try readUInt64(), try readUInt64(), try readUInt64())
        }
        let start = try advance(by: 32)
        // Safe because `advance` checked the bytes, and any pattern is a number.
        let a = bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
        let b = bytes.unsafeLoadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
        let c = bytes.unsafeLoadUnaligned(fromByteOffset: start + 16, as: UInt64.self)
        let d = bytes.unsafeLoadUnaligned(fromByteOffset: start + 24, as: UInt64.self)
        return (
            UInt64(littleEndian: a), UInt64(littleEndian: b), UInt64(littleEndian: c),
            UInt64(littleEndian: d)
        )
    }

    public mutating func readUInt128() throws(DecodeError) -> UInt128 {
        let low = try readUInt64()
        let high = try readUInt64()
        return UInt128(high) << 64 | UInt128(low)
    }

    public mutating func readBool() throws(DecodeError) -> Bool {
        switch try readUInt8() {
        case 0: false
        case 1: true
        case let tag: throw .unknownTag(type: "Bool", tag: UInt64(tag))
        }
    }

    /// A ULEB128 number of at most 32 bits in its shortest form, as BCS writes lengths and tags.
    public mutating func readULEB128() throws(DecodeError) -> UInt32 {
        var value: UInt64 = 0
        for index in 0..<5 {
            let byte = try readUInt8()
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || index == 0 else { throw .nonCanonicalLength }
            guard let result = UInt32(exactly: value) else { throw .nonCanonicalLength }
            return result
        }
        throw .nonCanonicalLength
    }

    /// A length of at most `limit` elements of at least `minimumElementSize` bytes each.
    ///
    /// The second test keeps a short message from making a large allocation.
    public mutating func readLength(limit: Int, minimumElementSize: Int = 1)
        throws(DecodeError) -> Int
    {
        let length = try readULEB128()
        guard length <= limit else {
            throw .lengthOutOfBounds(length: UInt64(length), limit: limit)
        }
        let (needed, overflow) = Int(length).multipliedReportingOverflow(by: minimumElementSize)
        guard !overflow, needed <= remaining else {
            throw .truncated(needed: overflow ? .max : needed, available: remaining)
        }
        return Int(length)
    }

    /// Exactly `count` bytes.
    public mutating func readBytes(count: Int) throws(DecodeError) -> [UInt8] {
        precondition(count >= 0, "a fixed size is not negative")
        let start = try advance(by: count)
        return unsafe bytes.extracting(start..<start + count).withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Bytes behind their length, at most `limit`.
    public mutating func readByteVector(limit: Int) throws(DecodeError) -> [UInt8] {
        let count = try readLength(limit: limit)
        return try readBytes(count: count)
    }

    /// UTF-8 behind its length in bytes, at most `limit` bytes.
    public mutating func readString(limit: Int) throws(DecodeError) -> String {
        let utf8 = try readByteVector(limit: limit)
        guard let string = String(validating: utf8, as: UTF8.self) else {
            throw .invalidValue(type: "String")
        }
        return string
    }

    /// The bytes from `start` to where the reader stands: what was just decoded, for hashing.
    public func bytesRead(since start: Int) -> [UInt8] {
        precondition(start >= 0 && start <= offset, "the range was read")
        return unsafe bytes.extracting(start..<offset).withUnsafeBytes { unsafe [UInt8]($0) }
    }
}

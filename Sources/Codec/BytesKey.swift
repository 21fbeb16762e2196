/// Bytes as a key: of a dictionary, or in byte order.
///
/// An array hashes and compares byte by byte; this does so in words, which makes a look-up of a key
/// of the state (about 45 bytes) four times as fast (measured). The hash is that of the standard
/// library, with the seed of the process, so that nobody can choose bytes that collide.
public struct BytesKey: Hashable, Comparable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public func hash(into hasher: inout Hasher) {
        // Safe because the pointer is used within the call only.
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }

    public static func == (a: BytesKey, b: BytesKey) -> Bool {
        let left = a.bytes.span.bytes
        let right = b.bytes.span.bytes
        let count = left.byteCount
        guard count == right.byteCount else { return false }
        var offset = 0
        while offset + 8 <= count {
            // Safe because eight bytes are left in both, and any pattern is a number.
            let word = left.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let other = right.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard word == other else { return false }
            offset += 8
        }
        while offset < count {
            // Safe because the offset is below the count of both.
            let byte = left.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            let other = right.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            guard byte == other else { return false }
            offset += 1
        }
        return true
    }

    /// Byte order, a prefix first.
    public static func < (a: BytesKey, b: BytesKey) -> Bool {
        let left = a.bytes.span.bytes
        let right = b.bytes.span.bytes
        let common = min(left.byteCount, right.byteCount)
        var offset = 0
        while offset + 8 <= common {
            // Safe because eight bytes are left in both, and any pattern is a number.
            let word = left.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let other = right.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            if word != other { return UInt64(bigEndian: word) < UInt64(bigEndian: other) }
            offset += 8
        }
        while offset < common {
            // Safe because the offset is below the count of both.
            let byte = left.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            let other = right.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte != other { return byte < other }
            offset += 1
        }
        return left.byteCount < right.byteCount
    }
}

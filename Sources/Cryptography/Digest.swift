import Codec
import Crypto

/// A SHA-256 digest. `Digest.zero`, 32 zero bytes, is the root of an empty list or tree.
public struct Digest: Bytes32 {
    public let words: Words32

    public init(words: Words32) {
        self.words = words
    }

    public static let zero = Digest(words: Words32(0, 0, 0, 0))

    /// `H(tag, x)`: SHA-256 of the tag's 16 bytes and `bytes`.
    public init(_ domain: Domain, _ bytes: [UInt8]) {
        var hasher = TaggedHasher(domain)
        hasher.update(bytes)
        self = hasher.finalize()
    }

    /// `H(tag, a ‖ b)`, the step of every Merkle tree.
    public init(_ domain: Domain, _ a: Digest, _ b: Digest) {
        self = TaggedHasher.hash(domain, a.words, b.words)
    }

    /// `H(tag, value)` of the value's encoding.
    public init(_ domain: Domain, encoding value: some CanonicalCodable) {
        self.init(domain, value.encoded())
    }
}

/// `H(tag, x)` for an `x` that comes in pieces.
public struct TaggedHasher {
    private var state: SHA256

    public init(_ domain: Domain) {
        state = SHA256()
        let words = domain.words
        // Safe because two words are 16 plain bytes.
        unsafe withUnsafeBytes(of: words) { unsafe state.update(bufferPointer: $0) }
    }

    public mutating func update(_ bytes: [UInt8]) {
        // Safe because the pointer is used within the call only.
        unsafe bytes.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
    }

    public mutating func update(_ value: some Bytes32) {
        unsafe value.withBytes { unsafe state.update(bufferPointer: $0) }
    }

    /// `H(tag, a ‖ b)` in one piece, which is a fifth faster than in three.
    static func hash(_ domain: Domain, _ a: Words32, _ b: Words32) -> Digest {
        var hasher = TaggedHasher()
        // Safe because ten words without padding are the 80 bytes in order.
        unsafe withUnsafeBytes(of: (domain.words, a, b)) {
            unsafe hasher.state.update(bufferPointer: $0)
        }
        return hasher.finalize()
    }

    private init() {
        state = SHA256()
    }

    /// A fixed-width integer, little-endian.
    public mutating func update(_ value: some FixedWidthInteger) {
        // Safe because an integer has no padding.
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe state.update(bufferPointer: $0) }
    }

    public consuming func finalize() -> Digest {
        // Safe because SHA-256 has 32 bytes.
        unsafe state.finalize().withUnsafeBytes { raw in
            unsafe Digest(
                words: Words32(
                    raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
        }
    }
}

/// SHA-256 without a tag, for formats that others defined (BIP-39, Noise).
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: bytes))
}

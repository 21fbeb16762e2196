import Codec

/// An Ed25519 signature of 64 bytes.
///
/// Two signatures of one message may differ, so nothing is ever keyed, compared or told apart by
/// its signature bytes; `Hashable` is here for containers of whole messages.
public struct Signature: CanonicalCodable, Hashable, Sendable {
    let r: Words32
    let s: Words32

    /// - Precondition: exactly 64 bytes.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == 64, "a signature has 64 bytes, not \(bytes.count)")
        r = Digest(Array(bytes[0..<32])).words
        s = Digest(Array(bytes[32..<64])).words
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        r = try Digest(from: &reader).words
        s = try Digest(from: &reader).words
    }

    public func encode(into writer: inout ByteWriter) {
        Digest(words: r).encode(into: &writer)
        Digest(words: s).encode(into: &writer)
    }

    public var bytes: [UInt8] { encoded() }

    public init?(hex: String) {
        guard let bytes = [UInt8](hex: hex), bytes.count == 64 else { return nil }
        self.init(bytes)
    }

    public var hex: String { bytes.hex }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // Safe because two runs of four words are the 64 bytes in order.
        unsafe withUnsafeBytes(of: (r, s)) { unsafe body($0) }
    }
}

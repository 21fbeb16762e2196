import CSodium

/// An X25519 secret key (RFC 7748). It has one owner, lives in guarded memory and is wiped when it
/// goes.
public struct AgreementKey: ~Copyable, Sendable {
    private let secret: SecretBytes
    /// The 32 bytes that the other side gets.
    public let publicKey: [UInt8]

    /// - Precondition: exactly 32 bytes.
    public init(secret bytes: [UInt8]) {
        precondition(
            bytes.count == Int(crypto_scalarmult_SCALARBYTES), "an X25519 secret has 32 bytes")
        let secret = SecretBytes(copying: bytes)
        var publicKey = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        // Safe because the buffers have the sizes that libsodium documents.
        let status = unsafe secret.withBytes { scalar in
            unsafe crypto_scalarmult_base(
                &publicKey, scalar.assumingMemoryBound(to: UInt8.self).baseAddress!)
        }
        precondition(status == 0, "libsodium derives a public key from any scalar")
        self.secret = secret
        self.publicKey = publicKey
    }

    /// A new key from the system's randomness.
    public static func random() -> AgreementKey {
        var bytes = SecureRandom.bytes(count: Int(crypto_scalarmult_SCALARBYTES))
        defer { unsafe sodium_memzero(&bytes, bytes.count) }
        return AgreementKey(secret: bytes)
    }

    /// The secret's 32 bytes, for the file that keeps a node's network key.
    public func withSecret<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        var bytes = unsafe secret.withBytes { unsafe Array($0) }
        defer { unsafe sodium_memzero(&bytes, bytes.count) }
        return try body(bytes)
    }

    /// The 32 bytes that both sides compute; nil for a key of another length and where the result
    /// is all zeros, which a point of small order forces whatever our secret is.
    public func sharedSecret(with publicKey: [UInt8]) -> [UInt8]? {
        guard publicKey.count == Int(crypto_scalarmult_BYTES) else { return nil }
        var shared = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        // Safe because the buffers have the sizes that libsodium documents; it refuses an all-zero
        // result itself.
        let status = unsafe secret.withBytes { scalar in
            unsafe crypto_scalarmult(
                &shared, scalar.assumingMemoryBound(to: UInt8.self).baseAddress!, publicKey)
        }
        return status == 0 ? shared : nil
    }
}

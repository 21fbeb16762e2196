import CSodium
import Codec

/// An Ed25519 secret key. It has one owner, lives in locked memory and is wiped when it goes.
public struct SigningKey: ~Copyable, Sendable {
    /// libsodium's form: 32 bytes of seed, then the public key.
    private let secret: SecretBytes
    public let publicKey: PublicKey

    /// The key of a 32-byte seed (RFC 8032).
    ///
    /// - Precondition: exactly 32 bytes.
    public init(seed: [UInt8]) {
        precondition(seed.count == Int(crypto_sign_SEEDBYTES), "a seed has 32 bytes")
        Sodium.ensureReady()
        let secret = SecretBytes(count: Int(crypto_sign_SECRETKEYBYTES))
        var publicKey = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        // Safe because the buffers have the sizes that libsodium documents.
        let status = unsafe secret.withMutableBytes { secret in
            unsafe crypto_sign_seed_keypair(
                &publicKey, secret.assumingMemoryBound(to: UInt8.self).baseAddress!, seed)
        }
        precondition(status == 0, "libsodium derives a key from any seed")
        self.secret = secret
        self.publicKey = PublicKey(publicKey)
    }

    /// The seed, for the keystore alone.
    public func withSeed<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        var seed = unsafe secret.withBytes { unsafe Array($0.prefix(32)) }
        defer { unsafe sodium_memzero(&seed, seed.count) }
        return try body(seed)
    }

    public func sign(_ message: [UInt8]) -> Signature {
        var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
        // Safe because the buffers have the sizes that libsodium documents.
        let status = unsafe secret.withBytes { secret in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe crypto_sign_detached(
                    &signature, nil, message.baseAddress, UInt64(message.count),
                    secret.assumingMemoryBound(to: UInt8.self).baseAddress!)
            }
        }
        precondition(status == 0, "libsodium signs any message")
        return Signature(signature)
    }
}

/// Bytes in libsodium's guarded memory: kept out of swap and core dumps, wiped when released.
final class SecretBytes: Sendable {
    // Safe because the memory is written only while its first owner builds it, and only read after.
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer

    init(count: Int) {
        Sodium.ensureReady()
        guard let base = unsafe sodium_malloc(count) else {
            preconditionFailure("the system grants \(count) bytes of guarded memory")
        }
        memory = unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
    }

    convenience init(copying bytes: [UInt8]) {
        self.init(count: bytes.count)
        unsafe withMutableBytes { unsafe $0.copyBytes(from: bytes) }
    }

    deinit {
        unsafe sodium_free(memory.baseAddress)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(memory))
    }

    func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(memory)
    }
}

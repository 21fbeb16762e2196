import CSodium
import Codec

/// Why a sealed secret cannot be read.
public enum SealedKeyError: Error, Equatable, Sendable {
    /// The bytes were changed or cut since they were written, or never were a sealed secret.
    case corrupt
    /// A later version of the program wrote them.
    case unsupportedVersion(UInt8)
    /// The file asks for more memory or time than any file of ours does.
    case costOutOfBounds
    case wrongPassword
    /// The system did not grant the memory that the password's derivation takes.
    case outOfMemory
}

/// A secret that a password opens: argon2id makes the key, XChaCha20-Poly1305 seals.
///
/// The bytes are BCS: version u8, memory in KiB u32, passes u32, salt (16), nonce (24), ciphertext
/// behind its length, checksum (32). The checksum is the tagged hash of all that is before it, so
/// that a broken file is told apart from a wrong password without asking for one.
public struct SealedKey: Equatable, Sendable {
    /// What opening costs: the price of a guess.
    public struct Cost: Equatable, Sendable {
        public let memoryKiB: UInt32
        public let passes: UInt32

        public init(memoryKiB: UInt32, passes: UInt32) {
            self.memoryKiB = memoryKiB
            self.passes = passes
        }

        /// 64 MiB in three passes, the memory and passes of RFC 9106's second recommendation (with
        /// libsodium's one lane): about a tenth of a second.
        public static let standard = Cost(memoryKiB: 64 << 10, passes: 3)
        /// For tests.
        public static let least = Cost(memoryKiB: 8, passes: 1)

        /// A hostile file can neither take all memory nor all time.
        var isInBounds: Bool { (8...256 << 10).contains(memoryKiB) && (1...10).contains(passes) }
    }

    public static let version: UInt8 = 1
    /// How long a sealed secret may be: a key with the records that go with it.
    public static let secretBytesMax = 1 << 20

    private static let saltBytes = 16
    private static let nonceBytes = 24
    private static let keyBytes = 32
    private static let tagBytes = 16

    public let cost: Cost
    private let salt: [UInt8]
    private let nonce: [UInt8]
    private let ciphertext: [UInt8]

    /// Seals `secret` with fresh salt and nonce.
    ///
    /// - Precondition: the secret has at most `secretBytesMax` bytes and the cost is in bounds.
    public init(
        sealing secret: [UInt8], password: [UInt8], cost: Cost = .standard
    ) throws(SealedKeyError) {
        precondition(secret.count <= SealedKey.secretBytesMax, "a sealed secret is at most 1 MiB")
        precondition(cost.isInBounds, "a cost of our own is in bounds: \(cost)")
        self.cost = cost
        salt = SecureRandom.bytes(count: SealedKey.saltBytes)
        nonce = SecureRandom.bytes(count: SealedKey.nonceBytes)
        var key = try SealedKey.derivedKey(password: password, salt: salt, cost: cost)
        defer { unsafe sodium_memzero(&key, key.count) }
        let header = SealedKey.header(cost: cost, salt: salt, nonce: nonce)
        var ciphertext = [UInt8](repeating: 0, count: secret.count + SealedKey.tagBytes)
        // Safe because the buffers have the sizes that libsodium documents.
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            &ciphertext, nil, secret, UInt64(secret.count), header, UInt64(header.count), nil,
            nonce, key)
        precondition(status == 0, "libsodium seals any secret")
        self.ciphertext = ciphertext
    }

    /// What `bytes` wrote.
    ///
    /// - Throws: `corrupt`, `unsupportedVersion` or `costOutOfBounds`; the password is not needed.
    public init(bytes: [UInt8]) throws(SealedKeyError) {
        guard let version = bytes.first else { throw .corrupt }
        guard version == SealedKey.version else { throw .unsupportedVersion(version) }
        let sealed: SealedKey
        do {
            sealed = try SealedKey(decoding: bytes)
        } catch {
            throw .corrupt
        }
        guard sealed.cost.isInBounds else { throw .costOutOfBounds }
        self = sealed
    }

    public var bytes: [UInt8] { encoded() }

    /// The secret.
    ///
    /// - Throws: `wrongPassword` or `outOfMemory`.
    public func open(password: [UInt8]) throws(SealedKeyError) -> [UInt8] {
        var key = try SealedKey.derivedKey(password: password, salt: salt, cost: cost)
        defer { unsafe sodium_memzero(&key, key.count) }
        let header = SealedKey.header(cost: cost, salt: salt, nonce: nonce)
        // One byte more than the secret, so that the buffer has an address.
        let count = ciphertext.count - SealedKey.tagBytes
        var secret = [UInt8](repeating: 0, count: count + 1)
        // Safe because the buffers have the sizes that libsodium documents.
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            &secret, nil, nil, ciphertext, UInt64(ciphertext.count), header,
            UInt64(header.count), nonce, key)
        guard status == 0 else { throw .wrongPassword }
        secret.removeLast()
        return secret
    }

    private static func derivedKey(
        password: [UInt8], salt: [UInt8], cost: Cost
    ) throws(SealedKeyError) -> [UInt8] {
        Sodium.ensureReady()
        precondition(salt.count == Int(crypto_pwhash_SALTBYTES), "the salt has 16 bytes")
        var key = [UInt8](repeating: 0, count: keyBytes)
        // Safe because the buffers have the sizes that libsodium documents.
        var password = password.map { CChar(bitPattern: $0) }
        defer { unsafe sodium_memzero(&password, password.count) }
        let status = unsafe crypto_pwhash(
            &key, UInt64(keyBytes), password, UInt64(password.count), salt, UInt64(cost.passes),
            Int(cost.memoryKiB) << 10, crypto_pwhash_ALG_ARGON2ID13)
        guard status == 0 else { throw .outOfMemory }
        return key
    }

    private static func header(cost: Cost, salt: [UInt8], nonce: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(version)
        writer.write(cost.memoryKiB)
        writer.write(cost.passes)
        writer.writeBytes(salt)
        writer.writeBytes(nonce)
        return writer.bytes
    }
}

extension SealedKey: CanonicalCodable {
    public init(from reader: inout ByteReader) throws(DecodeError) {
        let start = reader.offset
        let version = try reader.readUInt8()
        guard version == SealedKey.version else {
            throw .unknownTag(type: "SealedKey", tag: UInt64(version))
        }
        let memoryKiB = try reader.readUInt32()
        cost = Cost(memoryKiB: memoryKiB, passes: try reader.readUInt32())
        salt = try reader.readBytes(count: SealedKey.saltBytes)
        nonce = try reader.readBytes(count: SealedKey.nonceBytes)
        ciphertext = try reader.readByteVector(
            limit: SealedKey.secretBytesMax + SealedKey.tagBytes)
        guard ciphertext.count >= SealedKey.tagBytes else {
            throw .invalidValue(type: "SealedKey")
        }
        let expected = SealedKey.checksum(of: reader.bytesRead(since: start))
        guard try Digest(from: &reader) == expected else {
            throw .invalidValue(type: "SealedKey")
        }
    }

    public func encode(into writer: inout ByteWriter) {
        var content = ByteWriter()
        content.writeBytes(SealedKey.header(cost: cost, salt: salt, nonce: nonce))
        content.writeByteVector(ciphertext)
        writer.writeBytes(content.bytes)
        writer.write(SealedKey.checksum(of: content.bytes))
    }

    private static func checksum(of bytes: [UInt8]) -> Digest {
        var hasher = TaggedHasher(.sealedKey)
        hasher.update(bytes)
        return hasher.finalize()
    }
}

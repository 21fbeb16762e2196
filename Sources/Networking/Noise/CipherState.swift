import Cryptography

/// Why a Noise message or frame is refused; the connection ends with each.
enum NoiseError: Error, Equatable, Sendable {
    /// The bytes are not what the holder of the key sealed.
    case forged
    /// The message has fewer bytes than its pattern.
    case truncated
    /// A public key that yields no secret: a point of small order.
    case badKey
    /// All nonces of the key are used. A nonce is never used twice.
    case nonceExhausted
}

/// One direction's key and counter (Noise specification, revision 34, section 5.1).
///
/// A message that fails to open changes nothing, so that a forger cannot push the counter on
/// (GHSA-g9mp-8g3h-3c5c).
struct CipherState: Sendable {
    private var key: [UInt8]
    /// The nonce of the next message.
    private(set) var nonce: UInt64

    /// 2^64 − 1 is kept for `rekey`.
    static let nonceEnd = UInt64.max

    init(key: [UInt8], nonce: UInt64 = 0) {
        precondition(key.count == 32, "a key has 32 bytes")
        self.key = key
        self.nonce = nonce
    }

    mutating func seal(
        _ plaintext: [UInt8], additionalData: [UInt8] = []
    ) throws(NoiseError) -> [UInt8] {
        guard nonce < Self.nonceEnd else { throw .nonceExhausted }
        let sealed = Cipher.seal(
            plaintext, key: key, nonce: nonce, additionalData: additionalData)
        nonce += 1
        return sealed
    }

    mutating func open(
        _ ciphertext: [UInt8], additionalData: [UInt8] = []
    ) throws(NoiseError) -> [UInt8] {
        guard nonce < Self.nonceEnd else { throw .nonceExhausted }
        guard
            let plaintext = Cipher.open(
                ciphertext, key: key, nonce: nonce, additionalData: additionalData)
        else { throw .forged }
        nonce += 1
        return plaintext
    }

    /// The next key (section 4.2): what the last nonce seals 32 zero bytes to. The counter goes
    /// on, as section 11.3 says.
    mutating func rekey() {
        let sealed = Cipher.seal(
            [UInt8](repeating: 0, count: 32), key: key, nonce: Self.nonceEnd, additionalData: [])
        key = Array(sealed.prefix(32))
    }

    /// Seals in place: `buffer` holds the plaintext and behind it `Cipher.tagBytes` of room.
    mutating func seal(inPlace buffer: UnsafeMutableRawBufferPointer) throws(NoiseError) {
        guard nonce < Self.nonceEnd else { throw .nonceExhausted }
        // Safe because the buffer is the caller's for the length of the call.
        unsafe Cipher.seal(inPlace: buffer, key: key, nonce: nonce)
        nonce += 1
    }

    /// Opens `ciphertext` into `plaintext`, which has its length less the tag's.
    mutating func open(
        _ ciphertext: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer
    ) throws(NoiseError) {
        guard nonce < Self.nonceEnd else { throw .nonceExhausted }
        // Safe because both buffers are the caller's for the length of the call.
        guard unsafe Cipher.open(ciphertext, into: plaintext, key: key, nonce: nonce) else {
            throw .forged
        }
        nonce += 1
    }
}

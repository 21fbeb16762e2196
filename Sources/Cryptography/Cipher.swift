import CSodium

/// ChaCha20-Poly1305 as the Noise protocol uses it: a 32-byte key, and a nonce of four zero bytes
/// and a little-endian counter (Noise revision 34, section 12).
///
/// A key must never seal twice with one counter; the caller counts.
public enum Cipher {
    public static let keyBytes = 32
    /// How much longer the ciphertext is.
    public static let tagBytes = 16

    /// The ciphertext with its tag behind it.
    ///
    /// - Precondition: the key has 32 bytes.
    public static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: UInt64, additionalData: [UInt8] = []
    ) -> [UInt8] {
        Sodium.ensureReady()
        precondition(key.count == keyBytes, "a cipher key has 32 bytes")
        let nonce = nonceBytes(nonce)
        let count = plaintext.count + tagBytes
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            // Safe because the buffer has room for the text and the tag, and the other sizes are
            // checked above.
            let status = unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
                buffer.baseAddress!, nil, plaintext, UInt64(plaintext.count), additionalData,
                UInt64(additionalData.count), nil, nonce, key)
            precondition(status == 0, "libsodium seals any text")
            written = count
        }
    }

    /// The plaintext; nil unless exactly these bytes were sealed with this key, counter and data.
    ///
    /// - Precondition: the key has 32 bytes.
    public static func open(
        _ ciphertext: [UInt8], key: [UInt8], nonce: UInt64, additionalData: [UInt8] = []
    ) -> [UInt8]? {
        Sodium.ensureReady()
        precondition(key.count == keyBytes, "a cipher key has 32 bytes")
        guard ciphertext.count >= tagBytes else { return nil }
        let nonce = nonceBytes(nonce)
        let count = ciphertext.count - tagBytes
        var isAuthentic = false
        // The capacity is never zero, so that the buffer has an address.
        let plaintext = unsafe [UInt8](unsafeUninitializedCapacity: count + 1) { buffer, written in
            // Safe because the buffer has room for the text, and libsodium writes a text of zeros
            // where the tag does not match.
            let status = unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                buffer.baseAddress!, nil, nil, ciphertext, UInt64(ciphertext.count),
                additionalData, UInt64(additionalData.count), nonce, key)
            isAuthentic = status == 0
            written = isAuthentic ? count : 0
        }
        return isAuthentic ? plaintext : nil
    }

    private static func nonceBytes(_ counter: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 {
            bytes[4 + index] = UInt8(truncatingIfNeeded: counter >> UInt64(8 * index))
        }
        return bytes
    }
}

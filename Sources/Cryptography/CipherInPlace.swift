import CSodium

// The cipher on buffers that the caller already has, for the frames between nodes: a copy of every
// byte would cost a tenth of the cipher's own time.
extension Cipher {
    /// Noise's form of a nonce: four zero bytes, then the counter, little-endian.
    private static func words(_ nonce: UInt64) -> (UInt32, UInt32, UInt32) {
        (0, UInt32(truncatingIfNeeded: nonce), UInt32(truncatingIfNeeded: nonce >> 32))
    }

    /// Seals in place: `buffer` holds the plaintext, and behind it 16 bytes that take the tag.
    ///
    /// - Precondition: the key has 32 bytes, the buffer at least 16.
    public static func seal(
        inPlace buffer: UnsafeMutableRawBufferPointer, key: [UInt8], nonce: UInt64
    ) {
        Sodium.ensureReady()
        precondition(key.count == keyBytes, "a cipher key has 32 bytes")
        precondition(buffer.count >= tagBytes, "the buffer has room for the tag")
        // Safe because the tag goes behind the plaintext, within the buffer, and libsodium may
        // seal a message over itself.
        let status = unsafe withUnsafeBytes(of: words(nonce)) { nonce in
            let base = unsafe buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
            return unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
                base, nil, base, UInt64(buffer.count - tagBytes), nil, 0, nil,
                nonce.baseAddress!.assumingMemoryBound(to: UInt8.self), key)
        }
        precondition(status == 0, "libsodium seals any text")
    }

    /// Opens `ciphertext` into `plaintext`; false, with nothing of it shown, unless exactly these
    /// bytes were sealed with this key and counter.
    ///
    /// - Precondition: the key has 32 bytes; `plaintext` has 16 bytes less than `ciphertext`.
    public static func open(
        _ ciphertext: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer,
        key: [UInt8], nonce: UInt64
    ) -> Bool {
        Sodium.ensureReady()
        precondition(key.count == keyBytes, "a cipher key has 32 bytes")
        precondition(
            plaintext.count == ciphertext.count - tagBytes, "the plaintext lacks only the tag")
        // Safe because the plaintext has exactly the bytes that libsodium writes, and libsodium
        // verifies the tag before it shows any.
        return unsafe withUnsafeBytes(of: words(nonce)) { nonce in
            unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil,
                ciphertext.baseAddress!.assumingMemoryBound(to: UInt8.self),
                UInt64(ciphertext.count), nil, 0,
                nonce.baseAddress!.assumingMemoryBound(to: UInt8.self), key) == 0
        }
    }
}

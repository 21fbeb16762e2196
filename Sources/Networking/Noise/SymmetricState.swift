import Cryptography

/// The chaining key, the transcript hash and the key of the handshake (section 5.2).
struct SymmetricState: Sendable {
    private var chainingKey: [UInt8]
    private(set) var hash: [UInt8]
    private var cipher: CipherState?

    init(protocolName: String) {
        let name = Array(protocolName.utf8)
        // Names of at most 32 bytes are padded with zeros instead of hashed.
        hash =
            name.count <= 32
            ? name + [UInt8](repeating: 0, count: 32 - name.count) : sha256(name)
        chainingKey = hash
    }

    mutating func mixHash(_ bytes: [UInt8]) {
        hash = sha256(hash + bytes)
    }

    mutating func mixKey(_ secret: [UInt8]) {
        let keys = KeyDerivation.noiseHKDF(
            chainingKey: chainingKey, input: secret, outputs: .two)
        chainingKey = keys[0]
        cipher = CipherState(key: keys[1])
    }

    mutating func sealAndHash(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        let sealed = try cipher?.seal(plaintext, additionalData: hash) ?? plaintext
        mixHash(sealed)
        return sealed
    }

    mutating func openAndHash(_ ciphertext: [UInt8]) throws(NoiseError) -> [UInt8] {
        let plaintext = try cipher?.open(ciphertext, additionalData: hash) ?? ciphertext
        mixHash(ciphertext)
        return plaintext
    }

    /// Whether what is sealed now carries a tag.
    var hasKey: Bool { cipher != nil }

    /// The keys of the two directions, the initiator's first.
    func split() -> (CipherState, CipherState) {
        let keys = KeyDerivation.noiseHKDF(chainingKey: chainingKey, input: [], outputs: .two)
        return (CipherState(key: keys[0]), CipherState(key: keys[1]))
    }
}

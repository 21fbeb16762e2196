import Cryptography

/// How signatures are checked. There is one rule, Ed25519; a simulation may bring a faster one,
/// with which it signs as well.
public struct SignatureCheck: Sendable {
    /// Whether the signature is the key's over these bytes.
    public let isValid: @Sendable (Signature, [UInt8], PublicKey) -> Bool

    public init(_ isValid: @escaping @Sendable (Signature, [UInt8], PublicKey) -> Bool) {
        self.isValid = isValid
    }

    /// The rule of every chain.
    public static let ed25519 = SignatureCheck { signature, message, key in
        key.isValid(signature, for: message)
    }
}

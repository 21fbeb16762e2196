import Chain
import Cryptography

/// Signatures of a simulation: a keyed hash in the place of Ed25519, which would take nine tenths
/// of the time. Everything is really signed and really checked; who may sign with which key is a
/// matter of the simulator's own discipline.
public enum ToySignature {
    /// What only the simulator knows; a message that was made without it does not verify.
    private static let secret = [UInt8]("a key of the simulator".utf8)

    public static func sign(_ message: [UInt8], with key: PublicKey) -> Signature {
        var hasher = TaggedHasher(.message)
        hasher.update(secret)
        hasher.update(key)
        hasher.update(message)
        let digest = hasher.finalize().bytes
        return Signature(digest + digest)
    }

    static func isValid(_ signature: Signature, _ message: [UInt8], _ key: PublicKey) -> Bool {
        sign(message, with: key) == signature
    }

    public static let check = SignatureCheck { signature, message, key in
        isValid(signature, message, key)
    }
}

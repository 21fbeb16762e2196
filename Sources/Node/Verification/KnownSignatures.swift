import Chain
import Cryptography

/// Ed25519 that checks each signature of a validator once: a vote comes by itself, again within
/// certificates, and once more in the block that names it.
///
/// Only what was valid is remembered, by the hash of key, signature and message together, so that
/// nothing else passes for it.
struct KnownSignatures: Sendable {
    private let cache: SignatureCache

    init(cache: SignatureCache = SignatureCache(capacity: 16_384)) {
        self.cache = cache
    }

    var check: SignatureCheck {
        SignatureCheck { [cache] signature, message, key in
            let id = KnownSignatures.id(signature, message, key)
            if cache.contains(id) { return true }
            guard key.isValid(signature, for: message) else { return false }
            cache.insert(id)
            return true
        }
    }

    /// The key and the signature have fixed sizes, so that the three cannot be read in another way.
    private static func id(
        _ signature: Signature, _ message: [UInt8], _ key: PublicKey
    ) -> Digest {
        var hasher = TaggedHasher(.verifiedBytes)
        hasher.update(key)
        hasher.update(signature.bytes)
        hasher.update(message)
        return hasher.finalize()
    }
}

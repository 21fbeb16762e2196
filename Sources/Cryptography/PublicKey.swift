import CSodium
import Codec

/// An Ed25519 public key.
public struct PublicKey: Bytes32 {
    public let words: Words32

    public init(words: Words32) {
        self.words = words
    }

    /// Whether `signature` is this key's over `message`.
    ///
    /// The one verifier of the project: implementations disagree about edge cases, and a
    /// certificate that is valid for one node and invalid for another stops the chain.
    public func isValid(_ signature: Signature, for message: [UInt8]) -> Bool {
        Sodium.ensureReady()
        // Safe because the sizes are those that libsodium documents, and the pointers are used
        // within the call only.
        return unsafe withBytes { key in
            unsafe signature.withBytes { signature in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe crypto_sign_verify_detached(
                        signature.assumingMemoryBound(to: UInt8.self).baseAddress!,
                        message.baseAddress, UInt64(message.count),
                        key.assumingMemoryBound(to: UInt8.self).baseAddress!) == 0
                }
            }
        }
    }

    /// Whether the bytes are a canonical point of the main subgroup: what a key that gets power
    /// must be. A small-order key would accept one signature for every message.
    public var isMainSubgroupPoint: Bool {
        Sodium.ensureReady()
        // Safe because the key has the 32 bytes that libsodium reads.
        return unsafe withBytes { key in
            unsafe crypto_core_ed25519_is_valid_point(
                key.assumingMemoryBound(to: UInt8.self).baseAddress!) == 1
        }
    }
}

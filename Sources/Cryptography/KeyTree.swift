/// A node of the tree of Ed25519 keys that grows from one seed (SLIP-10).
///
/// Ed25519 knows hardened children only: no child of a public key can be computed.
public struct KeyTree: Equatable, Sendable {
    /// The number of this chain's coin in a path: "ALTH" in ASCII. SLIP-44 does not list it.
    public static let coinType: UInt32 = 0x414C_5448

    /// The 32-byte Ed25519 seed of this node.
    public let secret: [UInt8]
    public let chainCode: [UInt8]

    /// The root, `m`.
    ///
    /// - Parameter seed: 16 to 64 bytes, as `Mnemonic.seed` yields.
    public init(seed: [UInt8]) {
        self.init(
            halvesOf: KeyDerivation.hmacSHA512(key: Array("ed25519 seed".utf8), message: seed))
    }

    private init(halvesOf bytes: [UInt8]) {
        secret = Array(bytes[..<32])
        chainCode = Array(bytes[32...])
    }

    /// The hardened child `index'`.
    ///
    /// - Precondition: `index` is below 2^31.
    public func child(_ index: UInt32) -> KeyTree {
        precondition(index < 1 << 31, "the number of a hardened child is below 2^31")
        let hardened = index | 1 << 31
        var message: [UInt8] = [0] + secret
        for shift: UInt32 in [24, 16, 8, 0] {
            message.append(UInt8(truncatingIfNeeded: hardened >> shift))
        }
        return KeyTree(halvesOf: KeyDerivation.hmacSHA512(key: chainCode, message: message))
    }

    /// The node `m/44'/coin'/account'/0'/0'`, where an account's key is.
    public static func account(_ number: UInt32, seed: [UInt8]) -> KeyTree {
        KeyTree(seed: seed).child(44).child(coinType).child(number).child(0).child(0)
    }
}

extension SigningKey {
    /// The key of account `number` of a mnemonic: `m/44'/coin'/number'/0'/0'`.
    ///
    /// - Precondition: `number` is below 2^31.
    public init(mnemonic: Mnemonic, account number: UInt32 = 0) {
        self.init(seed: KeyTree.account(number, seed: mnemonic.seed()).secret)
    }
}

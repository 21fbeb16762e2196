import Cryptography

/// The public keys of small numbers, made once: a history needs some, and making one takes longer
/// than a step of it.
enum TestKeys {
    private static let all: [PublicKey] = (0...255).map { (number: UInt8) in
        SigningKey(seed: [UInt8](repeating: number, count: 32)).publicKey
    }

    static func key(_ number: UInt8) -> PublicKey { all[Int(number)] }
}

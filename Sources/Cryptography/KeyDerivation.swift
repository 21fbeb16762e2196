import Crypto

/// Keys from keys, for formats that others defined.
public enum KeyDerivation {
    /// How many keys Noise takes from one derivation.
    public enum OutputCount: Int, Sendable {
        case two = 2
        case three = 3
    }

    /// HMAC-SHA-256 (RFC 2104).
    public static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// HMAC-SHA-512 (RFC 2104).
    public static func hmacSHA512(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA512>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// The two or three keys of 32 bytes that Noise's HKDF makes (revision 34, section 4.3).
    public static func noiseHKDF(
        chainingKey: [UInt8], input: [UInt8], outputs: OutputCount
    ) -> [[UInt8]] {
        let key = hmacSHA256(key: chainingKey, message: input)
        var result: [[UInt8]] = []
        for index in 1...outputs.rawValue {
            let previous = result.last ?? []
            result.append(hmacSHA256(key: key, message: previous + [UInt8(index)]))
        }
        return result
    }

    /// PBKDF2 with HMAC-SHA-512, its first 64 bytes (RFC 8018, section 5.2).
    ///
    /// - Precondition: at least one round.
    static func pbkdf2SHA512(password: [UInt8], salt: [UInt8], rounds: Int) -> [UInt8] {
        precondition(rounds >= 1, "a derivation has at least one round")
        let key = SymmetricKey(data: password)
        let firstBlock: [UInt8] = [0, 0, 0, 1]
        var block = Array(HMAC<SHA512>.authenticationCode(for: salt + firstBlock, using: key))
        var result = block
        for _ in 1..<rounds {
            block = Array(HMAC<SHA512>.authenticationCode(for: block, using: key))
            for index in result.indices {
                result[index] ^= block[index]
            }
        }
        return result
    }
}

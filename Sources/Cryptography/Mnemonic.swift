/// Why words are not a mnemonic.
public enum MnemonicError: Error, Equatable, Sendable {
    /// A mnemonic has 12, 15, 18, 21 or 24 words.
    case wordCount(Int)
    /// `position` counts from 1.
    case unknownWord(position: Int, word: String)
    /// Every word is known, but one is wrong or two have changed places.
    case checksumMismatch
}

extension MnemonicError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wordCount(let count):
            "a mnemonic has 12, 15, 18, 21 or 24 words, not \(count)"
        case .unknownWord(let position, let word):
            "word \(position), `\(word)`, is not in the BIP-39 English list"
        case .checksumMismatch:
            "the words do not fit together: one is wrong, or two have changed places"
        }
    }
}

/// A secret as English words that a person can write down (BIP-39).
public struct Mnemonic: Equatable, Sendable {
    public let words: [String]
    /// The 16, 20, 24, 28 or 32 bytes that the words stand for.
    public let entropy: [UInt8]

    /// - Precondition: 16, 20, 24, 28 or 32 bytes.
    public init(entropy: [UInt8]) {
        precondition(
            entropy.count % 4 == 0 && (16...32).contains(entropy.count),
            "the entropy of a mnemonic has 16 to 32 bytes in steps of 4")
        self.entropy = entropy
        words = Mnemonic.words(for: entropy)
    }

    /// A new mnemonic of 24 words from the system's randomness.
    public static func generate() -> Mnemonic {
        Mnemonic(entropy: SecureRandom.bytes(count: 32))
    }

    /// The mnemonic that a person typed; white space and case do not matter.
    public init(text: String) throws(MnemonicError) {
        let words = text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count % 3 == 0, (12...24).contains(words.count) else {
            throw .wordCount(words.count)
        }
        var bits = BitString()
        for (index, word) in words.enumerated() {
            guard let value = MnemonicWords.index(of: word) else {
                throw .unknownWord(position: index + 1, word: word)
            }
            bits.append(UInt16(value), count: 11)
        }
        let entropy = Array(bits.bytes.prefix(words.count * 4 / 3))
        guard Mnemonic.words(for: entropy) == words else { throw .checksumMismatch }
        self.words = words
        self.entropy = entropy
    }

    public var text: String { words.joined(separator: " ") }

    /// The 64 bytes from which keys are derived: PBKDF2 with 2,048 rounds.
    ///
    /// - Parameter passphrase: UTF-8 in the normal form NFKD; ASCII is in it as it is.
    public func seed(passphrase: [UInt8] = []) -> [UInt8] {
        KeyDerivation.pbkdf2SHA512(
            password: Array(text.utf8), salt: Array("mnemonic".utf8) + passphrase, rounds: 2_048)
    }

    /// One word for 11 bits of the entropy and, behind it, the first bits of its SHA-256: one for
    /// each four bytes.
    private static func words(for entropy: [UInt8]) -> [String] {
        let bytes = entropy + sha256(entropy).prefix(1)
        return (0..<entropy.count * 3 / 4).map { word in
            var value = 0
            for bit in (11 * word)..<(11 * word + 11) {
                value = value << 1 | Int(bytes[bit / 8] >> UInt8(7 - bit % 8) & 1)
            }
            return MnemonicWords.all[value]
        }
    }
}

/// Bits from the highest to the lowest, filled up with zeros to whole bytes.
private struct BitString {
    var bytes: [UInt8] = []
    private var count = 0

    mutating func append(_ value: UInt16, count bits: Int) {
        for bit in (0..<bits).reversed() {
            if count % 8 == 0 {
                bytes.append(0)
            }
            bytes[count / 8] |= UInt8(value >> UInt16(bit) & 1) << UInt8(7 - count % 8)
            count += 1
        }
    }
}

/// Why a text is not a bech32m string of the kind that its place wants.
public enum Bech32Error: Error, Equatable, Sendable {
    /// More than 90 characters, or too few for a checksum.
    case length(characters: Int)
    /// Upper and lower case are mixed.
    case mixedCase
    /// No `1` between prefix and data, or no prefix before it.
    case noPrefix
    case invalidCharacter(offset: Int)
    case checksumMismatch
    case wrongPrefix(expected: String, found: String)
    /// The data are not whole bytes: there are left-over bits, or they are not zero.
    case invalidPadding
    /// The data have the wrong number of bytes.
    case dataLength(expected: Int, found: Int)
}

extension Bech32Error: CustomStringConvertible {
    public var description: String {
        switch self {
        case .length(let characters): "\(characters) characters are too few or too many"
        case .mixedCase: "upper and lower case letters are mixed"
        case .noPrefix: "there is no prefix before a `1`"
        case .invalidCharacter(let offset): "character \(offset + 1) is not allowed"
        case .checksumMismatch: "the checksum does not match: a character was mistyped"
        case .wrongPrefix(let expected, let found):
            "the prefix is `\(found)`, not `\(expected)`"
        case .invalidPadding: "the data are not whole bytes"
        case .dataLength(let expected, let found): "it holds \(found) bytes, not \(expected)"
        }
    }
}

/// Bech32m: text with a prefix and a checksum that finds any four mistyped characters.
///
/// Source of the format, its constants and its vectors: BIP-173 and BIP-350.
public enum Bech32 {
    private static let charactersMax = 90
    private static let checksumCharacters = 6
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    /// What the checksum of a valid text comes to (BIP-350).
    private static let checksumTarget: UInt32 = 0x2BC8_30A3

    /// The text of `bytes` in lower case.
    ///
    /// - Precondition: the prefix is printable ASCII without upper case, and the text has at most
    ///   90 characters.
    public static func encode(prefix: String, bytes: [UInt8]) -> String {
        let prefix = Array(prefix.utf8)
        precondition(isPrefix(prefix), "a prefix is lower-case printable ASCII")
        var digits = fiveBitDigits(of: bytes)
        let padding = [UInt8](repeating: 0, count: checksumCharacters)
        let checksum = polymod(expanded(prefix) + digits + padding) ^ checksumTarget
        for index in 0..<checksumCharacters {
            let shift = UInt32(5 * (checksumCharacters - 1 - index))
            digits.append(UInt8(truncatingIfNeeded: checksum >> shift) & 31)
        }
        let text = prefix + [UInt8(ascii: "1")] + digits.map { alphabet[Int($0)] }
        precondition(text.count <= charactersMax, "a bech32m text has at most 90 characters")
        return String(decoding: text, as: UTF8.self)
    }

    /// The prefix, in lower case, and the bytes of `text`.
    public static func decode(
        _ text: String
    ) throws(Bech32Error) -> (prefix: String, bytes: [UInt8]) {
        let (prefix, digits) = try decodeDigits(text)
        return (prefix, try wholeBytes(of: digits))
    }

    /// The prefix and the digits of five bits, the checksum checked and taken off.
    static func decodeDigits(
        _ text: String
    ) throws(Bech32Error) -> (prefix: String, digits: [UInt8]) {
        let characters = try lowercased(Array(text.utf8))
        guard let separator = characters.lastIndex(of: UInt8(ascii: "1")), separator > 0 else {
            throw .noPrefix
        }
        guard characters.count - separator - 1 >= checksumCharacters else {
            throw .length(characters: characters.count)
        }
        let prefix = Array(characters[..<separator])
        var digits: [UInt8] = []
        for index in (separator + 1)..<characters.count {
            guard let digit = alphabet.firstIndex(of: characters[index]) else {
                throw .invalidCharacter(offset: index)
            }
            digits.append(UInt8(digit))
        }
        guard polymod(expanded(prefix) + digits) == checksumTarget else {
            throw .checksumMismatch
        }
        digits.removeLast(checksumCharacters)
        return (String(decoding: prefix, as: UTF8.self), digits)
    }

    /// Whether `characters` may stand before the separator of a text that we write.
    static func isPrefix(_ characters: [UInt8]) -> Bool {
        let isUpper = { (byte: UInt8) in byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }
        return !characters.isEmpty
            && characters.allSatisfy { $0 >= 33 && $0 <= 126 && !isUpper($0) }
    }

    private static func lowercased(_ characters: [UInt8]) throws(Bech32Error) -> [UInt8] {
        guard characters.count > checksumCharacters + 1, characters.count <= charactersMax else {
            throw .length(characters: characters.count)
        }
        var hasLower = false
        var hasUpper = false
        var result = characters
        for (index, byte) in characters.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): hasLower = true
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                hasUpper = true
                result[index] = byte + 32
            case 33...126: break
            default: throw .invalidCharacter(offset: index)
            }
        }
        guard !(hasLower && hasUpper) else { throw .mixedCase }
        return result
    }

    /// The prefix as the checksum reads it: high bits, a zero, low bits.
    private static func expanded(_ prefix: [UInt8]) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    private static func polymod(_ digits: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [
            0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3,
        ]
        var checksum: UInt32 = 1
        for digit in digits {
            let top = checksum >> 25
            checksum = (checksum & 0x1FF_FFFF) << 5 ^ UInt32(digit)
            for bit in 0..<5 where top >> UInt32(bit) & 1 == 1 {
                checksum ^= generator[bit]
            }
        }
        return checksum
    }

    private static func fiveBitDigits(of bytes: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            pending = (pending << 8 | UInt32(byte)) & 0xFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                digits.append(UInt8(truncatingIfNeeded: pending >> bits) & 31)
            }
        }
        if bits > 0 {
            digits.append(UInt8(truncatingIfNeeded: pending << (5 - bits)) & 31)
        }
        return digits
    }

    private static func wholeBytes(of digits: [UInt8]) throws(Bech32Error) -> [UInt8] {
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for digit in digits {
            pending = (pending << 5 | UInt32(digit)) & 0xFFF
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        guard bits < 5, pending & ((1 << bits) - 1) == 0 else { throw .invalidPadding }
        return bytes
    }
}

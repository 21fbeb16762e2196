extension Address {
    /// The prefix of addresses unless a genesis says otherwise.
    public static let defaultPrefix = "alth"
    /// The prefix of a validator's operator unless a genesis says otherwise.
    public static let defaultOperatorPrefix = "althval"

    /// Whether a genesis may name `prefix`: 1 to 16 of a-z and 0-9, beginning with a letter. The
    /// digit 1 is left out because it separates prefix and data.
    public static func isValidPrefix(_ prefix: String) -> Bool {
        let characters = Array(prefix.utf8)
        guard (1...16).contains(characters.count), let first = characters.first else {
            return false
        }
        let isLetter = { (byte: UInt8) in byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
        let isDigit = { (byte: UInt8) in
            byte != UInt8(ascii: "1") && byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        }
        return isLetter(first) && characters.allSatisfy { isLetter($0) || isDigit($0) }
    }

    /// The address for people, in bech32m.
    ///
    /// - Precondition: `prefix` is lower-case printable ASCII of at most 31 characters.
    public func text(prefix: String = Address.defaultPrefix) -> String {
        Bech32.encode(prefix: prefix, bytes: bytes)
    }

    /// The address that `text(prefix:)` wrote; upper case is read too, as bech32 wants.
    public init(text: String, prefix: String = Address.defaultPrefix) throws(Bech32Error) {
        let (found, bytes) = try Bech32.decode(text)
        guard found == prefix else { throw .wrongPrefix(expected: prefix, found: found) }
        guard bytes.count == 32 else {
            throw .dataLength(expected: 32, found: bytes.count)
        }
        self.init(bytes)
    }
}

import Cryptography
import Testing

@Suite struct Bech32Tests {
    private struct File: Decodable {
        struct Invalid: Decodable {
            let string: String
            let reason: String
        }
        let valid: [String]
        let invalid: [Invalid]
    }

    @Test func `every valid text of BIP-350 has a checksum that matches`() throws {
        for text in try Vectors.load("bech32m", as: File.self).valid {
            do {
                _ = try Bech32.decode(text)
            } catch Bech32Error.invalidPadding {
                // The vectors hold digits that need not be whole bytes; the checksum came first.
            }
        }
    }

    @Test func `no invalid text of BIP-350 is read`() throws {
        let invalid = try Vectors.load("bech32m", as: File.self).invalid
        #expect(!invalid.isEmpty)
        for test in invalid {
            let error = #expect(throws: Bech32Error.self, "\(test.reason)") {
                try Bech32.decode(test.string)
            }
            // Found before the data are looked at.
            #expect(error != .invalidPadding, "\(test.string)")
        }
    }

    @Test(arguments: 0...48) func `bytes of any length come back`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
        let text = Bech32.encode(prefix: "x", bytes: bytes)
        let (prefix, decoded) = try Bech32.decode(text)
        #expect(prefix == "x")
        #expect(decoded == bytes)
        #expect(try Bech32.decode(text.uppercased()).bytes == bytes)
    }

    @Test func `every mistyped character is found`() throws {
        let text = Array(Address([UInt8](repeating: 0xA5, count: 32)).text())
        for index in text.indices where text[index] != "1" {
            var wrong = text
            wrong[index] = text[index] == "q" ? "p" : "q"
            #expect(throws: Bech32Error.self) { try Address(text: String(wrong)) }
        }
    }
}

@Suite struct AddressTests {
    private let address = Address(
        PublicKey(hex: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
            ?? PublicKey([UInt8](repeating: 0, count: 32)))

    @Test func `the text has its recorded form and comes back`() throws {
        let text = address.text()
        #expect(text == "alth1066uuxjhcw9t8z2he4avadyq6z0lywkumk4268duqt7ryv0nx6gs9yvw7s")
        #expect(try Address(text: text) == address)
        #expect(try Address(text: address.text(prefix: "althval"), prefix: "althval") == address)
    }

    @Test func `an error says what is wrong`() {
        let text = address.text()
        #expect(throws: Bech32Error.wrongPrefix(expected: "alth", found: "althval")) {
            try Address(text: address.text(prefix: "althval"))
        }
        #expect(throws: Bech32Error.checksumMismatch) {
            try Address(text: String(text.dropLast()) + (text.hasSuffix("q") ? "p" : "q"))
        }
        #expect(throws: Bech32Error.dataLength(expected: 32, found: 31)) {
            let short = [UInt8](repeating: 1, count: 31)
            return try Address(text: Bech32.encode(prefix: "alth", bytes: short))
        }
        #expect(throws: Bech32Error.length(characters: 0)) { try Address(text: "") }
        #expect(throws: Bech32Error.noPrefix) { try Address(text: "qqqqqqqqqqqq") }
        #expect(throws: Bech32Error.mixedCase) {
            try Address(text: "A" + text.dropFirst())
        }
        #expect(throws: Bech32Error.invalidCharacter(offset: 5)) {
            try Address(text: "alth1b" + text.dropFirst(6))
        }
    }

    @Test(arguments: ["alth", "a", "cosmos2", "abcdefghijklmnop"])
    func `a prefix is letters and digits`(prefix: String) {
        #expect(Address.isValidPrefix(prefix))
    }

    @Test(arguments: ["", "Alth", "al1th", "2alth", "al-th", "abcdefghijklmnopq", "älth"])
    func `another prefix is refused`(prefix: String) {
        #expect(!Address.isValidPrefix(prefix))
    }

    @Test func `every input of a created address changes it`() {
        let all = [
            Address(creator: address, lane: 0, sequence: 0, actionIndex: 0),
            Address(creator: address, lane: 1, sequence: 0, actionIndex: 0),
            Address(creator: address, lane: 0, sequence: 1, actionIndex: 0),
            Address(creator: address, lane: 0, sequence: 0, actionIndex: 1),
            Address(module: 0), Address(module: 1),
        ]
        #expect(Set(all).count == all.count)
    }
}

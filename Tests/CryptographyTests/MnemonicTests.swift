import Testing

@testable import Cryptography

@Suite struct MnemonicTests {
    private struct File: Decodable {
        struct Case: Decodable {
            let entropy: String
            let mnemonic: String
            let seed: String
        }
        let tests: [Case]
    }

    @Test func `the words are the official list`() {
        let text = MnemonicWords.all.map { $0 + "\n" }.joined()
        #expect(
            sha256(Array(text.utf8)).hex
                == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda")
        for (index, word) in MnemonicWords.all.enumerated() {
            #expect(MnemonicWords.index(of: word) == index)
        }
        #expect(MnemonicWords.index(of: "") == nil)
        #expect(MnemonicWords.index(of: "zoos") == nil)
    }

    @Test func `every vector of BIP-39 has its words and its seed`() throws {
        let tests = try Vectors.load("bip39-english", as: File.self).tests
        #expect(tests.count == 12)
        for test in tests {
            let entropy = try #require([UInt8](hex: test.entropy))
            let mnemonic = Mnemonic(entropy: entropy)
            #expect(mnemonic.text == test.mnemonic)
            #expect(try Mnemonic(text: test.mnemonic).entropy == entropy)
            #expect(mnemonic.seed(passphrase: Array("TREZOR".utf8)).hex == test.seed)
        }
    }

    @Test func `space and case do not matter`() throws {
        let mnemonic = Mnemonic(entropy: [UInt8](repeating: 3, count: 32))
        let typed = "  " + mnemonic.words.joined(separator: " \n\t").uppercased() + "\n"
        #expect(try Mnemonic(text: typed) == mnemonic)
    }

    @Test func `wrong words are told apart`() {
        let words = Mnemonic(entropy: [UInt8](repeating: 3, count: 32)).words
        #expect(throws: MnemonicError.wordCount(0)) { try Mnemonic(text: "") }
        #expect(throws: MnemonicError.wordCount(23)) {
            try Mnemonic(text: words.dropLast().joined(separator: " "))
        }
        #expect(throws: MnemonicError.wordCount(27)) {
            try Mnemonic(text: (words + words.prefix(3)).joined(separator: " "))
        }
        #expect(throws: MnemonicError.unknownWord(position: 2, word: "abandonn")) {
            try Mnemonic(text: ([words[0], "abandonn"] + words[2...]).joined(separator: " "))
        }
        #expect(throws: MnemonicError.checksumMismatch) {
            try Mnemonic(text: Array(repeating: "abandon", count: 24).joined(separator: " "))
        }
    }

    @Test func `two mnemonics differ`() {
        #expect(Mnemonic.generate() != Mnemonic.generate())
    }
}

@Suite struct KeyTreeTests {
    private struct File: Decodable {
        struct Case: Decodable {
            let seed: String
            let chain: [Node]
        }
        struct Node: Decodable {
            let path: String
            let chain_code: String
            let `private`: String
            let `public`: String
        }
        let tests: [Case]
    }

    @Test func `every vector of SLIP-10 has its keys`() throws {
        let tests = try Vectors.load("slip10-ed25519", as: File.self).tests
        #expect(!tests.isEmpty)
        for test in tests {
            let root = KeyTree(seed: try #require([UInt8](hex: test.seed)))
            for node in test.chain {
                var tree = root
                for step in node.path.split(separator: "/").dropFirst() {
                    tree = tree.child(try #require(UInt32(step.dropLast())))
                }
                #expect(tree.secret.hex == node.private, "\(node.path)")
                #expect(tree.chainCode.hex == node.chain_code)
                #expect("00" + SigningKey(seed: tree.secret).publicKey.hex == node.public)
            }
        }
    }

    @Test func `each account of a mnemonic has a key of its own`() {
        let mnemonic = Mnemonic(entropy: [UInt8](repeating: 0, count: 32))
        let first = SigningKey(mnemonic: mnemonic).publicKey
        #expect(first == SigningKey(mnemonic: mnemonic, account: 0).publicKey)
        #expect(first != SigningKey(mnemonic: mnemonic, account: 1).publicKey)
        // Recorded: wallets that exist must find their keys again.
        #expect(first.hex == "73a05cc95a97d13021c17196561885a648591ad747f4765e0f582df89bcaca06")
    }

    @Test func `a number above the hardened ones traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = KeyTree(seed: [UInt8](repeating: 0, count: 16)).child(1 << 31)
        }
    }
}

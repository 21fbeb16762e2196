import Cryptography
import Testing

@Suite struct CipherTests {
    private let key = [UInt8](repeating: 0x42, count: 32)

    @Test func `a text comes back only with its key, counter and data`() {
        let sealed = Cipher.seal([1, 2, 3], key: key, nonce: 5, additionalData: [9])
        #expect(sealed.count == 3 + Cipher.tagBytes)
        #expect(Cipher.open(sealed, key: key, nonce: 5, additionalData: [9]) == [1, 2, 3])
        let otherKey = [UInt8](repeating: 0x43, count: 32)
        #expect(Cipher.open(sealed, key: otherKey, nonce: 5, additionalData: [9]) == nil)
        #expect(Cipher.open(sealed, key: key, nonce: 6, additionalData: [9]) == nil)
        #expect(Cipher.open(sealed, key: key, nonce: 5, additionalData: []) == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x80
            #expect(Cipher.open(changed, key: key, nonce: 5, additionalData: [9]) == nil)
        }
    }

    @Test func `an empty text is a tag`() {
        let sealed = Cipher.seal([], key: key, nonce: .max)
        #expect(sealed.count == Cipher.tagBytes)
        #expect(Cipher.open(sealed, key: key, nonce: .max) == [])
        #expect(Cipher.open(Array(sealed.dropLast()), key: key, nonce: .max) == nil)
        #expect(Cipher.open([], key: key, nonce: 0) == nil)
    }

    /// RFC 8439, appendix A.5; its nonce, 0 0 0 0 1 2 3 4 5 6 7 8, is this counter.
    @Test func `the counter is the nonce of RFC 8439`() throws {
        let key = try #require(
            [UInt8](hex: "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"))
        let data = try #require([UInt8](hex: "f33388860000000000004e91"))
        let text = """
            Internet-Drafts are draft documents valid for a maximum of six months and may be \
            updated, replaced, or obsoleted by other documents at any time. It is inappropriate \
            to use Internet-Drafts as reference material or to cite them other than as /“work \
            in progress./”
            """
        let sealed = Cipher.seal(
            Array(text.utf8), key: key, nonce: 0x0807_0605_0403_0201, additionalData: data)
        #expect(
            sealed.prefix(16).map { $0 } == [UInt8](hex: "64a0861575861af460f062c79be643bd") ?? [])
        #expect(
            sealed.suffix(16).map { $0 } == [UInt8](hex: "eead9d67890cbb22392336fea1851f38") ?? [])
    }
}

@Suite struct AgreementKeyTests {
    /// RFC 7748, section 6.1.
    @Test func `two sides compute the secret of RFC 7748`() throws {
        let alice = AgreementKey(
            secret: try #require(
                [UInt8](hex: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")))
        let bob = AgreementKey(
            secret: try #require(
                [UInt8](hex: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")))
        #expect(
            alice.publicKey.hex
                == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        #expect(
            bob.publicKey.hex
                == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        #expect(alice.sharedSecret(with: bob.publicKey)?.hex == shared)
        #expect(bob.sharedSecret(with: alice.publicKey)?.hex == shared)
    }

    /// The points of small order on the curve and its twist (RFC 7748, section 6.1; libsodium).
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
    func `a point of small order yields no secret`(point: String) throws {
        let key = AgreementKey.random()
        #expect(key.sharedSecret(with: try #require([UInt8](hex: point))) == nil)
    }

    @Test func `a key of another length yields no secret`() {
        let key = AgreementKey.random()
        #expect(key.sharedSecret(with: []) == nil)
        #expect(key.sharedSecret(with: [UInt8](repeating: 9, count: 31)) == nil)
    }
}

@Suite struct KeyDerivationTests {
    /// RFC 4231, test case 2.
    @Test func `HMAC is that of RFC 4231`() {
        let key = Array("Jefe".utf8)
        let message = Array("what do ya want for nothing?".utf8)
        #expect(
            KeyDerivation.hmacSHA256(key: key, message: message).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            KeyDerivation.hmacSHA512(key: key, message: message).hex
                == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")
    }

    /// Noise's HKDF is RFC 5869 without info; test case 3 of that RFC has no salt, 42 bytes.
    @Test func `Noise derives what RFC 5869 expands`() {
        let outputs = KeyDerivation.noiseHKDF(
            chainingKey: [], input: [UInt8](repeating: 0x0B, count: 22), outputs: .two)
        #expect(
            (outputs[0] + outputs[1]).prefix(42).map { $0 }.hex
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                + "9d201395faa4b61a96c8")
        let three = KeyDerivation.noiseHKDF(
            chainingKey: [], input: [UInt8](repeating: 0x0B, count: 22), outputs: .three)
        #expect(Array(three.prefix(2)) == outputs)
        #expect(Set(three).count == 3)
    }
}

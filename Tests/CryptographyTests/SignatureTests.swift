import Codec
import Cryptography
import Testing

@Suite struct SignatureTests {
    private struct File: Decodable {
        struct Case: Decodable {
            let publicKey: String
            let message: String
            let signature: String
            let result: String
            let comment: String
        }
        let tests: [Case]
    }

    /// What libsodium says of every case, pinned: another answer after an upgrade would let nodes
    /// of two versions disagree about a certificate.
    @Test func `every case of Wycheproof has its result`() throws {
        let file: File = try Vectors.load("ed25519-wycheproof")
        #expect(file.tests.count == 97)
        for test in file.tests {
            let key = try #require(PublicKey(hex: test.publicKey))
            let message = try #require([UInt8](hex: test.message))
            // A signature of another length is refused when it is read.
            let isValid = Signature(hex: test.signature).map { key.isValid($0, for: message) }
            #expect(isValid ?? false == (test.result == "valid"), "\(test.comment)")
        }
    }

    /// RFC 8032, section 7.1, test 2.
    @Test func `a key signs as RFC 8032 says`() throws {
        let seed = try #require(
            [UInt8](hex: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = SigningKey(seed: seed)
        #expect(
            key.publicKey.hex
                == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        let signature = key.sign([0x72])
        #expect(
            signature.hex
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        #expect(key.publicKey.isValid(signature, for: [0x72]))
        #expect(!key.publicKey.isValid(signature, for: [0x73]))
        #expect(!key.publicKey.isValid(signature, for: []))
    }

    @Test func `a signature survives its encoding and no other length is read`() throws {
        let key = SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let signature = key.sign([1, 2, 3])
        #expect(try Signature(decoding: signature.encoded()) == signature)
        #expect(throws: DecodeError.self) {
            try Signature(decoding: Array(signature.bytes.dropLast()))
        }
        #expect(Signature(hex: String(signature.hex.dropLast(2))) == nil)
    }

    @Test func `only points of the main subgroup may get power`() throws {
        let identity = PublicKey([1] + [UInt8](repeating: 0, count: 31))
        #expect(!identity.isMainSubgroupPoint)
        #expect(!PublicKey([UInt8](repeating: 0, count: 32)).isMainSubgroupPoint)
        #expect(!PublicKey([UInt8](repeating: 0xFF, count: 32)).isMainSubgroupPoint)
        #expect(SigningKey(seed: [UInt8](repeating: 1, count: 32)).publicKey.isMainSubgroupPoint)
    }
}

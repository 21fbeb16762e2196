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
    @Test(arguments: [("ed25519-wycheproof", 97), ("ed25519-speccheck", 17)])
    func `SEC-23 every case of Wycheproof and speccheck has its result`(
        name: String, count: Int
    ) throws {
        let file: File = try Vectors.load(name)
        #expect(file.tests.count == count)
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

    /// The encodings of the eight points of small order, and of those that are not canonical: each
    /// would sign, or let its owner's signature count, for more than one message.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    @Test(arguments: smallOrder)
    func `SEC-22 a key of small order or not in canonical form is none`(hex: String) throws {
        let key = try #require(PublicKey(hex: hex))
        #expect(!key.isMainSubgroupPoint)
        // With such a key, R = A and S = 0 would hold for one message in eight or for all.
        for other in Self.smallOrder {
            let point = try #require([UInt8](hex: other))
            let signature = Signature(point + [UInt8](repeating: 0, count: 32))
            for message in 0..<8 as Range<UInt8> {
                #expect(!key.isValid(signature, for: [message]), "\(other)")
            }
        }
    }

    @Test(arguments: smallOrder)
    func `SEC-23 a signature whose R has a small order is refused`(hex: String) throws {
        let key = SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let point = try #require([UInt8](hex: hex))
        for message in 0..<8 as Range<UInt8> {
            let good = key.sign([message])
            let zero = Signature(point + [UInt8](repeating: 0, count: 32))
            let mixed = Signature(point + good.bytes.suffix(32))
            #expect(!key.publicKey.isValid(zero, for: [message]))
            #expect(!key.publicKey.isValid(mixed, for: [message]))
        }
    }

    /// A second signature of the same message out of the first would give a certificate two forms.
    @Test func `SEC-23 S above the order of the group is refused`() throws {
        let order = try #require(
            [UInt8](hex: "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        let key = SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let good = key.sign([1, 2, 3]).bytes
        var carry = 0
        var sum = Array(good.suffix(32))
        for index in sum.indices {
            carry += Int(sum[index]) + Int(order[index])
            sum[index] = UInt8(carry & 0xFF)
            carry >>= 8
        }
        #expect(carry == 0)
        #expect(key.publicKey.isValid(Signature(good), for: [1, 2, 3]))
        #expect(!key.publicKey.isValid(Signature(good.prefix(32) + sum), for: [1, 2, 3]))
    }

    @Test func `SEC-22 only points of the main subgroup may get power`() throws {
        let identity = PublicKey([1] + [UInt8](repeating: 0, count: 31))
        #expect(!identity.isMainSubgroupPoint)
        #expect(!PublicKey([UInt8](repeating: 0, count: 32)).isMainSubgroupPoint)
        #expect(!PublicKey([UInt8](repeating: 0xFF, count: 32)).isMainSubgroupPoint)
        #expect(SigningKey(seed: [UInt8](repeating: 1, count: 32)).publicKey.isMainSubgroupPoint)
    }
}

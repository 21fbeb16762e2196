import Cryptography
import Testing

@Suite struct SealedKeyTests {
    private let secret: [UInt8] = Array(0..<32)
    private let password = Array("correct horse".utf8)

    private func sealed() throws -> SealedKey {
        try SealedKey(sealing: secret, password: password, cost: .least)
    }

    @Test func `the password opens what it sealed`() throws {
        let bytes = try sealed().bytes
        #expect(try SealedKey(bytes: bytes).open(password: password) == secret)
        #expect(try sealed().bytes != bytes, "salt and nonce are fresh")
    }

    @Test func `an empty secret and an empty password are secrets too`() throws {
        let sealed = try SealedKey(sealing: [], password: [], cost: .least)
        #expect(try SealedKey(bytes: sealed.bytes).open(password: []).isEmpty)
        #expect(throws: SealedKeyError.wrongPassword) { try sealed.open(password: [0]) }
    }

    @Test func `another password is wrong, not corrupt`() throws {
        let sealed = try SealedKey(bytes: sealed().bytes)
        #expect(throws: SealedKeyError.wrongPassword) {
            try sealed.open(password: Array("correct horsf".utf8))
        }
        #expect(throws: SealedKeyError.wrongPassword) { try sealed.open(password: []) }
    }

    @Test func `every changed byte is found without a password`() throws {
        let bytes = try sealed().bytes
        for index in bytes.indices.dropFirst() {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: SealedKeyError.corrupt) { try SealedKey(bytes: changed) }
        }
    }

    @Test func `every shorter and any longer form is corrupt`() throws {
        let bytes = try sealed().bytes
        for count in bytes.indices {
            #expect(throws: SealedKeyError.corrupt) {
                try SealedKey(bytes: Array(bytes.prefix(count)))
            }
        }
        #expect(throws: SealedKeyError.corrupt) { try SealedKey(bytes: bytes + [0]) }
    }

    @Test func `a later version is named`() throws {
        var bytes = try sealed().bytes
        bytes[0] = 2
        #expect(throws: SealedKeyError.unsupportedVersion(2)) { try SealedKey(bytes: bytes) }
    }

    /// The checksum is no secret, so whoever makes a hostile file makes it match.
    @Test(
        arguments: [
            (UInt32.max, 1), (257 << 10, 1), (7, 1), (8, 0), (8, 11), (8, UInt32.max),
        ] as [(UInt32, UInt32)])
    func `a file that asks for too much is refused`(memoryKiB: UInt32, passes: UInt32) throws {
        var content = Array(try sealed().bytes.dropLast(32))
        for index in 0..<4 {
            content[1 + index] = UInt8(truncatingIfNeeded: memoryKiB >> UInt32(8 * index))
            content[5 + index] = UInt8(truncatingIfNeeded: passes >> UInt32(8 * index))
        }
        let bytes = content + Digest(.sealedKey, content).bytes
        #expect(throws: SealedKeyError.costOutOfBounds) { try SealedKey(bytes: bytes) }
    }
}

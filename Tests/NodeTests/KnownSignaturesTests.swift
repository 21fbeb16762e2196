import Chain
import Cryptography
import Testing

@testable import Node

@Suite struct KnownSignaturesTests {
    @Test func `a known signature is valid for its key and its message alone`() {
        let check = KnownSignatures().check
        let key = SigningKey(seed: [UInt8](repeating: 1, count: 32))
        let other = SigningKey(seed: [UInt8](repeating: 2, count: 32))
        let message: [UInt8] = [1, 2, 3]
        let signature = key.sign(message)
        for _ in 0..<2 {
            #expect(check.isValid(signature, message, key.publicKey))
            #expect(!check.isValid(signature, message + [4], key.publicKey))
            #expect(!check.isValid(signature, message, other.publicKey))
            #expect(!check.isValid(other.sign(message), message, key.publicKey))
        }
    }

    @Test func `a wrong signature is never remembered`() {
        let check = KnownSignatures().check
        let key = SigningKey(seed: [UInt8](repeating: 1, count: 32))
        let wrong = Signature([UInt8](repeating: 0, count: 64))
        for _ in 0..<3 {
            #expect(!check.isValid(wrong, [], key.publicKey))
        }
        #expect(check.isValid(key.sign([]), [], key.publicKey))
    }
}

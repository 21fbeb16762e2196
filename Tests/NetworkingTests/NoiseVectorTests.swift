import Codec
import Cryptography
import Foundation
import Testing

@testable import Networking

/// The vectors of snow (Vectors/noise-xx.json), for the one suite that we speak.
@Suite struct NoiseVectorTests {
    struct File: Decodable {
        var vectors: [Vector]
    }

    struct Vector: Decodable {
        struct Message: Decodable {
            var payload: String
            var ciphertext: String
        }

        var protocol_name: String
        var init_prologue: String
        var init_static: String
        var init_ephemeral: String
        var resp_prologue: String
        var resp_static: String
        var resp_ephemeral: String
        var messages: [Message]
    }

    static func vectors() throws -> [Vector] {
        let url = try #require(
            Bundle.module.url(
                forResource: "noise-xx", withExtension: "json", subdirectory: "Vectors"))
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
        return file.vectors.filter { $0.protocol_name == HandshakeState.protocolName }
    }

    static func bytes(_ hex: String) throws -> [UInt8] {
        try #require([UInt8](hex: hex))
    }

    static func key(_ hex: String) throws -> NoiseKey {
        NoiseKey(AgreementKey(secret: try bytes(hex)))
    }

    @Test func `both sides write and read every message of the vectors`() throws {
        let vectors = try Self.vectors()
        try #require(!vectors.isEmpty)
        for vector in vectors {
            var sides = [
                HandshakeState(
                    role: .initiator, prologue: try Self.bytes(vector.init_prologue),
                    staticKey: try Self.key(vector.init_static),
                    ephemeral: try Self.key(vector.init_ephemeral)),
                HandshakeState(
                    role: .responder, prologue: try Self.bytes(vector.resp_prologue),
                    staticKey: try Self.key(vector.resp_static),
                    ephemeral: try Self.key(vector.resp_ephemeral)),
            ]
            for (index, message) in vector.messages.prefix(3).enumerated() {
                let payload = try Self.bytes(message.payload)
                let expected = try Self.bytes(message.ciphertext)
                #expect(try sides[index % 2].write(payload: payload) == expected)
                #expect(try sides[1 - index % 2].read(expected) == payload)
            }
            #expect(sides[0].hash == sides[1].hash)
            var initiator = sides[0].split()
            var responder = sides[1].split()
            for (index, message) in vector.messages.enumerated().dropFirst(3) {
                let payload = try Self.bytes(message.payload)
                let expected = try Self.bytes(message.ciphertext)
                // Messages alternate, and the responder writes the fourth.
                if index % 2 == 1 {
                    #expect(try responder.send.seal(payload) == expected)
                    #expect(try initiator.receive.open(expected) == payload)
                } else {
                    #expect(try initiator.send.seal(payload) == expected)
                    #expect(try responder.receive.open(expected) == payload)
                }
            }
        }
    }

    @Test func `a message that is refused leaves the state as it was`() throws {
        let vector = try #require(try Self.vectors().first)
        var initiator = HandshakeState(
            role: .initiator, prologue: try Self.bytes(vector.init_prologue),
            staticKey: try Self.key(vector.init_static),
            ephemeral: try Self.key(vector.init_ephemeral))
        _ = try initiator.write(payload: try Self.bytes(vector.messages[0].payload))
        let answer = try Self.bytes(vector.messages[1].ciphertext)
        for index in stride(from: 0, to: answer.count, by: 7) {
            var forged = answer
            forged[index] ^= 1
            #expect(throws: NoiseError.self) { try initiator.read(forged) }
        }
        for count in 0..<answer.count {
            #expect(throws: NoiseError.self) { try initiator.read(Array(answer.prefix(count))) }
        }
        #expect(try initiator.read(answer) == Self.bytes(vector.messages[1].payload))
    }

    @Test func `a key of small order is refused`() throws {
        let key = NoiseKey(AgreementKey.random())
        var responder = HandshakeState(
            role: .responder, prologue: [], staticKey: key,
            ephemeral: NoiseKey(AgreementKey.random()))
        #expect(try responder.read([UInt8](repeating: 0, count: 32)) == [])
        #expect(throws: NoiseError.badKey) { try responder.write(payload: []) }
    }
}

@Suite struct CipherStateTests {
    static let key = [UInt8](repeating: 7, count: 32)

    @Test func `a forged message changes nothing`() throws {
        var sender = CipherState(key: Self.key)
        var receiver = CipherState(key: Self.key)
        let sealed = try sender.seal([1, 2, 3])
        var forged = sealed
        forged[0] ^= 1
        #expect(throws: NoiseError.forged) { try receiver.open(forged) }
        #expect(receiver.nonce == 0)
        #expect(try receiver.open(sealed) == [1, 2, 3])
    }

    @Test func `the last nonce is never used`() throws {
        var sender = CipherState(key: Self.key, nonce: .max - 1)
        _ = try sender.seal([1])
        #expect(throws: NoiseError.nonceExhausted) { try sender.seal([1]) }
        #expect(throws: NoiseError.nonceExhausted) {
            try sender.open([UInt8](repeating: 0, count: 16))
        }
        #expect(sender.nonce == .max)
    }

    @Test func `a new key opens what the old one did not seal`() throws {
        var sender = CipherState(key: Self.key)
        var receiver = CipherState(key: Self.key)
        sender.rekey()
        let sealed = try sender.seal([1, 2, 3])
        #expect(throws: NoiseError.forged) { try receiver.open(sealed) }
        receiver.rekey()
        #expect(try receiver.open(sealed) == [1, 2, 3])
    }
}

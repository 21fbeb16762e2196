import Codec
import Cryptography
import Testing

@testable import Networking

@Suite struct SecureHandshakeTests {
    static func identity(
        _ number: UInt8, networkID: Digest = testNetwork, signer: UInt8? = nil
    ) -> LocalIdentity {
        let seed = signer ?? number
        return LocalIdentity(
            networkID: networkID, nodeKey: makeKey(number).publicKey, role: .validator,
            staticKey: NoiseKey(AgreementKey.random()), sign: { makeKey(seed).sign($0) })
    }

    static func handshake(
        _ role: HandshakeState.Role, _ identity: LocalIdentity
    ) -> SecureHandshake {
        SecureHandshake(
            role: role, identity: identity,
            status: LocalIdentity.Status(
                listenPort: 7, headHeight: 8, epoch: 9, timestampMilliseconds: 10),
            ephemeral: NoiseKey(AgreementKey.random()))
    }

    static func reply(_ step: SecureHandshake.Step) throws -> [UInt8] {
        guard case .reply(let message) = step else {
            Issue.record("an answer was due, not \(step)")
            return []
        }
        return message
    }

    static func peer(_ step: SecureHandshake.Step) throws -> IdentityPayload {
        guard case .identified(let peer) = step else {
            throw PeerFault.identityMalformed
        }
        return peer
    }

    @Test func `two nodes learn who the other is and share keys`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, Self.identity(2))
        let first = try initiator.begin()
        let second = try Self.reply(try responder.receive(first))
        let found = try Self.peer(try initiator.receive(second))
        #expect(found.nodeKey == makeKey(2).publicKey)
        #expect(found.role == .validator)
        #expect(found.listenPort == 7)
        #expect(found.headHeight == 8)
        #expect(found.epoch == 9)
        var (third, send, receive) = try initiator.complete()
        let last = try #require(third)
        #expect([first.count, second.count, last.count] == SecureHandshake.messageBytes)
        #expect(SecureHandshake.messageBytes == [32, 253, 221])
        #expect(try Self.peer(try responder.receive(last)).nodeKey == makeKey(1).publicKey)
        var other = try responder.complete()
        #expect(other.message == nil)
        #expect(try other.receive.open(try send.seal([1])) == [1])
        #expect(try receive.open(try other.send.seal([2])) == [2])
        third = nil
    }

    @Test func `nodes of different networks fail at the first sealed bytes`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(
            .responder, Self.identity(2, networkID: Digest(.genesis, [1])))
        let second = try Self.reply(try responder.receive(try initiator.begin()))
        #expect(throws: PeerFault.handshakeMismatch) { try initiator.receive(second) }
    }

    @Test func `a node that names a key it does not hold is refused`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, Self.identity(2, signer: 3))
        let second = try Self.reply(try responder.receive(try initiator.begin()))
        #expect(throws: PeerFault.identityForged) { try initiator.receive(second) }
    }

    @Test func `an initiator that names a key it does not hold is refused`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1, signer: 3))
        var responder = Self.handshake(.responder, Self.identity(2))
        let second = try Self.reply(try responder.receive(try initiator.begin()))
        _ = try initiator.receive(second)
        let third = try #require(try initiator.complete().message)
        #expect(throws: PeerFault.identityForged) { try responder.receive(third) }
    }

    @Test func `a node does not speak to itself`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, Self.identity(1))
        let second = try Self.reply(try responder.receive(try initiator.begin()))
        #expect(throws: PeerFault.ownKey) { try initiator.receive(second) }
    }

    /// Whoever stands in the way once must not keep this node from calling there again.
    @Test func `whoever only names this node's key is not taken for it`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, Self.identity(1, signer: 2))
        let second = try Self.reply(try responder.receive(try initiator.begin()))
        #expect(throws: PeerFault.identityForged) { try initiator.receive(second) }
    }

    @Test func `a recorded handshake cannot be played again`() throws {
        let identity = Self.identity(2)
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, identity)
        let first = try initiator.begin()
        let second = try Self.reply(try responder.receive(first))
        _ = try initiator.receive(second)
        let third = try #require(try initiator.complete().message)
        _ = try responder.receive(third)

        var again = Self.handshake(.responder, identity)
        _ = try again.receive(first)
        #expect(throws: PeerFault.handshakeMismatch) { try again.receive(third) }

        var other = Self.handshake(.initiator, Self.identity(1))
        _ = try other.begin()
        #expect(throws: PeerFault.handshakeMismatch) { try other.receive(second) }
    }

    @Test func `SEC-31 truncated, lengthened and changed messages are refused`() throws {
        var initiator = Self.handshake(.initiator, Self.identity(1))
        var responder = Self.handshake(.responder, Self.identity(2))
        let first = try initiator.begin()
        for count in 0..<first.count {
            var fresh = responder
            #expect(throws: PeerFault.self) { try fresh.receive(Array(first.prefix(count))) }
        }
        #expect(throws: PeerFault.identityMalformed) {
            var fresh = responder
            return try fresh.receive(first + [0])
        }
        let second = try Self.reply(try responder.receive(first))
        for count in 0..<second.count {
            var fresh = initiator
            #expect(throws: PeerFault.self) { try fresh.receive(Array(second.prefix(count))) }
            var forged = second
            forged[count] ^= 0x80
            #expect(throws: PeerFault.self) { try fresh.receive(forged) }
        }
        _ = try initiator.receive(second)
        let third = try #require(try initiator.complete().message)
        for count in 0..<third.count {
            var fresh = responder
            #expect(throws: PeerFault.self) { try fresh.receive(Array(third.prefix(count))) }
            var forged = third
            forged[count] ^= 1
            #expect(throws: PeerFault.self) { try fresh.receive(forged) }
        }
        _ = try responder.receive(third)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `garbage of every kind is refused`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var responder = Self.handshake(.responder, Self.identity(2))
            let garbage = generator.bytes(32)
            _ = try? responder.receive(garbage)
            guard responder.expectedBytes == 221 else { continue }
            #expect(throws: PeerFault.self) { try responder.receive(generator.bytes(221)) }
        }
    }

    @Test func `the identity has its golden form`() throws {
        let payload = IdentityPayload(
            networkID: .zero, nodeKey: PublicKey([UInt8](repeating: 1, count: 32)),
            signature: Signature([UInt8](repeating: 2, count: 64)), listenPort: 0x0403,
            role: .validator, headHeight: 5, epoch: 6, timestampMilliseconds: 7)
        let zeros = String(repeating: "00", count: 32)
        let key = String(repeating: "01", count: 32)
        let signature = String(repeating: "02", count: 64)
        #expect(
            payload.encoded().hex == "0100" + zeros + key + signature + "0304" + "01"
                + "0500000000000000" + "0600000000000000" + "0700000000000000")
        #expect(payload.encoded().count == IdentityPayload.byteCount)
        #expect(try IdentityPayload(decoding: payload.encoded()) == payload)
    }
}

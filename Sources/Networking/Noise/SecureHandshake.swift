import Codec
import Cryptography

/// What this node proves and says in every handshake.
struct LocalIdentity: Sendable {
    /// What changes from one handshake to the next.
    struct Status: Sendable {
        var listenPort: UInt16 = 0
        var headHeight: UInt64 = 0
        var epoch: UInt64 = 0
        var timestampMilliseconds: UInt64 = 0
    }

    let networkID: Digest
    let nodeKey: PublicKey
    let role: PeerRole
    let staticKey: NoiseKey
    let sign: @Sendable ([UInt8]) -> Signature
}

/// The handshake between two nodes: Noise XX, with a proof of each node's key inside.
///
/// Three messages of fixed sizes: 32, 253 and 221 bytes, without any frame around them. Bytes in,
/// bytes or a peer out; it does no I/O and knows no time.
struct SecureHandshake: Sendable {
    /// What the next bytes from the other side led to.
    enum Step {
        /// The answer to send.
        case reply([UInt8])
        /// The other side has proven who it is. `complete` ends the handshake.
        case identified(IdentityPayload)
    }

    private var noise: HandshakeState
    private let identity: LocalIdentity
    private let status: LocalIdentity.Status
    private var isIdentified = false

    static let messageBytes = [
        HandshakeState.keyBytes,
        2 * HandshakeState.keyBytes + 2 * HandshakeState.tagBytes + IdentityPayload.byteCount,
        HandshakeState.keyBytes + 2 * HandshakeState.tagBytes + IdentityPayload.byteCount,
    ]

    init(
        role: HandshakeState.Role, identity: LocalIdentity, status: LocalIdentity.Status,
        ephemeral: NoiseKey
    ) {
        self.identity = identity
        self.status = status
        noise = HandshakeState(
            role: role, prologue: IdentityPayload.prologue(networkID: identity.networkID),
            staticKey: identity.staticKey, ephemeral: ephemeral)
    }

    /// How many bytes the next message from the other side has.
    var expectedBytes: Int { Self.messageBytes[noise.step] }

    /// The initiator's first message.
    mutating func begin() throws(PeerFault) -> [UInt8] {
        precondition(noise.role == .initiator && noise.step == 0, "the initiator begins")
        return try write(payload: [])
    }

    mutating func receive(_ message: [UInt8]) throws(PeerFault) -> Step {
        let isFirst = noise.step == 0
        let hashBefore = noise.hash
        let payload: [UInt8]
        do {
            payload = try noise.read(message)
        } catch {
            throw .handshakeMismatch
        }
        if isFirst {
            guard payload.isEmpty else { throw .identityMalformed }
            return .reply(try writeIdentity())
        }
        let peer = try checkIdentity(payload, hashBefore: hashBefore)
        isIdentified = true
        return .identified(peer)
    }

    /// Ends the handshake once the peer is welcome: the initiator's last message, nil for the
    /// responder, and the ciphers.
    mutating func complete() throws(PeerFault) -> (
        message: [UInt8]?, send: CipherState, receive: CipherState
    ) {
        precondition(isIdentified, "a peer proves itself before it is let in")
        let message = noise.isOurTurn ? try writeIdentity() : nil
        let (send, receive) = noise.split()
        return (message, send, receive)
    }

    private mutating func write(payload: [UInt8]) throws(PeerFault) -> [UInt8] {
        do {
            return try noise.write(payload: payload)
        } catch {
            throw .handshakeMismatch
        }
    }

    private mutating func writeIdentity() throws(PeerFault) -> [UInt8] {
        let signature = identity.sign(
            IdentityPayload.signBytes(handshakeHash: noise.hash, staticKey: noise.localStatic))
        let payload = IdentityPayload(
            networkID: identity.networkID, nodeKey: identity.nodeKey, signature: signature,
            listenPort: status.listenPort, role: identity.role, headHeight: status.headHeight,
            epoch: status.epoch, timestampMilliseconds: status.timestampMilliseconds)
        return try write(payload: payload.encoded())
    }

    private func checkIdentity(
        _ payload: [UInt8], hashBefore: [UInt8]
    ) throws(PeerFault) -> IdentityPayload {
        guard let peer = try? IdentityPayload(decoding: payload),
            peer.version == IdentityPayload.protocolVersion,
            peer.networkID == identity.networkID
        else { throw .identityMalformed }
        let signed = IdentityPayload.signBytes(
            handshakeHash: hashBefore, staticKey: noise.remoteStatic)
        guard peer.nodeKey.isMainSubgroupPoint, peer.nodeKey.isValid(peer.signature, for: signed)
        else { throw .identityForged }
        // Who only names this node's key has not shown that it is this node.
        guard peer.nodeKey != identity.nodeKey else { throw .ownKey }
        return peer
    }
}

import Codec
import Cryptography

/// What a node says of itself inside the handshake, always in the same number of bytes.
///
/// The signature binds the node's key to this one handshake and its static key, so that it proves
/// nothing anywhere else (decisions.md 11). The rest is protected by the handshake itself.
struct IdentityPayload: CanonicalCodable, Hashable, Sendable {
    /// The version of the protocol between nodes: of the handshake, the frames and the channels.
    static let protocolVersion: UInt16 = 1
    static let byteCount = 2 + 32 + 32 + 64 + 2 + 1 + 8 + 8 + 8

    var version: UInt16
    var networkID: Digest
    var nodeKey: PublicKey
    var signature: Signature
    var listenPort: UInt16
    var role: PeerRole
    var headHeight: UInt64
    var epoch: UInt64
    /// Unix time. A clock that is off is worth a warning and no more: a validator with a bad clock
    /// must still be reached.
    var timestampMilliseconds: UInt64

    init(
        version: UInt16 = Self.protocolVersion, networkID: Digest, nodeKey: PublicKey,
        signature: Signature, listenPort: UInt16, role: PeerRole, headHeight: UInt64,
        epoch: UInt64, timestampMilliseconds: UInt64
    ) {
        self.version = version
        self.networkID = networkID
        self.nodeKey = nodeKey
        self.signature = signature
        self.listenPort = listenPort
        self.role = role
        self.headHeight = headHeight
        self.epoch = epoch
        self.timestampMilliseconds = timestampMilliseconds
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        version = try reader.readUInt16()
        networkID = try Digest(from: &reader)
        nodeKey = try PublicKey(from: &reader)
        signature = try Signature(from: &reader)
        listenPort = try reader.readUInt16()
        let role = try reader.readUInt8()
        guard let role = PeerRole(rawValue: role) else {
            throw .unknownTag(type: "PeerRole", tag: UInt64(role))
        }
        self.role = role
        headHeight = try reader.readUInt64()
        epoch = try reader.readUInt64()
        timestampMilliseconds = try reader.readUInt64()
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(version)
        writer.write(networkID)
        writer.write(nodeKey)
        writer.write(signature)
        writer.write(listenPort)
        writer.write(role.rawValue)
        writer.write(headHeight)
        writer.write(epoch)
        writer.write(timestampMilliseconds)
    }

    /// What the signature covers: the tag, the handshake's hash before the message that carries
    /// the payload, and the static key of that message's sender.
    static func signBytes(handshakeHash: [UInt8], staticKey: [UInt8]) -> [UInt8] {
        Domain.handshake.bytes + handshakeHash + staticKey
    }

    /// What both sides must agree on before they speak: a difference breaks the handshake.
    static func prologue(networkID: Digest) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(Array("ALTH".utf8))
        writer.write(networkID)
        writer.write(protocolVersion)
        return writer.bytes
    }
}

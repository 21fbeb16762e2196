import Codec
import Cryptography

/// Who a node is on the network: its Ed25519 network key, which is not its consensus key.
public struct PeerID: Bytes32 {
    public let words: Words32

    public init(words: Words32) {
        self.words = words
    }

    public init(_ key: PublicKey) {
        words = key.words
    }

    public var publicKey: PublicKey { PublicKey(words: words) }

    /// The first eight digits, for logs.
    public var short: String { String(hex.prefix(8)) }
}

/// Where a node listens, and who is expected there.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The key that the node there must prove; nil accepts whoever answers.
    public var id: PeerID?
    public var host: String
    public var port: Int

    public init(id: PeerID? = nil, host: String, port: Int) {
        self.id = id
        self.host = host
        self.port = port
    }

    public var description: String { "\(host):\(port)" }
}

/// What a node says it does. It is a claim for display, never a right.
public enum PeerRole: UInt8, Sendable {
    case full = 0
    case validator = 1
}

/// What is known of a connected peer.
public struct PeerInfo: Sendable {
    public let id: PeerID
    /// The address of its end of the connection, as the system writes it.
    public let remoteAddress: String
    public let isOutbound: Bool
    public let role: PeerRole
    /// The port it says it listens on; 0 when it does not.
    public let listenPort: UInt16
    /// Its head when the connection began.
    public let headHeight: UInt64
    public let epoch: UInt64
}

import Cryptography

/// What one node's network needs to know at its start.
public struct NetworkConfiguration: Sendable {
    public var listenHost: String
    /// 0 takes any free port; `Network.boundPort` tells which.
    public var listenPort: Int
    /// The genesis hash: nodes of different chains fail in the handshake.
    public var networkID: Digest
    /// Who to keep a connection to.
    public var peers: [PeerAddress]
    /// Peers that always have a slot and are never banned for a protocol error: the validators of
    /// the current sets. Those of `peers` with a key need not be repeated.
    public var reserved: Set<PeerID>
    public var role: PeerRole
    public var limits: NetworkLimits

    public init(
        listenHost: String, listenPort: Int, networkID: Digest, peers: [PeerAddress] = [],
        reserved: Set<PeerID> = [], role: PeerRole = .full, limits: NetworkLimits = NetworkLimits()
    ) {
        self.listenHost = listenHost
        self.listenPort = listenPort
        self.networkID = networkID
        self.peers = peers
        self.reserved = reserved
        self.role = role
        self.limits = limits
    }
}

/// The limits of network.md 6.1 and 6.3 that are not of one channel.
public struct NetworkLimits: Sendable {
    public var channels = ChannelTable()

    /// Connections that others began, without the reserved peers'.
    public var inboundPeersMax = 40
    /// Connections that we began, without the reserved peers'.
    public var outboundPeersMax = 16
    /// Of one address (IPv6: of one /64), and of one /24 (IPv4) or /48 (IPv6), as far as others
    /// began them and without the reserved peers'. The machine itself is exempt: its other nodes
    /// are the operator's own.
    public var connectionsPerHostMax = 3
    public var connectionsPerSubnetMax = 16
    /// Handshakes that others began and have not finished; of one address no more than connections.
    public var pendingHandshakesMax = 128
    public var handshakeIntervalMilliseconds: Int64 = 2_000
    public var handshakeTimeoutMilliseconds: Int64 = 5_000
    public var connectTimeoutMilliseconds: Int64 = 3_000

    /// What the consumer holds unread, of all peers, on the channels that are neither urgent nor
    /// proposals. The whole is bounded by this and the sum of those channels' own limits.
    public var inboxBytesMax = 256 << 20
    /// Of transactions, which do not count there.
    public var inboxTransactionBytesMax = 64 << 20

    /// A silent peer is asked after this time.
    public var pingAfterMilliseconds: Int64 = 5_000
    /// A silent peer, or one that takes nothing off us, is given up after this time.
    public var deadAfterMilliseconds: Int64 = 15_000
    /// A message whose next fragment does not come in this time ends the connection.
    public var fragmentTimeoutMilliseconds: Int64 = 10_000

    /// A new key for each direction after this many frames or this time, whichever is first.
    public var rekeyAfterFrames: UInt64 = 1 << 32
    public var rekeyAfterMilliseconds: Int64 = 3_600_000

    /// How often it is looked whom to call.
    public var dialTickMilliseconds: Int64 = 50
    /// The first retry, quick so that nodes that start together find each other at once.
    public var firstRetryMilliseconds: Int64 = 200
    /// The second; it doubles from there.
    public var retryMilliseconds: Int64 = 1_000
    public var retryReservedMillisecondsMax: Int64 = 30_000
    public var retryMillisecondsMax: Int64 = 600_000

    /// Event loops for all connections.
    public var threads = 2

    public init() {}
}

import Codec
import Cryptography
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The encrypted connections of one node: it listens, calls, and carries messages.
///
/// One TCP connection for each pair of nodes, secured by Noise XX, with every node's key proven
/// inside the handshake (network.md 6.1). On it ten channels, each with its own limits and its own
/// share (6.3). It knows nothing of what the messages mean.
///
/// Invariants:
/// - Memory is bounded by the limits of `NetworkConfiguration`: queues, inboxes, reassembly,
///   handshakes, connections, and what is remembered of peers.
/// - A connection's state belongs to its event loop. What loops share is in one `Mutex`, which is
///   never held across a callback.
/// - Per peer, events come in order (`NetworkEvent`), and at most one connection is active.
/// - Nothing that a peer sends can trap: it ends the connection, with a `PeerFault`.
public final class Network: Sendable {
    enum Phase {
        case idle
        case running(stop: EventLoopPromise<NetworkError?>)
        case stopped
    }

    struct State {
        var phase = Phase.idle
        var table: PeerTable
        var dialing: DialPlan
        var status = LocalIdentity.Status()
        var boundPort: Int?
        var nextConnection: ConnectionID = 0
        /// Every connection, also those in their handshake.
        var connections: [ConnectionID: PeerConnection] = [:]
        var active: [PeerID: PeerConnection] = [:]
        var peers: [PeerID: PeerInfo] = [:]
        var lastPrune = NIODeadline.now()
    }

    let configuration: NetworkConfiguration
    let identity: LocalIdentity
    let logger: Logger
    let counters = NetworkCounters()
    let inboxTotal: InboxTotal
    let state: Mutex<State>

    /// Who this node is to others.
    public let localID: PeerID

    /// - Parameter key: the node's network key.
    public convenience init(
        configuration: NetworkConfiguration, key: consuming SigningKey, logger: Logger
    ) {
        let holder = KeyHolder(key)
        self.init(
            configuration: configuration, publicKey: holder.publicKey, logger: logger,
            sign: { holder.sign($0) })
    }

    /// - Parameter sign: signs with the network key, on any thread.
    public init(
        configuration: NetworkConfiguration, publicKey: PublicKey, logger: Logger,
        sign: @escaping @Sendable ([UInt8]) -> Signature
    ) {
        configuration.limits.channels.check()
        self.configuration = configuration
        self.logger = logger
        localID = PeerID(publicKey)
        identity = LocalIdentity(
            networkID: configuration.networkID, nodeKey: publicKey, role: configuration.role,
            staticKey: NoiseKey(AgreementKey.random()), sign: sign)
        inboxTotal = InboxTotal(
            bytesMax: configuration.limits.inboxBytesMax,
            transactionBytesMax: configuration.limits.inboxTransactionBytesMax)
        let reserved = configuration.reserved.union(configuration.peers.compactMap(\.id))
        state = Mutex(
            State(
                table: PeerTable(
                    ownID: PeerID(publicKey), reserved: reserved, limits: configuration.limits),
                dialing: DialPlan(
                    addresses: configuration.peers, limits: configuration.limits, at: .now())))
    }

    var limits: NetworkLimits { configuration.limits }

    // MARK: Running

    /// Listens and calls until the task is cancelled or `shutDown` is called; then says goodbye to
    /// every peer and returns. It runs once.
    ///
    /// - Parameter handler: takes every event; see `NetworkEvent`.
    /// - Throws: `NetworkError` when it cannot listen, now or any more.
    public func run(
        _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) async throws(NetworkError) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: limits.threads)
        let stop = group.next().makePromise(of: NetworkError?.self)
        let isFirst = state.withLock { state in
            guard case .idle = state.phase else { return false }
            state.phase = .running(stop: stop)
            return true
        }
        guard isFirst else {
            stop.succeed(nil)
            try? await group.shutdownGracefully()
            throw .alreadyStarted
        }
        do throws(NetworkError) {
            let server = try await listen(on: group, handler)
            // Nobody could call this node any more, and nothing else would say so.
            server.closeFuture.whenComplete { [weak self] _ in
                self?.finish(.listenerLost)
            }
            let dialer = startDialing(on: group, handler)
            let failure = await withTaskCancellationHandler {
                (try? await stop.futureResult.get()) ?? nil
            } onCancel: {
                shutDown()
            }
            dialer.cancel()
            await close(server)
            if let failure { throw failure }
            try? await group.shutdownGracefully()
        } catch {
            shutDown()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Makes `run` return. Safe to call at any time, and more than once.
    public func shutDown() {
        finish(nil)
    }

    /// Makes `run` end so; only the first end counts.
    private func finish(_ failure: NetworkError?) {
        let stop: EventLoopPromise<NetworkError?>? = state.withLock { state in
            defer { state.phase = .stopped }
            guard case .running(let stop) = state.phase else { return nil }
            return stop
        }
        stop?.succeed(failure)
    }

    private func close(_ server: any NIOCore.Channel) async {
        try? await server.close().get()
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections { connection.signal(.close(sayGoodbye: true)) }
        for connection in connections { try? await connection.channel.closeFuture.get() }
        state.withLock { $0.boundPort = nil }
    }

    // MARK: Sending

    /// Hands a message over for one peer. It never waits; the limits of the channel decide.
    @discardableResult
    public func send(_ message: [UInt8], on channel: Channel, to peer: PeerID) -> SendOutcome {
        guard let connection = state.withLock({ $0.active[peer] }) else { return .notConnected }
        return send(message, on: channel, over: connection)
    }

    /// Hands a message over for every connected peer but one.
    public func broadcast(_ message: [UInt8], on channel: Channel, except: PeerID? = nil) {
        let connections = state.withLock { state in
            state.active.compactMap { $0.key == except ? nil : $0.value }
        }
        for connection in connections { send(message, on: channel, over: connection) }
    }

    @discardableResult
    private func send(
        _ message: [UInt8], on channel: Channel, over connection: PeerConnection
    ) -> SendOutcome {
        let outcome = connection.send(message, on: channel)
        counters.note(outcome)
        if outcome == .invalidSize {
            logger.error(
                "A message was not sent: its size is not allowed.",
                metadata: ["channel": "\(channel)", "bytes": "\(message.count)"])
        }
        return outcome
    }

    /// Whether a channel's queue has room for any of its messages, so that an answer is worth its
    /// work. If not, the answer that is not made counts as dropped.
    public func hasRoom(on channel: Channel, for peer: PeerID) -> Bool {
        guard let connection = state.withLock({ $0.active[peer] }) else { return false }
        guard connection.outbox.hasRoom(on: channel) else {
            counters.note(.dropped)
            return false
        }
        return true
    }

    // MARK: Peers

    /// The port that it listens on; nil unless it runs.
    public var boundPort: Int? { state.withLock { $0.boundPort } }

    public var connectedPeers: [PeerID] { state.withLock { $0.active.keys.sorted() } }

    /// What is known of the connected peers, by key.
    public var peers: [PeerInfo] {
        state.withLock { state in
            state.active.keys.sorted().compactMap { state.peers[$0] }
        }
    }

    public var statistics: NetworkStatistics { counters.statistics }

    /// Keeps a connection to one more address from now on.
    public func connect(to address: PeerAddress) {
        state.withLock { state in
            state.dialing.add(address, at: .now())
            guard let id = address.id else { return }
            state.table.setReserved(state.table.reserved.union([id]))
        }
    }

    /// Closes the connection to a peer, and keeps it away for a time.
    public func disconnect(_ peer: PeerID, banSeconds: Int64 = 0) {
        let connection = state.withLock { state in
            if banSeconds > 0 { state.table.ban(peer, for: .seconds(banSeconds), at: .now()) }
            return state.active[peer]
        }
        connection?.signal(.close(sayGoodbye: true))
    }

    /// Tells what a peer did, as the consumer saw it; a peer that has done too much is sent away.
    public func report(_ conduct: PeerConduct, by peer: PeerID) {
        guard mustLeave(peer, after: conduct) else { return }
        logger.warning(
            "A peer was sent away.",
            metadata: ["peer": "\(peer.short)", "conduct": "\(conduct)"])
        state.withLock { $0.active[peer] }?.signal(.close(sayGoodbye: false))
    }

    /// The peers that always have a slot from now on, besides the configured ones.
    public func setReserved(_ peers: Set<PeerID>) {
        let all = peers.union(configuration.peers.compactMap(\.id))
        state.withLock { $0.table.setReserved(all) }
    }

    /// What this node says of itself in handshakes to come.
    public func setHead(height: UInt64, epoch: UInt64) {
        state.withLock { state in
            state.status.headHeight = height
            state.status.epoch = epoch
        }
    }
}

/// The owner of the network key, which cannot be copied into a closure.
private final class KeyHolder: Sendable {
    private let key: SigningKey

    init(_ key: consuming SigningKey) {
        self.key = key
    }

    var publicKey: PublicKey { key.publicKey }

    func sign(_ message: [UInt8]) -> Signature { key.sign(message) }
}

import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

// Listening and calling.
extension Network {
    /// A stranger that has no place.
    private struct Refused: Error {}

    func listen(
        on group: MultiThreadedEventLoopGroup,
        _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) async throws(NetworkError) -> any NIOCore.Channel {
        let host = configuration.listenHost
        let port = configuration.listenPort
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: Self.receiveBuffers)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, handler) }
            }
        do {
            let server = try await bootstrap.bind(host: host, port: port).get()
            let bound = server.localAddress?.port ?? port
            state.withLock { state in
                state.boundPort = bound
                state.status.listenPort = UInt16(clamping: bound)
            }
            logger.info(
                "Listening for peers.", metadata: ["address": "\(host):\(bound)"])
            handler(.listening(port: bound))
            return server
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw .portInUse(host: host, port: port)
        } catch {
            throw .cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    /// Most messages are small; blocks come in runs that grow the buffers by themselves.
    private static var receiveBuffers: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 4_096, maximum: 256 << 10)
    }

    private func accept(
        _ channel: any NIOCore.Channel, _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) throws {
        let host = HostKey(channel.remoteAddress)
        let id = nextConnectionID()
        let (isAdmitted, rival) = state.withLock { state in
            guard case .running = state.phase else { return (false, PeerConnection?.none) }
            switch state.table.admit(id, from: host, at: .now()) {
            case .refused: return (false, nil)
            case .admitted(let closing): return (true, closing.flatMap { state.connections[$0] })
            }
        }
        guard isAdmitted else { throw Refused() }
        rival?.signal(.giveWay)
        do {
            try install(id, on: channel, attempt: nil, expectedID: nil, handler)
        } catch {
            handshakeFinished(id)
            throw error
        }
    }

    private func nextConnectionID() -> ConnectionID {
        state.withLock { state in
            state.nextConnection += 1
            return state.nextConnection
        }
    }

    /// Adds the handler, from where on its removal takes everything back.
    private func install(
        _ id: ConnectionID, on channel: any NIOCore.Channel, attempt: DialPlan.Attempt?,
        expectedID: PeerID?, _ deliver: @escaping @Sendable (NetworkEvent) -> Void
    ) throws {
        let outbox = Outbox(channels: limits.channels)
        let isWanted = state.withLock { state in
            // Another one may have got its place just now, and found nobody here to tell.
            guard attempt != nil || state.table.isPending(id) else { return false }
            state.connections[id] = PeerConnection(id: id, channel: channel, outbox: outbox)
            return true
        }
        guard isWanted else { throw Refused() }
        #if os(Linux)
            // The kernel takes no more than this that it has not sent, so that a vote does not
            // wait behind megabytes of a block in its buffer (tcp(7), TCP_NOTSENT_LOWAT).
            let unsent = NIOBSDSocket.Option(rawValue: 25)
            channel.setOption(.tcpOption(unsent), value: 128 << 10).whenFailure { _ in }
        #endif
        do {
            try channel.pipeline.syncOperations.addHandler(
                ConnectionHandler(
                    id: id, network: self, outbox: outbox, attempt: attempt,
                    expectedID: expectedID, deliver: deliver))
        } catch {
            state.withLock { $0.connections[id] = nil }
            throw error
        }
    }

    // MARK: Calling

    /// Looks at every tick whom to call.
    func startDialing(
        on group: MultiThreadedEventLoopGroup,
        _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) -> RepeatedTask {
        group.next().scheduleRepeatedTask(
            initialDelay: .zero, delay: .milliseconds(limits.dialTickMilliseconds)
        ) { [weak self] task in
            guard let self else { return task.cancel() }
            self.dialDue(on: group, handler)
        }
    }

    private func dialDue(
        on group: MultiThreadedEventLoopGroup,
        _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) {
        let now = NIODeadline.now()
        let due = state.withLock { state in
            guard case .running = state.phase else { return [(DialPlan.Attempt, PeerAddress)]() }
            if now - state.lastPrune >= .seconds(2) {
                state.table.prune(at: now)
                state.lastPrune = now
            }
            return state.dialing.due(at: now) { peer in
                state.table.connection(of: peer) != nil || state.table.isBanned(peer, at: now)
            }
        }
        for (attempt, address) in due {
            dial(attempt, address, on: group, handler)
        }
    }

    private func dial(
        _ attempt: DialPlan.Attempt, _ address: PeerAddress,
        on group: MultiThreadedEventLoopGroup,
        _ handler: @escaping @Sendable (NetworkEvent) -> Void
    ) {
        ClientBootstrap(group: group)
            .connectTimeout(.milliseconds(limits.connectTimeoutMilliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: Self.receiveBuffers)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.install(
                        self.nextConnectionID(), on: channel, attempt: attempt,
                        expectedID: address.id, handler)
                }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { _ in self.dialEnded(attempt, .failed) }
    }

    func dialEnded(_ attempt: DialPlan.Attempt, _ outcome: DialPlan.Outcome) {
        let jitter = Int64.random(in: -200...200)
        let now = NIODeadline.now()
        state.withLock { state in
            let id = state.dialing.address(of: attempt).id
            state.dialing.ended(
                attempt, outcome, isReserved: id.map(state.table.reserved.contains) ?? true,
                jitter: jitter, at: now)
            if case .established = outcome { _ = state.dialing.isNews(nil, about: attempt) }
        }
    }
}

extension HostKey {
    /// Nil for the machine's own addresses, and for those that are no IP addresses.
    init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let v4)?:
            // Safe because `sockaddr_in` has its address at byte 4, on every system.
            let bytes = unsafe withUnsafeBytes(of: v4.address) { Array($0.dropFirst(4).prefix(4)) }
            guard bytes.count == 4, bytes[0] != 127 else { return nil }
            self.init(host: bytes, subnet: Array(bytes.prefix(3)))
        case .v6(let v6)?:
            // Safe because `sockaddr_in6` has its address at byte 8, on every system.
            let bytes = unsafe withUnsafeBytes(of: v6.address) { Array($0.dropFirst(8).prefix(16)) }
            self.init(ipv6: bytes)
        case .unixDomainSocket?, nil: return nil
        }
    }

    private init?(ipv6 bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let isMapped =
            bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255
            && bytes[11] == 255
        if isMapped {
            guard bytes[12] != 127 else { return nil }
            self.init(host: Array(bytes[12...]), subnet: Array(bytes[12..<15]))
            return
        }
        let isLoopback = bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
        guard !isLoopback else { return nil }
        // One customer has a /64, so that this is what counts as one host.
        self.init(host: Array(bytes.prefix(8)), subnet: Array(bytes.prefix(6)))
    }
}

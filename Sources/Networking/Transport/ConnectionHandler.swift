import Cryptography
import Logging
import NIOCore
import Synchronization

/// One connection on its event loop: the handshake, then frames in both directions.
///
/// All state belongs to the event loop. What it decides about other connections it asks the
/// `Network`, whose table is the only state that loops share.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Stage {
        /// Not connected yet.
        case starting
        /// Next: `waiting`, `open`, `closed`.
        case handshaking
        /// The peer is known, and its older connection must end first. Next: `open`, `closed`.
        case waiting
        /// Next: `closed`.
        case open
        case closed
    }

    /// What may stand in the socket's buffer: a vote waits behind no more than this.
    static let inFlightBytesMax = 64 << 10
    /// What one connection may seal before others on its event loop have their turn.
    static let turnBytesMax = 256 << 10

    let id: ConnectionID
    private let network: Network
    private let deliver: @Sendable (NetworkEvent) -> Void
    private let attempt: DialPlan.Attempt?
    private let expectedID: PeerID?
    private let outbox: Outbox
    private let inbox: Inbox

    private var stage = Stage.starting
    private var context: ChannelHandlerContext?
    private var handshake: SecureHandshake?
    private var session: Session?
    private var peer: PeerID?
    private var identity: IdentityPayload?
    private var isActive = false
    private var holdsPendingSlot: Bool
    private var fault: PeerFault?
    private var openedAt: NIODeadline?
    private var received = ByteBuffer()
    private var inFlightBytes = 0
    private var inFlightSince: NIODeadline?
    private var isFilling = false
    private var isProcessing = false
    private var reportedDrops: UInt64 = 0
    private var timer: Scheduled<Void>?

    var isOutbound: Bool { attempt != nil }

    /// - Parameter attempt: nil for a connection that the other side began; the table has then
    ///   admitted `id`.
    init(
        id: ConnectionID, network: Network, outbox: Outbox,
        attempt: DialPlan.Attempt?, expectedID: PeerID?,
        deliver: @escaping @Sendable (NetworkEvent) -> Void
    ) {
        self.id = id
        self.network = network
        self.outbox = outbox
        self.attempt = attempt
        self.expectedID = expectedID
        self.deliver = deliver
        inbox = network.makeInbox()
        holdsPendingSlot = attempt == nil
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        guard case .starting = stage else { return }
        stage = .handshaking
        var handshake = network.makeHandshake(role: isOutbound ? .initiator : .responder)
        schedule(after: .milliseconds(network.limits.handshakeTimeoutMilliseconds)) { handler in
            handler.fail(.handshakeTimeout)
        }
        do throws(PeerFault) {
            if isOutbound { write(try handshake.begin()) }
            self.handshake = handshake
        } catch {
            fail(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        stage = .closed
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset or a broken pipe: the connection is gone and the peer is not to blame.
        stage = .closed
        context.close(promise: nil)
    }

    /// The one exit: whatever ended the connection, or kept it from beginning, comes here once.
    func handlerRemoved(context: ChannelHandlerContext) {
        stage = .closed
        timer?.cancel()
        timer = nil
        outbox.close()
        reportDrops()
        releasePendingSlot()
        if let peer, isActive {
            network.deactivate(peer, connection: id)
            deliver(.disconnected(peer))
        }
        network.connectionEnded(
            id, peer: peer, attempt: attempt, outcome: dialOutcome(), fault: fault,
            wasHandshake: openedAt == nil)
        self.context = nil
    }

    private func dialOutcome() -> DialPlan.Outcome {
        if let openedAt { return .established(lasted: .now() - openedAt) }
        switch fault {
        case .duplicate?: return .duplicate
        case .ownKey?: return .ownAddress
        default: return .failed
        }
    }

    private func releasePendingSlot() {
        guard holdsPendingSlot else { return }
        holdsPendingSlot = false
        network.handshakeFinished(id)
    }

    /// Ends the connection for what the peer did. It is told nothing.
    private func fail(_ fault: PeerFault) {
        guard stage != .closed else { return }
        stage = .closed
        self.fault = fault
        network.noteFault(fault, peer: peer, attempt: attempt, remote: context?.remoteAddress)
        context?.close(promise: nil)
    }

    private func close(sayGoodbye: Bool) {
        guard stage != .closed, let context else { return }
        guard stage == .open, sayGoodbye, session != nil else {
            if stage == .handshaking || stage == .waiting { fault = .duplicate }
            stage = .closed
            context.close(promise: nil)
            return
        }
        stage = .closed
        var buffer = context.channel.allocator.buffer(capacity: 64)
        try? session?.sealGoodbye(into: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
        // A peer that reads nothing does not keep this node from ending.
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let signal = event as? ConnectionSignal else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch signal {
        case .wake: fill()
        case .activate:
            guard case .waiting = stage else { return }
            open()
            process()
        case .nudge:
            guard case .open = stage else { return }
            session?.nudge(at: .now())
            fill()
        case .giveWay:
            // Whoever has said who it is in the meantime stays.
            switch stage {
            case .starting, .handshaking: fail(.pushedOut)
            case .waiting, .open, .closed: return
            }
        case .close(let sayGoodbye): close(sayGoodbye: sayGoodbye)
        }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        network.counters.bytesReceived.add(UInt64(buffer.readableBytes), ordering: .relaxed)
        if received.readableBytes == 0 {
            received = buffer
        } else {
            received.writeBuffer(&buffer)
        }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Answers to pings, and what the consumer sent while it was given messages.
        fill()
        context.fireChannelReadComplete()
    }

    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        do throws(PeerFault) {
            while try step() {}
        } catch {
            fail(error)
        }
        if received.readableBytes == 0 {
            received = ByteBuffer()
        } else {
            received.discardReadBytes()
        }
    }

    /// Takes one message of the handshake or one frame; false when more must come first.
    private func step() throws(PeerFault) -> Bool {
        switch stage {
        case .starting, .waiting, .closed: return false
        case .handshaking: return try stepHandshake()
        case .open:
            guard let frame = try Frame.next(in: &received) else { return false }
            if let arrival = try session?.open(frame, at: .now()) { take(arrival) }
            return true
        }
    }

    private func take(_ arrival: Session.Arrival) {
        guard let peer else { preconditionFailure("an open connection has a peer") }
        switch arrival {
        case .message(let channel, let message):
            network.counters.messagesReceived.add(1, ordering: .relaxed)
            guard let credit = inbox.take(channel, bytes: message.count) else {
                network.counters.inboundDropped.add(1, ordering: .relaxed)
                return
            }
            deliver(.received(from: peer, channel: channel, message: message, credit: credit))
        case .rateExceeded:
            if network.mustLeave(peer, after: .rateExceeded) { fail(.rateExceeded) }
        case .goodbye:
            stage = .closed
            context?.close(promise: nil)
        }
    }

    // MARK: Handshake

    private func stepHandshake() throws(PeerFault) -> Bool {
        guard let count = handshake?.expectedBytes, let message = received.readBytes(length: count)
        else { return false }
        switch try handshake?.receive(message) {
        case .reply(let answer)?: write(answer)
        case .identified(let identity)?: try admit(identity)
        case nil: return false
        }
        return true
    }

    private func admit(_ identity: IdentityPayload) throws(PeerFault) {
        let peer = PeerID(identity.nodeKey)
        if let expectedID, expectedID != peer {
            throw .unexpectedPeer(expected: expectedID, found: peer)
        }
        let verdict = network.claim(
            peer, connection: id, attempt: attempt, identity: identity,
            remote: context?.remoteAddress)
        if case .refused(let fault) = verdict { throw fault }
        // From here on the slot is this connection's, and `handlerRemoved` gives it back.
        self.peer = peer
        self.identity = identity
        guard let (message, send, receive) = try handshake?.complete() else { return }
        handshake = nil
        if let message { write(message) }
        session = Session(send: send, receive: receive, limits: network.limits, at: .now())
        releasePendingSlot()
        timer?.cancel()
        if case .waits = verdict {
            stage = .waiting
            // While nothing may be delivered nothing is read: the bytes stay with the peer.
            setAutoRead(false)
            schedule(after: .milliseconds(network.limits.handshakeTimeoutMilliseconds)) {
                $0.fail(.handshakeTimeout)
            }
        } else {
            open()
        }
    }

    private func open() {
        guard let peer, let identity, let context else { return }
        stage = .open
        openedAt = .now()
        isActive = true
        timer?.cancel()
        setAutoRead(true)
        let info = PeerInfo(
            id: peer, remoteAddress: Network.describe(context.remoteAddress),
            isOutbound: isOutbound, role: identity.role, listenPort: identity.listenPort,
            headHeight: identity.headHeight, epoch: identity.epoch)
        network.activate(
            info, connection: PeerConnection(id: id, channel: context.channel, outbox: outbox))
        deliver(.connected(peer, outbound: isOutbound))
        scheduleTick()
    }

    private func setAutoRead(_ isOn: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    // MARK: Sending

    private func write(_ bytes: [UInt8]) {
        guard let context else { return }
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        network.counters.bytesSent.add(UInt64(bytes.count), ordering: .relaxed)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Writes what waits, as long as the socket takes it at once; `written` goes on from there.
    private func fill() {
        guard !isFilling else { return }
        isFilling = true
        defer { isFilling = false }
        var turnBytes = 0
        while case .open = stage, inFlightBytes < Self.inFlightBytesMax {
            guard turnBytes < Self.turnBytesMax else {
                context?.eventLoop.assumeIsolated().execute { [weak self] in self?.fill() }
                return
            }
            let fragments = outbox.take(upTo: Self.inFlightBytesMax - inFlightBytes)
            guard !fragments.isEmpty || session?.hasInternalFrames == true else { return }
            turnBytes += seal(fragments)
        }
    }

    private func seal(_ fragments: [Fragment]) -> Int {
        guard let context else { return 0 }
        let capacity = fragments.reduce(64) { $0 + $1.sealedBytes + Frame.lengthBytes }
        var buffer = context.channel.allocator.buffer(capacity: capacity)
        do throws(PeerFault) {
            try session?.seal(fragments, into: &buffer, at: .now())
        } catch {
            fail(error)
            return 0
        }
        let count = buffer.readableBytes
        inFlightBytes += count
        if inFlightSince == nil { inFlightSince = .now() }
        network.counters.bytesSent.add(UInt64(count), ordering: .relaxed)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete {
            [weak self] _ in
            self?.written(count)
        }
        return count
    }

    private func written(_ count: Int) {
        inFlightBytes -= count
        inFlightSince = inFlightBytes == 0 ? nil : .now()
        fill()
    }

    // MARK: Time

    private func schedule(
        after delay: TimeAmount, _ body: @escaping (ConnectionHandler) -> Void
    ) {
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            if let self { body(self) }
        }
    }

    private func scheduleTick() {
        let interval = min(1_000, max(1, network.limits.pingAfterMilliseconds / 2))
        schedule(after: .milliseconds(interval)) { $0.tick() }
    }

    private func tick() {
        guard case .open = stage else { return }
        let now = NIODeadline.now()
        reportDrops()
        let patience = TimeAmount.milliseconds(network.limits.deadAfterMilliseconds)
        if let inFlightSince, now - inFlightSince >= patience {
            fail(.notReading)
            return
        }
        do throws(PeerFault) {
            try session?.tick(at: now)
        } catch {
            fail(error)
            return
        }
        fill()
        scheduleTick()
    }

    private func reportDrops() {
        guard let dropped = session?.droppedMessages, dropped > reportedDrops else { return }
        network.counters.inboundDropped.add(dropped - reportedDrops, ordering: .relaxed)
        reportedDrops = dropped
    }
}

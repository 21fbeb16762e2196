import Chain
import Codec
import Consensus
import Cryptography
import Replica

extension World {
    // MARK: Sending

    func send(_ message: PeerMessage, to destination: Destination, by node: SimulatedNode) {
        var recipients: [Int] = []
        switch destination {
        case .peer(let key):
            let known = endpoints(of: key).filter { node.isConnected($0) }
            guard !known.isEmpty else { return }
            recipients = known.count == 1 ? known : [chances.links.pick(known)]
        case .peers(let keys):
            for key in keys { recipients += endpoints(of: key).filter { node.isConnected($0) } }
        case .everyone(let except):
            for other in nodes
            where other.networkKey != except && node.isConnected(other.endpoint) {
                recipients.append(other.endpoint)
            }
        }
        guard !recipients.isEmpty else { return }
        if !node.isByzantine { inspect(message) }
        var message = message
        if !script.isEmpty {
            guard let changed = scripted(message, by: node) else { return }
            message = changed
        }
        let frame = Frame(channel: message.channel, bytes: message.encoded())
        if node.adversary != nil {
            act(as: node, insteadOf: (frame, recipients)) {
                $0.send(message, to: recipients, as: &$1)
            }
        } else {
            for recipient in recipients {
                guard let delay = script.rift.delay(of: message, to: recipient) else { continue }
                send(frame, to: recipient, by: node, after: delay)
            }
        }
        if case .proposal(let proposal) = message { sentProposal(proposal, by: node) }
        guard node.isUp else { return }
        _ = reach(.messageSent, by: node)
    }

    /// What an honest node sends must be true.
    private func inspect(_ message: PeerMessage) {
        switch message {
        case .certificate(let certificate): checker.sent(certificate)
        case .certificateResponse(let response):
            for certificate in response.certificates { checker.sent(certificate) }
        case .proposal(let proposal):
            for certificate in proposal.justification { checker.sent(certificate) }
        case .epochHint(let hint): checker.sent(hint.finalization)
        case .vote, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest, .evidence, .transactions,
            .rangeRequest, .rangeResponse:
            return
        }
    }

    /// - Parameter delay: nanoseconds that an adversary waits.
    private func send(
        _ frame: Frame, to recipient: Int, by node: SimulatedNode, after delay: UInt64 = 0
    ) {
        guard let connection = node.connections[recipient] else { return }
        node.facts.messagesSent += 1
        // A frame has a header and a tag of its own on the wire (network.md 6.2).
        let size = frame.bytes.count + 24
        node.facts.bytesSent += UInt64(size)
        trace.mix(UInt64(size))
        timeline.count(UInt64(size), sentBy: node.endpoint, at: now)
        if !script.isEmpty, script.isCut(from: node.endpoint, to: recipient, at: now) { return }
        let times = network.deliveries(
            from: node.endpoint, to: recipient, bytes: size, now: now + delay)
        for time in times {
            schedule(
                .frame(frame, from: node.endpoint, connection: connection),
                to: nodes[recipient], at: time)
        }
    }

    func arrive(
        _ frame: Frame, from sender: Int, over connection: UInt64, at node: SimulatedNode
    ) {
        guard node.connections[sender] == connection else { return }
        let key = nodes[sender].networkKey
        let message: PeerMessage
        do throws(DecodeError) {
            message = try PeerMessage(channel: frame.channel, decoding: frame.bytes)
        } catch {
            penalize(key, .forged, by: node)
            return
        }
        if node.adversary != nil {
            var hears = true
            act(as: node) { hears = $0.hears(message, from: sender, as: &$1) }
            guard hears else { return }
        }
        give(.received(message, from: Peer(key: key)), to: node)
    }

    // MARK: Connections

    func dialEverybody(from node: SimulatedNode) {
        for other in nodes where other.networkKey != node.networkKey {
            let delay =
                2 * network.latency(from: node.endpoint, to: other.endpoint)
                + chances.links.below(50_000_000)
            schedule(.dial(other.endpoint), to: node, after: delay)
        }
    }

    /// Connects if both are there and the way is open; else tries again.
    func dial(from node: SimulatedNode, to endpoint: Int) {
        let other = nodes[endpoint]
        if let connection = node.connections[endpoint],
            other.connections[node.endpoint] == connection
        {
            return
        }
        guard other.isUp, !network.areCut(node.endpoint, endpoint), !isBanned(other, by: node),
            !isBanned(node, by: other)
        else { return redial(from: node, to: endpoint) }
        let connection = nextConnection
        nextConnection += 1
        connect(node, to: other, connection)
        guard node.isUp, other.isUp else { return }
        connect(other, to: node, connection)
    }

    private func redial(from node: SimulatedNode, to endpoint: Int) {
        // A machine that is switched off for good is not asked every second.
        let isDead = deadMembers.contains(nodes[endpoint].member)
        let range: ClosedRange<UInt64> = isDead ? 10_000...20_000 : 500...2_000
        let delay = chances.links.within(range)
        schedule(
            .dial(endpoint), to: node, after: delay * WorldPlan.nanosecondsPerMillisecond)
    }

    private func connect(_ node: SimulatedNode, to other: SimulatedNode, _ connection: UInt64) {
        if node.connections.removeValue(forKey: other.endpoint) != nil {
            tellGone(other, to: node)
        }
        guard node.isUp else { return }
        node.connections[other.endpoint] = connection
        give(.connected(Peer(key: other.networkKey)), to: node)
    }

    func disconnect(_ node: SimulatedNode, from endpoint: Int, connection: UInt64) {
        guard node.connections[endpoint] == connection else { return }
        node.connections[endpoint] = nil
        tellGone(nodes[endpoint], to: node)
        redial(from: node, to: endpoint)
    }

    /// Twins are one peer.
    private func tellGone(_ other: SimulatedNode, to node: SimulatedNode) {
        let isStillHere = endpoints(of: other.networkKey).contains { node.isConnected($0) }
        guard !isStillHere else { return }
        give(.disconnected(Peer(key: other.networkKey)), to: node)
    }

    /// Nothing came over a connection for long: both sides give it up, if it is still cut.
    func endSilent(_ connection: UInt64, of node: SimulatedNode, to endpoint: Int) {
        guard network.areCut(node.endpoint, endpoint) else { return }
        disconnect(node, from: endpoint, connection: connection)
    }

    // MARK: Penalties

    /// How long a node does not speak to one that it caught.
    private static let banNanoseconds: UInt64 = 3_600_000_000_000

    private func isBanned(_ other: SimulatedNode, by node: SimulatedNode) -> Bool {
        guard let end = node.banned[other.endpoint] else { return false }
        return end > now
    }

    func penalize(_ key: PublicKey, _ offence: Offence, by node: SimulatedNode) {
        trace.note("\(now / 1_000_000) \(node.endpoint) penalizes \(endpoints(of: key)) \(offence)")
        for endpoint in endpoints(of: key) {
            checker.penalized(nodes[endpoint].member, by: node.member, offence)
            guard offence == .forged else { continue }
            node.banned[endpoint] = now + World.banNanoseconds
            guard let connection = node.connections[endpoint] else { continue }
            // In events of their own: this is in the middle of a list of effects.
            schedule(.disconnected(endpoint, connection: connection), to: node, after: 0)
            schedule(
                .disconnected(node.endpoint, connection: connection), to: nodes[endpoint],
                after: network.latency(from: node.endpoint, to: endpoint))
        }
    }

    // MARK: Adversaries

    /// Lets the adversary of a node act, and sends what it made.
    ///
    /// - Parameter honest: what the honest code would send now.
    func act(
        as node: SimulatedNode, insteadOf honest: (frame: Frame, recipients: [Int])? = nil,
        _ body: (inout any Adversary, inout Puppet) -> Void
    ) {
        guard var adversary = node.adversary else { return }
        var puppet = Puppet(
            node, milliseconds: now / WorldPlan.nanosecondsPerMillisecond,
            random: chances.adversaries)
        body(&adversary, &puppet)
        node.adversary = adversary
        chances.adversaries = puppet.random
        for vote in puppet.signed {
            guard let seat = node.ownIndex else { continue }
            checker.signed(
                vote.statement, view: vote.view, signer: seat, instance: vote.instance)
        }
        if World.isLie(puppet.frames, insteadOf: honest) { node.facts.lies += 1 }
        for (frame, recipient, delay) in puppet.frames {
            send(frame, to: recipient, by: node, after: delay)
        }
    }

    /// Whether what leaves is anything but what the honest code would send.
    private static func isLie(
        _ frames: [(frame: Frame, recipient: Int, delay: UInt64)],
        insteadOf honest: (frame: Frame, recipients: [Int])?
    ) -> Bool {
        guard let honest else { return !frames.isEmpty }
        guard frames.map(\.recipient) == honest.recipients else { return true }
        return frames.contains {
            $0.delay > 0 || $0.frame.channel != honest.frame.channel
                || $0.frame.bytes != honest.frame.bytes
        }
    }

    func scheduleTick(of node: SimulatedNode) {
        schedule(.tick, to: node, after: 100_000_000, outlivesProcess: true)
    }

    func tick(_ node: SimulatedNode) {
        if node.isUp { act(as: node) { $0.tick(as: &$1) } }
        scheduleTick(of: node)
    }
}

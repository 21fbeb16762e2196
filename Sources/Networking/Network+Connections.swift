import Cryptography
import Logging
import NIOCore
import Synchronization

// What the handlers of connections ask of the network: the table, and what is known of peers.
extension Network {
    func makeInbox() -> Inbox {
        Inbox(channels: limits.channels, total: inboxTotal)
    }

    func makeHandshake(role: HandshakeState.Role) -> SecureHandshake {
        var status = state.withLock { $0.status }
        status.timestampMilliseconds = WallClock.milliseconds()
        return SecureHandshake(
            role: role, identity: identity, status: status,
            ephemeral: NoiseKey(AgreementKey.random()))
    }

    /// Decides about a peer that has proven its key, and closes the connection that it replaces.
    func claim(
        _ peer: PeerID, connection: ConnectionID, attempt: DialPlan.Attempt?,
        identity: IdentityPayload, remote: SocketAddress?
    ) -> PeerTable.Verdict {
        let now = NIODeadline.now()
        let host = HostKey(remote)
        let (verdict, other) = state.withLock { state in
            if let attempt { state.dialing.identified(attempt, as: peer) }
            let verdict = state.table.claim(
                peer, connection: connection, isOutbound: attempt != nil, from: host, at: now)
            switch verdict {
            case .admitted: return (verdict, PeerConnection?.none)
            case .waits(let closing): return (verdict, state.connections[closing])
            case .refused:
                return (verdict, state.table.connection(of: peer).flatMap { state.connections[$0] })
            }
        }
        switch verdict {
        case .admitted: warnOfClock(identity, peer: peer)
        case .waits: other?.signal(.close(sayGoodbye: false))
        case .refused: other?.signal(.nudge)
        }
        return verdict
    }

    private func warnOfClock(_ identity: IdentityPayload, peer: PeerID) {
        let now = WallClock.milliseconds()
        let theirs = identity.timestampMilliseconds
        let difference = now > theirs ? now - theirs : theirs - now
        guard difference > 10_000 else { return }
        logger.warning(
            "The clock of a peer, or of this node, is wrong.",
            metadata: ["peer": "\(peer.short)", "milliseconds": "\(difference)"])
    }

    func handshakeFinished(_ connection: ConnectionID) {
        state.withLock { $0.table.finishHandshake(connection) }
    }

    /// From here on messages go over this connection.
    func activate(_ peer: PeerInfo, connection: PeerConnection) {
        state.withLock { state in
            precondition(state.active[peer.id] == nil, "one connection of a peer is active")
            state.active[peer.id] = connection
            state.peers[peer.id] = peer
        }
        logger.debug("A peer is connected.", metadata: ["peer": "\(peer.id.short)"])
    }

    func deactivate(_ peer: PeerID, connection: ConnectionID) {
        state.withLock { state in
            precondition(
                state.active[peer]?.id == connection, "a connection that was active ends once")
            state.active[peer] = nil
            state.peers[peer] = nil
        }
        logger.debug("A peer is gone.", metadata: ["peer": "\(peer.short)"])
    }

    /// Takes back all that a connection held, and lets its successor speak.
    func connectionEnded(
        _ id: ConnectionID, peer: PeerID?, attempt: DialPlan.Attempt?,
        outcome: DialPlan.Outcome, fault: PeerFault?, wasHandshake: Bool
    ) {
        let now = NIODeadline.now()
        let successor: PeerConnection? = state.withLock { state in
            state.connections[id] = nil
            var successor: PeerConnection?
            if let peer {
                if let next = state.table.release(peer, connection: id) {
                    successor = state.connections[next]
                } else if state.table.connection(of: peer) == nil {
                    state.dialing.hurry(peer, at: now)
                }
            }
            return successor
        }
        if let attempt { dialEnded(attempt, outcome) }
        successor?.signal(.activate)
        if wasHandshake, fault == nil, outcome == .failed {
            handshakeClosed(attempt)
        }
    }

    private func handshakeClosed(_ attempt: DialPlan.Attempt?) {
        guard let attempt else {
            logger.debug("The other side closed a connection in its handshake.")
            return
        }
        complain("it cannot be reached, or closes the handshake", about: attempt, level: .info)
    }

    // MARK: Faults

    /// Counts and logs what a peer did, and changes its score.
    func noteFault(
        _ fault: PeerFault, peer: PeerID?, attempt: DialPlan.Attempt?, remote: SocketAddress?
    ) {
        switch fault {
        case .duplicate: return
        case .ownKey, .handshakeMismatch, .handshakeTimeout, .pushedOut, .identityMalformed,
            .identityForged, .unexpectedPeer, .banned, .noFreeSlot:
            counters.faults.add(1, ordering: .relaxed)
            if let attempt {
                complain(Self.explain(fault), about: attempt, level: .warning)
            } else {
                logger.info(
                    "A connection was refused: \(Self.explain(fault)).",
                    metadata: ["remote": "\(Self.describe(remote))"])
            }
        case .frameLength, .frameForged, .fragmentMalformed, .messageOversized, .reassemblyFull,
            .reassemblyTimeout, .internalMalformed, .rekeyTooOften, .nonceExhausted, .silent,
            .notReading, .rateExceeded:
            counters.faults.add(1, ordering: .relaxed)
            if let peer, let conduct = fault.conduct, fault != .rateExceeded {
                _ = mustLeave(peer, after: conduct)
            }
            logger.warning(
                "A connection was closed: \(Self.explain(fault)).",
                metadata: ["peer": "\(peer?.short ?? "none")"])
        }
    }

    /// Changes the score of a peer; true when it must go.
    func mustLeave(_ peer: PeerID, after conduct: PeerConduct) -> Bool {
        state.withLock { $0.table.note(conduct, by: peer, at: .now()) }
    }

    /// Logs the trouble with a configured peer once, until it is another one.
    func complain(_ reason: String, about attempt: DialPlan.Attempt, level: Logger.Level) {
        let address: PeerAddress? = state.withLock { state in
            state.dialing.isNews(reason, about: attempt) ? state.dialing.address(of: attempt) : nil
        }
        guard let address else { return }
        logger.log(
            level: level, "No connection to a peer: \(reason).",
            metadata: ["address": "\(address)"])
    }

    private static func explain(_ fault: PeerFault) -> String {
        switch fault {
        case .handshakeMismatch:
            "it belongs to another network or speaks another version"
        case .handshakeTimeout: "the handshake took too long"
        case .pushedOut: "too many handshakes are under way"
        case .identityMalformed: "it does not say who it is in our form"
        case .identityForged: "it does not hold the key that it names"
        case .ownKey: "it is this node itself"
        case .unexpectedPeer(let expected, let found):
            "its key is \(found.short), not \(expected.short)"
        case .banned: "it was sent away a while ago"
        case .duplicate: "there is a connection already"
        case .noFreeSlot: "no slot is free"
        case .frameLength(let length): "a frame of \(length) bytes"
        case .frameForged: "a frame that its key did not seal"
        case .fragmentMalformed(let reason): "a bad fragment (\(reason))"
        case .messageOversized(let channel, let bytes):
            "a message of \(bytes) bytes on the channel \(channel)"
        case .reassemblyFull: "too much begun at once"
        case .reassemblyTimeout: "a message that did not go on"
        case .internalMalformed: "a bad frame of the transport"
        case .rekeyTooOften: "new keys too often"
        case .nonceExhausted: "the key is used up"
        case .silent: "it is silent"
        case .notReading: "it takes nothing"
        case .rateExceeded: "too many messages"
        }
    }

    /// The system's words for an address: digits, dots and colons, and no byte that a peer chose.
    static func describe(_ address: SocketAddress?) -> String {
        guard let address, let ip = address.ipAddress else { return "unknown" }
        return "\(ip):\(address.port ?? 0)"
    }
}

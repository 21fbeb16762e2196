import NIOCore

/// Tells the connections of one run apart.
typealias ConnectionID = UInt64

/// Where a connection comes from, for the limits per address.
struct HostKey: Hashable, Sendable {
    /// The address, and its /24 (IPv4) or /48 (IPv6).
    let host: [UInt8]
    let subnet: [UInt8]
}

/// Who holds which slot: the one place that counts connections.
///
/// An inbound connection says who it is only at the end of its handshake. Until then it holds a
/// place among the handshakes under way, from which a newcomer may push it: so nobody is kept out
/// by those who are first. Who has a slot, and how many of one address may, is decided when the
/// peer is known, and reserved peers always have one.
///
/// Each handshake and each claim is taken back by `finishHandshake` and `release`, which the
/// connection calls when it is torn down, on whatever path (CVE-2020-5303).
struct PeerTable: Sendable {
    enum Admission: Equatable {
        case refused
        /// It may begin. The handshake of `closing` is the price, where there is one.
        case admitted(closing: ConnectionID?)
    }

    enum Verdict: Equatable {
        case admitted
        /// The new connection is the better one. It may speak when `closing` has ended.
        case waits(closing: ConnectionID)
        case refused(PeerFault)
    }

    private struct Claim {
        var connection: ConnectionID
        var isOutbound: Bool
        /// Nil for this machine's own addresses.
        var host: HostKey?
    }

    private struct Slot {
        var current: Claim
        var successor: Claim?
        var newest: Claim { successor ?? current }
    }

    private let ownID: PeerID
    private let limits: NetworkLimits
    private(set) var reserved: Set<PeerID>
    private var slots: [PeerID: Slot] = [:]
    private var handshakes = Handshakes()
    /// From where reserved peers have last proven their keys.
    private var homes: [PeerID: HostKey] = [:]
    private var banned: [PeerID: NIODeadline] = [:]
    private var scores: [PeerID: PeerScore] = [:]

    /// How many peers are remembered by score or ban; the oldest ban goes for a new one.
    static let rememberedMax = 4_096

    init(ownID: PeerID, reserved: Set<PeerID>, limits: NetworkLimits) {
        self.ownID = ownID
        self.reserved = reserved
        self.limits = limits
    }

    var isEmpty: Bool { slots.isEmpty && handshakes.count == 0 }

    // MARK: Arrivals

    /// Inbound handshakes that have not finished.
    var pendingHandshakes: Int { handshakes.count }

    /// Whether a stranger may begin a handshake. `host` is nil for this machine's own addresses.
    ///
    /// - Returns: `refused` for a host that began one just before, and where only hosts of reserved
    ///   peers have handshakes under way and all places are taken.
    mutating func admit(
        _ connection: ConnectionID, from host: HostKey?, at now: NIODeadline
    ) -> Admission {
        handshakes.begin(
            connection, from: host, known: Set(homes.values.map(\.host)), limits: limits, at: now)
    }

    /// Whether it still has the place that `admit` gave.
    func isPending(_ connection: ConnectionID) -> Bool { handshakes.contains(connection) }

    /// Takes back what `admit` gave; a handshake that was pushed out has nothing any more.
    mutating func finishHandshake(_ connection: ConnectionID) {
        handshakes.end(connection)
    }

    // MARK: Slots

    /// Decides whether an identified peer gets the slot.
    ///
    /// Of two connections to one peer, the one that the smaller key began stays; both sides know
    /// the keys and so decide alike. Of two that the same side began, that side keeps the first
    /// (it refuses its own second before the other side learns of it), so that for the other side
    /// a second one means that the first is dead.
    ///
    /// - Parameter host: where the other end is; nil for this machine's own addresses.
    mutating func claim(
        _ peer: PeerID, connection: ConnectionID, isOutbound: Bool, from host: HostKey? = nil,
        at now: NIODeadline
    ) -> Verdict {
        guard peer != ownID else { return .refused(.ownKey) }
        guard !isBanned(peer, at: now) else { return .refused(.banned) }
        if let host, reserved.contains(peer) {
            homes[peer] = host
            // The next one there may be another validator.
            handshakes.forgive(host)
        }
        let claim = Claim(connection: connection, isOutbound: isOutbound, host: host)
        guard let slot = slots[peer] else {
            guard reserved.contains(peer) || hasRoom(for: claim) else {
                return .refused(.noFreeSlot)
            }
            slots[peer] = Slot(current: claim)
            return .admitted
        }
        let rival = slot.newest
        let wins: Bool =
            if rival.isOutbound == isOutbound {
                !isOutbound
            } else {
                isOutbound == (ownID < peer)
            }
        guard wins else { return .refused(.duplicate) }
        slots[peer]?.successor = claim
        return .waits(closing: rival.connection)
    }

    /// Whether a stranger may have a slot. Reserved peers take none of the strangers' places, and
    /// none of their address's.
    private func hasRoom(for claim: Claim) -> Bool {
        var used = 0
        var ofHost = 0
        var ofSubnet = 0
        for (peer, slot) in slots
        where slot.newest.isOutbound == claim.isOutbound && !reserved.contains(peer) {
            used += 1
            guard let host = slot.newest.host else { continue }
            if host.host == claim.host?.host { ofHost += 1 }
            if host.subnet == claim.host?.subnet { ofSubnet += 1 }
        }
        // Whom this node calls is its own choice.
        guard !claim.isOutbound else { return used < limits.outboundPeersMax }
        return used < limits.inboundPeersMax && ofHost < limits.connectionsPerHostMax
            && ofSubnet < limits.connectionsPerSubnetMax
    }

    /// Gives the slot back; returns the connection whose turn it is then.
    mutating func release(_ peer: PeerID, connection: ConnectionID) -> ConnectionID? {
        guard let slot = slots[peer] else { return nil }
        if slot.successor?.connection == connection {
            slots[peer]?.successor = nil
            return nil
        }
        guard slot.current.connection == connection else { return nil }
        guard let successor = slot.successor else {
            slots[peer] = nil
            return nil
        }
        slots[peer] = Slot(current: successor)
        return successor.connection
    }

    func connection(of peer: PeerID) -> ConnectionID? { slots[peer]?.current.connection }

    mutating func setReserved(_ peers: Set<PeerID>) {
        for peer in peers.subtracting(reserved) {
            homes[peer] = slots[peer]?.current.host
            // It was sent away as a stranger; now the others need it. What it earns from here on,
            // it keeps.
            banned[peer] = nil
        }
        for peer in reserved.subtracting(peers) {
            homes[peer] = nil
        }
        reserved = peers
    }

    // MARK: Standing

    func isBanned(_ peer: PeerID, at now: NIODeadline) -> Bool {
        banned[peer].map { $0 > now } ?? false
    }

    mutating func ban(_ peer: PeerID, for time: TimeAmount, at now: NIODeadline) {
        if banned.count >= Self.rememberedMax, banned[peer] == nil,
            let first = banned.min(by: { $0.value < $1.value })
        {
            banned[first.key] = nil
        }
        banned[peer] = max(banned[peer] ?? now, now + time)
    }

    /// Changes the score; true when the peer must go.
    mutating func note(_ conduct: PeerConduct, by peer: PeerID, at now: NIODeadline) -> Bool {
        guard scores[peer] != nil || scores.count < Self.rememberedMax else {
            guard conduct.points <= PeerScore.banAt else { return false }
            ban(peer, for: PeerScore.firstBan, at: now)
            return true
        }
        var score = scores[peer] ?? PeerScore(at: now)
        let consequence = score.note(conduct, isReserved: reserved.contains(peer), at: now)
        scores[peer] = score
        switch consequence {
        case .none: return false
        case .backOff(let time), .ban(let time):
            ban(peer, for: time, at: now)
            return true
        }
    }

    /// How many entries are kept of peers that are not connected.
    var rememberedPeers: Int { scores.count + banned.count }

    /// Forgets what time has settled; called every few seconds.
    mutating func prune(at now: NIODeadline) {
        banned = banned.filter { $0.value > now }
        let isCrowded = scores.count > Self.rememberedMax / 2
        for (peer, old) in scores where slots[peer] == nil && banned[peer] == nil {
            var score = old
            score.decay(to: now)
            // An earlier ban is remembered, so that the next is longer, while there is room.
            let isForgotten = score.isBlank || (isCrowded && score.points == 0)
            scores[peer] = isForgotten ? nil : score
        }
    }
}

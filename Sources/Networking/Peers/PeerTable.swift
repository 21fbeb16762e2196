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
/// Each admission and each claim is taken back by exactly one call of `leave` or `release`, which
/// the connection makes when it is torn down, on whatever path (CVE-2020-5303).
struct PeerTable: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// The new connection is the better one. It may speak when `closing` has ended.
        case waits(closing: ConnectionID)
        case refused(PeerFault)
    }

    private struct Claim {
        var connection: ConnectionID
        var isOutbound: Bool
    }

    private struct Slot {
        var current: Claim
        var successor: Claim?
    }

    private let ownID: PeerID
    private let limits: NetworkLimits
    private(set) var reserved: Set<PeerID>
    private var slots: [PeerID: Slot] = [:]
    private var hosts: [HostKey: Int] = [:]
    private var subnets: [[UInt8]: Int] = [:]
    private var lastHandshakes: [[UInt8]: NIODeadline] = [:]
    private var banned: [PeerID: NIODeadline] = [:]
    private var scores: [PeerID: PeerScore] = [:]
    /// Inbound handshakes that have not finished.
    private(set) var pendingHandshakes = 0

    /// How many peers are remembered by score or ban; the oldest ban goes for a new one.
    static let rememberedMax = 4_096

    init(ownID: PeerID, reserved: Set<PeerID>, limits: NetworkLimits) {
        self.ownID = ownID
        self.reserved = reserved
        self.limits = limits
    }

    var isEmpty: Bool {
        slots.isEmpty && hosts.isEmpty && subnets.isEmpty && pendingHandshakes == 0
    }

    // MARK: Arrivals

    /// Whether a stranger may begin a handshake. `host` is nil for this machine's own addresses.
    mutating func admit(from host: HostKey?, at now: NIODeadline) -> Bool {
        guard pendingHandshakes < limits.pendingHandshakesMax else { return false }
        if let host {
            let interval = TimeAmount.milliseconds(limits.handshakeIntervalMilliseconds)
            if let last = lastHandshakes[host.host], now - last < interval { return false }
            guard lastHandshakes.count < Self.rememberedMax,
                hosts[host, default: 0] < limits.connectionsPerHostMax,
                subnets[host.subnet, default: 0] < limits.connectionsPerSubnetMax
            else { return false }
            lastHandshakes[host.host] = now
            hosts[host, default: 0] += 1
            subnets[host.subnet, default: 0] += 1
        }
        pendingHandshakes += 1
        return true
    }

    /// Takes back the part of `admit` that ends with the handshake.
    mutating func finishHandshake() {
        pendingHandshakes -= 1
        precondition(pendingHandshakes >= 0, "a handshake ends once")
    }

    /// Takes back the part of `admit` that lasts as long as the connection.
    mutating func leave(from host: HostKey?) {
        guard let host else { return }
        Self.decrement(&hosts, host)
        Self.decrement(&subnets, host.subnet)
    }

    private static func decrement<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key) {
        let count = counts[key, default: 0] - 1
        precondition(count >= 0, "an address leaves as often as it came")
        counts[key] = count == 0 ? nil : count
    }

    // MARK: Slots

    /// Decides whether an identified peer gets the slot.
    ///
    /// Of two connections to one peer, the one that the smaller key began stays; both sides know
    /// the keys and so decide alike. Of two that the same side began, that side keeps the first
    /// (it refuses its own second before the other side learns of it), so that for the other side
    /// a second one means that the first is dead.
    mutating func claim(
        _ peer: PeerID, connection: ConnectionID, isOutbound: Bool, at now: NIODeadline
    ) -> Verdict {
        guard peer != ownID else { return .refused(.ownKey) }
        guard !isBanned(peer, at: now) else { return .refused(.banned) }
        let claim = Claim(connection: connection, isOutbound: isOutbound)
        guard let slot = slots[peer] else {
            guard reserved.contains(peer) || hasFreeSlot(isOutbound: isOutbound) else {
                return .refused(.noFreeSlot)
            }
            slots[peer] = Slot(current: claim)
            return .admitted
        }
        let rival = slot.successor ?? slot.current
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

    private func hasFreeSlot(isOutbound: Bool) -> Bool {
        var used = 0
        for (peer, slot) in slots
        where slot.current.isOutbound == isOutbound && !reserved.contains(peer) {
            used += 1
        }
        return used < (isOutbound ? limits.outboundPeersMax : limits.inboundPeersMax)
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
        let interval = TimeAmount.milliseconds(limits.handshakeIntervalMilliseconds)
        lastHandshakes = lastHandshakes.filter { now - $0.value < interval }
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

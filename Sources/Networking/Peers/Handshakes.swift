import NIOCore

/// The handshakes that others began and have not finished, and which hosts began one just before.
///
/// Nothing here is ever full for good: where a bound is reached, the oldest goes. Of the handshakes
/// under way it is the oldest of the subnet that has most of them, so that whoever holds many
/// places from few networks pushes out itself.
struct Handshakes: Sendable {
    private struct Pending {
        let connection: ConnectionID
        let host: HostKey?
        var subnet: [UInt8] { host?.subnet ?? [] }
    }

    /// How many hosts are remembered by their last handshake.
    static let rememberedMax = 4_096

    /// In the order in which they began.
    private var pending: [Pending] = []
    private var lastOf: [[UInt8]: NIODeadline] = [:]
    /// The hosts of `lastOf` in the order of time, and some that it has no more or has newer.
    private var recent = CircularBuffer<(host: [UInt8], at: NIODeadline)>()

    var count: Int { pending.count }

    /// How many hosts are remembered.
    var rememberedHosts: Int { lastOf.count }

    /// - Parameter known: hosts whose handshakes strangers do not push out.
    mutating func begin(
        _ connection: ConnectionID, from host: HostKey?, known: @autoclosure () -> Set<[UInt8]>,
        limits: NetworkLimits, at now: NIODeadline
    ) -> PeerTable.Admission {
        if let host {
            forget(before: now - .milliseconds(limits.handshakeIntervalMilliseconds))
            guard lastOf[host.host] == nil else { return .refused }
        }
        let closing: Int?
        switch loser(to: host, known: known(), limits: limits) {
        case .none: closing = nil
        case .handshake(let index): closing = index
        case .newcomer: return .refused
        }
        if let host { remember(host.host, at: now) }
        let closed = closing.map { pending.remove(at: $0).connection }
        pending.append(Pending(connection: connection, host: host))
        return .admitted(closing: closed)
    }

    /// Whether it is under way, and nobody has pushed it out.
    func contains(_ connection: ConnectionID) -> Bool {
        pending.contains { $0.connection == connection }
    }

    mutating func end(_ connection: ConnectionID) {
        pending.removeAll { $0.connection == connection }
    }

    /// The host may begin another one at once.
    mutating func forgive(_ host: HostKey) {
        lastOf[host.host] = nil
    }

    // MARK: Room

    private enum Loser {
        case none
        case handshake(Int)
        case newcomer
    }

    private func loser(
        to host: HostKey?, known: @autoclosure () -> Set<[UInt8]>, limits: NetworkLimits
    ) -> Loser {
        if let host {
            let ofHost = pending.indices.filter { pending[$0].host?.host == host.host }
            if ofHost.count >= limits.connectionsPerHostMax { return .handshake(ofHost[0]) }
        }
        guard pending.count >= limits.pendingHandshakesMax else { return .none }
        let known = known()
        let isKnown = { (host: HostKey?) in host.map { known.contains($0.host) } ?? false }
        let strangers = pending.indices.filter { !isKnown(pending[$0].host) }
        if !strangers.isEmpty { return .handshake(oldestOfMost(strangers, and: host)) }
        guard isKnown(host) else { return .newcomer }
        return .handshake(oldestOfMost(Array(pending.indices), and: host))
    }

    /// The first of those of the subnet that has most, the newcomer among them; of subnets with as
    /// many, the oldest.
    private func oldestOfMost(_ indices: [Int], and newcomer: HostKey?) -> Int {
        precondition(!indices.isEmpty, "somebody is to go")
        var firsts: [[UInt8]: Int] = [:]
        var counts: [[UInt8]: Int] = [newcomer?.subnet ?? []: 1]
        for index in indices {
            let subnet = pending[index].subnet
            counts[subnet, default: 0] += 1
            if firsts[subnet] == nil { firsts[subnet] = index }
        }
        var most = indices[0]
        for index in indices where firsts[pending[index].subnet] == index {
            let count = counts[pending[index].subnet, default: 0]
            if count > counts[pending[most].subnet, default: 0] { most = index }
        }
        return most
    }

    // MARK: Hosts

    private mutating func remember(_ host: [UInt8], at now: NIODeadline) {
        while recent.count >= Self.rememberedMax { forgetFirst() }
        lastOf[host] = now
        recent.append((host, now))
    }

    private mutating func forget(before deadline: NIODeadline) {
        while let first = recent.first, first.at <= deadline { forgetFirst() }
    }

    private mutating func forgetFirst() {
        let (host, time) = recent.removeFirst()
        // It may have been forgiven, and have come again.
        if lastOf[host] == time { lastOf[host] = nil }
    }
}

import NIOCore

/// When a silent peer is asked, and when it is given up.
struct Keepalive: Sendable {
    enum Action: Equatable {
        case none
        case ping(UInt64)
        case giveUp
    }

    private let pingAfter: TimeAmount
    private let deadAfter: TimeAmount
    private var lastReceived: NIODeadline
    private var lastPing: NIODeadline
    private var token: UInt64 = 0

    init(pingAfter: TimeAmount, deadAfter: TimeAmount, now: NIODeadline) {
        self.pingAfter = pingAfter
        self.deadAfter = deadAfter
        lastReceived = now
        lastPing = now
    }

    /// Any frame that opens shows that the peer lives.
    mutating func received(at now: NIODeadline) {
        lastReceived = now
    }

    mutating func tick(at now: NIODeadline) -> Action {
        if now - lastReceived >= deadAfter { return .giveUp }
        guard now - lastReceived >= pingAfter, now - lastPing >= pingAfter else { return .none }
        return .ping(nextPing(at: now))
    }

    mutating func nextPing(at now: NIODeadline) -> UInt64 {
        lastPing = now
        token &+= 1
        return token
    }
}

import NIOCore

/// Whom to call, and when to call again.
struct DialPlan: Sendable {
    /// One try to reach one target. The number tells it from earlier tries.
    struct Attempt: Hashable, Sendable {
        let target: Int
        let number: UInt64
    }

    enum Outcome: Equatable, Sendable {
        case established(lasted: TimeAmount)
        /// There is another connection to the peer, which both sides prefer.
        case duplicate
        case failed
        /// The address is this node's own.
        case ownAddress
    }

    private enum State: Equatable {
        case waiting(until: NIODeadline)
        case attempting(UInt64)
        case never
    }

    private struct Target {
        var address: PeerAddress
        /// Who answered there last, where the configuration does not say.
        var lastID: PeerID?
        var failures = 0
        var state: State
        var complaint: String?
        var id: PeerID? { address.id ?? lastID }
    }

    /// A connection that lasts less is as good as none.
    static let settled = TimeAmount.seconds(10)

    private let limits: NetworkLimits
    private var targets: [Target]
    private var attempts: UInt64 = 0

    init(addresses: [PeerAddress], limits: NetworkLimits, at now: NIODeadline) {
        self.limits = limits
        targets = addresses.map { Target(address: $0, state: .waiting(until: now)) }
    }

    /// Adds a target unless it is there.
    mutating func add(_ address: PeerAddress, at now: NIODeadline) {
        guard !targets.contains(where: { $0.address == address }) else { return }
        targets.append(Target(address: address, state: .waiting(until: now)))
    }

    func address(of attempt: Attempt) -> PeerAddress { targets[attempt.target].address }

    /// Begins the attempts that are due; targets that are connected or banned need none.
    mutating func due(
        at now: NIODeadline, isExcused: (PeerID) -> Bool
    ) -> [(Attempt, PeerAddress)] {
        var due: [(Attempt, PeerAddress)] = []
        for index in targets.indices {
            guard case .waiting(let until) = targets[index].state, until <= now else { continue }
            if let id = targets[index].id, isExcused(id) { continue }
            attempts += 1
            targets[index].state = .attempting(attempts)
            due.append((Attempt(target: index, number: attempts), targets[index].address))
        }
        return due
    }

    mutating func identified(_ attempt: Attempt, as id: PeerID) {
        targets[attempt.target].lastID = id
    }

    /// Notes the end of an attempt. Only the first report of an attempt counts.
    ///
    /// - Parameter jitter: −200...200 thousandths of the delay.
    mutating func ended(
        _ attempt: Attempt, _ outcome: Outcome, isReserved: Bool, jitter: Int64,
        at now: NIODeadline
    ) {
        let index = attempt.target
        guard targets[index].state == .attempting(attempt.number) else { return }
        switch outcome {
        case .established(let lasted):
            targets[index].failures = lasted >= Self.settled ? 1 : targets[index].failures + 1
        case .failed: targets[index].failures += 1
        case .duplicate: targets[index].failures = max(1, targets[index].failures)
        case .ownAddress:
            targets[index].state = .never
            return
        }
        let delay = delayMilliseconds(
            failures: targets[index].failures, isReserved: isReserved)
        targets[index].state = .waiting(
            until: now + .milliseconds(delay + delay * jitter / 1_000))
    }

    /// A peer was lost that was connected in another way: call it soon.
    mutating func hurry(_ peer: PeerID, at now: NIODeadline) {
        let soon = now + .milliseconds(limits.firstRetryMilliseconds)
        for index in targets.indices where targets[index].id == peer {
            guard case .waiting(let until) = targets[index].state, until > soon else { continue }
            targets[index].state = .waiting(until: soon)
            targets[index].failures = 0
        }
    }

    /// Whether the trouble with a target is news: the same line is not logged at every retry.
    mutating func isNews(_ complaint: String?, about attempt: Attempt) -> Bool {
        defer { targets[attempt.target].complaint = complaint }
        return targets[attempt.target].complaint != complaint
    }

    /// Quick at first, then 1 s · 2^k up to the limit.
    func delayMilliseconds(failures: Int, isReserved: Bool) -> Int64 {
        guard failures > 1 else { return limits.firstRetryMilliseconds }
        let doublings = min(failures - 2, 20)
        let most = isReserved ? limits.retryReservedMillisecondsMax : limits.retryMillisecondsMax
        return min(limits.retryMilliseconds << Int64(doublings), most)
    }
}

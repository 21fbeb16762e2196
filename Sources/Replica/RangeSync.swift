import Chain
import Consensus
import Cryptography

/// Getting final blocks by ranges, one after the other, up to a head that is proven final.
///
/// What a peer claims about its height is never believed: only a verified finalization starts this,
/// and each range proves itself by the finalization that comes with it. So any peer may serve one,
/// with or without a seat.
struct RangeSync: Sendable {
    /// Legal next: `asking` (a target), back to `idle` (target reached, or nobody has it).
    enum State: Sendable {
        case idle
        /// Legal next: `working` (a range came), `asking` (the next peer), `idle`.
        case asking(target: FinalizedHead, peer: PublicKey, failures: Int)
        /// The range is being checked, executed and committed. Legal next: `asking`, `idle`.
        case working(target: FinalizedHead, peer: PublicKey, failures: Int)
    }

    /// How long a peer has for one range (network.md 6.6).
    static let timeoutMilliseconds: UInt64 = 5_000

    private(set) var state = State.idle

    var isActive: Bool {
        switch state {
        case .idle: false
        case .asking, .working: true
        }
    }

    var target: FinalizedHead? {
        switch state {
        case .idle: nil
        case .asking(let target, _, _), .working(let target, _, _): target
        }
    }

    /// Whom the outstanding request went to.
    var askedPeer: PublicKey? {
        switch state {
        case .asking(_, let peer, _): peer
        case .idle, .working: nil
        }
    }

    /// Whose range is awaited or at work.
    var servingPeer: PublicKey? {
        switch state {
        case .idle: nil
        case .asking(_, let peer, _), .working(_, let peer, _): peer
        }
    }

    mutating func start(target: FinalizedHead, peer: PublicKey) {
        switch state {
        case .idle:
            state = .asking(target: target, peer: peer, failures: 0)
        case .asking(_, let peer, let failures):
            state = .asking(target: target, peer: peer, failures: failures)
        case .working(_, let peer, let failures):
            state = .working(target: target, peer: peer, failures: failures)
        }
    }

    mutating func beginWork() {
        guard case .asking(let target, let peer, let failures) = state else { return }
        state = .working(target: target, peer: peer, failures: failures)
    }

    /// A range is committed; asks the same peer for the next one.
    mutating func advance() {
        guard let target, case .working(_, let peer, _) = state else { return }
        state = .asking(target: target, peer: peer, failures: 0)
    }

    /// The peer failed; goes on with the next of `peers`, or gives up after each had its turn.
    /// Returns whether it goes on.
    mutating func failed(nextOf peers: [PublicKey]) -> Bool {
        let (target, peer, failures): (FinalizedHead, PublicKey, Int)
        switch state {
        case .idle: return false
        case .asking(let a, let b, let c), .working(let a, let b, let c):
            (target, peer, failures) = (a, b, c)
        }
        guard !peers.isEmpty, failures < peers.count else {
            state = .idle
            return false
        }
        let place = peers.firstIndex(of: peer).map { $0 + 1 } ?? failures
        let next = peers[place % peers.count]
        state = .asking(target: target, peer: next, failures: failures + 1)
        return true
    }

    mutating func finish() {
        state = .idle
    }
}

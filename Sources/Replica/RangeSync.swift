import Chain
import Consensus
import Cryptography
import OrderedCollections

/// Getting final blocks by ranges, one after the other, up to a head that is proven final.
///
/// What a peer claims about its height is never believed: only a verified finalization starts this,
/// and each range proves itself by the finalization that comes with it. So any peer may serve one,
/// with or without a seat.
///
/// Whoever serves well goes on serving. Who is silent, slow or sends less than was asked for
/// without need gets a strike, and the next range is asked of the one with the fewest: a peer that
/// sends one block in each five seconds costs those five seconds once, and not for every range.
struct RangeSync: Sendable {
    /// A question, and when it was asked.
    struct Question: Sendable {
        let request: RangeRequest
        let time: Instant
    }

    /// Legal next: `asking` (a target), back to `idle` (target reached, or nobody has it).
    enum State: Sendable {
        case idle
        /// Whom to ask. Legal next: `working` (a range came), `asking` (the next peer), `idle`.
        case asking(target: FinalizedHead, peer: PublicKey, Question?)
        /// The range is being checked, executed and committed. Legal next: `asking`, `idle`.
        case working(target: FinalizedHead, peer: PublicKey)
    }

    /// How long a peer has for one range (network.md 6.6).
    static let timeoutMilliseconds: UInt64 = 5_000
    /// The least that a server must send (network.md 6.6).
    static let bytesPerSecondMin: UInt64 = 128 * 1024
    /// What a range takes before its first byte comes: the way there and back, and the reading. It
    /// keeps a far peer that has only small blocks above the minimum rate.
    static let latencyMilliseconds: UInt64 = 500
    /// Servers stop before a range is full when the next block might not fit, so that less than
    /// this is sent by who has no more, or does not want to.
    static let fullBytesMin = Limits.rangeBytesMax / 2
    /// The peers whose strikes are remembered.
    static let strikesMax = 256

    private(set) var state = State.idle
    /// How often in a row a peer served badly. It outlives a sync, so that nobody is met anew.
    private var strikes: OrderedDictionary<PublicKey, Int> = [:]
    /// Who had its turn since the last range that was taken.
    private var tried: [PublicKey] = []

    var isActive: Bool {
        switch state {
        case .idle: false
        case .asking, .working: true
        }
    }

    var target: FinalizedHead? {
        switch state {
        case .idle: nil
        case .asking(let target, _, _), .working(let target, _): target
        }
    }

    /// Whom the outstanding request went to, or is to go.
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
        case .asking(_, let peer, _), .working(_, let peer): peer
        }
    }

    /// - Parameters:
    ///   - peer: who is asked first, unless it served badly and another of `peers` did not.
    mutating func start(target: FinalizedHead, peer: PublicKey, of peers: [PublicKey]) {
        switch state {
        case .idle:
            tried = []
            let first = count(of: peer) == 0 ? peer : best(of: peers, after: peer) ?? peer
            state = .asking(target: target, peer: first, nil)
        case .asking(_, let peer, let question):
            state = .asking(target: target, peer: peer, question)
        case .working(_, let peer):
            state = .working(target: target, peer: peer)
        }
    }

    /// The question leaves now.
    mutating func asked(_ request: RangeRequest, at now: Instant) {
        guard case .asking(let target, let peer, _) = state else { return }
        state = .asking(target: target, peer: peer, Question(request: request, time: now))
    }

    /// Whether blocks of so many bytes are what an honest server sends: all that was asked for or
    /// about as much as a range holds, in time (network.md 6.6).
    private func isGood(_ question: Question, blocks: Int, bytes: Int, at now: Instant) -> Bool {
        let wanted = question.request.last.value - question.request.first.value + 1
        guard UInt64(blocks) >= wanted || bytes >= RangeSync.fullBytesMin else { return false }
        let allowed =
            RangeSync.latencyMilliseconds
            + UInt64(bytes) * 1_000 / RangeSync.bytesPerSecondMin
        return now <= question.time.advanced(byMilliseconds: allowed)
    }

    /// An answer came that may be right; it is judged by its size and its time.
    mutating func beginWork(blocks: Int, bytes: Int, at now: Instant) {
        guard case .asking(let target, let peer, let question?) = state else { return }
        if isGood(question, blocks: blocks, bytes: bytes, at: now) {
            strikes[peer] = nil
        } else {
            strike(peer)
        }
        state = .working(target: target, peer: peer)
    }

    /// A range is committed; who served it well is asked for the next one, or who does better.
    mutating func advance(of peers: [PublicKey]) {
        guard case .working(let target, let peer) = state else { return }
        tried = []
        let isGood = count(of: peer) == 0 && peers.contains(peer)
        let next = isGood ? peer : best(of: peers, after: peer) ?? peer
        state = .asking(target: target, peer: next, nil)
    }

    /// The peer failed; goes on with another of `peers`, or gives up after each had its turn.
    /// Returns whether it goes on.
    mutating func failed(nextOf peers: [PublicKey]) -> Bool {
        let (target, peer): (FinalizedHead, PublicKey)
        switch state {
        case .idle: return false
        case .asking(let a, let b, _), .working(let a, let b): (target, peer) = (a, b)
        }
        strike(peer)
        tried.append(peer)
        guard let next = best(of: peers.filter { !tried.contains($0) }, after: peer, in: peers)
        else {
            state = .idle
            return false
        }
        state = .asking(target: target, peer: next, nil)
        return true
    }

    /// A peer goes by another name, which says nothing of how it serves.
    mutating func rename(_ old: PublicKey, to new: PublicKey) {
        let current = { $0 == old ? new : $0 }
        switch state {
        case .idle: break
        case .asking(let target, let peer, let question):
            state = .asking(target: target, peer: current(peer), question)
        case .working(let target, let peer):
            state = .working(target: target, peer: current(peer))
        }
        tried = tried.map(current)
        if let count = strikes.removeValue(forKey: old) { strikes[new] = count }
    }

    mutating func finish() {
        state = .idle
        tried = []
    }

    // MARK: Strikes

    private func count(of peer: PublicKey) -> Int { strikes[peer] ?? 0 }

    private mutating func strike(_ peer: PublicKey) {
        let count = count(of: peer)
        strikes.removeValue(forKey: peer)
        strikes[peer] = min(count + 1, Int(Int32.max))
        if strikes.count > RangeSync.strikesMax { strikes.removeFirst() }
    }

    /// The candidate with the fewest strikes; of several the next one after `peer` in the order of
    /// `all`, so that they take turns.
    private func best(
        of candidates: [PublicKey], after peer: PublicKey, in all: [PublicKey]? = nil
    ) -> PublicKey? {
        let all = all ?? candidates
        let place = all.firstIndex(of: peer).map { $0 + 1 } ?? 0
        let turns = (all[place...] + all[..<place]).filter(candidates.contains)
        return turns.min { count(of: $0) < count(of: $1) }
    }
}

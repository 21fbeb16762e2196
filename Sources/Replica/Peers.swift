import Chain
import Consensus
import Cryptography
import OrderedCollections

/// What is known of the connected peers, in the order in which they came.
struct Peers: Sendable {
    struct State: Sendable {
        var peer: Peer
        /// The highest epoch that it showed: a claim, by which it is asked and nothing else.
        var epoch = Epoch.zero
        /// The last epoch whose end it was told, and when; and when it was last asked.
        var hinted: (epoch: Epoch, at: Instant)?
        var askedAt: Instant?
        var early = EarlyFrames()
    }

    private var states: OrderedDictionary<PublicKey, State> = [:]
    /// Whose turn it is where anybody will do.
    private var cursor = 0

    var count: Int { states.count }
    var isEmpty: Bool { states.isEmpty }
    var keys: [PublicKey] { Array(states.keys) }

    subscript(key: PublicKey) -> State? { states[key] }

    func contains(_ key: PublicKey) -> Bool { states[key] != nil }

    mutating func insert(_ peer: Peer) {
        states[peer.key] = State(peer: peer)
    }

    mutating func remove(_ key: PublicKey) {
        states.removeValue(forKey: key)
    }

    /// What is known of a peer is known of it by its new name, and what it sent early counts for
    /// the seat that it has by either. Whoever keeps the old name as well keeps that too.
    mutating func rename(_ old: Peer, to new: Peer, remains: Bool) {
        var state = states[old.key] ?? State(peer: new)
        if !remains { states.removeValue(forKey: old.key) }
        state.peer = new
        guard let known = states[new.key] else { return states[new.key] = state }
        states[new.key]?.epoch = max(known.epoch, state.epoch)
        states[new.key]?.early.hold(state.early)
    }

    /// Any connected peer, each in its turn.
    mutating func next() -> PublicKey? {
        guard !states.isEmpty else { return nil }
        cursor = (cursor + 1) % states.count
        return states.elements[cursor].key
    }

    // MARK: Epochs

    mutating func note(_ epoch: Epoch, of key: PublicKey) {
        guard let known = states[key]?.epoch, known < epoch else { return }
        states[key]?.epoch = epoch
    }

    /// The peers that showed an epoch above this one.
    func above(_ epoch: Epoch) -> [PublicKey] {
        states.values.filter { $0.epoch > epoch }.map(\.peer.key)
    }

    /// Whether a peer may be told of an epoch's end now: at most once a second, and at once of each
    /// later epoch, so that whoever was away for many need not wait a second for each.
    mutating func mayHint(_ key: PublicKey, of epoch: Epoch, at now: Instant) -> Bool {
        guard let state = states[key] else { return false }
        if let hinted = state.hinted, epoch <= hinted.epoch, !Peers.isDue(hinted.at, at: now) {
            return false
        }
        states[key]?.hinted = (epoch, now)
        return true
    }

    /// Whether a peer may be asked for an epoch's end now: at most once a second.
    mutating func mayAsk(_ key: PublicKey, at now: Instant) -> Bool {
        guard let state = states[key], Peers.isDue(state.askedAt, at: now) else { return false }
        states[key]?.askedAt = now
        return true
    }

    private static func isDue(_ last: Instant?, at now: Instant) -> Bool {
        guard let last else { return true }
        return last.advanced(byMilliseconds: Timing.replyInterval) <= now
    }

    // MARK: Early frames

    mutating func hold(_ message: PeerMessage, from key: PublicKey, at now: Instant) {
        states[key]?.early.hold(message, at: now)
    }

    /// What nobody took in time goes, also where its sender says nothing more.
    mutating func forgetEarly(at now: Instant) {
        for index in states.values.indices { states.values[index].early.forget(before: now) }
    }

    /// What came early, for the epoch that begins; a new epoch is also a new reason to ask.
    mutating func beginEpoch(at now: Instant) -> [(message: PeerMessage, from: Peer)] {
        var held: [(message: PeerMessage, from: Peer)] = []
        for index in states.values.indices {
            let peer = states.values[index].peer
            held += states.values[index].early.take(at: now).map { ($0, peer) }
            states.values[index].askedAt = nil
        }
        return held
    }
}

/// Messages of the next epoch from one peer that is faster (consensus.md 2.11).
struct EarlyFrames: Sendable {
    static let framesMax = 64
    /// A proposal has a block in it, so that one must do.
    static let proposalsMax = 1
    static let milliseconds: UInt64 = 1_000

    private var frames: [(message: PeerMessage, arrival: Instant)] = []
    private var proposals = 0

    var count: Int { frames.count }

    mutating func hold(_ message: PeerMessage, at now: Instant) {
        forget(before: now)
        guard frames.count < EarlyFrames.framesMax else { return }
        if case .proposal = message {
            guard proposals < EarlyFrames.proposalsMax else { return }
            proposals += 1
        }
        frames.append((message, now))
    }

    /// What came over another connection of the same peer.
    mutating func hold(_ others: EarlyFrames) {
        for frame in others.frames { hold(frame.message, at: frame.arrival) }
    }

    mutating func take(at now: Instant) -> [PeerMessage] {
        forget(before: now)
        defer {
            frames.removeAll()
            proposals = 0
        }
        return frames.map(\.message)
    }

    mutating func forget(before now: Instant) {
        frames.removeAll {
            $0.arrival.advanced(byMilliseconds: EarlyFrames.milliseconds) < now
        }
        proposals = frames.reduce(0) { count, frame in
            if case .proposal = frame.message { count + 1 } else { count }
        }
    }
}

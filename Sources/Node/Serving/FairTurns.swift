import Cryptography

/// Jobs of many peers, one peer after the other: whoever asks much waits for its own questions, and
/// nobody else does.
struct FairTurns<Job: Sendable>: Sendable {
    /// What waits of one peer at most; above it the newest is dropped.
    let perPeerMax: Int

    private var waiting: [PublicKey: [Job]] = [:]
    /// The peers of whom something waits, the next one first.
    private var turns: [PublicKey] = []
    private(set) var count = 0

    init(perPeerMax: Int) {
        self.perPeerMax = perPeerMax
    }

    /// Returns false if too much of this peer waits already.
    mutating func append(_ job: Job, of peer: PublicKey) -> Bool {
        let held = waiting[peer]?.count ?? 0
        guard held < perPeerMax else { return false }
        if held == 0 { turns.append(peer) }
        waiting[peer, default: []].append(job)
        count += 1
        return true
    }

    /// The oldest job of the peer whose turn it is.
    mutating func popFirst() -> Job? {
        guard !turns.isEmpty else { return nil }
        let peer = turns.removeFirst()
        guard let job = waiting[peer]?.removeFirst() else {
            preconditionFailure("a peer that has a turn has a question")
        }
        if waiting[peer]?.isEmpty == true {
            waiting[peer] = nil
        } else {
            turns.append(peer)
        }
        count -= 1
        return job
    }
}

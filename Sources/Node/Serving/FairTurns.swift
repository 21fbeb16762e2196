import Cryptography

/// Jobs of many peers, whoever has had least before the others: whoever asks much waits for its own
/// questions, and nobody else does.
struct FairTurns<Job: Sendable>: Sendable {
    /// What waits of one peer at most; above it the newest is dropped.
    let perPeerMax: Int

    private var waiting: [PublicKey: [Job]] = [:]
    /// The peers of whom something waits, in the order of their last turns.
    private(set) var peers: [PublicKey] = []
    private(set) var count = 0

    init(perPeerMax: Int) {
        self.perPeerMax = perPeerMax
    }

    /// Returns false if too much of this peer waits already.
    mutating func append(_ job: Job, of peer: PublicKey) -> Bool {
        let held = waiting[peer]?.count ?? 0
        guard held < perPeerMax else { return false }
        if held == 0 { peers.append(peer) }
        waiting[peer, default: []].append(job)
        count += 1
        return true
    }

    /// The peer whose turn it is: of those that have had least, the one whose last turn was first.
    func next(by served: ServedBytes) -> (peer: PublicKey, mark: UInt64)? {
        var best: (peer: PublicKey, mark: UInt64)?
        for peer in peers {
            let mark = served.mark(of: peer)
            if mark < best?.mark ?? .max { best = (peer, mark) }
        }
        return best
    }

    /// The oldest job of a peer that has one.
    mutating func pop(of peer: PublicKey) -> Job {
        guard let index = peers.firstIndex(of: peer), let job = waiting[peer]?.removeFirst() else {
            preconditionFailure("a peer that has a turn has a question")
        }
        peers.remove(at: index)
        if waiting[peer]?.isEmpty == true {
            waiting[peer] = nil
        } else {
            peers.append(peer)
        }
        count -= 1
        return job
    }
}

/// How many bytes each peer has had, as far as it says whose turn it is (start-time fair queueing):
/// a peer that comes anew begins where the others are, and saves up nothing while it asks nothing.
struct ServedBytes: Sendable {
    /// Above this, peers that ask nothing are to be forgotten.
    static let rememberedMax = 1_024

    private var marks: [PublicKey: UInt64] = [:]
    /// The mark of the peer that had the last turn.
    private var time: UInt64 = 0

    var rememberedCount: Int { marks.count }

    func mark(of peer: PublicKey) -> UInt64 { marks[peer] ?? time }

    var isCrowded: Bool { marks.count >= Self.rememberedMax }

    /// Nobody waits, and what was served before is of no account any more.
    mutating func restart() {
        self = ServedBytes()
    }

    /// Forgets all but those who wait.
    mutating func keep(_ waiting: Set<PublicKey>) {
        marks = marks.filter { waiting.contains($0.key) }
    }

    /// A peer that had nothing waiting asks.
    mutating func begin(_ peer: PublicKey) {
        marks[peer] = max(marks[peer] ?? 0, time)
    }

    mutating func take(_ peer: PublicKey) {
        time = max(time, mark(of: peer))
    }

    /// - Precondition: all bytes that were ever served fit 64 bits.
    mutating func charge(_ peer: PublicKey, _ bytes: Int) {
        marks[peer] = mark(of: peer) + UInt64(max(0, bytes))
    }
}

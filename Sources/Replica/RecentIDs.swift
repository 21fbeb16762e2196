import Cryptography

/// The next sequences of the lanes that recent blocks have moved.
struct RecentSequences: Sendable {
    private let capacity: Int
    private var young: [Mempool.Lane: UInt64] = [:]
    private var old: [Mempool.Lane: UInt64] = [:]

    /// Remembers at least the last `capacity` lanes and at most twice as many.
    init(capacity: Int) {
        self.capacity = capacity
    }

    subscript(lane: Mempool.Lane) -> UInt64? { young[lane] ?? old[lane] }

    mutating func raise(_ lane: Mempool.Lane, to sequence: UInt64) {
        young[lane] = max(self[lane] ?? 0, sequence)
        guard young.count >= capacity else { return }
        old = young
        young = [:]
    }
}

/// The last ids that were included, oldest forgotten first.
struct RecentIDs: Sendable {
    private let capacity: Int
    private var ring: [Digest] = []
    private var oldest = 0
    private var members: Set<Digest> = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    func contains(_ id: Digest) -> Bool { members.contains(id) }

    mutating func insert(_ id: Digest) {
        guard members.insert(id).inserted else { return }
        guard ring.count >= capacity else {
            ring.append(id)
            return
        }
        members.remove(ring[oldest])
        ring[oldest] = id
        oldest = (oldest + 1) % capacity
    }
}

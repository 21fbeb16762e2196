import Chain
import Cryptography

/// The order in which a node asks or tells "random" peers: a permutation of the others, fixed by
/// the instance and the own index, and walked on with each use (2.10).
struct PeerOrder: Sendable {
    private let peers: [UInt16]
    private var position = 0

    init(instance: Digest, own: UInt16?, count: Int) {
        var hasher = TaggedHasher(.shuffle)
        hasher.update(instance)
        hasher.update(own ?? .max)
        let order = LeaderSchedule.shuffle(round: 0, seed: hasher.finalize(), count: count)
        peers = order.filter { $0 != own }
    }

    /// The next `count` peers, at most all.
    mutating func next(_ count: Int) -> [UInt16] {
        guard !peers.isEmpty else { return [] }
        let taken = (0..<min(count, peers.count)).map { peers[(position + $0) % peers.count] }
        position = (position + taken.count) % peers.count
        return taken
    }
}

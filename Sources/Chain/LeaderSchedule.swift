import Cryptography

/// Who leads a view (consensus.md 3): each validator leads exactly one view in each round of n
/// views; the order is shuffled anew every round from the epoch's seed. Power decides votes, not
/// the number of slots.
public struct LeaderSchedule: Sendable {
    private let seed: Digest
    private let count: Int
    /// The orders of the last two rounds that were asked for.
    private var cached: [(round: UInt64, order: [UInt16])] = []

    /// - Parameter count: how many validators there are, at least one.
    public init(seed: Digest, count: Int) {
        precondition(count >= 1, "a set has a validator")
        precondition(count <= Limits.validatorsMax, "an index fits its bound")
        self.seed = seed
        self.count = count
    }

    /// The index of the view's leader; view 0 has none and gives that of view 1.
    public mutating func leader(of view: View) -> UInt16 {
        let slot = view.lowered(by: 1).value
        switch count {
        case 1: return 0
        case 2:
            let bit = seed.words.w0 & 1
            return UInt16((view.value & 1) ^ bit)
        default:
            let round = slot / UInt64(count)
            return order(of: round)[Int(slot % UInt64(count))]
        }
    }

    private mutating func order(of round: UInt64) -> [UInt16] {
        if let known = cached.first(where: { $0.round == round }) {
            return known.order
        }
        let order = LeaderSchedule.order(of: round, seed: seed, count: count)
        if cached.count == 2 {
            cached.removeFirst()
        }
        cached.append((round, order))
        return order
    }

    /// The order of a round of three validators or more. Where the same validator would lead the
    /// last view of a round and the first of the next, the first two of the next change places.
    public static func order(of round: UInt64, seed: Digest, count: Int) -> [UInt16] {
        var order = shuffle(round: round, seed: seed, count: count)
        guard count >= 3, round > 0 else { return order }
        let previous = shuffle(round: round - 1, seed: seed, count: count)
        if order[0] == previous[count - 1] {
            order.swapAt(0, 1)
        }
        return order
    }

    /// Fisher–Yates over the words of `H("alt.shuffle.v1", seed ‖ round ‖ counter)`; words that
    /// would favour small indices are skipped.
    public static func shuffle(round: UInt64, seed: Digest, count: Int) -> [UInt16] {
        var order = (0..<count).map { UInt16($0) }
        var words = ShuffleWords(seed: seed, round: round)
        for index in stride(from: count - 1, to: 0, by: -1) {
            let bound = UInt64(index + 1)
            // 2^64 mod bound: the words below `0 − that` are a multiple of bound many.
            let excess = (0 &- bound) % bound
            var word = words.next()
            while excess != 0 && word >= 0 &- excess {
                word = words.next()
            }
            order.swapAt(index, Int(word % bound))
        }
        return order
    }
}

/// The words of a shuffle's stream, four from each digest.
private struct ShuffleWords {
    let seed: Digest
    let round: UInt64
    var counter: UInt64 = 0
    var waiting: [UInt64] = []

    init(seed: Digest, round: UInt64) {
        self.seed = seed
        self.round = round
    }

    mutating func next() -> UInt64 {
        if waiting.isEmpty {
            var hasher = TaggedHasher(.shuffle)
            hasher.update(seed)
            hasher.update(round)
            hasher.update(counter)
            counter += 1
            let words = hasher.finalize().words
            waiting = [words.w3, words.w2, words.w1, words.w0]
        }
        return waiting.removeLast()
    }
}

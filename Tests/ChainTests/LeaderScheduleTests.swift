import Chain
import Cryptography
import Testing

@Suite struct LeaderScheduleTests {
    static let seed = Digest(.seed, [7])

    func leaders(_ count: Int, rounds: Int, seed: Digest = seed) -> [[UInt16]] {
        var schedule = LeaderSchedule(seed: seed, count: count)
        return (0..<rounds).map { round in
            (1...count).map { schedule.leader(of: View(UInt64(round * count + $0))) }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 7, 21, 100, 256])
    func `each validator leads once in each round`(count: Int) {
        for round in leaders(count, rounds: 6) {
            #expect(round.sorted() == (0..<count).map { UInt16($0) })
        }
    }

    @Test(arguments: [3, 4, 5, 21])
    func `nobody leads twice in a row from three validators on`(count: Int) {
        let all = leaders(count, rounds: 200).flatMap { $0 }
        for (a, b) in zip(all, all.dropFirst()) {
            #expect(a != b)
        }
    }

    @Test func `one validator always leads, and two alternate`() {
        #expect(leaders(1, rounds: 5).flatMap { $0 } == [0, 0, 0, 0, 0])
        let pair = leaders(2, rounds: 3).flatMap { $0 }
        #expect(pair == [0, 1, 0, 1, 0, 1] || pair == [1, 0, 1, 0, 1, 0])
        let bit = UInt16(Self.seed.bytes[0] & 1)
        #expect(pair[0] == 1 ^ bit)
    }

    @Test func `the seed decides the order`() {
        let other = Digest(.seed, [8])
        #expect(leaders(21, rounds: 1) != leaders(21, rounds: 1, seed: other))
    }

    @Test func `views may be asked for in any order`() {
        var schedule = LeaderSchedule(seed: Self.seed, count: 7)
        let forward = (1...70).map { schedule.leader(of: View($0)) }
        let backward = (1...70).reversed().map { schedule.leader(of: View($0)) }
        #expect(forward == backward.reversed())
        #expect(schedule.leader(of: View(.max)) < 7)
        #expect(schedule.leader(of: View(0)) == forward[0])
    }

    /// The shuffle of consensus.md 3, written again from the text.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `an order is the Fisher-Yates shuffle of the text`(round: UInt64) {
        func shuffle(_ round: UInt64) -> [UInt16] {
            var words: [UInt64] = []
            var counter: UInt64 = 0
            var order: [UInt16] = [0, 1, 2, 3, 4]
            for i in stride(from: 4, through: 1, by: -1) {
                while true {
                    if words.isEmpty {
                        var bytes = Self.seed.bytes
                        for value in [round, counter] {
                            bytes += (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
                        }
                        counter += 1
                        let digest = Digest(.shuffle, bytes).bytes
                        words = (0..<4).map { word in
                            (0..<8).reduce(0) { $0 | UInt64(digest[8 * word + $1]) << (8 * $1) }
                        }
                    }
                    let word = words.removeFirst()
                    let bound = UInt64(i + 1)
                    // 2^64 = quotient · bound + rest.
                    let rest = (UInt64.max % bound + 1) % bound
                    if rest != 0, word > UInt64.max - rest { continue }
                    order.swapAt(i, Int(word % bound))
                    break
                }
            }
            return order
        }
        var expected = shuffle(round)
        if round > 0, expected[0] == shuffle(round - 1)[4] { expected.swapAt(0, 1) }
        #expect(LeaderSchedule.order(of: round, seed: Self.seed, count: 5) == expected)
    }
}

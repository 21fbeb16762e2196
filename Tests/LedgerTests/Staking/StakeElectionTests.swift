import Chain
import Cryptography
import Testing

@testable import Ledger

@Suite("StakeElection")
struct StakeElectionTests {
    /// A small generator, so that each case can be repeated.
    private struct Random {
        var state: UInt64
        mutating func below(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
    }

    private static func contender(
        _ number: UInt8, total: UInt64, own: UInt64? = nil,
        standing: Contender.Standing = .eligible, isMember: Bool = false,
        key: PublicKey? = nil
    ) -> Contender {
        let bytes = [UInt8](repeating: number, count: 32)
        return Contender(
            operatorAddress: Address(bytes), consensusKey: key ?? PublicKey(bytes), total: total,
            own: own ?? total, standing: standing, isMember: isMember)
    }

    private static func names(_ seats: [Validator]) -> [UInt8] {
        seats.map { $0.key.bytes[0] }.sorted()
    }

    // MARK: The cap

    @Test(
        arguments: [
            ([1, 1, 1, 1], [1, 1, 1, 1]),
            ([100, 1, 1, 1], [1, 1, 1, 1]),
            ([100, 100, 100, 100], [100, 100, 100, 100]),
            // 32.5 % of four: the first may have 3,250/6,750 of what the others have together.
            ([1_000, 300, 300, 300], [433, 300, 300, 300]),
            ([7], [7]),
            // Two may have 65 % each.
            ([1_000, 100], [185, 100]),
        ] as [([UInt64], [UInt64])])
    func `capped powers at worked values`(weights: [UInt64], powers: [UInt64]) {
        #expect(StakeElection.cappedPowers(weights) == powers)
    }

    @Test func `no validator of four or more reaches a third of the power`() {
        var random = Random(state: 7)
        for _ in 0..<20_000 {
            let count = 4 + Int(random.below(40))
            let top = UInt64(1) << random.below(40)
            let weights = (0..<count).map { _ in 1 + random.below(top) }.sorted(by: >)
            let powers = StakeElection.cappedPowers(weights)
            let sum = powers.reduce(0, +)
            #expect(3 * (powers.max() ?? 0) < sum, "\(weights)")
            #expect(zip(powers, weights).allSatisfy { $0 <= $1 && $0 >= 1 })
            #expect(powers == powers.sorted(by: >))
        }
    }

    @Test func `the level is the greatest that keeps the share, less what rounding takes`() {
        var random = Random(state: 11)
        for _ in 0..<2_000 {
            let count = 4 + Int(random.below(9))
            let weights = (0..<count).map { _ in 1_000_000 + random.below(1_000_000_000) }
                .sorted(by: >)
            let powers = StakeElection.cappedPowers(weights)
            let share = max(1_000, 13_000 / UInt64(count))
            let sum = powers.reduce(0, +)
            // Nobody is above its share by more than what was rounded away below it.
            #expect(powers[0] * 10_000 <= share * (sum + UInt64(count)))
            if powers != weights {
                // Somebody was cut: then the highest stands at the share, within rounding.
                #expect((powers[0] + 2) * 10_000 >= share * sum)
            }
        }
    }

    // MARK: Who sits

    @Test func `at equal weight the smaller address sits, member or not`() {
        let seats = StakeElection.elect(
            [
                Self.contender(1, total: 10), Self.contender(2, total: 10, isMember: true),
                Self.contender(3, total: 10, isMember: true),
                Self.contender(4, total: 10, isMember: true),
                Self.contender(5, total: 10, isMember: true),
            ], minimum: 4, maximum: 4)
        #expect(Self.names(seats) == [1, 2, 3, 4])
    }

    @Test func `own stake bounds the weight at twenty times`() {
        #expect(Self.contender(1, total: 1_000, own: 10).weight == 200)
        #expect(Self.contender(1, total: 1_000, own: .max).weight == 1_000)
        #expect(Self.contender(1, total: 1_000, own: 0).weight == 0)
    }

    @Test func `the joiners of one election stay below a third unless there is no other way`() {
        var random = Random(state: 3)
        for _ in 0..<5_000 {
            let count = 1 + Int(random.below(30))
            let maximum = 1 + Int(random.below(20))
            let minimum = 1 + Int(random.below(UInt64(min(4, maximum))))
            var contenders = (0..<count).map { number in
                Self.contender(
                    UInt8(number + 1), total: random.below(1_000), own: random.below(100),
                    standing: random.below(5) == 0 ? .leaving : .eligible,
                    isMember: random.below(2) == 0)
            }
            contenders.append(Self.contender(200, total: 5, isMember: true))
            let seats = StakeElection.elect(contenders, minimum: minimum, maximum: maximum)
            #expect(!seats.isEmpty && seats.count <= max(minimum, maximum))
            #expect(
                seats
                    == StakeElection.elect(
                        contenders.reversed(), minimum: minimum, maximum: maximum))
            let members = Set(contenders.filter(\.isMember).map(\.consensusKey))
            let joiners = seats.filter { !members.contains($0.key) }
            let power = seats.reduce(0) { $0 + $1.power }
            let new = joiners.reduce(0) { $0 + $1.power }
            #expect(joiners.count <= 1 || 3 * new < power || seats.count <= minimum)
        }
    }

    @Test func `sums beyond 2^60 are scaled down, and the set is valid`() throws {
        let contenders = (1...6).map {
            Self.contender(
                UInt8($0), total: .max / 2, isMember: true,
                key: SigningKey(seed: [UInt8](repeating: UInt8($0), count: 32)).publicKey)
        }
        let seats = StakeElection.elect(contenders, minimum: 4, maximum: 21)
        #expect(seats.count == 6)
        #expect(throws: Never.self) { try ValidatorSet(seats) }
    }

    @Test func `with all but one leaving, gaps are filled with the jailed first`() {
        let seats = StakeElection.elect(
            [
                Self.contender(1, total: 10, isMember: true),
                Self.contender(2, total: 50, standing: .leaving, isMember: true),
                Self.contender(3, total: 0, standing: .jailedForDowntime, isMember: true),
                Self.contender(4, total: 99, standing: .barred, isMember: true),
                Self.contender(5, total: 99, standing: .jailedForDowntime),
            ], minimum: 3, maximum: 21)
        #expect(Self.names(seats) == [1, 2, 3])
    }

    @Test func `one validator becomes two, and a schedule can shrink (Antelope)`() {
        let two = StakeElection.elect(
            [Self.contender(1, total: 1, isMember: true), Self.contender(2, total: 1_000)],
            minimum: 1, maximum: 21)
        #expect(Self.names(two) == [1, 2])
        let one = StakeElection.elect(
            [
                Self.contender(1, total: 1, standing: .leaving, isMember: true),
                Self.contender(2, total: 1_000, isMember: true),
            ], minimum: 1, maximum: 21)
        #expect(Self.names(one) == [2])
    }
}

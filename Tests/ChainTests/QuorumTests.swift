import Chain
import Cryptography
import Testing

/// S26: the two predicates over power are exact at one third and two thirds.
@Suite struct QuorumTests {
    private static let keys: [PublicKey] = (0..<4).map { index in
        SigningKey(seed: [UInt8](repeating: UInt8(31 + index), count: 32)).publicKey
    }

    private func set(_ powers: [UInt64]) throws -> ValidatorSet {
        try ValidatorSet(
            zip(QuorumTests.keys, powers).map { Validator(key: $0, power: $1) })
    }

    /// p/W as a rational against 2/3 and 1/3, in 128 bits.
    private func check(_ power: UInt64, _ set: ValidatorSet) {
        let p = UInt128(power)
        let whole = UInt128(set.totalPower)
        // p/W > 2/3, that is p > ⌊2W/3⌋; p/W ≥ 1/3, that is p ≥ ⌈W/3⌉.
        #expect(set.isQuorum(power) == (p > whole * 2 / 3))
        #expect(set.hasOneHonest(power) == (p >= (whole + 2) / 3))
        // No quorum without it: what is left is a quorum if and only if it is below a third.
        #expect(set.isQuorum(set.totalPower - power) == !set.hasOneHonest(power))
    }

    @Test func `S26 every part of every whole up to 120`() throws {
        for whole in 1...120 as ClosedRange<UInt64> {
            let set = try set([whole])
            for power in 0...whole { check(power, set) }
        }
    }

    @Test func `S26 exactly one third and two thirds, and one unit beside`() throws {
        let largest = Limits.totalPowerMax
        let wholes = [
            1, 2, 3, 4, 5, 6, 7, 99, 100, 101, 1 << 32, largest - 2, largest - 1, largest,
        ]
        for whole in wholes {
            let set = try set([whole])
            for third in [whole / 3, whole / 3 * 2, whole * 2 / 3] {
                for power in [third.subtractingClamped(1), third, min(third + 1, whole)] {
                    check(power, set)
                }
            }
            check(0, set)
            check(whole, set)
        }
        let thirds = try set([1 << 58, 1 << 58, 1 << 58])
        #expect(!thirds.isQuorum(2 << 58))
        #expect(thirds.isQuorum((2 << 58) + 1))
        #expect(thirds.hasOneHonest(1 << 58))
        #expect(!thirds.hasOneHonest((1 << 58) - 1))
    }

    @Test func `S26 random powers of four validators`() throws {
        var random = SplitMix(state: 26)
        for _ in 0..<2_000 {
            let powers = (0..<4).map { _ in
                max(1, UInt64.random(in: 0...(1 << 58), using: &random) >> random.shift)
            }
            let set = try set(powers)
            for members in 0..<16 {
                let power = set.validators.enumerated()
                    .filter { members >> $0.offset & 1 == 1 }
                    .reduce(UInt64(0)) { $0 + $1.element.power }
                check(power, set)
            }
        }
    }

    @Test func `S26 two quorums share more than what may be faulty`() throws {
        var random = SplitMix(state: 27)
        for _ in 0..<500 {
            let powers = (0..<4).map { _ in UInt64.random(in: 1...20, using: &random) }
            let set = try set(powers)
            let parts = (0..<16).map { members in
                set.validators.enumerated().filter { members >> $0.offset & 1 == 1 }
                    .reduce(UInt64(0)) { $0 + $1.element.power }
            }
            for a in 0..<16 where set.isQuorum(parts[a]) {
                for b in 0..<16 where set.isQuorum(parts[b]) {
                    #expect(set.hasOneHonest(parts[a & b]))
                    #expect(parts[a & b] * 3 > set.totalPower)
                }
            }
        }
    }
}

extension UInt64 {
    fileprivate func subtractingClamped(_ other: UInt64) -> UInt64 {
        self < other ? 0 : self - other
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// So that small powers come as often as great ones.
    var shift: UInt64 {
        mutating get { next() % 58 }
    }
}

import Chain
import Testing

@testable import Ledger

@Suite struct RewardsTests {
    private static let supply: UInt64 = 1_000_000_000_000_000
    private static let hour = Milliseconds.hour

    private static let rules = Inflation.Rules.standard

    // MARK: Inflation

    @Test func `the rate stands still at two thirds bonded, and moves to both sides of it`() {
        let start = Inflation.rateStart
        func rate(_ bonded: UInt64) -> UInt64 {
            Inflation.rate(
                after: start, bonded: bonded, supply: Self.supply, elapsed: Self.hour)
        }
        #expect(rate(Self.supply / 100 * 67) == start)
        // Nothing bonded: 13 % a year in 8,760 hours, rounded down.
        #expect(rate(0) == start + 130_000_000_000 / 8_760)
        // All bonded: (1 − 1/0.67) of it, rounded down, which is away from zero.
        #expect(rate(Self.supply) == start - 7_309_344)
    }

    @Test func `the rate keeps its bounds, and an epoch counts six hours at most`() {
        #expect(
            Inflation.rate(
                after: Self.rules.rateMax, bonded: 0, supply: Self.supply, elapsed: .max)
                == Self.rules.rateMax)
        #expect(
            Inflation.rate(
                after: Self.rules.rateMin, bonded: Self.supply, supply: Self.supply,
                elapsed: .max)
                == Self.rules.rateMin)
        #expect(
            Inflation.rate(
                after: Inflation.rateStart, bonded: 0, supply: Self.supply, elapsed: .max)
                == Inflation.rate(
                    after: Inflation.rateStart, bonded: 0, supply: Self.supply,
                    elapsed: 6 * Self.hour))
    }

    @Test func `what is minted is a part of the supply, and never beyond its limit`() {
        #expect(
            Inflation.minted(
                rate: Inflation.rateStart, supply: Self.supply, elapsed: Self.hour)
                == Self.supply / 100 * 13 / 8_760)
        #expect(
            Inflation.minted(
                rate: Self.rules.rateMax, supply: Limits.supplyMax - 7, elapsed: .max) == 7)
        #expect(Inflation.minted(rate: Self.rules.rateMax, supply: .max, elapsed: .max) == 0)
        #expect(Inflation.minted(rate: Self.rules.rateMax, supply: 0, elapsed: .max) == 0)
    }

    @Test func `what holders decide about the rate is followed`() throws {
        var parameters = Parameters.standard
        try parameters.set("staking.inflationMax", to: .ratio(numerator: 3, denominator: 10))
        try parameters.set("staking.inflationMin", to: .ratio(numerator: 0, denominator: 1))
        try parameters.set("staking.inflationChange", to: .ratio(numerator: 1, denominator: 1))
        try parameters.set("staking.bondedGoal", to: .ratio(numerator: 1, denominator: 2))
        #expect(parameters.validate() == [])
        let rules = Inflation.Rules(parameters)
        func rate(_ before: UInt64, _ bonded: UInt64) -> UInt64 {
            Inflation.rate(
                after: before, bonded: bonded, supply: Self.supply, elapsed: Self.hour,
                rules: rules)
        }
        #expect(rate(Inflation.rateStart, Self.supply / 2) == Inflation.rateStart)
        #expect(rate(0, 0) == 1_000_000_000_000 / 8_760)
        #expect(rate(300_000_000_000, 0) == 300_000_000_000)
        #expect(rate(5, Self.supply) == 0)
        try parameters.set("staking.inflationMin", to: .ratio(numerator: 31, denominator: 100))
        #expect(parameters.validate().map(\.parameter) == ["staking.inflationMin"])
    }

    // MARK: Parts

    private static func seat(_ power: UInt64, _ done: UInt64, of expected: UInt64 = 100)
        -> Rewards.Seat
    {
        Rewards.Seat(power: power, done: done, expected: expected)
    }

    @Test func `85 % go by power and participation, 15 % in equal parts to who took part`() {
        let seats = [
            Self.seat(50, 100), Self.seat(30, 95), Self.seat(15, 94), Self.seat(5, 0),
        ]
        // 850 by power; 150 in four parts of 37.
        #expect(
            Rewards.parts(of: 1_000, among: seats) == [425 + 37, 242 + 37, 119, 0])
    }

    @Test func `nobody gets more than is there, whatever the figures are`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let seats = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Self.seat(
                    UInt64.random(in: 1...1 << 54, using: &random),
                    UInt64.random(in: 0...200, using: &random),
                    of: UInt64.random(in: 0...150, using: &random))
            }
            let pot = UInt64.random(in: 0...Limits.supplyMax, using: &random)
            let parts = Rewards.parts(of: pot, among: seats)
            #expect(parts.reduce(UInt128(0)) { $0 + UInt128($1) } <= UInt128(pot))
            #expect(zip(parts, seats).allSatisfy { $1.done > 0 && $1.expected > 0 || $0 == 0 })
        }
        #expect(Rewards.parts(of: 10, among: []) == [])
    }
}

import Chain

/// New tokens at the end of an epoch (staking.md 3). Rates are parts of the supply a year, in
/// 10⁻¹².
enum Inflation {
    static let year = 365 * Milliseconds.day
    static let whole: UInt64 = 1_000_000_000_000
    static let rateStart: UInt64 = 130_000_000_000
    /// An epoch counts for this long at most: a chain that stood still makes up for nothing.
    static let elapsedMax = 6 * Milliseconds.hour

    /// What holders decided about the rate.
    struct Rules: Hashable, Sendable {
        static let standard = Rules(.standard)

        let rateMin: UInt64
        let rateMax: UInt64
        let changePerYear: UInt64
        /// In 10⁻⁶ of the supply, at least 1.
        let bondedGoal: UInt64

        init(_ parameters: Parameters) {
            rateMin = parameters.inflationMin.parts(of: whole)
            rateMax = parameters.inflationMax.parts(of: whole)
            changePerYear = parameters.inflationChange.parts(of: whole)
            bondedGoal = max(1, parameters.bondedGoal.parts(of: 1_000_000))
        }
    }

    /// rate + (1 − bonded/(0.67·supply))·13 %/year·Δt, rounded down, within its bounds.
    static func rate(
        after before: UInt64, bonded: UInt64, supply: UInt64, elapsed: UInt64,
        rules: Rules = .standard
    ) -> UInt64 {
        let time = min(elapsed, elapsedMax)
        let target = UInt128(rules.bondedGoal) * UInt128(supply)
        let actual = 1_000_000 * UInt128(bonded)
        let change = UInt128(rules.changePerYear) * UInt128(time)
        let whole = target * UInt128(year)
        let rate: UInt64
        if actual <= target {
            let rise = scaledDown(target - actual, change, by: whole) ?? 0
            rate = before + UInt64(truncatingIfNeeded: rise)
        } else {
            let fall = scaledUp(actual - target, change, by: whole) ?? 0
            rate = before - min(before, UInt64(truncatingIfNeeded: fall))
        }
        return min(max(rate, rules.rateMin), rules.rateMax)
    }

    /// ⌊supply·rate·Δt/year⌋, as far as the supply may grow.
    static func minted(rate: UInt64, supply: UInt64, elapsed: UInt64) -> UInt64 {
        let time = UInt128(min(elapsed, elapsedMax))
        let parts = scaledDown(
            UInt128(supply) * UInt128(rate), time, by: UInt128(whole) * UInt128(year))
        let room = Limits.supplyMax - min(supply, Limits.supplyMax)
        return min(UInt64(truncatingIfNeeded: parts ?? 0), room)
    }
}

extension Ratio {
    /// ⌊whole·n/d⌋.
    func parts(of whole: UInt64) -> UInt64 {
        multiplyDividingDown(whole, UInt64(numerator), by: UInt64(denominator)) ?? whole
    }
}

/// What an epoch's pot is divided by.
enum Rewards {
    /// What a seat did of what was expected of it.
    struct Seat: Hashable, Sendable {
        let power: UInt64
        let done: UInt64
        let expected: UInt64
    }

    /// 85 % by power and participation, 15 % in equal parts to each with at least 95 % of it. What
    /// one does not get goes to nobody else.
    static func parts(of pot: UInt64, among seats: [Seat]) -> [UInt64] {
        let total = seats.reduce(UInt128(0)) { $0 + UInt128($1.power) }
        let byPower = UInt64(UInt128(pot) * 85 / 100)
        let equal = seats.isEmpty ? 0 : (pot - byPower) / UInt64(seats.count)
        return seats.map { seat in
            guard seat.expected > 0, total > 0 else { return 0 }
            let done = UInt128(min(seat.done, seat.expected))
            let part = scaledDown(
                UInt128(byPower) * UInt128(seat.power), done, by: total * UInt128(seat.expected))
            let isDiligent = 100 * done >= 95 * UInt128(seat.expected)
            return UInt64(truncatingIfNeeded: part ?? 0) + (isDiligent ? equal : 0)
        }
    }
}

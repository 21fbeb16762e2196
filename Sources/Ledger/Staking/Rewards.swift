import Chain

/// New tokens at the end of an epoch (staking.md 3). Rates are parts of the supply a year, in
/// 10⁻¹².
enum Inflation {
    static let year = 365 * Milliseconds.day
    static let rateStart: UInt64 = 130_000_000_000
    static let rateMin: UInt64 = 70_000_000_000
    static let rateMax: UInt64 = 200_000_000_000
    /// What the rate changes by in a year if nothing is bonded.
    static let changePerYear: UInt64 = 130_000_000_000
    /// An epoch counts for this long at most: a chain that stood still makes up for nothing.
    static let elapsedMax = 6 * Milliseconds.hour

    /// rate + (1 − bonded/(0.67·supply))·13 %/year·Δt, rounded down, within its bounds.
    static func rate(
        after before: UInt64, bonded: UInt64, supply: UInt64, elapsed: UInt64
    ) -> UInt64 {
        let time = min(elapsed, elapsedMax)
        let target = 67 * UInt128(supply)
        let actual = 100 * UInt128(bonded)
        let change = UInt128(changePerYear) * UInt128(time)
        let whole = target * UInt128(year)
        let rate: UInt64
        if actual <= target {
            let rise = scaledDown(target - actual, change, by: whole) ?? 0
            rate = before + UInt64(truncatingIfNeeded: rise)
        } else {
            let fall = scaledUp(actual - target, change, by: whole) ?? 0
            rate = before - min(before, UInt64(truncatingIfNeeded: fall))
        }
        return min(max(rate, rateMin), rateMax)
    }

    /// ⌊supply·rate·Δt/year⌋, as far as the supply may grow.
    static func minted(rate: UInt64, supply: UInt64, elapsed: UInt64) -> UInt64 {
        let time = UInt128(min(elapsed, elapsedMax))
        let parts = scaledDown(
            UInt128(supply) * UInt128(rate), time, by: 1_000_000_000_000 * UInt128(year))
        let room = Limits.supplyMax - min(supply, Limits.supplyMax)
        return min(UInt64(truncatingIfNeeded: parts ?? 0), room)
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

import Chain

/// A part in 10⁻⁹: what is cut, and the shares of power that cuts follow from.
struct Billionths: Hashable, Comparable, Sendable {
    static let whole = Billionths(1_000_000_000)

    let value: UInt64

    init(_ value: UInt64) {
        self.value = min(value, 1_000_000_000)
    }

    /// ⌈a·10⁹/b⌉, at most the whole; the whole if `b` is 0.
    init(_ a: UInt64, of b: UInt64) {
        let quotient = b == 0 ? nil : multiplyDividingUp(a, 1_000_000_000, by: b)
        self.init(quotient ?? .max)
    }

    /// A part that holders decided on, rounded up.
    init(_ ratio: Ratio) {
        self.init(UInt64(ratio.numerator), of: UInt64(ratio.denominator))
    }

    static func < (a: Billionths, b: Billionths) -> Bool { a.value < b.value }
}

/// ⌊a·b/c⌋ through 256 bits, or nil if `c` is 0 or the quotient needs more than 128 bits.
func scaledDown(_ a: UInt128, _ b: UInt128, by c: UInt128) -> UInt128? {
    guard c > 0 else { return nil }
    let product = a.multipliedFullWidth(by: b)
    // Almost always: amounts have 63 bits and shares rarely more than 65.
    if product.high == 0 { return product.low / c }
    guard product.high < c else { return nil }
    return c.dividingFullWidth(product).quotient
}

/// ⌈a·b/c⌉ through 256 bits, or nil if `c` is 0 or the quotient needs more than 128 bits.
func scaledUp(_ a: UInt128, _ b: UInt128, by c: UInt128) -> UInt128? {
    guard c > 0 else { return nil }
    let product = a.multipliedFullWidth(by: b)
    guard product.high < c else { return nil }
    let (quotient, remainder) = c.dividingFullWidth(product)
    guard remainder > 0 else { return quotient }
    let (rounded, overflow) = quotient.addingReportingOverflow(1)
    return overflow ? nil : rounded
}

// The arithmetic of staking.md 2. Every conversion loses at most one unit, in the record's favour.
extension ShareRecord {
    /// Shares for each unit of the first deposit.
    static let sharesPerUnit: UInt128 = 1_000_000
    /// S/T beyond which a record is given up.
    static let dilutionMax: UInt128 = sharesPerUnit << 20

    /// What a deposit of `added` units would get, or nil if that is nothing or does not fit.
    func sharesFor(deposit added: UInt128) -> UInt128? {
        let new: UInt128?
        if shares == 0 {
            let (product, overflow) = added.multipliedReportingOverflow(
                by: ShareRecord.sharesPerUnit)
            new = overflow ? nil : product
        } else {
            new = scaledDown(added, shares, by: amount)
        }
        guard let new, new > 0, !shares.addingReportingOverflow(new).overflow,
            !amount.addingReportingOverflow(added).overflow
        else { return nil }
        return new
    }

    /// Adds units, and returns the shares that they are; nil, with nothing changed, if they are
    /// worth no share.
    mutating func deposit(_ added: UInt128) -> UInt128? {
        guard let new = sharesFor(deposit: added) else { return nil }
        shares += new
        amount += added
        return new
    }

    /// How many of `owned` shares have to go for `wanted` units: min(owned, ⌈a·S/T⌉).
    func sharesFor(withdrawal wanted: UInt128, owned: UInt128) -> UInt128 {
        min(owned, scaledUp(wanted, shares, by: amount) ?? owned)
    }

    /// What shares are worth; the last ones are worth all that is left.
    func value(of part: UInt128) -> UInt128 {
        precondition(part <= shares, "a part is not above the whole: \(part) of \(shares)")
        guard part < shares else { return amount }
        return scaledDown(part, amount, by: shares) ?? 0
    }

    /// Takes shares out, and returns what they were worth.
    mutating func redeem(_ part: UInt128) -> UInt128 {
        let worth = value(of: part)
        shares -= part
        amount -= worth
        return worth
    }

    /// Cuts ⌈f·T⌉ units, and all of them if the shares would be worth too little after. Returns
    /// what was cut; no shares are left if the record is to begin a new generation.
    mutating func cut(_ fraction: Billionths) -> UInt128 {
        let part = scaledUp(amount, UInt128(fraction.value), by: UInt128(Billionths.whole.value))
        var lost = min(amount, part ?? amount)
        let rest = amount - lost
        let (bound, overflow) = rest.multipliedReportingOverflow(by: ShareRecord.dilutionMax)
        if rest == 0 || (!overflow && shares > bound) {
            lost = amount
            shares = 0
        }
        amount -= lost
        return lost
    }
}

extension ValidatorPool {
    /// Cuts the pool, and keeps X in step.
    mutating func cut(_ fraction: Billionths) -> UInt64 {
        let before = tokens
        let lost = UInt64(truncatingIfNeeded: stake.cut(fraction))
        if stake.shares == 0 {
            index = ValidatorPool.wholeIndex
        } else {
            // At least 1: a principal never becomes 0 by rounding, which would pay it out at once.
            index = max(1, multiplyDividingDown(index, tokens, by: before) ?? index)
        }
        return lost
    }

    /// Takes shares out, and returns the tokens that they were worth.
    mutating func redeem(_ shares: UInt128) -> UInt64 {
        UInt64(truncatingIfNeeded: stake.redeem(shares))
    }
}

extension StakePrincipal {
    /// What of the principal is left after the cuts since it was written down.
    func rebased(to index: UInt64) -> StakePrincipal {
        let rest = multiplyDividingDown(amount, index, by: self.index)
        return StakePrincipal(amount: rest ?? amount, index: index)
    }
}

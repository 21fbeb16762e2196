/// A number of base units of one asset. It has no `+` or `-`: every sum is checked by its caller.
public struct Amount: Quantity {
    public let value: UInt64

    public init(_ units: UInt64) {
        value = units
    }

    public static let zero = Amount(0)

    /// The sum, or nil above 2^64 − 1.
    public func adding(_ other: Amount) -> Amount? {
        let (sum, overflow) = value.addingReportingOverflow(other.value)
        return overflow ? nil : Amount(sum)
    }

    /// The difference, or nil below zero.
    public func subtracting(_ other: Amount) -> Amount? {
        let (difference, overflow) = value.subtractingReportingOverflow(other.value)
        return overflow ? nil : Amount(difference)
    }
}

/// ⌊a·b/c⌋ through 128 bits, or nil if `c` is 0 or the quotient needs more than 64 bits.
public func multiplyDividingDown(_ a: UInt64, _ b: UInt64, by c: UInt64) -> UInt64? {
    guard c > 0 else { return nil }
    let product = a.multipliedFullWidth(by: b)
    guard product.high < c else { return nil }
    return c.dividingFullWidth(product).quotient
}

/// ⌈a·b/c⌉ through 128 bits, or nil if `c` is 0 or the quotient needs more than 64 bits.
public func multiplyDividingUp(_ a: UInt64, _ b: UInt64, by c: UInt64) -> UInt64? {
    guard c > 0 else { return nil }
    let product = a.multipliedFullWidth(by: b)
    guard product.high < c else { return nil }
    let (quotient, remainder) = c.dividingFullWidth(product)
    guard remainder > 0 else { return quotient }
    let (rounded, overflow) = quotient.addingReportingOverflow(1)
    return overflow ? nil : rounded
}

import Chain

/// The price of gas (decisions.md 1): maxFee/gasLimit, compared by cross-multiplication.
public enum Fees {
    /// What is charged for `used` gas: ⌈used · maxFee / gasLimit⌉, never above `maxFee`.
    ///
    /// - Precondition: `used` is at most the gas limit, which is above 0.
    public static func fee(used: UInt64, of transaction: Transaction) -> Amount {
        precondition(used <= transaction.gasLimit, "no more gas is used than the limit")
        guard
            let fee = multiplyDividingUp(
                used, transaction.maxFee.value, by: transaction.gasLimit)
        else {
            preconditionFailure("the limit is above 0 and the fee at most the maximum fee")
        }
        return Amount(fee)
    }

    /// The least maximum fee for a gas limit at the floor, or nil if it does not fit 64 bits.
    public static func minimumFee(gasLimit: UInt64, floor: Ratio) -> Amount? {
        multiplyDividingUp(gasLimit, UInt64(floor.numerator), by: UInt64(floor.denominator))
            .map { Amount($0) }
    }

    /// Whether `a` pays more for each gas than `b`.
    public static func isDearer(_ a: Transaction, than b: Transaction) -> Bool {
        UInt128(a.maxFee.value) * UInt128(b.gasLimit)
            > UInt128(b.maxFee.value) * UInt128(a.gasLimit)
    }
}

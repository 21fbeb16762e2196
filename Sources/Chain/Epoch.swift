/// A run of heights with one validator set, numbered from 0.
public struct Epoch: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    public static let zero = Epoch(0)
}

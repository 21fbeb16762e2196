/// A block's place in the chain. Genesis has height 0; heights are never reused.
public struct Height: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    public static let genesis = Height(0)
}

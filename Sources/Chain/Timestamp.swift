/// Milliseconds since 1970-01-01 UTC, as block headers carry them.
public struct Timestamp: Quantity {
    public let value: UInt64

    public init(_ milliseconds: UInt64) {
        value = milliseconds
    }

    public var milliseconds: UInt64 { value }
}

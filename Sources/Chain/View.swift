/// One attempt of one leader, numbered from 1 within an epoch. View 0 stands for the block that the
/// epoch starts from.
public struct View: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    public static let zero = View(0)
}

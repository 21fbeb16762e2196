import Codec

/// A number with one meaning. Types of different meaning do not mix: a view passed for a height is
/// a consensus bug that the compiler finds.
public protocol Quantity: CanonicalCodable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    var value: UInt64 { get }
    init(_ value: UInt64)
}

extension Quantity {
    public init(from reader: inout ByteReader) throws(DecodeError) {
        self.init(try reader.readUInt64())
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(value)
    }

    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

    public var description: String { String(value) }

    /// The number `distance` above, or the greatest one: what a peer claims can never trap.
    public func advanced(by distance: UInt64) -> Self {
        let (sum, overflow) = value.addingReportingOverflow(distance)
        return Self(overflow ? .max : sum)
    }

    /// The number `distance` below, or zero.
    public func lowered(by distance: UInt64) -> Self {
        Self(value < distance ? 0 : value - distance)
    }
}

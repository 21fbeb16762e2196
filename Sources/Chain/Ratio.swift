import Codec

/// A fraction as it was written. Fractions are never divided: they are compared by
/// cross-multiplication.
public struct Ratio: CanonicalCodable, Hashable, Sendable, CustomStringConvertible {
    public let numerator: UInt32
    /// At least 1.
    public let denominator: UInt32

    /// - Precondition: the denominator is not 0.
    public init(_ numerator: UInt32, _ denominator: UInt32) {
        precondition(denominator > 0, "a ratio has a denominator")
        self.numerator = numerator
        self.denominator = denominator
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        numerator = try reader.readUInt32()
        denominator = try reader.readUInt32()
        guard denominator > 0 else { throw .invalidValue(type: "Ratio") }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(numerator)
        writer.write(denominator)
    }

    /// Whether this fraction is below the other one; 1/2 is neither below nor above 2/4.
    public func isLess(than other: Ratio) -> Bool {
        UInt64(numerator) * UInt64(other.denominator)
            < UInt64(other.numerator) * UInt64(denominator)
    }

    /// The greater one; this one if they are equal in value.
    public func maximum(_ other: Ratio) -> Ratio {
        isLess(than: other) ? other : self
    }

    /// `a · denominator` compared with `numerator · b`, through 96 bits: whether a/b is at least
    /// this ratio (`a ≥ r·b`).
    public func isReached(by a: UInt64, of b: UInt64) -> Bool {
        UInt128(a) * UInt128(denominator) >= UInt128(numerator) * UInt128(b)
    }

    /// Whether `a > r·b`.
    public func isExceeded(by a: UInt64, of b: UInt64) -> Bool {
        UInt128(a) * UInt128(denominator) > UInt128(numerator) * UInt128(b)
    }

    public var description: String { "\(numerator)/\(denominator)" }
}

/// A moment of the node's monotonic clock. The engine never reads a clock: the shell hands it the
/// moment of every input.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nanoseconds since an arbitrary origin that is fixed while the process runs.
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    public static let zero = Instant(nanoseconds: 0)
    /// Later than every moment: never.
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The moment `milliseconds` later, at most `distantFuture`.
    public func advanced(byMilliseconds milliseconds: UInt64) -> Instant {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return .distantFuture }
        let (sum, sumOverflow) = nanoseconds.addingReportingOverflow(product)
        return sumOverflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// Whole milliseconds since the origin.
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    public var description: String { "\(milliseconds)ms" }
}

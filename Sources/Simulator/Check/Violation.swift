/// A rule of consensus.md 2.18, or another that every simulation must keep, that was broken.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    public let rule: String
    public let detail: String

    public init(_ rule: String, _ detail: String) {
        self.rule = rule
        self.detail = detail
    }

    public var description: String { "\(rule): \(detail)" }
}

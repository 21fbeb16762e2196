import Chain

/// Why a node has stopped by itself, for its operator: it is told for as long as the reason stands.
public struct HaltNotice: Hashable, Sendable {
    public enum Kind: String, Sendable {
        /// Two certificates exclude one another; the node takes part in nothing any more.
        case safetyHalt
        /// The node's execution disagreed with a quorum's in an earlier run.
        case localDivergence
    }

    public var kind: Kind
    public var epoch: Epoch
    public var view: View
    /// What happened, in one sentence.
    public var message: String
    /// What the operator does now.
    public var advice: String

    public init(kind: Kind, epoch: Epoch, view: View, message: String, advice: String) {
        self.kind = kind
        self.epoch = epoch
        self.view = view
        self.message = message
        self.advice = advice
    }
}

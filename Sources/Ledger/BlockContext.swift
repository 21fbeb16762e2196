import Chain
import Cryptography

/// What the rules may know about the block that they execute: facts of its header, never a clock.
public struct BlockContext: Hashable, Sendable {
    public var height: Height
    public var epoch: Epoch
    public var view: View
    /// The view of the parent; the leaders of the views between missed their slots.
    public var parentView: View
    /// "Now" for every rule.
    public var timestamp: Timestamp
    public var parentTimestamp: Timestamp
    public var parentHash: Digest
    /// The leader's index in the epoch's set.
    public var proposer: UInt16
    /// What the gas of the block's transactions may sum to.
    public var gasLimit: UInt64
    /// The version that the leader is ready for.
    public var readiness: Digest?

    public init(
        height: Height, epoch: Epoch = .zero, view: View, parentView: View, timestamp: Timestamp,
        parentTimestamp: Timestamp, parentHash: Digest = .zero, proposer: UInt16,
        gasLimit: UInt64, readiness: Digest? = nil
    ) {
        self.height = height
        self.epoch = epoch
        self.view = view
        self.parentView = parentView
        self.timestamp = timestamp
        self.parentTimestamp = parentTimestamp
        self.parentHash = parentHash
        self.proposer = proposer
        self.gasLimit = gasLimit
        self.readiness = readiness
    }

    /// The context that a header gives.
    public init(header: Header, parentTimestamp: Timestamp) {
        self.init(
            height: header.height, epoch: header.epoch, view: header.view,
            parentView: header.parentView, timestamp: header.timestamp,
            parentTimestamp: parentTimestamp, parentHash: header.parentHash,
            proposer: header.proposer, gasLimit: header.gasLimit, readiness: header.readiness)
    }
}

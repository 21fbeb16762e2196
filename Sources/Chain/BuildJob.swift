import Cryptography

/// A block to be filled and executed by its leader.
public struct BuildJob: Sendable {
    public let instance: Digest
    public let epoch: Epoch
    public let view: View
    public let parentView: View
    public let parent: BlockSummary
    public let timestamp: Timestamp
    /// The leader's index in the epoch's set.
    public let proposer: UInt16
    /// The notarize votes that the leader holds for recent blocks, named before or not.
    public let participation: [Verified<Certificate>]
    /// In the order in which they are tried; each names the account that the leader wants paid.
    public let evidence: [ReportedEvidence]
    /// In the order in which they are tried.
    public let candidates: [Verified<SignedTransaction>]

    public init(
        instance: Digest, epoch: Epoch, view: View, parentView: View, parent: BlockSummary,
        timestamp: Timestamp, proposer: UInt16,
        participation: [Verified<Certificate>] = [], evidence: [ReportedEvidence] = [],
        candidates: [Verified<SignedTransaction>]
    ) {
        self.instance = instance
        self.epoch = epoch
        self.view = view
        self.parentView = parentView
        self.parent = parent
        self.timestamp = timestamp
        self.proposer = proposer
        self.participation = participation
        self.evidence = evidence
        self.candidates = candidates
    }
}

/// A fault that one scenario needs at a moment of its own; swarms do not draw them. Times are in
/// milliseconds.
public enum ScriptedFault: Hashable, Sendable {
    /// What some send to others is lost for a while; connections stay.
    case cut(from: [Int], to: [Int], at: UInt64, milliseconds: UInt64)
    /// When the first honest node proposes from a moment on, half of the honest nodes, and it among
    /// them, stop hearing the others for so long. All vote for its block, and the others alone have
    /// the quorum.
    case deafHalf(at: UInt64, milliseconds: UInt64)
    /// In the first view that an honest node proposes in from a moment on, one node alone hears the
    /// notarize votes, late, and nothing of the nullify votes, of which alone the others hear until
    /// the next proposal: it certifies the view, they give it up, and neither has the other's
    /// certificate. The one is the leader of the next view, or it is not.
    case bothCertificates(at: UInt64, isReverse: Bool)
    /// No proposal and no notarize vote, alone or in a certificate, arrives anywhere for a while;
    /// whatever else does. (The vote of a leader alone would be enough for the others to fetch its
    /// block.)
    case lostProposals(at: UInt64, milliseconds: UInt64)
    /// Proposals come without the certificates that justify them.
    case bareProposals(node: Int)
    /// All messages of a node, in both directions, take longer, and its uplink is narrow; lasting.
    case slowLink(node: Int, milliseconds: UInt64, megabits: UInt64?)
    /// All nodes are killed at once, so many times, each a random moment after the last brought a
    /// new block.
    case hail(count: Int)
    /// The first block that is built from this height on takes so long to execute.
    case heavyBlock(height: UInt64, milliseconds: UInt64)
    /// The first sync of a node from this moment on fails: the process ends, and stays away until
    /// the healing.
    case syncFailure(node: Int, at: UInt64)
    /// A node is switched off right after it sent its n-th proposal, until the healing.
    case diesAfterProposal(node: Int, count: Int)
    /// Whoever proposes the boundary block of an epoch dies right after, for so long, and the
    /// finalize votes of that view are lost.
    case diesAtBoundary(epoch: UInt64, downMilliseconds: UInt64)
    /// Each node is killed the first time that it comes to a step with the block of this height, or
    /// with it as the newest that it has committed, and starts again a moment later.
    case crashAtHeight(Step, height: UInt64)
    /// Who sits in this epoch and not in the next is gone for good as soon as it has the boundary
    /// and anybody else has it too.
    case leavesAtBoundary(epoch: UInt64)
    /// From a height on, the node's execution yields another state than that of the others.
    case divergence(node: Int, height: UInt64)
    /// A node gets a transaction that no other node admits.
    case privateTransaction(node: Int, at: UInt64)
    /// What a node proposes reaches nobody.
    case unheardProposals(node: Int)
    /// So many transactions reach the nodes within a moment.
    case burst(at: UInt64, transactions: Int)

    var nodes: [Int] {
        switch self {
        case .cut(let a, let b, _, _): a + b
        case .bareProposals(let node), .slowLink(let node, _, _), .syncFailure(let node, _),
            .diesAfterProposal(let node, _), .divergence(let node, _),
            .privateTransaction(let node, _), .unheardProposals(let node):
            [node]
        case .deafHalf, .bothCertificates, .crashAtHeight, .lostProposals, .hail, .heavyBlock,
            .diesAtBoundary,
            .leavesAtBoundary,
            .burst:
            []
        }
    }
}

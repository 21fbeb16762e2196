import Chain
import Consensus
import Cryptography

/// What the holder of the consensus key answers.
enum SignerAnswer: Sendable {
    case signed(Verified<Vote>)
    case refused
}

/// The holder of the consensus key: a component of its own, with its own durable record of what it
/// signed, so that no fault of the rest of the node can make the validator vote twice.
protocol Signer: Sendable {
    /// Signs, or repeats what it signed, or refuses. What it signs is durably recorded before this
    /// returns; it blocks for that sync.
    func sign(_ intent: VoteIntent) -> SignerAnswer

    /// Every recorded vote of an instance.
    func votes(of instance: Digest) -> [Verified<Vote>]

    /// Up to this view the votes of an instance are not recorded any more.
    func forgotten(of instance: Digest) -> View

    /// Nothing at or below `view` will be asked for again.
    func prune(instance: Digest, through view: View)
}

extension Signer {
    /// Adds what the signer knows of an instance to what the rest of the disk holds.
    func complete(_ recovery: inout Recovery, of instance: Digest) {
        recovery.signedVotes = votes(of: instance)
        recovery.forgotten = forgotten(of: instance)
    }
}

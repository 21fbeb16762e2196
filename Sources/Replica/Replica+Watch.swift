import Chain
import Consensus
import Cryptography

// Somebody else may vote with this node's key: an operator who starts a second host, or puts back
// an old copy of the signer's record. A validator therefore listens for a while before it votes,
// and as long as it runs it looks for votes under its key that its own record does not have. One is
// enough: it votes no more, before there are two votes that convict it (consensus.md 2.15).
//
// Others' votes are not relayed, so that its own key shows in two places: among the signers of a
// certificate, and as the proposer of final blocks, once in a round of views.
extension Replica {
    /// The first epoch of a process begins, or a later one.
    mutating func watch(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let duration = configuration.watchMilliseconds, roster.own != nil else { return }
        guard !isKeyInUse else {
            step(.stopVoting, at: now, into: &effects)
            return
        }
        guard duration > 0 else { return }
        let end = watchEnd ?? now.monotonic.advanced(byMilliseconds: duration)
        watchEnd = end
        guard now.monotonic < end else { return }
        step(.watch(until: end), at: now, into: &effects)
    }

    /// Looks for the own key among the signers of certificates that were checked.
    mutating func look(
        at certificates: [Verified<Certificate>], into effects: inout [ReplicaEffect]
    ) {
        guard configuration.watchMilliseconds != nil, let own = roster.own else { return }
        for certificate in certificates.map(\.value) where certificate.bitmap.contains(own) {
            look(at: certificate.statement, in: certificate.view, into: &effects)
        }
    }

    /// Looks for the own seat among the proposers of blocks that are final.
    mutating func look(at headers: [Header], into effects: inout [ReplicaEffect]) {
        guard configuration.watchMilliseconds != nil, let own = roster.own else { return }
        for header in headers where header.proposer == own && header.epoch == instance.epoch {
            let candidate = Candidate(parentView: header.parentView, blockHash: header.hash)
            look(at: .notarize(candidate), in: header.view, into: &effects)
        }
    }

    private mutating func look(
        at statement: Statement, in view: View, into effects: inout [ReplicaEffect]
    ) {
        guard !isKeyInUse, engine.isForeign(statement, in: view) else { return }
        isKeyInUse = true
        followUps.append(.stopVoting)
        effects.append(.keyInUse(view))
    }
}

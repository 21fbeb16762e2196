import Chain

/// Finds the pairs of votes that no honest validator casts (consensus.md 2.14). It reports one pair
/// for each signer and view.
struct EquivocationDetector: Sendable {
    /// The signers already reported in a view.
    private(set) var reported: [UInt16] = []

    /// A conflict between `vote` and what `votes` holds of its signer in the same view.
    mutating func conflict(of vote: Verified<Vote>, with votes: VoteCollector) -> Evidence? {
        let signer = vote.value.signer
        guard !reported.contains(signer) else { return nil }
        for kind in VoteKind.allCases {
            for other in [votes.vote(kind, of: signer), votes.contradiction(kind, of: signer)] {
                guard let other, let evidence = Evidence(vote.value, other.value) else { continue }
                reported.append(signer)
                return evidence
            }
        }
        return nil
    }

    /// Takes back what the log says was reported.
    mutating func restore(_ evidence: Evidence) {
        guard !reported.contains(evidence.signer) else { return }
        reported.append(evidence.signer)
    }
}

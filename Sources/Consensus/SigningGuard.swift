import Chain
import Cryptography

/// What a signer remembers of its votes, and what it therefore refuses (consensus.md 2.15): the
/// second guard, which holds even if the log is lost.
///
/// Refused are: other content for a recorded (instance, view, kind); a view at or below the mark;
/// notarize or nullify below the highest view already notarized or nullified; and every pair of
/// kinds that no honest validator casts in one view. There is no plain high-water mark over all
/// kinds, since a late finalize for an older view is legitimate (R6).
public struct SigningGuard: Sendable {
    public enum Verdict: Hashable, Sendable {
        /// Sign, record durably, then hand the signature out.
        case sign
        /// The very same was signed before: hand out that signature again.
        case repeated(Vote)
        case refused
    }

    private struct Slot: Hashable {
        let instance: Digest
        let view: View
        let kind: VoteKind
    }

    private var signed: [Slot: Vote] = [:]
    /// Per instance: the highest view notarized or nullified.
    private var highest: [Digest: View] = [:]
    /// Per instance: the last view that is refused.
    private var marks: [Digest: View] = [:]

    public init() {}

    public func judge(_ intent: VoteIntent) -> Verdict {
        let instance = intent.instance
        let view = intent.view
        if Mutant.isActive(.signsAnything) { return .sign }
        if let earlier = vote(instance, view, intent.statement.kind) {
            return earlier.statement == intent.statement ? .repeated(earlier) : .refused
        }
        if let mark = marks[instance], view <= mark { return .refused }
        let notarized = vote(instance, view, .notarize)?.statement.candidate
        let isNullified = vote(instance, view, .nullify) != nil
        let finalized = vote(instance, view, .finalize)?.statement.candidate
        switch intent.statement {
        case .notarize(let candidate):
            guard view >= highest[instance] ?? .zero, !isNullified else { return .refused }
            guard finalized == nil || finalized == candidate else { return .refused }
        case .nullify:
            guard view >= highest[instance] ?? .zero, finalized == nil else { return .refused }
        case .finalize(let candidate):
            guard !isNullified, notarized == nil || notarized == candidate else {
                return .refused
            }
        }
        return .sign
    }

    private func vote(_ instance: Digest, _ view: View, _ kind: VoteKind) -> Vote? {
        signed[Slot(instance: instance, view: view, kind: kind)]
    }

    /// Takes in a vote that is durably recorded.
    public mutating func record(_ vote: Vote, instance: Digest) {
        signed[Slot(instance: instance, view: vote.view, kind: vote.kind)] = vote
        guard vote.kind != .finalize else { return }
        highest[instance] = max(highest[instance] ?? .zero, vote.view)
    }

    /// Forgets the votes up to `view`, and refuses everything there from now on.
    public mutating func prune(instance: Digest, through view: View) {
        let mark = max(marks[instance] ?? .zero, view)
        marks[instance] = mark
        signed = signed.filter { $0.key.instance != instance || $0.key.view > mark }
    }
}

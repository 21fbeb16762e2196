import Chain
import Cryptography
import Testing

@testable import Consensus

/// The table of consensus.md 2.14.
@Suite struct EquivocationDetectorTests {
    static let a = Candidate(parentView: View(0), blockHash: Digest(.block, [1]))
    static let b = Candidate(parentView: View(0), blockHash: Digest(.block, [2]))
    /// The same block on another parent view is another content.
    static let c = Candidate(parentView: View(1), blockHash: Digest(.block, [1]))

    static let pairs: [(Statement, Statement, Bool)] = [
        (.notarize(a), .notarize(b), true), (.notarize(a), .notarize(c), true),
        (.finalize(a), .finalize(b), true), (.finalize(a), .finalize(c), true),
        (.nullify, .finalize(a), true), (.finalize(a), .nullify, true),
        (.notarize(a), .finalize(b), true), (.finalize(b), .notarize(a), true),
        (.notarize(a), .nullify, false), (.nullify, .notarize(a), false),
        (.notarize(a), .finalize(a), false), (.finalize(a), .notarize(a), false),
        (.notarize(a), .notarize(a), false), (.nullify, .nullify, false),
    ]

    func vote(_ statement: Statement, view: UInt64 = 1, byte: UInt8 = 1) -> Verified<Vote> {
        .restored(
            Vote(
                epoch: .zero, view: View(view), signer: 0, statement: statement,
                signature: Signature([UInt8](repeating: byte, count: 64))))
    }

    @Test(arguments: pairs)
    func `a pair is evidence exactly where the table says`(
        first: Statement, second: Statement, isEvidence: Bool
    ) {
        let set = TestKeys.instance(powers: [1, 1, 1, 1]).validators
        var votes = VoteCollector()
        var detector = EquivocationDetector()
        #expect(detector.conflict(of: vote(first), with: votes) == nil)
        _ = votes.add(vote(first), in: set)
        let evidence = detector.conflict(of: vote(second, byte: 2), with: votes)
        #expect((evidence != nil) == isEvidence)
        if isEvidence {
            // One report for a signer and view is enough.
            #expect(detector.conflict(of: vote(second, byte: 2), with: votes) == nil)
        }
    }
}

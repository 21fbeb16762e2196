import Chain
import Cryptography
import Testing

@testable import Consensus

@Suite struct VoteCollectorTests {
    static let a = Candidate(parentView: View(0), blockHash: Digest(.block, [1]))
    static let b = Candidate(parentView: View(0), blockHash: Digest(.block, [2]))
    static let c = Candidate(parentView: View(0), blockHash: Digest(.block, [3]))

    func vote(_ signer: UInt16, _ statement: Statement) -> Verified<Vote> {
        .restored(
            Vote(
                epoch: .zero, view: View(1), signer: signer, statement: statement,
                signature: Signature(
                    [UInt8](repeating: UInt8(truncatingIfNeeded: signer), count: 64))))
    }

    func validators(_ powers: [UInt64]) -> ValidatorSet {
        TestKeys.instance(powers: powers).validators
    }

    func isCounted(_ outcome: VoteCollector.Outcome) -> Bool {
        switch outcome {
        case .counted: true
        case .known, .contradicting, .ignored: false
        }
    }

    @Test func `votes are tallied by candidate and weighted by power`() {
        let set = validators([5, 3, 2, 1])
        var votes = VoteCollector()
        #expect(isCounted(votes.add(vote(0, .notarize(Self.a)), in: set)))
        #expect(isCounted(votes.add(vote(1, .notarize(Self.b)), in: set)))
        #expect(isCounted(votes.add(vote(2, .notarize(Self.a)), in: set)))
        #expect(votes.power(of: .notarize(Self.a)) == 7)
        #expect(votes.power(of: .notarize(Self.b)) == 3)
        #expect(votes.power(of: .nullify) == 0)
        #expect(votes.certificate(for: .notarize(Self.a), in: set) == nil)
        #expect(isCounted(votes.add(vote(3, .notarize(Self.a)), in: set)))
        // 8 of 11 is more than two thirds.
        #expect(votes.certificate(for: .notarize(Self.a), in: set) != nil)
    }

    @Test func `P13 a signer is counted once, whatever its signature bytes`() {
        let set = validators([1, 1, 1, 1])
        var votes = VoteCollector()
        _ = votes.add(vote(0, .nullify), in: set)
        let again = Vote(
            epoch: .zero, view: View(1), signer: 0, statement: .nullify,
            signature: Signature([UInt8](repeating: 99, count: 64)))
        #expect(!isCounted(votes.add(.restored(again), in: set)))
        #expect(votes.power(of: .nullify) == 1)
    }

    @Test func `a second content of a kind is kept for evidence, and a third is not`() {
        let set = validators([1, 1, 1, 1])
        var votes = VoteCollector()
        _ = votes.add(vote(0, .notarize(Self.a)), in: set)
        guard case .contradicting(let first) = votes.add(vote(0, .notarize(Self.b)), in: set)
        else {
            Issue.record("the second vote contradicts the first")
            return
        }
        #expect(first.value.statement == .notarize(Self.a))
        guard case .ignored = votes.add(vote(0, .notarize(Self.c)), in: set) else {
            Issue.record("a third content is not kept")
            return
        }
        guard case .known = votes.add(vote(0, .notarize(Self.b)), in: set) else {
            Issue.record("the second content is known")
            return
        }
        #expect(votes.power(of: .notarize(Self.b)) == 0)
    }

    @Test func `SEC-03 a signer outside the set is ignored`() {
        let set = validators([1, 1])
        var votes = VoteCollector()
        for signer in [2, 3, 255, .max] as [UInt16] {
            guard case .ignored = votes.add(vote(signer, .nullify), in: set) else {
                Issue.record("signer \(signer) is not in the set")
                continue
            }
        }
        #expect(votes.tallies.isEmpty)
    }

    @Test func `a certificate names the fewest signers, the most powerful first`() throws {
        let set = validators([4, 3, 2, 1, 1])
        var votes = VoteCollector()
        for signer in [4, 3, 2, 1, 0] as [UInt16] {
            _ = votes.add(vote(signer, .nullify), in: set)
        }
        let certificate = try #require(votes.certificate(for: .nullify, in: set)).value
        // 4 + 3 + 2 of 11 is a quorum, 4 + 3 is not.
        #expect(certificate.bitmap.signers == [0, 1, 2])
        #expect(!certificate.isPartial)
        let partial = try #require(votes.partialCertificate(for: .nullify, in: set)).value
        #expect(partial.bitmap.signers == [0, 1, 2, 3, 4])
        #expect(partial.isPartial)
    }

    @Test(
        arguments: [
            ([1, 1, 1], 2, false), ([1, 1, 1], 3, true), ([1, 1, 1, 1], 3, true),
            ([2, 2, 2], 2, false), ([3, 2, 2, 2], 2, false), ([5, 2, 2], 1, false),
        ] as [([UInt64], Int, Bool)])
    func `S26 exactly two thirds are no quorum`(powers: [UInt64], first: Int, isQuorum: Bool) {
        let set = validators(powers)
        var votes = VoteCollector()
        for signer in 0..<first { _ = votes.add(vote(UInt16(signer), .nullify), in: set) }
        #expect((votes.certificate(for: .nullify, in: set) != nil) == isQuorum)
    }
}

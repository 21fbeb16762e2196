import Chain
import Consensus
import Cryptography
import Testing

@Suite struct SigningGuardTests {
    static let instance = Digest(.instance, [1])
    static let signature = Signature([UInt8](repeating: 7, count: 64))
    static let a = Candidate(parentView: View(1), blockHash: Digest(.block, [1]))
    static let b = Candidate(parentView: View(1), blockHash: Digest(.block, [2]))

    static func intent(_ view: UInt64, _ statement: Statement) -> VoteIntent {
        VoteIntent(
            instance: instance, epoch: .zero, view: View(view), signer: 2, statement: statement)
    }

    static func vote(_ view: UInt64, _ statement: Statement) -> Vote {
        Vote(
            epoch: .zero, view: View(view), signer: 2, statement: statement,
            signature: signature)
    }

    /// A guard that has recorded these votes.
    static func guardAfter(_ votes: [Vote]) -> SigningGuard {
        var signing = SigningGuard()
        for vote in votes {
            signing.record(vote, instance: instance)
        }
        return signing
    }

    @Test func `a new guard signs every kind`() {
        for statement in [Statement.notarize(Self.a), .nullify, .finalize(Self.a)] {
            #expect(SigningGuard().judge(Self.intent(3, statement)) == .sign)
        }
    }

    @Test func `the same content gets the same signature again`() {
        let vote = Self.vote(3, .notarize(Self.a))
        let signing = Self.guardAfter([vote])
        #expect(signing.judge(Self.intent(3, .notarize(Self.a))) == .repeated(vote))
    }

    @Test(arguments: [
        (Statement.notarize(a), Statement.notarize(b)),
        (.finalize(a), .finalize(b)),
        (.notarize(a), .finalize(b)),
        (.nullify, .finalize(a)),
        (.finalize(a), .nullify),
        (.finalize(a), .notarize(b)),
        (.nullify, .notarize(a)),
    ])
    func `a pair that honest validators never cast is refused`(
        first: Statement, second: Statement
    ) {
        let signing = Self.guardAfter([Self.vote(3, first)])
        #expect(signing.judge(Self.intent(3, second)) == .refused)
    }

    @Test(arguments: [
        (Statement.notarize(a), Statement.finalize(a)),
        (.notarize(a), .nullify),
        (.finalize(a), .notarize(a)),
    ])
    func `a pair of the ordinary course is signed`(first: Statement, second: Statement) {
        let signing = Self.guardAfter([Self.vote(3, first)])
        #expect(signing.judge(Self.intent(3, second)) == .sign)
    }

    @Test func `only finalize goes back to an earlier view`() {
        let signing = Self.guardAfter([Self.vote(5, .nullify)])
        #expect(signing.judge(Self.intent(4, .notarize(Self.a))) == .refused)
        #expect(signing.judge(Self.intent(4, .nullify)) == .refused)
        #expect(signing.judge(Self.intent(4, .finalize(Self.a))) == .sign)
        #expect(signing.judge(Self.intent(6, .nullify)) == .sign)
    }

    @Test func `a pruned view is refused and the one above it is not`() {
        var signing = Self.guardAfter([Self.vote(3, .notarize(Self.a))])
        signing.prune(instance: Self.instance, through: View(3))
        #expect(signing.judge(Self.intent(3, .notarize(Self.a))) == .refused)
        #expect(signing.judge(Self.intent(3, .finalize(Self.a))) == .refused)
        #expect(signing.judge(Self.intent(4, .finalize(Self.a))) == .sign)
    }

    @Test func `another instance is another table`() {
        let signing = Self.guardAfter([Self.vote(3, .notarize(Self.a))])
        let other = VoteIntent(
            instance: Digest(.instance, [2]), epoch: Epoch(1), view: View(3), signer: 2,
            statement: .notarize(Self.b))
        #expect(signing.judge(other) == .sign)
    }
}

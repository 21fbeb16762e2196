import Chain
import Cryptography
import Testing

@testable import Simulator

/// The checker must be able to fail: each rule is broken once.
@Suite struct CheckerTests {
    let a = Candidate(parentView: View(0), blockHash: Digest(.block, [1]))
    let b = Candidate(parentView: View(0), blockHash: Digest(.block, [2]))

    func checker(byzantine: Set<UInt16> = []) -> Checker {
        Checker(powers: [1, 1, 1, 1], byzantine: byzantine)
    }

    @Test func `X3 an honest signer that contradicts itself is found`() {
        var checker = checker()
        checker.signed(view: View(1), signer: 0, statement: .notarize(a))
        checker.signed(view: View(1), signer: 0, statement: .nullify)
        #expect(checker.violations.isEmpty)
        checker.signed(view: View(1), signer: 0, statement: .notarize(b))
        #expect(checker.violations.map(\.rule) == ["X3"])
    }

    @Test func `X3 a Byzantine signer may contradict itself`() {
        var checker = checker(byzantine: [0])
        checker.signed(view: View(1), signer: 0, statement: .finalize(a))
        checker.signed(view: View(1), signer: 0, statement: .nullify)
        #expect(checker.violations.isEmpty)
    }

    @Test func `an honest vote without what must lie behind it is found`() {
        var checker = checker()
        checker.signed(view: View(1), signer: 0, statement: .finalize(a))
        #expect(checker.violations.map(\.rule) == ["R6"])
        checker.signed(view: View(2), signer: 0, statement: .notarize(a))
        #expect(checker.violations.map(\.rule) == ["R6", "2.5"])
    }

    @Test func `X4 two quorums of one view are found`() {
        var checker = checker(byzantine: [0, 1, 2, 3])
        for signer in 0..<3 as Range<UInt16> {
            checker.signed(view: View(1), signer: signer, statement: .nullify)
        }
        for signer in 0..<2 as Range<UInt16> {
            checker.signed(view: View(1), signer: signer, statement: .finalize(a))
        }
        #expect(checker.violations.isEmpty)
        checker.signed(view: View(1), signer: 3, statement: .finalize(a))
        #expect(checker.violations.map(\.rule) == ["X4"])
    }

    @Test func `I13 a certificate of votes that nobody cast is found`() {
        var checker = checker()
        checker.signed(view: View(1), signer: 0, statement: .nullify)
        var bitmap = SignerBitmap(count: 4)
        bitmap.insert(0)
        bitmap.insert(1)
        let signature = Signature([UInt8](repeating: 0, count: 64))
        checker.sent(
            Certificate(
                epoch: .zero, view: View(1), statement: .nullify, isPartial: false,
                bitmap: bitmap, signatures: [signature, signature]))
        #expect(checker.violations.map(\.rule) == ["I13", "I13"])
    }

    @Test func `X1 two blocks of one height, and X5 finality without notarization, are found`() {
        var checker = checker()
        let first = header(height: 1, view: 1)
        let second = header(height: 1, view: 2)
        checker.finalized(at: 0, [first], by: finalization(of: first, view: 1))
        #expect(checker.violations.isEmpty)
        checker.finalized(at: 1, [second], by: finalization(of: second, view: 2))
        #expect(checker.violations.map(\.rule) == ["X1"])
        checker.conclude()
        #expect(checker.violations.map(\.rule) == ["X1", "X5", "X5"])
    }

    private func header(height: UInt64, view: UInt64) -> Header {
        Header(
            genesisHash: .zero, epoch: .zero, height: Height(height), view: View(view),
            parentView: .zero, parentHash: .zero, timestamp: Timestamp(1), proposer: 0,
            transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero, setHash: .zero,
            nextSetHash: .zero, evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0,
            gasLimit: 0)
    }

    private func finalization(of header: Header, view: UInt64) -> Certificate {
        Certificate(
            epoch: .zero, view: View(view), statement: .finalize(header.candidate),
            isPartial: false, bitmap: SignerBitmap(count: 4), signatures: [])
    }
}

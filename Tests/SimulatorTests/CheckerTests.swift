import Chain
import Cryptography
import Replica
import Testing

@testable import Simulator

/// The checker must be able to fail: each rule is broken once.
@Suite struct CheckerTests {
    let a = Candidate(parentView: View(0), blockHash: Digest(.block, [1]))
    let b = Candidate(parentView: View(0), blockHash: Digest(.block, [2]))

    func book(byzantine: Set<Int> = []) -> VoteBook {
        VoteBook(
            epoch: .zero, instance: .zero,
            seats: (0..<4).map { Seating.Seat(node: $0, power: 1) }, byzantine: byzantine)
    }

    @Test func `X3 an honest signer that contradicts itself is found`() {
        var book = book()
        book.signed(view: View(1), signer: 0, statement: .notarize(a))
        book.signed(view: View(1), signer: 0, statement: .nullify)
        #expect(book.violations.isEmpty)
        book.signed(view: View(1), signer: 0, statement: .notarize(b))
        #expect(book.violations.map(\.rule) == ["X3"])
    }

    @Test func `X3 a Byzantine signer may contradict itself`() {
        var book = book(byzantine: [0])
        book.signed(view: View(1), signer: 0, statement: .finalize(a))
        book.signed(view: View(1), signer: 0, statement: .nullify)
        #expect(book.violations.isEmpty)
    }

    @Test func `an honest vote without what must lie behind it is found`() {
        var book = book()
        book.signed(view: View(1), signer: 0, statement: .finalize(a))
        #expect(book.violations.map(\.rule) == ["R6"])
        book.signed(view: View(2), signer: 0, statement: .notarize(a))
        #expect(book.violations.map(\.rule) == ["R6", "2.5"])
        // A parent that two of four have notarized, and then one that three have.
        for signer in 0..<2 as Range<UInt16> {
            book.signed(view: View(1), signer: signer, statement: .notarize(a))
        }
        let child = Candidate(parentView: View(1), blockHash: Digest(.block, [3]))
        book.signed(view: View(2), signer: 1, statement: .notarize(child))
        #expect(book.violations.map(\.rule) == ["R6", "2.5", "2.5"])
        book.signed(view: View(1), signer: 2, statement: .notarize(a))
        book.signed(view: View(2), signer: 2, statement: .notarize(child))
        #expect(book.violations.count == 3)
    }

    @Test func `I20 more than an engine may keep, or ask for in a step, is found`() {
        var checker = checker(byzantine: [2])
        checker.asked(96, validators: 4, by: 0)
        checker.asked(97, validators: 4, by: 2)
        #expect(checker.violations.isEmpty)
        checker.asked(97, validators: 4, by: 0)
        #expect(checker.violations.map(\.rule) == ["I20"])
    }

    @Test func `X4 two quorums of one view are found`() {
        var book = book(byzantine: [0, 1, 2, 3])
        for signer in 0..<3 as Range<UInt16> {
            book.signed(view: View(1), signer: signer, statement: .nullify)
        }
        for signer in 0..<2 as Range<UInt16> {
            book.signed(view: View(1), signer: signer, statement: .finalize(a))
        }
        #expect(book.violations.isEmpty)
        book.signed(view: View(1), signer: 3, statement: .finalize(a))
        #expect(book.violations.map(\.rule) == ["X4"])
    }

    @Test func `I13 a certificate of votes that nobody cast is found`() {
        var book = book()
        book.signed(view: View(1), signer: 0, statement: .nullify)
        var bitmap = SignerBitmap(count: 4)
        bitmap.insert(0)
        bitmap.insert(1)
        let signature = Signature([UInt8](repeating: 0, count: 64))
        book.sent(
            Certificate(
                epoch: .zero, view: View(1), statement: .nullify, isPartial: false,
                bitmap: bitmap, signatures: [signature, signature]))
        #expect(book.violations.map(\.rule) == ["I13", "I13"])
    }

    @Test func `X5 finality without notarization is found`() {
        var book = book()
        let header = header(height: 1, view: 1)
        book.finalized(
            Certificate(
                epoch: .zero, view: View(1), statement: .finalize(header.candidate),
                isPartial: false, bitmap: SignerBitmap(count: 4), signatures: []))
        book.conclude()
        #expect(book.violations.map(\.rule) == ["I13", "X5"])
    }

    // MARK: Blocks

    func checker(byzantine: [Int] = []) -> Checker {
        var plan = WorldPlan(seed: 1, validators: 4)
        plan.corrupted = byzantine.map { Corruption(node: $0, behaviour: "twin") }
        return Checker(plan, cast: Cast(plan))
    }

    @Test func `X1 two blocks of one height are found`() {
        var checker = checker()
        checker.finalized(header(height: 1, view: 1), [], by: 0)
        checker.finalized(header(height: 1, view: 1), [], by: 1)
        #expect(checker.violations.isEmpty)
        checker.finalized(header(height: 1, view: 2), [], by: 2)
        #expect(checker.violations.map(\.rule) == ["X1"])
    }

    @Test func `what a Byzantine node says is final does not matter`() {
        var checker = checker(byzantine: [2])
        checker.finalized(header(height: 1, view: 1), [], by: 0)
        checker.finalized(header(height: 1, view: 2), [], by: 2)
        #expect(checker.violations.isEmpty)
    }

    @Test func `X2 a block on another parent, and I18 a height left out, are found`() {
        var checker = checker()
        checker.finalized(header(height: 1, view: 1), [], by: 0)
        checker.finalized(header(height: 2, view: 2), [], by: 0)
        #expect(checker.violations.map(\.rule) == ["X2"])
        checker.finalized(header(height: 4, view: 4), [], by: 0)
        #expect(checker.violations.map(\.rule) == ["X2", "I18"])
    }

    @Test func `X6 another state, and a state that a crash lost, are found`() {
        var checker = checker()
        let header = header(height: 1, view: 1)
        checker.finalized(header, [], by: 0)
        checker.committed(Height(1), root: .zero, by: 0)
        checker.promised(Height(1), by: 0)
        checker.recovered(0, height: Height(1), hash: header.hash, root: .zero)
        #expect(checker.violations.isEmpty)
        checker.committed(Height(1), root: header.hash, by: 1)
        checker.recovered(0, height: .genesis, hash: .zero, root: .zero)
        #expect(checker.violations.map(\.rule) == ["X6", "durability"])
    }

    @Test func `X7 a penalty among honest nodes is found, but for a timeout`() {
        var checker = checker(byzantine: [3])
        checker.penalized(3, by: 0, .forged)
        checker.penalized(1, by: 3, .forged)
        checker.penalized(1, by: 0, .timeout)
        #expect(checker.violations.isEmpty)
        checker.penalized(1, by: 0, .unsolicited)
        #expect(checker.violations.map(\.rule) == ["X7"])
    }

    private func header(height: UInt64, view: UInt64) -> Header {
        Header(
            genesisHash: .zero, epoch: .zero, height: Height(height), view: View(view),
            parentView: .zero, parentHash: .zero, timestamp: Timestamp(1), proposer: 0,
            transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero, setHash: .zero,
            nextSetHash: .zero, evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0,
            gasLimit: 0)
    }
}

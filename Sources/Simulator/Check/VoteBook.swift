import Chain
import Cryptography

/// Every vote that any key signed in one instance, and what must hold of them. It asks no
/// production code whether two votes conflict or what a quorum is.
struct VoteBook: Sendable {
    let epoch: Epoch
    let instance: Digest
    /// By seat: the node and its power, from the simulator's own knowledge.
    let seats: [Seating.Seat]
    private let total: UInt64
    /// Seats whose keys may sign anything.
    private let byzantine: Set<UInt16>

    private struct Key: Hashable {
        let signer: UInt16
        let view: View
    }

    private struct Claim: Hashable {
        let view: View
        let statement: Statement
    }

    private var statements: [Key: [Statement]] = [:]
    /// The keys behind each statement.
    private var signers: [Claim: Set<UInt16>] = [:]
    private var byView: [View: [Statement]] = [:]
    /// Below it everything was forgotten.
    private var firstKept = View.zero
    /// Finalizations that some node acted on, for X5.
    private var finalized: Set<Claim> = []
    private(set) var violations: [Violation] = []

    init(epoch: Epoch, instance: Digest, seats: [Seating.Seat], byzantine: Set<Int>) {
        self.epoch = epoch
        self.instance = instance
        self.seats = seats
        total = seats.reduce(0) { $0 + $1.power }
        self.byzantine = Set(
            seats.indices.filter { byzantine.contains(seats[$0].node) }.map { UInt16($0) })
    }

    mutating func takeViolations() -> [Violation] {
        defer { violations = [] }
        return violations
    }

    private mutating func fail(_ rule: String, _ detail: String) {
        violations.append(Violation(rule, "epoch \(epoch): \(detail)"))
    }

    /// Twice the whole is less than three times the part.
    private func isQuorum(_ signers: Set<UInt16>) -> Bool {
        var power: UInt64 = 0
        for (index, seat) in seats.enumerated() where signers.contains(UInt16(index)) {
            power += seat.power
        }
        return power * 3 > total * 2
    }

    /// A key signed a vote: X3 for honest signers, X4 for all together.
    mutating func signed(view: View, signer: UInt16, statement: Statement) {
        guard Int(signer) < seats.count else {
            fail("X3", "signer \(signer) has no seat")
            return
        }
        let key = Key(signer: signer, view: view)
        let earlier = statements[key, default: []]
        guard !earlier.contains(statement) else { return }
        if !byzantine.contains(signer) {
            for other in earlier where isContradiction(other, statement) {
                fail("X3", "signer \(signer) in view \(view): \(other) and \(statement)")
            }
            checkReason(of: statement, in: view, by: signer)
        }
        statements[key] = earlier + [statement]
        let claim = Claim(view: view, statement: statement)
        signers[claim, default: []].insert(signer)
        if signers[claim]?.count == 1 { byView[view, default: []].append(statement) }
        guard let all = signers[claim], isQuorum(all) else { return }
        for other in byView[view, default: []] where other != statement {
            guard let those = signers[Claim(view: view, statement: other)], isQuorum(those) else {
                continue
            }
            checkQuorums(view, statement, other)
        }
    }

    /// What must lie behind an honest vote, whatever the voter thinks: nullifications of all views
    /// between a notarized block and its parent, a notarization under a finalize vote.
    private mutating func checkReason(
        of statement: Statement, in view: View, by signer: UInt16
    ) {
        switch statement {
        case .nullify: return
        case .finalize(let candidate):
            let claim = Claim(view: view, statement: .notarize(candidate))
            if !isQuorum(signers[claim, default: []]) {
                fail("R6", "signer \(signer) finalized in \(view) what nobody notarized")
            }
        case .notarize(let candidate):
            if candidate.parentView >= view { fail("2.5", "a parent of \(view) is not below it") }
            var between = candidate.parentView.value + 1
            while between < view.value {
                let claim = Claim(view: View(between), statement: .nullify)
                if !isQuorum(signers[claim, default: []]) {
                    fail("2.5", "signer \(signer) in \(view) passed over view \(between)")
                }
                between += 1
            }
            checkParent(candidate.parentView, of: view, by: signer)
        }
    }

    /// 2.5: what a block builds on was notarized, or is the epoch's base.
    private mutating func checkParent(_ parent: View, of view: View, by signer: UInt16) {
        guard parent > .zero, parent >= firstKept else { return }
        let isNotarized = byView[parent, default: []].contains {
            guard case .notarize = $0 else { return false }
            return isQuorum(signers[Claim(view: parent, statement: $0), default: []])
        }
        if !isNotarized {
            fail("2.5", "signer \(signer) in \(view) built on \(parent), which nobody notarized")
        }
    }

    private mutating func checkQuorums(_ view: View, _ a: Statement, _ b: Statement) {
        switch (a, b) {
        case (.nullify, .finalize), (.finalize, .nullify), (.notarize, .notarize),
            (.finalize, .finalize):
            fail("X4", "two quorums in view \(view): \(a) and \(b)")
        case (.notarize(let x), .finalize(let y)), (.finalize(let x), .notarize(let y)):
            if x != y { fail("X4", "two quorums in view \(view): \(a) and \(b)") }
        case (.notarize, .nullify), (.nullify, .notarize), (.nullify, .nullify): return
        }
    }

    private func isContradiction(_ a: Statement, _ b: Statement) -> Bool {
        switch (a, b) {
        case (.nullify, .finalize), (.finalize, .nullify): true
        case (.notarize(let x), .notarize(let y)): x != y
        case (.finalize(let x), .finalize(let y)): x != y
        case (.notarize(let x), .finalize(let y)): x != y
        case (.finalize(let x), .notarize(let y)): x != y
        case (.nullify, .nullify), (.nullify, .notarize), (.notarize, .nullify): false
        }
    }

    /// A certificate left an honest node: only of votes that were signed.
    mutating func sent(_ certificate: Certificate) {
        let claim = Claim(view: certificate.view, statement: certificate.statement)
        let voters = Set(certificate.bitmap.signers)
        if !voters.isSubset(of: signers[claim, default: []]) {
            fail("I13", "a certificate of \(certificate.view) names who did not sign")
        }
        if !certificate.isPartial, !isQuorum(voters) {
            fail("I13", "a certificate of \(certificate.view) is below the quorum")
        }
    }

    /// An honest node acted on a finalization.
    mutating func finalized(_ certificate: Certificate) {
        sent(certificate)
        guard let candidate = certificate.statement.candidate, certificate.kind == .finalize,
            !certificate.isPartial
        else {
            fail("I13", "a finalization of \(certificate.view) is none")
            return
        }
        finalized.insert(Claim(view: certificate.view, statement: .notarize(candidate)))
    }

    /// X5, at the end: behind every finalization stands a notarization.
    mutating func conclude() {
        for claim in finalized where !isQuorum(signers[claim, default: []]) {
            fail("X5", "view \(claim.view) is final without a notarization")
        }
    }

    var finalizedViews: Int { finalized.count }

    /// Forgets views that nobody will vote in any more, so that long runs stay small.
    mutating func prune(below view: View) {
        guard byView.count > 2_048 else { return }
        forget(below: view)
    }

    /// The same for an epoch that ended some epochs ago: only its end can still be of use.
    mutating func shrink() {
        guard byView.count > 1_024, let last = byView.keys.max() else { return }
        forget(below: last.lowered(by: 256))
    }

    private mutating func forget(below view: View) {
        conclude()
        firstKept = max(firstKept, view)
        byView = byView.filter { $0.key >= view }
        statements = statements.filter { $0.key.view >= view }
        signers = signers.filter { $0.key.view >= view }
        finalized = finalized.filter { $0.view >= view }
    }
}

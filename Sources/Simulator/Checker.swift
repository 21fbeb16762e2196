import Chain
import Consensus
import Cryptography

/// A rule of consensus.md 2.18 that was broken.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    public let rule: String
    public let detail: String

    public var description: String { "\(rule): \(detail)" }
}

/// Watches all nodes from outside and recomputes from first principles what must hold; it asks no
/// production code whether two votes conflict or what a quorum is.
struct Checker: Sendable {
    private let powers: [UInt64]
    private let total: UInt64
    /// Signers that may do anything.
    private let byzantine: Set<UInt16>
    private(set) var violations: [Violation] = []

    /// X1: what became final at a height, and at whose word.
    private var finals: [Height: Digest] = [:]
    /// Every vote that any key signed.
    private var statements: [Key: [Statement]] = [:]
    /// The power behind each statement, each signer counted once.
    private var signers: [Claim: Set<UInt16>] = [:]
    private var byView: [View: [Statement]] = [:]
    /// Finalizations that some node acted on, for X5.
    private var finalized: [Claim] = []
    /// The last height that a run of a node told, by endpoint.
    private var told: [Int: Height] = [:]

    private struct Key: Hashable {
        let signer: UInt16
        let view: View
    }

    private struct Claim: Hashable {
        let view: View
        let statement: Statement
    }

    init(powers: [UInt64], byzantine: Set<UInt16>) {
        self.powers = powers
        total = powers.reduce(0, +)
        self.byzantine = byzantine
    }

    mutating func fail(_ rule: String, _ detail: String) {
        violations.append(Violation(rule: rule, detail: detail))
    }

    /// Twice the whole is less than three times the part.
    private func isQuorum(_ signers: Set<UInt16>) -> Bool {
        var power: UInt64 = 0
        for signer in signers.sorted() { power += powers[Int(signer)] }
        return power * 3 > total * 2
    }

    // MARK: Votes

    /// A key signed a vote: X3 for honest signers, X4 for all together.
    mutating func signed(view: View, signer: UInt16, statement: Statement) {
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

    /// A certificate left a node: only of votes that were signed.
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

    // MARK: Finality

    /// A node told its replica that blocks are final: X1, X2, I18.
    mutating func finalized(
        at endpoint: Int, _ headers: [Header], by certificate: Certificate
    ) {
        for header in headers {
            let hash = header.hash
            if let other = finals[header.height], other != hash {
                fail("X1", "height \(header.height): \(hash) and \(other)")
            }
            finals[header.height] = hash
            if header.height > Height(1),
                let parent = finals[Height(header.height.value - 1)], parent != header.parentHash
            {
                fail("X2", "height \(header.height) does not extend what is final below")
            }
            if let last = told[endpoint], header.height.value != last.value + 1 {
                fail("I18", "endpoint \(endpoint) told \(header.height) after \(last)")
            }
            told[endpoint] = header.height
        }
        guard let candidate = certificate.statement.candidate else {
            fail("I13", "a finalization without a block")
            return
        }
        if headers.last?.hash != candidate.blockHash {
            fail("X2", "the certificate of view \(certificate.view) names another block")
        }
        finalized.append(Claim(view: certificate.view, statement: .notarize(candidate)))
    }

    /// A node's run ended or it jumped: it begins to tell again from `height`.
    mutating func restarted(_ endpoint: Int, at height: Height) {
        told[endpoint] = height
    }

    /// X5, at the end: behind every finalization stands a notarization.
    mutating func conclude() {
        for claim in finalized where !isQuorum(signers[claim, default: []]) {
            fail("X5", "view \(claim.view) is final without a notarization")
        }
    }

    /// How many views any node finalized in.
    var finalizedViews: Int { Set(finalized.map(\.view)).count }
}

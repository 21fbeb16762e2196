import Chain
import Consensus
import Cryptography

/// Recomputes from first principles what must hold in a Twins scenario; like `Checker`, but small
/// enough to be made for each of millions.
struct TwinChecker: Sendable {
    private let powers: [UInt64]
    private let total: UInt64
    private let honest: [Bool]
    private(set) var violations: [Violation] = []

    private struct Entry: Sendable {
        let statement: Statement
        var signers: UInt64
    }

    /// Every vote that a key signed, by view.
    private var views: [[Entry]] = []
    /// The final blocks by height, from 1 on.
    private var finals: [Digest] = []
    private var told: [UInt64]
    private(set) var finalizedViews = 0
    private var highestFinal: UInt64 = 0

    init(powers: [UInt64], twinned: [UInt16], endpoints: Int) {
        precondition(powers.count <= 64, "signers fit a word")
        self.powers = powers
        total = powers.reduce(0, +)
        honest = powers.indices.map { !twinned.contains(UInt16($0)) }
        told = [UInt64](repeating: 0, count: endpoints)
    }

    mutating func fail(_ rule: String, _ detail: String) {
        guard violations.count < 16 else { return }
        violations.append(Violation(rule, detail))
    }

    func isHonest(_ signer: UInt16) -> Bool { honest[Int(signer)] }

    func power(of signers: UInt64) -> UInt64 {
        var power: UInt64 = 0
        for index in powers.indices where signers & (1 << UInt64(index)) != 0 {
            power += powers[index]
        }
        return power
    }

    private func isQuorum(_ signers: UInt64) -> Bool { power(of: signers) * 3 > total * 2 }

    private func signers(of statement: Statement, in view: UInt64) -> UInt64 {
        guard view < UInt64(views.count) else { return 0 }
        return views[Int(view)].first { $0.statement == statement }?.signers ?? 0
    }

    // MARK: Votes

    /// A key signed a vote: X3 for honest signers, X4 for all together.
    mutating func signed(_ statement: Statement, in view: View, by signer: UInt16) {
        let index = Int(view.value)
        while views.count <= index { views.append([]) }
        let bit = UInt64(1) << UInt64(signer)
        if isHonest(signer) {
            for entry in views[index]
            where entry.signers & bit != 0 && TwinChecker.conflict(entry.statement, statement) {
                fail("X3", "honest \(signer) in view \(view): \(entry.statement), \(statement)")
            }
            checkReason(of: statement, in: view, by: signer)
        }
        if let position = views[index].firstIndex(where: { $0.statement == statement }) {
            views[index][position].signers |= bit
        } else {
            views[index].append(Entry(statement: statement, signers: bit))
        }
        guard isQuorum(signers(of: statement, in: view.value)) else { return }
        for entry in views[index] where entry.statement != statement && isQuorum(entry.signers) {
            checkQuorums(statement, entry.statement, in: view)
        }
    }

    private mutating func checkReason(of statement: Statement, in view: View, by signer: UInt16) {
        switch statement {
        case .nullify: return
        case .finalize(let candidate):
            if !isQuorum(signers(of: .notarize(candidate), in: view.value)) {
                fail("R6", "\(signer) finalized in \(view) what nobody notarized")
            }
        case .notarize(let candidate):
            let parent = candidate.parentView.value
            guard parent < view.value else {
                fail("2.5", "a parent of \(view) is not below it")
                return
            }
            for between in parent + 1..<view.value
            where !isQuorum(signers(of: .nullify, in: between)) {
                fail("2.5", "\(signer) in \(view) passed over view \(between)")
            }
            if parent > 0, parent < UInt64(views.count),
                !views[Int(parent)].contains(where: {
                    $0.statement.kind == .notarize && isQuorum($0.signers)
                })
            {
                fail("2.5", "\(signer) in \(view) built on \(parent), which nobody notarized")
            }
        }
    }

    private mutating func checkQuorums(_ a: Statement, _ b: Statement, in view: View) {
        let isConflict =
            switch (a, b) {
            case (.nullify, .finalize), (.finalize, .nullify): true
            case (.notarize(let x), .notarize(let y)), (.finalize(let x), .finalize(let y)),
                (.notarize(let x), .finalize(let y)), (.finalize(let x), .notarize(let y)):
                x != y
            case (.notarize, .nullify), (.nullify, .notarize), (.nullify, .nullify): false
            }
        if isConflict { fail("X4", "two quorums in view \(view): \(a), \(b)") }
    }

    private static func conflict(_ a: Statement, _ b: Statement) -> Bool {
        switch (a, b) {
        case (.nullify, .finalize), (.finalize, .nullify): true
        case (.notarize(let x), .notarize(let y)), (.finalize(let x), .finalize(let y)),
            (.notarize(let x), .finalize(let y)), (.finalize(let x), .notarize(let y)):
            x != y
        case (.nullify, .nullify), (.nullify, .notarize), (.notarize, .nullify): false
        }
    }

    /// A certificate left an endpoint: only of votes that were signed, and a quorum if it says so.
    mutating func sent(_ certificate: Certificate) {
        var voters: UInt64 = 0
        for signer in certificate.bitmap.signers { voters |= 1 << UInt64(signer) }
        let signed = signers(of: certificate.statement, in: certificate.view.value)
        if voters & ~signed != 0 {
            fail("I13", "a certificate of \(certificate.view) names who did not sign")
        }
        if !certificate.isPartial, !isQuorum(voters) {
            fail("I13", "a certificate of \(certificate.view) is below the quorum")
        }
    }

    // MARK: Finality

    /// X1, X2, X5, I18.
    mutating func finalized(at endpoint: Int, _ headers: [Header], by certificate: Certificate) {
        for header in headers {
            let height = header.height.value
            if height != told[endpoint] + 1 {
                fail("I18", "endpoint \(endpoint) told \(height) after \(told[endpoint])")
            }
            told[endpoint] = height
            let hash = header.hash
            if height <= UInt64(finals.count) {
                if finals[Int(height) - 1] != hash { fail("X1", "two blocks at \(height)") }
            } else {
                if let parent = finals.last, parent != header.parentHash {
                    fail("X2", "height \(height) does not extend what is final below")
                }
                finals.append(hash)
            }
        }
        guard let candidate = certificate.statement.candidate,
            headers.last?.hash == candidate.blockHash
        else {
            fail("X2", "the certificate of view \(certificate.view) names another block")
            return
        }
        if !isQuorum(signers(of: .notarize(candidate), in: certificate.view.value)) {
            fail("X5", "view \(certificate.view) is final without a notarization")
        }
        if certificate.view.value > highestFinal {
            highestFinal = certificate.view.value
            finalizedViews += 1
        }
    }

    /// A run ended, and the next begins to tell from here.
    mutating func restarted(_ endpoint: Int, at height: Height) {
        told[endpoint] = height.value
    }

    // MARK: States

    /// What later checks can depend on: who signed what in the views above `view`.
    func mix(into hasher: inout TaggedHasher, above view: View) {
        hasher.update(UInt64(finals.count))
        hasher.update(finals.last ?? .zero)
        var index = Int(view.value) + 1
        while index < views.count {
            // The order of signing must not matter: entries are summed, not chained.
            var sum = Words(0, 0)
            for entry in views[index] {
                var part = TaggedHasher(.logRecord)
                part.update(entry.statement.kind.rawValue)
                part.update(entry.statement.candidate?.parentView.value ?? 0)
                part.update(entry.statement.candidate?.blockHash ?? .zero)
                part.update(entry.signers)
                let words = part.finalize().words
                sum = Words(sum.a &+ words.w0, sum.b &+ words.w1)
            }
            hasher.update(UInt64(index))
            hasher.update(sum.a)
            hasher.update(sum.b)
            index += 1
        }
    }

    private struct Words {
        let a: UInt64
        let b: UInt64

        init(_ a: UInt64, _ b: UInt64) {
            self.a = a
            self.b = b
        }
    }
}

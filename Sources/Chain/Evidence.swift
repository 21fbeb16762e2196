import Codec
import Cryptography

/// Two votes of one validator in one view that no honest validator casts together
/// (consensus.md 2.14). The votes are ordered by kind and then by bytes, so that a pair has one
/// form.
public struct Evidence: CanonicalCodable, Hashable, Sendable {
    public let first: Vote
    public let second: Vote

    /// nil unless the two votes conflict.
    public init?(_ a: Vote, _ b: Vote) {
        guard Evidence.conflicts(a, b) else { return nil }
        let isOrdered =
            a.kind != b.kind
            ? a.kind < b.kind : a.encoded().lexicographicallyPrecedes(b.encoded())
        first = isOrdered ? a : b
        second = isOrdered ? b : a
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let a = try Vote(from: &reader)
        let b = try Vote(from: &reader)
        guard let evidence = Evidence(a, b), evidence.first == a else {
            throw .invalidValue(type: "Evidence")
        }
        self = evidence
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(second)
    }

    public var epoch: Epoch { first.epoch }
    public var view: View { first.view }
    public var signer: UInt16 { first.signer }

    /// One id for all pairs of one signer in one view.
    public var id: Digest {
        var hasher = TaggedHasher(.evidence)
        hasher.update(epoch.value)
        hasher.update(view.value)
        hasher.update(signer)
        return hasher.finalize()
    }

    /// The table of conflicting pairs: different notarize, different finalize, nullify with
    /// finalize, and notarize with finalize of another candidate.
    public static func conflicts(_ a: Vote, _ b: Vote) -> Bool {
        guard a.epoch == b.epoch, a.view == b.view, a.signer == b.signer else { return false }
        return switch (a.statement, b.statement) {
        case (.notarize(let x), .notarize(let y)): x != y
        case (.finalize(let x), .finalize(let y)): x != y
        case (.notarize(let x), .finalize(let y)), (.finalize(let x), .notarize(let y)): x != y
        case (.nullify, .finalize), (.finalize, .nullify): true
        case (.nullify, .nullify), (.notarize, .nullify), (.nullify, .notarize): false
        }
    }
}

/// Evidence in a block, with the account that the proposer names as its reporter.
public struct ReportedEvidence: CanonicalCodable, Hashable, Sendable {
    public let evidence: Evidence
    public let reporter: Address

    public init(evidence: Evidence, reporter: Address) {
        self.evidence = evidence
        self.reporter = reporter
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        evidence = try Evidence(from: &reader)
        reporter = try Address(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(evidence)
        writer.write(reporter)
    }
}

/// The notarize votes for one view that a leader holds: what rewards are paid by (staking.md 3).
public struct Participation: CanonicalCodable, Hashable, Sendable {
    public let notarizations: Certificate

    public init(notarizations: Certificate) {
        self.notarizations = notarizations
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        notarizations = try Certificate(from: &reader)
        guard notarizations.kind == .notarize, notarizations.isPartial else {
            throw .invalidValue(type: "Participation")
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(notarizations)
    }
}

import Chain
import Codec
import Cryptography

/// What must be durable before the engine acts in public (2.15): the payloads of the log's records.
/// The framing (magic, sequence, check bound to the instance) is `Chain.LogFrame`.
public enum SafetyRecord: Hashable, Sendable {
    /// A vote that is about to be signed: from its sync on it counts as cast.
    case ownVote(View, Statement)
    case certificate(Certificate)
    /// This node executed the notarized block and agrees.
    case certified(View, Digest)
    /// The last final block that the committed state holds.
    case floor(Certificate)
    /// The block that this node built as leader.
    case builtBlock(View, parentView: View, parent: Digest, hash: Digest)
    /// For forensics only.
    case entered(View)
    case evidence(Evidence)
    /// Two certificates that cannot both be: this node has stopped, and stays so in a new start.
    /// The first one is nil if it has been in the log for long.
    case halted(Certificate?, Certificate)

    /// The type byte of the log's frame (2.20).
    public var type: UInt8 {
        switch self {
        case .ownVote: 1
        case .certificate: 2
        case .certified: 3
        case .floor: 4
        case .builtBlock: 5
        case .entered: 6
        case .evidence: 7
        case .halted: 8
        }
    }

    /// The frame's payload.
    public var payload: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        switch self {
        case .ownVote(let view, let statement):
            writer.write(statement.kind.rawValue)
            writer.write(view)
            if let candidate = statement.candidate {
                writer.write(candidate)
            }
        case .certificate(let certificate), .floor(let certificate):
            writer.write(certificate)
        case .certified(let view, let hash):
            writer.write(view)
            writer.write(hash)
        case .builtBlock(let view, let parentView, let parent, let hash):
            writer.write(view)
            writer.write(parentView)
            writer.write(parent)
            writer.write(hash)
        case .entered(let view):
            writer.write(view)
        case .evidence(let evidence):
            writer.write(evidence)
        case .halted(let first, let second):
            writer.writeOptional(first)
            writer.write(second)
        }
        return writer.bytes
    }

    /// - Throws: for an unknown type, and for a payload that is not exactly one record's.
    public init(type: UInt8, payload: [UInt8]) throws(DecodeError) {
        var reader = ByteReader(payload.span.bytes)
        switch type {
        case 1: self = try SafetyRecord.readOwnVote(from: &reader)
        case 2: self = .certificate(try SafetyRecord.readCertificate(from: &reader))
        case 3: self = .certified(try View(from: &reader), try Digest(from: &reader))
        case 4:
            let certificate = try SafetyRecord.readCertificate(from: &reader)
            guard certificate.kind == .finalize else { throw .invalidValue(type: "floor") }
            self = .floor(certificate)
        case 5:
            self = .builtBlock(
                try View(from: &reader), parentView: try View(from: &reader),
                parent: try Digest(from: &reader), hash: try Digest(from: &reader))
        case 6: self = .entered(try View(from: &reader))
        case 7: self = .evidence(try Evidence(from: &reader))
        case 8:
            let first: Certificate? = try reader.readOptional()
            guard first?.isPartial != true else { throw .invalidValue(type: "Certificate") }
            self = .halted(first, try SafetyRecord.readCertificate(from: &reader))
        default: throw .unknownTag(type: "SafetyRecord", tag: UInt64(type))
        }
        try reader.finish()
    }

    private static func readOwnVote(from reader: inout ByteReader) throws(DecodeError)
        -> SafetyRecord
    {
        let tag = try reader.readUInt8()
        guard let kind = VoteKind(rawValue: tag) else {
            throw .unknownTag(type: "VoteKind", tag: UInt64(tag))
        }
        let view = try View(from: &reader)
        switch kind {
        case .notarize: return .ownVote(view, .notarize(try Candidate(from: &reader)))
        case .nullify: return .ownVote(view, .nullify)
        case .finalize: return .ownVote(view, .finalize(try Candidate(from: &reader)))
        }
    }

    private static func readCertificate(from reader: inout ByteReader) throws(DecodeError)
        -> Certificate
    {
        let certificate = try Certificate(from: &reader)
        guard !certificate.isPartial else { throw .invalidValue(type: "Certificate") }
        return certificate
    }

    var isHalt: Bool {
        if case .halted = self { true } else { false }
    }

    /// The view that the record is about; of a halt one that no floor reaches, so that it stays.
    public var view: View {
        switch self {
        case .ownVote(let view, _), .certified(let view, _), .entered(let view): view
        case .builtBlock(let view, _, _, _): view
        case .certificate(let certificate), .floor(let certificate): certificate.view
        case .evidence(let evidence): evidence.view
        case .halted: View(.max)
        }
    }
}

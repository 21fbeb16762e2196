import Codec
import Cryptography

/// What happened to a decision; a part of `GovernanceEvent`, whose tags 16 to 31 it has.
public enum DecisionEvent: Hashable, Sendable {
    /// The latest dry run warns of something else than the one before.
    case flagsChanged(DryRunFlags)
    /// An execution failed; the proposal stays queued.
    case executionFailed(code: String)
    case petitionSigned(PetitionKind, signer: Address, power: UInt64)
    /// The vote goes on until `end`.
    case reopened(end: Timestamp)
    case paused(PausableModule, until: Timestamp)
    /// By a decision.
    case resumed(PausableModule)
    /// By itself; the proposal is the one that paused it.
    case pauseEnded(PausableModule)

    static let tags: ClosedRange<UInt32> = 16...31

    init(tag: UInt32, from reader: inout ByteReader) throws(DecodeError) {
        switch tag {
        case 16: self = .flagsChanged(try DryRunFlags(from: &reader))
        case 17:
            self = .executionFailed(code: try reader.readString(limit: StoredReason.codeBytesMax))
        case 18:
            self = .petitionSigned(
                try PetitionKind(from: &reader), signer: try Address(from: &reader),
                power: try reader.readUInt64())
        case 19: self = .reopened(end: try Timestamp(from: &reader))
        case 20:
            self = .paused(
                try PausableModule(from: &reader), until: try Timestamp(from: &reader))
        case 21: self = .resumed(try PausableModule(from: &reader))
        case 22: self = .pauseEnded(try PausableModule(from: &reader))
        default: throw .unknownTag(type: "DecisionEvent", tag: UInt64(tag))
        }
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .flagsChanged(let flags): writer.write(flags)
        case .executionFailed(let code): writer.writeString(code)
        case .petitionSigned(let kind, let signer, let power):
            writer.write(kind)
            writer.write(signer)
            writer.write(power)
        case .reopened(let end): writer.write(end)
        case .paused(let module, let until):
            writer.write(module)
            writer.write(until)
        case .resumed(let module), .pauseEnded(let module): writer.write(module)
        }
    }

    var tag: UInt32 {
        switch self {
        case .flagsChanged: 16
        case .executionFailed: 17
        case .petitionSigned: 18
        case .reopened: 19
        case .paused: 20
        case .resumed: 21
        case .pauseEnded: 22
        }
    }

    var accounts: [Address] {
        switch self {
        case .petitionSigned(_, let signer, _): [signer]
        case .flagsChanged, .executionFailed, .reopened, .paused, .resumed, .pauseEnded: []
        }
    }
}

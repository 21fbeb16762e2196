import Codec
import Cryptography

/// The part of the schema about what becomes of decisions; see `StateKey`.
public enum DecisionKey: Hashable, Sendable {
    /// `DryRun`: the latest one of a proposal.
    case dryRun(ProposalID)
    /// `ProposalID`: an open or queued proposal, by the height whose stake votes on it.
    case snapshot(Height, ProposalID)
    /// `ProposalID`: a proposal whose dry run is to be made.
    case dryRunDue(ProposalID)
    /// `ProposalID`: a queued proposal whose execution failed and is tried at the next epoch start.
    case retry(ProposalID)
    /// `ProposalID`: a queued proposal whose execution failed, by the time at which it is given up.
    case surrender(Timestamp, ProposalID)
    /// `UInt64`: the power with which an account signed a petition.
    case petition(ProposalID, PetitionKind, Address)
    /// `DecisionRound`: how far the work of an epoch's start has come.
    case round
    /// `PauseTable`: what is paused; absent for nothing.
    case pauses
    /// `Amount`: what decided spends took out of the treasury on a day.
    case outflow(AssetID, day: UInt64)
    /// `TreasuryIntegral`: as the last epoch start left it.
    case treasuryIntegral(AssetID)
    /// `TreasuryIntegral`: as the first epoch start of a day left it.
    case treasurySample(AssetID, day: UInt64)

    /// The height within the key of a snapshot.
    public static func snapshotHeight(_ key: [UInt8]) -> Height {
        Height(key.dropLast(8).suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    func write(into writer: inout StateKeyWriter) {
        switch self {
        case .dryRun(let id): writer.kind(32, integers: id.value)
        case .snapshot(let height, let id): writer.kind(33, integers: height.value, id.value)
        case .dryRunDue(let id): writer.kind(34, integers: id.value)
        case .retry(let id): writer.kind(35, integers: id.value)
        case .surrender(let time, let id): writer.kind(36, integers: time.value, id.value)
        case .petition(let id, let kind, let signer):
            writer.kind(37, integers: id.value)
            writer.byte(kind.rawValue)
            writer.write(signer)
        case .round: writer.kind(38)
        case .pauses: writer.kind(39)
        case .outflow(let asset, let day): writer.kind(40, integers: asset.value, day)
        case .treasuryIntegral(let asset): writer.kind(41, integers: asset.value)
        case .treasurySample(let asset, let day): writer.kind(42, integers: asset.value, day)
        }
    }
}

extension StateKeyRange {
    /// Open and queued proposals by the height whose stake votes on them.
    public static let snapshots = StateKeyRange(.governance, kind: 33)
    public static let dueDryRuns = StateKeyRange(.governance, kind: 34)
    public static let retries = StateKeyRange(.governance, kind: 35)

    /// The signatures under the petitions about a proposal.
    public static func petitions(of id: ProposalID) -> StateKeyRange {
        let first = Address([UInt8](repeating: 0, count: 32))
        return StateKeyRange(
            from: .decision(.petition(id, .reopen, first)),
            to: .decision(.petition(id.advanced(by: 1), .reopen, first)))
    }
}

/// The work of an epoch's start that is spread over its blocks: only a few steps fit one block.
public struct DecisionRound: CanonicalCodable, Hashable, Sendable {
    /// The last epoch whose start was seen.
    public var epoch: Epoch
    /// Of that start.
    public var height: Height
    /// The time of that start; the treasury's integrals reach up to it.
    public var startedAt: Timestamp
    /// The open or queued proposal after which dry runs go on; nil if all have theirs.
    public var dryRunsAfter: Place?
    /// The id after which retries go on; nil if all were tried.
    public var retriesAfter: ProposalID?

    /// A proposal's place in the order of snapshots.
    public struct Place: CanonicalCodable, Hashable, Sendable {
        public let snapshot: Height
        public let id: ProposalID

        public init(snapshot: Height, id: ProposalID) {
            self.snapshot = snapshot
            self.id = id
        }

        public init(from reader: inout ByteReader) throws(DecodeError) {
            snapshot = try Height(from: &reader)
            id = try ProposalID(from: &reader)
        }

        public func encode(into writer: inout ByteWriter) {
            writer.write(snapshot)
            writer.write(id)
        }
    }

    public init(
        epoch: Epoch, height: Height, startedAt: Timestamp, dryRunsAfter: Place? = nil,
        retriesAfter: ProposalID? = nil
    ) {
        self.epoch = epoch
        self.height = height
        self.startedAt = startedAt
        self.dryRunsAfter = dryRunsAfter
        self.retriesAfter = retriesAfter
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        epoch = try Epoch(from: &reader)
        height = try Height(from: &reader)
        startedAt = try Timestamp(from: &reader)
        dryRunsAfter = try reader.readOptional()
        retriesAfter = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(epoch)
        writer.write(height)
        writer.write(startedAt)
        writer.writeOptional(dryRunsAfter)
        writer.writeOptional(retriesAfter)
    }
}

/// Σ balance·Δt of the treasury in one asset, in base units times milliseconds.
public struct TreasuryIntegral: CanonicalCodable, Hashable, Sendable {
    public var sum: UInt128
    public var at: Timestamp

    public init(sum: UInt128, at: Timestamp) {
        self.sum = sum
        self.at = at
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        sum = try reader.readUInt128()
        at = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(sum)
        writer.write(at)
    }
}

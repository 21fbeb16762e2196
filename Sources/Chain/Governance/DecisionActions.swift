import Codec
import Cryptography

/// What must be true when a proposal is executed, besides the values that its changes expect;
/// nothing else asks for it.
public enum ProposalCondition: CanonicalCodable, Hashable, Sendable {
    /// Of one proposal.
    public static let countMax = 8

    case treasuryAtLeast(asset: AssetID, amount: Amount)
    case heightAtMost(Height)
    case executed(ProposalID)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .treasuryAtLeast(
                asset: try AssetID(from: &reader), amount: try Amount(from: &reader))
        case 1: self = .heightAtMost(try Height(from: &reader))
        case 2: self = .executed(try ProposalID(from: &reader))
        case let tag: throw .unknownTag(type: "ProposalCondition", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .treasuryAtLeast(let asset, let amount):
            writer.writeULEB128(0)
            writer.write(asset)
            writer.write(amount)
        case .heightAtMost(let height):
            writer.writeULEB128(1)
            writer.write(height)
        case .executed(let id):
            writer.writeULEB128(2)
            writer.write(id)
        }
    }
}

/// What signers of a petition ask for.
public enum PetitionKind: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    /// The vote goes on.
    case reopen = 0
    /// The decision is dropped.
    case cancel = 1

    public var name: String {
        switch self {
        case .reopen: "reopen"
        case .cancel: "cancel"
        }
    }

    /// What the signers need together, as a part of the total power.
    public var threshold: Ratio {
        switch self {
        case .reopen: Ratio(1, 10)
        case .cancel: Ratio(1, 3)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let kind = PetitionKind(rawValue: tag) else {
            throw .unknownTag(type: "PetitionKind", tag: UInt64(tag))
        }
        self = kind
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// A signature under a petition about a queued proposal.
public struct PetitionSignature: CanonicalCodable, Hashable, Sendable {
    public let proposal: ProposalID
    public let kind: PetitionKind

    public init(proposal: ProposalID, kind: PetitionKind) {
        self.proposal = proposal
        self.kind = kind
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        proposal = try ProposalID(from: &reader)
        kind = try PetitionKind(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(proposal)
        writer.write(kind)
    }
}

/// What can be paused. Evidence, governance, claims of matured stake and unjailing never are.
public enum PausableModule: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    /// Transfers of the native asset.
    case transfers = 0
    /// Everything that validators and delegators ask for, but for claims and unjailing.
    case staking = 1
    /// Transfers of the other assets.
    case assets = 2
    /// Claims from streams.
    case streams = 3

    public var name: String {
        switch self {
        case .transfers: "transfers"
        case .staking: "staking"
        case .assets: "assets"
        case .streams: "streams"
        }
    }

    public init?(name: String) {
        guard let module = PausableModule.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = module
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let module = PausableModule(rawValue: tag) else {
            throw .unknownTag(type: "PausableModule", tag: UInt64(tag))
        }
        self = module
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// Stops a module for a while, from the execution on.
public struct ModulePause: CanonicalCodable, Hashable, Sendable {
    /// Milliseconds.
    public static let durationMax = 7 * Milliseconds.day

    public let module: PausableModule
    /// Milliseconds, 1 to `durationMax`.
    public let duration: UInt64

    public init(module: PausableModule, duration: UInt64) {
        self.module = module
        self.duration = duration
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        module = try PausableModule(from: &reader)
        duration = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(module)
        writer.write(duration)
    }
}

/// What is paused, in the order of the modules.
public struct PauseTable: CanonicalCodable, Hashable, Sendable {
    public struct Entry: CanonicalCodable, Hashable, Sendable {
        public let module: PausableModule
        /// It ends in the first block at or after this time.
        public let until: Timestamp
        /// The proposal that paused it.
        public let proposal: ProposalID

        public init(module: PausableModule, until: Timestamp, proposal: ProposalID) {
            self.module = module
            self.until = until
            self.proposal = proposal
        }

        public init(from reader: inout ByteReader) throws(DecodeError) {
            module = try PausableModule(from: &reader)
            until = try Timestamp(from: &reader)
            proposal = try ProposalID(from: &reader)
        }

        public func encode(into writer: inout ByteWriter) {
            writer.write(module)
            writer.write(until)
            writer.write(proposal)
        }
    }

    public private(set) var entries: [Entry]

    public static let none = PauseTable()

    public init() {
        entries = []
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        entries = try reader.readList(
            limit: PausableModule.allCases.count, minimumElementSize: 17)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(entries)
    }

    public subscript(module: PausableModule) -> Entry? {
        entries.first { $0.module == module }
    }

    /// Writes an entry in place of the module's present one.
    public mutating func set(_ entry: Entry) {
        entries.removeAll { $0.module == entry.module }
        let place = entries.firstIndex { $0.module.rawValue > entry.module.rawValue }
        entries.insert(entry, at: place ?? entries.count)
    }

    public mutating func remove(_ module: PausableModule) {
        entries.removeAll { $0.module == module }
    }
}

extension Action {
    /// The module whose pause stops the action when an account asks for it.
    public var pausableModule: PausableModule? {
        switch self {
        case .transfer(_, let asset, _): asset == .native ? .transfers : .assets
        case .staking(let action): action.isNeverPaused ? nil : .staking
        case .claimStream: .streams
        case .submitProposal, .addDeposit, .castBallot, .cancelProposal, .claimDeposit,
            .executeProposal, .signPetition, .representation, .setParameter, .spend, .pause,
            .resume, .cancelQueued, .stream, .recallStream, .createAsset, .mint, .upgrade,
            .cancelUpgrade, .returnStake:
            nil
        }
    }
}

extension StakingAction {
    /// Who is jailed must be able to come back, and what is owed is paid.
    fileprivate var isNeverPaused: Bool {
        switch self {
        case .unjail, .claim, .claimReturn: true
        case .createValidator, .editValidator, .rotateKey, .setMode, .delegate, .undelegate,
            .cancel, .redelegate, .leave:
            false
        }
    }
}

import Codec
import Cryptography

/// The parts of the state. A number is never used again for another part.
public enum StateModule: UInt16, CaseIterable, Sendable {
    case chain = 0
    case accounts = 1
    case bank = 2
    case parameters = 3
    case staking = 4
    case governance = 5
}

/// The schema: every key that the state has, with the type of its value.
///
/// As bytes: the module (u16, little-endian), one byte for the kind within the module, then the
/// key's own fields. Integers inside keys are big-endian, so that the order of the bytes is the
/// order of the numbers.
public enum StateKey: Hashable, Sendable {
    // Chain.
    /// `ChainFacts`: what genesis fixed for ever.
    case chainFacts
    /// `Epoch`: that of the next block.
    case currentEpoch
    /// `EpochRecord`.
    case epoch(Epoch)

    // Accounts.
    /// `Account`.
    case account(Address)
    /// `LaneTable`: the live lanes other than 0.
    case lanes(Address)
    /// `Presence`: an account whose lanes are looked at after a height.
    case laneExpiry(Height, Address)

    // Bank.
    /// `Amount`; absent for zero.
    case balance(Address, AssetID)
    /// `Asset`.
    case asset(AssetID)
    /// `Amount`: the sum of all balances of an asset.
    case supply(AssetID)

    // Parameters.
    /// `Parameters`.
    case parameters

    // Staking.
    /// `ValidatorRecord`, by the operator's address.
    case validator(Address)
    /// `Address`: the operator whose consensus key this is.
    case operatorOfKey(PublicKey)
    /// `StoredValidatorSet`.
    case validatorSet(Epoch)
    /// `Digest`: the hash of an epoch's set, without reading the set.
    case validatorSetHash(Epoch)
    /// `Amount`: what the pools of all validators have.
    case bondedTotal
    /// `OffenceRecord`, by the consensus key that signed the two votes.
    case offence(PublicKey)
    /// Pools, positions and what is remembered of them.
    case staking(StakingKey)

    // Governance.
    /// `ProposalID`: the last one given.
    case lastProposal
    /// `Proposal`.
    case proposal(ProposalID)
    /// `ProposalContent`.
    case proposalContent(ProposalID)
    /// `Amount`: what an account deposited.
    case deposit(ProposalID, Address)
    /// `Ballot`.
    case ballot(ProposalID, Address)
    /// `ProposalID`: a vote that ends at a time.
    case closing(Timestamp, ProposalID)
    /// `ProposalID`: a deposit stage that ends at a time.
    case expiry(Timestamp, ProposalID)
    /// `ProposalID`: a decision that is executed from a time on.
    case execution(Timestamp, ProposalID)
    /// `ProposalID`: a proposal that waits for a place of its track, greatest deposit first.
    case waiting(Track, deposit: Amount, ProposalID)
    /// `UInt64`: how many proposals of a track are in voting; absent for none.
    case openCount(Track)
    /// `ProposalID`: the proposals of a status, newest first.
    case proposalOfStatus(ProposalStatus, ProposalID)
    /// `Amount`: what the escrow owes for deposits; absent for nothing.
    case depositsTotal
    /// Streams, assets, the protocol's version and its upgrade.
    case enacted(EnactedKey)
    /// Representatives, what they were lent, and what counting keeps.
    case representation(RepresentationKey)
    /// Dry runs, failed executions, petitions, pauses, the treasury's limits.
    case decision(DecisionKey)

    public var module: StateModule {
        switch self {
        case .chainFacts, .currentEpoch, .epoch: .chain
        case .account, .lanes, .laneExpiry: .accounts
        case .balance, .asset, .supply: .bank
        case .parameters: .parameters
        case .validator, .operatorOfKey, .validatorSet, .validatorSetHash, .bondedTotal,
            .offence, .staking:
            .staking
        case .lastProposal, .proposal, .proposalContent, .deposit, .ballot, .closing, .expiry,
            .execution, .waiting, .openCount, .proposalOfStatus, .depositsTotal, .enacted,
            .representation, .decision:
            .governance
        }
    }

    /// The key as the state tree takes it.
    public var bytes: [UInt8] {
        var writer = StateKeyWriter(module)
        switch self {
        case .chainFacts: writer.kind(0)
        case .currentEpoch: writer.kind(1)
        case .epoch(let epoch): writer.kind(2, integers: epoch.value)
        case .account(let address): writer.kind(0, address)
        case .lanes(let address): writer.kind(1, address)
        case .laneExpiry(let height, let address):
            writer.kind(2)
            writer.bigEndian(height.value)
            writer.write(address)
        case .balance(let address, let asset):
            writer.kind(0, address)
            writer.bigEndian(asset.value)
        case .asset(let asset):
            writer.kind(1)
            writer.bigEndian(asset.value)
        case .supply(let asset):
            writer.kind(2)
            writer.bigEndian(asset.value)
        case .parameters: writer.kind(0)
        case .validator(let address): writer.kind(0, address)
        case .operatorOfKey(let key): writer.kind(1, key)
        case .validatorSet(let epoch):
            writer.kind(2)
            writer.bigEndian(epoch.value)
        case .validatorSetHash(let epoch):
            writer.kind(3)
            writer.bigEndian(epoch.value)
        case .bondedTotal: writer.kind(6)
        case .offence(let key): writer.kind(7, key)
        case .staking(let key): key.write(into: &writer)
        case .enacted(let key): key.write(into: &writer)
        case .decision(let key): key.write(into: &writer)
        case .lastProposal, .proposal, .proposalContent, .deposit, .ballot, .closing, .expiry,
            .execution, .waiting, .openCount, .proposalOfStatus, .depositsTotal, .representation:
            writeGovernanceKey(into: &writer)
        }
        return writer.bytes
    }

    private func writeGovernanceKey(into writer: inout StateKeyWriter) {
        switch self {
        case .lastProposal: writer.kind(0)
        case .proposal(let id): writer.kind(1, integers: id.value)
        case .proposalContent(let id): writer.kind(2, integers: id.value)
        case .deposit(let id, let account):
            writer.kind(3, integers: id.value)
            writer.write(account)
        case .ballot(let id, let account):
            writer.kind(4, integers: id.value)
            writer.write(account)
        case .closing(let time, let id): writer.kind(5, integers: time.value, id.value)
        case .expiry(let time, let id): writer.kind(6, integers: time.value, id.value)
        case .execution(let time, let id): writer.kind(7, integers: time.value, id.value)
        case .waiting(let track, let deposit, let id):
            // The complement, so that the greatest deposit comes first.
            writer.kind(8, integers: UInt64(track.rawValue), ~deposit.value, id.value)
        case .openCount(let track): writer.kind(9, integers: UInt64(track.rawValue))
        case .proposalOfStatus(let status, let id):
            writer.kind(10, integers: UInt64(status.rawValue), ~id.value)
        case .depositsTotal: writer.kind(11)
        case .representation(let key): key.write(into: &writer)
        case .chainFacts, .currentEpoch, .epoch, .account, .lanes, .laneExpiry, .balance, .asset,
            .supply, .parameters, .validator, .operatorOfKey, .validatorSet, .validatorSetHash,
            .bondedTotal, .offence, .staking, .enacted, .decision:
            preconditionFailure("a key of governance")
        }
    }
}

/// Appends the fields of a state key.
public struct StateKeyWriter {
    private var writer = ByteWriter(capacity: 128)

    public init(_ module: StateModule) {
        writer.write(module.rawValue)
    }

    public var bytes: [UInt8] { writer.bytes }

    public mutating func kind(_ kind: UInt8) {
        writer.write(kind)
    }

    public mutating func kind(_ kind: UInt8, _ value: some Bytes32) {
        writer.write(kind)
        value.encode(into: &writer)
    }

    public mutating func kind(_ kind: UInt8, integers: UInt64...) {
        writer.write(kind)
        for integer in integers {
            bigEndian(integer)
        }
    }

    public mutating func write(_ value: some Bytes32) {
        value.encode(into: &writer)
    }

    public mutating func byte(_ value: UInt8) {
        writer.write(value)
    }

    public mutating func bigEndian(_ value: UInt64) {
        writer.write(value.byteSwapped)
    }
}

/// The half-open range of keys of one kind: what a scan of the state walks over.
public struct StateKeyRange: Hashable, Sendable {
    public let lower: [UInt8]
    public let upper: [UInt8]

    /// All keys of a kind within a module.
    public init(_ module: StateModule, kind: UInt8) {
        precondition(kind < .max, "a kind has a successor")
        lower = StateKeyRange.prefix(module, kind)
        upper = StateKeyRange.prefix(module, kind + 1)
    }

    init(lower: [UInt8], upper: [UInt8]) {
        self.lower = lower
        self.upper = upper
    }

    /// From a key (inclusive) to a key (exclusive).
    public init(from lower: StateKey, to upper: StateKey) {
        self.lower = lower.bytes
        self.upper = upper.bytes
    }

    /// What of the range comes after a key that is in it: the next page of a list.
    public func after(_ key: StateKey) -> StateKeyRange {
        StateKeyRange(lower: key.bytes + [0], upper: upper)
    }

    public static let balances = StateKeyRange(.bank, kind: 0)
    public static let validators = StateKeyRange(.staking, kind: 0)
    public static let validatorSets = StateKeyRange(.staking, kind: 2)
    public static let offences = StateKeyRange(.staking, kind: 7)

    private static func prefix(_ module: StateModule, _ kind: UInt8) -> [UInt8] {
        var writer = StateKeyWriter(module)
        writer.kind(kind)
        return writer.bytes
    }
}

/// The value of a key whose presence is all that it says.
public struct Presence: CanonicalCodable, Hashable, Sendable {
    public init() {}

    public init(from reader: inout ByteReader) throws(DecodeError) {}

    public func encode(into writer: inout ByteWriter) {}
}

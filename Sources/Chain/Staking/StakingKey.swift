import Codec
import Cryptography

/// The part of the schema that stake is kept under; see `StateKey`.
///
/// Exit epochs stand where a scan needs them: what is liable for a fault, and what an account has
/// that may be free, are ranges. Heights are complemented, so that the first entry at or after a
/// height's key is the last one that was written up to it.
public enum StakingKey: Hashable, Sendable {
    /// `ValidatorPool`.
    case pool(Address)
    /// `ShareRecord` in tokens.
    case bucket(BucketID)
    /// `StakeLot`, by source, exit and destination.
    case lot(LotID)
    /// `LotID`: a lot by the validator where it rests, and its exit.
    case lotAt(LotID)
    /// `BucketID`: a bucket whose stake came from a lot, by the lot's origin.
    case bucketOfOrigin(StakeOrigin, BucketID)
    /// `StakeAccount`.
    case account(Address)
    /// `StakePosition`.
    case position(Address, StakeHolding)
    /// `PositionTrace`.
    case positionTrace(Address, StakePlace, Height)
    /// `PositionTrace`.
    case bucketTrace(Address, BucketID, Height)
    /// `ShareRecord`.
    case poolTrace(Address, Height)
    /// `StakeLot`.
    case lotTrace(LotID, Height)
    /// `Amount`: what all pools had.
    case bondedTrace(Height)
    /// `UInt64`: the last generation that was given.
    case lastGeneration
    /// `Address`: the operator whose node has this network key.
    case operatorOfNetworkKey(PublicKey)
    /// `Penalty`, by the time at which evidence last showed another key or a larger share.
    case penalty(Timestamp, PublicKey)
    /// `EscrowID`: the last number of an escrow.
    case lastEscrow
    /// `StakeEscrow`.
    case escrow(EscrowID)
    /// `EscrowID`: an escrow that a block looks at from a time on.
    case escrowDue(Timestamp, EscrowID)
    /// `EscrowPart`: what a record lost, or of a pool's loss what a lot in it lost.
    case escrowPart(EscrowID, StakeHolding)
    /// `Amount`: what an account got back.
    case escrowClaim(EscrowID, Address)
    /// `ProposalID`: a proposal to return it that was submitted in time.
    case escrowProposal(EscrowID, ProposalID)
    /// `Height`: what is remembered from before it, nobody can ask for.
    case traceHorizon
    /// `RecentBlock`, by the low byte of its height: a ring of the last 256.
    case recentBlock(UInt8)
    /// `ParticipationCounts` of an epoch that is not paid for yet.
    case participation(Epoch)
    /// `UInt64`: the rate of inflation, in 10⁻¹² of the supply a year; absent before the first
    /// epoch's end.
    case inflationRate
    /// `RewardPot` of an epoch that has ended and is not paid yet.
    case rewardPot(Epoch)
    /// `DowntimeHistory`, by the operator's address.
    case downtimes(Address)

    static let positionKind: UInt8 = 37
    static let positionTraceKind: UInt8 = 38
    static let bucketTraceKind: UInt8 = 58

    /// The time in a penalty's key.
    public static func penaltyTime(_ key: [UInt8]) -> Timestamp {
        Timestamp(key.dropFirst(3).prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The number in an escrow's key.
    public static func escrowID(_ key: [UInt8]) -> EscrowID {
        EscrowID(key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The height at the end of a trace's key.
    public static func traceHeight(_ key: [UInt8]) -> Height {
        Height(~key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    func write(into writer: inout StateKeyWriter) {
        switch self {
        case .pool(let validator): writer.kind(32, validator)
        case .bucket(let id):
            writer.kind(33, id.validator)
            writer.bigEndian(id.exit.value)
            writer.write(origin: id.origin)
        case .lot(let id):
            writer.kind(34, id.origin.validator)
            writer.bigEndian(id.origin.exit.value)
            writer.write(id.validator)
        case .bucketOfOrigin(let origin, let id):
            writer.kind(35, origin.validator)
            writer.bigEndian(origin.exit.value)
            writer.write(id.validator)
            writer.bigEndian(id.exit.value)
        case .account(let account): writer.kind(36, account)
        case .position(let account, let holding):
            writer.kind(StakingKey.positionKind, account)
            writer.write(holding)
        case .positionTrace(let account, let place, let height):
            writer.kind(StakingKey.positionTraceKind, account)
            writer.write(.place(place))
            writer.bigEndian(~height.value)
        case .poolTrace(let validator, let height):
            writer.kind(39, validator)
            writer.bigEndian(~height.value)
        case .lotTrace(let id, let height):
            writer.kind(40, id.origin.validator)
            writer.bigEndian(id.origin.exit.value)
            writer.write(id.validator)
            writer.bigEndian(~height.value)
        case .bondedTrace(let height): writer.kind(41, integers: ~height.value)
        case .lastGeneration: writer.kind(42)
        case .operatorOfNetworkKey(let key): writer.kind(43, key)
        case .traceHorizon: writer.kind(44)
        case .penalty(let time, let key):
            writer.kind(45, integers: time.value)
            writer.write(key)
        case .lastEscrow: writer.kind(46)
        case .escrow(let id): writer.kind(47, integers: id.value)
        case .recentBlock(let place):
            writer.kind(48)
            writer.byte(place)
        case .participation(let epoch): writer.kind(49, integers: epoch.value)
        case .inflationRate: writer.kind(50)
        case .rewardPot(let epoch): writer.kind(51, integers: epoch.value)
        case .downtimes(let validator): writer.kind(52, validator)
        case .escrowDue, .escrowPart, .escrowClaim, .escrowProposal:
            writeEscrowKey(into: &writer)
        case .lotAt(let id):
            writer.kind(57, id.validator)
            writer.bigEndian(id.origin.exit.value)
            writer.write(id.origin.validator)
        case .bucketTrace(let account, let id, let height):
            writer.kind(StakingKey.bucketTraceKind, account)
            writer.write(.bucket(id))
            writer.bigEndian(~height.value)
        }
    }

    private func writeEscrowKey(into writer: inout StateKeyWriter) {
        switch self {
        case .escrowDue(let time, let id): writer.kind(53, integers: time.value, id.value)
        case .escrowPart(let id, let holding):
            writer.kind(54, integers: id.value)
            writer.write(holding)
        case .escrowClaim(let id, let account):
            writer.kind(55, integers: id.value)
            writer.write(account)
        case .escrowProposal(let id, let proposal):
            writer.kind(56, integers: id.value, proposal.value)
        case .pool, .bucket, .lot, .lotAt, .bucketOfOrigin, .account, .position, .positionTrace,
            .bucketTrace, .poolTrace, .lotTrace, .bondedTrace, .lastGeneration,
            .operatorOfNetworkKey, .penalty, .lastEscrow, .escrow, .traceHorizon, .recentBlock,
            .participation, .inflationRate, .rewardPot, .downtimes:
            preconditionFailure("a key of an escrow")
        }
    }
}

extension StateKeyWriter {
    fileprivate mutating func write(origin: StakeOrigin?) {
        byte(origin == nil ? 0 : 1)
        guard let origin else { return }
        write(origin.validator)
        bigEndian(origin.exit.value)
    }

    mutating func write(_ holding: StakeHolding) {
        switch holding {
        case .place(.pool(let validator)):
            byte(0)
            write(validator)
        case .bucket(let id):
            byte(1)
            bigEndian(id.exit.value)
            write(id.validator)
            write(origin: id.origin)
        case .place(.lot(let id)):
            byte(2)
            bigEndian(id.origin.exit.value)
            write(id.validator)
            write(id.origin.validator)
        }
    }
}

extension StakeHolding {
    /// What a key of `StakingKey.position` names; nil for any other bytes.
    public init?(positionKey key: [UInt8]) {
        // Module, kind and account come first.
        guard let holding = StakeHolding(fields: key.dropFirst(3 + 32)[...]) else { return nil }
        self = holding
    }

    fileprivate init?(fields: ArraySlice<UInt8>) {
        var rest = fields
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func address() -> Address? { take(32).map { Address(Array($0)) } }
        func epoch() -> Epoch? {
            take(8).map { Epoch($0.reduce(0) { $0 << 8 | UInt64($1) }) }
        }
        switch take(1)?.first {
        case 0:
            guard let validator = address() else { return nil }
            self = .place(.pool(validator))
        case 1:
            guard let exit = epoch(), let validator = address(), let flag = take(1)?.first else {
                return nil
            }
            var origin: StakeOrigin?
            if flag == 1 {
                guard let source = address(), let sourceExit = epoch() else { return nil }
                origin = StakeOrigin(validator: source, exit: sourceExit)
            }
            self = .bucket(BucketID(validator: validator, exit: exit, origin: origin))
        case 2:
            guard let exit = epoch(), let validator = address(), let source = address() else {
                return nil
            }
            self = .place(
                .lot(
                    LotID(
                        validator: validator, origin: StakeOrigin(validator: source, exit: exit))))
        default: return nil
        }
    }
}

extension StakePlace {
    /// What a key of `StakingKey.positionTrace` names; nil for any other bytes.
    public init?(positionTraceKey key: [UInt8]) {
        guard case .place(let place) = StakeHolding(fields: key.dropFirst(3 + 32)) else {
            return nil
        }
        self = place
    }
}

extension StakeHolding {
    /// What a key of `StakingKey.escrowPart` names; nil for any other bytes.
    public init?(escrowPartKey key: [UInt8]) {
        guard let holding = StakeHolding(fields: key.dropFirst(3 + 8)) else { return nil }
        self = holding
    }
}

extension BucketID {
    /// What a key of `StakingKey.bucketTrace` names; nil for any other bytes.
    public init?(bucketTraceKey key: [UInt8]) {
        guard case .bucket(let id) = StakeHolding(fields: key.dropFirst(3 + 32)) else {
            return nil
        }
        self = id
    }

    /// What a key of `StakingKey.bucket` names; nil for any other bytes.
    public init?(bucketKey key: [UInt8]) {
        // Module and kind, validator, exit; then the fields of a position as they stand.
        let fields = key.dropFirst(3)
        guard fields.count > 40 else { return nil }
        let reordered =
            [1] + fields.dropFirst(32).prefix(8) + fields.prefix(32)
            + fields.dropFirst(40)
        guard case .bucket(let id) = StakeHolding(fields: reordered[...]) else { return nil }
        self = id
    }
}

extension LotID {
    /// What a key of `StakingKey.lot` names; nil for any other bytes.
    public init?(lotKey key: [UInt8]) {
        // Module and kind; source, exit, destination.
        let fields = key.dropFirst(3)
        guard fields.count == 72 else { return nil }
        let reordered =
            [2] + fields.dropFirst(32).prefix(8) + fields.suffix(32)
            + fields.prefix(32)
        guard case .place(.lot(let id)) = StakeHolding(fields: reordered[...]) else { return nil }
        self = id
    }
}

extension StateKeyRange {
    public static let pools = StateKeyRange(.staking, kind: 32)
    public static let buckets = StateKeyRange(.staking, kind: 33)
    public static let lots = StateKeyRange(.staking, kind: 34)
    public static let stakePositions = StateKeyRange(.staking, kind: StakingKey.positionKind)

    /// Every position of an account: pools, then buckets and lots by exit.
    public static func positions(of account: Address) -> StateKeyRange {
        StateKeyRange(kind: StakingKey.positionKind, account, [])
    }

    /// An account's positions in pools.
    public static func poolPositions(of account: Address) -> StateKeyRange {
        StateKeyRange(kind: StakingKey.positionKind, account, [0])
    }

    /// An account's positions in buckets, by exit.
    public static func bucketPositions(of account: Address) -> StateKeyRange {
        StateKeyRange(kind: StakingKey.positionKind, account, [1])
    }

    /// An account's positions in lots, by exit.
    public static func lotPositions(of account: Address) -> StateKeyRange {
        StateKeyRange(kind: StakingKey.positionKind, account, [2])
    }

    /// Everything that is remembered of an account's positions.
    public static func positionTraces(of account: Address) -> StateKeyRange {
        StateKeyRange(kind: StakingKey.positionTraceKind, account, [])
    }

    /// The buckets of a validator whose exit is at least `exit`.
    public static func buckets(of validator: Address, from exit: Epoch) -> StateKeyRange {
        StateKeyRange(kind: 33, validator, from: exit)
    }

    /// The lots that left a validator at `exit` or later.
    public static func lots(from validator: Address, since exit: Epoch) -> StateKeyRange {
        StateKeyRange(kind: 34, validator, from: exit)
    }

    /// The buckets of stake that left a validator through a lot at `exit` or later.
    public static func bucketsOfOrigin(_ validator: Address, since exit: Epoch) -> StateKeyRange {
        StateKeyRange(kind: 35, validator, from: exit)
    }

    /// The penalties that became worse at or after a time.
    public static func penalties(from time: Timestamp) -> StateKeyRange {
        StateKeyRange(
            lower: StateKey.staking(.penalty(time, PublicKey(words: Digest.zero.words))).bytes,
            upper: StateKeyRange(.staking, kind: 45).upper)
    }

    public static let escrows = StateKeyRange(.staking, kind: 47)

    /// The escrows that a block looks at.
    public static func escrows(until time: Timestamp) -> StateKeyRange {
        StateKeyRange(
            from: .staking(.escrowDue(Timestamp(0), EscrowID(0))),
            to: .staking(.escrowDue(time.advanced(by: 1), EscrowID(0))))
    }

    public static func parts(of escrow: EscrowID) -> StateKeyRange {
        StateKeyRange(kind: 54, escrow)
    }

    public static func claims(from escrow: EscrowID) -> StateKeyRange {
        StateKeyRange(kind: 55, escrow)
    }

    public static func proposals(toReturn escrow: EscrowID) -> StateKeyRange {
        StateKeyRange(kind: 56, escrow)
    }

    /// The lots that rest with a validator and left theirs at `exit` or later.
    public static func lots(at validator: Address, since exit: Epoch) -> StateKeyRange {
        StateKeyRange(kind: 57, validator, from: exit)
    }

    /// Everything that is remembered of an account's positions in buckets whose exit is at least
    /// `exit`.
    public static func bucketTraces(of account: Address, from exit: Epoch) -> StateKeyRange {
        var writer = StateKeyWriter(.staking)
        writer.kind(StakingKey.bucketTraceKind, account)
        let prefix = writer.bytes
        writer.byte(1)
        writer.bigEndian(exit.value)
        return StateKeyRange(lower: writer.bytes, upper: successor(of: prefix))
    }

    private init(kind: UInt8, _ escrow: EscrowID) {
        var writer = StateKeyWriter(.staking)
        writer.kind(kind, integers: escrow.value)
        self.init(lower: writer.bytes, upper: successor(of: writer.bytes))
    }

    private init(kind: UInt8, _ address: Address, _ suffix: [UInt8]) {
        var writer = StateKeyWriter(.staking)
        writer.kind(kind, address)
        let prefix = writer.bytes + suffix
        self.init(lower: prefix, upper: successor(of: prefix))
    }

    private init(kind: UInt8, _ address: Address, from exit: Epoch) {
        var writer = StateKeyWriter(.staking)
        writer.kind(kind, address)
        let prefix = writer.bytes
        writer.bigEndian(exit.value)
        self.init(lower: writer.bytes, upper: successor(of: prefix))
    }
}

/// The first bytes that do not begin with `prefix` and come after it. A kind is below 255, so that
/// there are some.
private func successor(of prefix: [UInt8]) -> [UInt8] {
    var bytes = prefix
    while let last = bytes.popLast() {
        guard last < .max else { continue }
        return bytes + [last + 1]
    }
    preconditionFailure("a prefix has a byte below 255")
}

import Codec
import Cryptography

/// The part of the schema that representatives and counting are kept under; see `StateKey`.
///
/// Heights are complemented, as in `StakingKey`.
public enum RepresentationKey: Hashable, Sendable {
    /// `RepresentativeTable`; absent for an account that names none.
    case representatives(Address)
    /// `RepresentativeList`.
    case representativesTrace(Address, TopicGroup, Height)
    /// `ReceivedShares` of a representative; absent for none.
    case received(Address, TopicGroup, ShareKey)
    /// `ReceivedTrace`, by the representative's slot.
    case receivedTrace(Address, TopicGroup, slot: UInt16, Height)
    /// `ReceivedSlots`; absent for an account that was never lent anything.
    case receivedSlots(Address, TopicGroup)
    /// `UInt64`: the power that accounts took back from a representative by voting themselves.
    case retracted(ProposalID, Address)
    /// `ProposalID`: a proposal that ended at a time and still has its ballots.
    case ended(Timestamp, ProposalID)
    /// `ShareKey`: a lot that a representative was lent from, by its size. Those that count are in
    /// ascending order, those that wait for a slot in descending order.
    case lentLot(Address, TopicGroup, isCounted: Bool, LotSize)

    func write(into writer: inout StateKeyWriter) {
        switch self {
        case .representatives(let account): writer.kind(16, account)
        case .representativesTrace(let account, let group, let height):
            writer.kind(17, account)
            writer.byte(group.rawValue)
            writer.bigEndian(~height.value)
        case .received(let account, let group, let key):
            writer.kind(18, account)
            writer.byte(group.rawValue)
            writer.write(.place(key.place))
            writer.bigEndian(key.generation)
        case .receivedTrace(let account, let group, let slot, let height):
            writer.kind(19, account)
            writer.byte(group.rawValue)
            writer.byte(UInt8(slot >> 8))
            writer.byte(UInt8(slot & 0xff))
            writer.bigEndian(~height.value)
        case .receivedSlots(let account, let group):
            writer.kind(20, account)
            writer.byte(group.rawValue)
        case .retracted(let id, let account):
            writer.kind(21, integers: id.value)
            writer.write(account)
        case .ended(let time, let id): writer.kind(22, integers: time.value, id.value)
        case .lentLot(let account, let group, let isCounted, let size):
            writer.kind(23, account)
            writer.byte(group.rawValue)
            writer.byte(isCounted ? 0 : 1)
            for byte in size.bytes { writer.byte(isCounted ? byte : ~byte) }
        }
    }

    /// The slot in a key of `receivedTrace`.
    public static func slot(_ key: [UInt8]) -> UInt16 {
        let bytes = key.dropLast(8).suffix(2)
        return bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }
}

/// How large the sum is that a representative was lent from one lot: its shares, and for equal ones
/// the order of the lots' names. What changes prices alone changes no order.
public struct LotSize: Hashable, Comparable, Sendable {
    public let shares: UInt128
    public let key: ShareKey

    public init(shares: UInt128, key: ShareKey) {
        self.shares = shares
        self.key = key
    }

    /// In the order of sizes.
    fileprivate var bytes: [UInt8] {
        var writer = StateKeyWriter(.governance)
        let prefix = writer.bytes.count
        writer.bigEndian(UInt64(truncatingIfNeeded: shares >> 64))
        writer.bigEndian(UInt64(truncatingIfNeeded: shares))
        writer.write(.place(key.place))
        writer.bigEndian(key.generation)
        return Array(writer.bytes.dropFirst(prefix))
    }

    public static func < (a: LotSize, b: LotSize) -> Bool {
        a.shares == b.shares
            ? a.bytes.lexicographicallyPrecedes(b.bytes) : a.shares < b.shares
    }
}

extension StateKeyRange {
    /// The lots that a representative was lent from: those that count, the smallest first, or those
    /// that wait for a slot, the largest first.
    public static func lentLots(
        of account: Address, _ group: TopicGroup, areCounted: Bool
    ) -> StateKeyRange {
        var writer = StateKeyWriter(.governance)
        writer.kind(23, account)
        writer.byte(group.rawValue)
        let prefix = writer.bytes
        return StateKeyRange(
            lower: prefix + [areCounted ? 0 : 1], upper: prefix + [areCounted ? 1 : 2])
    }

    /// All lots that representatives were lent from.
    public static let lentLots = StateKeyRange(.governance, kind: 23)

    /// Everything that is remembered of what a representative was lent.
    public static func receivedTraces(
        of account: Address, _ group: TopicGroup
    ) -> StateKeyRange {
        StateKeyRange(
            lower: StateKey.representation(
                .receivedTrace(account, group, slot: 0, Height(.max))
            ).bytes,
            upper: StateKey.representation(
                .receivedTrace(account, group, slot: .max, .genesis)
            ).bytes)
    }

    /// What all representatives were lent.
    public static let received = StateKeyRange(.governance, kind: 18)

    /// The ballots of a proposal.
    public static func ballots(of id: ProposalID) -> StateKeyRange {
        StateKeyRange(from: .ballot(id, lowest), to: .ballot(id.advanced(by: 1), lowest))
    }

    /// The deposits of a proposal that are still there.
    public static func deposits(of id: ProposalID) -> StateKeyRange {
        StateKeyRange(from: .deposit(id, lowest), to: .deposit(id.advanced(by: 1), lowest))
    }

    /// What was taken back from the representatives of a proposal.
    public static func retracted(of id: ProposalID) -> StateKeyRange {
        StateKeyRange(
            from: .representation(.retracted(id, lowest)),
            to: .representation(.retracted(id.advanced(by: 1), lowest)))
    }

    /// The proposals that ended before a time and still have their ballots.
    public static func ended(before time: Timestamp) -> StateKeyRange {
        StateKeyRange(
            from: .representation(.ended(Timestamp(0), ProposalID(0))),
            to: .representation(.ended(time, ProposalID(0))))
    }

    private static let lowest = Address([UInt8](repeating: 0, count: 32))
}

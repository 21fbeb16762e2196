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
        }
    }

    /// The slot in a key of `receivedTrace`.
    public static func slot(_ key: [UInt8]) -> UInt16 {
        let bytes = key.dropLast(8).suffix(2)
        return bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }
}

extension StateKeyRange {
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

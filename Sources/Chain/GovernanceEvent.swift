import Codec
import Cryptography

/// What happened to a proposal.
public enum GovernanceEvent: CanonicalCodable, Hashable, Sendable {
    case submitted(ProposalID, proposer: Address)
    case deposited(ProposalID, account: Address, amount: Amount)
    case statusChanged(ProposalID, ProposalStatus)
    case ballotCast(ProposalID, voter: Address, amounts: BallotAmounts)
    /// The outcome changed near the end, so the end moved.
    case extended(ProposalID, end: Timestamp)
    case depositClaimed(ProposalID, account: Address, amount: Amount)
    case depositForfeited(ProposalID, amount: Amount)
    case depositDestroyed(ProposalID, amount: Amount)
    case parameterChanged(ProposalID, name: String, from: ParameterValue, to: ParameterValue)
    case enacted(ProposalID, EnactedEvent)
    /// Somebody voted, and its part left the ballot of a representative of it.
    case takenBack(
        ProposalID, representative: Address, by: Address, power: UInt64, amounts: BallotAmounts)
    /// An account named its representatives; it has nothing to do with a proposal.
    case representativesSet(account: Address, group: TopicGroup, RepresentativeList)
    case decision(ProposalID, DecisionEvent)
    /// What a slash cut can be claimed by whoever held it.
    case stakeReturned(ProposalID, escrow: EscrowID, amount: Amount, until: Timestamp)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readULEB128()
        guard tag != 10 else {
            self = .representativesSet(
                account: try Address(from: &reader), group: try TopicGroup(from: &reader),
                try RepresentativeList(from: &reader))
            return
        }
        let id = try ProposalID(from: &reader)
        switch tag {
        case 0: self = .submitted(id, proposer: try Address(from: &reader))
        case 1:
            self = .deposited(
                id, account: try Address(from: &reader), amount: try Amount(from: &reader))
        case 2: self = .statusChanged(id, try ProposalStatus(from: &reader))
        case 3:
            self = .ballotCast(
                id, voter: try Address(from: &reader), amounts: try BallotAmounts(from: &reader))
        case 4: self = .extended(id, end: try Timestamp(from: &reader))
        case 5:
            self = .depositClaimed(
                id, account: try Address(from: &reader), amount: try Amount(from: &reader))
        case 6: self = .depositForfeited(id, amount: try Amount(from: &reader))
        case 7: self = .depositDestroyed(id, amount: try Amount(from: &reader))
        case 8:
            self = .parameterChanged(
                id, name: try reader.readString(limit: ParameterChange.nameBytesMax),
                from: try ParameterValue(from: &reader), to: try ParameterValue(from: &reader))
        case EnactedEvent.tags:
            self = .enacted(id, try EnactedEvent(tag: tag, from: &reader))
        case 9:
            self = .takenBack(
                id, representative: try Address(from: &reader), by: try Address(from: &reader),
                power: try reader.readUInt64(), amounts: try BallotAmounts(from: &reader))
        case DecisionEvent.tags:
            self = .decision(id, try DecisionEvent(tag: tag, from: &reader))
        case 48:
            self = .stakeReturned(
                id, escrow: try EscrowID(from: &reader), amount: try Amount(from: &reader),
                until: try Timestamp(from: &reader))
        default: throw .unknownTag(type: "GovernanceEvent", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeULEB128(tag)
        if let proposal { writer.write(proposal) }
        switch self {
        case .submitted(_, let proposer): writer.write(proposer)
        case .deposited(_, let account, let amount), .depositClaimed(_, let account, let amount):
            writer.write(account)
            writer.write(amount)
        case .statusChanged(_, let status): writer.write(status)
        case .ballotCast(_, let voter, let amounts):
            writer.write(voter)
            writer.write(amounts)
        case .extended(_, let end): writer.write(end)
        case .depositForfeited(_, let amount), .depositDestroyed(_, let amount):
            writer.write(amount)
        case .parameterChanged(_, let name, let from, let to):
            writer.writeString(name)
            writer.write(from)
            writer.write(to)
        case .enacted(_, let event): event.encode(into: &writer)
        case .takenBack(_, let representative, let voter, let power, let amounts):
            writer.write(representative)
            writer.write(voter)
            writer.write(power)
            writer.write(amounts)
        case .representativesSet(let account, let group, let list):
            writer.write(account)
            writer.write(group)
            writer.write(list)
        case .decision(_, let event): event.encode(into: &writer)
        case .stakeReturned(_, let escrow, let amount, let until):
            writer.write(escrow)
            writer.write(amount)
            writer.write(until)
        }
    }

    private var tag: UInt32 {
        switch self {
        case .submitted: 0
        case .deposited: 1
        case .statusChanged: 2
        case .ballotCast: 3
        case .extended: 4
        case .depositClaimed: 5
        case .depositForfeited: 6
        case .depositDestroyed: 7
        case .parameterChanged: 8
        case .enacted(_, let event): event.tag
        case .takenBack: 9
        case .representativesSet: 10
        case .decision(_, let event): event.tag
        case .stakeReturned: 48
        }
    }

    /// The proposal that it happened to; nil if it was none.
    public var proposal: ProposalID? {
        switch self {
        case .submitted(let id, _), .deposited(let id, _, _), .statusChanged(let id, _),
            .ballotCast(let id, _, _), .extended(let id, _), .depositClaimed(let id, _, _),
            .depositForfeited(let id, _), .depositDestroyed(let id, _),
            .parameterChanged(let id, _, _, _), .enacted(let id, _), .decision(let id, _),
            .takenBack(let id, _, _, _, _), .stakeReturned(let id, _, _, _):
            id
        case .representativesSet: nil
        }
    }

    /// The accounts that an index lists the event under.
    public var accounts: [Address] {
        switch self {
        case .submitted(_, let account), .deposited(_, let account, _),
            .ballotCast(_, let account, _), .depositClaimed(_, let account, _):
            [account]
        case .takenBack(_, let representative, let voter, _, _): [representative, voter]
        case .representativesSet(let account, _, let list):
            [account] + list.entries.map(\.account)
        case .statusChanged, .extended, .depositForfeited, .depositDestroyed, .parameterChanged,
            .stakeReturned:
            []
        case .enacted(_, let event): event.accounts
        case .decision(_, let event): event.accounts
        }
    }
}

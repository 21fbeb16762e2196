import Codec
import Cryptography

/// What happened, for receipts and indexes: nothing else is an index built from.
public enum Event: CanonicalCodable, Hashable, Sendable {
    case transferred(from: Address, to: Address, asset: AssetID, amount: Amount)
    case validators(ValidatorEvent)
    case staking(StakingEvent)
    case governance(GovernanceEvent)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .transferred(
                from: try Address(from: &reader), to: try Address(from: &reader),
                asset: try AssetID(from: &reader), amount: try Amount(from: &reader))
        case 16:
            self = .validators(try ValidatorEvent(from: &reader))
        case 17:
            self = .staking(try StakingEvent(from: &reader))
        case 32:
            self = .governance(try GovernanceEvent(from: &reader))
        case let tag:
            throw .unknownTag(type: "Event", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .transferred(let from, let to, let asset, let amount):
            writer.writeULEB128(0)
            writer.write(from)
            writer.write(to)
            writer.write(asset)
            writer.write(amount)
        case .validators(let event):
            writer.writeULEB128(16)
            writer.write(event)
        case .staking(let event):
            writer.writeULEB128(17)
            writer.write(event)
        case .governance(let event):
            writer.writeULEB128(32)
            writer.write(event)
        }
    }

    /// The accounts that an index lists the event under.
    public var accounts: [Address] {
        switch self {
        case .transferred(let from, let to, _, _): from == to ? [from] : [from, to]
        case .validators(let event): event.accounts
        case .staking(let event): event.accounts
        case .governance(let event): event.accounts
        }
    }
}

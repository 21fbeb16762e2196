import Codec
import Cryptography

/// What a decision set going; a part of `GovernanceEvent`, whose tags 32 to 47 it has.
public enum EnactedEvent: Hashable, Sendable {
    case streamCreated(StreamID, recipient: Address, asset: AssetID, amount: Amount)
    case streamClaimed(StreamID, recipient: Address, asset: AssetID, amount: Amount)
    /// By a later decision, which the event is about: what was due was paid, the rest went back.
    case streamRecalled(StreamID, recipient: Address, paid: Amount, returned: Amount)
    case assetCreated(AssetID, Asset, supply: Amount)
    case minted(AssetID, recipient: Address, amount: Amount)
    case upgradeScheduled(UpgradePlan)
    /// The rules from the start of an epoch on.
    case upgradeActivated(ProtocolVersion)
    /// The window ended without enough readiness; the next one.
    case upgradePostponed(firstEpoch: Epoch, lastEpoch: Epoch)
    /// The last window ended without enough readiness.
    case upgradeDropped(version: Digest)
    /// By a later decision, which the event is about.
    case upgradeCancelled(version: Digest)

    static let tags: ClosedRange<UInt32> = 32...47

    init(tag: UInt32, from reader: inout ByteReader) throws(DecodeError) {
        switch tag {
        case 32:
            self = .streamCreated(
                try StreamID(from: &reader), recipient: try Address(from: &reader),
                asset: try AssetID(from: &reader), amount: try Amount(from: &reader))
        case 33:
            self = .streamClaimed(
                try StreamID(from: &reader), recipient: try Address(from: &reader),
                asset: try AssetID(from: &reader), amount: try Amount(from: &reader))
        case 34:
            self = .streamRecalled(
                try StreamID(from: &reader), recipient: try Address(from: &reader),
                paid: try Amount(from: &reader), returned: try Amount(from: &reader))
        case 35:
            self = .assetCreated(
                try AssetID(from: &reader), try Asset(from: &reader),
                supply: try Amount(from: &reader))
        case 36:
            self = .minted(
                try AssetID(from: &reader), recipient: try Address(from: &reader),
                amount: try Amount(from: &reader))
        case 37: self = .upgradeScheduled(try UpgradePlan(from: &reader))
        case 38: self = .upgradeActivated(try ProtocolVersion(from: &reader))
        case 39:
            self = .upgradePostponed(
                firstEpoch: try Epoch(from: &reader), lastEpoch: try Epoch(from: &reader))
        case 40: self = .upgradeDropped(version: try Digest(from: &reader))
        case 41: self = .upgradeCancelled(version: try Digest(from: &reader))
        default: throw .unknownTag(type: "EnactedEvent", tag: UInt64(tag))
        }
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .streamCreated(let id, let recipient, let asset, let amount),
            .streamClaimed(let id, let recipient, let asset, let amount):
            writer.write(id)
            writer.write(recipient)
            writer.write(asset)
            writer.write(amount)
        case .streamRecalled(let id, let recipient, let paid, let returned):
            writer.write(id)
            writer.write(recipient)
            writer.write(paid)
            writer.write(returned)
        case .assetCreated(let id, let asset, let supply):
            writer.write(id)
            writer.write(asset)
            writer.write(supply)
        case .minted(let asset, let recipient, let amount):
            writer.write(asset)
            writer.write(recipient)
            writer.write(amount)
        case .upgradeScheduled(let plan): writer.write(plan)
        case .upgradeActivated(let version): writer.write(version)
        case .upgradePostponed(let first, let last):
            writer.write(first)
            writer.write(last)
        case .upgradeDropped(let version), .upgradeCancelled(let version): writer.write(version)
        }
    }

    var tag: UInt32 {
        switch self {
        case .streamCreated: 32
        case .streamClaimed: 33
        case .streamRecalled: 34
        case .assetCreated: 35
        case .minted: 36
        case .upgradeScheduled: 37
        case .upgradeActivated: 38
        case .upgradePostponed: 39
        case .upgradeDropped: 40
        case .upgradeCancelled: 41
        }
    }

    var accounts: [Address] {
        switch self {
        case .streamCreated(_, let account, _, _), .streamClaimed(_, let account, _, _),
            .streamRecalled(_, let account, _, _), .minted(_, let account, _):
            [account]
        case .assetCreated, .upgradeScheduled, .upgradeActivated, .upgradePostponed,
            .upgradeDropped, .upgradeCancelled:
            []
        }
    }
}

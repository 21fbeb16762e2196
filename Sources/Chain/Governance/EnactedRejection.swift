import Cryptography

/// Why a stream, an asset or an upgrade is refused; a part of `GovernanceRejection`.
public enum EnactedRejection: Error, Hashable, Sendable {
    // Streams.
    case trancheCount(UInt64)
    case trancheOrder
    case streamTimes
    case streamTooLong
    case streamEnded
    case streamOverflow
    case unknownStream(StreamID)
    case duplicateRecall(StreamID)
    case notStreamRecipient(StreamID)
    case nothingDue(StreamID, next: Timestamp)

    // Assets.
    case assetName
    case assetSymbol(String)
    case assetDecimals(UInt8)
    case assetExists(String)
    case assetEmpty
    case supplyOverflow(symbol: String)
    case mintNative
    case mintForbidden(AssetID)

    // Upgrades.
    case upgradeName
    case upgradeWithoutVersion
    case upgradeWindow(firstEpoch: Epoch, lastEpoch: Epoch, current: Epoch)
    case upgradeActive
    case upgradeScheduled(version: Digest)
    case upgradeNotScheduled(version: Digest)
}

extension EnactedRejection {
    public var code: String {
        switch self {
        case .trancheCount: "gov.tranche_count"
        case .trancheOrder: "gov.tranche_order"
        case .streamTimes: "gov.stream_times"
        case .streamTooLong: "gov.stream_too_long"
        case .streamEnded: "gov.stream_ended"
        case .streamOverflow: "gov.stream_overflow"
        case .unknownStream: "gov.unknown_stream"
        case .duplicateRecall: "gov.duplicate_recall"
        case .notStreamRecipient: "gov.not_stream_recipient"
        case .nothingDue: "gov.nothing_due"
        case .assetName: "gov.asset_name"
        case .assetSymbol: "gov.asset_symbol"
        case .assetDecimals: "gov.asset_decimals"
        case .assetExists: "gov.asset_exists"
        case .assetEmpty: "gov.asset_empty"
        case .supplyOverflow: "gov.supply_overflow"
        case .mintNative: "gov.mint_native"
        case .mintForbidden: "gov.mint_forbidden"
        case .upgradeName: "gov.upgrade_name"
        case .upgradeWithoutVersion: "gov.upgrade_without_version"
        case .upgradeWindow: "gov.upgrade_window"
        case .upgradeActive: "gov.upgrade_active"
        case .upgradeScheduled: "gov.upgrade_scheduled"
        case .upgradeNotScheduled: "gov.upgrade_not_scheduled"
        }
    }

    var message: String {
        switch self {
        case .trancheCount(let count):
            "The stream has \(count) tranches; 1 to \(StreamSchedule.tranchesMax) are allowed."
        case .trancheOrder: "The tranches are not in ascending order of their times."
        case .streamTimes: "A linear stream needs start ≤ cliff ≤ end and start < end."
        case .streamTooLong: "A time of the stream lies more than ten years from now."
        case .streamEnded: "All of the stream would be due at once."
        case .streamOverflow: "The amounts of the stream sum to more than 64 bits hold."
        case .unknownStream(let id): "There is no stream \(id)."
        case .duplicateRecall(let id): "The stream \(id) is recalled twice."
        case .notStreamRecipient(let id): "The stream \(id) is another account's."
        case .nothingDue(let id, let next):
            "Nothing of stream \(id) is due; the next is due after \(next) ms."
        case .assetName:
            "The name has not 1 to \(AssetCreation.nameBytesMax) bytes of plain text."
        case .assetSymbol(let symbol): "The symbol \(symbol) is not valid."
        case .assetDecimals(let decimals):
            "The asset has \(decimals) decimals; at most \(Asset.decimalsMax) are allowed."
        case .assetExists(let symbol): "The symbol \(symbol) is that of another asset."
        case .assetEmpty: "Nobody has anything of the asset, and nobody could mint it."
        case .supplyOverflow(let symbol):
            "The supply of \(symbol) would be above \(Limits.supplyMax)."
        case .mintNative: "The native asset is not minted by proposals."
        case .mintForbidden(let id): "Nobody may mint the asset \(id)."
        case .upgradeName:
            "The name has not 1 to \(UpgradePlan.nameBytesMax) bytes of plain text."
        case .upgradeWithoutVersion: "The upgrade has no version hash."
        case .upgradeWindow(let first, let last, let current):
            "The window of epochs \(first) to \(last) is not one for epoch \(current): it begins "
                + "and ends in order, ends in the future, begins at most "
                + "\(UpgradePlan.aheadMax) epochs ahead and has at most \(UpgradePlan.windowMax)."
        case .upgradeActive: "The chain follows this version already."
        case .upgradeScheduled(let version): "The upgrade to \(version) is scheduled already."
        case .upgradeNotScheduled(let version): "No upgrade to \(version) is scheduled."
        }
    }

    var hint: String {
        switch self {
        case .trancheCount, .trancheOrder: "Correct the tranches."
        case .streamTimes, .streamTooLong: "Correct the times."
        case .streamEnded: "Use a spend, or later times."
        case .streamOverflow: "Name smaller amounts."
        case .unknownStream: "See the list of streams."
        case .duplicateRecall: "Recall each stream once."
        case .notStreamRecipient: "Only its recipient can claim it."
        case .nothingDue: "Wait until more is due."
        case .assetName: "Correct the name."
        case .assetSymbol: "A letter and then letters or digits, lower-case, 2 to 12 of them."
        case .assetDecimals: "Name fewer decimals."
        case .assetExists: "Choose another symbol."
        case .assetEmpty: "Name a first supply, or let governance mint."
        case .supplyOverflow: "Name a smaller amount."
        case .mintNative: "Its supply follows from inflation alone."
        case .mintForbidden: "It was created with a fixed supply."
        case .upgradeName: "Correct the name."
        case .upgradeWithoutVersion: "Name the hash of the version."
        case .upgradeWindow: "Correct the window."
        case .upgradeActive: "Name another version."
        case .upgradeScheduled: "Wait until it is active or dropped, or propose to cancel it."
        case .upgradeNotScheduled: "Name the version of the upgrade that is scheduled."
        }
    }

    var mayBeCuredByWaiting: Bool {
        switch self {
        case .unknownStream, .nothingDue, .streamTooLong, .supplyOverflow, .upgradeWindow,
            .upgradeScheduled:
            true
        case .trancheCount, .trancheOrder, .streamTimes, .streamEnded, .streamOverflow,
            .duplicateRecall, .notStreamRecipient, .assetName, .assetSymbol, .assetDecimals,
            .assetExists, .assetEmpty, .mintNative, .mintForbidden, .upgradeName,
            .upgradeWithoutVersion, .upgradeActive, .upgradeNotScheduled:
            false
        }
    }
}

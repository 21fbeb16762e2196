import Chain
import GenesisTool

/// Streams, assets and upgrades as people read them.
struct HoldingText {
    let chain: ChainInfo

    /// An action of the API in one line; nil for one of another kind.
    func action(_ json: JSON) -> String? {
        switch json["type"]?.text {
        case "stream":
            let asset = json["asset"]?.integer ?? 0
            let amount = amount(json["schedule"]?["amount"], of: asset)
            return "stream \(amount) to \(text(json["recipient"])), \(schedule(json, asset))"
        case "recallStream":
            return "recall stream \(text(json["stream"])): pay what is due, take back the rest"
        case "createAsset":
            let parts = (json["supply"]?.items ?? []).map {
                let amount = AccountCommand.amount($0["amount"], of: json, chain)
                return "\(amount) for \(text($0["recipient"]))"
            }
            let supply = parts.isEmpty ? "no first supply" : parts.joined(separator: ", ")
            let minting =
                json["mintAuthority"]?.text == "governance"
                ? "governance may mint more" : "its supply is fixed"
            return "create the asset \(text(json["symbol"])) (\(text(json["name"])), "
                + "\(text(json["decimals"])) decimals): \(supply); \(minting)"
        case "mint":
            return "mint \(text(json["amount"])) base units of asset \(text(json["asset"])) for "
                + text(json["recipient"])
        case "upgrade":
            return "upgrade to \(text(json["name"])) (\(text(json["version"]))) at the first start "
                + "of an epoch from \(text(json["firstEpoch"])) to \(text(json["lastEpoch"])) at "
                + "which four fifths of the power are ready"
        default:
            return nil
        }
    }

    private func amount(_ json: JSON?, of asset: UInt64) -> String {
        asset == 0 ? chain.amountText(json) : "\(text(json)) base units of asset \(asset)"
    }

    /// `from 2027-01-01… to 2028-01-01…`.
    func schedule(_ json: JSON, _ asset: UInt64) -> String {
        let schedule = json["schedule"]
        guard schedule?["kind"]?.text == "linear" else {
            let parts = (schedule?["tranches"]?.items ?? []).map {
                "\(amount($0["amount"], of: asset)) at \(text($0["time"]))"
            }
            return parts.joined(separator: ", ")
        }
        let cliff =
            schedule?["cliffMs"]?.integer == schedule?["startMs"]?.integer
            ? "" : ", nothing before \(text(schedule?["cliff"]))"
        return "from \(text(schedule?["start"])) to \(text(schedule?["end"]))\(cliff)"
    }
}

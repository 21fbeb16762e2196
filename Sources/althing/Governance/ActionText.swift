import Chain
import GenesisTool

/// What a proposal's actions do, in sentences.
struct ActionText {
    let chain: ChainInfo
    var names: NameBook?
    var book: AssetBook?

    /// An action of the API; nil for one that only accounts send.
    func action(_ json: JSON) -> String? {
        switch json["type"]?.text {
        case "setParameter":
            let new = text(json["text"])
            guard let old = json["expectedText"]?.text else {
                return "set \(text(json["name"])) to \(new)"
            }
            return "set \(text(json["name"])): \(printable(old)) → \(new)"
        case "spend":
            let payments = (json["payments"]?.items ?? []).map { payment in
                (
                    amount(payment["amount"], of: payment["asset"]?.integer ?? 0),
                    account(payment["recipient"])
                )
            }
            if payments.count == 1, let only = payments.first {
                return "spend \(only.0) from the treasury to \(only.1)"
            }
            let list = payments.map { "\($0.0) to \($0.1)" }.joined(separator: ", ")
            return "spend from the treasury: \(list)"
        case "pause":
            let time = json["duration"]?.integer.map { DurationText.print($0) } ?? "?"
            return "pause \(text(json["module"])) for \(time)"
        case "resume": return "end the pause of \(text(json["module"]))"
        case "cancelQueued": return "drop proposal \(text(json["proposal"])) while it is queued"
        case "returnStake":
            return "let those whose stake escrow \(text(json["escrow"])) holds claim it back"
        default: return holding(json)
        }
    }

    /// A condition of the API.
    func condition(_ json: JSON) -> String {
        switch json["type"]?.text {
        case "treasuryAtLeast":
            let least = amount(json["amount"], of: json["asset"]?.integer ?? 0)
            return "the treasury has at least \(least)"
        case "heightAtMost": return "it is executed in block \(text(json["height"])) at the latest"
        case "executed": return "proposal \(text(json["proposal"])) was executed"
        default: return printable(json.compact)
        }
    }

    /// Streams, assets and upgrades.
    private func holding(_ json: JSON) -> String? {
        switch json["type"]?.text {
        case "stream":
            let asset = json["asset"]?.integer ?? 0
            return "stream \(amount(json["schedule"]?["amount"], of: asset)) to "
                + "\(account(json["recipient"])), \(schedule(json))"
        case "recallStream":
            return "recall stream \(text(json["stream"])): pay what is due, take back the rest"
        case "createAsset":
            let parts = (json["supply"]?.items ?? []).map {
                let amount = AccountCommand.amount($0["amount"], of: json, chain)
                return "\(amount) for \(account($0["recipient"]))"
            }
            let supply = parts.isEmpty ? "no first supply" : parts.joined(separator: ", ")
            let minting =
                json["mintAuthority"]?.text == "governance"
                ? "governance may mint more" : "its supply is fixed"
            return "create the asset \(text(json["symbol"])) (\(text(json["name"])), "
                + "\(text(json["decimals"])) decimals): \(supply); \(minting)"
        case "mint":
            return "mint \(amount(json["amount"], of: json["asset"]?.integer ?? 0)) for "
                + account(json["recipient"])
        case "upgrade":
            return "upgrade to \(text(json["name"])) (\(text(json["version"]))) at the first start "
                + "of an epoch from \(text(json["firstEpoch"])) to \(text(json["lastEpoch"])) at "
                + "which four fifths of the power are ready"
        case "cancelUpgrade": return "drop the scheduled upgrade to \(text(json["version"]))"
        default:
            return nil
        }
    }

    /// `from 2027-01-01… to 2028-01-01…`.
    func schedule(_ json: JSON) -> String {
        let asset = json["asset"]?.integer ?? 0
        let schedule = json["schedule"]
        guard schedule?["kind"]?.text == "linear" else {
            let parts = (schedule?["tranches"]?.items ?? []).map {
                "\(amount($0["amount"], of: asset)) at \(WhenText.time($0["time"]?.text))"
            }
            return parts.joined(separator: ", ")
        }
        let cliff =
            schedule?["cliffMs"]?.integer == schedule?["startMs"]?.integer
            ? "" : ", nothing before \(WhenText.time(schedule?["cliff"]?.text))"
        return "from \(WhenText.time(schedule?["start"]?.text)) to "
            + WhenText.time(schedule?["end"]?.text) + cliff
    }

    /// Without the asset's decimals an amount is in base units.
    func amount(_ json: JSON?, of asset: UInt64) -> String {
        if asset == 0 { return chain.amountText(json) }
        guard let units = json?.integer, let book else {
            return "\(text(json)) base units of asset \(asset)"
        }
        return book.text(Amount(units), of: AssetID(asset))
    }

    private func account(_ json: JSON?) -> String {
        names?.long(json?.text ?? "-") ?? text(json)
    }
}

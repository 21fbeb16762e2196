import Chain
import GenesisTool

/// What comes next for a proposal, what it still lacks, and what somebody can do about it.
struct NextText {
    let view: ProposalView

    private static let depositorsShown = 4

    /// - Parameter depositors: of an ended proposal, whose deposits are still there.
    func lines(_ json: JSON, depositors: [JSON]? = nil) -> [String] {
        let id = text(json["id"])
        switch text(json["status"]) {
        case "deposit": return deposit(json, id)
        case "voting": return voting(json, id)
        case "queued": return queued(json, id)
        default: return refund(json, id, depositors)
        }
    }

    private func deposit(_ json: JSON, _ id: String) -> [String] {
        let missing = json["deposit"]?["missing"]?.integer ?? 0
        guard missing > 0 else {
            return ["the vote opens as soon as a place of its track is free"]
        }
        let amount = view.chain.text(Amount(missing))
        return [
            "\(amount) more open the vote: althing gov deposit \(id) "
                + amount.replacing(" ", with: "").lowercased(),
            "without it the proposal expires at \(view.time(json, "depositUntil"))",
        ]
    }

    private func voting(_ json: JSON, _ id: String) -> [String] {
        guard let tally = json["tally"], !tally.isNull,
            let total = json["totalPower"]?.integer
        else { return [] }
        let moved = moved(json)
        let delay = json["rules"]?["delay"]?.integer.map { DurationText.print($0) } ?? "?"
        let endsEarly = json["rules"]?["endsEarly"]?.boolean == true
        guard tally["passing"]?.boolean != true else {
            return [
                "as it stands it passes, and is executed \(delay) after the end of the vote"
            ] + moved
        }
        let count = VoteCount(tally, total: total)
        let open = count.bars.filter { !$0.isMet }.map(\.name).joined(separator: ", ")
        let cure = count.missingYes.map { "\(view.chain.text(Amount($0))) more of yes would do" }
        return [
            "as it stands it does not pass (\(open)); "
                + (cure ?? "yes alone cannot pass it any more"),
            "to vote: althing gov vote \(id) yes|no|abstain|veto --from NAME"
                + (endsEarly ? "; it closes in the first block in which it passes" : ""),
        ] + moved
    }

    /// Says so if the end is not the one that the vote opened with.
    private func moved(_ json: JSON) -> [String] {
        guard let opened = json["opensAtMs"]?.integer, let end = json["endsAtMs"]?.integer,
            let period = json["rules"]?["period"]?.integer,
            json["petitions"]?["reopened"]?.boolean != true,
            end > opened.advanced(clampingBy: period)
        else { return [] }
        return [
            "a late change of the outcome moved the end; it never goes beyond "
                + view.time(json, "hardEnds")
        ]
    }

    private func queued(_ json: JSON, _ id: String) -> [String] {
        guard let failure = json["failure"], !failure.isNull else {
            return [
                "it is executed at \(view.time(json, "eta")); until then holders can stop it: "
                    + "althing gov petition reopen|cancel \(id)"
            ]
        }
        return [
            "it is tried again at the next starts of an epoch, three times, and by whoever sends "
                + "`althing gov execute \(id)`",
            "it is given up at \(view.time(failure, "until"))",
        ]
    }

    /// What of the deposit comes back to whom.
    private func refund(_ json: JSON, _ id: String, _ depositors: [JSON]?) -> [String] {
        if json["deposit"]?["refund"]?.text == "none" { return ["the deposit is lost"] }
        guard let depositors, !depositors.isEmpty else { return [] }
        let names = depositors.prefix(NextText.depositorsShown).map { depositor in
            "\(view.chain.amountText(depositor["amount"])) to "
                + view.names.short(text(depositor["account"]))
        }
        let isAll = json["deposit"]?["refund"]?.text == "all"
        let others = depositors.count - names.count
        return [
            (isAll ? "" : "four fifths of the deposit, whose quorum was not met: ")
                + names.joined(separator: ", ") + (others > 0 ? " and \(others) others" : "")
                + (isAll ? " comes back" : "") + ", by: althing gov claim \(id)"
        ]
    }
}

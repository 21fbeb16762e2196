import Chain
import GenesisTool

/// A proposal as people read it.
struct ProposalView {
    static let finalStates: Set = [
        "executed", "expired", "rejected", "vetoed", "failed", "cancelled",
    ]

    let chain: ChainInfo
    let names: NameBook
    let book: AssetBook

    init(_ client: Client, _ chain: ChainInfo, home: String?) async throws {
        self.init(
            chain: chain, names: NameBook(chain, home: home),
            book: try await AssetBook(client, chain))
    }

    init(chain: ChainInfo, names: NameBook, book: AssetBook) {
        self.chain = chain
        self.names = names
        self.book = book
    }

    // MARK: One line

    /// `voting until 2026-…, in 12s`: the state and what ends it.
    ///
    /// - Parameter isFixed: without what changes with every second.
    func line(_ json: JSON, isFixed: Bool = false) -> String {
        let status = text(json["status"])
        switch status {
        case "deposit":
            let sum = chain.amountText(json["deposit"]?["sum"])
            return "deposit, \(sum) of \(chain.amountText(json["deposit"]?["required"]))"
        case "voting": return "voting until \(time(json, "ends", isFixed: isFixed))"
        case "queued":
            guard let failure = json["failure"], !failure.isNull else {
                return "queued until \(time(json, "eta", isFixed: isFixed))"
            }
            let end = time(failure, "until", isFixed: isFixed)
            return "queued, its execution failed; given up at \(end)"
        default: return status
        }
    }

    /// The state with the tally in one line; the same as long as nothing happens.
    func progress(_ json: JSON) -> String {
        let line = line(json, isFixed: true)
        guard let tally = json["tally"], !tally.isNull, json["totalPower"]?.integer != nil else {
            return line
        }
        let parts = ["yes", "no", "abstain", "veto"].map { "\($0) \(share(tally[$0], json))" }
        let passing = tally["passing"]?.boolean == true ? "passing" : "not passing"
        return "\(line)  \(parts.joined(separator: "  "))  \(passing)"
    }

    /// What a decision came to: `EXECUTED in block 57: gov.x: 4h → 2h`.
    func outcome(_ json: JSON) -> [String] {
        let status = text(json["status"])
        let end = "\(status.uppercased()) in block \(text(json["result"]?["height"]))"
        guard status == "executed" else { return [end + (why(json).map { ": \($0)" } ?? "")] }
        let changes = changes(of: json)
        return changes.isEmpty ? [end] : changes.map { "\(end): \($0)" }
    }

    /// Why it ended otherwise than by its execution; nil if its state says it all.
    func why(_ json: JSON) -> String? {
        if let count = lacks(json) { return count }
        guard let reason = json["result"]?["reason"]?.text, !reason.isEmpty else { return nil }
        return names.relabel(printable(reason)) + staleParts(json)
    }

    /// The lines that a vote which failed did not meet, with figures; nil for any other end.
    private func lacks(_ json: JSON) -> String? {
        let isVetoed = text(json["status"]) == "vetoed"
        guard isVetoed || text(json["status"]) == "rejected", let tally = json["tally"],
            !tally.isNull, let total = json["totalPower"]?.integer
        else { return nil }
        let reasons = VoteCount(tally, total: total).bars.compactMap { bar in
            (bar.name == "no veto") == isVetoed ? bar.lack : nil
        }
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    /// What a change expected to replace, where the parameter is another by now.
    private func staleParts(_ json: JSON) -> String {
        guard json["result"]?["reason"]?.text?.hasPrefix("gov.expected_differs") == true else {
            return ""
        }
        let parts = (json["actions"]?.items ?? []).compactMap { action -> String? in
            guard let id = action["name"]?.text.flatMap({ ParameterID(name: $0) }),
                let expected = action["expectedText"]?.text
            else { return nil }
            let now = ParameterText.print(
                chain.parameters[id], for: id, symbol: chain.symbol, decimals: chain.decimals)
            return now == expected ? nil : "expected \(printable(expected)), now \(now)"
        }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))"
    }

    // MARK: All

    /// - Parameter depositors: of an ended proposal, whose deposits are still there.
    func lines(_ json: JSON, depositors: [JSON]? = nil) -> [String] {
        var lines = [
            "proposal  \(text(json["id"]))  \(text(json["title"]))",
            "status    \(line(json))",
            "track     \(text(json["track"]))  topic \(text(json["group"]))",
            "proposer  \(names.long(text(json["proposer"])))",
            "deposit   \(chain.amountText(json["deposit"]?["sum"]))"
                + " of \(chain.amountText(json["deposit"]?["required"]))",
        ]
        if json["isReceipt"]?.boolean == true {
            lines.append("receipt   it ended long ago; its text, actions and ballots are gone")
        }
        lines += actionLines(json)
        lines += dryRunLines(of: json, isDone: text(json["status"]) == "executed")
        lines += tallyLines(json)
        lines += petitionLines(json)
        if text(json["status"]) == "queued", let failure = json["failure"], !failure.isNull {
            let attempts = failure["attempts"]?.integer ?? 0
            lines.append(
                "failed    \(reason(failure["error"])) Tried "
                    + (attempts == 1 ? "once." : "\(attempts) times."))
        }
        lines += NextText(view: self).lines(json, depositors: depositors).map { "next      \($0)" }
        lines += historyLines(json)
        if Self.finalStates.contains(text(json["status"])) {
            lines += outcome(json).map { "result    \($0)" }
        }
        if let body = json["body"]?.text, !body.isEmpty {
            lines.append("")
            lines += body.split(separator: "\n", omittingEmptySubsequences: false)
                .map { printable(String($0)) }
        }
        return lines
    }

    /// What a submission would make, before anybody signs it.
    func preview(_ json: JSON) -> [String] {
        var lines = ["  track        \(text(json["track"])), topic \(text(json["group"]))"]
        let rules = json["rules"]
        lines.append(
            "  passes with  quorum \(ratio(rules?["quorum"])), yes above"
                + " \(ratio(rules?["approve"])) of the answers"
                + (rules?["minYes"]?["numerator"]?.integer == 0
                    ? "" : " and at least \(ratio(rules?["minYes"])) of all")
                + ", veto at most 1/3")
        lines.append(
            "  takes        \(duration(rules?["period"])) of voting"
                + (text(json["track"]) == "fast" ? ", or until it passes" : "")
                + (json["actions"]?.items?.isEmpty == false
                    ? ", then \(duration(rules?["delay"])) until the execution" : "")
                + dates(rules))
        let deposit = json["deposit"]
        lines.append(
            "  deposit      \(chain.amountText(deposit?["sum"])) of"
                + " \(chain.amountText(deposit?["required"]))")
        lines += actionLines(json).map { "  " + $0 }
        lines += dryRunLines(of: json, isDone: false).map { "  " + $0 }
        if let missing = deposit?["missing"]?.integer, missing > 0 {
            lines.append(
                "  next         \(chain.text(Amount(missing))) more must be deposited until"
                    + " \(time(json, "depositUntil"))")
        } else {
            lines.append("  next         the vote opens in the next block if a place is free")
        }
        return lines
    }

    func actionLines(_ json: JSON) -> [String] {
        let view = TransactionView(chain: chain, names: names, book: book)
        let text = ActionText(chain: chain, names: names, book: book)
        return (json["actions"]?.items ?? []).map { "action    \(view.describe($0))" }
            + (json["conditions"]?.items ?? []).map { "only if   \(text.condition($0))" }
    }

    /// What a proposal's dry run says.
    func dryRunLines(of json: JSON, isDone: Bool) -> [String] {
        guard let run = json["dryRun"], !run.isNull else { return [] }
        let status = json["status"]?.text ?? ""
        let isOver = Self.finalStates.contains(status)
        let verb = isDone ? "did       " : isOver ? "meant to  " : "would do  "
        var lines = changes(of: json).map { verb + $0 }
        guard !isOver else { return lines }
        if let omitted = run["changesOmitted"]?.integer, omitted > 0 {
            lines.append("          and \(omitted) more")
        }
        if let error = run["error"], !error.isNull {
            lines.append("WARNING   it would fail now: \(reason(error))")
        }
        if let error = run["falseGuard"], !error.isNull {
            lines.append("WARNING   it would expire now: \(reason(error))")
        }
        for account in run["unknownRecipients"]?.items ?? [] {
            lines.append("WARNING   nobody has used the account \(text(account)) yet")
        }
        return lines
    }

    // MARK: Parts

    /// `key: old → new`, records that mean nothing to people left out.
    private func changes(of json: JSON) -> [String] {
        let book = book.adding(of: json)
        let changes = json["dryRun"]?["changes"]?.items ?? []
        return changes.filter { $0["type"]?.text != "other" }.map { change in
            var key = names.relabel(text(change["key"]))
            if change["type"]?.text == "supply", let asset = change["asset"]?.integer {
                key += " of \(book.symbol(of: AssetID(asset)))"
            }
            guard let asset = change["asset"]?.integer.map({ AssetID($0) }),
                let old = change["oldAmount"]?.integer, let new = change["newAmount"]?.integer
            else { return "\(key): \(text(change["old"])) → \(text(change["new"]))" }
            let difference = new > old ? new - old : old - new
            return "\(key): \(book.text(Amount(old), of: asset)) → "
                + "\(book.text(Amount(new), of: asset)) (\(new > old ? "+" : "−")"
                + "\(book.text(Amount(difference), of: asset)))"
        }
    }

    private func tallyLines(_ json: JSON) -> [String] {
        guard let tally = json["tally"], !tally.isNull,
            let total = json["totalPower"]?.integer
        else { return [] }
        var lines: [String] = []
        for option in ["yes", "no", "abstain", "veto"] {
            let gap = String(repeating: " ", count: 10 - option.count)
            lines.append(
                "\(option)\(gap)\(share(tally[option], json))  \(chain.amountText(tally[option]))")
        }
        let count = VoteCount(tally, total: total)
        let isOver = text(json["status"]) != "voting"
        for bar in count.bars {
            lines.append(bar.line(isOver: isOver) { chain.text(Amount($0)) })
        }
        return lines
    }

    private func petitionLines(_ json: JSON) -> [String] {
        guard let petitions = json["petitions"], !petitions.isNull else { return [] }
        return ["reopen", "cancel"].compactMap { kind in
            let petition = petitions[kind]
            let isOpen = petition?["open"]?.boolean == true
            guard isOpen || petition?["power"]?.integer ?? 0 > 0 else { return nil }
            return "petition  \(kind) \(chain.amountText(petition?["power"])) of"
                + " \(chain.amountText(petition?["needed"]))" + (isOpen ? ", open" : "")
        }
    }

    private func historyLines(_ json: JSON) -> [String] {
        (json["history"]?.items ?? []).map { step in
            let reason = step["reason"]?.text ?? ""
            return "history   \(WhenText.print(milliseconds: step["timeMs"]?.integer))"
                + "  \(text(step["status"]))  block \(text(step["height"]))"
                + (reason.isEmpty ? "" : "  \(names.relabel(printable(reason)))")
        }
    }

    func reason(_ json: JSON?) -> String {
        "\(text(json?["code"])): \(names.relabel(text(json?["message"])))"
    }

    func time(_ json: JSON, _ name: String, isFixed: Bool = false) -> String {
        let time = json["\(name)AtMs"]?.integer ?? json["\(name)Ms"]?.integer
        return WhenText.print(milliseconds: time, isFixed: isFixed)
    }

    /// The dates that a vote which opens now would have.
    private func dates(_ rules: JSON?) -> String {
        guard let period = rules?["period"]?.integer, let delay = rules?["delay"]?.integer else {
            return ""
        }
        let now = Timestamp.now
        let end = now.advanced(by: period)
        let execution = end.advanced(by: delay)
        return ": until about \(WhenText.date(end))"
            + (delay > 0 ? " and \(WhenText.date(execution))" : "")
    }

    private func duration(_ json: JSON?) -> String {
        json?.integer.map { DurationText.print($0) } ?? "?"
    }

    private func ratio(_ json: JSON?) -> String {
        guard let numerator = json?["numerator"]?.integer,
            let denominator = json?["denominator"]?.integer
        else { return "?" }
        return denominator == 100 ? "\(numerator) %" : "\(numerator)/\(denominator)"
    }

    /// Part of the total power in hundredths of a percent, without a fraction type.
    private func share(_ power: JSON?, _ json: JSON) -> String {
        guard let power = power?.integer, let total = json["totalPower"]?.integer, total > 0
        else { return text(power) }
        return percentText(UInt128(power), of: UInt128(total))
    }
}

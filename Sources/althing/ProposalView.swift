import Chain
import GenesisTool

/// A proposal as people read it.
struct ProposalView {
    static let finalStates: Set = [
        "executed", "expired", "rejected", "vetoed", "failed", "cancelled",
    ]

    let chain: ChainInfo

    // MARK: One line

    /// `voting until 2026-…`: the state and what ends it.
    func line(_ json: JSON) -> String {
        let status = text(json["status"])
        switch status {
        case "deposit":
            let sum = chain.amountText(json["deposit"]?["sum"])
            return "deposit, \(sum) of \(chain.amountText(json["deposit"]?["required"]))"
        case "voting": return "voting until \(time(json, "ends"))"
        case "queued":
            guard let failure = json["failure"], !failure.isNull else {
                return "queued until \(time(json, "eta"))"
            }
            return "queued, its execution failed; given up at \(time(failure, "until"))"
        default: return status
        }
    }

    /// The state with the tally in one line.
    func progress(_ json: JSON) -> String {
        let tally = json["tally"]
        guard let tally, !tally.isNull else { return line(json) }
        let parts = ["yes", "no", "abstain", "veto"].map { "\($0) \(share(tally[$0], json))" }
        let passing = tally["passing"]?.boolean == true ? "passing" : "not passing"
        return "\(line(json))  \(parts.joined(separator: "  "))  \(passing)"
    }

    /// What a decision came to: `EXECUTED in block 57: gov.x: 4h → 2h`.
    func outcome(_ json: JSON) -> [String] {
        let status = text(json["status"])
        let end = "\(status.uppercased()) in block \(text(json["result"]?["height"]))"
        guard status == "executed" else {
            let reason = json["result"]?["reason"]?.text ?? ""
            return [reason.isEmpty ? end : "\(end): \(printable(reason))"]
        }
        let changes = changes(json["dryRun"])
        return changes.isEmpty ? [end] : changes.map { "\(end): \($0)" }
    }

    // MARK: All

    func lines(_ json: JSON) -> [String] {
        var lines = [
            "proposal  \(text(json["id"]))  \(text(json["title"]))",
            "status    \(line(json))",
            "track     \(text(json["track"]))  topic \(text(json["group"]))",
            "proposer  \(text(json["proposer"]))",
            "deposit   \(chain.amountText(json["deposit"]?["sum"]))"
                + " of \(chain.amountText(json["deposit"]?["required"]))",
        ]
        let view = TransactionView(chain: chain)
        for action in json["actions"]?.items ?? [] {
            lines.append("action    \(view.describe(action))")
        }
        for condition in json["conditions"]?.items ?? [] {
            lines.append("only if   \(view.describe(condition))")
        }
        lines += dryRunLines(json["dryRun"], isDone: text(json["status"]) == "executed")
        lines += tallyLines(json)
        lines += petitionLines(json)
        if text(json["status"]) == "queued", let failure = json["failure"], !failure.isNull {
            lines.append(
                "failed    \(reason(failure["error"])), tried \(text(failure["attempts"])) times")
        }
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
                + " \(ratio(rules?["approve"])) of the answers and at least"
                + " \(ratio(rules?["minYes"])) of all, veto at most 1/3")
        lines.append(
            "  takes        \(duration(rules?["period"])) of voting, then"
                + " \(duration(rules?["delay"])) until the execution")
        let deposit = json["deposit"]
        lines.append(
            "  deposit      \(chain.amountText(deposit?["sum"])) of"
                + " \(chain.amountText(deposit?["required"]))")
        lines += dryRunLines(json["dryRun"], isDone: false).map { "  " + $0 }
        if let missing = deposit?["missing"]?.integer, missing > 0 {
            lines.append(
                "  next         \(chain.text(Amount(missing))) more must be deposited until"
                    + " \(time(json, "depositUntil"))")
        } else {
            lines.append("  next         the vote opens in the next block if a place is free")
        }
        return lines
    }

    // MARK: Parts

    private func dryRunLines(_ run: JSON?, isDone: Bool) -> [String] {
        guard let run, !run.isNull else { return [] }
        var lines = changes(run).map { "\(isDone ? "did       " : "would do  ")\($0)" }
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

    /// `key: old → new`, records that mean nothing to people left out.
    private func changes(_ run: JSON?) -> [String] {
        (run?["changes"]?.items ?? []).filter { $0["type"]?.text != "other" }.map {
            "\(text($0["key"])): \(text($0["old"])) → \(text($0["new"]))"
        }
    }

    private func tallyLines(_ json: JSON) -> [String] {
        guard let tally = json["tally"], !tally.isNull,
            let total = json["totalPower"]?.integer
        else { return [] }
        var lines: [String] = []
        for option in ["yes", "no", "abstain", "veto"] {
            let gap = String(repeating: " ", count: 10 - option.count)
            lines.append("\(option)\(gap)\(share(tally[option], json))")
        }
        let count = VoteCount(tally, total: total)
        for bar in count.bars {
            lines.append(bar.line { chain.text(Amount($0)) })
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
            return "history   \(text(step["time"]))  \(text(step["status"]))"
                + "  block \(text(step["height"]))"
                + (reason.isEmpty ? "" : "  \(printable(reason))")
        }
    }

    private func reason(_ json: JSON?) -> String {
        "\(text(json?["code"])): \(text(json?["message"]))"
    }

    private func time(_ json: JSON, _ name: String) -> String {
        let milliseconds = json["\(name)AtMs"]?.integer ?? json["\(name)Ms"]?.integer
        guard let milliseconds else { return "?" }
        return TimeText.print(Timestamp(milliseconds))
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

/// A part in hundredths of a percent.
private func percentText(_ part: UInt128, of whole: UInt128) -> String {
    guard whole > 0 else { return "0.00 %" }
    let points = part * 10_000 / whole
    let rest = points % 100
    return "\(points / 100).\(rest < 10 ? "0" : "")\(rest) %"
}

/// Where a count of votes stands against the four lines that it has to pass, with what is missing.
struct VoteCount {
    /// A part of a whole, and the line that it must reach, must pass, or must not pass.
    struct Bar {
        let name: String
        let part: UInt128
        let whole: UInt128
        let line: Ratio
        let isMet: Bool
        /// Power of yes (for the quorum: of any answer) that is missing; nil if it cannot be said.
        let missing: UInt64?

        static let width = 30

        func line(_ print: (UInt64) -> String) -> String {
            let filled =
                whole > 0 ? Int(min(UInt128(Bar.width), part * UInt128(Bar.width) / whole)) : 0
            let mark = min(
                Bar.width - 1,
                Int(UInt64(Bar.width) * UInt64(line.numerator) / UInt64(line.denominator)))
            var cells = [Character](repeating: "#", count: filled)
            cells += [Character](repeating: ".", count: Bar.width - filled)
            cells[mark] = "|"
            let gap = String(repeating: " ", count: max(1, 10 - name.count))
            let limit = percentText(UInt128(line.numerator), of: UInt128(line.denominator))
            var text = "\(name)\(gap)[\(String(cells))] \(percentText(part, of: whole)) of \(limit)"
            text += isMet ? ", met" : ", not met"
            if !isMet, let missing { text += ", \(print(missing)) missing" }
            return text
        }
    }

    let bars: [Bar]

    init(_ tally: JSON, total: UInt64) {
        let total = UInt128(total)
        func power(_ name: String) -> UInt128 { UInt128(tally[name]?.integer ?? 0) }
        let yes = power("yes")
        let answers = yes + power("no") + power("veto")
        let cast = answers + power("abstain")
        func bar(_ name: String, _ part: UInt128, _ whole: UInt128, _ field: String) -> Bar? {
            guard let numerator = tally[field]?["numerator"]?.integer,
                let denominator = tally[field]?["denominator"]?.integer, denominator > 0,
                let numerator = UInt32(exactly: numerator),
                let denominator = UInt32(exactly: denominator)
            else { return nil }
            let n = UInt128(numerator)
            let d = UInt128(denominator)
            let missing: UInt128?
            if field == "approve" {
                // The least x with (yes + x)·d > n·(answers + x).
                missing =
                    n < d && yes * d <= n * answers ? (n * answers - yes * d) / (d - n) + 1 : nil
            } else {
                let needed = (n * total + d - 1) / d
                missing = needed > part ? needed - part : nil
            }
            return Bar(
                name: name, part: part, whole: whole, line: Ratio(numerator, denominator),
                isMet: tally[field]?["met"]?.boolean == true,
                missing: missing.map { UInt64(clamping: $0) })
        }
        let veto = Bar(
            name: "no veto", part: power("veto"), whole: answers, line: Ratio(1, 3),
            isMet: tally["vetoed"]?.boolean != true, missing: nil)
        bars =
            [
                bar("quorum", cast, total, "quorum"), bar("approve", yes, answers, "approve"),
                bar("min yes", yes, total, "minYes"),
            ].compactMap { $0 } + [veto]
    }
}

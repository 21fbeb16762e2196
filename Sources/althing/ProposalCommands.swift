import ArgumentParser
import Chain
import GenesisTool
import KeyTool

extension GovernanceCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List proposals, the newest first.",
            discussion: "Example:\n  althing gov list --status voting")

        @Option(help: "deposit, voting, queued, executed, expired, rejected, vetoed, failed …")
        var status: String?

        @Option(help: "How many.")
        var limit = 50

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let view = ProposalView(chain: try await ChainInfo(client))
            let query = status.map { [("status", $0)] } ?? []
            let list = try await client.list("/v1/gov/proposals", query, limit: limit)
            options.show(
                list: list, id: { text($0["id"]) }, header: ["id", "status", "track", "title"]
            ) { proposal in
                [
                    text(proposal["id"]), view.line(proposal), text(proposal["track"]),
                    text(proposal["title"]),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a proposal, its tally and what is still needed.",
            discussion: "Example:\n  althing gov show 1 --account alice")

        private static let accountsMax = 16

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Option(help: "Whose weight to show; that of all keys of the keystore if it is left out.")
        var account: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let view = ProposalView(chain: try await ChainInfo(client))
            let json = try await client.get("/v1/gov/proposals/\(id)")
            let weights = try await weights(client, view.chain)
            options.show(json, id: String(id)) { view.lines(json) + weights }
        }

        /// The weight of one's own accounts, and how it was used.
        private func weights(_ client: Client, _ chain: ChainInfo) async throws -> [String] {
            guard let keystore = try? Keystore.open(home: options.home),
                let all = try? keystore.names()
            else { return [] }
            let text = WeightText(
                chain: chain, names: RepresentationText(chain: chain, home: options.home))
            var lines: [String] = []
            for name in (account.map { [$0] } ?? Array(all.prefix(Show.accountsMax))) {
                let address = chain.text(try chain.address(name, home: options.home))
                let json = try await client.get("/v1/gov/proposals/\(id)/votes/\(address)")
                lines += text.lines(json, as: name)
            }
            return lines.isEmpty ? [] : ["", "weight    and how it was used"] + lines
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a proposal to its end; exit code 0 if it was executed.",
            discussion: "Example:\n  althing gov watch 1")

        @Argument(help: "The proposal's number.")
        var id: UInt64

        @Option(help: "Stop at this state already, such as voting or queued.")
        var until: String?

        @Option(help: "Stop after this time with exit code 4, like 5m.")
        var timeout: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let view = ProposalView(chain: try await ChainInfo(client))
            let clock = ContinuousClock()
            let deadline = try timeout.map { text in
                clock.now + .milliseconds(Int64(clamping: try DurationText.parse(text)))
            }
            var shown = ""
            while true {
                let json = try await client.get("/v1/gov/proposals/\(id)")
                let status = text(json["status"])
                let state = view.progress(json)
                if state != shown {
                    shown = state
                    options.show(json, id: status) { [state] }
                }
                if status == until { return }
                if ProposalView.finalStates.contains(status) {
                    guard status == "executed" else {
                        let reason = json["result"]?["reason"]?.text
                        throw CommandError(
                            "gov.\(status)",
                            "proposal \(id) is \(status)"
                                + (reason.map { ": \(printable($0))" } ?? ""))
                    }
                    return
                }
                if let deadline, clock.now >= deadline {
                    throw CommandError(
                        "gov.timeout", "proposal \(id) is still \(status)", exit: .timedOut)
                }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}

/// A proposal as people read it.
struct ProposalView {
    static let finalStates: Set = [
        "executed", "expired", "rejected", "vetoed", "failed", "cancelled",
    ]

    let chain: ChainInfo

    /// `voting until 2026-…`: the state and what ends it.
    func line(_ json: JSON) -> String {
        let status = text(json["status"])
        switch status {
        case "deposit":
            let sum = chain.amountText(json["deposit"]?["sum"])
            return "deposit, \(sum) of \(chain.amountText(json["deposit"]?["required"]))"
        case "voting": return "voting until \(time(json, "ends"))"
        case "queued": return "queued until \(time(json, "eta"))"
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

    func lines(_ json: JSON) -> [String] {
        var lines = [
            "proposal  \(text(json["id"]))  \(text(json["title"]))",
            "status    \(line(json))",
            "track     \(text(json["track"]))",
            "proposer  \(text(json["proposer"]))",
            "deposit   \(chain.amountText(json["deposit"]?["sum"]))"
                + " of \(chain.amountText(json["deposit"]?["required"]))",
        ]
        let view = TransactionView(chain: chain)
        for action in json["actions"]?.items ?? [] {
            lines.append("action    \(view.describe(action))")
        }
        if let tally = json["tally"], !tally.isNull {
            for option in ["yes", "no", "abstain", "veto"] {
                let gap = String(repeating: " ", count: 10 - option.count)
                lines.append("\(option)\(gap)\(share(tally[option], json))")
            }
            lines.append(
                "quorum    \(met(tally["quorum"]))  approve \(met(tally["approve"]))"
                    + "  min yes \(met(tally["minYes"]))")
        }
        if let reason = json["result"]?["reason"]?.text {
            lines.append("result    \(printable(reason))")
        }
        if let body = json["body"]?.text, !body.isEmpty {
            lines.append("")
            lines += body.split(separator: "\n", omittingEmptySubsequences: false)
                .map { printable(String($0)) }
        }
        return lines
    }

    private func time(_ json: JSON, _ name: String) -> String {
        let milliseconds = json["\(name)AtMs"]?.integer ?? json["\(name)Ms"]?.integer
        guard let milliseconds else { return "?" }
        return TimeText.print(Timestamp(milliseconds))
    }

    /// Part of the total power in hundredths of a percent, without a fraction type.
    private func share(_ power: JSON?, _ json: JSON) -> String {
        guard let power = power?.integer, let total = json["totalPower"]?.integer,
            let points = multiplyDividingDown(power, 10_000, by: total)
        else { return text(power) }
        let rest = points % 100
        return "\(points / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }

    private func met(_ json: JSON?) -> String {
        let ratio = "\(text(json?["numerator"]))/\(text(json?["denominator"]))"
        return "\(ratio) \(json?["met"]?.boolean == true ? "met" : "not met")"
    }
}

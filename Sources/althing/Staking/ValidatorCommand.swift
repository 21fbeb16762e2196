import ArgumentParser
import Chain
import GenesisTool
import KeyTool

/// `althing validator`: who makes blocks.
struct ValidatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validator", abstract: "Show validators, and run one.",
        subcommands: [
            List.self, Status.self, Create.self, Edit.self, Unjail.self, Leave.self,
            Prove.self, RotateKey.self, SwitchKey.self, Export.self, Import.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all validators: this epoch's power, the next one's, and a forecast.",
            discussion: """
                Sets are known two epochs ahead: `next` is certain, `then` is what an election now
                would give.

                Example:
                  althing validator list
                """)

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let list = try await ValidatorBook(client, chain, home: options.home).validators
                .sorted { a, b in
                    let left = (a["seat"]?["power"]?.integer ?? 0, a["bonded"]?.integer ?? 0)
                    let right = (b["seat"]?["power"]?.integer ?? 0, b["bonded"]?.integer ?? 0)
                    return left > right
                }
            if options.format == .table, !options.quiet {
                let staking = try await client.get("/v1/staking")
                Console.note(
                    "epoch \(text(staking["epoch"])), the set of epoch "
                        + "\(text(staking["nextElection"]?["epoch"])) is elected at height "
                        + "\(text(staking["nextElection"]?["height"])), "
                        + WhenText.print(staking["nextElection"]?["expected"]))
                let bonded = PercentText.print(
                    staking["bonded"]?.integer, of: staking["supply"]?.integer)
                let rate = (staking["inflationRate"]?.integer ?? 0) / 100_000_000
                Console.note(
                    "\(chain.amountText(staking["bonded"])) are bonded, \(bonded) of the supply; "
                        + "inflation \(PercentText.print(basisPoints: rate)) a year")
            }
            let upgrade = options.format == .table ? try await scheduled(client) : nil
            options.show(
                list: list, id: { text($0["operator"]) },
                header: [
                    "moniker", "power", "share", "next", "then", "bonded", "commission", "uptime",
                    "status",
                ] + (upgrade == nil ? [] : ["upgrade"]) + ["operator"]
            ) { validator in
                let view = ValidatorLine(json: validator, chain: chain)
                return [
                    text(validator["moniker"]), view.power("seat"), view.share,
                    view.power("nextSeat"),
                    view.power("forecastSeat"), chain.amountText(validator["bonded"]),
                    view.commission, view.uptime, view.status,
                ] + readiness(validator, upgrade) + [text(validator["operator"])]
            }
        }

        /// The upgrade that waits for validators, if there is one.
        private func scheduled(_ client: Client) async throws -> JSON? {
            guard let upgrade = try await client.get("/v1/upgrade")["scheduled"], !upgrade.isNull
            else { return nil }
            if !options.quiet {
                let share = PercentText.print(
                    upgrade["readyPower"]?.integer, of: upgrade["totalPower"]?.integer)
                Console.note(
                    "the upgrade to \(text(upgrade["name"])) is scheduled for epochs "
                        + "\(text(upgrade["firstEpoch"])) to \(text(upgrade["lastEpoch"])); "
                        + "\(share) of the power are ready, 80 % are needed")
            }
            return upgrade
        }

        /// Whether the validator's last block said that it knows the version.
        private func readiness(_ validator: JSON, _ upgrade: JSON?) -> [String] {
            guard let upgrade else { return [] }
            let seat = (upgrade["seats"]?.items ?? []).first {
                $0["seat"]?.integer == validator["seat"]?["index"]?.integer
                    && validator["seat"]?["index"] != nil
            }
            guard let seat else { return ["-"] }
            return [seat["ready"]?.boolean == true ? "ready" : "not ready"]
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a validator: its seats, its stake, and what is proven against it.",
            discussion: """
                Examples:
                  althing validator status              the validator of the node that is asked
                  althing validator status validator2   by moniker, operator, key or seat
                """,
            aliases: ["show"])

        @Argument(help: "A moniker, an operator's address, a consensus key or a seat's index.")
        var validator: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let client = try options.client()
            let chain = try await ChainInfo(client)
            let json = try await find(client, chain)
            let line = ValidatorLine(json: json, chain: chain)
            options.show(json, id: text(json["operator"])) { line.lines }
        }

        private func find(_ client: Client, _ chain: ChainInfo) async throws -> JSON {
            if let validator {
                return try await ValidatorBook(client, chain, home: options.home).find(validator)
            }
            let own = try await client.get("/v1/status")["validator"]?["publicKey"]
            guard let own, !own.isNull, !text(own).isEmpty else {
                throw CommandError(
                    "validator.none", "the node that was asked is no validator",
                    hint: "althing validator list", exit: .notFound)
            }
            return try await client.get("/v1/validators/\(text(own))")
        }
    }
}

/// A validator as people read it.
struct ValidatorLine {
    let json: JSON
    let chain: ChainInfo

    func power(_ seat: String) -> String {
        guard let seat = json[seat], !seat.isNull else { return "-" }
        return chain.amountText(seat["power"])
    }

    var share: String {
        PercentText.print(
            json["seat"]?["power"]?.integer, of: json["seat"]?["totalPower"]?.integer)
    }

    var commission: String {
        let now = PercentText.print(basisPoints: json["commission"]?.integer ?? 0)
        guard let rise = json["rise"], !rise.isNull else { return now }
        return now + " → " + PercentText.print(basisPoints: rise["commission"]?.integer ?? 0)
    }

    /// Of this epoch and the one before together: an epoch that has just begun tells little.
    var uptime: String {
        let parts = [json["lastUptime"], json["uptime"]]
        let done = parts.reduce(0) { $0 + ($1?["done"]?.integer ?? 0) }
        let expected = parts.reduce(0) { $0 + ($1?["expected"]?.integer ?? 0) }
        return PercentText.print(min(done, expected), of: expected)
    }

    private var uptimes: [String] {
        ["uptime", "lastUptime"].compactMap { name in
            guard let part = json[name], !part.isNull else { return nil }
            let share = PercentText.print(part["done"]?.integer, of: part["expected"]?.integer)
            return "uptime      \(share) in epoch \(text(part["epoch"])): voted for "
                + "\(text(part["votes"])) of \(text(part["blocks"])) blocks, led "
                + "\(text(part["led"])) of \(text(part["slots"])) views"
        }
    }

    var status: String {
        guard let jail = json["jail"], !jail.isNull else { return text(json["status"]) }
        return "\(text(json["status"])) (\(text(jail["reason"])), until "
            + "\(WhenText.time(jail["until"]?.text)))"
    }

    var lines: [String] {
        var lines = [
            "moniker     \(text(json["moniker"]))",
            "operator    \(text(json["operator"]))",
            "key         \(text(json["publicKey"]))",
            "status      \(status)",
            "bonded      \(chain.amountText(json["bonded"]))",
            "self-bond   \(chain.amountText(json["selfBond"]))",
            "commission  \(commission)",
        ]
        if let rise = json["rise"], !rise.isNull {
            lines.append(
                "            from the first end of an epoch after "
                    + WhenText.time(rise["notBefore"]?.text))
        }
        for (name, field) in [
            ("endpoint", "endpoint"), ("website", "website"), ("contact", "contact"),
        ] {
            guard let value = json[field]?.text, !value.isEmpty else { continue }
            lines.append(name.padding(to: 12) + printable(value))
        }
        lines.append("seat        \(seat("seat"))")
        lines.append("next seat   \(seat("nextSeat"))")
        lines.append("forecast    \(seat("forecastSeat"))")
        lines += uptimes
        for time in json["downtimes"]?.items ?? [] {
            lines.append("downtime    found at \(WhenText.time(time.text))")
        }
        return lines + offences
    }

    private func seat(_ name: String) -> String {
        guard let seat = json[name], let index = seat["index"]?.integer else { return "none" }
        let share = PercentText.print(seat["power"]?.integer, of: seat["totalPower"]?.integer)
        let other = seat["publicKey"] == json["publicKey"] ? "" : ", with its key of before"
        return "\(index) in epoch \(text(seat["epoch"])), power "
            + "\(chain.amountText(seat["power"])) (\(share))\(other)"
    }

    private var offences: [String] {
        guard let offences = json["offences"]?.items, !offences.isEmpty else {
            return ["offences    none"]
        }
        return offences.map { offence in
            let votes = (offence["votes"]?.items ?? []).map { text($0) }
            return "offence     \(votes.joined(separator: " and ")) in view "
                + "\(text(offence["view"])) of epoch \(text(offence["epoch"])), proven in "
                + "block \(text(offence["height"])) at \(text(offence["time"]))"
        }
    }
}

extension String {
    /// With spaces at the end up to a width.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

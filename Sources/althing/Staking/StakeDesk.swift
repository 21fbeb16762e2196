import Chain
import Cryptography
import GenesisTool
import KeyTool

/// What the commands that move stake share: the chain, its validators, the sender's stake, what
/// follows from a move, and what came of it.
struct StakeDesk {
    let builder: TransactionBuilder
    let book: ValidatorBook
    /// The chain's answer about stake: the epoch, the next election, what an exit gets.
    let staking: JSON

    var chain: ChainInfo { builder.chain }

    /// - Parameter isForOne: whether the command looks at the sender's stake, so that there can be
    ///   only one.
    init(_ options: WriteOptions, isForOne: Bool = false) async throws {
        builder = try await TransactionBuilder(options)
        if isForOne, try options.senders(in: builder.keystore).count != 1 {
            throw CommandError(
                "stake.one_account", "this command acts for one account at a time",
                hint: "give --from one name", exit: .usage)
        }
        book = try await ValidatorBook(
            builder.client, builder.chain, home: options.client.home)
        staking = try await builder.client.get("/v1/staking")
    }

    /// - Parameter others: actions of the same transaction that come after.
    func send(
        _ action: StakingAction, and others: [Action] = [], summary: String, effects: [String]
    ) async throws {
        try await send([.staking(action)] + others, summary: summary, effects: effects)
    }

    func send(_ actions: [Action], summary: String, effects: [String]) async throws {
        let results = try await builder.send(actions, summary: summary, effects: effects)
        // A dry run has the events of what did not happen.
        guard !builder.options.client.quiet, !builder.options.dryRun else { return }
        let report = StakeReport(chain: chain, book: book)
        for result in results {
            for line in report.lines(result) {
                Console.note(line)
            }
        }
    }

    func stakeAmount(_ text: String) throws -> StakeAmount {
        text == "all" ? .all : .tokens(try chain.amount(text, "the amount"))
    }

    func text(_ amount: StakeAmount) -> String {
        switch amount {
        case .all: "all"
        case .tokens(let tokens): chain.text(tokens)
        }
    }

    // MARK: The sender's stake

    private func holdings() async throws -> [JSON] { try await list("stake") }

    /// What slashes cut of it.
    func losses() async throws -> [JSON] { try await list("losses") }

    private func list(_ name: String) async throws -> [JSON] {
        guard let key = try builder.options.senders(in: builder.keystore).first else { return [] }
        let address = chain.text(try builder.keystore.address(named: key))
        return try await builder.client.list("/v1/accounts/\(address)/\(name)", limit: 10_000)
    }

    /// Where the sender's stake with a validator rests: its pool, unless only a lot is there or the
    /// flags name one.
    func place(with validator: JSON, _ flags: OriginOptions) async throws -> StakePlace {
        let address = try book.operatorAddress(of: validator)
        let mine = try await holdings().filter { $0["validator"] == validator["operator"] }
        let isNamed = flags.movedFrom != nil || flags.exit != nil
        if !isNamed, mine.contains(where: { $0["type"]?.text == "pool" }) {
            return .pool(address)
        }
        let lots = try filter(mine.filter { $0["type"]?.text == "lot" }, flags)
        guard let lot = lots.first else {
            // The chain says that there is none, with its own code.
            guard isNamed else { return .pool(address) }
            throw none("no stake of that origin is with \(book.title(validator))")
        }
        try checkOne(lots)
        guard let origin = try origin(of: lot) else { throw none("a lot has no origin") }
        return .lot(LotID(validator: address, origin: origin))
    }

    /// The sender's bucket with a validator.
    func bucket(with validator: JSON, _ flags: OriginOptions) async throws -> BucketID {
        let mine = try await holdings().filter {
            $0["validator"] == validator["operator"] && $0["type"]?.text == "bucket"
        }
        let buckets = try filter(mine, flags)
        guard let bucket = buckets.first, let exit = bucket["exitEpoch"]?.integer else {
            throw none("nothing of yours is leaving \(book.title(validator))")
        }
        try checkOne(buckets)
        guard bucket["free"]?["isFree"]?.boolean != true else {
            throw CommandError(
                "stake.already_free",
                "\(chain.amountText(bucket["value"])) that left \(book.title(validator)) are free",
                hint: "fetch them with `althing stake claim`, and delegate them anew",
                exit: .refused)
        }
        return BucketID(
            validator: try book.operatorAddress(of: validator), exit: Epoch(exit),
            origin: try origin(of: bucket))
    }

    private func filter(_ holdings: [JSON], _ flags: OriginOptions) throws -> [JSON] {
        let source = try flags.movedFrom.map { try book.find($0)["operator"] }
        return holdings.filter { holding in
            (source == nil || holding["origin"]?["validator"] == source)
                && (flags.exit == nil || holding["exitEpoch"]?.integer == flags.exit)
        }
    }

    private func origin(of holding: JSON) throws -> StakeOrigin? {
        guard let origin = holding["origin"], !origin.isNull else { return nil }
        guard let validator = origin["validator"]?.text, let exit = origin["exitEpoch"]?.integer,
            let address = try? Address(text: validator, prefix: chain.prefix)
        else {
            throw CommandError(
                "node.answer", "the node gives no origin of a lot", exit: .notReached)
        }
        return StakeOrigin(validator: address, exit: Epoch(exit))
    }

    private func checkOne(_ found: [JSON]) throws {
        guard found.count > 1 else { return }
        let ways = found.map { holding in
            let source = holding["origin"].flatMap { $0.isNull ? nil : $0["validator"] }
            return (source.map { "--moved-from \(book.name($0)) " } ?? "")
                + "--exit \(text(holding["exitEpoch"]))"
        }
        throw CommandError(
            "stake.ambiguous", "\(found.count) records are meant",
            hint: "name one: \(ways.joined(separator: " | "))", exit: .usage)
    }

    private func none(_ message: String) -> CommandError {
        CommandError(
            "staking.no_position", message, hint: "`althing stake list` shows what there is",
            exit: .notFound)
    }

    private func text(_ json: JSON?) -> String { althing.text(json) }
}

// What follows from a move, before anybody signs it.
extension StakeDesk {
    func effects(ofStakeTo validator: JSON) -> [String] {
        var lines = [
            "commission   \(PercentText.print(basisPoints: validator["commission"]?.integer ?? 0))"
                + " of its rewards" + rise(validator),
            "counts       from the election of epoch \(text(election?["epoch"])) on, "
                + WhenText.print(election?["expected"]),
            "shares       every loss of \(text(validator["moniker"])) from now on, also for a"
                + " fault of the past that is proven later",
            "to leave     takes \(unbonding) after the end of the epoch after the exit; now that"
                + " would be \(WhenText.print(exit?["free"]))",
        ]
        if let jail = validator["jail"], !jail.isNull {
            lines.append(
                "jailed       for \(text(jail["reason"])): it earns nothing until its operator ends"
                    + " that, from \(WhenText.time(jail["until"]?.text)) on")
        }
        return lines + cap(of: validator)
    }

    func effects(ofExitFrom validator: JSON, _ place: StakePlace) -> [String] {
        var liable = text(validator["moniker"])
        if case .lot(let id) = place {
            liable += " and of " + book.name(.string(chain.text(id.origin.validator)))
        }
        return part(place) + [
            "leaves       at the end of epoch \(text(exit?["epoch"])), and earns and votes no more"
                + " from now on",
            "paid         \(WhenText.print(exit?["free"])), by `althing stake claim` or with the"
                + " account's next transaction after that",
            "until then   it stays liable for faults of \(liable) up to the"
                + " end of the epoch after the exit, and `althing stake cancel` puts it back",
        ]
    }

    func effects(ofReturnTo validator: JSON, from bucket: BucketID) -> [String] {
        var lines = [
            "then         it earns and votes again, as the rest of the position does",
            "shares       every loss of \(text(validator["moniker"])) from now on",
        ]
        if let origin = bucket.origin {
            let source = book.name(.string(chain.text(origin.validator)))
            lines.append("liable       for \(source) too, as while it was leaving")
        }
        return lines
    }

    func effects(
        ofMoveFrom source: JSON, _ place: StakePlace, to target: JSON
    ) -> [String] {
        part(place) + [
            "commission   \(PercentText.print(basisPoints: target["commission"]?.integer ?? 0))"
                + " of its rewards" + rise(target),
            "counts       for \(text(target["moniker"])) from the election of epoch "
                + "\(text(election?["epoch"])) on, \(WhenText.print(election?["expected"]))",
            "stays liable for faults of \(text(source["moniker"])) up to the end of epoch "
                + "\(nextEpoch(exit?["epoch"])), until \(WhenText.print(exit?["free"]))",
            "until then   it can only go back to \(text(source["moniker"])), or be undelegated",
            "shares       every loss of \(text(target["moniker"])) from now on, also for a fault"
                + " of the past that is proven later",
        ] + cap(of: target)
    }

    /// What there is to claim for each sender.
    func effectsOfClaim() async throws -> [String] {
        let names = try builder.options.senders(in: builder.keystore)
        var lines: [String] = []
        for name in names {
            let path =
                "/v1/accounts/"
                + chain.text(try builder.keystore.address(named: name)) + "/stake"
            let sums = try await builder.client.get(path)
            lines.append("rewards      \(chain.amountText(sums["claimable"])) of \(name)")
            for item in try await builder.client.list(path, limit: 10_000)
            where item["free"]?["isFree"]?.boolean == true {
                let isBucket = item["type"]?.text == "bucket"
                lines.append(
                    (isBucket ? "free         " : "settled      ")
                        + "\(chain.amountText(item["value"])) that "
                        + (isBucket ? "left " : "moved to ") + book.name(item["validator"]))
            }
        }
        return lines
    }

    /// Says so where another part than the delegation itself is meant.
    private func part(_ place: StakePlace) -> [String] {
        guard case .lot(let id) = place else { return [] }
        let source = book.name(.string(chain.text(id.origin.validator)))
        return [
            "the part     that was moved from \(source) and left it in epoch "
                + "\(id.origin.exit), for whose faults it stays liable"
        ]
    }

    private var election: JSON? { staking["nextElection"] }
    private var exit: JSON? { staking["exit"] }
    private var unbonding: String { DurationText.print(chain.parameters.unbonding) }

    private func nextEpoch(_ json: JSON?) -> String {
        json?.integer.map { String($0.advanced(clampingBy: 1)) } ?? "-"
    }

    private func rise(_ validator: JSON) -> String {
        guard let rise = validator["rise"], !rise.isNull else { return "" }
        return ", and \(PercentText.print(basisPoints: rise["commission"]?.integer ?? 0)) from "
            + "\(WhenText.time(rise["notBefore"]?.text)) on"
    }

    /// Nobody has more weight than 20 times the own bond.
    private func cap(of validator: JSON) -> [String] {
        guard let weight = validator["weight"]?.integer, let all = validator["bonded"]?.integer,
            weight < all
        else { return [] }
        return [
            "no power     \(text(validator["moniker"])) has the most that 20 times its self-bond"
                + " allows: more stake earns with it, but adds no power"
        ]
    }
}

/// What came of a transaction, in sentences.
struct StakeReport {
    let chain: ChainInfo
    let book: ValidatorBook

    func lines(_ result: JSON) -> [String] {
        (result["events"]?.items ?? []).compactMap(line)
    }

    private func line(_ event: JSON) -> String? {
        let amount = chain.amountText(event["amount"])
        let validator = book.name(event["validator"])
        switch event["type"]?.text {
        case "delegated": return "\(amount) are with \(validator)"
        case "undelegated":
            return "\(amount) leave \(validator) at the end of epoch \(text(event["exitEpoch"]))"
        case "unbondingCancelled": return "\(amount) are back with \(validator)"
        case "redelegated":
            return "\(amount) moved from \(book.name(event["from"])) to \(book.name(event["to"]))"
        case "stakeModeChanged":
            return "the stake with \(validator) is \(text(event["mode"]))"
        case "rewardsClaimed": return "\(amount) of rewards from \(validator) were paid"
        case "unbonded": return "\(amount) that left \(validator) were paid"
        case "stakeMerged":
            return "\(amount) with \(validator) are no longer liable for where they came from"
        case "slashReturned": return "\(amount) that were cut with \(validator) were paid back"
        case "validatorCreated": return "the validator \(validator) is there"
        case "validatorEdited": return "the validator was edited"
        case "commissionAnnounced":
            return "the commission will be "
                + PercentText.print(basisPoints: event["commission"]?.integer ?? 0)
                + " from the first end of an epoch after "
                + WhenText.time(event["notBefore"]?.text)
        case "commissionChanged":
            return "the commission is "
                + PercentText.print(basisPoints: event["commission"]?.integer ?? 0)
        case "keyRotated": return "the consensus key is \(text(event["consensusKey"]))"
        case "validatorUnjailed": return "the validator is out of jail"
        case "validatorLeaving": return "the validator is leaving"
        default: return nil
        }
    }
}

import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool

/// A proposal that a person wrote into a file: actions by name, with amounts, times, accounts and
/// parameters as the command line takes them. `althing gov kinds` shows the fields.
///
///     {
///       "title": "Pay the gardeners",
///       "body": "They did well.",
///       "actions": [
///         {"type": "spend", "payments": [{"recipient": "carol", "amount": "5alt"}]}
///       ],
///       "conditions": [{"type": "treasuryAtLeast", "amount": "100alt"}]
///     }
struct DraftFile {
    var title: String?
    var body: String?
    /// As it is written.
    var deposit: String?
    var actions: [Action] = []
    var conditions: [ProposalCondition] = []

    /// A file in either form: written by hand, or what `--dry-run -o json` printed.
    ///
    /// - Parameter path: `-` is standard input.
    static func read(_ path: String, _ desk: DraftDesk) throws -> DraftFile {
        let bytes: [UInt8]
        if path == "-" {
            bytes = [UInt8](FileHandle.standardInput.readDataToEndOfFile())
        } else {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
                throw CommandError("file.read", "\(path) cannot be read", exit: .notFound)
            }
            bytes = [UInt8](data)
        }
        guard bytes.count <= bytesMax else {
            throw CommandError(
                "proposal.file", "\(path) has \(bytes.count) bytes; at most \(bytesMax) are read",
                exit: .usage)
        }
        return try parse(bytes, name: path, desk)
    }

    /// Far above what a proposal may hold in any notation.
    private static let bytesMax = 1 << 20

    static func parse(_ bytes: [UInt8], name: String, _ desk: DraftDesk) throws -> DraftFile {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw CommandError("proposal.file", "\(name) is no JSON: \(error)", exit: .usage)
        }
        if json["unsigned"] != nil {
            let draft = try PrintedDraft.parse(bytes, name: name)
            return DraftFile(
                title: draft.title, body: draft.body, actions: draft.actions,
                conditions: draft.conditions)
        }
        var reader = DraftReader(desk: desk)
        let draft = reader.draft(json)
        guard let problem = reader.problems.first else { return draft }
        let others = reader.problems.count - 1
        throw CommandError(
            "proposal.file", "\(name): \(problem)",
            hint: others > 0
                ? "there are \(others) more mistakes; `althing gov kinds KIND` shows the fields"
                : "`althing gov kinds KIND` shows the fields", exit: .usage)
    }
}

/// What a reader of values by people needs to know.
struct DraftDesk {
    let chain: ChainInfo
    let book: AssetBook
    /// What the chain's rules call now.
    let now: Timestamp
    let home: String?
}

/// Reads a draft and collects all of its mistakes, each with the path of its field.
struct DraftReader {
    let desk: DraftDesk
    private var reader = StrictReader()

    init(desk: DraftDesk) {
        self.desk = desk
    }

    var problems: [StrictReader.Problem] { reader.problems }

    mutating func draft(_ json: JSON) -> DraftFile {
        let fields = reader.fields(
            of: json, at: "", required: ["actions"],
            optional: ["title", "body", "deposit", "conditions"])
        var draft = DraftFile()
        draft.title = value(fields, "title", "") { $0 }
        draft.body = value(fields, "body", "") { $0 }
        draft.deposit = value(fields, "deposit", "") { [desk] text in
            _ = try desk.chain.amount(text, "the deposit")
            return text
        }
        let actions = reader.items(
            of: fields["actions"], at: "actions", limit: ProposalDraft.actionsMax)
        draft.actions = actions.flatMap { self.actions($0.value, at: $0.path) }
        let conditions = reader.items(
            of: fields["conditions"], at: "conditions", limit: ProposalCondition.countMax)
        draft.conditions = conditions.compactMap { condition($0.value, at: $0.path) }
        return draft
    }

    // MARK: Actions

    /// The types by the names of the API and those of `gov propose`.
    private static let types = [
        "setParameter": "setParameter", "param": "setParameter", "spend": "spend",
        "stream": "stream", "recallStream": "recallStream", "recall-stream": "recallStream",
        "createAsset": "createAsset", "create-asset": "createAsset", "mint": "mint",
        "returnStake": "returnStake", "return-stake": "returnStake", "upgrade": "upgrade",
        "cancelUpgrade": "cancelUpgrade", "cancel-upgrade": "cancelUpgrade",
        "pause": "pause", "resume": "resume", "cancelQueued": "cancelQueued",
        "cancel": "cancelQueued",
    ]

    /// The type that an object names; it is reported if there is none like it.
    private mutating func type(
        of json: JSON, at path: String, in types: [String: String]
    ) -> String? {
        let place = StrictReader.path(path, "type")
        guard case .object = json else {
            reader.report(path, "expected an object, found \(json.kind)")
            return nil
        }
        guard let name = json["type"]?.text else {
            reader.report(place, "the field is missing; it says what happens, like \"spend\"")
            return nil
        }
        guard let type = types[name] else {
            let near = nearest(to: name, in: types.keys.sorted())
            reader.report(
                place, "there is no `\(name)`" + (near.map { "; did you mean `\($0)`?" } ?? ""))
            return nil
        }
        return type
    }

    private mutating func fields(
        _ json: JSON, _ path: String, _ required: [String], optional: [String] = []
    ) -> [String: JSON] {
        reader.fields(of: json, at: path, required: ["type"] + required, optional: optional)
    }

    private mutating func actions(_ json: JSON, at path: String) -> [Action] {
        switch type(of: json, at: path, in: DraftReader.types) {
        case "setParameter": return [parameter(json, path)].compactMap(\.self)
        case "spend": return [spend(json, path)].compactMap(\.self)
        case "stream": return [stream(json, path)].compactMap(\.self)
        case "createAsset": return [asset(json, path)].compactMap(\.self)
        case "mint": return [mint(json, path)].compactMap(\.self)
        case "upgrade": return [upgrade(json, path)].compactMap(\.self)
        case "cancelUpgrade":
            return [version(fields(json, path, ["version"]), path)]
                .compactMap { $0.map { .cancelUpgrade($0) } }
        case "pause":
            let fields = fields(json, path, ["module", "duration"])
            let duration = value(fields, "duration", path) { text in
                let time = try MomentText.duration(text, "the duration")
                guard (1...ModulePause.durationMax).contains(time) else {
                    throw CommandError("pause.duration", "`\(text)` is not within 7 days")
                }
                return time
            }
            guard let module = module(fields, path), let duration else { return [] }
            return [.pause(ModulePause(module: module, duration: duration))]
        case "resume":
            return [module(fields(json, path, ["module"]), path).map { .resume($0) }]
                .compactMap(\.self)
        case "recallStream":
            return [number(fields(json, path, ["stream"]), "stream", path)]
                .compactMap { $0.map { .recallStream(StreamID($0)) } }
        case "returnStake":
            return [number(fields(json, path, ["escrow"]), "escrow", path)]
                .compactMap { $0.map { .returnStake(EscrowID($0)) } }
        case "cancelQueued":
            return [number(fields(json, path, ["proposal"]), "proposal", path)]
                .compactMap { $0.map { .cancelQueued(ProposalID($0)) } }
        default: return []
        }
    }

    private mutating func parameter(_ json: JSON, _ path: String) -> Action? {
        let fields = fields(json, path, ["name", "value"])
        guard let name = value(fields, "name", path, { $0 }) else { return nil }
        guard ParameterID(name: name) != nil else {
            let near = nearest(to: name, in: ParameterID.allCases.map(\.name))
            reader.report(
                StrictReader.path(path, "name"),
                "there is no parameter `\(name)`"
                    + (near.map { "; did you mean `\($0)`?" } ?? ""))
            return nil
        }
        return value(fields, "value", path) { [desk] text in
            let (id, value) = try ParameterChange.parse(name, text, desk.chain)
            return .setParameter(ParameterChange(name: id.name, value: value))
        }
    }

    private mutating func spend(_ json: JSON, _ path: String) -> Action? {
        let fields = fields(json, path, ["payments"])
        let place = StrictReader.path(path, "payments")
        let items = reader.items(
            of: fields["payments"], at: place, limit: TreasurySpend.paymentsMax)
        var payments: [TreasuryPayment] = []
        for item in items {
            let fields = reader.fields(
                of: item.value, at: item.path, required: ["recipient", "amount"])
            guard let amount = amount(fields, "amount", item.path),
                let recipients = recipients(fields, item.path)
            else { continue }
            payments += recipients.map {
                TreasuryPayment(recipient: $0, asset: amount.asset, amount: amount.amount)
            }
        }
        guard (1...TreasurySpend.paymentsMax).contains(payments.count) else {
            if fields["payments"] != nil, items.isEmpty || payments.count > 1 {
                reader.report(place, "1 to \(TreasurySpend.paymentsMax) payments are allowed")
            }
            return nil
        }
        return .spend(TreasurySpend(payments: payments))
    }

    private mutating func stream(_ json: JSON, _ path: String) -> Action? {
        let isLinear = json["tranches"] == nil
        let fields = fields(
            json, path, ["recipient"] + (isLinear ? ["amount", "over"] : ["tranches"]),
            optional: isLinear ? ["start", "cliff"] : [])
        let recipient = account(fields, "recipient", path)
        guard isLinear else { return tranches(fields, path, recipient) }
        let amount = amount(fields, "amount", path)
        let start = moment(fields, "start", path) ?? desk.now
        let cliff = duration(fields, "cliff", path) ?? 0
        guard let recipient, let amount, let over = duration(fields, "over", path) else {
            return nil
        }
        return .stream(
            StreamPlan(
                recipient: recipient, asset: amount.asset,
                schedule: .linear(
                    amount: amount.amount, start: start, cliff: start.advanced(by: cliff),
                    end: start.advanced(by: over))))
    }

    private mutating func tranches(
        _ fields: [String: JSON], _ path: String, _ recipient: Address?
    ) -> Action? {
        let place = StrictReader.path(path, "tranches")
        var tranches: [StreamTranche] = []
        var asset: AssetID?
        for item in reader.items(
            of: fields["tranches"], at: place, limit: StreamSchedule.tranchesMax)
        {
            let fields = reader.fields(
                of: item.value, at: item.path, required: ["time", "amount"])
            guard let time = moment(fields, "time", item.path),
                let amount = amount(fields, "amount", item.path)
            else { return nil }
            guard asset == nil || asset == amount.asset else {
                reader.report(place, "the tranches are of more than one asset")
                return nil
            }
            asset = amount.asset
            tranches.append(StreamTranche(time: time, amount: amount.amount))
        }
        guard let recipient, let asset else { return nil }
        return .stream(
            StreamPlan(
                recipient: recipient, asset: asset,
                schedule: .tranches(tranches.sorted { $0.time < $1.time })))
    }

    private mutating func asset(_ json: JSON, _ path: String) -> Action? {
        let fields = fields(
            json, path, ["symbol"], optional: ["name", "decimals", "mintAuthority", "supply"])
        let decimals =
            fields["decimals"] == nil
            ? 6
            : number(fields, "decimals", path, in: 0...UInt64(Asset.decimalsMax))
        let authority = value(fields, "mintAuthority", path) { text -> MintAuthority in
            guard let found = [MintAuthority.none, .governance].first(where: { $0.name == text })
            else { throw CommandError("asset.mint", "`\(text)` is none of none and governance") }
            return found
        }
        guard let symbol = value(fields, "symbol", path, { $0.lowercased() }), let decimals else {
            return nil
        }
        let asset = Asset(symbol: symbol, decimals: UInt8(decimals))
        if let problem = asset.problem {
            reader.report(StrictReader.path(path, "symbol"), problem)
            return nil
        }
        var allotments: [AssetAllotment] = []
        for item in reader.items(
            of: fields["supply"], at: StrictReader.path(path, "supply"),
            limit: AssetCreation.allotmentsMax)
        {
            let fields = reader.fields(
                of: item.value, at: item.path, required: ["recipient", "amount"])
            let amount = value(fields, "amount", item.path) { text in
                try AmountText.parse(text, symbol: asset.symbol, decimals: asset.decimals)
            }
            guard let recipient = account(fields, "recipient", item.path), let amount else {
                continue
            }
            allotments.append(AssetAllotment(recipient: recipient, amount: amount))
        }
        return .createAsset(
            AssetCreation(
                name: value(fields, "name", path) { $0 } ?? symbol, asset: asset,
                mintAuthority: authority ?? .none, allotments: allotments))
    }

    private mutating func mint(_ json: JSON, _ path: String) -> Action? {
        let fields = fields(json, path, ["amount", "recipient"])
        guard let amount = amount(fields, "amount", path),
            let recipient = account(fields, "recipient", path)
        else { return nil }
        return .mint(
            AssetMint(asset: amount.asset, amount: amount.amount, recipient: recipient))
    }

    private mutating func upgrade(_ json: JSON, _ path: String) -> Action? {
        let fields = fields(json, path, ["name", "version", "firstEpoch", "lastEpoch"])
        guard let name = value(fields, "name", path, { $0 }), let version = version(fields, path),
            let first = number(fields, "firstEpoch", path),
            let last = number(fields, "lastEpoch", path)
        else { return nil }
        return .upgrade(
            UpgradePlan(
                name: name, version: version, firstEpoch: Epoch(first), lastEpoch: Epoch(last)))
    }

    private mutating func version(_ fields: [String: JSON], _ path: String) -> Digest? {
        value(fields, "version", path) { text in
            guard let hash = Digest(hex: text) else {
                throw CommandError("upgrade.hash", "expected 64 hexadecimal digits")
            }
            return hash
        }
    }

    // MARK: Conditions

    private mutating func condition(_ json: JSON, at path: String) -> ProposalCondition? {
        let names = ["treasuryAtLeast", "heightAtMost", "executed"]
        let types = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })
        switch type(of: json, at: path, in: types) {
        case "treasuryAtLeast":
            return amount(fields(json, path, ["amount"]), "amount", path)
                .map { .treasuryAtLeast(asset: $0.asset, amount: $0.amount) }
        case "heightAtMost":
            return number(fields(json, path, ["height"]), "height", path)
                .map { .heightAtMost(Height($0)) }
        case "executed":
            return number(fields(json, path, ["proposal"]), "proposal", path)
                .map { .executed(ProposalID($0)) }
        default: return nil
        }
    }

    // MARK: Values

    /// A field's text as `parse` reads it; what is wrong with it is reported at its place.
    private mutating func value<Value>(
        _ fields: [String: JSON], _ name: String, _ path: String, _ parse: (String) throws -> Value
    ) -> Value? {
        guard let json = fields[name] else { return nil }
        let place = StrictReader.path(path, name)
        let text: String
        switch json {
        case .string(let value): text = value
        case .number(let digits): text = digits
        case .null, .bool, .array, .object:
            reader.report(place, "expected a text, found \(json.kind)")
            return nil
        }
        do {
            return try parse(text)
        } catch let error as CommandError {
            reader.report(place, error.message + (error.hint.map { "; \($0)" } ?? ""))
        } catch {
            reader.report(place, "`\(text)`: \(error)")
        }
        return nil
    }

    private mutating func number(
        _ fields: [String: JSON], _ name: String, _ path: String,
        in range: ClosedRange<UInt64> = 0...UInt64.max
    ) -> UInt64? {
        reader.number(fields[name], at: StrictReader.path(path, name), in: range)
    }

    /// An amount must say its unit: what the API prints is in base units, and would be a million
    /// times too much here.
    private mutating func amount(
        _ fields: [String: JSON], _ name: String, _ path: String
    ) -> AssetBalance? {
        value(fields, name, path) { [desk] text in
            guard text.contains(where: \.isLetter) else {
                throw CommandError(
                    "amount.unit", "`\(text)` has no unit",
                    hint: "write \"\(text)\(desk.chain.symbol)\" for whole tokens")
            }
            return try desk.book.parse(text, "the amount")
        }
    }

    private mutating func account(
        _ fields: [String: JSON], _ name: String, _ path: String
    ) -> Address? {
        value(fields, name, path) { [desk] text in
            try desk.chain.address(text, home: desk.home)
        }
    }

    /// One account, or all of a group.
    private mutating func recipients(
        _ fields: [String: JSON], _ path: String
    ) -> [Address]? {
        value(fields, "recipient", path) { [desk] text in
            guard text.hasPrefix("@") else {
                return [try desk.chain.address(text, home: desk.home)]
            }
            let keystore = try Keystore.open(home: desk.home)
            return try Groups.names(of: text, in: keystore).map {
                try keystore.address(named: $0)
            }
        }
    }

    private mutating func module(
        _ fields: [String: JSON], _ path: String
    ) -> PausableModule? {
        value(fields, "module", path) { try PausableModule(argument: $0) }
    }

    private mutating func moment(
        _ fields: [String: JSON], _ name: String, _ path: String
    ) -> Timestamp? {
        value(fields, name, path) { [desk] text in
            try MomentText.parse(text, now: desk.now, "the time")
        }
    }

    private mutating func duration(
        _ fields: [String: JSON], _ name: String, _ path: String
    ) -> UInt64? {
        value(fields, name, path) { try MomentText.duration($0, "the time") }
    }
}

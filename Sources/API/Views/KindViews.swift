import Chain
import Ledger

/// What a proposal may do, so that a form or a file can be made from it: the fields of each kind of
/// action with their types, units and bounds, and what rules it is decided by.
///
/// Names and types of fields are those of an action in `/v1/gov/proposals`; amounts and times may
/// be written there as people write them when a client builds the action.
struct KindJSON: Encodable {
    /// As the command line names it: `gov propose KIND`.
    let kind: String
    /// The `type` of the action.
    let action: String
    let summary: String
    /// Whose representatives vote on it; the actions of one proposal are of one group.
    let group: String
    /// The track that it needs; null where the rule decides.
    let track: Nullable<String>
    let trackRule: String
    /// Whether it takes effect without a delay once it passed.
    let isAtOnce: Bool
    let fields: [FieldJSON]

    init(
        _ kind: String, _ action: String, _ summary: String, _ group: TopicGroup, _ track: Track?,
        _ trackRule: String, isAtOnce: Bool = false, _ fields: [FieldJSON]
    ) {
        self.kind = kind
        self.action = action
        self.summary = summary
        self.group = group.name
        self.track = Nullable(track?.name)
        self.trackRule = trackRule
        self.isAtOnce = isAtOnce
        self.fields = fields
    }
}

/// One field of an action. What does not apply is absent.
struct FieldJSON: Encodable {
    enum Form: String, Encodable {
        case text, account, asset, integer, boolean, hash, choice, list, object
        /// In base units as a decimal string.
        case amount
        /// In milliseconds.
        case duration
        /// In milliseconds since 1970, with its text in UTC.
        case time
        /// A name of `/v1/gov/params`.
        case parameter
        /// Of the type, unit and bounds that `/v1/gov/params` gives the parameter.
        case parameterValue
    }

    let name: String
    let type: Form
    let description: String
    var unit: String?
    var required = true
    /// Both included; of an amount as decimal strings, of a list the count of its items.
    var min: String?
    var max: String?
    /// Of a text, in bytes of UTF-8.
    var bytesMax: Int?
    var choices: [String]?
    /// Of the items of a list, or of an object.
    var fields: [FieldJSON]?

    static func amount(_ name: String, _ description: String) -> FieldJSON {
        FieldJSON(
            name: name, type: .amount, description: description, unit: "baseUnits", min: "1",
            max: String(UInt64.max))
    }

    static func account(_ name: String, _ description: String) -> FieldJSON {
        FieldJSON(name: name, type: .account, description: description)
    }

    static func integer(_ name: String, _ description: String, min: UInt64 = 1) -> FieldJSON {
        FieldJSON(
            name: name, type: .integer, description: description, min: String(min),
            max: String(UInt64.max))
    }

    static let asset = FieldJSON(
        name: "asset", type: .asset, description: "the asset's number; 0 is the native one",
        required: false, min: "0", max: String(UInt64.max))

    static func time(_ name: String, _ description: String, required: Bool = true) -> FieldJSON {
        FieldJSON(
            name: name, type: .time, description: description, unit: "ms", required: required)
    }

    static func list(
        _ name: String, _ description: String, _ count: ClosedRange<Int>, required: Bool = true,
        _ fields: [FieldJSON]
    ) -> FieldJSON {
        FieldJSON(
            name: name, type: .list, description: description, required: required,
            min: String(count.lowerBound), max: String(count.upperBound), fields: fields)
    }
}

/// Everything that `/v1/gov/kinds` says.
struct KindsJSON: Encodable {
    private struct DraftJSON: Encodable {
        let titleCharactersMax = 140
        let bodyBytesMax = ProposalDraft.bodyBytesMax
        let bodyFormat = "text/markdown"
        let actionsMax = ProposalDraft.actionsMax
        let conditionsMax = ProposalCondition.countMax
        /// The first deposit is at least this part of the row's.
        let firstDepositPart = 5
    }

    private struct TrackJSON: Encodable {
        let track: String
        /// A proposal is decided on the highest rank of its actions.
        let rank: UInt8
        /// In base units.
        let deposit: String
        let rules: RowJSON
    }

    let items: [KindJSON]
    /// What can be asked of the chain besides, when a proposal is executed.
    private let conditions: [KindJSON]
    private let draft = DraftJSON()
    private let tracks: [TrackJSON]

    init(_ parameters: Parameters) {
        items = GovernanceKinds.all
        conditions = GovernanceKinds.conditions
        tracks = Track.allCases.map { track in
            let row = parameters.row(track)
            let deposit = multiplyDividingDown(parameters.depositBase.value, row.deposit, by: 1)
            return TrackJSON(
                track: track.name, rank: track.rawValue, deposit: String(deposit ?? .max),
                rules: RowJSON(row, endsEarly: track == .fast))
        }
    }
}

/// The table of kinds.
enum GovernanceKinds {
    private static let spendRule =
        "by the sum of all spends, streams and mints of the proposal in each asset, as a part of "
        + "what the treasury has: spend-S up to 0.1 %, spend-M up to 1 %, spend-L up to 10 %, "
        + "constitution above"

    static let all: [KindJSON] = [
        KindJSON(
            "param", "setParameter",
            "Change a parameter; its present value is what the change expects to replace.",
            .protocol, nil,
            "the parameter's own, at /v1/gov/params; on the row people the group is people",
            [
                FieldJSON(
                    name: "name", type: .parameter, description: "the parameter",
                    bytesMax: ParameterChange.nameBytesMax),
                FieldJSON(name: "value", type: .parameterValue, description: "the new value"),
            ]),
        KindJSON(
            "spend", "spend", "Pay out of the treasury.", .treasury, nil, spendRule,
            [
                .list(
                    "payments", "who gets what", 1...TreasurySpend.paymentsMax,
                    [
                        .account("recipient", "who is paid"), .asset,
                        .amount("amount", "how much"),
                    ])
            ]),
        KindJSON(
            "stream", "stream",
            "Put tokens of the treasury aside that one account claims over time.", .treasury, nil,
            spendRule,
            [
                .account("recipient", "who may claim it"), .asset,
                FieldJSON(
                    name: "schedule", type: .object, description: "how much is due when",
                    fields: schedule),
            ]),
        KindJSON(
            "recall-stream", "recallStream",
            "End a stream: what is due is paid, the rest goes back to the treasury.", .treasury,
            .spendSmall, "always", [.integer("stream", "the stream's number")]),
        KindJSON(
            "create-asset", "createAsset", "Create an asset with a first supply.", .treasury,
            .parameter, "always", asset),
        KindJSON(
            "mint", "mint", "Add to the supply of an asset that governance may mint.", .treasury,
            nil, spendRule,
            [
                FieldJSON(
                    name: "asset", type: .asset, description: "the asset's number, not 0",
                    min: "1", max: String(UInt64.max)),
                .amount("amount", "how much"), .account("recipient", "who gets it"),
            ]),
        KindJSON(
            "return-stake", "returnStake",
            "Let whoever held slashed stake claim what was cut from it.", .people, .people,
            "always", [.integer("escrow", "the escrow's number")]),
        KindJSON(
            "upgrade", "upgrade",
            "Switch to new rules at the first start of an epoch at which 4/5 of the power are "
                + "ready.", .protocol, .protocol, "always",
            [
                FieldJSON(
                    name: "name", type: .text, description: "what the version is called",
                    min: "1", bytesMax: UpgradePlan.nameBytesMax),
                FieldJSON(name: "version", type: .hash, description: "the version's hash"),
                .integer("firstEpoch", "the first epoch that may begin with the new rules"),
                .integer(
                    "lastEpoch",
                    "the last one, at most \(UpgradePlan.windowMax) epochs in all"),
            ]),
        KindJSON(
            "cancel-upgrade", "cancelUpgrade", "Drop the scheduled upgrade before it is active.",
            .protocol, .protocol, "always",
            [FieldJSON(name: "version", type: .hash, description: "the version's hash")]),
        KindJSON(
            "pause", "pause", "Stop a module for at most 7 days.", .general, .fast, "always",
            isAtOnce: true,
            [
                module,
                FieldJSON(
                    name: "duration", type: .duration, description: "for how long", unit: "ms",
                    min: "1", max: String(ModulePause.durationMax)),
            ]),
        KindJSON(
            "resume", "resume", "End a module's pause before its time.", .general, .fast, "always",
            [module]),
        KindJSON(
            "cancel", "cancelQueued", "Drop another proposal that is queued.", .general, .fast,
            "always", [.integer("proposal", "the number of the proposal to drop")]),
    ]

    static let conditions: [KindJSON] = [
        KindJSON(
            "condition", "treasuryAtLeast", "The treasury has at least an amount.", .general, nil,
            "none", [.asset, .amount("amount", "at least so much")]),
        KindJSON(
            "condition", "heightAtMost", "It is executed up to a height.", .general, nil, "none",
            [.integer("height", "the last height", min: 0)]),
        KindJSON(
            "condition", "executed", "Another proposal was executed.", .general, nil, "none",
            [.integer("proposal", "the other proposal's number")]),
    ]

    private static let module = FieldJSON(
        name: "module", type: .choice, description: "the module",
        choices: PausableModule.allCases.map(\.name))

    private static let schedule: [FieldJSON] = [
        FieldJSON(
            name: "kind", type: .choice,
            description: "linear: in proportion to time; tranches: each at once at its time",
            choices: ["linear", "tranches"]),
        FieldJSON(
            name: "amount", type: .amount, description: "all of it, of a linear one",
            unit: "baseUnits", required: false, min: "1", max: String(UInt64.max)),
        .time("start", "from when, of a linear one", required: false),
        .time("cliff", "nothing before, of a linear one", required: false),
        .time("end", "until when, of a linear one", required: false),
        .list(
            "tranches", "in ascending order of their times", 1...StreamSchedule.tranchesMax,
            required: false, [.time("time", "from when it is due"), .amount("amount", "how much")]),
    ]

    private static let asset: [FieldJSON] = [
        FieldJSON(
            name: "symbol", type: .text,
            description: "a letter, then letters or digits, lower-case, 2 to 12 of them",
            min: "2", bytesMax: 12),
        FieldJSON(
            name: "name", type: .text, description: "its name for people", min: "1",
            bytesMax: AssetCreation.nameBytesMax),
        FieldJSON(
            name: "decimals", type: .integer, description: "decimal places of a whole token",
            min: "0", max: String(Asset.decimalsMax)),
        FieldJSON(
            name: "mintAuthority", type: .choice,
            description: "who may add to the supply later",
            choices: [MintAuthority.none.name, MintAuthority.governance.name]),
        .list(
            "supply", "who gets what of the first supply", 0...AssetCreation.allotmentsMax,
            required: false,
            [.account("recipient", "who gets it"), .amount("amount", "how much")]),
    ]

    /// The kind of an action; nil for one that a proposal cannot have. Whoever adds an action
    /// decides here whether it is in the table.
    static func kind(of action: Action) -> String? {
        switch action {
        case .setParameter: "param"
        case .spend: "spend"
        case .stream: "stream"
        case .recallStream: "recall-stream"
        case .createAsset: "create-asset"
        case .mint: "mint"
        case .returnStake: "return-stake"
        case .upgrade: "upgrade"
        case .cancelUpgrade: "cancel-upgrade"
        case .pause: "pause"
        case .resume: "resume"
        case .cancelQueued: "cancel"
        case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal, .claimDeposit,
            .staking, .claimStream, .representation, .executeProposal, .signPetition:
            nil
        }
    }
}

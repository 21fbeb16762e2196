import Chain
import Cryptography
import Ledger

/// What would happen if a proposal were executed now, as a diff.
struct DryRunJSON: Encodable {
    private let run: DryRun
    private let chain: ChainDescription

    init(_ run: DryRun, _ chain: ChainDescription) {
        self.run = run
        self.chain = chain
    }

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        try fields.write("ok", run.failure == nil)
        try fields.write("height", run.height.value)
        try fields.write("time", time: run.timestamp)
        try fields.write("gas", String(run.gas))
        try fields.write("error", Nullable(run.failure.map { ReasonJSON($0, chain) }))
        try fields.write("falseGuard", Nullable(run.falseGuard.map { ReasonJSON($0, chain) }))
        try fields.write("flags", run.flags.names)
        try fields.write(
            "unknownRecipients",
            run.unknownRecipients.map { $0.text(prefix: chain.addressPrefix) })
        try fields.write("digest", run.digest)
        try fields.write("changes", run.changes.map { DryRunChangeJSON($0, chain) })
        try fields.write("changesOmitted", run.changesOmitted)
    }
}

/// A stable code and one sentence.
struct ReasonJSON: Encodable {
    let code: String
    let message: String

    init(_ reason: StoredReason, _ chain: ChainDescription) {
        code = reason.code
        message = PlainFacts.readable(reason.message, in: chain.style)
    }
}

/// One value before and after. `key`, `old` and `new` are texts for people; the fields besides them
/// say the same to programs.
struct DryRunChangeJSON: Encodable {
    private let change: DryRunChange
    private let chain: ChainDescription

    init(_ change: DryRunChange, _ chain: ChainDescription) {
        self.change = change
        self.chain = chain
    }

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        switch change {
        case .parameter(let name, let from, let to):
            let id = ParameterID(name: name)
            try fields.write("type", "parameter")
            try fields.write("key", name)
            try fields.write("old", chain.text(of: from, id))
            try fields.write("new", chain.text(of: to, id))
        case .balance(let account, let asset, let from, let to):
            try fields.write("type", "balance")
            try fields.write("key", "balance of \(account.text(prefix: chain.addressPrefix))")
            try fields.write("account", account)
            try fields.write("asset", asset)
            try write(asset, from, to, into: &fields)
        case .supply(let asset, let from, let to):
            try fields.write("type", "supply")
            try fields.write("key", "supply")
            try fields.write("asset", asset)
            try write(asset, from, to, into: &fields)
        case .pause(let module, let from, let to):
            try fields.write("type", "pause")
            try fields.write("key", "pause of \(module.name)")
            try fields.write("module", module.name)
            try fields.write("old", from.map { "until \(timeText($0))" } ?? "none")
            try fields.write("new", to.map { "until \(timeText($0))" } ?? "none")
        case .proposal(let id, let from, let to):
            try fields.write("type", "proposal")
            try fields.write("key", "proposal \(id)")
            try fields.write("proposal", id)
            try fields.write("old", from.name)
            try fields.write("new", to.name)
        case .upgrade(let from, let to):
            try fields.write("type", "upgrade")
            try fields.write("key", "scheduled upgrade")
            try fields.write("old", Self.text(from))
            try fields.write("new", Self.text(to))
        case .other(let part, let records):
            try fields.write("type", "other")
            try fields.write("key", "records of \(part)")
            try fields.write("records", records)
            try fields.write("old", "")
            try fields.write("new", "\(records) changed")
        }
    }

    private func write(
        _ asset: AssetID, _ from: Amount, _ to: Amount, into fields: inout FieldWriter
    ) throws {
        try fields.write("old", text(from, asset))
        try fields.write("new", text(to, asset))
        try fields.write("oldAmount", from)
        try fields.write("newAmount", to)
    }

    private static func text(_ plan: UpgradePlan?) -> String {
        guard let plan else { return "none" }
        return "\(plan.name) (\(plan.version)), epochs \(plan.firstEpoch) to \(plan.lastEpoch)"
    }

    private func text(_ amount: Amount, _ asset: AssetID) -> String {
        guard asset == .native else { return "\(amount) of asset \(asset)" }
        return chain.style.amount(amount)
    }
}

/// The rules of a proposal's vote; times in milliseconds.
struct RowJSON: Encodable {
    private struct RatioJSON: Encodable {
        let numerator: UInt32
        let denominator: UInt32

        init(_ ratio: Ratio) {
            numerator = ratio.numerator
            denominator = ratio.denominator
        }
    }

    private let deposit: UInt64
    private let period: UInt64
    private let confirm: UInt64
    private let quorum: RatioJSON
    private let approve: RatioJSON
    private let minYes: RatioJSON
    private let delay: UInt64
    private let places: UInt64
    /// Whether the vote ends as soon as it passes.
    private let endsEarly: Bool?

    init(_ row: TrackRow, endsEarly: Bool?) {
        deposit = row.deposit
        period = row.period
        confirm = row.confirm
        quorum = RatioJSON(row.quorum)
        approve = RatioJSON(row.approve)
        minYes = RatioJSON(row.minYes)
        delay = row.delay
        places = row.places
        self.endsEarly = endsEarly
    }
}

/// What signers of petitions have, against what they need.
struct PetitionsJSON: Encodable {
    private struct PetitionJSON: Encodable {
        let power: String
        let needed: String
        let open: Bool

        init(_ kind: PetitionKind, _ proposal: Proposal) {
            power = String(proposal.petitions[kind])
            let total = proposal.vote?.totalPower ?? 0
            let ratio = kind.threshold
            let (quotient, rest) = total.quotientAndRemainder(
                dividingBy: UInt64(ratio.denominator))
            needed = String(quotient + (rest > 0 ? 1 : 0))
            open =
                proposal.status == .queued && proposal.failure == nil
                && (kind != .reopen || proposal.petitions.reopenedFrom == nil)
        }
    }

    private let reopen: PetitionJSON
    private let cancel: PetitionJSON
    private let reopened: Bool

    init(_ proposal: Proposal) {
        reopen = PetitionJSON(.reopen, proposal)
        cancel = PetitionJSON(.cancel, proposal)
        reopened = proposal.petitions.reopenedFrom != nil
    }
}

/// An execution that failed and may be tried again.
struct FailureJSON: Encodable {
    private let attempts: UInt8
    private let error: ReasonJSON
    private let height: UInt64
    private let until: String
    private let untilMs: UInt64

    init(_ failure: ExecutionFailure, _ chain: ChainDescription) {
        attempts = failure.attempts
        error = ReasonJSON(failure.reason, chain)
        height = failure.height.value
        until = timeText(failure.until)
        untilMs = failure.until.milliseconds
    }
}

/// A module that is paused.
struct PauseJSON: Encodable {
    private let module: String
    private let until: String
    private let untilMs: UInt64
    private let proposal: UInt64

    init(_ entry: PauseTable.Entry) {
        module = entry.module.name
        until = timeText(entry.until)
        untilMs = entry.until.milliseconds
        proposal = entry.proposal.value
    }
}

import Chain
import Cryptography
import Ledger

/// How much of a stream is due when.
struct ScheduleJSON: Encodable {
    let schedule: StreamSchedule
    let chain: ChainDescription

    private struct TrancheJSON: Encodable {
        let time: String
        let timeMs: UInt64
        let amount: String
    }

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        switch schedule {
        case .linear(let amount, let start, let cliff, let end):
            try fields.write("kind", "linear")
            try fields.write("amount", amount)
            try fields.write("start", time: start)
            try fields.write("cliff", time: cliff)
            try fields.write("end", time: end)
        case .tranches(let tranches):
            try fields.write("kind", "tranches")
            try fields.write("amount", Nullable(schedule.total.map { String($0.value) }))
            try fields.write(
                "tranches",
                tranches.map {
                    TrancheJSON(
                        time: timeText($0.time), timeMs: $0.time.milliseconds,
                        amount: String($0.amount.value))
                })
        }
    }
}

/// A stream that is not empty.
struct StreamJSON: Encodable {
    let view: StreamView
    let symbol: String
    let chain: ChainDescription

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        let record = view.record
        try fields.write("id", view.id.value)
        try fields.write("recipient", record.plan.recipient)
        try fields.write("asset", record.plan.asset)
        try fields.write("symbol", symbol)
        try fields.write("total", record.total)
        try fields.write("claimed", record.claimed)
        try fields.write("claimable", view.claimable)
        try fields.write("schedule", ScheduleJSON(schedule: record.plan.schedule, chain: chain))
        try fields.write("proposal", record.proposal)
        try fields.write("created", time: record.createdAt)
        try fields.write("account", view.id.account)
    }
}

struct AssetViewJSON: Encodable {
    let asset: UInt64
    let symbol: String
    let decimals: UInt8
    let supply: String
    /// nil for the native asset.
    let name: Nullable<String>
    let mintAuthority: String
    let proposal: Nullable<UInt64>

    init(_ view: AssetView) {
        asset = view.id.value
        symbol = view.asset.symbol
        decimals = view.asset.decimals
        supply = String(view.supply.value)
        name = Nullable(view.record?.name)
        mintAuthority = view.record?.mintAuthority.name ?? "inflation"
        proposal = Nullable(view.record?.proposal.value)
    }
}

/// What an account gets of a new asset.
struct AllotmentJSON: Encodable {
    let recipient: String
    let amount: String

    init(_ allotment: AssetAllotment, _ chain: ChainDescription) {
        recipient = allotment.recipient.text(prefix: chain.addressPrefix)
        amount = String(allotment.amount.value)
    }
}

extension FieldWriter {
    /// Streams, assets and upgrades as actions.
    mutating func write(_ plan: StreamPlan) throws {
        try write("type", "stream")
        try write("recipient", plan.recipient)
        try write("asset", plan.asset)
        try write("schedule", ScheduleJSON(schedule: plan.schedule, chain: chain))
    }

    mutating func write(_ creation: AssetCreation) throws {
        try write("type", "createAsset")
        try write("name", creation.name)
        try write("symbol", creation.asset.symbol)
        try write("decimals", creation.asset.decimals)
        try write("mintAuthority", creation.mintAuthority.name)
        try write("supply", creation.allotments.map { AllotmentJSON($0, chain) })
    }

    mutating func write(_ mint: AssetMint) throws {
        try write("type", "mint")
        try write("asset", mint.asset)
        try write("amount", mint.amount)
        try write("recipient", mint.recipient)
    }

    mutating func write(_ plan: UpgradePlan) throws {
        try write("type", "upgrade")
        try write("name", plan.name)
        try write("version", plan.version)
        try write("firstEpoch", plan.firstEpoch.value)
        try write("lastEpoch", plan.lastEpoch.value)
    }

    mutating func write(_ event: EnactedEvent) throws {
        switch event {
        case .streamCreated(let id, let recipient, let asset, let amount):
            try write("type", "streamCreated")
            try write("stream", id.value)
            try write("recipient", recipient)
            try write("asset", asset)
            try write("amount", amount)
        case .streamClaimed(let id, let recipient, let asset, let amount):
            try write("type", "streamClaimed")
            try write("stream", id.value)
            try write("recipient", recipient)
            try write("asset", asset)
            try write("amount", amount)
        case .streamRecalled(let id, let recipient, let paid, let returned):
            try write("type", "streamRecalled")
            try write("stream", id.value)
            try write("recipient", recipient)
            try write("paid", paid)
            try write("returned", returned)
        case .assetCreated(let id, let asset, let supply):
            try write("type", "assetCreated")
            try write("asset", id)
            try write("symbol", asset.symbol)
            try write("decimals", asset.decimals)
            try write("supply", supply)
        case .minted(let asset, let recipient, let amount):
            try write("type", "minted")
            try write("asset", asset)
            try write("recipient", recipient)
            try write("amount", amount)
        case .upgradeScheduled(let plan):
            try write(plan)
            try write("type", "upgradeScheduled")
        case .upgradeActivated(let version):
            try write("type", "upgradeActivated")
            try write("number", version.number)
            try write("version", version.hash)
            try write("epoch", version.since.value)
        case .upgradePostponed(let first, let last):
            try write("type", "upgradePostponed")
            try write("firstEpoch", first.value)
            try write("lastEpoch", last.value)
        case .upgradeDropped(let version):
            try write("type", "upgradeDropped")
            try write("version", version)
        case .upgradeCancelled(let version):
            try write("type", "upgradeCancelled")
            try write("version", version)
        }
    }
}

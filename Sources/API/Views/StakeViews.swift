import Chain
import Cryptography
import Ledger

/// A time that is certain, or what the present pace of blocks makes likely.
struct ExpectedTimeJSON: Encodable {
    let at: String
    let atMs: UInt64
    let isEstimate: Bool

    init(_ expected: ExpectedTime) {
        at = timeText(expected.time)
        atMs = expected.time.milliseconds
        isEstimate = expected.isEstimate
    }
}

/// When what left a validator in an epoch is paid, or no longer liable for it.
struct ReleaseJSON: Encodable {
    let isFree: Bool
    let at: String
    let atMs: UInt64
    let isEstimate: Bool

    init(_ release: StakeRelease) {
        isFree = release.isFree
        at = timeText(release.expected.time)
        atMs = release.expected.time.milliseconds
        isEstimate = release.expected.isEstimate
    }
}

/// An account's part of one record.
struct HoldingJSON: Encodable {
    let view: HoldingView
    let moniker: String?
    let chain: ChainDescription

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        try fields.write("type", view.holding.typeName)
        try fields.write("validator", view.holding.validator)
        try fields.write("moniker", Nullable(moniker))
        try fields.write("shares", String(view.position.shares))
        try fields.write("value", view.value)
        // Whether a cut or a new beginning of the record left nothing of it.
        try fields.write("void", view.isVoid)
        switch view.holding {
        case .place(.pool):
            try fields.write("mode", view.position.mode.name)
            try fields.write("principal", Nullable(view.principal.map { String($0.value) }))
            try fields.write("claimable", view.claimable)
        case .place(.lot), .bucket:
            let origin = view.holding.origin.map { OriginJSON(origin: $0, chain: chain) }
            try fields.write("origin", Nullable(origin))
            try fields.write("exitEpoch", view.release?.exit.value ?? 0)
            try fields.write("free", Nullable(view.release.map { ReleaseJSON($0) }))
        }
    }
}

/// All stake of an account: its sums, and a page of its parts.
struct AccountStakeJSON: Encodable {
    let address: String
    /// In pools and lots: what earns and votes.
    let bonded: String
    let unbonding: String
    let claimable: String
    /// What a vote that opened in the next block would count, and the height of that stake.
    let votingPower: String
    let snapshot: UInt64
    let records: UInt32
    let items: [HoldingJSON]
    let next: String?

    init(
        _ account: Address, _ summary: StakeSummary, items: [HoldingJSON], next: String?,
        _ chain: ChainDescription
    ) {
        address = account.text(prefix: chain.addressPrefix)
        bonded = String(summary.bonded.value)
        unbonding = String(summary.unbonding.value)
        claimable = String(summary.claimable.value)
        votingPower = String(summary.votingPower)
        snapshot = summary.snapshot.value
        records = summary.records
        self.items = items
        self.next = next
    }
}

/// What one slash cut, as long as it is remembered.
struct EscrowJSON: Encodable {
    let id: UInt64
    /// `held`, `returned` or `released`.
    let status: String
    let validator: String
    /// Of the fault.
    let epoch: UInt64
    /// Of the block that cut.
    let height: UInt64
    let amount: String
    /// What of it is still there.
    let left: String
    /// Who gets a part of what the treasury gets.
    let reporter: Nullable<String>
    /// Until when it may be proposed to return it.
    let nameableUntil: String
    let nameableUntilMs: UInt64
    /// That want to return it, and may still decide so.
    let proposals: [UInt64]
    /// The one that returned it.
    let returnedBy: Nullable<UInt64>
    /// Of what is held, at the earliest; until then what was returned can be claimed.
    let releasedAt: String
    let releasedAtMs: UInt64

    init(_ view: EscrowView, _ chain: ChainDescription) {
        let escrow = view.escrow
        id = view.id.value
        status = escrow.phase.name
        validator = escrow.validator.text(prefix: chain.addressPrefix)
        epoch = escrow.epoch.value
        height = escrow.height.value
        amount = String(escrow.amount.value)
        left = String(escrow.left.value)
        reporter = Nullable(escrow.reporter?.text(prefix: chain.addressPrefix))
        nameableUntil = timeText(escrow.nameableUntil)
        nameableUntilMs = escrow.nameableUntil.milliseconds
        proposals = view.proposals.map(\.value)
        if case .returned(let proposal, _) = escrow.phase {
            returnedBy = Nullable(proposal.value)
        } else {
            returnedBy = Nullable(nil)
        }
        releasedAt = timeText(escrow.phase.due)
        releasedAtMs = escrow.phase.due.milliseconds
    }
}

/// What a slash cut of an account's stake.
struct LossJSON: Encodable {
    let escrow: EscrowJSON
    let amount: String
    /// What the account got back; null before.
    let claimed: Nullable<String>
    /// What a claim would pay now.
    let claimable: String

    init(_ view: LossView, _ chain: ChainDescription, at now: Timestamp) {
        escrow = EscrowJSON(view.escrow, chain)
        amount = String(view.amount.value)
        claimed = Nullable(view.claimed.map { String($0.value) })
        var isOpen = false
        if case .returned(_, let until) = view.escrow.escrow.phase { isOpen = now < until }
        claimable = isOpen && view.claimed == nil ? amount : "0"
    }
}

/// The stake of the chain.
struct StakingJSON: Encodable {
    struct ElectionJSON: Encodable {
        /// Of the block that elects.
        let height: UInt64
        /// Whose set it elects.
        let epoch: UInt64
        let expected: ExpectedTimeJSON
    }

    struct ExitJSON: Encodable {
        let epoch: UInt64
        let free: ReleaseJSON
    }

    let bonded: String
    let supply: String
    /// In 10⁻¹² of the supply a year.
    let inflationRate: String
    let epoch: UInt64
    let firstHeight: UInt64
    let lastHeight: UInt64
    let nextElection: ElectionJSON
    /// What stake that left now would get.
    let exit: ExitJSON
    let parameters: [ParameterJSON]

    init(_ view: StakingView, _ chain: ChainDescription) {
        bonded = String(view.bonded.value)
        supply = String(view.supply.value)
        inflationRate = String(view.inflationRate)
        epoch = view.epoch.value
        firstHeight = view.record.first.value
        lastHeight = view.record.last.value
        nextElection = ElectionJSON(
            height: view.record.last.value, epoch: view.epoch.advanced(by: 2).value,
            expected: ExpectedTimeJSON(view.epochEnd))
        exit = ExitJSON(epoch: view.release.exit.value, free: ReleaseJSON(view.release))
        parameters = view.parameters.all.filter { StakingJSON.concerns($0.id) }.map {
            ParameterJSON($0.id, $0.value, chain)
        }
    }

    private static func concerns(_ id: ParameterID) -> Bool {
        id.name.hasPrefix("staking.") || id == .general(.epochLength)
    }
}

extension StakeHolding {
    /// The name in the API.
    fileprivate var typeName: String {
        switch self {
        case .place(.pool): "pool"
        case .place(.lot): "lot"
        case .bucket: "bucket"
        }
    }
}

extension ChainDescription {
    /// How messages for people name amounts, accounts and times.
    var style: FactStyle {
        let (symbol, decimals, prefix) = (symbol, decimals, addressPrefix)
        return FactStyle(
            amount: {
                AmountText.print($0, symbol: symbol.uppercased(), decimals: decimals)
            },
            address: { $0.text(prefix: prefix) }, time: { timeText($0) })
    }
}

import Chain
import Cryptography
import Ledger

/// Power by answer.
struct AmountsJSON: Encodable {
    let yes: String
    let no: String
    let abstain: String
    let veto: String

    init(_ amounts: BallotAmounts) {
        yes = String(amounts.yes)
        no = String(amounts.no)
        abstain = String(amounts.abstain)
        veto = String(amounts.veto)
    }
}

/// A threshold with whether it is reached.
struct ThresholdJSON: Encodable {
    let numerator: UInt32
    let denominator: UInt32
    let met: Bool

    init(_ ratio: Ratio, isMet: Bool) {
        numerator = ratio.numerator
        denominator = ratio.denominator
        met = isMet
    }
}

/// Where a vote stands, against the lines that it has to pass.
struct TallyJSON: Encodable {
    let yes: String
    let no: String
    let abstain: String
    let veto: String
    let cast: String
    let ballots: UInt64
    let quorum: ThresholdJSON
    let approve: ThresholdJSON
    let minYes: ThresholdJSON
    /// More than a third of the answers other than abstentions are vetoes.
    let vetoed: Bool
    /// What the outcome would be if the vote ended now.
    let passing: Bool

    init(_ view: ProposalView) {
        let vote = view.proposal.vote
        let tally = view.tally
        let total = view.totalPower
        let row = view.row
        yes = String(tally.yes)
        no = String(tally.no)
        abstain = String(tally.abstain)
        veto = String(tally.veto)
        cast = String(tally.cast)
        ballots = vote?.ballots ?? 0
        quorum = ThresholdJSON(
            row.quorum, isMet: Tally.hasQuorum(tally, total: total, row: row))
        approve = ThresholdJSON(row.approve, isMet: Tally.isApproved(tally, row: row))
        minYes = ThresholdJSON(
            row.minYes, isMet: total > 0 && Tally.hasMinYes(tally, total: total, row: row))
        vetoed = Tally.isVetoed(tally)
        passing = Tally.isPassing(tally, total: total, row: row)
    }
}

/// A proposal. Lists leave out the body, which may have 48 KiB.
struct ProposalJSON: Encodable {
    private struct DepositJSON: Encodable {
        let sum: String
        let required: String
        /// What of the proposer's own is still there.
        let own: String
        let missing: String
        let depositors: UInt16
        /// `held`, `all`, `fourFifths` or `none`: what of it comes back.
        let refund: String
    }

    private let view: ProposalView
    private let chain: ChainDescription
    private let hasBody: Bool

    init(_ view: ProposalView, _ chain: ChainDescription, hasBody: Bool) {
        self.view = view
        self.chain = chain
        self.hasBody = hasBody
    }

    func encode(to encoder: any Encoder) throws {
        let proposal = view.proposal
        var fields = FieldWriter(encoder, chain)
        try fields.write("id", proposal.id)
        try fields.write("title", view.content?.title ?? "")
        if hasBody {
            try fields.write("body", view.content?.body ?? "")
        }
        try fields.write("status", proposal.status.name)
        try fields.write("track", proposal.track.name)
        try fields.write("group", proposal.group.name)
        try fields.write("proposer", proposal.proposer)
        try fields.write("contentHash", proposal.contentHash)
        // Long after its end only a receipt is left: no text, no actions, no ballots.
        try fields.write("isReceipt", proposal.isReceipt)
        try fields.write("actions", (view.content?.actions ?? []).map { ActionJSON($0, chain) })
        try fields.write("deposit", deposit)
        try encodeTimes(into: &fields)
        try fields.write("snapshot", Nullable(proposal.vote?.snapshot.value))
        try fields.write(
            "totalPower", Nullable(view.totalPower > 0 ? String(view.totalPower) : nil))
        try fields.write("tally", TallyJSON(view))
        try fields.write("rules", RowJSON(view.row, endsEarly: proposal.vote?.endsEarly))
        try fields.write("conditions", (view.content?.conditions ?? []).map { ConditionJSON($0) })
        try fields.write("dryRun", Nullable(view.dryRun.map { DryRunJSON($0, chain) }))
        try fields.write("petitions", PetitionsJSON(proposal))
        try fields.write("failure", Nullable(proposal.failure.map { FailureJSON($0, chain) }))
        let steps = proposal.steps.map { StepJSON($0, chain) }
        try fields.write("result", Nullable(proposal.status.isFinal ? steps.last : nil))
        try fields.write("history", steps)
    }

    private var deposit: DepositJSON {
        let deposit = view.proposal.deposit
        return DepositJSON(
            sum: String(deposit.sum.value), required: String(deposit.required.value),
            own: String(view.ownDeposit.value), missing: String(deposit.missing.value),
            depositors: deposit.depositors, refund: deposit.refund.name)
    }

    private func encodeTimes(into fields: inout FieldWriter) throws {
        let vote = view.proposal.vote
        var depositUntil: Timestamp?
        var eta: Timestamp?
        switch view.proposal.phase {
        case .collecting(let until), .waiting(let until): depositUntil = until
        case .queued(let time): eta = time
        case .voting, .ended: break
        }
        try fields.write("submittedAt", time: view.proposal.steps.first?.timestamp)
        try fields.write("depositUntil", time: depositUntil)
        try fields.write("opensAt", time: vote?.openedAt)
        try fields.write("endsAt", time: vote?.end)
        try fields.write("hardEndsAt", time: vote?.hardEnd)
        try fields.write("eta", time: eta)
    }
}

extension DepositRefund {
    fileprivate var name: String {
        switch self {
        case .held: "held"
        case .all: "all"
        case .fourFifths: "fourFifths"
        case .none: "none"
        }
    }
}

/// One account's answer.
struct BallotJSON: Encodable {
    let voter: String
    let weights: WeightsJSON
    /// All of it: its own and what it was lent, less what was taken back.
    let power: String
    let own: String
    let received: String
    let amounts: AmountsJSON
    let height: UInt64
    let reason: String

    init(_ view: BallotView, _ chain: ChainDescription) {
        self.init(view.voter, view.ballot, chain)
    }

    init(_ voter: Address, _ ballot: Ballot, _ chain: ChainDescription) {
        self.voter = voter.text(prefix: chain.addressPrefix)
        weights = WeightsJSON(ballot.weights)
        power = String(ballot.power)
        own = String(ballot.own)
        received = String(ballot.received)
        amounts = AmountsJSON(ballot.amounts)
        height = ballot.height.value
        reason = ballot.reason
    }
}

/// One account's part of a deposit.
struct DepositorJSON: Encodable {
    let account: String
    let amount: String

    init(_ view: DepositView, _ chain: ChainDescription) {
        account = view.account.text(prefix: chain.addressPrefix)
        amount = String(view.amount.value)
    }
}

import Chain
import Cryptography

/// An action with its type's name and its fields.
struct ActionJSON: Encodable {
    let action: Action
    let chain: ChainDescription

    init(_ action: Action, _ chain: ChainDescription) {
        self.action = action
        self.chain = chain
    }

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        switch action {
        case .transfer(let to, let asset, let amount):
            try fields.write("type", "transfer")
            try fields.write("to", to)
            try fields.write("asset", asset)
            try fields.write("amount", amount)
        case .submitProposal(let draft): try encode(draft, into: &fields)
        case .addDeposit(let proposal, let amount):
            try fields.write("type", "addDeposit")
            try fields.write("proposal", proposal)
            try fields.write("amount", amount)
        case .castBallot(let ballot): try encode(ballot, into: &fields)
        case .cancelProposal(let proposal):
            try encode("cancelProposal", proposal, into: &fields)
        case .claimDeposit(let proposal):
            try encode("claimDeposit", proposal, into: &fields)
        case .staking(let action):
            try fields.write(action)
        case .claimStream(let stream):
            try fields.write("type", "claimStream")
            try fields.write("stream", stream.value)
        case .representation(let action):
            try fields.write("type", "setRepresentatives")
            try fields.write("topic", action.group.name)
            try fields.write(
                "representatives",
                action.representatives.entries.map { RepresentativeJSON($0, chain) })
        case .executeProposal(let proposal):
            try encode("executeProposal", proposal, into: &fields)
        case .signPetition(let signature):
            try fields.write("type", "signPetition")
            try fields.write("proposal", signature.proposal)
            try fields.write("kind", signature.kind.name)
        case .setParameter(let change):
            try fields.write("type", "setParameter")
            try encode(change, into: &fields)
        case .spend(let spend):
            try fields.write("type", "spend")
            try fields.write("payments", spend.payments.map { PaymentJSON($0, chain) })
        case .stream(let plan):
            try fields.write(plan)
        case .recallStream(let stream):
            try fields.write("type", "recallStream")
            try fields.write("stream", stream.value)
        case .createAsset(let creation):
            try fields.write(creation)
        case .mint(let mint):
            try fields.write(mint)
        case .upgrade(let plan):
            try fields.write(plan)
        case .pause(let pause):
            try fields.write("type", "pause")
            try fields.write("module", pause.module.name)
            try fields.write("duration", pause.duration)
        case .resume(let module):
            try fields.write("type", "resume")
            try fields.write("module", module.name)
        case .cancelQueued(let proposal):
            try encode("cancelQueued", proposal, into: &fields)
        case .cancelUpgrade(let version):
            try fields.write("type", "cancelUpgrade")
            try fields.write("version", version)
        case .returnStake(let escrow):
            try fields.write("type", "returnStake")
            try fields.write("escrow", escrow.value)
        }
    }

    private func encode(
        _ type: String, _ proposal: ProposalID, into fields: inout FieldWriter
    ) throws {
        try fields.write("type", type)
        try fields.write("proposal", proposal)
    }

    private func encode(_ draft: ProposalDraft, into fields: inout FieldWriter) throws {
        try fields.write("type", "submitProposal")
        try fields.write("title", draft.title)
        try fields.write("body", draft.body)
        try fields.write("actions", draft.actions.map { ActionJSON($0, chain) })
        try fields.write("conditions", draft.conditions.map { ConditionJSON($0) })
        try fields.write("deposit", draft.deposit)
    }

    private func encode(_ ballot: BallotCast, into fields: inout FieldWriter) throws {
        try fields.write("type", "castBallot")
        try fields.write("proposal", ballot.proposal)
        try fields.write("contentHash", ballot.contentHash)
        try fields.write("weights", WeightsJSON(ballot.weights))
        try fields.write("reason", ballot.reason)
    }

    private func encode(_ change: ParameterChange, into fields: inout FieldWriter) throws {
        let id = ParameterID(name: change.name)
        try fields.write("name", change.name)
        try fields.write("value", ParameterValueJSON(change.value, id))
        try fields.write("expected", Nullable(change.expected.map { ParameterValueJSON($0, id) }))
        try fields.write("text", chain.text(of: change.value, id))
        try fields.write("expectedText", Nullable(change.expected.map { chain.text(of: $0, id) }))
    }
}

/// What must be true when a proposal is executed.
struct ConditionJSON: Encodable {
    let type: String
    var asset: UInt64?
    var amount: String?
    var height: UInt64?
    var proposal: UInt64?

    init(_ condition: ProposalCondition) {
        switch condition {
        case .treasuryAtLeast(let asset, let amount):
            type = "treasuryAtLeast"
            self.asset = asset.value
            self.amount = String(amount.value)
        case .heightAtMost(let height):
            type = "heightAtMost"
            self.height = height.value
        case .executed(let id):
            type = "executed"
            proposal = id.value
        }
    }
}

/// How a ballot splits its power, in basis points.
struct WeightsJSON: Encodable {
    let yes: UInt16
    let no: UInt16
    let abstain: UInt16
    let veto: UInt16

    init(_ weights: BallotWeights) {
        yes = weights.yes
        no = weights.no
        abstain = weights.abstain
        veto = weights.veto
    }
}

/// Who votes with a part of another one's stake; the weight in basis points.
struct RepresentativeJSON: Encodable {
    let account: String
    let weight: UInt16

    init(_ representative: Representative, _ chain: ChainDescription) {
        account = representative.account.text(prefix: chain.addressPrefix)
        weight = representative.weight
    }
}

struct PaymentJSON: Encodable {
    let recipient: String
    let asset: UInt64
    let amount: String

    init(_ payment: TreasuryPayment, _ chain: ChainDescription) {
        recipient = payment.recipient.text(prefix: chain.addressPrefix)
        asset = payment.asset.value
        amount = String(payment.amount.value)
    }
}

/// A parameter's value: a number for times and counts, a decimal string for amounts and gas, both
/// parts of a ratio.
struct ParameterValueJSON: Encodable {
    private struct RatioJSON: Encodable {
        let numerator: UInt32
        let denominator: UInt32
    }

    let value: ParameterValue
    let unit: ParameterUnit?

    init(_ value: ParameterValue, _ id: ParameterID?) {
        self.value = value
        unit = id?.definition.unit
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .integer(let number):
            switch unit {
            case .milliseconds, .count, .blocks: try container.encode(number)
            case .baseUnits, .gas, .ratio, nil: try container.encode(String(number))
            }
        case .ratio(let numerator, let denominator):
            try container.encode(RatioJSON(numerator: numerator, denominator: denominator))
        }
    }
}

extension ChainDescription {
    /// A parameter's value as people write it: `2h`, `50 ALT`, `1/3`.
    func text(of value: ParameterValue, _ id: ParameterID?) -> String {
        if let id {
            return ParameterText.print(value, for: id, symbol: symbol, decimals: decimals)
        }
        return switch value {
        case .integer(let number): String(number)
        case .ratio(let numerator, let denominator): "\(numerator)/\(denominator)"
        }
    }
}

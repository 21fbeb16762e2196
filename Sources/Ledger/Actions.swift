import Chain
import StateTree

/// One action of a transaction.
enum Actions {
    static func perform<Base: StateReader>(
        _ action: Action, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        try Pauses.check(action, context)
        switch action {
        case .transfer(let recipient, let asset, let amount):
            try Transfers.transfer(
                amount, of: asset, from: context.sender, to: recipient, in: &state)
        case .submitProposal(let draft):
            try Governance.submit(draft, context, in: &state)
        case .addDeposit(let proposal, let amount):
            try Governance.addDeposit(amount, to: proposal, context, in: &state)
        case .castBallot(let ballot):
            try Governance.cast(ballot, context, in: &state)
        case .cancelProposal(let proposal):
            try Governance.cancel(proposal, context, in: &state)
        case .claimDeposit(let proposal):
            try Governance.claim(proposal, context, in: &state)
        case .staking(let action):
            try Staking.perform(action, context, in: &state)
        case .claimStream(let stream):
            try Streams.claim(stream, context, in: &state)
        case .representation(let action):
            try Representation.set(action, context, in: &state)
        case .setParameter: throw .notAnAccountAction("setParameter")
        case .spend: throw .notAnAccountAction("spend")
        case .stream: throw .notAnAccountAction("stream")
        case .recallStream: throw .notAnAccountAction("recallStream")
        case .createAsset: throw .notAnAccountAction("createAsset")
        case .mint: throw .notAnAccountAction("mint")
        case .upgrade: throw .notAnAccountAction("upgrade")
        case .cancelUpgrade: throw .notAnAccountAction("cancelUpgrade")
        case .executeProposal(let proposal):
            try Governance.executeAgain(proposal, context, in: &state)
        case .signPetition(let signature):
            try Governance.sign(signature, context, in: &state)
        case .pause: throw .notAnAccountAction("pause")
        case .resume: throw .notAnAccountAction("resume")
        case .cancelQueued: throw .notAnAccountAction("cancelQueued")
        case .returnStake: throw .notAnAccountAction("returnStake")
        }
    }
}

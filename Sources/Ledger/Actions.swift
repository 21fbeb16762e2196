import Chain
import StateTree

/// One action of a transaction.
enum Actions {
    static func perform<Base: StateReader>(
        _ action: Action, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        switch action {
        case .transfer(let recipient, let asset, let amount):
            try Transfers.transfer(
                amount, of: asset, from: context.sender, to: recipient, in: &state)
        case .submitProposal, .addDeposit, .castBallot, .cancelProposal, .claimDeposit:
            throw .notAnAccountAction("governance")
        case .setParameter: throw .notAnAccountAction("setParameter")
        case .spend: throw .notAnAccountAction("spend")
        }
    }
}

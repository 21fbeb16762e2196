import Chain
import Cryptography
import StateTree

/// What belongs to all holders, and leaves only by a proposal.
public enum Treasury {
    public static func balance<Base: StateReader>(
        of asset: AssetID = .native, in state: State<Base>
    ) -> Amount {
        state.balance(of: ModuleAccounts.treasury, asset: asset)
    }

    /// Pays all recipients; the caller's checkpoint undoes the first payments if a later one fails.
    public static func spend<Base: StateReader>(
        _ spend: TreasurySpend, in state: inout State<Base>
    ) throws(Rejection) {
        for payment in spend.payments {
            try Transfers.transfer(
                payment.amount, of: payment.asset, from: ModuleAccounts.treasury,
                to: payment.recipient, in: &state)
        }
    }
}

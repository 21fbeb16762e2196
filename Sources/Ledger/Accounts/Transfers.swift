import Chain
import Cryptography
import StateTree

/// Tokens that change hands.
enum Transfers {
    static func transfer<Base: StateReader>(
        _ amount: Amount, of asset: AssetID, from sender: Address, to recipient: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard asset == .native || state.contains(.asset(asset)) else {
            throw .unknownAsset(asset)
        }
        guard amount > .zero else { throw .amountZero }
        guard ModuleAccounts.acceptsPayments(recipient) else {
            throw .recipientIsModule(recipient)
        }
        try state.move(amount, from: sender, to: recipient, asset: asset)
        state.emit(.transferred(from: sender, to: recipient, asset: asset, amount: amount))
    }
}

import Chain
import Cryptography

/// The addresses of the accounts that the ledger itself controls, computed once.
public enum ModuleAccounts {
    public static let treasury = ModuleID.treasury.address
    public static let bondedPool = ModuleID.bondedPool.address
    public static let depositEscrow = ModuleID.depositEscrow.address
    public static let slashEscrow = ModuleID.slashEscrow.address
    public static let feeCollector = ModuleID.feeCollector.address

    public static let all = ModuleID.allCases.map(\.address)

    /// Whether anybody may pay into the account: all but the ledger's own, save the treasury.
    static func acceptsPayments(_ account: Address) -> Bool {
        account == treasury || !all.contains(account)
    }
}

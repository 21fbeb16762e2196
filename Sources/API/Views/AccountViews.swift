import Chain
import Cryptography
import Ledger

struct BalanceJSON: Encodable {
    let asset: UInt64
    let symbol: String
    let decimals: UInt8
    let amount: String

    init(_ balance: AssetBalance, of asset: Asset?) {
        self.asset = balance.asset.value
        symbol = asset?.symbol ?? ""
        decimals = asset?.decimals ?? 0
        amount = String(balance.amount.value)
    }
}

struct SupplyJSON: Encodable {
    let asset: UInt64
    let symbol: String
    let decimals: UInt8
    let supply: String
}

struct TreasuryJSON: Encodable {
    let address: String
    let balances: [BalanceJSON]
}

/// Who may sign for an account.
struct AuthorityJSON: Encodable {
    struct KeyJSON: Encodable {
        let publicKey: String
        let weight: UInt32
    }

    /// `key`, `threshold`, `module`, or `unknown` while the account has signed nothing.
    let type: String
    var publicKey: String?
    var keys: [KeyJSON]?
    var threshold: UInt32?
    var module: String?

    init(_ authority: Authority?) {
        switch authority {
        case nil:
            type = "unknown"
        case .key(let key):
            type = "key"
            publicKey = key.hex
        case .threshold(let keys, let threshold):
            type = "threshold"
            self.keys = keys.map { KeyJSON(publicKey: $0.key.hex, weight: $0.weight) }
            self.threshold = threshold
        case .module(let id):
            type = "module"
            module =
                id == StreamID.moduleID
                ? "stream"
                : ModuleID(rawValue: id).map { AuthorityJSON.name(of: $0) } ?? String(id)
        }
    }

    private static func name(of module: ModuleID) -> String {
        switch module {
        case .treasury: "treasury"
        case .bondedPool: "bondedPool"
        case .depositEscrow: "depositEscrow"
        case .slashEscrow: "slashEscrow"
        case .feeCollector: "feeCollector"
        }
    }
}

struct AccountJSON: Encodable {
    let address: String
    /// Whether the chain knows anything of the account.
    let exists: Bool
    /// The next sequence of lane 0.
    let sequence: String
    let balances: [BalanceJSON]
    let authority: AuthorityJSON
    /// What the account has bonded with all validators.
    let bonded: String
    /// The next free sequence of lane 0, what waits in this node's mempool counted.
    let pendingSequence: String
    /// Live lanes other than 0.
    let lanes: Int
}

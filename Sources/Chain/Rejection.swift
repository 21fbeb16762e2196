import Cryptography

/// Why a transaction is refused, or why one in a block failed.
///
/// The code is stable: programs compare it. The message names the facts; the hint says what to do.
public enum Rejection: Error, Hashable, Sendable {
    // The transaction itself; one of these is never in a block.
    case oversized(bytes: UInt64, limit: UInt64)
    case wrongChain(expected: String, found: String)
    case expired(validUntil: Height, height: Height)
    case validityTooLong(validUntil: Height, limit: Height)
    case sequenceTooLow(expected: UInt64, found: UInt64)
    case sequenceTooHigh(expected: UInt64, found: UInt64)
    case tooManyLanes(limit: UInt64)
    case noActions
    case tooManyActions(count: UInt64, limit: UInt64)
    case memoTooLong(bytes: UInt64, limit: UInt64)
    case wrongSigners(Address)
    case badSignature
    case moduleCannotSign(Address)
    case notAnAccountAction(String)

    // Fees; one of these is never in a block either.
    case gasLimitZero
    case gasLimitTooLow(limit: UInt64, needed: UInt64)
    case gasLimitTooHigh(limit: UInt64, blockLimit: UInt64)
    case priceBelowFloor(maxFee: Amount, needed: Amount)
    case cannotPayFee(payer: Address, balance: Amount, needed: Amount)

    // The block.
    case blockFull

    // Execution: the transaction is in the block, failed, and paid its fee.
    case outOfGas(limit: UInt64)
    case unknownAsset(AssetID)
    case insufficientFunds(account: Address, asset: AssetID, balance: Amount, needed: Amount)
    case amountZero
    case balanceOverflow(account: Address, asset: AssetID)
    case recipientIsModule(Address)

    // Validators and stake.
    case staking(StakingRejection)

    // Proposals, ballots and what they decide.
    case governance(GovernanceRejection)
}

extension Rejection {
    /// The stable name of the reason.
    public var code: String {
        switch self {
        case .oversized: "tx.oversized"
        case .wrongChain: "tx.wrong_chain"
        case .expired: "tx.expired"
        case .validityTooLong: "tx.validity_too_long"
        case .sequenceTooLow: "tx.sequence_too_low"
        case .sequenceTooHigh: "tx.sequence_too_high"
        case .tooManyLanes: "tx.too_many_lanes"
        case .noActions: "tx.no_actions"
        case .tooManyActions: "tx.too_many_actions"
        case .memoTooLong: "tx.memo_too_long"
        case .wrongSigners: "tx.wrong_signers"
        case .badSignature: "tx.bad_signature"
        case .moduleCannotSign: "tx.module_cannot_sign"
        case .notAnAccountAction: "tx.action_not_allowed"
        case .gasLimitZero: "fee.gas_limit_zero"
        case .gasLimitTooLow: "fee.gas_limit_too_low"
        case .gasLimitTooHigh: "fee.gas_limit_too_high"
        case .priceBelowFloor: "fee.below_floor"
        case .cannotPayFee: "fee.cannot_pay"
        case .blockFull: "block.full"
        case .outOfGas: "fee.out_of_gas"
        case .unknownAsset: "bank.unknown_asset"
        case .insufficientFunds: "bank.insufficient_funds"
        case .amountZero: "bank.amount_zero"
        case .balanceOverflow: "bank.balance_overflow"
        case .recipientIsModule: "bank.recipient_is_module"
        case .staking(let reason): reason.code
        case .governance(let reason): reason.code
        }
    }

    /// What was found, in one sentence; amounts in base units, addresses in hexadecimal digits.
    public var message: String { message(in: .plain) }

    /// What was found, in one sentence.
    public func message(in style: FactStyle) -> String {
        switch self {
        case .oversized(let bytes, let limit):
            "The transaction has \(bytes) bytes; at most \(limit) are allowed."
        case .wrongChain(let expected, let found):
            "The transaction is for the chain \(found), and this is \(expected)."
        case .expired(let validUntil, let height):
            "The transaction was valid until height \(validUntil); the next block is \(height)."
        case .validityTooLong(let validUntil, let limit):
            "The transaction is valid until height \(validUntil); its lane allows \(limit)."
        case .sequenceTooLow(let expected, let found):
            "The sequence \(found) was used already; the next one is \(expected)."
        case .sequenceTooHigh(let expected, let found):
            "The sequence is \(found); the next one is \(expected)."
        case .tooManyLanes(let limit):
            "The account has \(limit) live lanes, the most that are allowed."
        case .noActions:
            "The transaction has no action."
        case .tooManyActions(let count, let limit):
            "The transaction has \(count) actions; at most \(limit) are allowed."
        case .memoTooLong(let bytes, let limit):
            "The memo has \(bytes) bytes; at most \(limit) are allowed."
        case .wrongSigners(let account):
            "The signatures are not those of the authority of \(style.address(account))."
        case .badSignature:
            "A signature is missing, or does not match the transaction and its key."
        case .moduleCannotSign(let account):
            "The account \(style.address(account)) belongs to the ledger; nobody signs for it."
        case .notAnAccountAction(let action):
            "The action \(action) is for proposals, not for transactions."
        case .gasLimitZero:
            "The gas limit is 0."
        case .gasLimitTooLow(let limit, let needed):
            "The gas limit is \(limit); the transaction needs at least \(needed)."
        case .gasLimitTooHigh(let limit, let blockLimit):
            "The gas limit is \(limit); a whole block has \(blockLimit)."
        case .priceBelowFloor(let maxFee, let needed):
            "The maximum fee is \(style.amount(maxFee)); for this gas limit at least "
                + "\(style.amount(needed)) is needed."
        case .cannotPayFee(let payer, let balance, let needed):
            "The account \(style.address(payer)) has \(style.amount(balance)); "
                + "the fee may be up to \(style.amount(needed))."
        case .blockFull:
            "The block has no room for the transaction."
        case .outOfGas(let limit):
            "The gas limit of \(limit) is used up."
        case .unknownAsset(let asset):
            "There is no asset \(asset)."
        case .insufficientFunds(let account, let asset, let balance, let needed):
            "The account \(style.address(account)) has \(style.holding(balance, of: asset)); "
                + "\(style.rest(needed, of: asset)) is needed."
        case .amountZero:
            "The amount is 0."
        case .balanceOverflow(let account, let asset):
            "The balance of \(style.address(account)) in asset \(asset) would not fit 64 bits."
        case .recipientIsModule(let account):
            "The account \(style.address(account)) belongs to the ledger and takes no transfers."
        case .staking(let reason): reason.message(in: style)
        case .governance(let reason): reason.message(in: style)
        }
    }

    /// What the sender can do about it.
    public var hint: String {
        switch self {
        case .oversized, .tooManyActions: "Split it into several transactions."
        case .wrongChain: "Check the node's address and the chain of your wallet."
        case .expired: "Sign it again with a later height."
        case .validityTooLong: "Use a lower height, or lane 0."
        case .sequenceTooLow: "Read the account's sequence and sign again."
        case .sequenceTooHigh: "Send the transactions before it first."
        case .tooManyLanes: "Use one of the live lanes, or wait until one expires."
        case .noActions: "Add an action."
        case .memoTooLong: "Shorten the memo."
        case .wrongSigners: "Sign with the account's own key or keys, in their order."
        case .badSignature: "Check the chain and its genesis hash, and sign again."
        case .moduleCannotSign: "Use a proposal."
        case .notAnAccountAction: "Put it into a proposal."
        case .gasLimitZero, .gasLimitTooLow, .outOfGas: "Raise the gas limit."
        case .gasLimitTooHigh: "Lower the gas limit."
        case .priceBelowFloor: "Raise the maximum fee."
        case .cannotPayFee, .insufficientFunds: "Put funds into the account first."
        case .blockFull: "Wait for the next block."
        case .unknownAsset: "Check the asset's number."
        case .amountZero: "Name an amount above 0."
        case .balanceOverflow: "Send a smaller amount."
        case .recipientIsModule: "Check the recipient's address."
        case .staking(let reason): reason.hint
        case .governance(let reason): reason.hint
        }
    }

    /// Whether the same transaction may be accepted later, with nothing changed in it.
    public var mayBeCuredByWaiting: Bool {
        switch self {
        case .sequenceTooHigh, .tooManyLanes, .cannotPayFee, .blockFull, .insufficientFunds,
            .unknownAsset, .balanceOverflow, .validityTooLong, .priceBelowFloor,
            .gasLimitTooHigh:
            true
        case .oversized, .wrongChain, .expired, .sequenceTooLow, .noActions, .tooManyActions,
            .memoTooLong, .wrongSigners, .badSignature, .moduleCannotSign,
            .notAnAccountAction, .gasLimitZero, .gasLimitTooLow, .outOfGas, .amountZero,
            .recipientIsModule:
            false
        case .staking(let reason): reason.mayBeCuredByWaiting
        case .governance(let reason): reason.mayBeCuredByWaiting
        }
    }
}

import Chain

/// What work costs. One gas stands for about one nanosecond of one core.
///
/// The figures keep a plain transfer at about 25,000 gas, so that the default block of 60 M gas has
/// room for as many of them as fit its 512 KiB. A signature is charged a quarter of the 40 µs that
/// it takes, because it is verified before the block, once per node, on every core.
public enum GasSchedule {
    /// For being in a block at all: sequence, fee, receipt.
    public static let transaction: UInt64 = 5_000
    /// For each byte of the signed transaction.
    public static let transactionByte: UInt64 = 10
    /// For each signature.
    public static let signature: UInt64 = 10_000
    /// For each byte of keys and values that the actions write: hashing, disk, for ever.
    public static let writtenByte: UInt64 = 20

    /// For each record of the past that a vote, a petition or a claim reads: a search. In RocksDB
    /// it takes 2.0 µs where its block is hot, and 4.8 µs where it is only cached (measured, a
    /// million keys); of what a first vote is charged for about half are searches, the rest comes
    /// from what those found.
    public static let search: UInt64 = 2_000

    /// What the actions of one proposal may use, executed or tried (governance.md 1).
    public static let proposalLimit: UInt64 = 10_000_000

    /// For the work of an action besides what it writes.
    public static func cost(of action: Action) -> UInt64 {
        switch action {
        case .transfer: 2_000
        case .submitProposal(let draft): 50_000 + 5_000 * UInt64(draft.actions.count)
        case .addDeposit: 10_000
        case .castBallot: 10_000
        case .cancelProposal: 10_000
        case .claimDeposit: 10_000
        case .staking(let action): cost(of: action)
        case .claimStream: 10_000
        // Up to 17 positions are looked at; what is lent is charged by the bytes of it.
        case .representation: 60_000
        case .setParameter: 10_000
        case .spend(let spend): 5_000 + 2_000 * UInt64(spend.payments.count)
        case .stream, .recallStream: 20_000
        case .createAsset(let creation): 20_000 + 2_000 * UInt64(creation.allotments.count)
        case .mint, .upgrade, .cancelUpgrade: 10_000
        // All that a proposal's actions may cost besides what they write.
        case .executeProposal: 600_000
        case .signPetition: 20_000
        case .pause, .resume: 5_000
        case .cancelQueued: 20_000
        case .returnStake: 10_000
        }
    }

    /// Stake reads and writes a handful of records; a proof of possession is a signature.
    private static func cost(of action: StakingAction) -> UInt64 {
        switch action {
        case .createValidator, .rotateKey: 100_000
        case .editValidator: 60_000
        case .unjail, .setMode: 20_000
        // What is remembered of the account is charged as it is looked at.
        case .delegate, .undelegate, .cancel, .redelegate, .leave, .claimReturn: 40_000
        // Up to 17 positions are looked at.
        case .claim: 60_000
        }
    }

    /// What a transaction costs before anything that its actions write.
    public static func intrinsic(
        _ transaction: Transaction, byteCount: Int, signatureCount: Int
    ) -> UInt64 {
        // Every count is bounded by `Limits`, so that no sum comes near 2^64.
        precondition(byteCount <= Limits.transactionBytesMax, "the size was checked")
        var gas = Self.transaction
        gas += transactionByte * UInt64(byteCount)
        gas += signature * UInt64(signatureCount)
        for action in transaction.actions {
            gas += cost(of: action)
        }
        return gas
    }
}

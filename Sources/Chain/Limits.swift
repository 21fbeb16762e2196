/// What only a release may change: bounds that every node must share or that keep one message, one
/// block or one peer from using up a node. What holders may change is in `Parameters`.
public enum Limits {
    // Blocks (consensus.md 2.1).
    public static let blockBytesMax = 512 * 1024
    public static let blockTransactionsMax = 8_192
    public static let headerBytesMax = 512
    /// Of a valid block: whoever has it can always give it to others, with any header, in one
    /// message.
    public static let bodyBytesMax = blockBytesMax - headerBytesMax
    public static let headerExtraBytesMax = 64
    public static let evidencePerBlockMax = 16
    /// What the evidence of a block takes at most: two votes and an account each.
    public static let evidenceBytesMax = evidencePerBlockMax * (2 * 123 + 32)
    /// Blocks whose votes one block may name.
    public static let participationEntriesMax = 64
    /// What the record of participation takes at most: a certificate without signatures for each
    /// entry, and 2n signatures in all.
    public static let participationBytesMax =
        participationEntriesMax * (1 + 8 + 8 + 8 + 32 + 1 + validatorsMax / 8)
        + 2 * validatorsMax * 64
    /// Votes for so many of the last blocks can be named, among them the one that names.
    public static let recentBlocksMax = 256
    /// What a leader fills with transactions: the header, the evidence, the record of participation
    /// and the lengths of the lists have room of their own.
    public static let transactionsBytesMax =
        blockBytesMax - headerBytesMax - evidenceBytesMax - participationBytesMax - 64
    public static let clockDriftMillisecondsMax: UInt64 = 500

    // Transactions (state.md 3, network.md 6.3).
    public static let transactionBytesMax = 64 * 1024
    public static let transactionActionsMax = 64
    public static let transactionSignaturesMax = 32
    public static let memoBytesMax = 256
    /// What no transaction uses less of, besides `transactionByteGas` for each of its bytes: that
    /// it is in a block, and one signature (the ledger's schedule). For a pool, which knows no
    /// more.
    public static let transactionGasMin: UInt64 = 15_000
    public static let transactionByteGas: UInt64 = 10
    /// How far ahead `validUntil` may lie for lanes other than 0 (decisions.md 6).
    public static let laneValidityHeightsMax: UInt64 = 20_000
    public static let lanesPerAccountMax = 64

    // State (state.md 5).
    public static let stateKeyBytesMax = 256
    public static let stateValueBytesMax = 64 * 1024

    // Validators (consensus.md 2.1).
    public static let validatorsMax = 256
    public static let totalPowerMax: UInt64 = 1 << 60
    public static let supplyMax: UInt64 = UInt64(Int64.max)

    // Agreement (consensus.md 2.1).
    public static let futureViewsMax: UInt64 = 8
    public static let retainedViewsMax: UInt64 = 256
    public static let unfinalizedDepthMax = 64
    public static let justificationBytesMax = 256 * 1024
    public static let rangeBlocksMax: UInt64 = 32
    public static let rangeBytesMax = 4 * 1024 * 1024

    /// The relations between the limits, with the reason beside each; called once at start.
    public static func check() {
        // A transaction of the largest size must fit into an otherwise empty block.
        precondition(transactionBytesMax < transactionsBytesMax)
        // A proposal travels in one message of 1.3 MiB: block, vote and justification.
        precondition(blockBytesMax + justificationBytesMax + 4_096 <= 1_300 * 1024)
        // A range response holds at least one block with its finalization.
        precondition(rangeBytesMax >= 2 * blockBytesMax)
        // 3 × power must fit 64 bits.
        precondition(totalPowerMax <= UInt64.max / 3)
        // A block's place among the recent ones is a u8.
        precondition(recentBlocksMax == 256)
        // A signer index is a u16 and a bitmap's length a u8.
        precondition(validatorsMax <= 256)
    }
}

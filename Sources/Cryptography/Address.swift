import Codec

/// Where an account lives. It does not change when the account's authority does.
public struct Address: Bytes32 {
    public let words: Words32

    public init(words: Words32) {
        self.words = words
    }

    /// The address of the account that one key controls from its first day.
    public init(_ key: PublicKey) {
        var hasher = TaggedHasher(.address)
        hasher.update(key)
        words = hasher.finalize().words
    }

    /// The address of an account that the `actionIndex`-th action of a transaction creates.
    public init(creator: Address, lane: UInt16, sequence: UInt64, actionIndex: UInt16) {
        var hasher = TaggedHasher(.address)
        hasher.update(creator)
        hasher.update(lane)
        hasher.update(sequence)
        hasher.update(actionIndex)
        words = hasher.finalize().words
    }

    /// The address of an account that the ledger itself controls.
    public init(module id: UInt16) {
        var hasher = TaggedHasher(.module)
        hasher.update(id)
        words = hasher.finalize().words
    }

    /// The address of one of the many accounts of a module.
    public init(module id: UInt16, number: UInt64) {
        var hasher = TaggedHasher(.module)
        hasher.update(id)
        hasher.update(number)
        words = hasher.finalize().words
    }
}

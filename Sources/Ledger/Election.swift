import Chain

/// What an election may know.
public struct ElectionFacts: Sendable {
    /// The epoch whose set is elected.
    public let epoch: Epoch
    /// The set of the epoch before it.
    public let previous: ValidatorSet
    /// Of all validators, by the order of their operators' addresses.
    public let records: [ValidatorRecord]

    public init(epoch: Epoch, previous: ValidatorSet, records: [ValidatorRecord]) {
        self.epoch = epoch
        self.previous = previous
        self.records = records
    }
}

/// Who votes in an epoch: a pure function, asked when the last block of the epoch two before ends.
/// An answer that is not a set leaves the set as it was: no election halts a chain.
public struct Election: Sendable {
    public let elect: @Sendable (ElectionFacts) -> [Validator]

    public init(_ elect: @escaping @Sendable (ElectionFacts) -> [Validator]) {
        self.elect = elect
    }

    /// The same validators again.
    public static let standing = Election { $0.previous.validators }
}

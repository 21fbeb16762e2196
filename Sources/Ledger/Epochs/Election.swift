import Chain

/// What an election may know.
public struct ElectionFacts: Sendable {
    /// The epoch whose set is elected.
    public let epoch: Epoch
    /// The set of the epoch before it.
    public let previous: ValidatorSet
    /// Of all validators, by the order of their operators' addresses.
    public let records: [ValidatorRecord]
    /// The same validators with their stake.
    public let contenders: [Contender]
    public let seatsMin: Int
    public let seatsMax: Int

    public init(
        epoch: Epoch, previous: ValidatorSet, records: [ValidatorRecord],
        contenders: [Contender] = [], seatsMin: Int = 1, seatsMax: Int = Limits.validatorsMax
    ) {
        self.epoch = epoch
        self.previous = previous
        self.records = records
        self.contenders = contenders
        self.seatsMin = seatsMin
        self.seatsMax = seatsMax
    }
}

/// Who votes in an epoch: a pure function, asked when the last block of the epoch two before ends.
/// An answer that is not a set leaves the set as it was: no election halts a chain.
public struct Election: Sendable {
    public let elect: @Sendable (ElectionFacts) -> [Validator]

    public init(_ elect: @escaping @Sendable (ElectionFacts) -> [Validator]) {
        self.elect = elect
    }

    /// By stake, with capped power and bounded churn (staking.md 1).
    public static let byStake = Election { facts in
        StakeElection.elect(
            facts.contenders, minimum: facts.seatsMin, maximum: facts.seatsMax)
    }

    /// The same validators again.
    public static let standing = Election { $0.previous.validators }
}

extension Election {
    /// What was elected, or nil unless it is a set of at least `countMin` validators (or as many as
    /// there were), all of whom have a record.
    func set(_ facts: ElectionFacts, countMin: UInt64) -> ValidatorSet? {
        let elected = elect(facts)
        let known = facts.records.map(\.consensusKey).sorted()
        guard UInt64(elected.count) >= min(countMin, UInt64(facts.previous.count)),
            // Keys of records were checked when they came.
            elected.allSatisfy({ known.containsSorted($0.key) }),
            let set = try? ValidatorSet(trustingKeysOf: elected)
        else { return nil }
        return set
    }
}

extension Array where Element: Comparable {
    /// Whether a sorted array has an element.
    fileprivate func containsSorted(_ element: Element) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < element {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < count && self[low] == element
    }
}

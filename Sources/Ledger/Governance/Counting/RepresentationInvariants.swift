import Chain
import Cryptography
import StateTree

extension Representation {
    /// Sums of what is lent that are not those of the parts of all positions.
    ///
    /// - Complexity: O(positions of all accounts).
    static func violations<Base: StateReader>(in state: State<Base>) -> [InvariantViolation] {
        var sums: [[UInt8]: UInt128] = [:]
        var lower = StateKeyRange.stakePositions.lower
        while let entry = state.firstEntry(from: lower, to: StateKeyRange.stakePositions.upper) {
            lower = entry.key + [0]
            // Module u16, kind u8, account.
            let account = Address(Array(entry.key[3..<35]))
            guard case .place(let place) = StakeHolding(positionKey: entry.key),
                let table = state.read(
                    .representation(.representatives(account)), as: RepresentativeTable.self)
            else { continue }
            let position: StakePosition = State<Base>.decode(entry.value)
            let share = ShareKey(place: place, generation: position.generation)
            for group in TopicGroup.allCases {
                for representative in table[group].entries {
                    let key = StateKey.representation(
                        .received(representative.account, group, share))
                    sums[key.bytes, default: 0] += representative.part(of: position.shares)
                }
            }
        }
        var violations: [InvariantViolation] = []
        lower = StateKeyRange.received.lower
        while let entry = state.firstEntry(from: lower, to: StateKeyRange.received.upper) {
            lower = entry.key + [0]
            let recorded = State<Base>.decode(entry.value, as: ReceivedShares.self).shares
            let sum = sums.removeValue(forKey: entry.key) ?? 0
            if recorded != sum { violations.append(.lent(recorded: recorded, sum: sum)) }
        }
        if let missing = sums.values.max(), missing > 0 {
            violations.append(.lent(recorded: 0, sum: missing))
        }
        return violations
    }
}

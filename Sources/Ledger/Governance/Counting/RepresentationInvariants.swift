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
        var lots = 0
        while let entry = state.firstEntry(from: lower, to: StateKeyRange.received.upper) {
            lower = entry.key + [0]
            let recorded = State<Base>.decode(entry.value, as: ReceivedShares.self).shares
            let sum = sums.removeValue(forKey: entry.key) ?? 0
            if recorded != sum { violations.append(.lent(recorded: recorded, sum: sum)) }
            // Module u16, kind u8, representative, group, kind of the place: 2 is a lot.
            if entry.key[36] == 2 { lots += 1 }
        }
        if let missing = sums.values.max(), missing > 0 {
            violations.append(.lent(recorded: 0, sum: missing))
        }
        let ordered = state.entries(in: .lentLots, limit: .max).count
        if ordered != lots {
            violations.append(.lentLots("\(ordered) of \(lots) are in the order of sizes"))
        }
        return violations + orderViolations(in: state)
    }

    /// Every lot is where its size belongs, those that wait have larger ones before them, and what
    /// is remembered of a slot is what has it.
    private static func orderViolations<Base: StateReader>(
        in state: State<Base>
    ) -> [InvariantViolation] {
        var problems: [String] = []
        var last: (lender: [UInt8], isCounted: Bool, size: LotSize)?
        var taken: Set<[UInt8]> = []
        var least: LotSize?
        for entry in state.entries(in: .lentLots, limit: .max) {
            // Module u16, kind u8, representative, group, whether it waits.
            let lender = Array(entry.key[3..<36])
            let isCounted = entry.key[36] == 0
            let account = Address(Array(lender.prefix(32)))
            let key: ShareKey = State<Base>.decode(entry.value)
            guard let group = TopicGroup(rawValue: lender[32]),
                let record = state.read(
                    .representation(.received(account, group, key)), as: ReceivedShares.self)
            else {
                problems.append("\(key) has no sum")
                continue
            }
            let size = LotSize(shares: record.shares, key: key)
            let place = RepresentationKey.lentLot(account, group, isCounted: isCounted, size)
            if StateKey.representation(place).bytes != entry.key {
                problems.append("\(key) is at a wrong place")
            }
            if isCounted != (record.slot != nil) { problems.append("\(key) counts, or not") }
            if last?.lender != lender {
                least = isCounted ? size : nil
            } else if let last, last.isCounted == isCounted,
                isCounted ? last.size >= size : last.size <= size
            {
                problems.append("\(key) is out of order")
            }
            if !isCounted, let least, least < size {
                problems.append("\(key) waits and is larger than one that counts")
            }
            last = (lender, isCounted, size)
            guard let slot = record.slot else { continue }
            if !taken.insert(lender + [UInt8(slot >> 8), UInt8(slot & 0xff)]).inserted {
                problems.append("two are in slot \(slot)")
            }
            let trace: ReceivedTrace? = Staking.past(Height(.max), in: state) {
                .representation(.receivedTrace(account, group, slot: slot, $0))
            }
            if trace != ReceivedTrace(key: key, shares: record.shares) {
                problems.append("slot \(slot) is remembered with something else")
            }
        }
        return problems.map { .lentLots($0) }
    }
}

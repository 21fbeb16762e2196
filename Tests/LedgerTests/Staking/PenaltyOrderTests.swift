import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// What an incident costs does not depend on the order in which its evidence comes out, nor on who
/// reports which part of it first (staking.md 4).
@Suite struct PenaltyOrderTests {
    private static let bond: UInt64 = 1_000_000_000
    /// Three who collude: they had next to no power in epoch 2, a tenth more in each after.
    private static let election = Election { facts in
        let powers: [UInt64] =
            switch facts.epoch.value {
            case 2: [1, 1, 1, 97]
            case 3: [11, 11, 11, 67]
            case 4: [5, 5, 5, 85]
            default: [25, 25, 25, 25]
            }
        return powers.enumerated().map {
            Validator(key: EpochWorld.key($0.offset), power: $0.element)
        }
    }

    private struct Offence: Hashable {
        let validator: Int
        let epoch: UInt64
    }

    /// A world in epoch 5, in which a third of what people delegated to each who colludes left in
    /// each of the epochs 1 to 3.
    private func world() throws -> EpochWorld {
        var world = try EpochWorld(epochLength: 7, election: Self.election) {
            try $0.set("staking.unbonding", to: .integer(10 * Milliseconds.minute))
        }
        func send(_ action: (Address) -> StakingAction) throws {
            let person = EpochWorld.people[2]
            let account = Queries.account(person.address, over: world.state)
            let actions = try (0..<3).map {
                let key = EpochWorld.key($0)
                let validator = try #require(
                    world.genesis.validators.first { $0.consensusKey == key })
                return Action.staking(action(validator.operatorAddress))
            }
            let transaction = Transaction(
                chainID: world.genesis.chainID, sender: person.address,
                sequence: account.sequence, lane: 0, validUntil: Height(10_000),
                maxFee: Amount(1_000_000), gasLimit: 10_000_000, actions: actions)
            let signed = SignedTransaction(transaction: transaction, signatures: [person.mark])
            let block = try world.append([signed])
            #expect(block.block.body.transactions.count == 1)
        }
        try send { .delegate(validator: $0, amount: Amount(600_000_000)) }
        for epoch in 1...3 as ClosedRange<UInt64> {
            try world.advance(to: Epoch(epoch))
            try send { .undelegate(from: .pool($0), amount: .tokens(Amount(200_000_000))) }
        }
        try world.advance(to: Epoch(5))
        try world.append()
        return world
    }

    /// What each record has that could be cut, and what each offence has cost.
    private struct Outcome {
        var amounts: [UInt64]
        var penalties: [Penalty]
        /// The epoch of each offence.
        var epochs: [Epoch]

        init(_ world: EpochWorld) throws {
            let state = State(over: world.state)
            amounts = []
            for index in 0..<4 {
                let operatorAddress: Address = try #require(
                    state.read(.operatorOfKey(EpochWorld.key(index))))
                amounts.append(Staking.bonded(with: operatorAddress, in: state).value)
                let buckets = state.entries(
                    in: .buckets(of: operatorAddress, from: .zero), limit: .max)
                for bucket in buckets {
                    let record: ShareRecord = State<MemoryState>.decode(bucket.value)
                    amounts.append(UInt64(record.amount))
                }
            }
            penalties = state.entries(in: .penalties(from: Timestamp(0)), limit: .max)
                .map { State<MemoryState>.decode($0.value, as: Penalty.self) }
                .sorted { $0.key < $1.key }
            epochs = try penalties.map {
                try #require(Queries.offence(of: $0.key, over: world.state)).epoch
            }
        }
    }

    private static func orders<Element>(of elements: [Element]) -> [[Element]] {
        guard elements.count > 1 else { return [elements] }
        return elements.indices.flatMap { index -> [[Element]] in
            var rest = elements
            let first = rest.remove(at: index)
            return orders(of: rest).map { [first] + $0 }
        }
    }

    /// Reports offences in every order, and compares what they cost with what the first order does.
    private func check(_ offences: [Offence], inOneBlock: Bool, part: UInt64) throws {
        let start = try world()
        let entries = try offences.map {
            try start.evidence(against: $0.validator, epoch: Epoch($0.epoch))
        }
        let before = try Outcome(start)
        // A pool and what left in epochs 1, 2 and 3, of three; and a pool.
        #expect(before.amounts.count == 13)
        var first: Outcome?
        for order in Self.orders(of: entries) {
            var world = start
            if inOneBlock {
                try world.append(evidence: order)
            } else {
                for entry in order { try world.append(evidence: [entry]) }
            }
            let outcome = try Outcome(world)
            let expected = first ?? outcome
            first = expected
            #expect(outcome.penalties == expected.penalties)
            #expect(outcome.penalties.allSatisfy { $0.cut == part })
            #expect(outcome.epochs == expected.epochs)
            // Each cut rounds up, and so does each fraction: a unit or two each.
            let isSame = zip(outcome.amounts, expected.amounts).allSatisfy { found, wanted in
                max(found, wanted) - min(found, wanted) <= UInt64(3 * offences.count)
            }
            #expect(isSame, "\(outcome.amounts) instead of \(expected.amounts)")
            #expect(Invariants.violations(over: world.state).isEmpty)
            guard isSame else { return }
        }
        let last = try #require(first)
        for (found, whole) in zip(last.amounts, before.amounts) where found < whole {
            let lost = UInt128(whole) * UInt128(part) / 1_000_000_000
            let left = whole - UInt64(truncatingIfNeeded: lost)
            #expect(max(found, left) - min(found, left) <= 20)
        }
    }

    @Test func `no order of evidence makes an incident cheaper`() throws {
        let offences =
            (0..<2).flatMap { validator in
                [2, 3].map { Offence(validator: validator, epoch: $0) }
            } + [Offence(validator: 2, epoch: 3)]
        // (3 · 33 %)².
        try check(offences, inOneBlock: true, part: 980_100_000)
    }

    @Test func `each order of three epochs cuts the same records by the same part`() throws {
        let offences =
            [2, 3, 4].map { Offence(validator: 0, epoch: $0) }
            + [3, 4].map { Offence(validator: 1, epoch: $0) }
        // (3 · 22 %)².
        try check(offences, inOneBlock: false, part: 435_600_000)
    }

    @Test func `evidence that proves neither an earlier epoch nor a larger share is refused`()
        throws
    {
        var world = try world()
        func isTaken(_ validator: Int, _ epoch: UInt64) throws -> Bool {
            let entry = try world.evidence(against: validator, epoch: Epoch(epoch))
            let body = try world.append(evidence: [entry]).block.body
            return body.evidence == [entry]
        }
        #expect(try isTaken(0, 4))
        #expect(try !isTaken(0, 4))
        #expect(try isTaken(0, 3))
        // Earlier, with less: the epoch goes down, and the share stays.
        #expect(try isTaken(0, 2))
        for epoch in [2, 3, 4] as [UInt64] { #expect(try !isTaken(0, epoch)) }

        #expect(try isTaken(1, 2))
        let opened = try #require(Queries.offence(of: EpochWorld.key(1), over: world.state))
        #expect(try isTaken(1, 4))
        #expect(try isTaken(1, 3))
        for epoch in [2, 3, 4] as [UInt64] { #expect(try !isTaken(1, epoch)) }
        // What was proven of the earliest epoch stays.
        #expect(Queries.offence(of: EpochWorld.key(1), over: world.state) == opened)
        let shares = try Outcome(world).penalties.map(\.share)
        #expect(shares == [110_000_000, 110_000_000])
    }
}

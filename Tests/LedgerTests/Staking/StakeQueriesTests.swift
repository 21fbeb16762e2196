import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// What people are told of stake, against what then happens.
@Suite struct StakeQueriesTests {
    private static let alice = EpochWorld.people[0]
    private static let bob = EpochWorld.people[1]

    private func world(unbonding: UInt64 = 130_000) throws -> EpochWorld {
        try EpochWorld(validators: 4, epochLength: 10, election: .byStake) { parameters in
            try parameters.set("staking.unbonding", to: .integer(unbonding))
        }
    }

    private func point(_ world: EpochWorld) -> ChainPoint {
        ChainPoint(height: world.head.height, time: world.head.timestamp)
    }

    private func send(
        _ actions: [StakingAction], by person: Person = alice, on world: inout EpochWorld
    ) throws {
        let sequence = Queries.account(person.address, over: world.state).sequence
        let transaction = Transaction(
            chainID: world.genesis.chainID, sender: person.address, sequence: sequence,
            validUntil: world.head.height.advanced(by: 100), maxFee: Amount(3_000_000),
            gasLimit: 3_000_000, actions: actions.map { .staking($0) }, memo: [])
        let signed = SignedTransaction(transaction: transaction, signatures: [person.mark])
        let block = try world.append([signed])
        try #require(block.execution.receipts.first?.status == .ok)
    }

    private func validator(_ world: EpochWorld, _ index: Int = 0) -> Address {
        world.genesis.validators[index].operatorAddress
    }

    private func draft(_ world: EpochWorld) -> ValidatorDraft {
        let key = SigningKey(seed: [UInt8](repeating: 90, count: 32))
        return ValidatorDraft(
            consensusKey: ProvenKey(
                key, chainID: world.genesis.chainID, operatorAddress: Self.alice.address),
            profile: ValidatorProfile(
                networkKey: Person(91).key, endpoint: "", moniker: "new"),
            commission: 100, selfBond: Amount(500_000_000))
    }

    @Test func `the forecast is what the election then gives, and seats move up by epoch`() throws {
        var world = try world()
        try send([.createValidator(draft(world))], on: &world)
        try send(
            [.delegate(validator: Self.alice.address, amount: Amount(7_000_000))],
            by: Self.bob, on: &world)
        let record = try #require(
            Queries.validator(operator: Self.alice.address, over: world.state))
        let before = StakeQueries.validator(record, over: world.state)
        #expect(before.seat == nil)
        #expect(before.nextSeat == nil)
        let forecast = try #require(before.forecastSeat)
        #expect(forecast.epoch == Epoch(2))
        #expect(forecast.power == 507_000_000)
        try world.advance(to: Epoch(1))
        let set = try #require(Queries.validatorSet(of: Epoch(2), over: world.state))
        let after = StakeQueries.validator(record, over: world.state)
        #expect(after.nextSeat == forecast)
        #expect(set.validator(at: forecast.index)?.power == forecast.power)
        #expect(set.totalPower == forecast.totalPower)
        try world.advance(to: Epoch(2))
        #expect(StakeQueries.validator(record, over: world.state).seat == forecast)
    }

    @Test func `validators are listed once each, whatever the page`() throws {
        let world = try world()
        var found: [Address] = []
        var cursor: Address?
        repeat {
            let page = StakeQueries.validators(after: cursor, limit: 3, over: world.state)
            found += page.map(\.record.operatorAddress)
            cursor = page.last?.record.operatorAddress
        } while cursor.map { StakeQueries.hasValidators(after: $0, over: world.state) } == true
        #expect(found == Queries.validators(over: world.state).map(\.operatorAddress))
        #expect(StakeQueries.validators(limit: 0, over: world.state).isEmpty)
        #expect(StakeQueries.validators(limit: -1, over: world.state).isEmpty)
    }

    @Test func `a time is an estimate until its epoch has ended, and then exact`() throws {
        var world = try world()
        try send([.delegate(validator: validator(world), amount: Amount(50_000_000))], on: &world)
        try send(
            [
                .undelegate(
                    from: .pool(validator(world)), amount: .tokens(Amount(20_000_000)))
            ], on: &world)
        func bucket() throws -> HoldingView {
            let all = StakeQueries.holdings(
                of: Self.alice.address, limit: 10, at: point(world), over: world.state)
            return try #require(all.first { $0.release != nil })
        }
        // Left in epoch 0: free when epoch 1 ended more than 130 s ago.
        try world.advance(to: Epoch(1))
        let guess = try #require(try bucket().release)
        #expect(guess.exit == .zero)
        #expect(guess.expected.isEstimate)
        try world.advance(to: Epoch(2))
        let exact = try #require(try bucket().release)
        let end = try #require(Queries.epochRecord(Epoch(1), over: world.state)?.endTime)
        #expect(!exact.expected.isEstimate)
        #expect(exact.expected.time == end.advanced(by: 130_001))
        // Blocks came each second all the time, so that the estimate was right to a second.
        #expect(guess.expected.time.advanced(by: 1) == exact.expected.time)
        #expect(try bucket().value == Amount(20_000_000))
        while world.head.timestamp < exact.expected.time {
            #expect(try bucket().release?.isFree == false)
            try world.append(after: 7_000)
        }
        #expect(try bucket().release?.isFree == true)
        try send([.claim], on: &world)
        let rest = StakeQueries.summary(
            of: Self.alice.address, at: point(world), over: world.state)
        #expect(rest.unbonding == .zero)
        // What the validator earned meanwhile is above it.
        #expect(rest.bonded > Amount(30_000_000) && rest.bonded < Amount(30_100_000))
    }

    @Test func `what would leave now gets what then leaves`() throws {
        var world = try world()
        try send([.delegate(validator: validator(world), amount: Amount(50_000_000))], on: &world)
        let told = StakeQueries.staking(at: point(world), over: world.state)
        #expect(told.epoch == .zero)
        #expect(told.record.last == Height(10))
        #expect(told.bonded == Amount(4_050_000_000))
        try send(
            [.undelegate(from: .pool(validator(world)), amount: .all)], on: &world)
        let all = StakeQueries.holdings(
            of: Self.alice.address, limit: 10, at: point(world), over: world.state)
        #expect(all.map(\.release?.exit) == [told.release.exit])
        try world.advance(to: Epoch(2))
        let end = try #require(Queries.epochRecord(Epoch(1), over: world.state)?.endTime)
        let error = told.release.expected.time.value.distance(
            to: end.advanced(by: 130_001).value)
        #expect(abs(error) <= 20_000)
    }

    @Test func `moved stake is told with where it came from, and counts at once`() throws {
        var world = try world()
        let (from, to) = (validator(world, 0), validator(world, 1))
        try send([.delegate(validator: from, amount: Amount(50_000_000))], on: &world)
        try send(
            [
                .redelegate(from: .pool(from), to: to, amount: .tokens(Amount(20_000_000))),
                .setMode(validator: from, .paying),
            ], on: &world)
        let all = StakeQueries.holdings(
            of: Self.alice.address, limit: 10, at: point(world), over: world.state)
        #expect(all.map(\.holding.validator) == [from, to])
        #expect(all.map(\.holding.origin?.validator) == [nil, from])
        #expect(all.map(\.value) == [Amount(30_000_000), Amount(20_000_000)])
        #expect(all.map(\.principal) == [Amount(30_000_000), nil])
        #expect(all.map(\.isVoid) == [false, false])
        let sums = StakeQueries.summary(
            of: Self.alice.address, at: point(world), over: world.state)
        #expect(sums.bonded == Amount(50_000_000))
        #expect(sums.votingPower == 50_000_000)
        #expect(sums.records == 2)
        let next = StakeQueries.holdings(
            of: Self.alice.address, after: all[0].holding, limit: 10, at: point(world),
            over: world.state)
        #expect(next == [all[1]])
    }

    @Test func `what a cut left nothing of is told as lost`() throws {
        var world = try world()
        let target = validator(world, 3)
        try send([.delegate(validator: target, amount: Amount(50_000_000))], on: &world)
        // Two of four offend at once: the fraction is the whole.
        let evidence = [
            try world.evidence(against: 3), try world.evidence(against: 2),
        ]
        try world.append(evidence: evidence)
        let all = StakeQueries.holdings(
            of: Self.alice.address, limit: 10, at: point(world), over: world.state)
        #expect(all.map(\.isVoid) == [true])
        #expect(all.map(\.value) == [.zero])
        let record = try #require(Queries.validator(operator: target, over: world.state))
        let view = StakeQueries.validator(record, over: world.state)
        #expect(view.offences.count == 1)
        #expect(view.weight == 0)
        #expect(view.record.isBarred)

        // What was cut is held, and told by page.
        let held = StakeQueries.escrows(limit: 100, over: world.state)
        #expect(held.count >= 2)
        #expect(held.reduce(0) { $0 + $1.escrow.amount.value } == 2_050_000_000)
        var paged: [EscrowView] = []
        while let next = StakeQueries.escrows(
            after: paged.last?.id, limit: 1, over: world.state
        ).first {
            paged.append(next)
        }
        #expect(paged == held)
        let offences = Queries.offences(over: world.state)
        #expect(offences.count == 2)
        #expect(Queries.offences(after: offences[0].key, over: world.state) == [offences[1]])
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Offences of one validator with several keys, and of many in one block (staking.md 4).
@Suite struct PenaltyTests {
    private static let bond: UInt64 = 1_000_000

    private func world() throws -> StakeWorld {
        var world = try StakeWorld(
            validators: 4, accounts: 2, unbonding: 21 * Milliseconds.day, selfBond: Self.bond)
        world.advance()
        return world
    }

    private func key(_ number: Int) -> PublicKey {
        PublicKey([7, UInt8(number >> 8), UInt8(number & 0xff)] + [UInt8](repeating: 9, count: 29))
    }

    /// Proves an offence of a key, with its part of the power in percent.
    private func offend(
        _ validator: Int, key number: Int, percent: UInt64, epoch: Epoch = .zero,
        in world: inout StakeWorld
    ) {
        let key = key(number)
        let known: OffenceRecord? = world.state.read(.offence(key))
        var offence =
            known
            ?? OffenceRecord(
                operatorAddress: world.validators[validator], evidence: StakeSample.evidence,
                height: world.height, time: Timestamp(world.now), reporter: world.accounts[4])
        offence.epoch = known.map { min($0.epoch, epoch) } ?? epoch
        world.state.write(.offence(key), offence)
        Staking.punish(
            offence, key: key, known: known, power: (percent, 100), world.block,
            rules: world.rules, in: &world.state)
        Staking.raisePenalties(world.block, rules: world.rules, in: &world.state)
        world.advance()
    }

    private func bonded(_ validator: Int, _ world: StakeWorld) -> UInt64 {
        Staking.bonded(with: world.validators[validator], in: world.state).value
    }

    @Test func `a validator that fabricates evidence for many keys loses as for one`() throws {
        var world = try world()
        try world.delegate(Self.bond, to: 0, by: 5)
        for number in 0..<34 {
            offend(0, key: number, percent: 1, in: &world)
        }
        #expect(bonded(0, world) == 2 * Self.bond * 95 / 100)
        // And whoever slips beside it loses no more than alone.
        offend(1, key: 100, percent: 1, in: &world)
        #expect(bonded(1, world) == Self.bond * 95 / 100)
        #expect(Staking.violations(in: world.state).isEmpty)
        #expect(world.isSupplyKept)
    }

    @Test(arguments: [[5, 20, 10], [20, 10, 5], [10, 5, 20]] as [[UInt64]])
    func `of the keys of a validator the one with the largest share counts`(
        percents: [UInt64]
    ) throws {
        var world = try world()
        for (number, percent) in percents.enumerated() {
            offend(0, key: number, percent: percent, in: &world)
        }
        // (3 · 20 %)²; each of the cuts rounds once.
        #expect((639_996...640_000).contains(bonded(0, world)))
        offend(1, key: 100, percent: 10, in: &world)
        // (3 · 30 %)².
        for validator in 0..<2 {
            #expect((189_996...190_000).contains(bonded(validator, world)))
        }
    }

    @Test func `another key with an earlier epoch cuts what left before, once`() throws {
        var world = try world()
        try world.delegate(Self.bond, to: 0, by: 5)
        try world.undelegate(Self.bond, from: .pool(world.validators[0]), by: 5)
        let bucket = BucketID(validator: world.validators[0], exit: world.clock.exit)
        for _ in 0..<3 { world.endEpoch() }
        func left() -> UInt64 { world.worth(of: 5, in: .bucket(bucket)) }
        offend(0, key: 0, percent: 20, epoch: Epoch(3), in: &world)
        #expect(left() == Self.bond)
        #expect(bonded(0, world) == 640_000)
        offend(0, key: 1, percent: 20, epoch: Epoch(1), in: &world)
        #expect(left() == 640_000)
        offend(0, key: 2, percent: 20, epoch: Epoch(2), in: &world)
        offend(0, key: 0, percent: 20, epoch: Epoch(1), in: &world)
        #expect(left() == 640_000)
        #expect(bonded(0, world) == 640_000)
        // What raises the part raises it for all that is liable for the earliest.
        offend(0, key: 3, percent: 30, epoch: Epoch(3), in: &world)
        #expect((189_998...190_000).contains(left()))
        #expect((189_998...190_000).contains(bonded(0, world)))
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `moving spared stake about does not save it from an earlier epoch`() throws {
        var world = try world()
        try world.delegate(Self.bond, to: 0, by: 5)
        try world.redelegate(Self.bond, from: .pool(world.validators[0]), to: 1, by: 5)
        var lot = LotID(
            validator: world.validators[1],
            origin: StakeOrigin(validator: world.validators[0], exit: world.clock.exit))
        let first = lot.origin.exit.advanced(by: 1)
        for _ in 0..<4 { world.endEpoch() }
        offend(0, key: 0, percent: 1, epoch: first.advanced(by: 2), in: &world)
        #expect(world.worth(of: 5, in: .place(.lot(lot))) == Self.bond)
        // Out and in again, which costs nothing, in this epoch and in a later one.
        for _ in 0..<2 {
            let stake = StakeAmount.all
            try Staking.undelegate(
                stake, from: .lot(lot), world.context(5), in: &world.state)
            let origin = StakeOrigin(validator: lot.origin.validator, exit: first)
            let bucket = BucketID(
                validator: lot.validator, exit: world.clock.exit, origin: origin)
            #expect(world.worth(of: 5, in: .bucket(bucket)) == Self.bond)
            try Staking.cancel(stake, of: bucket, world.context(5), in: &world.state)
            lot = LotID(validator: lot.validator, origin: origin)
            world.endEpoch()
        }
        // It is proven liable for this one only: cut as everybody was, and once.
        for epoch in [first, first, .zero] {
            offend(0, key: 0, percent: 1, epoch: epoch, in: &world)
            #expect(world.worth(of: 5, in: .place(.lot(lot))) == Self.bond * 95 / 100)
        }
    }

    @Test func `evidence about an old key counts with its own penalty`() throws {
        var world = try world()
        offend(0, key: 0, percent: 1, epoch: Epoch(1), in: &world)
        var record = try Staking.record(of: world.validators[0], in: world.state)
        record.jail = nil
        record.status = .candidate
        world.state.write(.validator(world.validators[0]), record)
        offend(0, key: 1, percent: 10, epoch: Epoch(5), in: &world)
        let bonded = bonded(0, world)
        // It is no news for the old key, and cuts nothing of what the new one's was cut by.
        let known: OffenceRecord = try #require(world.state.read(.offence(key(0))))
        let share = Staking.share(of: known, world.block, rules: world.rules, in: world.state)
        #expect(share.value == 10_000_000)
        offend(0, key: 0, percent: 1, epoch: .zero, in: &world)
        #expect(self.bonded(0, world) == bonded)
        // However long ago it was.
        world.advance(by: 60 * Milliseconds.day)
        let later = Staking.share(of: known, world.block, rules: world.rules, in: world.state)
        #expect(later.value == 10_000_000)
    }

    @Test func `who comes back and offends again pays again`() throws {
        var world = try world()
        offend(0, key: 0, percent: 1, in: &world)
        #expect(bonded(0, world) == 950_000)
        var record = try Staking.record(of: world.validators[0], in: world.state)
        record.jail = nil
        record.status = .candidate
        world.state.write(.validator(world.validators[0]), record)
        offend(0, key: 1, percent: 1, in: &world)
        #expect(bonded(0, world) == 902_500)
        // What comes out now belongs to the second time.
        offend(0, key: 2, percent: 1, in: &world)
        #expect(bonded(0, world) == 902_500)
    }

    @Test func `nobody takes its part out of a later incident by an early one`() throws {
        var world = try world()
        // One after the other, each alone in its week.
        for validator in 0..<3 {
            offend(validator, key: validator, percent: 11, in: &world)
            world.advance(by: Staking.incidentWindow)
        }
        for validator in 0..<3 { #expect(bonded(validator, world) == 891_100) }
        // What they did together, with other keys or the same with more power.
        for validator in 0..<2 {
            offend(validator, key: 10 + validator, percent: 11, in: &world)
        }
        offend(2, key: 2, percent: 12, in: &world)
        for validator in 0..<3 {
            // (3 · 34 %)² is everything.
            #expect(bonded(validator, world) == 0)
        }
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `a block slashes each validator once, however many offences it proves`() throws {
        var world = try EpochWorld(validators: 20, epochLength: 9)
        try world.append()
        let entries = try (0..<16).map { try world.evidence(against: $0) }
        let block = try world.append(evidence: entries)
        #expect(block.block.body.evidence.count == 16)
        let slashed = block.execution.blockEvents.compactMap { event -> Address? in
            guard case .staking(.slashed(let validator, _, _)) = event else { return nil }
            return validator
        }
        #expect(slashed.count == 16)
        #expect(Set(slashed).count == 16)
        // (3 · 80 %)² is everything.
        for validator in slashed {
            #expect(Queries.stake(of: validator, over: world.state).bonded == .zero)
        }
        // A later block cuts nothing again.
        let next = try world.append()
        #expect(
            next.execution.blockEvents.allSatisfy { event in
                if case .staking(.slashed) = event { return false }
                return true
            })
        #expect(Invariants.violations(over: world.state).isEmpty)
    }
}

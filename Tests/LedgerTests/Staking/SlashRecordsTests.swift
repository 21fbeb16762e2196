import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// How many records are liable for a validator (staking.md 2 and 4).
@Suite struct SlashRecordsTests {
    private static let half: UInt64 = 500_000_000

    private func bucket(_ world: StakeWorld, from source: Int, exit: UInt64) -> BucketID {
        BucketID(
            validator: world.validators[0], exit: Epoch(exit),
            origin: StakeOrigin(validator: world.validators[source], exit: Epoch(exit)))
    }

    private func lot(_ world: StakeWorld, from source: Int, exit: UInt64) -> StakePlace {
        .lot(
            LotID(
                validator: world.validators[0],
                origin: StakeOrigin(validator: world.validators[source], exit: Epoch(exit))))
    }

    private func buckets(of validator: Int, _ world: StakeWorld) -> [BucketID] {
        world.state.entries(
            in: .buckets(of: world.validators[validator], from: .zero), limit: .max
        ).compactMap { BucketID(bucketKey: $0.key) }
    }

    @Test func `a validator has one bucket for each source and exit, whoever moved when`() throws {
        let epochs = 8
        var world = try StakeWorld(validators: 3, accounts: epochs, unbonding: 60_000)
        for epoch in 0..<epochs {
            let account = 3 + epoch
            for source in 1...2 {
                try world.delegate(1_000, to: source, by: account)
                try world.redelegate(
                    nil, from: .pool(world.validators[source]), to: 0, by: account)
                for earlier in 0...epoch {
                    try world.undelegate(
                        10, from: lot(world, from: source, exit: UInt64(earlier)),
                        by: 3 + earlier)
                }
            }
            #expect(world.difference() == nil)
            world.endEpoch()
        }
        // 2 · 36 records if each told when its stake had moved.
        #expect(buckets(of: 0, world).count == 2 * epochs)
        _ = world.slash(1, for: Epoch(3), billionths: Self.half)
        #expect(world.difference() == nil)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `who leaves a lot stays liable for both validators up to the same epoch`() throws {
        var world = try StakeWorld(validators: 3, accounts: 1, unbonding: 60_000)
        try world.delegate(8_000, to: 1, by: 3)
        try world.redelegate(nil, from: .pool(world.validators[1]), to: 0, by: 3)
        for _ in 0..<4 { world.endEpoch() }
        let place = lot(world, from: 1, exit: 0)
        try world.undelegate(4_000, from: place, by: 3)
        let left = bucket(world, from: 1, exit: 4)
        func worth(_ holding: StakeHolding) -> UInt64 { world.worth(of: 3, in: holding) }
        #expect(worth(.bucket(left)) == 4_000)
        for _ in 0..<3 { world.endEpoch() }
        // It left the set of epoch 6 with its second exit.
        for validator in 0..<2 {
            _ = world.slash(validator, for: Epoch(6), billionths: Self.half)
            #expect(worth(.bucket(left)) == 4_000)
        }
        #expect(worth(.place(place)) == 2_000)
        _ = world.slash(1, for: Epoch(5), billionths: Self.half)
        #expect(worth(.bucket(left)) == 2_000)
        // What rests in the lot left its source in epoch 0.
        #expect(worth(.place(place)) == 2_000)
        _ = world.slash(0, for: Epoch(5), billionths: Self.half)
        #expect(worth(.bucket(left)) == 1_000)
        // Back in a lot it keeps what it is liable for.
        try world.cancel(nil, of: left, by: 3)
        #expect(worth(.place(lot(world, from: 1, exit: 4))) == 1_000)
        #expect(world.difference() == nil)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `an exit period that became shorter takes no liability away`() throws {
        var world = try StakeWorld(
            validators: 2, accounts: 1, unbonding: 60_000, exitPeriod: 24)
        try world.delegate(1_000, to: 1, by: 2)
        try world.redelegate(nil, from: .pool(world.validators[1]), to: 0, by: 2)
        try world.parameters.set("staking.exitPeriod", to: .integer(1))
        world.endEpoch()
        try world.undelegate(nil, from: lot(world, from: 1, exit: 23), by: 2)
        let id = BucketID(
            validator: world.validators[0], exit: Epoch(1),
            origin: StakeOrigin(validator: world.validators[1], exit: Epoch(23)))
        #expect(world.worth(of: 2, in: .bucket(id)) == 1_000)
        #expect(world.difference() == nil)
    }
}

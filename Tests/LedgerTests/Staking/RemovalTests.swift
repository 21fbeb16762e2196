import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// How often a state was read.
private final class ReadCount {
    var value = 0
}

private struct CountingState: StateReader {
    let base: MemoryState
    let reads = ReadCount()

    var root: TreeRoot { base.root }

    func node(_ key: NodeKey) -> [UInt8]? { base.node(key) }

    func value(for key: [UInt8]) -> [UInt8]? {
        reads.value += 1
        return base.value(for: key)
    }

    func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        reads.value += 1
        return base.firstEntry(from: lower, to: upper)
    }
}

/// When the record of a validator that leaves goes.
@Suite struct RemovalTests {
    /// A validator that begins to leave.
    ///
    /// - Parameters:
    ///   - idle: epochs in which nothing happens.
    ///   - exits: in how many epochs stake left, one after the other.
    private func world(idle: Int = 0, exits: Int) throws -> StakeWorld {
        var world = try StakeWorld(validators: 2, accounts: 1)
        for _ in 0..<idle { world.endEpoch() }
        for _ in 0..<exits {
            // More than one account may have, and never fetched.
            let bucket = BucketID(validator: world.validators[0], exit: world.clock.exit)
            Staking.setBucket(
                ShareRecord(generation: 1, amount: 1, shares: 1), bucket, in: &world.state)
            world.endEpoch()
        }
        try Staking.leave(world.context(0), in: &world.state)
        return world
    }

    private func endEpoch<Base: StateReader>(
        _ world: StakeWorld, in state: inout State<Base>
    ) throws {
        let records = world.validators.compactMap {
            state.read(.validator($0), as: ValidatorRecord.self)
        }
        let set = try ValidatorSet([
            Validator(key: records[records.count - 1].consensusKey, power: 1)
        ])
        Staking.endEpoch(records, elected: set, next: set, world.clock, in: &state)
    }

    /// How often the end of epoch 202 reads the state, while the last exits wait.
    private func reads(exits: Int) throws -> Int {
        var world = try world(idle: 200 - exits, exits: exits)
        for _ in 0..<2 { world.endEpoch() }
        var base = MemoryState()
        base.apply(StateTree.apply(world.state.takeWrites(), version: 1, over: base))
        let counting = CountingState(base: base)
        var state = State(over: counting)
        counting.reads.value = 0
        try endEpoch(world, in: &state)
        return counting.reads.value
    }

    @Test func `what a validator's old buckets are does not matter to the end of an epoch`() throws
    {
        let few = try reads(exits: 2)
        let many = try reads(exits: 200)
        #expect(few > 0)
        #expect(many <= few + 2, "\(many) reads instead of \(few)")
    }

    @Test func `a validator goes when its last bucket is free, and not one millisecond before`()
        throws
    {
        var world = try world(exits: 3)
        let exit = world.clock.exit
        func isGone() throws -> Bool {
            var state = world.state
            try endEpoch(world, in: &state)
            return !state.contains(.validator(world.validators[0]))
        }
        world.endEpoch()
        #expect(try !isGone())
        world.endEpoch()
        let end = try #require(world.oracle.ends[exit.value + 1])
        world.now = end + 4_500
        #expect(try !isGone())
        world.now += 1
        #expect(try isGone())
        // A jail holds it, and so does a pool that is not empty.
        var record = try Staking.record(of: world.validators[0], in: world.state)
        record.jail = Jail(reason: .equivocation, until: Timestamp(world.now + 1))
        world.state.write(.validator(world.validators[0]), record)
        #expect(try !isGone())
        world.now += 1
        #expect(try isGone())
    }
}

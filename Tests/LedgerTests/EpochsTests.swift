import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct EpochsTests {
    /// Six of twelve validators, another window of them every epoch.
    private static func window(step: Int) -> Election {
        Election { facts in
            let start = Int(facts.epoch.value) * step
            return (0..<6).map { index in
                Validator(key: facts.records[(start + index) % 12].consensusKey, power: 1_000)
            }
        }
    }

    @Test(arguments: [(0, 6), (2, 4), (4, 2), (6, 0)])
    func `S20 sets follow the election two epochs later, whatever they share`(
        _ step: Int, _ shared: Int
    ) throws {
        var world = try EpochWorld(
            validators: 12, epochLength: 3, election: EpochsTests.window(step: step))
        var sets = [world.instance.validators, world.instance.validators]
        while world.epoch < Epoch(6) {
            let epoch = world.epoch
            let block = try world.append().block
            #expect(block.header.setHash == sets[Int(epoch.value)].hash)
            #expect(block.header.nextSetHash == sets[Int(epoch.value) + 1].hash)
            guard world.epoch > epoch else { continue }
            let elected = try #require(
                Queries.validatorSet(of: epoch.advanced(by: 2), over: world.state))
            sets.append(elected)
            #expect(world.instance.validators == sets[Int(epoch.value) + 1])
        }
        for (before, after) in zip(sets.dropFirst(2), sets.dropFirst(3)) {
            let keys = before.validators.map(\.key)
            #expect(after.validators.count { keys.contains($0.key) } == shared)
        }
    }

    @Test func `heights of epoch e run from e·L + 1 to (e + 1)·L`() throws {
        var world = try EpochWorld(epochLength: 5)
        var bases = [world.genesis.summary]
        for height in 1...23 as ClosedRange<UInt64> {
            let epoch = (height - 1) / 5
            #expect(world.epoch == Epoch(epoch))
            let header = try world.append(after: 700 + height).block.header
            #expect(header.epoch == Epoch(epoch))
            #expect(header.height == Height(height))
            if height % 5 == 0 { bases.append(world.head) }
        }
        for epoch in 0...5 as ClosedRange<UInt64> {
            let record = try #require(Queries.epochRecord(Epoch(epoch), over: world.state))
            #expect(record.first == Height(epoch * 5 + 1))
            #expect(record.last == Height(epoch * 5 + 5))
            let hasBegun = epoch <= 4
            #expect((record.start != nil) == hasBegun)
            #expect(record.base?.hash == (hasBegun ? bases[Int(epoch)].hash : nil))
            #expect(record.base?.view == (hasBegun ? .zero : nil))
            #expect(record.base?.timestamp == (hasBegun ? bases[Int(epoch)].timestamp : nil))
            #expect(record.endTime == (epoch < 4 ? bases[Int(epoch) + 1].timestamp : nil))
        }
        #expect(Queries.epochRecord(Epoch(6), over: world.state) == nil)
    }

    @Test func `seeds and instances follow from the hashes of the boundary blocks`() throws {
        var world = try EpochWorld(epochLength: 2)
        var seed = Digest(.seed, world.genesis.hash.bytes)
        var base = world.genesis.hash
        for epoch in 0...4 as ClosedRange<UInt64> {
            if epoch > 0 { seed = Digest(.seed, seed, base) }
            // Written out, and not by the type that is tested.
            let name = Array(world.genesis.chainID.text.utf8)
            var writer = ByteWriter()
            writer.write(UInt8(name.count))
            writer.writeBytes(name)
            writer.write(epoch)
            writer.write(base)
            writer.write(world.instance.validators.hash)
            let id = Digest(.instance, writer.bytes)
            #expect(world.instance.seed == seed)
            #expect(world.instance.id == id)
            try world.append()
            let record = Queries.epochRecord(Epoch(epoch), over: world.state)
            #expect(record?.seed == seed)
            #expect(record?.instance == id)
            try world.append()
            base = world.head.hash
        }
    }

    @Test func `a decided length is felt in the epoch after the next`() throws {
        var chain = TestChain(
            try EpochWorld(epochLength: 10).genesis)
        var parameters = chain.rules.parameters
        try parameters.set("consensus.epochLength", to: .integer(3))
        let decided = parameters
        chain.edit { $0.write(.parameters, decided) }
        while chain.height < Height(27) {
            try chain.append(epoch: Queries.epoch(over: chain.state))
        }
        let lasts: [UInt64] = [10, 20, 23, 26, 29, 32]
        for (index, last) in lasts.enumerated() {
            let record = Queries.epochRecord(Epoch(UInt64(index)), over: chain.state)
            #expect(record?.last == Height(last))
        }
    }

    @Test func `SEC-21 all that consensus needs comes with the state`() throws {
        var world = try EpochWorld(
            validators: 12, epochLength: 3, election: EpochsTests.window(step: 2))
        for _ in 0..<22 {
            try world.append()
            // A node that received the entries alone, and no history.
            var copy = MemoryState()
            let writes = world.state.entries.map { StateWrite(key: $0.key, value: $0.value) }
            copy.apply(StateTree.apply(writes, version: world.head.height.value, over: copy))
            #expect(copy.root.hash == world.state.root.hash)
            let epoch = Queries.epoch(over: copy)
            let instance = Queries.instance(of: epoch, after: world.head, over: copy)
            #expect(epoch == world.epoch)
            #expect(instance == world.instance)
        }
    }

    @Test func `an instance of another epoch or after another block is none`() throws {
        var world = try EpochWorld(epochLength: 4)
        try world.advance(to: Epoch(2))
        let state = world.state
        #expect(Queries.instance(of: Epoch(1), after: world.genesis.summary, over: state) != nil)
        #expect(Queries.instance(of: Epoch(2), after: world.head, over: state) == world.instance)
        #expect(Queries.instance(of: Epoch(2), after: world.genesis.summary, over: state) == nil)
        #expect(Queries.instance(of: Epoch(3), after: world.head, over: state) == nil)
        #expect(Queries.instance(of: Epoch(4), after: world.head, over: state) == nil)
        #expect(Queries.instance(of: Epoch(.max), after: world.head, over: state) == nil)
    }

    @Test func `the last block of an epoch is the last that its instance accepts`() throws {
        var world = try EpochWorld(epochLength: 3)
        for _ in 0..<2 { try world.append() }
        var executor = BlockExecutor(
            genesisHash: world.genesis.hash, instance: world.instance, committed: world.head,
            base: world.state)
        let result = executor.build(world.job(), shouldStop: { false })
        let last = try #require(result)
        let beyond = BuildJob(
            instance: world.instance.id, epoch: world.epoch, view: View(9), parentView: View(8),
            parent: last.block.header.summary, timestamp: Timestamp(.max / 2), proposer: 0,
            candidates: [])
        #expect(executor.build(beyond, shouldStop: { false }) == nil)
        // Nor one that says the right height and the wrong epoch, or the reverse.
        try world.append()
        for (epoch, height) in [(0, 4), (1, 3), (1, 5), (2, 4)] as [(UInt64, UInt64)] {
            var header = try world.built(world.job()).block.header
            header.epoch = Epoch(epoch)
            header.height = Height(height)
            #expect(
                world.verdict(Block(header: header, body: BlockBody(transactions: [])))
                    == .invalid)
        }
        #expect(world.verdict(try world.built(world.job()).block) == .valid)
    }

    @Test func `a block of another epoch is refused by the ledger itself`() throws {
        let world = try EpochWorld()
        var context = TestChain(world.genesis).context
        context.epoch = Epoch(1)
        #expect(throws: BlockRejection.wrongEpoch(expected: .zero, found: Epoch(1))) {
            try Ledger.execute([], context: context, over: world.state)
        }
    }

    @Test func `sets go when no evidence can come any more, their hashes and records stay`() throws
    {
        var world = try EpochWorld(epochLength: 2) {
            try $0.set("staking.unbonding", to: .integer(300_000))
        }
        try world.advance(to: Epoch(6))
        expectSets(0...7, of: 0...7, world)
        // Epochs 0 and 1 end long before; both go at one end of an epoch.
        try world.append(after: 299_000)
        try world.append(after: 1_000)
        expectSets(4...8, of: 0...8, world)
        // All the rest is out of time, and yet those before the last two stay.
        try world.append(after: 10_000_000)
        try world.append()
        #expect(world.epoch == Epoch(8))
        expectSets(6...9, of: 0...9, world)
        for epoch in 0...9 as ClosedRange<UInt64> {
            #expect(Queries.validatorSetHash(of: Epoch(epoch), over: world.state) != nil)
            #expect(Queries.epochRecord(Epoch(epoch), over: world.state) != nil)
        }
    }

    @Test func `one end of an epoch deletes a bounded number of sets`() throws {
        var world = try EpochWorld(epochLength: 1) {
            try $0.set("staking.unbonding", to: .integer(300_000))
        }
        for _ in 0..<20 { try world.append() }
        var left: [Int] = []
        for index in 0..<5 {
            try world.append(after: index == 0 ? 1_000_000 : 1)
            let epochs: ClosedRange<UInt64> = 0...30
            left.append(epochs.count { hasSet($0, world) })
        }
        // One new set and four that go, until only those of the last epochs are left.
        #expect(left == [19, 16, 13, 10, 7])
    }

    private func expectSets(
        _ present: ClosedRange<UInt64>, of epochs: ClosedRange<UInt64>, _ world: EpochWorld
    ) {
        for epoch in epochs {
            #expect(hasSet(epoch, world) == present.contains(epoch), "epoch \(epoch)")
        }
    }

    private func hasSet(_ epoch: UInt64, _ world: EpochWorld) -> Bool {
        Queries.validatorSet(of: Epoch(epoch), over: world.state) != nil
    }

    @Test func `the query of the present epoch shows its heights and both sets`() throws {
        var world = try EpochWorld(
            validators: 12, epochLength: 3, election: EpochsTests.window(step: 4))
        for _ in 0..<8 { try world.append() }
        let view = Queries.currentEpoch(over: world.state)
        #expect(view.epoch == Epoch(2))
        #expect(view.record.first == Height(7) && view.record.last == Height(9))
        #expect(view.validators == world.instance.validators)
        #expect(view.nextValidators != view.validators)
        #expect(Queries.seats(of: Epoch(3), over: world.state).count == 6)
    }
}

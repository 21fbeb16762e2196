import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Validators with programs of their own over one chain, whose blocks are final at once.
private struct Fleet {
    static let version = ProtocolVersion.hash(of: "test-2")
    static let upgraded = SoftwareVersions(alsoKnown: [version])

    let genesis: Genesis
    var state: MemoryState
    var head: BlockSummary
    var instance: Instance
    var executors: [BlockExecutor<MemoryState>]
    /// What the last block said.
    var header: Header?
    var events: [Event] = []

    /// - Parameter software: of each validator; all have the same power.
    init(
        _ software: [SoftwareVersions], epochLength: UInt64 = 5, plan: UpgradePlan?
    ) throws {
        let world = try EpochWorld(validators: software.count, epochLength: epochLength)
        genesis = world.genesis
        state = world.state
        head = world.head
        instance = world.instance
        if let plan {
            var changed = State(over: state)
            try Upgrades.schedule(plan, of: ProposalID(9), in: &changed)
            // The genesis once more, with the upgrade in it.
            let first: [UInt8] = []
            let last = [UInt8](repeating: .max, count: 4)
            var writes = changed.takeWrites()
            var lower = first
            while let entry = state.firstEntry(from: lower, to: last) {
                writes.append(StateWrite(key: entry.key, value: entry.value))
                lower = entry.key + [0]
            }
            writes.sort { $0.key.lexicographicallyPrecedes($1.key) }
            state = MemoryState()
            state.apply(StateTree.apply(writes, version: 0, over: MemoryState()))
        }
        executors = []
        for software in software {
            executors.append(
                BlockExecutor(
                    genesisHash: genesis.hash, instance: instance, committed: head, base: state,
                    software: software))
        }
    }

    static func plan(_ first: UInt64, _ last: UInt64) -> UpgradePlan {
        UpgradePlan(
            name: "two", version: version, firstEpoch: Epoch(first), lastEpoch: Epoch(last))
    }

    var upgrade: UpgradeView { Queries.upgrade(over: state) }

    func job(leader: Int) throws -> BuildJob {
        let parentView = head.height == instance.base.height ? View.zero : head.view
        return BuildJob(
            instance: instance.id, epoch: instance.epoch, view: parentView.advanced(by: 1),
            parentView: parentView, parent: head, timestamp: head.timestamp.advanced(by: 1_000),
            proposer: try #require(instance.validators.index(of: EpochWorld.key(leader))),
            candidates: [])
    }

    /// The block of a leader; nil if it cannot build one.
    mutating func built(by leader: Int) throws -> Block? {
        let job = try job(leader: leader)
        return executors[leader].build(job, shouldStop: { false })?.block
    }

    /// A block that is final: what each program thinks of it.
    @discardableResult
    mutating func step(leader: Int) throws -> [Verdict] {
        let block = try #require(try built(by: leader))
        var verdicts: [Verdict] = []
        for index in executors.indices {
            verdicts.append(executors[index].execute(block) { .restored($0) })
        }
        let roots = executors.compactMap { $0.execution(of: block.hash)?.execution.outcome }
        #expect(Set(roots).count == 1)
        let executed = try #require(executors[leader].execution(of: block.hash))
        state.apply(executed.execution.changes)
        header = block.header
        events += executed.execution.blockEvents
        head = block.header.summary
        for index in executors.indices where verdicts[index] == .valid {
            executors[index].committed(head, base: state)
        }
        if head.height == instance.boundary {
            let next = instance.epoch.advanced(by: 1)
            instance = try #require(Queries.instance(of: next, after: head, over: state))
            for index in executors.indices where verdicts[index] == .valid {
                executors[index].begin(instance)
            }
        }
        return verdicts
    }

    /// One epoch in which everybody leads in turn.
    mutating func epoch(leaders: [Int]) throws {
        let before = instance.epoch
        var turn = 0
        while instance.epoch == before {
            try step(leader: leaders[turn % leaders.count])
            turn += 1
        }
    }

    var enacted: [EnactedEvent] {
        events.compactMap {
            if case .governance(.enacted(_, let event)) = $0 { event } else { nil }
        }
    }
}

@Suite struct UpgradesTests {
    private let old = SoftwareVersions()
    private let new = Fleet.upgraded

    private func plan(
        _ name: String = "two", _ version: Digest = Fleet.version, _ first: UInt64 = 2,
        _ last: UInt64 = 3
    ) -> UpgradePlan {
        UpgradePlan(
            name: name, version: version, firstEpoch: Epoch(first), lastEpoch: Epoch(last))
    }

    // MARK: The decision

    @Test func `an upgrade that cannot be is refused before anything is stored`() throws {
        var world = GovernanceWorld()
        world.state.write(.currentEpoch, Epoch(5))
        let most = UpgradePlan.windowMax
        let hostile: [(UpgradePlan, String)] = [
            (plan("", Fleet.version, 6, 7), "gov.upgrade_name"),
            (plan("a\nb", Fleet.version, 6, 7), "gov.upgrade_name"),
            (plan("two", .zero, 6, 7), "gov.upgrade_without_version"),
            (plan("two", Fleet.version, 7, 6), "gov.upgrade_window"),
            (plan("two", Fleet.version, 4, 5), "gov.upgrade_window"),
            (plan("two", Fleet.version, 6, 6 + most), "gov.upgrade_window"),
            (plan("two", Fleet.version, 20_000, 20_001), "gov.upgrade_window"),
            (plan("two", Fleet.version, 0, .max), "gov.upgrade_window"),
            (plan("one", ProtocolVersion.initial.hash, 6, 7), "gov.upgrade_active"),
        ]
        for (plan, code) in hostile {
            let error = #expect(throws: Rejection.self) { try world.submit([.upgrade(plan)]) }
            #expect(error?.code == code)
        }
        let good = plan("two", Fleet.version, 6, 5 + most)
        let twice = #expect(throws: Rejection.self) {
            try world.submit([.upgrade(good), .upgrade(good)])
        }
        #expect(twice?.code == "gov.upgrade_scheduled")
        #expect(GovernanceQueries.lastProposal(in: world.state) == ProposalID(0))
        let id = try world.submit([.upgrade(good)])
        #expect(world.proposal(id).track == .protocol)
        #expect(world.proposal(id).group == .protocol)
    }

    @Test func `a chain has at most one upgrade`() throws {
        var world = GovernanceWorld()
        world.state.write(.currentEpoch, Epoch(0))
        try Upgrades.schedule(plan(), of: ProposalID(1), in: &world.state)
        let error = #expect(throws: Rejection.self) {
            try Upgrades.schedule(
                plan("three", ProtocolVersion.hash(of: "3")), of: ProposalID(2), in: &world.state)
        }
        #expect(error?.code == "gov.upgrade_scheduled")
        let kept: ScheduledUpgrade? = world.state.read(.enacted(.upgrade))
        #expect(kept?.proposal == ProposalID(1))
    }

    // MARK: Cancelling

    /// A world in which an upgrade is scheduled.
    private func scheduled() throws -> GovernanceWorld {
        var world = GovernanceWorld()
        world.state.write(.currentEpoch, Epoch(0))
        try Upgrades.schedule(plan(), of: ProposalID(7), in: &world.state)
        world.advance()
        return world
    }

    /// What waits for its execution in the next block.
    private func decided(
        _ actions: [Action], in world: inout GovernanceWorld
    ) throws -> ProposalID {
        let id = try world.openProposal(actions)
        for voter in 0..<2 { try world.vote(voter, .allYes, on: id) }
        let end = try #require(world.proposal(id).vote?.end)
        world.advance(to: end)
        let eta = try #require(world.proposal(id).eta)
        world.advance(to: eta.lowered(by: 1))
        #expect(world.status(id) == .queued)
        _ = world.state.takeEvents()
        return id
    }

    @Test func `a scheduled upgrade is cancelled by a decision of its own row`() throws {
        var world = try scheduled()
        let id = try decided([.cancelUpgrade(Fleet.version)], in: &world)
        #expect(world.proposal(id).track == .protocol)
        #expect(world.proposal(id).group == .protocol)
        #expect(world.dryRun(id).changes == [.upgrade(from: plan(), to: nil)])
        world.advance()
        #expect(world.status(id) == .executed)
        #expect(!world.state.contains(.enacted(.upgrade)))
        #expect(
            world.state.takeEvents().contains(
                .governance(.enacted(id, .upgradeCancelled(version: Fleet.version)))))
        #expect(world.dryRun(id).changes == [.upgrade(from: plan(), to: nil)])
        // The same one can be scheduled anew.
        let again = try world.submit([.upgrade(plan())])
        #expect(world.dryRun(again).changes == [.upgrade(from: nil, to: plan())])
        #expect(world.isSound)
    }

    @Test func `only what is scheduled is cancelled, and once`() throws {
        var world = try scheduled()
        let other = ProtocolVersion.hash(of: "3")
        let hostile: [([Action], String)] = [
            ([.cancelUpgrade(other)], "gov.upgrade_not_scheduled"),
            ([.cancelUpgrade(.zero)], "gov.upgrade_not_scheduled"),
            (
                [.cancelUpgrade(Fleet.version), .cancelUpgrade(Fleet.version)],
                "gov.contradictory"
            ),
            ([.cancelUpgrade(Fleet.version), .upgrade(plan("3", other))], "gov.upgrade_scheduled"),
            ([.cancelUpgrade(Fleet.version), .pay(1)], "gov.mixed_topics"),
        ]
        for (actions, code) in hostile {
            let error = #expect(throws: Rejection.self) { try world.submit(actions) }
            #expect(error?.code == code)
        }
        let error = #expect(throws: Rejection.self) {
            try world.perform(.cancelUpgrade(Fleet.version), by: world.voters[0])
        }
        #expect(error == .notAnAccountAction("cancelUpgrade"))
        world.state.remove(.enacted(.upgrade))
        let none = #expect(throws: Rejection.self) {
            try world.submit([.cancelUpgrade(Fleet.version)])
        }
        #expect(none?.code == "gov.upgrade_not_scheduled")
    }

    @Test func `an upgrade that is active or another one by then expires the decision`() throws {
        for isReplaced in [false, true] {
            var world = try scheduled()
            let id = try decided([.cancelUpgrade(Fleet.version)], in: &world)
            world.state.remove(.enacted(.upgrade))
            let other = plan("3", ProtocolVersion.hash(of: "3"))
            if isReplaced { try Upgrades.schedule(other, of: ProposalID(8), in: &world.state) }
            world.advance()
            #expect(world.status(id) == .expired)
            #expect(world.reason(id).contains("gov.upgrade_not_scheduled"))
            #expect(world.state.contains(.enacted(.upgrade)) == isReplaced)
        }
    }

    @Test func `the signals for a cancelled upgrade go with their epoch`() throws {
        var fleet = try Fleet([new, new, new], plan: Fleet.plan(2, 3))
        for leader in 0..<3 { try fleet.step(leader: leader) }
        #expect(fleet.upgrade.isReady)
        var changed = State(over: fleet.state)
        try Upgrades.cancel(Fleet.version, by: ProposalID(9), in: &changed)
        let set = try #require(Queries.validatorSet(of: .zero, over: fleet.state))
        Upgrades.endEpoch(.zero, next: set, in: &changed)
        #expect(Upgrades.version(in: changed) == .initial)
        let range = StateKeyRange(.governance, kind: 70).lower
        let upper = StateKeyRange(.governance, kind: 72).upper
        #expect(changed.firstEntry(from: range, to: upper) == nil)
    }

    // MARK: S40

    @Test func `S40 four fifths switch at an epoch's start, and the old one stops cleanly`() throws
    {
        var fleet = try Fleet([new, new, new, new, old], plan: Fleet.plan(2, 4))
        for _ in 0..<2 {
            #expect(fleet.upgrade.version == .initial)
            try fleet.epoch(leaders: [0, 1, 2, 3, 4])
            #expect(fleet.header?.version == 1)
        }
        // Of epoch 2 on; the last block under the old rules was that of the boundary.
        #expect(fleet.instance.epoch == Epoch(2))
        let version = ProtocolVersion(number: 2, hash: Fleet.version, since: Epoch(2))
        #expect(fleet.upgrade.version == version)
        #expect(fleet.upgrade.scheduled == nil)
        #expect(fleet.enacted == [.upgradeActivated(version)])

        // The old one builds nothing, and has no opinion; everybody else goes on.
        #expect(try fleet.built(by: 4) == nil)
        for leader in [0, 1, 2, 3, 0, 1, 2] {
            let verdicts = try fleet.step(leader: leader)
            #expect(verdicts == [.valid, .valid, .valid, .valid, .unavailable])
            #expect(fleet.header?.version == 2)
            #expect(fleet.header?.extra == [])
        }
        #expect(Invariants.violations(over: fleet.state).isEmpty)
    }

    @Test func `S40 one unit of power below four fifths waits, and is dropped after three windows`()
        throws
    {
        var fleet = try Fleet([new, new, new, old, old], plan: Fleet.plan(1, 2))
        for _ in 0..<7 {
            try fleet.epoch(leaders: [0, 1, 2, 3, 4])
        }
        #expect(
            fleet.enacted == [
                .upgradePostponed(firstEpoch: Epoch(3), lastEpoch: Epoch(4)),
                .upgradePostponed(firstEpoch: Epoch(5), lastEpoch: Epoch(6)),
                .upgradeDropped(version: Fleet.version),
            ])
        #expect(fleet.upgrade.version == .initial)
        #expect(fleet.upgrade.scheduled == nil)
        #expect(fleet.header?.version == 1 && fleet.header?.extra == [])
        // Nothing of it is left.
        let range = StateKeyRange(.governance, kind: 70).lower
        let upper = StateKeyRange(.governance, kind: 72).upper
        #expect(State(over: fleet.state).firstEntry(from: range, to: upper) == nil)
        for leader in 0..<5 {
            #expect(try fleet.step(leader: leader).allSatisfy { $0 == .valid })
        }
    }

    @Test func `before its window nothing is switched, however many are ready`() throws {
        var fleet = try Fleet([new, new, new, new], plan: Fleet.plan(3, 3))
        for epoch in 0..<2 {
            try fleet.epoch(leaders: [0, 1, 2, 3])
            #expect(fleet.upgrade.version == .initial, "\(epoch)")
            #expect(fleet.upgrade.isReady)
        }
        try fleet.epoch(leaders: [0, 1, 2, 3])
        #expect(fleet.upgrade.version.since == Epoch(3))
    }

    @Test func `readiness outlives the epoch, and is taken back by an empty header`() throws {
        var fleet = try Fleet([new, new, new, old, old], plan: Fleet.plan(90, 99))
        try fleet.epoch(leaders: [0, 1, 2])
        let view = fleet.upgrade
        #expect(view.readyPower == 3 * view.totalPower / 5)
        #expect(view.readiness.filter { $0.version == Fleet.version }.count == 3)
        // The same validator with an older program.
        let seat = try fleet.job(leader: 0).proposer
        var builder = BlockExecutor(
            genesisHash: fleet.genesis.hash, instance: fleet.instance, committed: fleet.head,
            base: fleet.state, software: old)
        let silent = try #require(
            builder.build(try fleet.job(leader: 0), shouldStop: { false })?.block)
        #expect(silent.header.extra == [])
        let executed = try #require(builder.execution(of: silent.hash))
        var state = fleet.state
        state.apply(executed.execution.changes)
        let after = Queries.upgrade(over: state)
        #expect(after.readiness[Int(seat)].version == nil)
        #expect(after.readyPower == 2 * view.totalPower / 5)
    }

    @Test func `an operator that does not agree signals nothing, and follows all the same`() throws
    {
        let silent = SoftwareVersions(alsoKnown: [Fleet.version], signalsReadiness: false)
        var fleet = try Fleet([new, new, new, new, silent], plan: Fleet.plan(1, 1))
        try fleet.step(leader: 4)
        #expect(fleet.header?.extra == [])
        for leader in 0..<4 { try fleet.step(leader: leader) }
        #expect(fleet.upgrade.version.number == 2)
        #expect(try fleet.step(leader: 4).allSatisfy { $0 == .valid })
    }

    @Test func `a header says what its chain's rules allow and nothing else`() throws {
        var fleet = try Fleet([new, new], plan: Fleet.plan(5, 9))
        let good = try #require(try fleet.built(by: 0))
        #expect(good.header.readiness == Fleet.version)
        let wrong: [(inout Header) -> Void] = [
            { $0.extra = [1] }, { $0.extra = [UInt8](repeating: 0, count: 32) },
            { $0.extra = [UInt8](repeating: 1, count: 31) },
            { $0.extra = [UInt8](repeating: 1, count: 33) },
            { $0.extra = [UInt8](repeating: 1, count: 64) },
            // It changes the state.
            { $0.extra = [] }, { $0.extra = [UInt8](repeating: 1, count: 32) },
            { $0.version = 2 }, { $0.version = 0 },
        ]
        for (index, change) in wrong.enumerated() {
            var header = good.header
            change(&header)
            let verdict = fleet.executors[1].execute(
                Block(header: header, body: good.body)
            ) { .restored($0) }
            #expect(verdict == .invalid, "\(index)")
        }
        #expect(fleet.executors[1].execute(good) { .restored($0) } == .valid)
    }

    // MARK: The table

    @Test func `signals follow their keys into the next set`() throws {
        let keys = (0..<4).map { EpochWorld.key($0) }
        let a = try ValidatorSet(keys[0..<3].map { Validator(key: $0, power: 10) })
        let b = try ValidatorSet(
            keys[1..<4].enumerated().map { Validator(key: $1, power: UInt64(20 + $0)) })
        var table = ReadinessTable()
        for (index, key) in keys[0..<3].enumerated() {
            let version = index == 1 ? Digest.zero : Fleet.version
            table.set(version, of: try #require(a.index(of: key)))
        }
        let moved = table.moved(from: a, to: b)
        #expect(moved.signals.count == 2)
        let seat = try #require(b.index(of: keys[2]))
        #expect(moved.version(of: seat) == Fleet.version)
        #expect(moved.power(readyFor: Fleet.version, in: b) == 21)
        table.set(nil, of: 0)
        table.set(nil, of: 1)
        table.set(nil, of: 2)
        #expect(table == ReadinessTable())
    }

    @Test func `names of versions are different hashes`() {
        #expect(Set(ProtocolVersion.hashes).count == ProtocolVersion.names.count)
        #expect(ProtocolVersion.hashes.contains(ProtocolVersion.initial.hash))
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// G-R3: records that contradict each other, one at a time, at every step that a block makes for
/// proposals by itself. The block stays valid, and only the proposal whose step it was fails.
@Suite struct FaultInjectionTests {
    /// A step of a proposal.
    enum Point: CaseIterable {
        case opening, closePassed, closeWithoutQuorum, closeBurned, closeVetoed, depositExpired
        case spend, parameters, stream, recallStream, createAsset, mint, upgrade, pause, resume
        case cancelQueued, returnStake, text
        case retry, surrender, epochStart, retention
    }

    /// A world whose next block makes the step.
    private struct Scene {
        var world: GovernanceWorld
        var target: ProposalID
        var others: [ProposalID]
        var wait: UInt64
        var hasNewEpoch = false

        mutating func makeStep() {
            world.advance(by: wait, hasNewEpoch: hasNewEpoch)
        }
    }

    /// One record of money, and what it says instead.
    private struct Fault {
        let key: StateKey
        let value: Amount?

        func inject(into world: inout GovernanceWorld) {
            if let value { world.state.write(key, value) } else { world.state.remove(key) }
        }

        /// Whether every proposal's execution must see it: the escrow is short.
        var concernsAll: Bool {
            key == .depositsTotal || key == .balance(ModuleAccounts.depositEscrow, .native)
        }
    }

    private static let recipient = GovernanceWorld.address(50)
    private static let asset = AssetID(1)

    // MARK: Scenes

    private func start() throws -> GovernanceWorld {
        var world = GovernanceWorld(
            powers: [400_000, 300_000, 200_000, 100_000], treasury: 1_000_000_000)
        world.state.write(.asset(.native), Asset(symbol: "alt", decimals: 6))
        world.state.write(.epoch(.zero), EpochRecord(first: Height(1), last: Height(.max)))
        world.state.write(.currentEpoch, Epoch.zero)
        world.advance()
        let clock = StakeClock(world.block, world.rules.parameters)
        let validator = GovernanceWorld.address(77)
        let cut = Staking.slash(
            validator, for: .zero, Billionths(100_000_000), clock, in: &world.state)
        Staking.hold(
            cut, of: validator, for: .zero, holders: .genesis, reporter: nil, clock,
            in: &world.state)
        try Assets.create(
            AssetCreation(
                name: "Gold", asset: Asset(symbol: "gold", decimals: 2),
                mintAuthority: .governance,
                allotments: [
                    AssetAllotment(recipient: ModuleAccounts.treasury, amount: Amount(1_000))
                ]), of: ProposalID(1), in: &world.state)
        try Streams.create(stream(of: world), of: ProposalID(1), at: world.block, in: &world.state)
        return world
    }

    private func stream(of world: GovernanceWorld) -> StreamPlan {
        let now = world.block.timestamp
        return StreamPlan(
            recipient: Self.recipient,
            schedule: .linear(
                amount: Amount(1_000), start: now, cliff: now,
                end: now.advanced(by: Milliseconds.day)))
    }

    /// A queued proposal that nobody is going to execute soon.
    private func queued(_ world: inout GovernanceWorld) throws -> ProposalID {
        var parameters = world.rules.parameters
        try parameters.set("gov.spendSmallDelay", to: .integer(Milliseconds.hour))
        world.state.write(.parameters, parameters)
        world.advance()
        let id = try world.openProposal([.pay(1)])
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        try parameters.set("gov.spendSmallDelay", to: .integer(5_000))
        world.state.write(.parameters, parameters)
        world.advance()
        return id
    }

    private func actions(
        of point: Point, in world: inout GovernanceWorld
    ) throws -> [Action] {
        switch point {
        case .spend, .retry, .surrender, .epochStart, .opening:
            return [.pay(600_000), .pay(1, to: GovernanceWorld.address(51))]
        case .parameters:
            return [.set("gov.depositPeriod", 700_000), .set("gov.textPeriod", 8_000)]
        case .stream: return [.stream(stream(of: world)), .stream(stream(of: world))]
        case .recallStream: return [.recallStream(StreamID(1))]
        case .createAsset:
            return [
                .createAsset(
                    AssetCreation(
                        name: "Tin", asset: Asset(symbol: "tin", decimals: 2),
                        mintAuthority: .governance,
                        allotments: [
                            AssetAllotment(recipient: Self.recipient, amount: Amount(5)),
                            AssetAllotment(recipient: ModuleAccounts.treasury, amount: Amount(5)),
                        ]))
            ]
        case .mint:
            return [
                .mint(AssetMint(asset: Self.asset, amount: Amount(1), recipient: Self.recipient)),
                .mint(
                    AssetMint(
                        asset: Self.asset, amount: Amount(1), recipient: ModuleAccounts.treasury)),
            ]
        case .upgrade:
            return [
                .upgrade(
                    UpgradePlan(
                        name: "two", version: Digest(.version, [1]), firstEpoch: Epoch(5),
                        lastEpoch: Epoch(9)))
            ]
        case .pause: return [.pause(ModulePause(module: .transfers, duration: 60_000))]
        case .resume:
            var table = PauseTable.none
            table.set(
                PauseTable.Entry(
                    module: .staking, until: world.block.timestamp.advanced(by: Milliseconds.day),
                    proposal: ProposalID(1)))
            world.state.write(.decision(.pauses), table)
            return [.resume(.staking)]
        case .cancelQueued: return [.cancelQueued(try queued(&world))]
        case .returnStake: return [.returnStake(EscrowID(1))]
        case .text, .closePassed, .closeWithoutQuorum, .closeBurned, .closeVetoed,
            .depositExpired, .retention:
            return []
        }
    }

    /// The scene of a point, with a text and a change of a parameter that make their own steps in
    /// the same block or near it.
    private func scene(_ point: Point) throws -> Scene {
        var world = try start()
        let actions = try actions(of: point, in: &world)
        let isPartial = point == .depositExpired
        let target = try world.submit(
            actions, by: world.voters[1], deposit: isPartial ? Amount(2_000_000) : nil)
        let others = [
            try world.submit(by: world.voters[2]),
            try world.submit([.set("staking.minDelegation", 2_000_000)], by: world.voters[3]),
        ]
        var scene = Scene(world: world, target: target, others: others, wait: 1)
        if point == .opening { return scene }
        scene.world.advance()
        for id in others { try vote([.allYes, .allYes], on: id, in: &scene.world) }
        try prepare(point, &scene)
        return scene
    }

    private func vote(
        _ votes: [BallotWeights], on id: ProposalID, in world: inout GovernanceWorld
    ) throws {
        for (voter, weights) in votes.enumerated() { try world.vote(voter, weights, on: id) }
    }

    private func prepare(_ point: Point, _ scene: inout Scene) throws {
        let target = scene.target
        switch point {
        case .opening: return
        case .depositExpired:
            scene.wait = scene.world.rules.parameters.depositPeriod - 1
        case .closePassed:
            try vote([.allYes, .allYes], on: target, in: &scene.world)
            scene.wait = 20_000
        case .closeWithoutQuorum:
            scene.wait = 20_000
        case .closeBurned:
            try vote([.allNo, .allNo], on: target, in: &scene.world)
            scene.wait = 20_000
        case .closeVetoed:
            try vote([.allVeto, .allVeto], on: target, in: &scene.world)
            scene.wait = 20_000
        case .epochStart:
            scene.hasNewEpoch = true
        case .retention:
            try vote([.allNo, .allNo], on: target, in: &scene.world)
            scene.world.advance(by: 20_000)
            scene.world.advance(by: 5_000)
            scene.wait = Retention.developmentPeriod
        case .spend, .parameters, .stream, .recallStream, .createAsset, .mint, .upgrade, .pause,
            .resume, .cancelQueued, .returnStake, .text, .retry, .surrender:
            try vote([.allYes, .allYes], on: target, in: &scene.world)
            scene.world.advance()
            if scene.world.status(target) == .voting { scene.world.advance(by: 20_000) }
            let eta = scene.world.proposal(target).eta ?? scene.world.block.timestamp
            scene.wait = max(1, eta.value - min(scene.world.now, eta.value))
            if point == .retry || point == .surrender { try fail(point, &scene) }
        }
    }

    /// Lets the execution fail, so that it is tried again or given up in the next block.
    private func fail(_ point: Point, _ scene: inout Scene) throws {
        let treasury = scene.world.treasury
        let key = StateKey.balance(ModuleAccounts.treasury, .native)
        scene.world.state.write(key, Amount(5))
        scene.makeStep()
        scene.world.advance()
        #expect(scene.world.proposal(scene.target).failure != nil)
        scene.world.state.write(key, Amount(treasury))
        scene.hasNewEpoch = point == .retry
        scene.wait = point == .retry ? 1 : scene.world.rules.parameters.executionWindow
    }

    // MARK: Faults

    private func faults(in scene: Scene) -> [Fault] {
        var keys: [StateKey] = [
            .depositsTotal, .supply(.native), .supply(Self.asset),
            .balance(Self.recipient, .native), .balance(Self.recipient, Self.asset),
            .balance(Self.recipient, AssetID(2)),
        ]
        for entry in scene.world.state.entries(in: .balances, limit: 100) {
            guard case .balance(let account, let asset) = BankKey(entry.key) else { continue }
            let key = StateKey.balance(account, asset)
            if !keys.contains(key) { keys.append(key) }
        }
        for id in [scene.target] + scene.others {
            for account in scene.world.voters {
                let key = StateKey.deposit(id, account)
                if scene.world.state.contains(key) { keys.append(key) }
            }
        }
        return keys.flatMap { key in
            [nil, Amount(1), Amount(.max)].map { Fault(key: key, value: $0) }
        }
    }

    /// Everything about money fits again: what is counted is what there is.
    private func repair(_ world: inout GovernanceWorld, after fault: Fault, to value: Amount?) {
        Fault(key: fault.key, value: value).inject(into: &world)
        var owed: UInt64 = 0
        for number in 1...GovernanceQueries.lastProposal(in: world.state).value {
            owed += world.proposal(ProposalID(number)).deposit.escrowed.value
        }
        world.state.write(.balance(ModuleAccounts.depositEscrow, .native), Amount(owed))
        world.state.write(.depositsTotal, Amount(owed))
        var sums: [AssetID: UInt64] = [:]
        for entry in world.state.entries(in: .balances, limit: 200) {
            guard case .balance(_, let asset) = BankKey(entry.key) else { continue }
            let amount: Amount = State<MemoryState>.decode(entry.value)
            sums[asset] = (sums[asset] ?? 0).addingReportingOverflow(amount.value).partialValue
        }
        for (asset, sum) in sums { world.state.write(.supply(asset), Amount(sum)) }
    }

    /// After any fault decisions are made as before, and everything comes to an end.
    private func goesOn(_ world: inout GovernanceWorld) throws -> String? {
        let id = try world.openProposal([.set("staking.minSelfBond", 5_000_000)])
        for voter in 0..<2 { try world.vote(voter, .allYes, on: id) }
        for wait in [20_000, 5_000, 1, 300_000, 300_000, 300_000, 300_000] as [UInt64] {
            world.advance(by: wait, hasNewEpoch: wait > 20_000)
        }
        world.advance(by: Milliseconds.hour)
        guard world.status(id) == .executed else {
            return "a healthy proposal is \(world.status(id)): \(world.reason(id))"
        }
        for number in 1...id.value where !world.status(ProposalID(number)).isFinal {
            return "proposal \(number) is \(world.status(ProposalID(number))) for ever"
        }
        for track in Track.allCases where Governance.openCount(of: track, in: world.state) > 0 {
            return "a place of \(track) is taken for ever"
        }
        let ranges: [StateKeyRange] = [.snapshots, .retries, .dueDryRuns]
        return ranges.contains { world.state.firstEntry(in: $0) != nil }
            ? "an index holds what is gone" : nil
    }

    /// Whether a proposal is where its step could leave it.
    private func isPossible(_ proposal: Proposal, _ expected: Proposal) -> Bool {
        switch proposal.status {
        case expected.status, .failed: true
        // The execution may be tried again.
        case .queued: proposal.failure != nil
        // What the treasury has decides about the row.
        case .deposit: expected.status == .voting
        case .voting, .executed, .expired, .rejected, .vetoed, .cancelled: false
        }
    }

    @Test(arguments: Point.allCases)
    func `G-R3 any record that is wrong at a step fails that proposal alone`(
        point: Point
    ) throws {
        let scene = try scene(point)
        var control = scene
        control.makeStep()
        var failures = 0
        for fault in faults(in: scene) {
            var faulty = scene
            let before: Amount? = faulty.world.state.read(fault.key)
            fault.inject(into: &faulty.world)
            faulty.makeStep()
            let name = "\(fault.key) = \(String(describing: fault.value))"

            let target = faulty.world.proposal(scene.target)
            let expected = control.world.proposal(scene.target)
            #expect(isPossible(target, expected), "\(name): \(target.status)")
            if target.status != expected.status { failures += 1 }
            for other in scene.others {
                let found = faulty.world.proposal(other)
                let healthy = control.world.proposal(other)
                #expect(isPossible(found, healthy), "\(name): \(other) is \(found.status)")
                if !fault.concernsAll { #expect(found == healthy, "\(name): \(other)") }
            }
            // No checkpoint is left open.
            var block = faulty.world.state
            _ = block.takeEvents()
            _ = block.takeWrites()

            repair(&faulty.world, after: fault, to: before)
            let problem = try goesOn(&faulty.world)
            #expect(problem == nil, "\(name)")
            if problem != nil { return }
        }
        switch point {
        case .opening, .closeWithoutQuorum, .closeBurned, .closeVetoed, .depositExpired, .spend,
            .stream, .recallStream, .createAsset, .mint, .retry:
            #expect(failures > 0)
        // Nothing of them moves money.
        case .closePassed, .parameters, .upgrade, .pause, .resume, .cancelQueued, .returnStake,
            .text, .surrender, .epochStart, .retention:
            break
        }
    }

    @Test(arguments: 0..<8)
    func `G-R3 an error at the n-th action undoes those before it`(failing: Int) throws {
        var world = try start()
        let people = (0..<8).map { GovernanceWorld.address(UInt8(60 + $0)) }
        let actions = people.map { Action.pay(1_000, to: $0) }
        let id = try world.submit(actions)
        let other = try world.submit([.pay(7, to: Self.recipient)])
        world.advance()
        for id in [id, other] { try vote([.allYes], on: id, in: &world) }
        world.advance(by: 20_000)
        // The account that is paid there cannot take it.
        let key = StateKey.balance(people[failing], .native)
        world.state.write(key, Amount(.max))
        world.advance(by: 5_000)
        #expect(world.status(id) == .queued)
        #expect(world.proposal(id).failure?.reason.code == "bank.balance_overflow")
        for (index, account) in people.enumerated() where index != failing {
            #expect(world.balance(account) == 0)
        }
        #expect(world.status(other) == .executed)
        #expect(world.balance(Self.recipient) == 7)
        world.state.remove(key)
        try world.perform(.executeProposal(id), by: world.outsider)
        #expect(world.status(id) == .executed)
        for account in people { #expect(world.balance(account) == 1_000) }
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct StreamsTests {
    static let start = GovernanceWorld.start.value
    static let alice = GovernanceWorld.address(50)
    static let bob = GovernanceWorld.address(51)

    private static func at(_ seconds: UInt64) -> Timestamp {
        Timestamp(start + seconds * 1_000)
    }

    private func linear(
        _ amount: UInt64, from start: UInt64 = 0, cliff: UInt64? = nil, to end: UInt64 = 1_000,
        asset: AssetID = .native, recipient: Address = StreamsTests.alice
    ) -> StreamPlan {
        StreamPlan(
            recipient: recipient, asset: asset,
            schedule: .linear(
                amount: Amount(amount), start: StreamsTests.at(start),
                cliff: StreamsTests.at(cliff ?? start), end: StreamsTests.at(end)))
    }

    private func tranches(_ parts: [(UInt64, UInt64)]) -> StreamPlan {
        StreamPlan(
            recipient: StreamsTests.alice,
            schedule: .tranches(
                parts.map { StreamTranche(time: StreamsTests.at($0), amount: Amount($1)) }))
    }

    private func created(
        _ plan: StreamPlan, in world: inout GovernanceWorld
    ) throws -> StreamID {
        try Streams.create(plan, of: ProposalID(1), at: world.block, in: &world.state)
        return try #require(world.state.read(.enacted(.lastStream), as: StreamID.self))
    }

    private func claim(
        _ id: StreamID, by account: Address = StreamsTests.alice,
        in world: inout GovernanceWorld
    ) throws(Rejection) {
        try Streams.claim(id, world.context(account), in: &world.state)
    }

    private func entryCount(_ world: GovernanceWorld) -> Int {
        let all = StateKeyRange(.governance, kind: 64)
        let upper = StateKeyRange(.governance, kind: 95).upper
        var count = 0
        var lower = all.lower
        while let entry = world.state.firstEntry(from: lower, to: upper) {
            count += 1
            lower = entry.key + [0]
        }
        return count
    }

    // MARK: What is due

    @Test(
        arguments: [
            (0, 0), (249, 0), (250, 250), (251, 251), (999, 999), (1_000, 1_000), (5_000, 1_000),
        ] as [(UInt64, UInt64)])
    func `a linear stream gives its part of the time, and nothing before the cliff`(
        _ seconds: UInt64, _ due: UInt64
    ) {
        let schedule = linear(1_000, cliff: 250).schedule
        #expect(schedule.due(at: StreamsTests.at(seconds)) == Amount(due))
    }

    @Test func `parts are rounded down and never fall, up to the greatest numbers`() {
        let schedule = StreamSchedule.linear(
            amount: Amount(.max), start: Timestamp(0), cliff: Timestamp(0),
            end: Timestamp(.max))
        #expect(schedule.due(at: Timestamp(0)) == .zero)
        #expect(schedule.due(at: Timestamp(.max - 1)) == Amount(.max - 1))
        #expect(schedule.due(at: Timestamp(.max)) == Amount(.max))
        let thirds = StreamSchedule.linear(
            amount: Amount(10), start: Timestamp(0), cliff: Timestamp(0), end: Timestamp(3))
        #expect((0...3).map { thirds.due(at: Timestamp($0)).value } == [0, 3, 6, 10])
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let amount = UInt64.random(in: 1...(.max), using: &random)
            let start = UInt64.random(in: 0...(.max / 2), using: &random)
            let end = start + UInt64.random(in: 1...(.max / 2), using: &random)
            let schedule = StreamSchedule.linear(
                amount: Amount(amount), start: Timestamp(start), cliff: Timestamp(start),
                end: Timestamp(end))
            let times = (0..<20).map { _ in UInt64.random(in: 0...(.max), using: &random) }
                .sorted()
            var before = UInt64(0)
            for time in times {
                let due = schedule.due(at: Timestamp(time)).value
                #expect(due >= before && due <= amount)
                if time > start, time < end {
                    let exact =
                        UInt128(amount) * UInt128(time - start) / UInt128(end - start)
                    #expect(UInt128(due) == exact)
                }
                before = due
            }
        }
    }

    @Test func `a tranche is due at its time, not one millisecond before`() {
        let schedule = tranches([(10, 5), (20, 7)]).schedule
        #expect(schedule.due(at: Timestamp(StreamsTests.start + 9_999)) == .zero)
        #expect(schedule.due(at: StreamsTests.at(10)) == Amount(5))
        #expect(schedule.due(at: Timestamp(StreamsTests.start + 19_999)) == Amount(5))
        #expect(schedule.due(at: StreamsTests.at(20)) == Amount(12))
        #expect(schedule.nextDue(after: StreamsTests.at(10)) == StreamsTests.at(20))
    }

    // MARK: Life

    @Test func `all of it leaves the treasury at once and is claimed bit by bit`() throws {
        var world = GovernanceWorld()
        let before = entryCount(world)
        let treasury = world.treasury
        let id = try created(linear(1_000), in: &world)
        #expect(world.treasury == treasury - 1_000)
        #expect(world.balance(id.account) == 1_000)
        #expect(world.isSound)

        world.advance(by: 100_000)
        try claim(id, in: &world)
        #expect(world.balance(StreamsTests.alice) == 100)
        let again = #expect(throws: Rejection.self) { try claim(id, in: &world) }
        #expect(again?.code == "gov.nothing_due")
        world.advance(by: 1_999)
        try claim(id, in: &world)
        #expect(world.balance(StreamsTests.alice) == 101)

        world.advance(to: StreamsTests.at(1_000))
        try claim(id, in: &world)
        #expect(world.balance(StreamsTests.alice) == 1_000)
        #expect(world.balance(id.account) == 0)
        #expect(world.state.read(.account(id.account), as: Account.self) == nil)
        // Only the number of the last stream stays.
        #expect(entryCount(world) == before + 1)
        let gone = #expect(throws: Rejection.self) { try claim(id, in: &world) }
        #expect(gone?.code == "gov.unknown_stream")
        #expect(world.isSound)
    }

    @Test func `the last claim takes what was sent to the account by mistake`() throws {
        var world = GovernanceWorld()
        let id = try created(tranches([(10, 5), (20, 7)]), in: &world)
        try world.state.move(Amount(3), from: world.outsider, to: id.account)
        world.advance(to: StreamsTests.at(10))
        try claim(id, in: &world)
        #expect(world.balance(StreamsTests.alice) == 5)
        world.advance(to: StreamsTests.at(20))
        try claim(id, in: &world)
        #expect(world.balance(StreamsTests.alice) == 15)
        #expect(world.isSound)
    }

    @Test func `only the recipient claims`() throws {
        var world = GovernanceWorld()
        let id = try created(linear(1_000), in: &world)
        world.advance(by: 100_000)
        let error = #expect(throws: Rejection.self) {
            try claim(id, by: StreamsTests.bob, in: &world)
        }
        #expect(error?.code == "gov.not_stream_recipient")
        #expect(world.balance(id.account) == 1_000)
    }

    @Test(arguments: [0, 250, 1_000] as [UInt64])
    func `a recall pays what is due and takes the rest back`(_ seconds: UInt64) throws {
        var world = GovernanceWorld()
        let treasury = world.treasury
        let id = try created(linear(1_000), in: &world)
        if seconds > 0 { world.advance(by: seconds * 1_000) }
        try Streams.recall(id, of: ProposalID(2), at: world.block, in: &world.state)
        #expect(world.balance(StreamsTests.alice) == seconds)
        #expect(world.treasury == treasury - seconds)
        #expect(world.balance(id.account) == 0)
        #expect(entryCount(world) == 1)
        let event = EnactedEvent.streamRecalled(
            id, recipient: StreamsTests.alice, paid: Amount(seconds),
            returned: Amount(1_000 - seconds))
        #expect(world.state.events.last == .governance(.enacted(ProposalID(2), event)))
        #expect(world.isSound)
    }

    @Test func `G-R4 nothing but claims and a recall spends a stream's account`() throws {
        var world = GovernanceWorld()
        let id = try created(linear(1_000), in: &world)
        let account: Account = try #require(world.state.read(.account(id.account)))
        #expect(account.authority == .module(StreamID.moduleID))
        // A stream may not feed a stream, nor an escrow.
        for recipient in [id.account] + ModuleAccounts.all {
            let error = #expect(throws: Rejection.self) {
                try Streams.checkForm(linear(1, recipient: recipient), in: world.state)
            }
            #expect(error?.code == "gov.payment_to_module")
        }
        // Streams have addresses of their own.
        #expect(!ModuleAccounts.all.contains(id.account))
        #expect(StreamID(1).account != StreamID(2).account)
    }

    // MARK: A decision

    @Test func `a decision makes a stream, and another recalls it`() throws {
        var world = GovernanceWorld()
        let treasury = world.treasury
        let id = try world.openProposal([.stream(linear(1_000, to: 10_000))])
        #expect(world.proposal(id).track == .spendSmall)
        #expect(world.proposal(id).group == .treasury)
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)
        #expect(world.treasury == treasury - 1_000)

        let recall = try world.openProposal([.recallStream(StreamID(1))])
        #expect(world.proposal(recall).track == .spendSmall)
        try world.vote(0, .allYes, on: recall)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(recall) == .executed)
        #expect(world.treasury + world.balance(StreamsTests.alice) == treasury)
        #expect(world.isSound)
    }

    @Test func `G-R17 a stream counts in full, together with spends, in any order`() throws {
        // A tenth of a percent of the treasury is 1,000,000.
        let world = GovernanceWorld()
        func track(_ actions: [Action]) throws -> Track {
            try Tracks.classify(actions, parameters: world.rules.parameters, in: world.state)
                .track
        }
        #expect(try track([.stream(linear(1_000_000))]) == .spendSmall)
        #expect(try track([.stream(linear(1_000_001))]) == .spendMedium)
        let parts = [Action.stream(linear(500_000)), .pay(500_000), .stream(linear(1))]
        for actions in permutations(of: parts) {
            #expect(try track(actions) == .spendMedium)
        }
        #expect(try track([.stream(tranches([(1, .max), (2, .max)]))]) == .constitution)
    }

    @Test func `a stream that cannot be is refused before anything is stored`() throws {
        var world = GovernanceWorld()
        let ten = StreamSchedule.spanMax / 1_000
        let sixteen = (1...16).map { (UInt64($0), UInt64(1)) }
        let hostile: [(StreamPlan, String)] = [
            (linear(0), "gov.payment_zero"),
            (linear(1, from: 5, cliff: 4), "gov.stream_times"),
            (linear(1, from: 5, cliff: 1_001), "gov.stream_times"),
            (linear(1, from: 1_000), "gov.stream_times"),
            (linear(1, from: 0, to: ten + 100), "gov.stream_too_long"),
            (linear(1, asset: AssetID(7)), "bank.unknown_asset"),
            (tranches([]), "gov.tranche_count"),
            (tranches(sixteen + [(17, 1)]), "gov.tranche_count"),
            (tranches([(5, 1), (5, 1)]), "gov.tranche_order"),
            (tranches([(6, 1), (5, 1)]), "gov.tranche_order"),
            (tranches([(5, 0)]), "gov.payment_zero"),
            (tranches([(5, .max), (6, 1)]), "gov.stream_overflow"),
            (tranches([(0, 1)]), "gov.stream_ended"),
            (linear(1_000_000_001), "gov.treasury_too_small"),
            (linear(1, recipient: ModuleAccounts.treasury), "gov.payment_to_module"),
        ]
        let before = world.state.events.count
        for (plan, code) in hostile {
            let error = #expect(throws: Rejection.self) {
                try world.submit([.stream(plan)], deposit: Amount(1))
            }
            #expect(error?.code == code)
            #expect(world.state.events.count == before)
        }
        #expect(try Streams.checkForm(tranches(sixteen), in: world.state) == ())
        let unknown = #expect(throws: Rejection.self) {
            try world.submit([.recallStream(StreamID(1))])
        }
        #expect(unknown?.code == "gov.unknown_stream")
    }

    @Test func `a stream is recalled once in a proposal`() throws {
        var world = GovernanceWorld()
        let id = try created(linear(1_000), in: &world)
        let error = #expect(throws: Rejection.self) {
            try world.submit([.recallStream(id), .recallStream(id)])
        }
        #expect(error?.code == "gov.duplicate_recall")
    }

    // MARK: Queries

    @Test func `streams are listed by number and by recipient`() throws {
        var world = GovernanceWorld()
        for index in 0..<5 {
            _ = try created(
                linear(1_000, recipient: index % 2 == 0 ? StreamsTests.alice : StreamsTests.bob),
                in: &world)
        }
        var memory = MemoryState()
        memory.apply(
            StateTree.apply(world.state.takeWrites(), version: 1, over: MemoryState()))
        let now = StreamsTests.at(500)
        let all = Queries.streams(limit: 3, at: now, over: memory)
        #expect(all.map(\.id.value) == [1, 2, 3])
        #expect(all[0].claimable == Amount(500))
        let rest = Queries.streams(after: StreamID(3), limit: 100, at: now, over: memory)
        #expect(rest.map(\.id.value) == [4, 5])
        let own = Queries.streams(
            of: StreamsTests.bob, after: StreamID(2), limit: 9, at: now, over: memory)
        #expect(own.map(\.id.value) == [4])
        #expect(Queries.stream(StreamID(6), at: now, over: memory) == nil)
    }

    @Test func `an account that cannot pay its stream is a violation`() throws {
        var world = GovernanceWorld()
        let id = try created(linear(1_000), in: &world)
        #expect(Streams.violations(in: world.state).isEmpty)
        try world.state.move(Amount(1), from: id.account, to: world.outsider)
        #expect(
            Streams.violations(in: world.state) == [.stream(id, balance: 999, owed: 1_000)])
    }

    /// Random lives of streams: claims never pay more than is due, and tokens are never lost.
    @Test(arguments: 0..<20)
    func `any history of claims and recalls pays exactly the plan`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var world = GovernanceWorld()
        let treasury = world.treasury
        var live: [(id: StreamID, plan: StreamPlan)] = []
        var expected: UInt64 = 0
        for _ in 0..<60 {
            world.advance(by: UInt64.random(in: 1...90_000, using: &random))
            let now = world.block.timestamp
            let index = live.isEmpty ? 0 : Int.random(in: 0..<live.count, using: &random)
            switch UInt8.random(in: 0...3, using: &random) {
            case 0:
                let amount = UInt64.random(in: 1...100_000, using: &random)
                let start = now.advanced(by: UInt64.random(in: 0...50_000, using: &random))
                let plan = StreamPlan(
                    recipient: StreamsTests.alice,
                    schedule: .linear(
                        amount: Amount(amount), start: start, cliff: start,
                        end: start.advanced(
                            by: UInt64.random(in: 1...900_000, using: &random))))
                live.append((try created(plan, in: &world), plan))
            case 1 where !live.isEmpty:
                let (id, plan) = live.remove(at: index)
                if (try? Streams.record(id, in: world.state)) == nil { continue }
                expected += plan.schedule.due(at: now).value
                try Streams.recall(id, of: ProposalID(2), at: world.block, in: &world.state)
            default:
                guard !live.isEmpty else { continue }
                let (id, plan) = live[index]
                let due = plan.schedule.due(at: now)
                do {
                    try claim(id, in: &world)
                    if due == plan.schedule.total {
                        live.remove(at: index)
                        expected += due.value
                    }
                } catch {
                    #expect(["gov.nothing_due", "gov.unknown_stream"].contains(error.code))
                }
            }
            #expect(world.isSound)
            #expect(Streams.violations(in: world.state).isEmpty)
        }
        for (id, plan) in live {
            expected += plan.schedule.due(at: world.block.timestamp).value
            try Streams.recall(id, of: ProposalID(2), at: world.block, in: &world.state)
        }
        #expect(world.balance(StreamsTests.alice) == expected)
        #expect(world.treasury == treasury - expected)
        #expect(entryCount(world) <= 1)
    }
}

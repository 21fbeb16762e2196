import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// The limiter of the treasury. On a development chain its floors are 100 and 1,000 tokens.
@Suite struct OutflowLimitTests {
    private func world(treasury: UInt64) -> GovernanceWorld {
        GovernanceWorld(treasury: treasury)
    }

    /// What the limiter says of one spend that has left the treasury already.
    private func take(
        _ amount: UInt64, _ track: Track, of asset: AssetID = .native,
        in world: inout GovernanceWorld
    ) -> String? {
        let balance = world.state.balance(of: ModuleAccounts.treasury, asset: asset).value
        var state = world.state
        state.write(
            .balance(ModuleAccounts.treasury, asset), Amount(balance - min(balance, amount)))
        do throws(Rejection) {
            try OutflowLimits.take(
                [(asset: asset, sum: UInt128(amount))], on: track, at: world.block, in: &state)
            world.state = state
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        arguments: [
            // 3 % of 1,000,000 tokens on the rows below spend-L, 10 % on it, to the unit.
            (.spendSmall, 1_000_000_000_000, 30_000_000_000),
            (.spendMedium, 1_000_000_000_000, 30_000_000_000),
            (.spendLarge, 1_000_000_000_000, 100_000_000_000),
            // Roundings: 3 % of 33 above the floor's reach.
            (.spendSmall, 1_000_000_000_033, 30_000_000_000),
            (.spendSmall, 1_000_000_000_034, 30_000_000_001),
            // The floors.
            (.spendSmall, 1_000_000_000, 100_000_000),
            (.spendLarge, 1_000_000_000, 1_000_000_000),
        ] as [(Track, UInt64, UInt64)])
    func `the limit is reached exactly`(track: Track, treasury: UInt64, limit: UInt64) {
        var world = world(treasury: treasury)
        world.advance(by: 1_000)
        var other = world
        #expect(take(limit + 1, track, in: &other) == "gov.outflow_limit")
        #expect(take(limit, track, in: &world) == nil)
    }

    @Test func `all spends of 30 days count together`() {
        var world = world(treasury: 1_000_000_000_000)
        world.advance(by: 1_000)
        #expect(take(20_000_000_000, .spendMedium, in: &world) == nil)
        world.advance(by: 10 * Milliseconds.day)
        #expect(take(20_000_000_000, .spendLarge, in: &world) == nil)
        // 40,000 tokens are above 3 % and below 10 %.
        #expect(take(1, .spendSmall, in: &world) == "gov.outflow_limit")
        #expect(take(1, .spendLarge, in: &world) == nil)
        // The first has stopped counting.
        world.advance(by: 21 * Milliseconds.day)
        #expect(take(1, .spendSmall, in: &world) == nil)
    }

    @Test func `a spend counts for 30 days and not for 31`() {
        for (days, isCounted) in [(29, true), (30, true), (31, false)] as [(UInt64, Bool)] {
            var world = world(treasury: 1_000_000_000_000)
            world.advance(by: 1_000)
            #expect(take(30_000_000_000, .spendSmall, in: &world) == nil)
            // Back to the same balance, so that the average stays.
            world.state.write(
                .balance(ModuleAccounts.treasury, .native), Amount(1_000_000_000_000))
            world.advance(by: days * Milliseconds.day)
            let code = take(1, .spendSmall, in: &world)
            #expect((code == "gov.outflow_limit") == isCounted)
        }
    }

    @Test func `G-R28 a spend of the constitution has no limit and is not counted`() {
        // R28: whatever the limiter says, the highest row can spend.
        var world = world(treasury: 1_000_000_000_000)
        world.advance(by: 1_000)
        #expect(take(30_000_000_000, .spendSmall, in: &world) == nil)
        #expect(take(900_000_000_000, .constitution, in: &world) == nil)
        #expect(take(1, .spendSmall, in: &world) == "gov.outflow_limit")
        #expect(take(70_000_000_000, .constitution, in: &world) == nil)
        #expect(world.treasury == 0)
    }

    @Test func `G-R28 no floor within its bounds blocks all spending`() throws {
        // R28: a floor is at least one unit, a treasury of any size has a row that can spend it.
        for name in ["treasury.outflowFloorSmall", "treasury.outflowFloorLarge"] {
            for kind in ChainKind.allCases {
                var parameters = Parameters(kind: kind)
                try parameters.set(name, to: .integer(0))
                #expect(parameters.validate().map(\.parameter).contains(name))
                try parameters.set(name, to: .integer(1))
                #expect(parameters.validate() == [])
            }
        }
        for treasury in [1, 2, 999, 1_000, 1_000_000, 1 << 62] as [UInt64] {
            var parameters = Parameters.development
            try parameters.set("treasury.outflowFloorSmall", to: .integer(1))
            try parameters.set("treasury.outflowFloorLarge", to: .integer(1))
            let world = GovernanceWorld(treasury: treasury, parameters: parameters)
            let kind = try Tracks.classify(
                [.pay(treasury)], parameters: parameters, in: world.state)
            #expect(kind.track == .constitution)
            var trial = world
            #expect(take(treasury, kind.spendTrack ?? .text, in: &trial) == nil)
        }
    }

    @Test func `G-R28 an exhausted limit stops neither the highest row nor a change of it`() throws
    {
        var world = world(treasury: 1_000_000_000_000)
        world.advance(by: 1_000)
        #expect(take(100_000_000_000, .spendLarge, in: &world) == nil)
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000_000_000_000))
        for amount in [1, 1_000_000_001, 20_000_000_000] as [UInt64] {
            let error = #expect(throws: Rejection.self) { try world.submit([.pay(amount)]) }
            #expect(error?.code == "gov.outflow_limit")
        }
        // From the vote to the payment.
        let spend = try world.openProposal([.pay(200_000_000_000)])
        let change = try world.openProposal([
            .set("treasury.outflowFloorSmall", 900_000_000_000),
            .set("treasury.outflowFloorLarge", 900_000_000_000),
        ])
        for id in [spend, change] { for voter in 0..<3 { try world.vote(voter, .allYes, on: id) } }
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(spend) == .executed)
        #expect(world.status(change) == .executed)
        #expect(world.balance(GovernanceWorld.address(50)) == 200_000_000_000)
        world.advance()
        let small = try world.openProposal([.pay(1)])
        try world.vote(0, .allYes, on: small)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(small) == .executed)
    }

    @Test func `another asset has no floor`() {
        var world = world(treasury: 0)
        let asset = AssetID(5)
        world.state.write(.balance(ModuleAccounts.treasury, asset), Amount(1_000))
        world.advance(by: 1_000)
        var other = world
        #expect(take(31, .spendLarge, of: asset, in: &other) == nil)
        #expect(take(31, .spendMedium, of: asset, in: &world) == "gov.outflow_limit")
        #expect(take(30, .spendMedium, of: asset, in: &world) == nil)
        #expect(take(1, .constitution, of: asset, in: &world) == nil)
    }

    @Test func `the average follows the balance at epoch starts`() {
        // A chain of 10 days: 4 with 1,000,000 tokens, 6 with 2,000,000.
        var world = world(treasury: 1_000_000_000_000)
        world.advance(by: 4 * Milliseconds.day, hasNewEpoch: true)
        world.state.write(
            .balance(ModuleAccounts.treasury, .native), Amount(2_000_000_000_000))
        world.advance(by: 6 * Milliseconds.day, hasNewEpoch: true)
        var other = world
        // 3 % of 1,600,000.
        #expect(take(48_000_000_001, .spendSmall, in: &other) == "gov.outflow_limit")
        #expect(take(48_000_000_000, .spendSmall, in: &world) == nil)
    }

    @Test func `a gift of the moment does not raise the limit`() {
        var world = world(treasury: 1_000_000_000_000)
        world.advance(by: 50 * Milliseconds.day, hasNewEpoch: true)
        world.state.write(
            .balance(ModuleAccounts.treasury, .native), Amount(900_000_000_000_000))
        #expect(take(30_000_000_001, .spendSmall, in: &world) == "gov.outflow_limit")
    }

    @Test func `what lies more than 90 days back no longer counts`() {
        var world = world(treasury: 1_000_000_000_000)
        for _ in 0..<100 { world.advance(by: Milliseconds.day, hasNewEpoch: true) }
        world.state.write(
            .balance(ModuleAccounts.treasury, .native), Amount(3_000_000_000_000))
        for _ in 0..<45 { world.advance(by: Milliseconds.day, hasNewEpoch: true) }
        // Half of the 90 days had a third of the balance: 3 % of 2,000,000.
        var other = world
        #expect(take(60_000_000_001, .spendSmall, in: &other) == "gov.outflow_limit")
        #expect(take(60_000_000_000, .spendSmall, in: &world) == nil)
        for _ in 0..<45 { world.advance(by: Milliseconds.day, hasNewEpoch: true) }
        let samples = StateKeyRange(
            from: .decision(.treasurySample(.native, day: 0)),
            to: .decision(.treasurySample(.native, day: .max)))
        #expect(world.state.entries(in: samples, limit: 1_000).count <= 92)
    }

    @Test func `an asset that was empty in between has the average of its time`() {
        var world = world(treasury: 1_000_000_000_000)
        for _ in 0..<30 { world.advance(by: Milliseconds.day, hasNewEpoch: true) }
        world.state.remove(.balance(ModuleAccounts.treasury, .native))
        for _ in 0..<30 { world.advance(by: Milliseconds.day, hasNewEpoch: true) }
        world.state.write(
            .balance(ModuleAccounts.treasury, .native), Amount(1_000_000_000_000))
        // 30 of 60 days.
        #expect(take(15_000_000_001, .spendSmall, in: &world) == "gov.outflow_limit")
        #expect(take(15_000_000_000, .spendSmall, in: &world) == nil)
    }

    @Test func `a spend that breaks the limit is undone and says why`() throws {
        // Each is allowed when it is submitted, both together are not.
        var world = world(treasury: 100_000_000_000)
        let ids = try (0..<2).map { _ in try world.submit([.pay(2_000_000_000)]) }
        #expect(ids.map { world.proposal($0).track } == [.spendLarge, .spendLarge])
        let small = try world.submit([.pay(90_000_000)])
        world.advance()
        for id in ids + [small] { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        #expect(world.proposal(small).vote?.spendTrack == .spendSmall)
        world.advance(by: 5_000)
        world.advance()
        #expect(ids.map { world.status($0) } == [.executed, .executed])
        // 4 % are gone.
        #expect(world.status(small) == .queued)
        #expect(world.reason(small).hasPrefix("gov.outflow_limit"))
        #expect(world.treasury == 96_000_000_000)
        world.advance(hasNewEpoch: true)
        #expect(world.dryRun(small).flags.contains(.failing))
        #expect(world.isSound)
    }

    @Test func `old days leave the state`() {
        var world = world(treasury: 1_000_000_000_000)
        for _ in 0..<80 {
            world.advance(by: Milliseconds.day)
            _ = take(1_000_000, .spendSmall, in: &world)
        }
        let days = StateKeyRange(
            from: .decision(.outflow(.native, day: 0)),
            to: .decision(.outflow(.native, day: .max)))
        #expect(world.state.entries(in: days, limit: 1_000).count <= 32)
    }
}

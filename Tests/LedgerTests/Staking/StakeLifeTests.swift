import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// What becomes of validators and of stake over several epochs.
@Suite struct StakeLifeTests {
    private func world(_ validators: Int = 4, accounts: Int = 3) throws -> StakeWorld {
        try StakeWorld(validators: validators, accounts: accounts, selfBond: 1_000_000_000)
    }

    private func record(_ index: Int, in world: StakeWorld) -> ValidatorRecord? {
        world.state.read(.validator(world.validators[index]))
    }

    /// Who sits by the last election, as indices of validators.
    private func seated(_ world: StakeWorld) -> [Int] {
        let keys = world.elected?.validators.map(\.key) ?? []
        return world.validators.indices.filter { index in
            record(index, in: world).map { keys.contains($0.consensusKey) } ?? false
        }
    }

    private func unjail(_ index: Int, in world: inout StakeWorld) -> String {
        do throws(Rejection) {
            try world.act { world throws(Rejection) in
                try Staking.unjail(world.context(index), in: &world.state)
            }
            return "ok"
        } catch {
            return error.code
        }
    }

    @Test func `who was jailed for downtime loses its seat, and comes back by unjail alone`() throws
    {
        var world = try world()
        world.endEpoch()
        #expect(world.elect(maximum: 4) == nil)
        // The joiners of one election have less than a third, so that it takes some.
        for _ in 0..<4 where seated(world).count < 4 {
            world.endEpoch()
            #expect(world.elect(maximum: 4) == nil)
        }
        #expect(seated(world) == [0, 1, 2, 3])
        world.advance()
        #expect(try world.closeEpoch(done: [20, 20, 20, 3], fees: 0) == nil)
        #expect(record(3, in: world)?.status == .jailed)
        #expect(world.elect(maximum: 4) == nil)
        #expect(seated(world) == [0, 1, 2])
        // Stake may come and go as before.
        try world.delegate(5_000_000, to: 3, by: 4)
        try world.undelegate(2_000_000, from: .pool(world.validators[3]), by: 4)
        #expect(unjail(3, in: &world) == "staking.jailed")
        world.advance(by: Downtime.jailBaseOfDevelopment)
        // The time is over, and nothing happens by itself.
        world.endEpoch()
        #expect(world.elect(maximum: 4) == nil)
        #expect(seated(world) == [0, 1, 2])
        #expect(unjail(3, in: &world) == "ok")
        #expect(unjail(3, in: &world) == "staking.not_jailed")
        world.endEpoch()
        #expect(world.elect(maximum: 4) == nil)
        #expect(seated(world) == [0, 1, 2, 3])
        #expect(record(3, in: world)?.status == .active)
        // And it earns again.
        let before = world.worth(of: 4, in: .place(.pool(world.validators[3])))
        for _ in 0..<2 {
            world.advance(by: 3_600_000)
            #expect(
                try world.closeEpoch(done: [20, 20, 20, 20], fees: 0, elapsed: 3_600_000) == nil)
        }
        #expect(world.worth(of: 4, in: .place(.pool(world.validators[3]))) > before)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `all but one leave at one boundary, and the chain goes on with that one`() throws {
        var world = try world()
        for _ in 0..<4 {
            world.endEpoch()
            #expect(world.elect(maximum: 4) == nil)
        }
        #expect(seated(world) == [0, 1, 2, 3])
        for index in 1..<4 {
            try world.act { world throws(Rejection) in
                try Staking.leave(world.context(index), in: &world.state)
                let place = StakePlace.pool(world.validators[index])
                let taken = world.oracle.take(nil, from: index, in: .place(place), isKept: false)
                let bucket = BucketID(validator: place.validator, exit: world.clock.exit)
                world.oracle.add(taken, to: index, in: .bucket(bucket))
            }
        }
        #expect(world.difference() == nil)
        for _ in 0..<8 {
            world.endEpoch()
            #expect(world.elect(maximum: 4) == nil)
            #expect(seated(world) == [0])
            #expect(Staking.violations(in: world.state).isEmpty)
            #expect(world.powerProblem() == nil)
        }
        // What they had is paid, their records go, and the addresses are free again.
        for index in 1..<4 {
            let before = world.state.balance(of: world.accounts[index]).value
            world.settle(index)
            #expect(
                world.state.balance(of: world.accounts[index]).value - before == 1_000_000_000)
            #expect(record(index, in: world) == nil)
        }
        #expect(world.isSupplyKept)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `who is paid claims what it earned, and who compounds earns on it`() throws {
        var world = try world(4, accounts: 2)
        for account in 4..<6 { try world.delegate(500_000_000, to: 0, by: account) }
        let place = StakeHolding.place(.pool(world.validators[0]))
        try Staking.setMode(
            .paying, with: world.validators[0], world.context(4), in: &world.state)
        world.oracle.setPaying(true, 4, place)
        var paid: UInt64 = 0
        for _ in 0..<6 {
            world.advance(by: 21_600_000)
            #expect(
                try world.closeEpoch(done: [20, 20, 20, 20], fees: 0, elapsed: 21_600_000) == nil)
            let before = world.state.balance(of: world.accounts[4]).value
            try Staking.claim(world.context(4), in: &world.state)
            let claimed = world.state.balance(of: world.accounts[4]).value - before
            let byHand = world.oracle.claim(4, place)
            #expect(Exact(claimed).distance(to: byHand) <= Exact(world.oracle.slack))
            paid += claimed
        }
        #expect(paid > 0)
        #expect((500_000_000...500_000_020).contains(world.worth(of: 4, in: place)))
        // The other one has more, since what it earned earned too.
        #expect(world.worth(of: 5, in: place) > 500_000_000 + paid)
        #expect(world.difference() == nil)
        #expect(world.isSupplyKept)
        #expect(Staking.violations(in: world.state).isEmpty)
    }

    @Test func `everything can be withdrawn at the end`() throws {
        var world = try world(3, accounts: 2)
        try world.delegate(77_777, to: 0, by: 3)
        try world.delegate(88_888, to: 1, by: 4)
        world.reward(1_001, to: 0)
        try world.redelegate(33_333, from: .pool(world.validators[0]), to: 1, by: 3)
        try world.undelegate(11_111, from: .pool(world.validators[1]), by: 4)
        world.advance()
        _ = world.slash(0, for: .zero, billionths: 123_456_789)
        world.reward(999, to: 1)
        world.advance()
        for index in 0..<3 {
            try world.act { world throws(Rejection) in
                try Staking.leave(world.context(index), in: &world.state)
            }
        }
        for account in 3..<5 {
            for holding in world.holdings(of: account) {
                guard case .place(let place) = holding else { continue }
                try world.undelegate(nil, from: place, by: account)
            }
        }
        for _ in 0..<3 { world.endEpoch() }
        world.advance(by: 10_000)
        for account in world.accounts.indices { world.settle(account) }
        #expect(world.state.balance(of: ModuleAccounts.bondedPool) == .zero)
        #expect(world.state.firstEntry(in: .stakePositions) == nil)
        #expect(world.state.firstEntry(in: .buckets) == nil)
        #expect(world.isSupplyKept)
        #expect(world.emptyEscrows() == nil)
        #expect(world.isSupplyKept)
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// Random histories of stake, in the ledger and counted by hand (staking.md 6). A failure prints
/// its seed.
@Suite struct StakeHistoryTests {
    /// Amounts from one unit to 2^62, of any size with the same chance.
    private static func amount(
        below bits: UInt64, _ random: inout SeededGenerator
    ) -> UInt64 {
        let bits = UInt64.random(in: 0...bits, using: &random)
        return UInt64.random(in: (1 << bits) / 2...(1 << bits), using: &random) | 1
    }

    private static func step(
        _ world: inout StakeWorld, _ random: inout SeededGenerator
    ) throws(Rejection) {
        let account = Int.random(in: 0..<world.accounts.count, using: &random)
        let validator = Int.random(in: 0..<world.validators.count, using: &random)
        world.settle(account)
        let holdings = world.oracle.holdings(of: account)
        let holding = holdings.randomElement(using: &random)
        let isAll = Bool.random(using: &random)
        let part: UInt64? =
            isAll || holding == nil
            ? nil
            : holding.map {
                max(1, world.worth(of: account, in: $0) / UInt64.random(in: 1...5, using: &random))
            }
        let choice = Int.random(in: 0..<10, using: &random)
        try world.act { world throws(Rejection) in
            switch (choice, holding) {
            case (0...2, _), (_, nil):
                try world.delegate(
                    amount(below: 58, &random), to: validator, by: account)
            case (3...4, .place(let place)?):
                try world.undelegate(part, from: place, by: account)
            case (_, .bucket(let bucket)?):
                try world.cancel(part, of: bucket, by: account)
            case (5...7, .place(let place)?):
                try world.redelegate(part, from: place, to: validator, by: account)
            case (8, .place(.pool(let pool))?):
                let mode: StakeMode = isAll ? .paying : .compounding
                try Staking.setMode(mode, with: pool, world.context(account), in: &world.state)
                world.oracle.setPaying(isAll, account, .place(.pool(pool)))
            case (_, .place?):
                try Staking.claim(world.context(account), in: &world.state)
                for holding in holdings { _ = world.oracle.claim(account, holding) }
            }
        }
    }

    /// One history.
    ///
    /// - Returns: what went wrong first.
    static func history(
        _ seed: UInt64, steps: Int = 60, selfBond: UInt64? = nil
    ) throws -> String? {
        var random = SeededGenerator(seed: seed)
        var world = try StakeWorld(
            validators: 4, accounts: 4, exitPeriod: UInt64.random(in: 1...3, using: &random),
            selfBond: selfBond ?? amount(below: 50, &random))
        for _ in 0..<steps {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: world.endEpoch()
            case 1:
                if let problem = try close(&world, &random) { return problem }
            case 2:
                let validator = Int.random(in: 0..<4, using: &random)
                let total = world.oracle.total(with: world.validators[validator]).units
                if total > 100 {
                    world.reward(
                        UInt64.random(in: 1...total / 10, using: &random), to: validator)
                }
            case 3:
                if let problem = slash(&world, &random) { return problem }
            default:
                do throws(Rejection) {
                    try step(&world, &random)
                } catch {
                    switch error {
                    case .staking, .insufficientFunds: break
                    default: return "refused: \(error.code)"
                    }
                }
            }
            if let problem = problem(in: world) { return problem }
            world.advance()
        }
        return withdrawAll(&world)
    }

    /// What an epoch pays at most.
    private static let rewardMax: UInt64 = 1 << 26

    /// The end of an epoch with rewards, inflation and downtime; who was jailed comes back.
    private static func close(
        _ world: inout StakeWorld, _ random: inout SeededGenerator
    ) throws -> String? {
        for validator in world.validators {
            guard var record: ValidatorRecord = world.state.read(.validator(validator)) else {
                return "a validator is gone"
            }
            record.commission = [0, 1, 500, 10_000][Int.random(in: 0..<4, using: &random)]
            if record.jail?.reason == .downtime {
                record.jail = nil
                record.status = .candidate
            }
            world.state.write(.validator(validator), record)
        }
        let done = world.validators.map { _ in
            [0, 9, 10, 18, 19, 20, 20][Int.random(in: 0..<7, using: &random)] as UInt64
        }
        // A reward far above what a pool had would turn the roundings of before into more than the
        // slack: such epochs end without one.
        let isSmall = world.validators.contains { validator in
            let tokens = Staking.pool(of: validator, in: world.state)?.tokens ?? 0
            return tokens > 0 && tokens < 20 * rewardMax
        }
        guard !isSmall else {
            world.endEpoch()
            return nil
        }
        let hasFees = Bool.random(using: &random)
        return try world.closeEpoch(
            done: done, fees: hasFees ? amount(below: 24, &random) : 0, elapsed: 1)
    }

    private static func slash(
        _ world: inout StakeWorld, _ random: inout SeededGenerator
    ) -> String? {
        let fractions: [UInt64] = [1, 100_000, 50_000_000, 333_333_333, 500_000_000, 1_000_000_000]
        let epoch = Epoch(
            world.epoch.value - min(world.epoch.value, UInt64.random(in: 0...5, using: &random)))
        // Evidence that is not in time is not in a block.
        if let end = world.oracle.ends[epoch.value],
            world.now > end + world.oracle.unbonding
        {
            return nil
        }
        let part =
            Int.random(in: 0..<8, using: &random) == 0
            ? 1_000_000_000 : fractions[Int.random(in: 0..<5, using: &random)]
        let (cut, expected) = world.slash(
            Int.random(in: 0..<4, using: &random), for: epoch, billionths: part)
        let slack = Exact(world.oracle.slack * UInt64(world.oracle.parts.count + 4))
        return Exact(cut).distance(to: expected) > slack
            ? "cut \(cut) instead of \(expected.units)" : nil
    }

    private static func problem(in world: StakeWorld) -> String? {
        if let difference = world.difference() { return difference }
        if let violation = Staking.violations(in: world.state).first {
            return violation.description
        }
        return world.isSupplyKept ? nil : "the supply is not the sum of the balances"
    }

    /// Everything can be taken out at the end, and nothing is left behind.
    private static func withdrawAll(_ world: inout StakeWorld) -> String? {
        for validator in world.validators {
            guard var record: ValidatorRecord = world.state.read(.validator(validator)) else {
                return "a validator is gone"
            }
            record.status = .leaving
            world.state.write(.validator(validator), record)
        }
        for round in 0..<4 {
            for account in world.accounts.indices {
                world.settle(account)
                for holding in world.holdings(of: account) {
                    guard case .place(let place) = holding else { continue }
                    do throws(Rejection) {
                        try world.act { world throws(Rejection) in
                            try world.undelegate(nil, from: place, by: account)
                        }
                    } catch .staking(.noPosition) {
                        world.oracle.drop(account, holding)
                    } catch {
                        return "cannot leave: \(error.code)"
                    }
                }
            }
            for _ in 0..<(round == 0 ? 12 : 3) { world.endEpoch() }
        }
        let left = world.state.balance(of: ModuleAccounts.bondedPool).value
        if left != 0 { return "\(left) are left in the bonded pool" }
        return Staking.violations(in: world.state).first?.description
    }

    /// How many histories: `ALTHING_STAKE_HISTORIES`, or few.
    private static var count: UInt64 {
        #if canImport(Glibc)
            // Safe because the environment is not changed while tests run.
            if let text = unsafe getenv("ALTHING_STAKE_HISTORIES") {
                return UInt64(unsafe String(cString: text)) ?? 20
            }
        #endif
        return 20
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `histories with rewards, inflation and downtime keep it too`(_ seed: UInt64) throws {
        // Bonds that are large beside what an epoch pays, so that every epoch pays.
        #expect(try Self.history(1_000 + seed, steps: 90, selfBond: 1 << 40) == nil)
    }

    @Test func `random histories keep what is counted by hand`() throws {
        for seed in 1...max(1, Self.count) {
            let problem = try Self.history(seed)
            #expect(problem == nil, "seed \(seed)")
            if problem != nil { return }
        }
    }
}

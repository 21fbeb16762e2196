import Chain
import Cryptography
import StateTree

// What must be true of all stake, recomputed from all entries: for tests and on demand.
extension Staking {
    /// - Complexity: O(positions), with a search for each.
    static func violations<Base: StateReader>(in state: State<Base>) -> [InvariantViolation] {
        var sums: [StakeHolding: UInt128] = [:]
        var accounts: [Address: StakeAccount] = [:]
        // Every record has many positions.
        var generations: [StakeHolding: UInt64?] = [:]
        forEach(.stakePositions, of: state) { key, value in
            guard let holding = StakeHolding(positionKey: key) else {
                preconditionFailure("a position's key names a record")
            }
            let account = Address(Array(key[3..<35]))
            var summary = accounts[account] ?? StakeAccount(positions: 0, nextExit: nil)
            summary.positions += 1
            if let exit = holding.exit { summary.nextExit = min(summary.nextExit ?? exit, exit) }
            accounts[account] = summary
            let live = generations[holding] ?? generation(of: holding, in: state)
            generations[holding] = .some(live)
            let position: StakePosition = State<Base>.decode(value)
            if position.generation == live {
                sums[holding, default: 0] += position.shares
            }
        }
        var violations: [InvariantViolation] = []
        for account in accounts.keys.sorted()
        where state.read(.staking(.account(account))) != accounts[account] {
            violations.append(.stakeAccount(account))
        }
        return violations + recordViolations(&sums, in: state)
    }

    private static func recordViolations<Base: StateReader>(
        _ sums: inout [StakeHolding: UInt128], in state: State<Base>
    ) -> [InvariantViolation] {
        var violations: [InvariantViolation] = []
        func check(_ record: ShareRecord, _ name: @autoclosure () -> String, _ sum: UInt128?) {
            if record.shares != (sum ?? 0) || (record.shares == 0) != (record.amount == 0) {
                violations.append(.shares(name(), recorded: record.shares, sum: sum ?? 0))
            }
        }
        var inPools: [Address: UInt128] = [:]
        forEach(.lots, of: state) { key, _ in
            guard let id = LotID(lotKey: key), let lot = lot(id, in: state) else { return }
            check(lot.stake, "the lot \(id)", sums[.place(.lot(id))])
            inPools[id.validator, default: 0] += lot.stake.amount
        }
        var buckets: UInt128 = 0
        forEach(.buckets, of: state) { key, value in
            guard let id = BucketID(bucketKey: key) else {
                preconditionFailure("a bucket's key names it")
            }
            let record: ShareRecord = State<Base>.decode(value)
            check(record, "the bucket \(id)", sums[.bucket(id)])
            buckets += record.amount
        }
        var pools: UInt128 = 0
        forEach(.pools, of: state) { key, value in
            let validator = Address(Array(key.suffix(32)))
            let pool: ValidatorPool = State<Base>.decode(value)
            let sum = (sums[.place(.pool(validator))] ?? 0) + (inPools[validator] ?? 0)
            check(pool.stake, "the pool of \(validator)", sum)
            pools += pool.stake.amount
        }
        let recorded = (state.read(.bondedTotal, as: Amount.self) ?? .zero).value
        if UInt128(recorded) != pools {
            violations.append(.bonded(recorded: recorded, pools: pools))
        }
        var held: UInt128 = 0
        forEach(.escrows, of: state) { _, value in
            held += UInt128(State<Base>.decode(value, as: StakeEscrow.self).left.value)
        }
        let escrow = state.balance(of: ModuleAccounts.slashEscrow).value
        if UInt128(escrow) != held {
            violations.append(.slashEscrow(balance: escrow, held: held))
        }
        let balance = state.balance(of: ModuleAccounts.bondedPool).value
        if UInt128(balance) != pools + buckets {
            violations.append(.bondedPool(balance: balance, pools: pools, buckets: buckets))
        }
        return violations
    }

    private static func forEach<Base: StateReader>(
        _ range: StateKeyRange, of state: State<Base>, _ body: ([UInt8], [UInt8]) -> Void
    ) {
        var lower = range.lower
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            body(entry.key, entry.value)
            lower = entry.key + [0]
        }
    }
}

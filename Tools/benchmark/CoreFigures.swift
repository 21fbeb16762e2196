import Chain
import Cryptography
import Ledger
import StateTree

/// What one core does in this process: the limits of this very machine.
enum CoreFigures {
    static func measure(isQuick: Bool, into report: inout Report) {
        let time: Int64 = isQuick ? 1_000_000 : 4_000_000
        report.add(
            "signature verifications/s", verifications(time), "1/s",
            "one core, Ed25519 of 200 B messages")
        report.add(
            "tree update", thousandths: tree(time, keys: isQuick ? 20_000 : 200_000), digits: 2,
            "µs/key", "one core, 1,000 keys a block of \(isQuick ? "20,000" : "200,000")")
        report.add(
            "ledger transfers/s", ledger(time), "1/s",
            "one core, blocks of 1,000 from 1,000 accounts, tree included")
    }

    private static func verifications(_ time: Int64) -> Int64 {
        let key = SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let samples = (0..<64).map { index in
            let message = [UInt8](repeating: UInt8(index), count: 200)
            return (message: message, signature: key.sign(message))
        }
        let publicKey = key.publicKey
        let watch = Stopwatch()
        var count = 0
        while watch.microseconds < time {
            for sample in samples {
                precondition(
                    publicKey.isValid(sample.signature, for: sample.message),
                    "an own signature is valid")
            }
            count += samples.count
        }
        return perSecond(count, watch.microseconds)
    }

    /// Nanoseconds for each key, which are thousandths of a microsecond.
    private static func tree(_ time: Int64, keys count: Int) -> Int64 {
        func key(_ index: Int) -> [UInt8] {
            [3, 0] + Digest(.stateKey, withUnsafeBytes(of: UInt64(index)) { Array($0) }).bytes
        }
        let keys = (0..<count).map(key).sorted { $0.lexicographicallyPrecedes($1) }
        var state = MemoryState()
        let first = keys.map { StateWrite(key: $0, value: [UInt8](repeating: 1, count: 40)) }
        state.apply(StateTree.apply(first, version: 0, over: state))
        var numbers = SeededNumbers(seed: 1)
        var version: UInt64 = 0
        var spent: Int64 = 0
        var updated = 0
        while spent < time {
            version += 1
            var chosen: Set<Int> = []
            while chosen.count < 1_000 {
                chosen.insert(numbers.next(below: count))
            }
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: version &+ 1), count: 40)
            let writes = chosen.sorted().map { StateWrite(key: keys[$0], value: value) }
            let watch = Stopwatch()
            let changes = StateTree.apply(writes, version: version, over: state)
            spent += watch.microseconds
            updated += writes.count
            state.apply(changes)
        }
        return spent * 1_000 / Int64(updated)
    }

    private static func ledger(_ time: Int64) -> Int64 {
        let members = Members(ports: [1, 2, 3, 4])
        let accounts = Accounts(count: 1_000)
        let genesis = members.genesis(
            accounts: accounts, blockInterval: 100, idleInterval: 1_000)
        var state = MemoryState()
        state.apply(Ledger.genesis(genesis).changes)
        var transfers = Transfers(genesis: genesis, accounts: accounts)
        var spent: Int64 = 0
        var count = 0
        var height: UInt64 = 0
        // Within the first epoch: the blocks here know no other.
        let last = genesis.parameters.epochLength - 1
        while spent < time, height < last {
            height += 1
            let block = transfers.next(1_000, isSigned: false).map { Verified.restored($0) }
            let context = BlockContext(
                height: Height(height), view: View(height), parentView: View(height - 1),
                timestamp: Timestamp(genesis.time.value + 100 * height),
                parentTimestamp: Timestamp(genesis.time.value + 100 * (height - 1)),
                proposer: 0, gasLimit: genesis.parameters.blockGasLimit)
            let watch = Stopwatch()
            do {
                let execution = try Ledger.execute(block, context: context, over: state)
                spent += watch.microseconds
                precondition(
                    execution.receipts.allSatisfy { $0.status == .ok },
                    "the transfers are valid")
                state.apply(execution.changes)
            } catch {
                preconditionFailure("the block is valid: \(error)")
            }
            count += block.count
        }
        return perSecond(count, spent)
    }
}

import Chain
import Cryptography
import Ledger
import StateTree

/// A chain in memory, for figures of the ledger alone: nobody signs, and a block takes a
/// millisecond of its time.
struct LedgerChain {
    let genesis: Genesis
    let accounts: Accounts
    private(set) var state = MemoryState()
    private var height: UInt64 = 0
    /// Of the last block.
    private(set) var time: Timestamp

    init(_ genesis: Genesis, accounts: Accounts) {
        self.genesis = genesis
        self.accounts = accounts
        time = genesis.time
        state.apply(Ledger.genesis(genesis).changes)
    }

    // MARK: Blocks

    /// The next block, so many milliseconds after the last one.
    private func context(after milliseconds: UInt64) -> BlockContext {
        let epoch = Queries.currentEpoch(over: state)
        let view = height + 1 - min(height, epoch.record.first.value - 1)
        return BlockContext(
            height: Height(height + 1), epoch: epoch.epoch, view: View(view),
            parentView: View(view - 1), timestamp: time.advanced(by: milliseconds),
            parentTimestamp: time, proposer: 0, gasLimit: genesis.parameters.blockGasLimit)
    }

    /// Executes a block over the present state.
    ///
    /// - Returns: what it did, and how long it took in nanoseconds.
    func execute(
        _ transactions: [SignedTransaction] = [], after milliseconds: UInt64 = 1
    ) -> (execution: BlockExecution, time: Int64) {
        let context = context(after: milliseconds)
        let verified = transactions.map { Verified.restored($0) }
        let watch = Stopwatch()
        do {
            let execution = try Ledger.execute(verified, context: context, over: state)
            let time = watch.nanoseconds
            for receipt in execution.receipts where receipt.status != .ok {
                preconditionFailure("the transactions are valid: \(receipt.status)")
            }
            return (execution, time)
        } catch {
            preconditionFailure("the block is valid: \(error)")
        }
    }

    /// Executes a block and takes over what it did.
    ///
    /// - Returns: how long the execution took in nanoseconds.
    @discardableResult
    mutating func append(
        _ transactions: [SignedTransaction] = [], after milliseconds: UInt64 = 1
    ) -> Int64 {
        let (execution, time) = execute(transactions, after: milliseconds)
        state.apply(execution.changes)
        height += 1
        self.time = self.time.advanced(by: milliseconds)
        return time
    }

    /// How long a transaction takes in a block of its own without the tree, in nanoseconds: the
    /// median of a few.
    func executionTime(of transaction: SignedTransaction) -> Int64 {
        let context = context(after: 1)
        let times = (0..<5).map { _ in
            let watch = Stopwatch()
            do {
                let simulation = try Ledger.simulate(transaction, context: context, over: state)
                let time = watch.nanoseconds
                precondition(simulation.failure == nil, "the transaction is valid")
                return time
            } catch {
                preconditionFailure("a block could contain the transaction: \(error)")
            }
        }
        return times.sorted()[times.count / 2]
    }

    /// Writes records that no block writes, in the place of a block.
    mutating func write(_ body: (inout State<MemoryState>) -> Void) {
        height += 1
        time = time.advanced(by: 1)
        var writing = State(over: state)
        body(&writing)
        state.apply(StateTree.apply(writing.takeWrites(), version: height, over: state))
    }

    // MARK: Transactions

    /// An account's next transaction, or a later one, with bytes that are no signature.
    func transaction(
        _ actions: [Action], from account: Int, gas: UInt64 = 400_000, ahead: UInt64 = 0
    ) -> SignedTransaction {
        let sequence = Lanes.nextSequence(
            of: accounts.addresses[account], lane: 0, at: Height(height + 1),
            in: State(over: state))
        let transaction = Transaction(
            chainID: genesis.chainID, sender: accounts.addresses[account],
            sequence: sequence + ahead, validUntil: Height(.max),
            maxFee: Amount(gas / 1_000), gasLimit: gas, actions: actions)
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(
                    key: accounts.publicKey(account),
                    signature: Signature([UInt8](repeating: 7, count: 64)))
            ])
    }
}

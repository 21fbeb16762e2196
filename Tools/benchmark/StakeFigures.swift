import Chain
import Cryptography
import Ledger
import StateTree

/// The end of an epoch: downtime, rewards, inflation and the election of a hundred validators,
/// with few and with many delegations. Nothing in it goes over delegations, so that it reads and
/// writes the same number of records.
///
/// All chains have the same accounts and the same supply, so that rewards are of one size, and are
/// measured once they have forgotten the past of the blocks that delegated: a write of a pool
/// removes a few entries of the pool's past, whatever made them.
enum StakeFigures {
    private static let validators = 100

    static func measure(isQuick: Bool, into report: inout Report) {
        let most = isQuick ? 100_000 : 1_000_000
        let keys = StakeChain.keys(for: most)
        for count in [10, 1_000, most] {
            var chain = StakeChain(validators: validators, keys: keys, delegations: count)
            chain.delegate()
            chain.settle()
            let ends = chain.times(ofEpochs: 11)
            let middle = ends.atEnd[ends.atEnd.count / 2]
            let longest = ends.atEnd[ends.atEnd.count - 1]
            report.add(
                "epoch's end, \(count) delegations", thousandths: middle.time, digits: 2, "ms",
                "one core, \(validators) validators, \(middle.records) records written, tree "
                    + "included; at most \(milliseconds(longest.time)); another empty block "
                    + milliseconds(ends.between))
        }
    }

    private static func milliseconds(_ microseconds: Int64) -> String {
        let hundredths = (microseconds + 5) / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) ms"
    }
}

/// A chain in memory whose accounts delegate to all validators in turn.
private struct StakeChain {
    /// One account has stake in so many records at most.
    private static let perAccount = 16
    private static let epochLength: UInt64 = 128
    private static let gasLimit: UInt64 = 1_200_000
    private static let perBlock = 48

    private let delegations: Int
    private let validators: [Address]
    private let keys: [PublicKey]
    private let genesis: Genesis
    private var state = MemoryState()
    private var height: UInt64 = 0

    /// The accounts that so many delegations need.
    static func keys(for delegations: Int) -> [PublicKey] {
        let accounts = (delegations + perAccount - 1) / perAccount
        return (0..<accounts).map { SigningKey(seed: Accounts.seed($0)).publicKey }
    }

    init(validators count: Int, keys: [PublicKey], delegations: Int) {
        self.delegations = delegations
        let genesis = Self.genesis(validators: count, keys)
        self.keys = keys
        self.genesis = genesis
        validators = genesis.validators.map(\.operatorAddress)
        state.apply(Ledger.genesis(genesis).changes)
    }

    private static func genesis(validators: Int, _ keys: [PublicKey]) -> Genesis {
        func seed(_ kind: UInt8, _ index: Int) -> [UInt8] {
            [kind, UInt8(index)] + [UInt8](repeating: 0xCE, count: 30)
        }
        guard let chainID = ChainID("benchmark") else {
            preconditionFailure("the name has the form of a chain's")
        }
        var parameters = Parameters(kind: .development)
        do throws(ParameterProblem) {
            try parameters.set("consensus.epochLength", to: .integer(epochLength))
            try parameters.set("staking.maxValidators", to: .integer(UInt64(validators)))
        } catch {
            preconditionFailure("the parameters exist: \(error)")
        }
        let entries = (0..<validators).map { index in
            GenesisEntry(
                chainID: chainID, operatorKey: SigningKey(seed: seed(3, index)),
                consensusKey: SigningKey(seed: seed(1, index)),
                networkKey: SigningKey(seed: seed(2, index)).publicKey,
                endpoint: "127.0.0.1:\(1_000 + index)", moniker: "validator\(index + 1)",
                commission: 500, selfBond: Amount(10_000_000_000 + UInt64(index)))
        }
        return Genesis(
            chainID: chainID, time: Timestamp(1_000_000_000_000), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: parameters,
            accounts: keys.map {
                GenesisAccount(
                    address: Address($0), balances: [AssetBalance(amount: Accounts.fortune)])
            }, validators: entries)
    }

    /// Executes a block, and takes over what it did.
    ///
    /// - Returns: how long it took, in microseconds, and how many records it wrote.
    @discardableResult
    private mutating func append(
        _ transactions: [SignedTransaction] = []
    ) -> (time: Int64, records: Int) {
        height += 1
        let epoch = Queries.currentEpoch(over: state)
        let view = height - epoch.record.first.value + 1
        let context = BlockContext(
            height: Height(height), epoch: epoch.epoch, view: View(view),
            parentView: View(view - 1), timestamp: Timestamp(genesis.time.value + 100 * height),
            parentTimestamp: Timestamp(genesis.time.value + 100 * (height - 1)),
            parentHash: .zero, proposer: 0, gasLimit: genesis.parameters.blockGasLimit)
        let body = transactions.map { Verified.restored($0) }
        let watch = Stopwatch()
        do {
            let execution = try Ledger.execute(
                body, context: context, over: state, election: .byStake)
            let time = watch.microseconds
            precondition(
                execution.receipts.allSatisfy { $0.status == .ok }, "the delegations are valid")
            state.apply(execution.changes)
            return (time, execution.changes.writes.count)
        } catch {
            preconditionFailure("the block is valid: \(error)")
        }
    }

    /// Brings all delegations onto the chain.
    mutating func delegate() {
        var waiting: [SignedTransaction] = []
        for account in 0..<(delegations + Self.perAccount - 1) / Self.perAccount {
            let first = account * Self.perAccount
            let last = min(first + Self.perAccount, delegations)
            let actions = (first..<last).map { number in
                Action.staking(
                    .delegate(
                        validator: validators[number % validators.count],
                        amount: Amount(1_000_000 + UInt64(number % 1_000))))
            }
            let transaction = Transaction(
                chainID: genesis.chainID, sender: Address(keys[account]), sequence: 0,
                validUntil: Height(.max), maxFee: Amount(Self.gasLimit / 1_000),
                gasLimit: Self.gasLimit, actions: actions)
            let mark = TransactionSignature(
                key: keys[account], signature: Signature([UInt8](repeating: 7, count: 64)))
            waiting.append(SignedTransaction(transaction: transaction, signatures: [mark]))
            if waiting.count == Self.perBlock {
                append(waiting)
                waiting = []
            }
        }
        append(waiting)
    }

    /// Goes on until no pool has a past left that nobody can ask for: that of up to two epochs of
    /// full blocks, of which the end of each epoch removes three entries more than it adds.
    mutating func settle() {
        for _ in 0..<2 * Self.epochLength / 3 + 10 {
            _ = appendEpoch()
        }
    }

    /// How long the last blocks of epochs take, ascending, and another empty block in the middle of
    /// all, in microseconds.
    mutating func times(
        ofEpochs count: Int
    ) -> (atEnd: [(time: Int64, records: Int)], between: Int64) {
        var atEnd: [(time: Int64, records: Int)] = []
        var between: [Int64] = []
        for _ in 0..<count {
            let epoch = appendEpoch()
            atEnd.append(epoch.atEnd)
            between += epoch.between
        }
        return (atEnd.sorted { $0.time < $1.time }, between.sorted()[between.count / 2])
    }

    /// Appends empty blocks up to an epoch's end.
    private mutating func appendEpoch() -> (atEnd: (time: Int64, records: Int), between: [Int64]) {
        let last = Queries.currentEpoch(over: state).record.last.value
        var between: [Int64] = []
        while height + 1 < last {
            between.append(append().time)
        }
        return (append(), between)
    }
}

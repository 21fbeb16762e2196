import Chain
import Codec
import Cryptography
import StateTree

@testable import Ledger

/// A person with a key that follows from a number.
struct Person: Hashable, Sendable {
    let number: UInt8
    let key: PublicKey
    var address: Address { Address(key) }

    init(_ number: UInt8) {
        self.number = number
        key = TestKeys.key(number)
    }

    /// Signatures are checked before the ledger, so that most tests carry none that is real.
    var mark: TransactionSignature {
        TransactionSignature(key: key, signature: Signature([UInt8](repeating: 7, count: 64)))
    }
}

/// A chain in memory with one validator and funded people, made of blocks that the tests give it.
struct TestChain {
    static let people: [Person] = (1...8).map { Person($0) }
    static let alice = people[0]
    static let bob = people[1]
    static let carol = people[2]
    /// Has nothing.
    static let nobody = Person(99)
    static let fortune = Amount(10_000_000_000_000)

    let genesis: Genesis
    var state: MemoryState
    var height = Height.genesis

    init(_ genesis: Genesis = TestChain.genesis()) {
        self.genesis = genesis
        state = MemoryState()
        state.apply(Ledger.genesis(genesis).changes)
    }

    static func genesis(chain: String = "test-chain") -> Genesis {
        guard let chainID = ChainID(chain) else { preconditionFailure("a valid name") }
        let operatorKey = SigningKey(seed: [UInt8](repeating: 200, count: 32))
        let consensusKey = SigningKey(seed: [UInt8](repeating: 201, count: 32))
        let entry = GenesisEntry(
            chainID: chainID, operatorKey: operatorKey, consensusKey: consensusKey,
            networkKey: Person(202).key, endpoint: "127.0.0.1:26656", moniker: "first",
            commission: 500, selfBond: Amount(1_000_000_000))
        return Genesis(
            chainID: chainID, time: Timestamp(1_700_000_000_000), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: .development,
            accounts: people.enumerated().map { index, person in
                GenesisAccount(
                    address: person.address, balances: [AssetBalance(amount: fortune)],
                    name: "person\(index)")
            },
            treasury: [AssetBalance(amount: Amount(1_000_000_000_000))], validators: [entry],
            delegations: [
                GenesisDelegation(
                    delegator: alice.address, validator: entry.operatorAddress,
                    amount: Amount(5_000_000))
            ])
    }

    var rules: Rules { Rules(over: state) }

    /// The context of the next block.
    var context: BlockContext {
        let next = height.value + 1
        return BlockContext(
            height: Height(next), view: View(next), parentView: View(next - 1),
            timestamp: Timestamp(genesis.time.value + 1_000 * next),
            parentTimestamp: Timestamp(genesis.time.value + 1_000 * (next - 1)), proposer: 0,
            gasLimit: rules.blockGasLimit)
    }

    func transfer(
        from sender: Person = alice, to recipient: Address = bob.address, amount: UInt64 = 1_000,
        asset: AssetID = .native, sequence: UInt64 = 0, lane: UInt16 = 0
    ) -> Transaction {
        Transaction(
            chainID: genesis.chainID, sender: sender.address, sequence: sequence, lane: lane,
            validUntil: Height(1_000), maxFee: Amount(1_000), gasLimit: 100_000,
            actions: [.transfer(to: recipient, asset: asset, amount: Amount(amount))])
    }

    func signed(_ transaction: Transaction, by people: [Person] = [alice]) -> SignedTransaction {
        SignedTransaction(transaction: transaction, signatures: people.map(\.mark))
    }

    func execute(
        _ transactions: [SignedTransaction], epoch: Epoch = .zero
    ) throws(BlockRejection) -> BlockExecution {
        var context = context
        context.epoch = epoch
        return try Ledger.execute(
            transactions.map { Verified.restored($0) }, context: context, over: state)
    }

    /// Executes a block and makes it the head.
    @discardableResult
    mutating func append(
        _ transactions: [SignedTransaction] = [], epoch: Epoch = .zero
    ) throws(BlockRejection) -> BlockExecution {
        let execution = try execute(transactions, epoch: epoch)
        state.apply(execution.changes)
        height = height.advanced(by: 1)
        return execution
    }

    /// Why the next block may not contain a transaction.
    func rejection(
        _ transaction: Transaction, by people: [Person] = [alice]
    ) -> Rejection? {
        do {
            _ = try execute([signed(transaction, by: people)])
            return nil
        } catch .transaction(_, _, let rejection) {
            return rejection
        } catch {
            return nil
        }
    }

    /// Changes the state as no transaction can.
    mutating func edit(_ body: (inout State<MemoryState>) -> Void) {
        var changed = State(over: state)
        body(&changed)
        height = height.advanced(by: 1)
        state.apply(
            StateTree.apply(changed.takeWrites(), version: height.value, over: state))
    }

    func balance(_ person: Person) -> UInt64 {
        Queries.balance(of: person.address, over: state).value
    }
}

/// A small generator whose numbers follow from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var value: UInt64

    init(seed: UInt64) {
        value = seed
    }

    mutating func next() -> UInt64 {
        value &+= 0x9E37_79B9_7F4A_7C15
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

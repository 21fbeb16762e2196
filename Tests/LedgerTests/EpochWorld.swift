import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// A chain of several validators and short epochs, without agreement: each block is built by one
/// executor, checked by another, and final at once.
struct EpochWorld {
    static let people: [Person] = (1...4).map { Person($0) }

    let genesis: Genesis
    let election: Election
    var state: MemoryState
    var head: BlockSummary
    var instance: Instance
    private var builder: BlockExecutor<MemoryState>
    private var verifier: BlockExecutor<MemoryState>

    init(
        validators count: Int = 4, epochLength: UInt64 = 4, election: Election = .standing,
        bond: UInt64 = 1_000_000_000, edit: (inout Parameters) throws -> Void = { _ in }
    ) throws {
        var parameters = Parameters.development
        try parameters.set("consensus.epochLength", to: .integer(epochLength))
        try edit(&parameters)
        let chainID = try #require(ChainID("epoch-world"))
        genesis = Genesis(
            chainID: chainID, time: Timestamp(1_700_000_000_000), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: parameters,
            accounts: EpochWorld.people.map {
                GenesisAccount(
                    address: $0.address,
                    balances: [AssetBalance(amount: Amount(1_000_000_000_000))])
            },
            treasury: [AssetBalance(amount: Amount(1_000_000_000_000))],
            validators: (0..<count).map { index in
                GenesisEntry(
                    chainID: chainID,
                    operatorKey: SigningKey(
                        seed: [UInt8](repeating: 50, count: 31) + [UInt8(index)]),
                    consensusKey: SigningKey(seed: EpochWorld.seed(index)),
                    networkKey: Person(UInt8(200 + index)).key, endpoint: "", moniker: "v\(index)",
                    commission: 0, selfBond: Amount(bond))
            })
        self.election = election
        let (changes, validators) = Ledger.genesis(genesis)
        state = MemoryState()
        state.apply(changes)
        head = genesis.summary
        instance = try #require(Queries.instance(of: .zero, after: genesis.summary, over: state))
        #expect(instance.validators == validators)
        builder = BlockExecutor(
            genesisHash: genesis.hash, instance: instance, committed: head, base: state,
            election: election)
        verifier = builder
    }

    /// Of the consensus key of a validator of the genesis.
    private static func seed(_ index: Int) -> [UInt8] {
        [UInt8](repeating: 77, count: 31) + [UInt8(index)]
    }

    static func key(_ index: Int) -> PublicKey { SigningKey(seed: seed(index)).publicKey }

    var epoch: Epoch { instance.epoch }

    // MARK: Blocks

    func job(
        _ transactions: [SignedTransaction] = [], evidence: [ReportedEvidence] = [],
        after milliseconds: UInt64 = 1_000
    ) -> BuildJob {
        let view = head.height.value + 1 - instance.base.height.value
        return BuildJob(
            instance: instance.id, epoch: instance.epoch, view: View(view),
            parentView: View(view - 1), parent: head,
            timestamp: head.timestamp.advanced(by: milliseconds), proposer: 0,
            evidence: evidence, candidates: transactions.map { Verified.restored($0) })
    }

    /// Builds the next block without taking it over.
    func built(_ job: BuildJob) throws -> BuiltBlock {
        var copy = builder
        let built = copy.build(job, shouldStop: { false })
        return try #require(built)
    }

    /// What a verifier thinks of a block.
    func verdict(_ block: Block) -> Verdict {
        var copy = verifier
        return copy.execute(block) { .restored($0) }
    }

    /// Builds, checks and finalizes the next block, and begins the next epoch after the last.
    @discardableResult
    mutating func append(
        _ transactions: [SignedTransaction] = [], evidence: [ReportedEvidence] = [],
        after milliseconds: UInt64 = 1_000
    ) throws -> ExecutedBlock {
        let job = job(transactions, evidence: evidence, after: milliseconds)
        let result = builder.build(job, shouldStop: { false })
        let built = try #require(result)
        #expect(!built.isSubstitute)
        #expect(verifier.execute(built.block, verified: { .restored($0) }) == .valid)
        let own = try #require(builder.execution(of: built.block.hash))
        let other = try #require(verifier.execution(of: built.block.hash))
        #expect(own.execution.outcome == other.execution.outcome)
        try take(own)
        return own
    }

    /// Makes an executed block the head.
    private mutating func take(_ executed: ExecutedBlock) throws {
        state.apply(executed.execution.changes)
        head = executed.block.header.summary
        builder.committed(head, base: state)
        verifier.committed(head, base: state)
        guard head.height == instance.boundary else { return }
        let next = Queries.epoch(over: state)
        #expect(next == instance.epoch.advanced(by: 1))
        instance = try #require(Queries.instance(of: next, after: head, over: state))
        builder.begin(instance)
        verifier.begin(instance)
    }

    /// Goes on with empty blocks until an epoch has begun.
    mutating func advance(to epoch: Epoch) throws {
        while instance.epoch < epoch {
            try append()
        }
    }

    // MARK: Evidence

    /// Two votes of a validator of the genesis that exclude each other.
    ///
    /// - Parameter epoch: the present one unless it is named.
    func evidence(
        against validator: Int, epoch: Epoch? = nil, view: View = View(7), reporter: Person? = nil,
        first: Statement = .nullify,
        second: Statement = .finalize(Candidate(parentView: .zero, blockHash: .zero))
    ) throws -> ReportedEvidence {
        let epoch = epoch ?? instance.epoch
        let id: Digest
        let validators: ValidatorSet
        if epoch == instance.epoch {
            (id, validators) = (instance.id, instance.validators)
        } else {
            id = Queries.epochRecord(epoch, over: state)?.instance ?? .zero
            validators =
                Queries.validatorSet(of: epoch, over: state) ?? instance.validators
        }
        let signer = validators.index(of: EpochWorld.key(validator)) ?? 9_999
        let key = SigningKey(seed: EpochWorld.seed(validator))
        func vote(_ statement: Statement) -> Vote {
            Vote(
                epoch: epoch, view: view, signer: signer, statement: statement,
                signature: key.sign(statement.signBytes(instance: id, view: view)))
        }
        return ReportedEvidence(
            evidence: try #require(Evidence(vote(first), vote(second))),
            reporter: (reporter ?? EpochWorld.people[0]).address)
    }
}

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
    /// Of the head; nil for the genesis.
    private(set) var last: Header?
    /// By consensus key: the number of the validator in the genesis.
    private let numbers: [PublicKey: Int]
    private var builder: BlockExecutor<MemoryState>
    private var verifier: BlockExecutor<MemoryState>

    init(
        validators count: Int = 4, epochLength: UInt64 = 4, election: Election = .standing,
        bond: UInt64 = 1_000_000_000, commission: UInt16 = 0,
        edit: (inout Parameters) throws -> Void = { _ in }
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
                    commission: commission, selfBond: Amount(bond))
            })
        self.election = election
        var numbers: [PublicKey: Int] = [:]
        for index in 0..<count { numbers[EpochWorld.key(index)] = index }
        self.numbers = numbers
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

    /// - Parameter skipping: views in which nothing was agreed on.
    func job(
        _ transactions: [SignedTransaction] = [], evidence: [ReportedEvidence] = [],
        participation: [Certificate] = [], skipping: UInt64 = 0,
        after milliseconds: UInt64 = 1_000
    ) -> BuildJob {
        let parentView = head.height == instance.base.height ? .zero : head.view
        return BuildJob(
            instance: instance.id, epoch: instance.epoch,
            view: parentView.advanced(by: 1 + skipping), parentView: parentView, parent: head,
            timestamp: head.timestamp.advanced(by: milliseconds), proposer: 0,
            participation: participation.map { .restored($0) }, evidence: evidence,
            candidates: transactions.map { Verified.restored($0) })
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
        participation: [Certificate] = [], skipping: UInt64 = 0,
        after milliseconds: UInt64 = 1_000
    ) throws -> ExecutedBlock {
        let job = job(
            transactions, evidence: evidence, participation: participation, skipping: skipping,
            after: milliseconds)
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
        last = executed.block.header
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

    // MARK: Votes

    /// The notarize votes of seats for a block that is in the state.
    ///
    /// - Parameter seats: all but those that are named.
    func votes(
        for header: Header, without seats: Set<UInt16> = [], candidate: Candidate? = nil
    ) -> Certificate {
        let validators =
            Queries.validatorSet(of: header.epoch, over: state) ?? instance.validators
        let id = Queries.epochRecord(header.epoch, over: state)?.instance ?? .zero
        let statement = Statement.notarize(candidate ?? header.candidate)
        let message = statement.signBytes(instance: id, view: header.view)
        var bitmap = SignerBitmap(count: validators.count)
        var signatures: [Signature] = []
        for (index, seat) in validators.validators.enumerated()
        where !seats.contains(UInt16(index)) {
            guard let number = numbers[seat.key] else { continue }
            bitmap.insert(UInt16(index))
            signatures.append(SigningKey(seed: EpochWorld.seed(number)).sign(message))
        }
        return Certificate(
            epoch: header.epoch, view: header.view, statement: statement, isPartial: true,
            bitmap: bitmap, signatures: signatures)
    }

    /// The next block names all votes for this one.
    @discardableResult
    mutating func appendNamed(
        without seats: Set<UInt16> = [], after milliseconds: UInt64 = 1_000
    ) throws -> ExecutedBlock {
        let votes = last.map { [self.votes(for: $0, without: seats)] } ?? []
        return try append(participation: votes, after: milliseconds)
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

import Chain
import Cryptography
import StateTree

/// What executing a block yields.
public struct BlockExecution: Sendable {
    /// What agreement must know.
    public let outcome: ExecutionOutcome
    /// What is stored when the block is final; its version is the block's height.
    public let changes: StateChanges
    /// One for each transaction, in order.
    public let receipts: [Receipt]
    /// What the block's own steps did; `Receipt.ofBlock` carries them.
    public let blockEvents: [Event]
}

/// Why a block is invalid, whoever proposed it.
public enum BlockRejection: Error, Hashable, Sendable {
    case genesisHeight
    case wrongEpoch(expected: Epoch, found: Epoch)
    case wrongGasLimit(expected: UInt64, found: UInt64)
    case participation(index: Int, ParticipationRejection)
    case tooMuchEvidence(count: Int, limit: Int)
    case evidence(index: Int, EvidenceRejection)
    case tooManyTransactions(count: Int, limit: Int)
    /// A transaction that may not be in this block at this place.
    case transaction(index: Int, id: Digest, Rejection)
}

/// The transactions that a leader found for its block, executed.
public struct BuiltBody: Sendable {
    public struct Dropped: Sendable, Hashable {
        public let id: Digest
        public let rejection: Rejection
    }

    public struct RefusedEvidence: Sendable, Hashable {
        public let id: Digest
        public let rejection: EvidenceRejection
    }

    public let included: [Verified<SignedTransaction>]
    /// Candidates that may not be in this block, with the reason. Those in neither list had no room
    /// or no time.
    public let dropped: [Dropped]
    public let evidence: [ReportedEvidence]
    /// Evidence that may not be in this block, with the reason.
    public let refusedEvidence: [RefusedEvidence]
    /// What was not named before of the votes that the leader holds.
    public let participation: [Participation]
    public let execution: BlockExecution
}

/// What a transaction would do.
public struct Simulation: Hashable, Sendable {
    public let receipt: Receipt
    /// Why it would fail; nil if it would not.
    public let failure: Rejection?
    /// The proposals that it would submit, each with its dry run.
    public let proposals: [ProposalView]
}

/// The rules: a pure function from a state and a block to the next state.
///
/// Nothing here knows how the order was agreed, where the state is stored or what time it is. A
/// transaction that cannot pay or has a wrong sequence or signer makes a block invalid; one that
/// fails is undone, keeps a receipt with the reason, and pays its fee. What is built by `build` is
/// what `execute` accepts, with the same result, because both run one `Execution`.
///
/// Invariants: the sum of all balances of an asset is its supply after every block; nothing on the
/// way of a transaction or a block can trap on what came from outside.
public enum Ledger {
    /// How far ahead of the next one a sequence may be before the mempool.
    public static let sequenceWindow: UInt64 = 64

    /// The cheap checks of state.md 7 in their order, for a transaction that is to wait for a block
    /// of `height` or later; whether the signatures are valid is not asked.
    public static func admit(
        _ transaction: SignedTransaction, at height: Height, over reader: some StateReader,
        rules: Rules
    ) throws(Rejection) {
        _ = try Admission.check(
            transaction, at: height, rules: rules, sequenceWindow: sequenceWindow,
            in: State(over: reader))
        try Pauses.check(transaction.transaction, rules: rules)
    }

    /// How many candidates that the block has no room for a leader passes over before it is content
    /// with what it has. Each costs two comparisons, and a pool offers fewer.
    public static let candidatesPassedOverMax = Limits.blockTransactionsMax

    private struct Lane: Hashable {
        let sender: Address
        let number: UInt16

        init(of transaction: Transaction) {
            sender = transaction.sender
            number = transaction.lane
        }
    }

    /// Fills a block from candidates in their order, and executes it.
    ///
    /// One that has no room left, be it for its bytes or for all of its gas limit, is passed over,
    /// and with it what follows on it in its lane: a gas limit much above what is used must not
    /// keep others out. They wait for another block.
    ///
    /// - Precondition: the context's epoch and gas limit are those of the block after the state.
    /// - Parameters:
    ///   - participation: the votes that the leader holds; those named before are left out.
    ///   - sets: of the block's epoch and the one before, where the caller has them at hand.
    ///   - bytesMax: of the encoded transactions together; evidence and participation have room of
    ///     their own.
    ///   - shouldStop: asked before each candidate: whether the time is up.
    public static func build(
        _ candidates: [Verified<SignedTransaction>], evidence: [ReportedEvidence] = [],
        participation: [Verified<Certificate>] = [], context: BlockContext,
        over reader: some StateReader, sets: [ValidatorSet] = [], bytesMax: Int,
        signatures: SignatureCheck = .ed25519, election: Election = .standing,
        shouldStop: () -> Bool
    ) -> BuiltBody {
        var execution = Execution(context, over: reader)
        precondition(
            context.gasLimit == execution.rules.blockGasLimit,
            "a leader's context has the gas limit of the rules")
        precondition(
            context.epoch == Epochs.current(in: execution.state),
            "a leader's context has the epoch of the next block")
        let named = execution.attend(choosing: participation, sets: sets)
        let offences = report(evidence, signatures: signatures, to: &execution)
        execution.begin()
        var included: [Verified<SignedTransaction>] = []
        var dropped: [BuiltBody.Dropped] = []
        var bytes = 0
        // Whoever waits holds up nobody but what follows on it in its own lane.
        var waiting: Set<Lane> = []
        var passedOver = 0
        for candidate in candidates {
            guard included.count < Limits.blockTransactionsMax,
                passedOver < candidatesPassedOverMax, !shouldStop()
            else { break }
            let transaction = candidate.value.transaction
            let lane = Lane(of: transaction)
            let size = candidate.value.encodedByteCount
            // A limit that no block has room for does not wait: it is refused.
            let hasRoom =
                execution.hasRoom(for: transaction) || transaction.gasLimit > context.gasLimit
            guard !waiting.contains(lane), size <= bytesMax - bytes, hasRoom else {
                waiting.insert(lane)
                passedOver += 1
                continue
            }
            do {
                try execution.apply(candidate.value)
                included.append(candidate)
                bytes += size
            } catch {
                dropped.append(BuiltBody.Dropped(id: candidate.value.id, rejection: error))
            }
        }
        return BuiltBody(
            included: included, dropped: dropped, evidence: offences.included,
            refusedEvidence: offences.refused, participation: named,
            execution: execution.finish(election, sets: sets))
    }

    private static func report<Base: StateReader>(
        _ evidence: [ReportedEvidence], signatures: SignatureCheck,
        to execution: inout Execution<Base>
    ) -> (included: [ReportedEvidence], refused: [BuiltBody.RefusedEvidence]) {
        var included: [ReportedEvidence] = []
        var refused: [BuiltBody.RefusedEvidence] = []
        for entry in evidence {
            guard included.count < Limits.evidencePerBlockMax else { break }
            do {
                try execution.report(entry, signatures: signatures)
                included.append(entry)
            } catch {
                refused.append(
                    BuiltBody.RefusedEvidence(id: entry.evidence.id, rejection: error))
            }
        }
        return (included, refused)
    }

    /// Executes what a block's body says over its parent's state.
    ///
    /// - Parameter sets: of the block's epoch and the one before, where the caller has them.
    public static func execute(
        _ transactions: [Verified<SignedTransaction>], evidence: [ReportedEvidence] = [],
        participation: [Participation] = [], context: BlockContext,
        over reader: some StateReader, sets: [ValidatorSet] = [],
        signatures: SignatureCheck = .ed25519, election: Election = .standing
    ) throws(BlockRejection) -> BlockExecution {
        guard context.height > .genesis else { throw .genesisHeight }
        guard transactions.count <= Limits.blockTransactionsMax else {
            throw .tooManyTransactions(
                count: transactions.count, limit: Limits.blockTransactionsMax)
        }
        guard evidence.count <= Limits.evidencePerBlockMax else {
            throw .tooMuchEvidence(count: evidence.count, limit: Limits.evidencePerBlockMax)
        }
        var execution = Execution(context, over: reader)
        guard context.gasLimit == execution.rules.blockGasLimit else {
            throw .wrongGasLimit(
                expected: execution.rules.blockGasLimit, found: context.gasLimit)
        }
        let epoch = Epochs.current(in: execution.state)
        guard context.epoch == epoch else {
            throw .wrongEpoch(expected: epoch, found: context.epoch)
        }
        try execution.attend(participation, sets: sets, signatures: signatures)
        for (index, entry) in evidence.enumerated() {
            do {
                try execution.report(entry, signatures: signatures)
            } catch {
                throw .evidence(index: index, error)
            }
        }
        execution.begin()
        for (index, transaction) in transactions.enumerated() {
            do {
                try execution.apply(transaction.value)
            } catch {
                throw .transaction(index: index, id: transaction.value.id, error)
            }
        }
        return execution.finish(election, sets: sets)
    }

    /// What a transaction would do in the next block if nothing came before it. It may be unsigned,
    /// and its sequence may lie ahead.
    ///
    /// - Throws: if no block could contain it.
    public static func simulate(
        _ transaction: SignedTransaction, context: BlockContext, over reader: some StateReader
    ) throws(Rejection) -> Simulation {
        var execution = Execution(context, over: reader)
        execution.begin()
        return try execution.simulate(transaction)
    }
}

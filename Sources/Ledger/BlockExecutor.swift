import Chain
import Cryptography
import StateTree

/// What this node thinks of a block.
public enum Verdict: Hashable, Sendable {
    case valid
    case invalid
    /// The parent was not executed here.
    case unavailable
}

/// A block with everything that it did.
public struct ExecutedBlock: Sendable {
    public let block: Block
    public let execution: BlockExecution
}

/// What a leader's work on its block yields.
public struct BuiltBlock: Sendable {
    public let block: Block
    /// Candidates that cannot be in a block on this parent.
    public let dropped: [Digest]
    /// Ids of evidence that cannot be in a block on this parent.
    public let refusedEvidence: [Digest]
    /// Whether the filled block failed its own check and an empty one stands in its place: a bug
    /// of this node.
    public let isSubstitute: Bool
}

/// Executes the blocks of one instance over the committed state and keeps what they do until they
/// are final. Siblings of one height do not disturb each other.
///
/// A pure value that the node and the simulator share. Whoever commits a block tells it with
/// `committed`, and the switch to the next epoch with `begin`.
public struct BlockExecutor<Base: StateReader> {
    public private(set) var instance: Instance
    /// Of the epoch before, where it ran here.
    private var previousSet: ValidatorSet?
    /// The last block whose state is in `base`.
    public private(set) var committed: BlockSummary
    private let genesisHash: Digest
    private let signatures: SignatureCheck
    private let election: Election
    /// Which rules this node can follow.
    private let software: SoftwareVersions
    private var base: Base
    /// Blocks above the committed one, by hash.
    private var executed: [Digest: ExecutedBlock] = [:]
    /// Blocks of this instance whose changes are in `base`, the newest last: asked about again,
    /// they are valid.
    private var past: [Digest]

    /// How many committed blocks are remembered, at least.
    static var pastMax: Int { 128 }

    /// - Parameters:
    ///   - base: the state after `committed`.
    ///   - past: committed blocks that consensus does not know to be so. A restarted engine begins
    ///     at the last block with a finalization of its own, and goes once more over those that
    ///     were committed above it.
    public init(
        genesisHash: Digest, instance: Instance, committed: BlockSummary, base: Base,
        past: [Digest] = [], signatures: SignatureCheck = .ed25519,
        election: Election = .standing, software: SoftwareVersions = SoftwareVersions()
    ) {
        self.genesisHash = genesisHash
        self.instance = instance
        self.committed = committed
        self.base = base
        self.past = past
        self.signatures = signatures
        self.election = election
        self.software = software
    }

    /// A block above the committed one that was executed or built here.
    public func execution(of hash: Digest) -> ExecutedBlock? {
        executed[hash]
    }

    /// A block is in the committed state; what lies at or below it is forgotten.
    ///
    /// - Parameter base: the state after `summary`.
    public mutating func committed(_ summary: BlockSummary, base: Base) {
        committed = summary
        self.base = base
        executed = executed.filter { $0.value.block.header.height > summary.height }
        past.append(summary.hash)
        if past.count > 2 * Self.pastMax { past.removeFirst(Self.pastMax) }
    }

    /// The epoch of `instance` begins; the block that it starts from is committed.
    public mutating func begin(_ instance: Instance) {
        precondition(
            committed.height >= instance.base.height,
            "the boundary before epoch \(instance.epoch) is committed")
        previousSet = self.instance.validators
        self.instance = instance
        executed = [:]
        past = []
    }

    private var sets: [ValidatorSet] { [instance.validators] + (previousSet.map { [$0] } ?? []) }

    private var boundary: Height {
        Mutant.isActive(.buildsAboveBoundary) ? Height(.max) : instance.boundary
    }

    // MARK: State

    private struct ParentState {
        let summary: BlockSummary
        let reader: StackedReader<Base>
    }

    /// The state after `parent`, or nil if that block was not executed here.
    private func state(after parent: Digest) -> ParentState? {
        var layers: [StateChanges] = []
        var hash = parent
        while hash != committed.hash {
            guard let node = executed[hash] else { return nil }
            layers.append(node.execution.changes)
            hash = node.block.header.parentHash
        }
        return ParentState(
            summary: executed[parent]?.block.header.summary ?? committed,
            reader: StackedReader(
                base: base,
                changes: Mutant.isActive(.executesOnStaleState) ? [] : layers.reversed()))
    }

    /// The rules of the block after a state; nil if this node does not know them.
    private func version(after parent: ParentState) -> ProtocolVersion? {
        let version = Queries.protocolVersion(over: parent.reader)
        return software.knows(version.hash) ? version : nil
    }

    // MARK: Executing

    /// Executes a block and compares everything that its header says.
    ///
    /// - Parameter verified: a transaction with its signatures checked; nil if one is wrong.
    public mutating func execute(
        _ block: Block, verified: (SignedTransaction) -> Verified<SignedTransaction>?
    ) -> Verdict {
        let hash = block.hash
        if executed[hash] != nil || past.contains(hash) { return .valid }
        guard let parent = state(after: block.header.parentHash) else { return .unavailable }
        // Whether a block under rules that this node does not know is valid, it cannot say.
        guard let version = version(after: parent) else { return .unavailable }
        guard isWellFormed(block, on: parent.summary, version) else { return .invalid }
        var transactions: [Verified<SignedTransaction>] = []
        transactions.reserveCapacity(block.body.transactions.count)
        for transaction in block.body.transactions {
            guard let verified = verified(transaction) else { return .invalid }
            transactions.append(verified)
        }
        guard let execution = run(block, transactions, on: parent) else { return .invalid }
        executed[hash] = ExecutedBlock(block: block, execution: execution)
        return .valid
    }

    /// What can be said about a block without executing it.
    private func isWellFormed(
        _ block: Block, on parent: BlockSummary, _ version: ProtocolVersion
    ) -> Bool {
        let header = block.header
        return header.version == version.number && header.genesisHash == genesisHash
            && header.epoch == instance.epoch && header.setHash == instance.validators.hash
            && header.height == parent.height.advanced(by: 1)
            && header.height <= boundary && header.parentHash == parent.hash
            && header.timestamp > parent.timestamp && header.hasValidExtra
            && block.body.encodedByteCount <= Limits.bodyBytesMax && block.hasMatchingRoots
    }

    /// Executes what the body says; nil unless the header says the same.
    private func run(
        _ block: Block, _ transactions: [Verified<SignedTransaction>], on parent: ParentState
    ) -> BlockExecution? {
        let header = block.header
        let context = BlockContext(header: header, parentTimestamp: parent.summary.timestamp)
        guard
            let execution = try? Ledger.execute(
                transactions, evidence: block.body.evidence,
                participation: block.body.participation, context: context,
                over: parent.reader, sets: sets, signatures: signatures, election: election)
        else { return nil }
        let outcome = execution.outcome
        guard outcome.stateRoot == header.stateRoot,
            outcome.receiptsRoot == header.receiptsRoot, outcome.gasUsed == header.gasUsed,
            outcome.nextSetHash == header.nextSetHash
        else { return nil }
        return execution
    }

    // MARK: Building

    /// Fills a block, checks it as every other node will, and remembers it.
    ///
    /// - Parameter shouldStop: asked before each candidate: whether the time is up.
    /// - Returns: nil if the parent is not here or the last block of the instance.
    public mutating func build(_ job: BuildJob, shouldStop: () -> Bool) -> BuiltBlock? {
        guard job.epoch == instance.epoch, let parent = state(after: job.parent.hash),
            job.epoch == Queries.epoch(over: parent.reader),
            let version = version(after: parent)
        else { return nil }
        let filled = fill(
            job, on: parent, version, candidates: job.candidates, evidence: job.evidence,
            participation: job.participation, shouldStop: shouldStop)
        var block = check(filled, on: parent, version)
        let isSubstitute = block == nil
        if isSubstitute {
            let empty = fill(
                job, on: parent, version, candidates: [], evidence: [], participation: [],
                shouldStop: { true })
            block = check(empty, on: parent, version)
        }
        guard let block else { return nil }
        return BuiltBlock(
            block: block, dropped: filled.built.dropped.map(\.id),
            refusedEvidence: filled.built.refusedEvidence.map(\.id),
            isSubstitute: isSubstitute)
    }

    /// What a leader signals: the version of the upgrade that is scheduled, if it knows it and its
    /// operator agrees.
    private func readiness(after parent: ParentState) -> Digest? {
        guard software.signalsReadiness,
            let upgrade = Queries.scheduledUpgrade(over: parent.reader),
            software.knows(upgrade.plan.version)
        else { return nil }
        return upgrade.plan.version
    }

    private struct FilledBlock {
        let block: Block
        let built: BuiltBody
    }

    private func fill(
        _ job: BuildJob, on parent: ParentState, _ version: ProtocolVersion,
        candidates: [Verified<SignedTransaction>], evidence: [ReportedEvidence],
        participation: [Verified<Certificate>],
        shouldStop: () -> Bool
    ) -> FilledBlock {
        let gasLimit = Rules(over: parent.reader).blockGasLimit
        let readiness = readiness(after: parent)
        let context = BlockContext(
            height: parent.summary.height.advanced(by: 1), epoch: job.epoch, view: job.view,
            parentView: job.parentView, timestamp: job.timestamp,
            parentTimestamp: parent.summary.timestamp, parentHash: job.parent.hash,
            proposer: job.proposer, gasLimit: gasLimit, readiness: readiness)
        let built = Ledger.build(
            candidates, evidence: evidence, participation: participation, context: context,
            over: parent.reader, sets: sets, bytesMax: Limits.transactionsBytesMax,
            signatures: signatures, election: election, shouldStop: shouldStop)
        let body = BlockBody(
            transactions: built.included.map(\.value), evidence: built.evidence,
            participation: built.participation)
        let outcome = built.execution.outcome
        let header = Header(
            version: version.number, genesisHash: genesisHash, epoch: job.epoch,
            height: context.height, view: job.view, parentView: job.parentView,
            parentHash: job.parent.hash, timestamp: job.timestamp,
            proposer: job.proposer, transactionsRoot: body.transactionsRoot,
            stateRoot: outcome.stateRoot, receiptsRoot: outcome.receiptsRoot,
            setHash: instance.validators.hash, nextSetHash: outcome.nextSetHash,
            evidenceRoot: body.evidenceRoot, participationRoot: body.participationRoot,
            gasUsed: outcome.gasUsed, gasLimit: gasLimit, extra: readiness?.bytes ?? [])
        return FilledBlock(block: Block(header: header, body: body), built: built)
    }

    /// Executes a filled block as a verifier does (security.md, SEC-19), and remembers it if it
    /// passes.
    private mutating func check(
        _ filled: FilledBlock, on parent: ParentState, _ version: ProtocolVersion
    ) -> Block? {
        guard isWellFormed(filled.block, on: parent.summary, version),
            let execution = run(filled.block, filled.built.included, on: parent)
        else { return nil }
        executed[filled.block.hash] = ExecutedBlock(block: filled.block, execution: execution)
        return filled.block
    }
}

extension BlockExecutor: Sendable where Base: Sendable {}

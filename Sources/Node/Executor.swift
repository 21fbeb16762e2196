import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Replica
import StateTree
import Storage

/// Runs the ledger beside the loop, on a thread of its own, and keeps what blocks do to the state
/// until they are final.
actor Executor {
    enum Job: Sendable {
        case execute(ExecutionRequest, Block)
        case build(BuildJob)
        case commit([Header], Verified<Certificate>)
        case replay([Block], head: FinalizedHead)
        /// The disk has committed a block; the state after it is here to read.
        case committed(BlockSummary, Snapshot)
    }

    /// A block with everything that it did.
    struct Executed: Sendable {
        let block: Block
        let execution: BlockExecution
    }

    private let thread = DedicatedThread(name: "althing.executor")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let jobs: Mailbox<Job>
    private let loop: Mailbox<LoopInput>
    private let disk: Mailbox<BlockDisk.Job>
    private let verifier: Verifier
    private let genesisHash: Digest
    private let instance: Instance

    /// Blocks above the committed one, by hash.
    private var executed: [Digest: Executed] = [:]
    private var committed: BlockSummary
    private var base: Snapshot

    init(
        jobs: Mailbox<Job>, loop: Mailbox<LoopInput>, disk: Mailbox<BlockDisk.Job>,
        verifier: Verifier, genesisHash: Digest, instance: Instance, committed: BlockSummary,
        base: Snapshot
    ) {
        self.jobs = jobs
        self.loop = loop
        self.disk = disk
        self.verifier = verifier
        self.genesisHash = genesisHash
        self.instance = instance
        self.committed = committed
        self.base = base
    }

    /// Works until the mailbox is closed.
    func run() {
        while let batch = jobs.receive(until: nil) {
            for job in batch {
                perform(job)
            }
        }
    }

    private func perform(_ job: Job) {
        switch job {
        case .execute(let request, let block):
            let result = execute(block, hash: request.hash)
            loop.send(
                .replica(
                    .executed(instance: request.instance, hash: request.hash, result)))
        case .build(let job):
            build(job)
        case .commit(let headers, let certificate):
            commit(headers, certificate)
        case .replay(let blocks, let head):
            replay(blocks, head: head)
        case .committed(let summary, let snapshot):
            committed = summary
            base = snapshot
            executed = executed.filter { $0.value.block.header.height > summary.height }
        }
    }

    // MARK: State

    private struct ParentState {
        let summary: BlockSummary
        let reader: StackedReader<Snapshot>
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
            reader: StackedReader(base: base, changes: layers.reversed()))
    }

    // MARK: Executing

    private func execute(_ block: Block, hash: Digest) -> ExecutionResult {
        if executed[hash] != nil { return .valid }
        guard let parent = state(after: block.header.parentHash) else { return .unavailable }
        guard let execution = run(block, on: parent) else { return .invalid }
        executed[hash] = Executed(block: block, execution: execution)
        return .valid
    }

    /// Executes a block and compares everything that its header says; nil if it is invalid.
    private func run(_ block: Block, on parent: ParentState) -> BlockExecution? {
        let header = block.header
        guard header.version == Header.currentVersion, header.genesisHash == genesisHash,
            header.epoch == instance.epoch, header.setHash == instance.validators.hash,
            header.height == parent.summary.height.advanced(by: 1),
            header.parentHash == parent.summary.hash,
            header.timestamp > parent.summary.timestamp, header.extra.isEmpty,
            block.body.evidence.isEmpty, block.body.participation.isEmpty,
            block.hasMatchingRoots
        else { return nil }
        var transactions: [Verified<SignedTransaction>] = []
        transactions.reserveCapacity(block.body.transactions.count)
        for transaction in block.body.transactions {
            guard let verified = verifier.verifiedTransaction(transaction) else { return nil }
            transactions.append(verified)
        }
        let context = BlockContext(header: header, parentTimestamp: parent.summary.timestamp)
        guard
            let execution = try? Ledger.execute(
                transactions, context: context, over: parent.reader)
        else { return nil }
        let outcome = execution.outcome
        guard outcome.stateRoot == header.stateRoot,
            outcome.receiptsRoot == header.receiptsRoot, outcome.gasUsed == header.gasUsed,
            outcome.nextSetHash == header.nextSetHash
        else { return nil }
        return execution
    }

    // MARK: Building

    /// How long a leader fills its block at most.
    private static let buildMilliseconds: UInt64 = 200

    private func build(_ job: BuildJob) {
        guard let parent = state(after: job.parent.hash) else {
            loop.send(.replica(.buildFailed(view: job.view)))
            return
        }
        let gasLimit = Rules(over: parent.reader).blockGasLimit
        let context = BlockContext(
            height: parent.summary.height.advanced(by: 1), epoch: job.epoch, view: job.view,
            parentView: job.parentView, timestamp: job.timestamp,
            parentTimestamp: parent.summary.timestamp, proposer: job.proposer,
            gasLimit: gasLimit)
        let deadline = MonotonicClock.now().advanced(byMilliseconds: Executor.buildMilliseconds)
        let built = Ledger.build(
            job.candidates, context: context, over: parent.reader,
            bytesMax: Limits.blockBytesMax - Limits.headerBytesMax - 64,
            shouldStop: { MonotonicClock.now() > deadline })
        let body = BlockBody(transactions: built.included.map(\.value))
        let outcome = built.execution.outcome
        let header = Header(
            genesisHash: genesisHash, epoch: job.epoch, height: context.height, view: job.view,
            parentView: job.parentView, parentHash: job.parent.hash, timestamp: job.timestamp,
            proposer: job.proposer, transactionsRoot: body.transactionsRoot,
            stateRoot: outcome.stateRoot, receiptsRoot: outcome.receiptsRoot,
            setHash: instance.validators.hash, nextSetHash: outcome.nextSetHash,
            evidenceRoot: body.evidenceRoot, participationRoot: body.participationRoot,
            gasUsed: outcome.gasUsed, gasLimit: gasLimit)
        let block = Block(header: header, body: body)
        executed[block.hash] = Executed(block: block, execution: built.execution)
        loop.send(
            .replica(
                .built(view: job.view, block, dropped: built.dropped.map(\.id))))
    }

    // MARK: Committing

    private func commit(_ headers: [Header], _ certificate: Verified<Certificate>) {
        for header in headers where header.height > committed.height {
            guard let node = executed[header.hash] else {
                preconditionFailure("a final block was executed: \(header.hash)")
            }
            handOver(node, certificate, mustSync: false)
        }
    }

    private func handOver(
        _ node: Executed, _ certificate: Verified<Certificate>, mustSync: Bool
    ) {
        let isNamed =
            certificate.value.statement.candidate?.blockHash == node.block.hash
        disk.send(
            .commit(
                node.block, node.execution,
                certificate: isNamed ? certificate.value : nil, mustSync: mustSync))
    }

    /// Executes final blocks and hands them to the disk. A final block that this node finds invalid
    /// means that this node is wrong.
    private func replay(_ blocks: [Block], head: FinalizedHead) {
        let last = blocks.last?.hash
        for block in blocks where block.header.height > committed.height {
            let hash = block.hash
            switch execute(block, hash: hash) {
            case .valid: break
            case .unavailable:
                loop.send(.replica(.replayFailed(block.header.height)))
                return
            case .invalid:
                loop.send(
                    .fatal(.divergence("block \(block.header.height) \(hash) is final")))
                return
            }
            guard let node = executed[hash] else { return }
            // The end of a range counts as durable.
            handOver(node, head.certificate, mustSync: hash == last)
        }
        disk.send(.replayed(blocks))
    }
}

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
        /// The next epoch begins; the block that it builds on is committed.
        case begin(Instance)
    }

    private let thread = DedicatedThread(name: "althing.executor")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let jobs: Mailbox<Job>
    private let loop: Mailbox<LoopInput>
    private let disk: Mailbox<BlockDisk.Job>
    private let verifier: Verifier
    private var blocks: BlockExecutor<Snapshot>

    init(
        jobs: Mailbox<Job>, loop: Mailbox<LoopInput>, disk: Mailbox<BlockDisk.Job>,
        verifier: Verifier, genesisHash: Digest, instance: Instance, committed: BlockSummary,
        base: Snapshot, past: [Digest], software: SoftwareVersions
    ) {
        self.jobs = jobs
        self.loop = loop
        self.disk = disk
        self.verifier = verifier
        blocks = BlockExecutor(
            genesisHash: genesisHash, instance: instance, committed: committed, base: base,
            past: past, signatures: verifier.signatures, election: .byStake,
            software: software)
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
            let result = execute(block)
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
            blocks.committed(summary, base: snapshot)
        case .begin(let instance):
            blocks.begin(instance)
        }
    }

    private func execute(_ block: Block) -> ExecutionResult {
        switch blocks.execute(block, verified: verifier.verifiedTransaction) {
        case .valid: .valid
        case .invalid: .invalid
        case .unavailable: .unavailable
        }
    }

    /// How long a leader fills its block at most.
    private static let buildMilliseconds: UInt64 = 200

    private func build(_ job: BuildJob) {
        let deadline = MonotonicClock.now().advanced(byMilliseconds: Executor.buildMilliseconds)
        guard
            let built = blocks.build(job, shouldStop: { MonotonicClock.now() > deadline })
        else {
            loop.send(.replica(.buildFailed(instance: job.instance, view: job.view)))
            return
        }
        if built.isSubstitute {
            loop.send(.substituted(job.view))
        }
        loop.send(
            .replica(
                .built(
                    instance: job.instance, view: job.view, built.block,
                    dropped: built.dropped + built.refusedEvidence)))
    }

    // MARK: Committing

    private func commit(_ headers: [Header], _ certificate: Verified<Certificate>) {
        for header in headers where header.height > blocks.committed.height {
            guard let node = blocks.execution(of: header.hash) else {
                preconditionFailure("a final block was executed: \(header.hash)")
            }
            handOver(node, certificate, mustSync: isBoundary(header))
        }
        if let last = headers.last { endEpoch(with: last) }
    }

    private func isBoundary(_ header: Header) -> Bool {
        header.height == blocks.instance.boundary
    }

    /// After the last block of an epoch the disk prepares the next one.
    private func endEpoch(with header: Header) {
        guard isBoundary(header) else { return }
        disk.send(.endEpoch(header.summary))
    }

    private func handOver(
        _ node: ExecutedBlock, _ certificate: Verified<Certificate>, mustSync: Bool
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
    private func replay(_ final: [Block], head: FinalizedHead) {
        let last = final.last?.hash
        for block in final where block.header.height > blocks.committed.height {
            let hash = block.hash
            switch execute(block) {
            case .valid: break
            case .unavailable, .missing:
                loop.send(.replica(.replayFailed(block.header.height)))
                return
            case .invalid:
                let header = block.header
                loop.send(
                    .fatal(
                        .divergence(
                            Divergence(epoch: header.epoch, view: header.view, block: hash))))
                return
            }
            guard let node = blocks.execution(of: hash) else { return }
            // The end of a range counts as durable.
            handOver(node, head.certificate, mustSync: hash == last)
        }
        disk.send(.replayed(final))
        if let last = final.last { endEpoch(with: last.header) }
    }
}

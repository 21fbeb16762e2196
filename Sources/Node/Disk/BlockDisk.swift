import API
import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Networking
import Replica
import Storage

/// The thread that writes blocks and states. Nothing stands before them but one another: what peers
/// ask for is read elsewhere (`PeerServer`).
actor BlockDisk {
    enum Job: Sendable {
        /// Make a block's bytes durable.
        case store(Block)
        /// Make a final block's state the newest.
        case commit(Block, BlockExecution, certificate: Certificate?, mustSync: Bool)
        /// Follows the commits of a replayed range.
        case replayed([Block])
        /// Follows the commit of an epoch's last block.
        case endEpoch(BlockSummary)
    }

    /// A commit is synced by itself if none was for so long; else the next block's sync covers it.
    private static let syncMilliseconds: UInt64 = 500

    private let thread = DedicatedThread(name: "althing.blocks")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let jobs: Mailbox<Job>
    private let loop: Mailbox<LoopInput>
    private let executor: Mailbox<Executor.Job>
    private let votes: Mailbox<VoteDisk.Job>
    private let epochs: EpochSource
    private let blocks: BlockStore
    private let states: StateStore
    private let view: StateView
    private let network: Network
    private let feed: FinalityFeed
    private let metrics: NodeMetrics

    private var lastSync = Instant.zero
    private var unsynced: Height?

    init(
        jobs: Mailbox<Job>, loop: Mailbox<LoopInput>, executor: Mailbox<Executor.Job>,
        votes: Mailbox<VoteDisk.Job>, epochs: EpochSource, blocks: BlockStore, states: StateStore,
        view: StateView, network: Network,
        feed: FinalityFeed, metrics: NodeMetrics
    ) {
        self.jobs = jobs
        self.loop = loop
        self.executor = executor
        self.votes = votes
        self.epochs = epochs
        self.blocks = blocks
        self.states = states
        self.view = view
        self.network = network
        self.feed = feed
        self.metrics = metrics
    }

    /// Works until the mailbox is closed and empty.
    func run() {
        while let batch = jobs.receive(until: nil) {
            for job in batch {
                perform(job)
            }
        }
    }

    private func perform(_ job: Job) {
        switch job {
        case .store(let block):
            blocks.putBlock(
                hash: block.hash, height: block.header.height, header: block.header.encoded(),
                body: block.body.encoded())
            didSync()
            loop.send(.replica(.stored(block.hash)))
        case .commit(let block, let execution, let certificate, let mustSync):
            commit(block, execution, certificate, mustSync: mustSync)
        case .replayed(let replayed):
            syncCommits()
            loop.send(.replica(.replayed(replayed)))
        case .endEpoch(let boundary):
            endEpoch(at: boundary)
        }
    }

    // MARK: Writing

    private func commit(
        _ block: Block, _ execution: BlockExecution, _ certificate: Certificate?, mustSync: Bool
    ) {
        let header = block.header
        let hash = block.hash
        // A block that became final through two finalizations is committed once.
        guard header.height > view.current.head.height else { return }
        var receipts = execution.receipts
        if !execution.blockEvents.isEmpty {
            receipts.append(.ofBlock(events: execution.blockEvents))
        }
        var writer = ByteWriter(capacity: 256 * receipts.count)
        writer.writeList(receipts)
        let encodedReceipts = writer.bytes
        let isStored = blocks.hasBlock(hash)
        let mustSync =
            mustSync
            || MonotonicClock.now()
                > lastSync.advanced(
                    byMilliseconds: BlockDisk.syncMilliseconds)
        states.commit(execution.changes, sync: mustSync) { batch in
            if !isStored {
                blocks.putBlock(
                    hash: hash, height: header.height, header: header.encoded(),
                    body: block.body.encoded(), in: batch)
            }
            blocks.finalize(
                height: header.height, hash: hash, receipts: encodedReceipts,
                transactions: block.body.transactions.map(\.id), in: batch)
            if let certificate {
                blocks.putFinalization(certificate.encoded(), height: header.height, in: batch)
            }
        }
        unsynced = header.height
        if mustSync {
            didSync()
        }
        publish(block, execution, certificate)
    }

    /// The end of a range counts as durable, also where another way had committed it before and no
    /// sync has followed yet.
    private func syncCommits() {
        guard unsynced != nil else { return }
        blocks.database.sync()
        didSync()
    }

    /// Everything written so far survives a crash of the machine.
    private func didSync() {
        lastSync = MonotonicClock.now()
        guard let height = unsynced else { return }
        unsynced = nil
        loop.send(.replica(.committed(height)))
    }

    private func publish(
        _ block: Block, _ execution: BlockExecution, _ certificate: Certificate?
    ) {
        guard let snapshot = states.snapshot() else {
            preconditionFailure("a state was committed")
        }
        let summary = block.header.summary
        view.publish(
            StateView.Published(
                head: summary, snapshot: snapshot, rules: Rules(over: snapshot),
                instance: view.current.instance))
        executor.send(.committed(summary, snapshot))
        if execution.receipts.contains(where: \.editsValidator) { noteEdits() }
        metrics.committed(block)
        feed.publish(
            FinalizedBlock(
                block: block, receipts: execution.receipts, events: execution.blockEvents,
                finalization: certificate))
    }

    /// A validator may have another network key now.
    private func noteEdits() {
        let current = view.current
        let neighbours = epochs.neighbours(in: current.instance, over: current.snapshot)
        network.setReserved(neighbours.ids)
        loop.send(.newKeys(epochs.newKeys(in: current.instance, over: current.snapshot)))
    }

    // MARK: Epochs

    /// The last block of the epoch is durably committed, with the certificate that ended it: the
    /// next epoch follows from the state. Its log is opened before the loop hears of it.
    private func endEpoch(at boundary: BlockSummary) {
        let current = view.current
        // The same block can become final by two certificates.
        guard current.head.hash == boundary.hash, current.instance.boundary == boundary.height
        else { return }
        let epoch = current.instance.epoch.advanced(by: 1)
        guard
            let next = Queries.instance(of: epoch, after: boundary, over: current.snapshot)
        else {
            preconditionFailure("the state knows the epoch after its own: \(epoch)")
        }
        epochs.keepNetworkKeys(of: next, over: current.snapshot)
        view.publish(
            StateView.Published(
                head: current.head, snapshot: current.snapshot, rules: current.rules,
                instance: next))
        if let version = epochs.unknownVersion(over: current.snapshot) {
            loop.send(.outdated(version))
            return
        }
        if let key = epochs.recordedNetworkKey(over: current.snapshot) {
            loop.send(.misnamed(key))
        }
        loop.send(.newKeys([:]))
        let neighbours = epochs.neighbours(in: next, over: current.snapshot)
        network.setReserved(neighbours.ids)
        for address in neighbours.addresses where address.id != network.localID {
            network.connect(to: address)
        }
        blocks.deleteExpiredCertificates(
            before: epoch, at: boundary.timestamp, over: current.snapshot)
        executor.send(.begin(next))
        votes.send(
            .open(
                epochs.start(next, over: current.snapshot),
                ended: EpochSource.ended(before: epoch.lowered(by: 1), over: current.snapshot)))
    }
}

extension Receipt {
    fileprivate var editsValidator: Bool {
        events.contains { event in
            if case .staking(.validatorEdited) = event { true } else { false }
        }
    }
}

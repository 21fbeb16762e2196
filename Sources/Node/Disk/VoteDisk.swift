import Chain
import Consensus
import Cryptography
import Replica
import Storage

/// The thread that makes votes durable: the log of the engine, and the signer's own record.
actor VoteDisk {
    enum Job: Sendable {
        case append([SafetyRecord], instance: Digest, sequence: UInt64)
        case sign(VoteIntent)
        /// The next epoch begins: make its log, then tell the loop.
        case open(EpochStart)
    }

    private let thread = DedicatedThread(name: "althing.votes")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let jobs: Mailbox<Job>
    private let loop: Mailbox<LoopInput>
    private let signer: (any Signer)?
    private let root: String
    private var instance: Digest
    private var log: VoteLog
    private var shelf: CertificateShelf
    /// What the log has and the shelf has not yet.
    private var unshelved: [SafetyRecord] = []
    /// The views of the records that the log holds, to find what lies below a floor.
    private var views: [(sequence: UInt64, view: View)] = []

    init(
        jobs: Mailbox<Job>, loop: Mailbox<LoopInput>, signer: (any Signer)?, root: String,
        instance: Digest, log: consuming VoteLog, shelf: CertificateShelf,
        views: [(sequence: UInt64, view: View)]
    ) {
        self.jobs = jobs
        self.loop = loop
        self.signer = signer
        self.root = root
        self.instance = instance
        self.log = log
        self.shelf = shelf
        self.views = views
    }

    /// Works until the mailbox is closed and empty. Appends that have come together share one sync.
    func run() {
        while let batch = jobs.receive(until: nil) {
            var durable: UInt64?
            for job in batch {
                switch job {
                case .append(let records, let instance, let sequence):
                    // What an epoch still notes after its end is of no more use.
                    guard instance == self.instance else { continue }
                    append(records, last: sequence)
                    durable = sequence
                case .sign(let intent):
                    sign(intent)
                case .open(let start):
                    sync(through: durable)
                    durable = nil
                    open(start)
                }
            }
            sync(through: durable)
        }
    }

    private func sync(through sequence: UInt64?) {
        guard let sequence else { return }
        log.sync()
        loop.send(.replica(.durable(instance: instance, sequence: sequence)))
        // No vote waits for the database.
        shelf.append(unshelved)
        unshelved.removeAll(keepingCapacity: true)
    }

    /// Leaves the log of the epoch that is over, and opens the next. The one before goes: nothing
    /// can ask for its votes, since its last block is committed. The last one stays for forensics.
    private func open(_ start: EpochStart) {
        let ended = instance
        shelf.prune(through: View(.max))
        instance = start.instance.id
        var start = start
        do throws(StorageError) {
            log = try VoteLog(root: root, instance: instance)
            start.recovery = try recover()
            for other in try VoteLog.instances(root: root)
            where other != instance && other != ended {
                try VoteLog.delete(root: root, instance: other)
            }
        } catch {
            loop.send(.fatal(.storage(error)))
            return
        }
        signer?.prune(instance: ended, through: View(.max))
        loop.send(.replica(.epochBegan(start)))
    }

    /// What was noted and signed in the instance whose log was just opened. There is such when the
    /// database lost its last blocks, those of a boundary among them: the node then comes to an
    /// epoch in which it has voted.
    private func recover() throws(StorageError) -> Recovery {
        var records: [SafetyRecord] = []
        views = []
        for entry in log.takeReplayed() {
            guard let record = try? SafetyRecord(type: entry.type, payload: entry.payload) else {
                throw .corruptLog(
                    path: log.directory, offset: 0,
                    detail: "record \(entry.sequence) is none of ours")
            }
            records.append(record)
            views.append((entry.sequence, record.view))
        }
        shelf = shelf.begun(instance, records: records)
        return Recovery(
            records: shelf.missing(in: records, above: .zero) + records,
            signedVotes: signer?.votes(of: instance) ?? [],
            forgotten: signer?.forgotten(of: instance) ?? .zero,
            lastSequence: log.nextSequence - 1)
    }

    private func append(_ records: [SafetyRecord], last: UInt64) {
        unshelved += records
        var sequence = last - UInt64(records.count)
        for record in records {
            sequence += 1
            log.append([
                LogRecord(type: record.type, sequence: sequence, payload: record.payload)
            ])
            views.append((sequence, record.view))
            if case .floor(let certificate) = record {
                prune(below: certificate.view)
            }
        }
    }

    /// Deletes the segments all of whose records are at or below the floor.
    private func prune(below floor: View) {
        signer?.prune(instance: instance, through: floor)
        shelf.prune(through: floor)
        // On a paced chain the floor is mostly noted before anything of the next view is.
        let index = views.firstIndex { $0.view > floor } ?? views.count
        log.deleteSegments(before: index < views.count ? views[index].sequence : log.nextSequence)
        views.removeFirst(index)
    }

    private func sign(_ intent: VoteIntent) {
        guard let signer else {
            preconditionFailure("only a validator's engine asks for a signature")
        }
        switch signer.sign(intent) {
        case .signed(let vote):
            loop.send(.replica(.signed(vote)))
        case .refused:
            loop.send(
                .replica(
                    .refused(
                        instance: intent.instance, kind: intent.statement.kind,
                        view: intent.view)))
        }
    }
}

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
        /// The next epoch begins: make its log, then tell the loop. Of the instances in `ended`
        /// nothing is needed any more (`EpochSource.ended`).
        case open(EpochStart, ended: [Digest])
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
    /// The newest floor that the log has and the disk perhaps not yet.
    private var floor: View?
    /// Whether a log has got a safety halt, which the next start must find.
    private var isHalted = false

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
                    if SafetyHalt(records) != nil { isHalted = true }
                    guard instance == self.instance else {
                        appendHalt(of: records, to: instance)
                        continue
                    }
                    append(records, last: sequence)
                    durable = sequence
                case .sign(let intent):
                    sign(intent)
                case .open(let start, let ended):
                    sync(through: durable)
                    durable = nil
                    open(start)
                    deleteLogs(of: ended)
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
        // 2.15: a floor is durable before anything below it goes.
        if let floor { prune(below: floor) }
        floor = nil
    }

    /// What an epoch still notes after its end is of no more use, but for a safety halt.
    private func appendHalt(of records: [SafetyRecord], to instance: Digest) {
        for record in records where SafetyHalt([record]) != nil {
            do throws(StorageError) {
                var log = try VoteLog(root: root, instance: instance)
                log.append([
                    LogRecord(
                        type: record.type, sequence: log.nextSequence, payload: record.payload)
                ])
                log.sync()
            } catch {
                loop.send(.fatal(.storage(error)))
            }
        }
    }

    /// Only the logs of instances that are known to be over go. One that is not may be of an epoch
    /// that a node without its database comes to again; with its log it knows what it knew.
    private func deleteLogs(of ended: [Digest]) {
        guard !isHalted else { return }
        do throws(StorageError) {
            for other in try VoteLog.instances(root: root) where ended.contains(other) {
                try VoteLog.delete(root: root, instance: other)
            }
        } catch {
            loop.send(.fatal(.storage(error)))
        }
    }

    /// Leaves the log of the epoch that is over, which stays for forensics, and opens the next.
    private func open(_ start: EpochStart) {
        let ended = instance
        shelf.prune(through: View(.max))
        instance = start.instance.id
        var start = start
        do throws(StorageError) {
            log = try VoteLog(root: root, instance: instance)
            start.recovery = try recover()
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
                floor = max(floor ?? .zero, certificate.view)
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

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
    }

    private let thread = DedicatedThread(name: "althing.votes")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let jobs: Mailbox<Job>
    private let loop: Mailbox<LoopInput>
    private let signer: (any Signer)?
    private let instance: Digest
    private var log: VoteLog
    /// The views of the records that the log holds, to find what lies below a floor.
    private var views: [(sequence: UInt64, view: View)] = []

    init(
        jobs: Mailbox<Job>, loop: Mailbox<LoopInput>, signer: (any Signer)?, instance: Digest,
        log: consuming VoteLog, views: [(sequence: UInt64, view: View)]
    ) {
        self.jobs = jobs
        self.loop = loop
        self.signer = signer
        self.instance = instance
        self.log = log
        self.views = views
    }

    /// Works until the mailbox is closed and empty. Appends that have come together share one sync.
    func run() {
        while let batch = jobs.receive(until: nil) {
            var durable: UInt64?
            for job in batch {
                switch job {
                case .append(let records, let instance, let sequence):
                    precondition(instance == self.instance, "one log is open")
                    append(records, last: sequence)
                    durable = sequence
                case .sign(let intent):
                    sign(intent)
                }
            }
            if let durable {
                log.sync()
                loop.send(.replica(.durable(instance: instance, sequence: durable)))
            }
        }
    }

    private func append(_ records: [SafetyRecord], last: UInt64) {
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
        guard let index = views.firstIndex(where: { $0.view > floor }) else { return }
        log.deleteSegments(before: views[index].sequence)
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

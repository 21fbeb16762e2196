import Foundation

/// A thread of its own for one actor that may block: on its mailbox, on a disk.
///
/// The shared threads of the language's runtime are as many as there are cores and must not block.
final class DedicatedThread: SerialExecutor {
    private let jobs = Mailbox<UnownedJob>(capacity: .max)

    init(name: String) {
        let jobs = jobs
        let executor = UnownedSerialExecutorBox()
        let thread = Thread {
            while let batch = jobs.receive(until: nil) {
                for job in batch {
                    executor.run(job)
                }
            }
        }
        thread.name = name
        thread.stackSize = 4 * 1024 * 1024
        executor.executor = asUnownedSerialExecutor()
        thread.start()
    }

    func enqueue(_ job: UnownedJob) {
        jobs.send(job)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        enqueue(UnownedJob(job))
    }

    deinit {
        jobs.close()
    }
}

/// Carries the executor's reference into its thread without keeping the executor alive.
private final class UnownedSerialExecutorBox: @unchecked Sendable {
    // Safe because it is written once, before the thread starts.
    var executor: UnownedSerialExecutor?

    func run(_ job: UnownedJob) {
        guard let executor else { preconditionFailure("the executor is known before a job runs") }
        job.runSynchronously(on: executor)
    }
}

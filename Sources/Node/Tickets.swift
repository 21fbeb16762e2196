import Chain
import Cryptography
import Ledger
import Replica
import Synchronization

/// What becomes of a transaction at the door.
enum SubmissionResult: Sendable {
    case accepted
    case rejected(Rejection)
    case refused(MempoolError)
    /// The node takes part in nothing.
    case abstains(NodeFailure)
    /// The node stops.
    case stopped
}

/// The answers that one request waits for.
final class TicketBatch: Sendable {
    private struct State {
        var results: [SubmissionResult?]
        var missing: Int
        var continuation: CheckedContinuation<[SubmissionResult], Never>?
    }

    private let first: UInt64
    private let state: Mutex<State>

    fileprivate init(first: UInt64, count: Int) {
        self.first = first
        state = Mutex(State(results: .init(repeating: nil, count: count), missing: count))
    }

    func ticket(at index: Int) -> UInt64 { first + UInt64(index) }

    fileprivate func index(of ticket: UInt64) -> Int { Int(ticket - first) }

    func resolve(at index: Int, _ result: SubmissionResult) {
        let ready = state.withLock { state -> (CheckedContinuation<[SubmissionResult], Never>?) in
            guard state.results[index] == nil else { return nil }
            state.results[index] = result
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            defer { state.continuation = nil }
            return state.continuation
        }
        ready?.resume(returning: results)
    }

    private var results: [SubmissionResult] {
        state.withLock { $0.results.map { $0 ?? .stopped } }
    }

    /// Waits for the last answer.
    func all() async -> [SubmissionResult] {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.missing > 0 else { return true }
                state.continuation = continuation
                return false
            }
            if isReady {
                continuation.resume(returning: results)
            }
        }
    }
}

/// Who waits for which admission.
final class TicketOffice: Sendable {
    private struct State {
        var next: UInt64 = 0
        var open: [UInt64: TicketBatch] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// How many transactions wait for their admission.
    var openCount: Int { state.withLock { $0.open.count } }

    func open(count: Int) -> TicketBatch {
        let (batch, isClosed) = state.withLock { state in
            let batch = TicketBatch(first: state.next, count: count)
            state.next += UInt64(count)
            if !state.isClosed {
                for index in 0..<count {
                    state.open[batch.ticket(at: index)] = batch
                }
            }
            return (batch, state.isClosed)
        }
        if isClosed {
            for index in 0..<count {
                batch.resolve(at: index, .stopped)
            }
        }
        return batch
    }

    func resolve(_ ticket: UInt64, _ result: SubmissionResult) {
        let batch = state.withLock { $0.open.removeValue(forKey: ticket) }
        guard let batch else { return }
        batch.resolve(at: batch.index(of: ticket), result)
    }

    /// Forgets the tickets of a batch that was answered otherwise.
    func close(_ batch: TicketBatch, count: Int) {
        state.withLock { state in
            for index in 0..<count {
                state.open[batch.ticket(at: index)] = nil
            }
        }
    }

    /// Answers everybody who still waits.
    func closeAll() {
        let open = state.withLock { state in
            state.isClosed = true
            defer { state.open = [:] }
            return state.open
        }
        for (ticket, batch) in open {
            batch.resolve(at: batch.index(of: ticket), .stopped)
        }
    }
}

import CDispatch
import Consensus
import Dispatch
import Glibc

/// Inputs on their way to the one thread that handles them.
///
/// Whoever sends never waits: each kind of input has a bound of its own at its source (peers have
/// credits, the API counts what it has in flight), and `capacity` is the backstop behind them,
/// above which inputs that may be lost are refused.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Safe because every access to the fields below holds the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var isClosed = false
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        var status = pthread_mutex_init(mutex, nil)
        precondition(status == 0, "a mutex starts: \(status)")
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Deadlines must not move when somebody sets the wall clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        status = pthread_cond_init(condition, &attributes)
        precondition(status == 0, "a condition starts: \(status)")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Hands an element over. Returns false if it was refused: the box is closed, or full of
    /// elements and this one may be lost.
    @discardableResult
    func send(_ element: Element, mayBeLost: Bool = false) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return false }
        guard !mayBeLost || elements.count < capacity else { return false }
        elements.append(element)
        if elements.count == 1 {
            pthread_cond_signal(condition)
        }
        return true
    }

    /// Hands several over, in order.
    func send(contentsOf more: [Element]) {
        guard !more.isEmpty else { return }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return }
        let wasEmpty = elements.isEmpty
        elements.append(contentsOf: more)
        if wasEmpty {
            pthread_cond_signal(condition)
        }
    }

    /// After this nothing is accepted, and the receiver gets what is left and then nil.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Everything that has arrived, in order; waits for the first element until `deadline`. Empty
    /// if the deadline came first, nil if the box is closed and empty.
    func receive(until deadline: Instant?) -> [Element]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty {
            if isClosed { return nil }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline.nanoseconds / 1_000_000_000),
                tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT {
                break
            }
        }
        var batch: [Element] = []
        swap(&batch, &elements)
        return batch
    }

    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements.count
    }
}

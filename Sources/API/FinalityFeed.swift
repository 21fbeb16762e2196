import Chain
import Cryptography
import Synchronization

/// Carries finalized blocks from the node to whoever waits for them: open streams, and requests
/// that wait for a transaction.
///
/// The node calls `publish` after each commit; it takes microseconds and never waits for a reader.
/// A reader holds no queue here, only its place: it is told that something is new (several times
/// count once) and fetches the blocks behind its place itself, the last few from memory.
public final class FinalityFeed: Sendable {
    /// How many blocks are kept in memory for readers.
    static let recentMax = 64
    /// How many requests may wait for a transaction at once.
    static let waitersMax = 8_192

    private struct State {
        var head: Height?
        /// Consecutive heights, the last one is `head`.
        var recent: [FinalizedBlock] = []
        var readers: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var waiters: [Digest: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        var waiterCount = 0
        var nextID: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Announces the next finalized block. After a jump (state sync) the blocks between are not
    /// announced.
    public func publish(_ block: FinalizedBlock) {
        typealias Continuations = [AsyncStream<Void>.Continuation]
        let (readers, waiters) = state.withLock { state -> (Continuations, Continuations) in
            guard !state.isFinished else { return ([], []) }
            if let head = state.head, block.height != head.advanced(by: 1) {
                state.recent = []
            }
            state.head = block.height
            state.recent.append(block)
            if state.recent.count > FinalityFeed.recentMax {
                state.recent.removeFirst()
            }
            return (
                Array(state.readers.values),
                FinalityFeed.takeWaiters(of: block.block, from: &state)
            )
        }
        for reader in readers {
            reader.yield()
        }
        for waiter in waiters {
            waiter.yield()
            waiter.finish()
        }
    }

    private static func takeWaiters(
        of block: Block, from state: inout State
    ) -> [AsyncStream<Void>.Continuation] {
        guard !state.waiters.isEmpty else { return [] }
        var taken: [AsyncStream<Void>.Continuation] = []
        for transaction in block.body.transactions {
            guard let waiters = state.waiters.removeValue(forKey: transaction.id) else { continue }
            state.waiterCount -= waiters.count
            taken.append(contentsOf: waiters.values)
        }
        return taken
    }

    /// Wakes every reader, so that a stream can show that it lives and notice that nobody reads.
    func wakeReaders() {
        for reader in state.withLock({ Array($0.readers.values) }) {
            reader.yield()
        }
    }

    /// Ends all streams and all waiting; nothing starts anew.
    func finish() {
        let all = state.withLock { state in
            state.isFinished = true
            let all = Array(state.readers.values) + state.waiters.values.flatMap(\.values)
            state.readers = [:]
            state.waiters = [:]
            state.waiterCount = 0
            return all
        }
        for continuation in all {
            continuation.finish()
        }
    }

    /// The height that was announced last.
    var head: Height? { state.withLock { $0.head } }

    /// A block from memory.
    func recent(_ height: Height) -> FinalizedBlock? {
        state.withLock { state in
            guard let first = state.recent.first?.height, height >= first else { return nil }
            let index = height.value - first.value
            return index < UInt64(state.recent.count) ? state.recent[Int(index)] : nil
        }
    }

    /// Signals of one reader, each "something may be new"; ends with the feed.
    func read() -> (id: UInt64, signals: AsyncStream<Void>) {
        let (signals, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64 in
            state.nextID += 1
            if state.isFinished {
                continuation.finish()
            } else {
                state.readers[state.nextID] = continuation
            }
            return state.nextID
        }
        return (id, signals)
    }

    func stopReading(_ id: UInt64) {
        state.withLock { state in
            _ = state.readers.removeValue(forKey: id)
        }
    }

    /// One signal when the transaction is final. nil if too many wait.
    func wait(for transaction: Digest) -> (id: UInt64, signal: AsyncStream<Void>)? {
        let (signal, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64? in
            guard state.waiterCount < FinalityFeed.waitersMax else { return nil }
            state.nextID += 1
            if state.isFinished {
                continuation.finish()
            } else {
                state.waiters[transaction, default: [:]][state.nextID] = continuation
                state.waiterCount += 1
            }
            return state.nextID
        }
        return id.map { ($0, signal) }
    }

    func stopWaiting(for transaction: Digest, _ id: UInt64) {
        state.withLock { state in
            guard state.waiters[transaction]?.removeValue(forKey: id) != nil else { return }
            state.waiterCount -= 1
            if state.waiters[transaction]?.isEmpty == true {
                state.waiters[transaction] = nil
            }
        }
    }
}

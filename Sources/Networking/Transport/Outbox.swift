import Synchronization

/// The door between those who send, on any thread, and the event loop of one connection.
///
/// It is a lock around a `SendScheduler`, so that handing a message over never waits for more than
/// another hand-over, and what waits is bounded here and not in an event loop's task list.
final class Outbox: Sendable {
    private struct State {
        var scheduler: SendScheduler
        /// Whether the event loop has been told and has not looked yet.
        var isWakePending = false
        var isClosed = false
    }

    private let state: Mutex<State>

    init(channels: ChannelTable) {
        state = Mutex(State(scheduler: SendScheduler(channels: channels)))
    }

    /// - Returns: what became of the message, and whether the event loop must be told.
    func enqueue(_ message: [UInt8], on channel: Channel) -> (SendOutcome, mustWake: Bool) {
        state.withLock { state in
            guard !state.isClosed else { return (.notConnected, false) }
            let outcome = state.scheduler.enqueue(message, on: channel)
            let mustWake = !state.scheduler.isEmpty && !state.isWakePending
            if mustWake { state.isWakePending = true }
            return (outcome, mustWake)
        }
    }

    func hasRoom(on channel: Channel) -> Bool {
        state.withLock { !$0.isClosed && $0.scheduler.hasRoom(on: channel) }
    }

    /// The next fragments, up to `bytes` of them and at least one if any waits.
    func take(upTo bytes: Int) -> [Fragment] {
        state.withLock { state in
            state.isWakePending = false
            var fragments: [Fragment] = []
            var taken = 0
            while taken < bytes, let fragment = state.scheduler.next() {
                taken += fragment.bytes.count
                fragments.append(fragment)
            }
            return fragments
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            state.scheduler = SendScheduler(channels: ChannelTable())
        }
    }
}

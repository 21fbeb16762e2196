import Chain
import Ledger
import Storage
import Synchronization

/// The last committed state with the rules in it, for everybody who only reads.
final class StateView: Sendable {
    struct Published: Sendable {
        let head: BlockSummary
        let snapshot: Snapshot
        let rules: Rules
        /// The epoch that the next block belongs to.
        let instance: Instance
    }

    private let state: Mutex<Published>

    init(_ published: Published) {
        state = Mutex(published)
    }

    var current: Published { state.withLock { $0 } }

    func publish(_ published: Published) {
        state.withLock { $0 = published }
    }
}

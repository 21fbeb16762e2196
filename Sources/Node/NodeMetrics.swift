import Chain
import Consensus
import Replica
import Synchronization

/// What the node counts, for `/metrics` and the logs.
final class NodeMetrics: Sendable {
    struct Values: Sendable {
        var blocks: UInt64 = 0
        var transactions: UInt64 = 0
        var timeouts: UInt64 = 0
        var skippedLeaders: UInt64 = 0
        var failedLeaders: UInt64 = 0
        var invalidProposals: UInt64 = 0
        var refusedVotes: UInt64 = 0
        var view = View.zero
        var finalizedView = View.zero
        var leader: UInt16 = 0
        var isSyncing = false
        var isWatching = false
        var isStarted = false
        var networkHeight = Height.genesis
        var mempoolCount = 0
        var mempoolByteCount = 0
        var compact = CompactCounts()
        var blockBytes: UInt64 = 0
    }

    private let values = Mutex(Values())

    var current: Values { values.withLock { $0 } }

    func update(_ change: (inout sending Values) -> Void) {
        values.withLock { change(&$0) }
    }

    func gaveUp(_ reason: GiveUp) {
        values.withLock { values in
            switch reason {
            case .timedOut: values.timeouts += 1
            case .skipped: values.skippedLeaders += 1
            case .failed: values.failedLeaders += 1
            }
        }
    }

    func committed(_ block: Block) {
        let bytes = block.body.transactions.reduce(UInt64(Limits.headerBytesMax)) {
            $0 + UInt64($1.encodedByteCount)
        }
        values.withLock { values in
            values.blocks += 1
            values.transactions += UInt64(block.body.transactions.count)
            values.blockBytes += bytes
            values.networkHeight = max(values.networkHeight, block.header.height)
        }
    }
}

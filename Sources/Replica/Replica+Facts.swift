import Chain
import Consensus
import Cryptography

/// Where a node stands, for people and metrics.
public struct ReplicaFacts: Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let finalizedView: View
    /// Whether final blocks are being fetched by range.
    public let isSyncing: Bool
    /// Whether it withholds its votes until it shows that nobody else casts them.
    public let isWatching: Bool
    /// The highest height that is proven final.
    public let targetHeight: Height
    public let mempoolCount: Int
    public let mempoolByteCount: Int
    public let compact: CompactCounts
}

extension Replica {
    public var facts: ReplicaFacts {
        ReplicaFacts(
            epoch: instance.epoch, view: currentView, finalizedView: engine.lastFinalizedView,
            isSyncing: range.isActive, isWatching: engine.isWatching,
            targetHeight: range.target?.header.height ?? finalized.height,
            mempoolCount: mempool.count, mempoolByteCount: mempool.byteCount,
            compact: compact.counts)
    }

    public var usage: EngineUsage { engine.usage }

    /// A transaction that waits for a block.
    public func waitingTransaction(_ id: Digest) -> SignedTransaction? {
        mempool.transaction(id)?.value
    }

    /// The next free sequence of a lane in which something waits; nil if nothing does.
    public func nextSequence(of sender: Address, lane: UInt16) -> UInt64? {
        let next = mempool.nextSequence(sender: sender, lane: lane, chain: 0)
        return next == 0 ? nil : next
    }
}

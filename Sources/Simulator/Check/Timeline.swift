import Chain
import Cryptography

/// What happened when, for the criteria of scenarios. Moments are nanoseconds of virtual time,
/// nodes are endpoints.
public struct Timeline: Sendable {
    /// A node entered a view.
    public struct Entry: Sendable {
        public let at: UInt64
        public let node: Int
        public let epoch: UInt64
        public let view: UInt64
        /// The node that leads the view.
        public let leader: Int
    }

    /// A node committed a block.
    public struct Commit: Sendable {
        public let at: UInt64
        public let node: Int
        public let height: UInt64
        public let epoch: UInt64
        public let view: UInt64
        public let transactions: Int
        public let hash: Digest
    }

    /// A node learned that a block is final.
    public struct Final: Sendable {
        public let at: UInt64
        public let node: Int
        public let height: UInt64
        /// Since it was built.
        public let took: UInt64
    }

    /// A node gave up a view.
    public struct Timeout: Sendable {
        public let at: UInt64
        public let node: Int
        public let epoch: UInt64
        public let view: UInt64
        public let leader: Int
    }

    /// A node signed a vote.
    public struct Signing: Sendable {
        public let at: UInt64
        public let node: Int
        public let epoch: UInt64
        public let view: UInt64
        public let isNullify: Bool
    }

    /// A node sent a proposal for the first time.
    public struct Proposal: Sendable {
        public let at: UInt64
        public let node: Int
        public let epoch: UInt64
        public let view: UInt64
        /// nil: the boundary block again.
        public let height: UInt64?
        /// The view that it builds on.
        public let parentView: UInt64
    }

    /// A process began or ended, an epoch began at a node, or the node found that its execution is
    /// not that of the others.
    public struct Life: Sendable {
        public enum Kind: Sendable { case start, crash, epoch, alarm }

        public let at: UInt64
        public let node: Int
        public let kind: Kind
        public let height: UInt64
        public let epoch: UInt64
    }

    /// A block with evidence was committed somewhere for the first time.
    public struct Conviction: Sendable {
        public let at: UInt64
        /// Who voted twice.
        public let node: Int
        public let epoch: UInt64
        /// Of the block.
        public let view: UInt64
        public let height: UInt64
    }

    /// A node stopped because two certificates cannot both be.
    public struct Halt: Sendable {
        public let at: UInt64
        public let node: Int
        public let epoch: UInt64
        /// nil: it is in the log alone.
        public let first: Certificate?
        public let second: Certificate
        /// The certificates that the node's log would have after a power cut at this moment.
        public let logged: [Certificate]
        /// Whom the node was connected with: they hear of it.
        public let told: [Int]
    }

    /// Half of the nodes stopped hearing the others in a view, in the moment of its proposal.
    public struct Deafening: Sendable {
        public let at: UInt64
        public let end: UInt64
        public let view: UInt64
        public let deaf: [Int]
        public let others: [Int]
    }

    /// A view that one node is to certify while the others give it up.
    public struct Rift: Sendable {
        public let at: UInt64
        public let view: UInt64
        /// Who certifies it.
        public let lone: Int
        /// The lone node leads the next view.
        public let isReverse: Bool
    }

    /// What a node's disk held.
    public struct Size: Sendable {
        public let at: UInt64
        public let node: Int
        public let bytes: UInt64
        /// Of the files, then of each column of the database.
        public let parts: [Int]
    }

    public internal(set) var entries: [Entry] = []
    public internal(set) var commits: [Commit] = []
    public internal(set) var finals: [Final] = []
    public internal(set) var timeouts: [Timeout] = []
    public internal(set) var signings: [Signing] = []
    public internal(set) var proposals: [Proposal] = []
    public internal(set) var lives: [Life] = []
    public internal(set) var sizes: [Size] = []
    public internal(set) var convictions: [Conviction] = []
    public internal(set) var halts: [Halt] = []
    /// When a node was given a transaction that nobody else takes, and its view then.
    public internal(set) var privateTransactions: [Entry] = []
    /// By node and second: how many bytes it sent.
    public internal(set) var sent: [[UInt64]] = []
    /// When everything healed; nil: it did not.
    public internal(set) var healedAt: UInt64?
    public internal(set) var deafenings: [Deafening] = []
    public internal(set) var rifts: [Rift] = []
    /// How many times all nodes were killed together.
    public internal(set) var hails = 0
    /// Faults of a script that took place: how often a proposal was made poorer, a block was heavy.
    public internal(set) var happened = 0

    let isKept: Bool

    init(isKept: Bool) {
        self.isKept = isKept
    }

    mutating func count(_ bytes: UInt64, sentBy node: Int, at now: UInt64) {
        guard isKept else { return }
        let second = Int(now / 1_000_000_000)
        while sent.count <= node { sent.append([]) }
        if sent[node].count <= second {
            sent[node] += [UInt64](repeating: 0, count: second + 1 - sent[node].count)
        }
        sent[node][second] += bytes
    }
}

extension Timeline {
    private static let millisecond = WorldPlan.nanosecondsPerMillisecond

    /// The highest height that any node had committed by a moment in milliseconds.
    public func height(at milliseconds: UInt64) -> UInt64 {
        let end = milliseconds * Timeline.millisecond
        return commits.lazy.filter { $0.at <= end }.map(\.height).max() ?? 0
    }

    public func height(of node: Int, at milliseconds: UInt64) -> UInt64 {
        let end = milliseconds * Timeline.millisecond
        return commits.lazy.filter { $0.node == node && $0.at <= end }.map(\.height).max() ?? 0
    }

    /// The last view that a node had entered in an epoch by a moment in milliseconds.
    public func view(of node: Int, at milliseconds: UInt64, epoch: UInt64 = 0) -> UInt64 {
        let end = milliseconds * Timeline.millisecond
        return entries.lazy.filter { $0.node == node && $0.epoch == epoch && $0.at <= end }
            .map(\.view).max() ?? 0
    }

    /// When a node was first in a view above this one, in milliseconds.
    public func left(_ view: UInt64, by node: Int, epoch: UInt64 = 0) -> UInt64? {
        entries.first { $0.node == node && $0.epoch == epoch && $0.view > view }
            .map { $0.at / Timeline.millisecond }
    }

    /// When a node first had a height, in milliseconds.
    public func reached(_ height: UInt64, by node: Int) -> UInt64? {
        commits.first { $0.node == node && $0.height >= height }
            .map { $0.at / Timeline.millisecond }
    }

    /// Microseconds per height between two moments in milliseconds, as the fastest node saw it; nil
    /// with fewer than two heights.
    public func blockTime(from start: UInt64, to end: UInt64) -> UInt64? {
        var first: (at: UInt64, height: UInt64)?
        var last: (at: UInt64, height: UInt64)?
        for commit in commits
        where commit.at >= start * Timeline.millisecond && commit.at <= end * Timeline.millisecond {
            if let last, commit.height <= last.height { continue }
            last = (commit.at, commit.height)
            if first == nil { first = last }
        }
        guard let first, let last, last.height > first.height else { return nil }
        return (last.at - first.at) / (last.height - first.height) / 1_000
    }
}

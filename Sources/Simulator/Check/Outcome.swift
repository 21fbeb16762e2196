import Chain
import Replica

/// How a simulation ended, and its figures.
public struct Outcome: Sendable {
    public let plan: WorldPlan
    public let violations: [Violation]
    /// What came of more Byzantine power than the protocol bears, where the plan has that.
    public let expected: [Violation]
    /// Over all epochs, as far as any node came.
    public let views: UInt64
    /// The highest height that is final.
    public let height: UInt64
    public let epochs: UInt64
    public let events: Int
    public let crashes: Int
    public let virtualMilliseconds: UInt64
    /// nil if the plan asks for no progress, or a rule was broken before.
    public let healing: Healing?

    /// Of transactions: sent by clients, let into a pool, and in final blocks.
    public let submitted: Int
    public let admitted: Int
    public let included: Int
    /// How often a node found evidence, and how often an invalid proposal.
    public let evidence: Int
    public let invalidProposals: Int
    /// Nanoseconds from a block's being built to its finality at each node.
    public let finality: Histogram
    /// Nanoseconds in a view.
    public let viewTime: Histogram
    /// By endpoint.
    public let nodes: [NodeFacts]
    public let timeline: Timeline
    public let trace: Trace

    public var seed: UInt64 { plan.seed }
    /// Nullify votes that nodes cast because a view took too long.
    public var timeouts: UInt64 { nodes.reduce(0) { $0 + $1.timeouts } }
}

/// How long after the faults every honest node had made progress, and how long that may take; in
/// milliseconds.
public struct Healing: Sendable {
    /// H of testing.md 3 to the letter, where every block follows the last at once.
    public let bound: UInt64
    /// H for blocks that keep their intervals and for nodes that have blocks to fetch.
    public let pacedBound: UInt64
    /// Two honest nodes still do not reach each other: a fault that did not end.
    public let isPartial: Bool
    public internal(set) var took: UInt64 = 0

    /// When the simulation gives up: a model of the protocol took up to 1.85 times its bound. Votes
    /// that travel by way of a third node do so once in a repeat, and only in a standstill.
    var limit: UInt64 { isPartial ? 4 * pacedBound + 60_000 : 2 * pacedBound }
}

extension World {
    func outcome(healing: Healing?) -> Outcome {
        for node in nodes {
            let counts = node.replica.facts.compact
            node.facts.namedTransactions = counts.transactions
            node.facts.missingTransactions = counts.missing
        }
        return Outcome(
            plan: plan, violations: checker.violations, expected: checker.expected,
            views: measurements.views,
            height: checker.highest.value, epochs: checker.epochs, events: events,
            crashes: crashes,
            virtualMilliseconds: now / WorldPlan.nanosecondsPerMillisecond,
            healing: healing, submitted: measurements.submitted, admitted: measurements.admitted,
            included: measurements.transactions, evidence: measurements.evidence,
            invalidProposals: measurements.invalidProposals, finality: measurements.finality,
            viewTime: measurements.viewTime, nodes: nodes.map(\.facts),
            timeline: timeline, trace: trace)
    }
}

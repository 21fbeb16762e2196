/// One thing that goes wrong in a simulation. Faults end when the network heals, but for those that
/// say otherwise. A value of its own for each, so that a minimizer can leave them out one by one.
public enum Fault: Hashable, Sendable {
    // Links. Times are in milliseconds.

    /// A message takes up to so much longer, each its own: later ones overtake.
    case jitter(UInt64)
    case loss(permille: UInt64)
    case duplication(permille: UInt64)
    /// What one link carries in each direction, in Mbit/s.
    case bandwidth(UInt64)
    /// Partitions of all kinds come and go, each for at most so long.
    case partitions(millisecondsMax: UInt64)
    /// One partition at a fixed time.
    case partition(Partition, start: UInt64, milliseconds: UInt64)
    /// Two nodes never reach each other, not even after the faults.
    case lastingCut(Int, Int)

    // Clocks.

    /// Wall clocks are off by up to so much, fixed for each node.
    case clockSkew(UInt64)
    /// Clocks run fast or slow by up to so much, in parts per million.
    case clockDrift(partsPerMillion: UInt64)
    /// The wall clock of a node jumps.
    case clockStep(node: Int, at: UInt64, milliseconds: Int64)

    // Machines.

    /// Every node loses power so often on average; what was not synced is lost or torn.
    case crashes(perMinuteThousandths: UInt64)
    /// A node is killed at a moment, and starts again after so long; nil: not before the healing.
    case crash(node: Int, at: UInt64, downMilliseconds: UInt64?)
    /// A node is killed the n-th time it comes to a step, and starts again a moment later.
    case crashAt(Step, node: Int, count: Int)
    /// A node is switched off for good.
    case dead(node: Int, from: UInt64)
    /// A sync takes up to so long.
    case slowSyncs(UInt64)
    /// A sync fails: the process ends before anything is sent.
    case syncErrors(perMillion: UInt64)
    /// What is read for a peer is damaged, which its checksum shows.
    case readErrors(permille: UInt64)
    /// A node finds its log deleted after each crash; the signer's record stays.
    case lostLog(node: Int)
    /// A node loses its signer's record, and its log too, at its first crash after this moment: it
    /// must be silent until the next epoch (S41).
    case lostSigner(node: Int, from: UInt64)
    /// Everything that a node computes takes so many times longer.
    case slowNode(node: Int, factor: UInt64)

    /// What one scenario needs at a moment of its own.
    case scripted(ScriptedFault)

    /// The short name by which the command line leaves a fault out.
    public var name: String {
        switch self {
        case .jitter: "jitter"
        case .loss: "loss"
        case .duplication: "duplication"
        case .bandwidth: "bandwidth"
        case .partitions: "partitions"
        case .partition: "partition"
        case .lastingCut: "lasting-cut"
        case .clockSkew: "clock-skew"
        case .clockDrift: "clock-drift"
        case .clockStep: "clock-step"
        case .crashes: "crashes"
        case .crash: "crash"
        case .crashAt: "crash-at"
        case .dead: "dead"
        case .slowSyncs: "slow-syncs"
        case .syncErrors: "sync-errors"
        case .readErrors: "read-errors"
        case .lostLog: "lost-log"
        case .lostSigner: "lost-signer"
        case .slowNode: "slow-node"
        case .scripted: "scripted"
        }
    }

    /// The nodes that the fault names.
    var nodes: [Int] {
        switch self {
        case .lastingCut(let a, let b): [a, b]
        case .clockStep(let node, _, _), .crash(let node, _, _), .crashAt(_, let node, _),
            .dead(let node, _), .lostLog(let node), .lostSigner(let node, _),
            .slowNode(let node, _):
            [node]
        case .scripted(let fault): fault.nodes
        case .jitter, .loss, .duplication, .bandwidth, .partitions, .partition, .clockSkew,
            .clockDrift, .crashes, .slowSyncs, .syncErrors, .readErrors:
            []
        }
    }
}

/// Who cannot reach whom.
public enum Partition: Hashable, Sendable {
    /// Two groups; the nodes below the number are one.
    case split(firstGroup: Int)
    /// Every node in a group of its own draw.
    case halves
    case isolated(Int)
    /// What one node sends reaches nobody; it hears the others.
    case mute(Int)
    /// Every node reaches its two neighbours only.
    case ring
}

/// A moment in the life of a node between two steps that make something durable. Crashes are
/// scripted by them, and each is one that a real process can be killed at.
public enum Step: Hashable, Sendable, CaseIterable {
    /// Records are in the log's file, not synced.
    case logAppended
    /// The sync came back; the replica does not know yet.
    case logSynced
    /// The signer's row is written, not synced.
    case signerAppended
    case signerSynced
    /// A block's bytes are written, not synced.
    case blockWritten
    case blockSynced
    case blockExecuted
    case blockBuilt
    /// A final block's state is written, not synced.
    case stateWritten
    case stateSynced
    /// The boundary's state and certificate are durable; the next instance has not begun.
    case boundarySynced
    /// The next instance's engine runs.
    case instanceBegun
    /// A message was handed to the network.
    case messageSent
}

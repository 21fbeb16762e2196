import Chain
import Consensus

/// What one simulation is made of. A seed draws one (`Swarm`), a scenario writes one down.
///
/// Times are in milliseconds, nodes are numbered from zero.
public struct WorldPlan: Sendable {
    /// How the power is spread over the seats.
    public enum Stakes: Hashable, Sendable, CaseIterable {
        case equal
        /// The k-th has one k-th of the first.
        case zipf
        /// One has 32 % of the power.
        case whale
        case random
    }

    /// The epochs of a chain whose sets change.
    public struct Epochs: Hashable, Sendable {
        /// In blocks.
        public var length: UInt64
        /// How many of the nodes sit in each set from epoch 2 on; before that all do.
        public var seats: Int
        /// How much of a set stays in the next one.
        public var overlapPercent: UInt64
        /// What an election returns instead of a set, now and then; the ledger must fall back.
        public var hasGarbage = false

        public init(length: UInt64, seats: Int, overlapPercent: UInt64) {
            self.length = length
            self.seats = seats
            self.overlapPercent = overlapPercent
        }
    }

    /// What clients send.
    public struct Load: Hashable, Sendable {
        /// Per second of virtual time, in thousandths.
        public var perSecondThousandths: UInt64
        /// How many of them no honest client would send.
        public var invalidPermille: UInt64
        public var accounts: Int
        /// What each transaction asks for; a block is full when the next one might not fit.
        public var gasLimit: UInt64 = 200_000

        public init(
            perSecondThousandths: UInt64, invalidPermille: UInt64 = 0, accounts: Int = 12
        ) {
            self.perSecondThousandths = perSecondThousandths
            self.invalidPermille = invalidPermille
            self.accounts = accounts
        }

        public static let none = Load(perSecondThousandths: 0)
    }

    /// How long the machines take.
    public struct Machines: Hashable, Sendable {
        /// A sync takes up to so long; at least a tenth of it.
        public var syncMilliseconds: UInt64 = 2
        /// Executing a block takes up to so long, beside the transactions.
        public var executionMilliseconds: UInt64 = 5
        public var transactionMicroseconds: UInt64 = 20
        /// One check of a signature.
        public var signatureMicroseconds: UInt64 = 60
        /// How many signatures are checked at once.
        public var cores: UInt64 = 8

        public init() {}
    }

    public var seed: UInt64
    /// Nodes with a validator's record.
    public var validators: Int
    /// Nodes that only follow.
    public var followers = 0
    public var stakes = Stakes.equal

    // The chain's parameters.
    public var blockInterval: UInt64 = 500
    public var idleInterval: UInt64 = 0
    public var leaderTimeoutExtra: UInt64 = 1_000
    public var advanceTimeoutExtra: UInt64 = 1_000
    public var retryInterval: UInt64 = 5_000
    /// nil: one epoch that does not end.
    public var epochs: Epochs?

    /// One way, between any two nodes; regions replace it.
    public var latency: UInt64 = 50
    /// The nodes are spread over ten cloud regions; latencies are half of their round trips, and
    /// each node has 1 Gbit/s.
    public var hasRegions = false
    /// What a node can send, in Mbit/s; nil: no limit.
    public var uplink: UInt64?
    public var machines = Machines()
    public var load = Load.none
    /// The size of a segment of the log, small so that logs are cut often.
    public var logSegmentBytes = 16 * 1024
    /// How many rows the signer's record may have before it is rewritten.
    public var signerRowsMax = 256
    /// How many bytes of transactions travel inside a proposal; more are named.
    public var wholeBodyBytesMax = 8 * 1024
    /// How many heights below the newest a node can serve; nil: all.
    public var retainedHeights: UInt64?

    public var faults: [Fault] = []
    /// Byzantine nodes; together below a third of the power in every set, unless a scenario wants
    /// to see what happens beyond.
    public var corrupted: [Corruption] = []

    /// The power of each validator, instead of `stakes`.
    public var powers: [UInt64]?
    /// New rules that the chain has scheduled, and who does not know them.
    public var upgrade: ScheduledRules?
    /// Nodes that the chain keeps from leading, as those in jail.
    public var excluded: Set<Int> = []
    /// A third of the power or more is Byzantine: a fork is what the scenario wants to see.
    public var isBeyondModel = false
    /// Whether the outcome says what happened when.
    public var keepsTimeline = false

    /// How long the faults last.
    public var milliseconds: UInt64 = 60_000
    /// Whether everything heals in the end and progress is asked for.
    public var heals = true
    /// How many heights every honest node must gain after the healing.
    public var progressHeights: UInt64 = 10

    public init(seed: UInt64, validators: Int) {
        self.seed = seed
        self.validators = validators
    }

    public var nodes: Int { validators + followers }

    public var timing: Timing {
        let leader = blockInterval + leaderTimeoutExtra
        return Timing(
            blockInterval: blockInterval, idleInterval: idleInterval, leaderTimeout: leader,
            advanceTimeout: leader + advanceTimeoutExtra, retryInterval: retryInterval)
    }

    public func isByzantine(_ node: Int) -> Bool {
        corrupted.contains { $0.node == node }
    }

    /// Nodes that no healing brings back.
    public var deadNodes: Set<Int> {
        var nodes: Set<Int> = []
        for fault in faults {
            if case .dead(let node, _) = fault { nodes.insert(node) }
        }
        return nodes
    }

    /// Two honest nodes that live never reach each other.
    public var separatesHonestNodes: Bool {
        let others = deadNodes.union(corrupted.map(\.node))
        return faults.contains { fault in
            guard case .lastingCut(let a, let b) = fault else { return false }
            return !others.contains(a) && !others.contains(b)
        }
    }

    /// Nodes that leave for good at the end of an epoch.
    public var leavers: Set<Int> {
        var nodes: Set<Int> = []
        for case .scripted(.leavesAtBoundary(let epoch)) in faults {
            nodes.formUnion(leavers(after: epoch))
        }
        return nodes
    }

    /// Who sits in an epoch and not in the next one.
    func leavers(after epoch: UInt64) -> Set<Int> {
        let seating = Seating(self)
        let next = Set(seating.expectedSeats(of: Epoch(epoch + 1)).map(\.node))
        return Set(seating.expectedSeats(of: Epoch(epoch)).map(\.node)).subtracting(next)
    }

    /// Nodes whose execution differs from that of the others.
    public var divergentNodes: Set<Int> {
        var nodes: Set<Int> = []
        for case .scripted(.divergence(let node, _)) in faults { nodes.insert(node) }
        return nodes
    }
}

/// A node that does what it wants.
public struct Corruption: Hashable, Sendable {
    public var node: Int
    /// The name of an adversary of the library.
    public var behaviour: String

    public init(node: Int, behaviour: String) {
        self.node = node
        self.behaviour = behaviour
    }
}

extension WorldPlan {
    public static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    /// The bound H of testing.md 3 to the letter: 2·t_r + 5·t_a·mult + 10·(2δ + sync + execution).
    ///
    /// - Parameter multiplierThousandths: of the timeouts, as reached at the healing.
    public func literalHealBound(
        multiplierThousandths: UInt64, latency: UInt64? = nil
    ) -> UInt64 {
        let timing = timing
        let view =
            2 * (latency ?? self.latency) + machines.syncMilliseconds
            + machines.executionMilliseconds
        let advance = timing.advanceTimeout * multiplierThousandths / 1_000
        return 2 * retryInterval + 5 * advance + 10 * view
    }

    /// As H, but with what the pacing of the blocks adds, in milliseconds: two repeats, five
    /// timeouts as far as they can have grown, and ten views.
    ///
    /// - Parameter multiplierThousandths: of the timeouts, as reached at the healing.
    public func healBound(multiplierThousandths: UInt64, latency: UInt64) -> UInt64 {
        let timing = timing
        let view =
            2 * latency + 3 * machines.syncMilliseconds + 2 * machines.executionMilliseconds
            + max(blockInterval, idleInterval)
        let advance = (timing.advanceTimeout + idleInterval) * multiplierThousandths / 1_000
        return 2 * retryInterval + 5 * advance + progressHeights * view
    }
}

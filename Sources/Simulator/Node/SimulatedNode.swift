import Chain
import Consensus
import Cryptography
import Ledger
import Replica
import StateTree

/// One node: the real replica, executor and ledger over a virtual disk, and what the real node has
/// threads for as machines that take virtual time.
final class SimulatedNode {
    /// A process of its own; twins share the member.
    let endpoint: Int
    let member: Int
    let networkKey: PublicKey
    let consensusKey: PublicKey?
    let isByzantine: Bool
    let genesisHash: Digest
    let timing: Timing
    /// One way to the others, in milliseconds.
    let latency: UInt64
    /// Whatever it computes takes so many times longer.
    var slowness: UInt64 = 1

    // The machine.
    var storage: NodeDisk
    var isUp = false
    /// Counts the processes, so that what one had begun does not reach the next.
    var incarnation: UInt64 = 0
    /// Milliseconds that the wall clock is ahead, and how fast both clocks run.
    var skew: Int64 = 0
    var drift: Int64 = 0

    // What a process holds in memory.
    var replica: Replica
    var executor: BlockExecutor<DiskState>
    var instance: Instance
    var ownIndex: UInt16?
    var signer: VirtualSigner?
    /// Of the instance at work and of those before it in this process.
    var logs: [VirtualVoteLog] = []
    /// Up to which record a log's disk has said that it is durable.
    var promisedRecords: (instance: Digest, sequence: UInt64)?
    var votes = VoteMachine()
    var blocks = BlockMachine()
    var ledger = ExecutorMachine()
    var timers: [ReplicaTimer: Instant] = [:]
    /// The state that everybody who only reads sees.
    var published: DiskState
    var head: BlockSummary
    var rules: Rules
    /// By endpoint: the connection to it.
    var connections: [Int: UInt64] = [:]
    /// Endpoints that are not spoken to, and until when.
    var banned: [Int: UInt64] = [:]
    var verifiedTransactions: Set<Digest> = []

    // What the simulation knows of it.
    var view = View.zero
    var adversary: (any Adversary)?
    var stepCounts: [Step: Int] = [:]
    var facts = NodeFacts()

    init(
        endpoint: Int, member: Int, cast: Cast, plan: WorldPlan, genesis: StateChanges,
        election: Election
    ) {
        self.endpoint = endpoint
        self.member = member
        networkKey = cast.members[member].networkKey
        consensusKey = cast.members[member].consensusKey
        isByzantine = plan.isByzantine(member)
        genesisHash = cast.genesisHash
        timing = plan.timing
        latency = plan.latency
        storage = NodeDisk(retainedHeights: plan.retainedHeights)
        storage.begin(genesis)
        published = storage.state
        head = cast.genesis.summary
        rules = Rules(over: published)
        let start = SimulatedNode.epochStart(
            after: head, epoch: .zero, over: published, consensusKey: consensusKey,
            timing: plan.timing)
        instance = start.instance
        ownIndex = start.ownIndex
        replica = Replica(configuration: Replica.Configuration(), epoch: start, committed: head)
        executor = BlockExecutor(
            genesisHash: cast.genesisHash, instance: start.instance, committed: head,
            base: published, signatures: ToySignature.check, election: election,
            software: plan.software(of: member))
    }

    // MARK: Clocks

    /// The monotonic clock at a moment of virtual time.
    func monotonic(_ now: UInt64) -> UInt64 {
        let shift = Int64(now / 1_000_000) * drift
        return UInt64(max(0, Int64(now) + 1_000_000_000 + shift))
    }

    /// The first moment of virtual time at which the monotonic clock has reached a deadline.
    func moment(of deadline: UInt64, now: UInt64) -> UInt64 {
        var moment = now
        while monotonic(moment) < deadline {
            guard deadline - monotonic(moment) < 1 << 62 else { return .max }
            moment += deadline - monotonic(moment)
        }
        return moment
    }

    func wall(_ now: UInt64) -> Timestamp {
        let local = Int64(monotonic(now) / WorldPlan.nanosecondsPerMillisecond) - 1_000
        return Timestamp(UInt64(max(1, Int64(Cast.originMilliseconds) + local + skew)))
    }

    func moment(_ now: UInt64) -> Moment {
        Moment(monotonic: Instant(nanoseconds: monotonic(now)), wall: wall(now))
    }

    // MARK: Epochs

    /// The epoch that builds on a committed block, without what the logs hold of it.
    static func epochStart(
        after head: BlockSummary, epoch: Epoch, over state: DiskState, consensusKey: PublicKey?,
        timing: Timing
    ) -> EpochStart {
        guard let instance = Queries.instance(of: epoch, after: head, over: state) else {
            preconditionFailure("the state after \(head.height) has epoch \(epoch)")
        }
        var seats = [PublicKey?](repeating: nil, count: instance.validators.count)
        for seat in Queries.seats(of: epoch, over: state) {
            seats[Int(seat.index)] = seat.record.networkKey
        }
        return EpochStart(
            instance: instance,
            ownIndex: consensusKey.flatMap { instance.validators.index(of: $0) }, seats: seats,
            timing: timing,
            excluded: Queries.excludedSeats(in: instance.validators, over: state),
            reporter: consensusKey.flatMap {
                Queries.validator(key: $0, over: state)?.operatorAddress
            })
    }

    /// What a step of the log is appended to.
    func log(of instance: Digest) -> Int? {
        logs.lastIndex { $0.instance == instance }
    }

    func isConnected(_ endpoint: Int) -> Bool { connections[endpoint] != nil }
}

/// What one node has done, for measurements.
public struct NodeFacts: Hashable, Sendable {
    public var bytesSent: UInt64 = 0
    public var messagesSent: UInt64 = 0
    public var signatureChecks: UInt64 = 0
    public var viewsEntered: UInt64 = 0
    public var timeouts: UInt64 = 0
    public var restarts: UInt64 = 0
    public var blocksExecuted: UInt64 = 0
    public var rangesReplayed: UInt64 = 0
    /// How often its adversary did anything but what the honest code would have done.
    public var lies: UInt64 = 0
    /// Transactions that proposals named since the last start, and those that were not here.
    public var namedTransactions: UInt64 = 0
    public var missingTransactions: UInt64 = 0

    public init() {}
}

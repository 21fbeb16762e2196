import Chain
import Consensus
import Cryptography
import OrderedCollections

/// What survives a crash of a node: only what was synced.
struct CrashingDisk: Sendable {
    /// Synced records of the log.
    var log: [SafetyRecord] = []
    var lastSequence: UInt64 = 0
    /// Appended and not synced: a crash keeps a part of the front at most.
    var unsynced: [(sequence: UInt64, records: [SafetyRecord])] = []
    /// The signer's table, with a sync of its own.
    var signedVotes: [Vote] = []
    var signingGuard = SigningGuard()
    /// Stored blocks above the committed state.
    var blocks: OrderedDictionary<Digest, Header> = [:]
    /// The committed chain from height 1 on.
    var chain: [Header] = []
    var floor: FinalizedHead?

    /// Everything up to `sequence` is durable now.
    mutating func sync(through sequence: UInt64) {
        while let batch = unsynced.first, batch.sequence <= sequence {
            log += batch.records
            lastSequence = batch.sequence
            unsynced.removeFirst()
        }
    }

    /// Power is lost: some of the first unsynced records may have reached the disk all the same.
    mutating func crash(random: inout SeededRandom) {
        if let first = unsynced.first, !first.records.isEmpty {
            let kept = Int(random.below(UInt64(first.records.count + 1)))
            log += first.records.prefix(kept)
            lastSequence += UInt64(kept)
        }
        unsynced.removeAll()
    }

    mutating func commit(_ headers: [Header], floor head: FinalizedHead) {
        for header in headers where header.height.value == UInt64(chain.count) + 1 {
            chain.append(header)
        }
        guard head.header.height.value <= UInt64(chain.count) else { return }
        floor = head
        blocks.removeAll { $0.value.height <= head.header.height }
    }
}

/// One node: an engine, a disk, and the trivial chain of headers that stands for a ledger.
final class SimulatedNode {
    let endpoint: Int
    let signer: UInt16
    let instance: Instance
    let timing: Timing
    /// Milliseconds that the wall clock is ahead.
    let skew: UInt64

    var engine: Engine
    var isUp = false
    /// Counts the processes, so that what one had begun does not reach the next.
    var incarnation: UInt64 = 0
    var disk = CrashingDisk()

    // What a process holds in memory.
    var held: OrderedDictionary<Digest, Header> = [:]
    var executed: OrderedDictionary<Digest, Digest> = [:]
    var building: BuildRequest?
    var timers: [TimerID: Instant] = [:]
    var hasWork = false
    var rangeTarget: FinalizedHead?
    /// The vote that the signer works on.
    var signing: VoteIntent?
    var intents: [VoteIntent] = []
    var pendingCommits: [(headers: [Header], head: FinalizedHead)] = []

    init(endpoint: Int, signer: UInt16, instance: Instance, timing: Timing, skew: UInt64) {
        self.endpoint = endpoint
        self.signer = signer
        self.instance = instance
        self.timing = timing
        self.skew = skew
        engine = Engine(.init(instance: instance, own: signer, timing: timing))
    }

    /// Begins a process: an empty memory, and what the disk holds.
    func boot() -> Recovery {
        engine = Engine(.init(instance: instance, own: signer, timing: timing))
        isUp = true
        incarnation += 1
        held = [:]
        executed = [:]
        building = nil
        timers = [:]
        rangeTarget = nil
        signing = nil
        intents = []
        pendingCommits = []
        let floorView = disk.floor?.certificate.value.view ?? .zero
        return Recovery(
            floor: disk.floor, records: disk.log,
            signedVotes: disk.signedVotes.filter { $0.view > floorView }
                .map { .restored($0) },
            headers: Array(disk.blocks.values), lastSequence: disk.lastSequence)
    }

    /// The block with its body, wherever it is.
    func block(_ hash: Digest) -> Header? {
        if let header = held[hash] ?? disk.blocks[hash] { return header }
        return disk.chain.last { $0.hash == hash }
    }

    /// The state root that a block on `parent` has: one hash on another.
    static func stateRoot(after parent: Digest, view: View) -> Digest {
        var hasher = TaggedHasher(.treeNode)
        hasher.update(parent)
        hasher.update(view.value)
        return hasher.finalize()
    }

    /// The root of a block's parent, if that was executed in this process or is committed.
    func root(of hash: Digest) -> Digest? {
        if hash == instance.base.hash { return .zero }
        if let root = executed[hash] { return root }
        return disk.chain.last { $0.hash == hash }?.stateRoot
    }

    func execute(_ header: Header) -> ExecutionResult {
        guard let parent = root(of: header.parentHash) else { return .unavailable }
        let root = SimulatedNode.stateRoot(after: parent, view: header.view)
        guard header.stateRoot == root else { return .invalid }
        executed[header.hash] = root
        return .valid
    }

    func makeBlock(_ request: BuildRequest, wallMilliseconds: UInt64) -> Header? {
        guard let parent = root(of: request.parent.hash) else { return nil }
        let hasTransactions = hasWork && !request.mustBeEmpty
        return Header(
            genesisHash: instance.base.hash, epoch: instance.epoch,
            height: request.parent.height.advanced(by: 1), view: request.view,
            parentView: request.parentView, parentHash: request.parent.hash,
            timestamp: Timestamp(
                max(wallMilliseconds, request.parent.timestamp.value + 1)),
            proposer: signer,
            transactionsRoot: hasTransactions ? instance.id : .zero,
            stateRoot: SimulatedNode.stateRoot(after: parent, view: request.view),
            receiptsRoot: .zero, setHash: instance.validators.hash,
            nextSetHash: instance.validators.hash, evidenceRoot: .zero,
            participationRoot: .zero, gasUsed: 0, gasLimit: 0)
    }
}

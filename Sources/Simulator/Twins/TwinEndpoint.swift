import Chain
import Consensus
import Cryptography

/// What endpoints of a scenario send each other. Signatures are not checked: only engines make
/// votes here, and what is under test is what follows from them.
enum TwinPacket: Sendable {
    case vote(Verified<Vote>)
    case certificate(Verified<Certificate>, Header?)
    case proposal(Verified<Vote>, Header?, [Verified<Certificate>])
    case block(Header)
    case blockRequest(Digest)
    case noBlock(Digest)
    case certificateRequest(CertificateRequest)
    case noCertificate(CertificateRequest)
}

/// One engine, with the least that it needs: a log and blocks in memory that are durable at once,
/// and a clock of its own, which stands still unless somebody turns it.
final class TwinEndpoint {
    let index: Int
    let signer: UInt16
    let instance: Instance
    let timing: Timing
    var engine: Engine
    var clock = Instant.zero

    // What survives a restart.
    private(set) var log: [SafetyRecord] = []
    private(set) var lastSequence: UInt64 = 0
    var signedVotes: [Vote] = []
    var floor: FinalizedHead?
    private(set) var stored: [Header] = []

    // What a process holds in memory.
    private(set) var blocks: [Digest: Header] = [:]
    private var executed: Set<Digest> = []
    var timers = [Instant?](repeating: nil, count: TimerID.allCases.count)
    var building: BuildRequest?
    /// Answers to the engine's own requests that it has not heard yet.
    var answers: [Input] = []

    init(index: Int, signer: UInt16, instance: Instance, timing: Timing) {
        self.index = index
        self.signer = signer
        self.instance = instance
        self.timing = timing
        engine = Engine(.init(instance: instance, own: signer, timing: timing))
    }

    /// The same endpoint once more, in the same state.
    init(copying other: TwinEndpoint) {
        index = other.index
        signer = other.signer
        instance = other.instance
        timing = other.timing
        engine = Engine(copying: other.engine)
        clock = other.clock
        log = other.log
        lastSequence = other.lastSequence
        signedVotes = other.signedVotes
        floor = other.floor
        stored = other.stored
        blocks = other.blocks
        executed = other.executed
        timers = other.timers
        building = other.building
        answers = other.answers
    }

    static func slot(_ id: TimerID) -> Int {
        switch id {
        case .leader: 0
        case .advance: 1
        case .retry: 2
        case .standstill: 3
        case .requests: 4
        case .repropose: 5
        case .watch: 6
        }
    }

    /// Begins a process with what the last one wrote.
    func restart() -> Recovery {
        engine = Engine(.init(instance: instance, own: signer, timing: timing))
        timers = [Instant?](repeating: nil, count: TimerID.allCases.count)
        building = nil
        answers = []
        executed = []
        let height = floor?.header.height ?? .genesis
        let view = floor?.certificate.value.view ?? .zero
        for header in stored where header.height <= height { executed.insert(header.hash) }
        return Recovery(
            floor: floor, records: log,
            signedVotes: signedVotes.filter { $0.view > view }.map { .restored($0) },
            headers: stored.filter { $0.height > height }, lastSequence: lastSequence)
    }

    func append(_ records: [SafetyRecord], sequence: UInt64) {
        log += records
        lastSequence = sequence
    }

    func hold(_ header: Header) { blocks[header.hash] = header }

    func isStored(_ hash: Digest) -> Bool {
        hash == instance.base.hash || stored.contains { $0.hash == hash }
    }

    func isExecuted(_ hash: Digest) -> Bool {
        hash == instance.base.hash || executed.contains(hash)
    }

    func store(_ header: Header) {
        let hash = header.hash
        blocks[hash] = header
        if !isStored(hash) { stored.append(header) }
    }

    /// Every block on an executed parent is valid here.
    func execute(_ header: Header, hash: Digest) -> ExecutionResult {
        guard blocks[hash] != nil, isExecuted(header.parentHash) else { return .unavailable }
        executed.insert(hash)
        return .valid
    }

    /// The block that this endpoint builds: the second run of a key builds another one.
    func build(_ request: BuildRequest) -> Header {
        var header = block(on: request.parent, view: request.view)
        header.parentView = request.parentView
        return header
    }

    func block(on parent: BlockSummary, view: View) -> Header {
        Header(
            genesisHash: instance.base.hash, epoch: instance.epoch,
            height: parent.height.advanced(by: 1), view: view, parentView: parent.view,
            parentHash: parent.hash,
            timestamp: Timestamp(TwinScenario.epochMilliseconds + view.value),
            proposer: signer, transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero,
            setHash: instance.validators.hash, nextSetHash: instance.validators.hash,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: UInt64(index), gasLimit: 0)
    }
}

import Chain
import Consensus
import Cryptography

/// One engine with its disk, signer and clocks, and everything that it has asked for and that was
/// not answered yet. When and how things are answered is the program's choice; what must hold of
/// the engine's own acts is checked here.
final class EngineHost {
    let instance: Instance
    let own: UInt16?
    private let timing: Timing
    private var engine: Engine?

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var timers: [TimerID: Instant] = [:]
    private(set) var appended: UInt64 = 0

    // What waits for an answer.
    var unsynced: [(records: [SafetyRecord], sequence: UInt64)] = []
    var intents: [VoteIntent] = []
    var builds: [BuildRequest] = []
    var stores: [Digest] = []
    var executions: [ExecutionRequest] = []
    var awaited: [View] = []
    var blockFetches: [(hash: Digest, from: UInt16)] = []
    var certificateFetches: [(request: CertificateRequest, from: UInt16)] = []
    var ranges: [FinalizedHead] = []
    var outbox: [Outgoing] = []
    /// Told to be final, and not yet answered with `committed`.
    var uncommitted: FinalizedHead?

    // What the disk holds.
    private var log: [SafetyRecord] = []
    private var sequence: UInt64 = 0
    private(set) var signed: [Vote] = []
    private var signer = SigningGuard()
    private var isSignerFaulty = false
    private var stored = HeaderPool()
    private(set) var committed: FinalizedHead?

    // What this run of the process did.
    private var executed: Set<Digest> = []
    private var told: BlockSummary
    private(set) var final: [Header] = []
    private(set) var alarms: [String] = []

    enum Outgoing {
        case message(Message, Recipients)
        case proposal(Verified<Vote>, Header?, [Verified<Certificate>])
    }

    init(instance: Instance, own: UInt16?) {
        self.instance = instance
        self.own = own
        timing = Timing(
            blockInterval: 0, idleInterval: 0, leaderTimeout: 1_000, advanceTimeout: 2_000)
        told = instance.base
    }

    var currentView: View { engine?.currentView ?? .zero }
    var finalView: View { engine?.lastFinalizedView ?? .zero }

    func wants(_ summary: MessageSummary) -> Admission { engine?.wants(summary) ?? .drop }

    func response(to request: CertificateRequest) -> CertificateResponse {
        engine?.response(to: request)
            ?? CertificateResponse(request: request, certificates: [], header: nil)
    }

    // MARK: Life

    func start() throws(FuzzFailure) {
        engine = Engine(.init(instance: instance, own: own, timing: timing))
        timers = [:]
        unsynced = []
        intents = []
        builds = []
        stores = []
        executions = []
        awaited = []
        blockFetches = []
        certificateFetches = []
        ranges = []
        uncommitted = nil
        appended = sequence
        told = committed?.header.summary ?? instance.base
        executed = [told.hash]
        let floor = committed?.certificate.value.view ?? .zero
        try give(
            .start(
                Recovery(
                    floor: committed, records: log,
                    signedVotes: signed.filter { $0.view > floor }.map { .restored($0) },
                    headers: stored.all, lastSequence: sequence)))
    }

    /// Loses what is not synced, but for the first `keep` records.
    func crash(keep: Int) throws(FuzzFailure) {
        let kept = unsynced.flatMap(\.records).prefix(keep)
        log += kept
        sequence += UInt64(kept.count)
        try start()
    }

    func give(_ input: Input) throws(FuzzFailure) {
        let wasFinished = engine?.isFinished ?? false
        var effects: [Effect] = []
        engine?.handle(input, at: now, into: &effects)
        for effect in effects {
            try require(
                !wasFinished || !EngineHost.isAct(effect), "a finished epoch goes on: \(effect)")
            try perform(effect)
        }
    }

    /// Whether an effect is a vote or a proposal, or leads to one.
    private static func isAct(_ effect: Effect) -> Bool {
        switch effect {
        case .sign, .propose, .build, .execute: true
        case .persist, .send, .pushBlock, .setTimer, .cancelTimer, .cancelBuild, .storeBlock,
            .awaitTime, .fetchBlock, .fetchCertificate, .syncRange, .finalized, .report:
            false
        }
    }

    func pass(milliseconds: UInt64) throws(FuzzFailure) {
        now = now.advanced(byMilliseconds: milliseconds)
        for id in TimerID.allCases {
            guard let deadline = timers[id], deadline <= now else { continue }
            timers[id] = nil
            try give(.timer(id))
        }
    }

    // MARK: Answers

    func sync() throws(FuzzFailure) {
        guard !unsynced.isEmpty else { return }
        let batch = unsynced.removeFirst()
        log += batch.records
        sequence = batch.sequence
        try give(.durable(sequence: batch.sequence))
    }

    func sign() throws(FuzzFailure) {
        guard !intents.isEmpty else { return }
        let intent = intents.removeFirst()
        switch signer.judge(intent) {
        case .sign:
            let vote = EngineHost.vote(intent.signer, intent.view, intent.statement)
            signer.record(vote, instance: intent.instance)
            signed.append(vote)
            try give(.signed(.restored(vote)))
        case .repeated(let vote):
            try give(.signed(.restored(vote)))
        case .refused:
            try require(isSignerFaulty, "the engine asks for what the signer refuses: \(intent)")
            try give(
                .refused(
                    instance: intent.instance, kind: intent.statement.kind, view: intent.view))
        }
    }

    /// The signer refuses without a reason, as one would whose record knows more.
    func refuse() throws(FuzzFailure) {
        guard !intents.isEmpty else { return }
        let intent = intents.removeFirst()
        isSignerFaulty = true
        try give(
            .refused(instance: intent.instance, kind: intent.statement.kind, view: intent.view))
    }

    func store(_ header: Header) throws(FuzzFailure) {
        stored.insert(header)
        try give(.blockAvailable(header))
    }

    func execute(_ result: ExecutionResult) throws(FuzzFailure) {
        guard !executions.isEmpty else { return }
        let request = executions.removeFirst()
        if result == .valid { executed.insert(request.hash) }
        try give(.executed(instance: request.instance, hash: request.hash, result: result))
    }

    /// - Parameter header: what was built; nil declines.
    func build(_ header: Header?) throws(FuzzFailure) {
        guard !builds.isEmpty else { return }
        let request = builds.removeFirst()
        guard let header else {
            return try give(.buildDeclined(instance: request.instance, view: request.view))
        }
        stored.insert(header)
        executed.insert(header.hash)
        try give(.built(instance: request.instance, view: request.view, header: header))
    }

    func commit() throws(FuzzFailure) {
        guard let head = uncommitted else { return }
        uncommitted = nil
        committed = head
        try give(.committed(head.header.height))
    }

    func synchronize(with head: FinalizedHead) throws(FuzzFailure) {
        if head.header.height > told.height {
            committed = head
            told = head.header.summary
            executed.insert(head.header.hash)
            final.append(head.header)
        }
        try give(.synced(head))
    }

    // MARK: Effects

    private func perform(_ effect: Effect) throws(FuzzFailure) {
        switch effect {
        case .persist(let records, let sequence):
            appended += UInt64(records.count)
            try require(sequence == appended, "records are numbered without a gap")
            unsynced.append((records, sequence))
        case .sign(let intent):
            try require(intent.signer == own, "this node signs for itself")
            intents.append(intent)
        case .send(let message, let to):
            try check(message)
            outbox.append(.message(message, to))
        case .propose(let vote, let header, let justification):
            try check(.vote(vote))
            outbox.append(.proposal(vote, header, justification))
        case .setTimer(let id, let deadline): timers[id] = deadline
        case .cancelTimer(let id): timers[id] = nil
        case .build(let request): builds.append(request)
        case .cancelBuild(let view): builds.removeAll { $0.view == view }
        case .storeBlock(let hash): stores.append(hash)
        case .execute(let request):
            try require(request.header.hash == request.hash, "the hash is the header's")
            try require(
                executed.contains(request.header.parentHash),
                "a block is executed after its parent")
            executions.append(request)
        case .awaitTime(let view, _): awaited.append(view)
        case .fetchBlock(let hash, let from): blockFetches.append((hash, from))
        case .fetchCertificate(let request, let from): certificateFetches.append((request, from))
        case .syncRange(let head, _): ranges.append(head)
        case .finalized(let headers, let certificate): try finalize(headers, certificate)
        case .report(let report): note(report)
        case .pushBlock: return
        }
    }

    private func check(_ message: Message) throws(FuzzFailure) {
        switch message {
        case .vote(let vote):
            try require(
                vote.value.signer != own || signed.contains(vote.value),
                "a vote is sent that was not signed: \(vote.value)")
        case .certificate(let certificate):
            let power = certificate.value.power(in: instance.validators)
            try require(power.map { $0 > 0 } ?? false, "a certificate fits the set")
            try require(
                certificate.value.isPartial
                    || power.map { instance.validators.isQuorum($0) } ?? false,
                "a full certificate is a quorum")
        }
    }

    private func finalize(
        _ headers: [Header], _ certificate: Verified<Certificate>
    ) throws(FuzzFailure) {
        for header in headers {
            try require(
                header.height.value == told.height.value + 1, "final blocks come in order")
            try require(header.parentHash == told.hash, "final blocks are one chain")
            try require(executed.contains(header.hash), "a final block was executed")
            told = header.summary
            final.append(header)
        }
        guard let last = headers.last else { return }
        uncommitted = FinalizedHead(header: last, certificate: certificate)
    }

    private func note(_ report: Report) {
        switch report {
        case .safetyHalt(let a, let b):
            alarms.append("halt: \((a ?? b).value) and \(b.value)")
        case .localDivergence(let view, _): alarms.append("divergence in \(view)")
        case .entered, .evidence, .invalidProposal, .voteRefused, .gaveUp: return
        }
    }

    // MARK: Votes whose signatures nobody checks

    static func vote(_ signer: UInt16, _ view: View, _ statement: Statement) -> Vote {
        Vote(
            epoch: .zero, view: view, signer: signer, statement: statement,
            signature: Signature([UInt8](repeating: UInt8(truncatingIfNeeded: signer), count: 64)))
    }
}

/// Blocks that exist, each with its hash computed once.
struct HeaderPool {
    private(set) var all: [Header] = []
    private var byHash: [Digest: Header] = [:]

    subscript(hash: Digest) -> Header? { byHash[hash] }

    mutating func insert(_ header: Header) {
        guard byHash.updateValue(header, forKey: header.hash) == nil else { return }
        all.append(header)
    }
}

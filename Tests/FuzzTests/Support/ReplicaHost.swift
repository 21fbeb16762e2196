import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// One node whose shell is this: it performs at once or when told, and epochs of three blocks
/// follow one another.
struct ReplicaHost: ~Copyable {
    static let own: UInt16 = 0
    static let blocksPerEpoch: UInt64 = 3
    /// The network keys of the seats, and two peers without a seat.
    static let keys = (200...205 as ClosedRange<UInt8>).map { Fixture.key($0).publicKey }
    private static let timing = Timing(blockInterval: 100, idleInterval: 100)

    /// Anybody's signature is good but this node's, which is made from the message, so that nobody
    /// can speak in its name.
    static let signatures = SignatureCheck { signature, message, key in
        guard key == Fixture.four.validators.validator(at: own)?.key else {
            return signature != Signature([UInt8](repeating: 0xFF, count: 64))
        }
        return signature == ReplicaHost.signature(of: message)
    }

    private static func signature(of message: [UInt8]) -> Signature {
        let digest = Digest(.logRecord, message).bytes
        return Signature(digest + digest)
    }

    private var replica: Replica
    private(set) var instance: Instance
    private(set) var now = Moment(
        monotonic: Instant(nanoseconds: 1_000_000_000), wall: Timestamp(1_700_000_000_100))
    private var timers: [ReplicaTimer: Instant] = [:]
    /// Work of the shell that waits to be done.
    private var work: [ReplicaEffect] = []
    private var blocks: [Digest: Block] = [:]
    private(set) var known: [Block] = []
    private(set) var signed: [Vote] = []
    private(set) var view = View(1)
    private(set) var heads: [BlockSummary]
    private(set) var isStopped = false

    init() {
        instance = ReplicaHost.instance(after: nil, base: Fixture.four.base)
        heads = [instance.base]
        replica = Replica(
            configuration: .init(),
            epoch: ReplicaHost.start(instance), committed: instance.base)
    }

    private static func instance(after last: Instance?, base: BlockSummary) -> Instance {
        Instance(
            chainID: Fixture.chainID, epoch: last?.epoch.advanced(by: 1) ?? .zero,
            base: BlockSummary(
                hash: base.hash, height: base.height, view: .zero, timestamp: base.timestamp),
            validators: Fixture.four.validators,
            boundary: base.height.advanced(by: blocksPerEpoch), previousSeed: last?.seed)
    }

    private static func start(
        _ instance: Instance, previous: FinalizedHead? = nil
    ) -> EpochStart {
        EpochStart(
            instance: instance, ownIndex: own, seats: Array(keys.prefix(4)), timing: timing,
            previous: previous, reporter: Fixture.address(1))
    }

    // MARK: Inputs

    mutating func give(_ input: ReplicaInput) throws(FuzzFailure) {
        var effects: [ReplicaEffect] = []
        replica.handle(input, at: now, into: &effects)
        // SEC-32: what one input can make a node do is bounded.
        try require(effects.count < 1_024, "\(effects.count) effects of one input")
        for effect in effects { try note(effect) }
    }

    private mutating func note(_ effect: ReplicaEffect) throws(FuzzFailure) {
        switch effect {
        case .setTimer(let timer, let deadline): timers[timer] = deadline
        case .cancelTimer(let timer): timers[timer] = nil
        case .send(let message, _): try check(message)
        case .report(.entered(let view, _)): self.view = view
        case .report(.safetyHalt), .report(.localDivergence):
            // With three of four against it a node may well stop.
            isStopped = true
        case .report, .admitted, .refused, .penalize, .serve, .keyInUse: return
        case .persist, .sign, .verify, .build, .store, .execute, .commit, .replay:
            work.append(effect)
        }
    }

    private func check(_ message: PeerMessage) throws(FuzzFailure) {
        let bytes = message.encoded()
        let again = try? PeerMessage(channel: message.channel, decoding: bytes)
        try require(again == message, "what is sent can be read: \(message)")
        guard case .vote(let vote) = message else { return }
        try require(
            vote.signer != ReplicaHost.own || signed.contains(vote), "a vote was signed: \(vote)")
    }

    mutating func pass(milliseconds: UInt64) throws(FuzzFailure) {
        now = Moment(
            monotonic: now.monotonic.advanced(byMilliseconds: milliseconds),
            wall: now.wall.advanced(by: milliseconds))
        let due = timers.filter { $0.value <= now.monotonic }.keys.sorted {
            "\($0)" < "\($1)"
        }
        for timer in due where timers.removeValue(forKey: timer) != nil {
            try give(.timer(timer))
        }
    }

    // MARK: The shell

    var hasWork: Bool { !work.isEmpty }

    /// Does one thing that waits; `isWell` is whether it succeeds where it may fail.
    mutating func perform(isWell: Bool) throws(FuzzFailure) {
        guard !work.isEmpty else { return }
        switch work.removeFirst() {
        case .persist(_, let instance, let sequence):
            try give(.durable(instance: instance, sequence: sequence))
        case .sign(let intent): try sign(intent)
        case .verify(let job, let instance, let peer): try verify(job, in: instance, from: peer)
        case .build(let job): try build(job, isWell: isWell)
        case .store(let block): try give(.stored(block.hash))
        case .execute(let request, let block):
            let isValid = block.header.stateRoot != .zero
            let result: ExecutionResult = isValid ? isWell ? .valid : .unavailable : .invalid
            try give(.executed(instance: request.instance, hash: request.hash, result))
        case .commit(let headers, let certificate):
            guard let last = headers.last else { return }
            heads.append(last.summary)
            try give(.committed(last.height))
            try endEpoch(FinalizedHead(header: last, certificate: certificate))
        case .replay(let blocks, let head):
            try replay(blocks, head: head, isWell: isWell)
        case .send, .setTimer, .cancelTimer, .serve, .admitted, .refused, .penalize, .report,
            .keyInUse:
            return
        }
    }

    private mutating func sign(_ intent: VoteIntent) throws(FuzzFailure) {
        try require(intent.signer == ReplicaHost.own, "this node signs for itself")
        guard intent.instance == instance.id else { return }
        let message = intent.statement.signBytes(instance: intent.instance, view: intent.view)
        let vote = Vote(
            epoch: intent.epoch, view: intent.view, signer: intent.signer,
            statement: intent.statement, signature: ReplicaHost.signature(of: message))
        let isDouble = signed.contains { $0 != vote && Evidence.conflicts($0, vote) }
        try require(!isDouble, "this node signs what convicts it: \(vote)")
        signed.append(vote)
        try give(.signed(.restored(vote)))
    }

    private mutating func verify(
        _ job: VerificationJob, in instance: Instance, from peer: Peer
    ) throws(FuzzFailure) {
        if case .transactions(let transactions) = job {
            for transaction in transactions.prefix(4) {
                let facts = AdmissionFacts(nextSequence: 0, source: peer.key)
                try give(.transaction(.restored(transaction), facts, ticket: nil))
            }
            return
        }
        let result: Result<VerifiedMessage, VerificationError>
        do throws(VerificationError) {
            result = .success(
                try Door.verified(
                    job, in: instance, genesisHash: Fixture.digest(9),
                    signatures: ReplicaHost.signatures))
        } catch {
            result = .failure(error)
        }
        switch result {
        case .success(let message):
            try give(.verified(message, instance: instance.id, from: peer))
        case .failure(let error):
            try give(.verificationFailed(error, instance: instance.id, from: peer))
        }
    }

    private mutating func build(_ job: BuildJob, isWell: Bool) throws(FuzzFailure) {
        guard isWell else {
            return try give(.buildFailed(instance: job.instance, view: job.view))
        }
        let block = ReplicaHost.block(
            job.epoch, on: job.parent, view: job.view, parentView: job.parentView,
            proposer: job.proposer, time: job.timestamp,
            body: BlockBody(
                transactions: job.candidates.map(\.value), evidence: job.evidence), mark: 1)
        learn(block)
        try give(.built(instance: job.instance, view: job.view, block, dropped: []))
    }

    private mutating func replay(
        _ blocks: [Block], head: FinalizedHead, isWell: Bool
    ) throws(FuzzFailure) {
        guard let last = blocks.last, isWell else {
            return try give(.replayFailed(blocks.first?.header.height ?? Height(1)))
        }
        heads.append(last.header.summary)
        try give(.replayed(blocks))
        if head.header.hash == last.hash { try endEpoch(head) }
    }

    private mutating func endEpoch(_ head: FinalizedHead) throws(FuzzFailure) {
        guard head.header.height == instance.boundary else { return }
        instance = ReplicaHost.instance(after: instance, base: head.header.summary)
        work = []
        try give(.epochBegan(ReplicaHost.start(instance, previous: head)))
    }

    // MARK: Blocks

    mutating func learn(_ block: Block) {
        guard blocks.updateValue(block, forKey: block.hash) == nil else { return }
        known.append(block)
    }

    static func block(
        _ epoch: Epoch, on parent: BlockSummary, view: View, parentView: View, proposer: UInt16,
        time: Timestamp, body: BlockBody, mark: UInt8
    ) -> Block {
        Block(
            header: Header(
                genesisHash: Fixture.digest(9), epoch: epoch,
                height: parent.height.advanced(by: 1), view: view, parentView: parentView,
                parentHash: parent.hash, timestamp: time, proposer: proposer,
                transactionsRoot: body.transactionsRoot, stateRoot: Fixture.digest(mark),
                receiptsRoot: .zero, setHash: Fixture.four.validators.hash,
                nextSetHash: Fixture.four.validators.hash, evidenceRoot: body.evidenceRoot,
                participationRoot: body.participationRoot, gasUsed: 0, gasLimit: 1),
            body: body)
    }
}

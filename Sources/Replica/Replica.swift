import Chain
import Codec
import Consensus
import Cryptography
import OrderedCollections

/// One node as a value: agreement, the transactions that wait, the blocks that are not final yet,
/// and what is asked of whom.
///
/// `handle` is the only entrance and effects are the only exit, so that the real node and the
/// simulator run the same code. It knows no socket, disk or clock, and executes nothing: heavy work
/// is an effect whose result comes back as an input.
///
/// It runs one epoch after the other (`Replica+Epochs`): which network key has which seat depends
/// on the epoch at work, and results of another instance are dropped.
public struct Replica: ~Copyable, Sendable {
    public struct Configuration: Sendable {
        public let mempool: Mempool.Limits
        /// How long a validator listens after its start whether somebody else votes with its key,
        /// before it votes itself; it goes on to look for that. nil: it does neither, for twins of
        /// a test.
        public let watchMilliseconds: UInt64?
        /// Whether to leave proposing to others until a block is committed, or for a minute: a node
        /// that ended again and again at this height may have done so by its own blocks.
        public let isCautious: Bool
        /// How many bytes of transactions travel inside a proposal; where there are more, they are
        /// named, for its receivers have them (`CompactBody`).
        public let wholeBodyBytesMax: Int

        public init(
            mempool: Mempool.Limits = Mempool.Limits(), watchMilliseconds: UInt64? = nil,
            isCautious: Bool = false, wholeBodyBytesMax: Int = 8 * 1024
        ) {
            self.mempool = mempool
            self.watchMilliseconds = watchMilliseconds
            self.isCautious = isCautious
            self.wholeBodyBytesMax = wholeBodyBytesMax
        }
    }

    let configuration: Configuration

    // The epoch at work, and how the one before ended.
    var instance: Instance
    var roster: Roster
    var engine: Engine
    var previous: FinalizedHead?
    var previousInstance: Instance?
    /// The votes for the last blocks of the epoch before, newest first.
    var lastVotes: [Verified<Certificate>] = []
    /// What the first input starts from.
    private var recovery: Recovery?

    var mempool: Mempool
    var pool = EvidencePool()
    var reporter: Address?
    /// The consensus keys that evidence in final blocks has convicted since the node runs, and the
    /// seats that the state names.
    var convicted: [PublicKey] = []
    var excluded: [UInt16]
    var tree = BlockTree()
    var range = RangeSync()
    var builder = Builder.idle
    /// The last block whose state is committed, and the last one that is final.
    var committed: BlockSummary
    var finalized: BlockSummary
    /// Of the last block that became final since the node runs.
    var finalizedGasLimit = UInt64.max
    var currentView = View.zero
    var peers = Peers()
    /// Whether the timer runs that asks peers who are ahead.
    var isCatchingUp = false
    /// Blocks that were asked for: answers to nothing else are taken.
    var blockQuestions = Questions<Digest>()
    var certificateQuestions = Questions<CertificateRequest>()
    /// Proposals whose transactions were named and are not all here.
    var compact = CompactProposals()
    var turns: MessageTurns
    var awaitedTime: (view: View, timestamp: Timestamp)?
    var outbox = Outbox()
    /// When listening for the own key is over, and whether somebody was heard.
    var watchEnd: Instant?
    var isKeyInUse = false
    /// Until then, or the next block, nothing is proposed.
    var proposesFrom: Instant?
    var isWorkPending = false
    /// Whether something happened that can change `isWorkPending`; most inputs cannot.
    var isWorkStale = false
    /// Inputs for the engine that its own effects have caused.
    var followUps: [Input] = []

    /// - Parameters:
    ///   - epoch: the one that builds on the committed block.
    ///   - committed: the block whose state the disk holds; the instance's base at first.
    public init(configuration: Configuration, epoch: EpochStart, committed: BlockSummary) {
        self.configuration = configuration
        instance = epoch.instance
        roster = Roster(seats: epoch.seats, own: epoch.ownIndex)
        engine = Replica.engine(for: epoch)
        previous = epoch.previous
        previousInstance = epoch.previousInstance
        recovery = epoch.recovery
        excluded = epoch.excluded
        reporter = epoch.reporter
        turns = MessageTurns(interval: epoch.timing.retryInterval)
        mempool = Mempool(limits: configuration.mempool)
        self.committed = committed
        finalized = committed
    }

    /// Handles one input; `effects` gets what is to be done, in order.
    public mutating func handle(
        _ input: ReplicaInput, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        switch input {
        case .start(let blocks):
            start(blocks, at: now, into: &effects)
        case .epochBegan(let start):
            begin(start, at: now, into: &effects)
        case .connected(let peer):
            connect(peer, at: now, into: &effects)
        case .disconnected(let peer):
            disconnect(peer, at: now, into: &effects)
        case .renamed(let old, let new, let remains):
            rename(old, to: new, remains: remains, at: now, into: &effects)
        case .received(let message, let peer):
            receive(message, from: peer, at: now, into: &effects)
        case .verified(let message, let instance, let peer):
            accept(message, of: instance, from: peer, at: now, into: &effects)
        case .verificationFailed(let error, let instance, let peer):
            if error.isSendersFault {
                effects.append(.penalize(peer.key, .forged))
            }
            if instance == self.instance.id, range.servingPeer == peer.key {
                rangeFailed(at: now, into: &effects)
            }
        case .forgedTransaction(let peer):
            // A lie about a transaction says nothing of ranges.
            effects.append(.penalize(peer.key, .forged))
        case .transaction(let transaction, let facts, let ticket):
            admit(transaction, facts: facts, ticket: ticket, at: now, into: &effects)
        case .committed(let height):
            takeCommitted(height, at: now, into: &effects)
        case .replayed(let blocks):
            takeReplayed(blocks, at: now, into: &effects)
        case .replayFailed:
            rangeFailed(at: now, into: &effects)
        case .timer(let timer):
            fire(timer, at: now, into: &effects)
        case .built, .buildFailed, .stored, .executed, .durable, .signed, .refused:
            takeResult(input, at: now, into: &effects)
        }
        if isWorkStale {
            isWorkStale = false
            refreshWork(at: now, into: &effects)
        }
    }

    private mutating func start(
        _ blocks: [Block], at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard let recovery else { return }
        self.recovery = nil
        for block in blocks {
            tree.insert(block, isStored: true)
        }
        watch(at: now, into: &effects)
        if configuration.isCautious {
            proposesFrom = now.monotonic.advanced(byMilliseconds: Replica.cautionMilliseconds)
        }
        if let exclusion { step(exclusion, at: now, into: &effects) }
        step(.start(recovery), at: now, into: &effects)
    }

    /// What the shell did for the engine; of another instance it is dropped (P22).
    private mutating func takeResult(
        _ input: ReplicaInput, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        switch input {
        case .built(let instance, let view, let block, let dropped):
            mempool.drop(dropped)
            pool.drop(dropped)
            guard instance == self.instance.id else { return }
            takeBuilt(block, view: view, into: &effects)
        case .buildFailed(let instance, let view):
            guard instance == self.instance.id else { return }
            builder.finish(view)
            step(.buildDeclined(instance: instance, view: view), at: now, into: &effects)
        case .stored(let hash):
            takeStored(hash, at: now, into: &effects)
        case .executed(let instance, let hash, let result):
            if case .valid = result {
                tree.markExecuted(hash)
                isWorkStale = true
            }
            step(
                .executed(instance: instance, hash: hash, result: result), at: now,
                into: &effects)
        case .durable(let instance, let sequence):
            guard instance == self.instance.id else { return }
            step(.durable(sequence: sequence), at: now, into: &effects)
        case .signed(let vote):
            step(.signed(vote), at: now, into: &effects)
        case .refused(let instance, let kind, let view):
            step(.refused(instance: instance, kind: kind, view: view), at: now, into: &effects)
        case .start, .epochBegan, .connected, .disconnected, .renamed, .received, .verified,
            .verificationFailed, .forgedTransaction, .transaction, .committed, .replayed,
            .replayFailed, .timer:
            preconditionFailure("not a result of the shell's work: \(input)")
        }
    }

    private static let cautionMilliseconds: UInt64 = 60_000

    // MARK: The engine

    /// Hands the engine an input and performs what it asks for, and what that causes in turn.
    mutating func step(
        _ input: Input, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        followUps.append(input)
        var asked: [Effect] = []
        while !followUps.isEmpty {
            let next = followUps.removeFirst()
            asked.removeAll(keepingCapacity: true)
            engine.handle(next, at: now.monotonic, into: &asked)
            for effect in asked {
                perform(effect, at: now, into: &effects)
            }
        }
    }

    private mutating func perform(
        _ effect: Effect, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        switch effect {
        case .persist(let records, let sequence):
            effects.append(.persist(records, instance: instance.id, sequence: sequence))
        case .sign(let intent):
            effects.append(.sign(intent))
        case .send(let message, let recipients):
            send(message, to: recipients, into: &effects)
        case .propose(let vote, let header, let justification):
            propose(
                vote, header: header, justification: justification, at: now, into: &effects)
        case .pushBlock(let hash, let validator):
            guard let block = tree[hash]?.block, let key = roster.key(of: validator) else { return }
            let response = BlockResponse(hash: hash, block: block.encoded())
            effects.append(.send(.blockResponse(response), to: .peer(key)))
        case .setTimer(let timer, let deadline):
            effects.append(.setTimer(.engine(timer), deadline))
        case .cancelTimer(let timer):
            effects.append(.cancelTimer(.engine(timer)))
        case .build(let request):
            if let proposesFrom, now.monotonic < proposesFrom {
                followUps.append(
                    .buildDeclined(instance: request.instance, view: request.view))
                return
            }
            builder.start(request)
            continueBuild(at: now, into: &effects)
        case .cancelBuild(let view):
            builder.finish(view)
            effects.append(.cancelTimer(.build))
        case .storeBlock(let hash):
            store(hash, into: &effects)
        case .execute(let request):
            guard let block = tree[request.hash]?.block else {
                followUps.append(
                    .executed(
                        instance: request.instance, hash: request.hash, result: .missing))
                return
            }
            effects.append(.execute(request, block))
        case .awaitTime(let view, let timestamp):
            awaitedTime = (view, timestamp)
            checkTime(at: now, into: &effects)
        case .fetchBlock(let hash, let validator):
            fetchBlock(hash, from: validator, into: &effects)
        case .fetchCertificate(let request, let validator):
            guard let peer = route(to: validator) else {
                followUps.append(.certificateUnavailable(request, from: validator))
                return
            }
            certificateQuestions.ask(request, of: validator, through: peer)
            effects.append(.send(.certificateRequest(request), to: .peer(peer)))
        case .syncRange(let head, let validator):
            guard let peer = route(to: validator) else {
                followUps.append(.syncFailed)
                return
            }
            range.start(target: head, peer: peer, of: peers.keys)
            askRange(at: now, into: &effects)
        case .finalized(let headers, let certificate):
            takeFinalized(headers, certificate, into: &effects)
        case .report(let report):
            take(report, into: &effects)
        }
    }

    private mutating func take(_ report: Report, into effects: inout [ReplicaEffect]) {
        effects.append(.report(report))
        switch report {
        case .entered(let view, _):
            currentView = view
            isWorkStale = true
        case .evidence(let evidence):
            take(evidence, into: &effects)
        case .invalidProposal, .localDivergence, .safetyHalt, .voteRefused, .gaveUp:
            return
        }
    }

    // MARK: Whom to send to

    private func send(
        _ message: Message, to recipients: Recipients, into effects: inout [ReplicaEffect]
    ) {
        var keys: [PublicKey]
        switch recipients {
        case .all: keys = roster.others
        case .one(let validator): keys = [roster.key(of: validator)].compactMap { $0 }
        case .some(let validators): keys = validators.compactMap { roster.key(of: $0) }
        }
        if case .certificate(let certificate) = message, certificate.value.kind == .finalize,
            !certificate.value.isPartial
        {
            switch recipients {
            case .one: break
            case .all, .some:
                // Whoever has no seat lives by finalizations (2.13).
                keys += peers.keys.filter { roster.seat(of: $0) == nil }
            }
        }
        guard !keys.isEmpty else { return }
        effects.append(.send(PeerMessage(message), to: .peers(keys)))
    }

    /// The validator that the engine chose, if it is connected; else somebody who is: where the old
    /// set has left, a peer without a seat may have what is needed.
    private mutating func route(to validator: UInt16) -> PublicKey? {
        if let key = roster.key(of: validator), peers.contains(key) { return key }
        return peers.next()
    }

    // MARK: Blocks

    private mutating func propose(
        _ vote: Verified<Vote>, header: Header?, justification: [Verified<Certificate>],
        at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard !roster.others.isEmpty else { return }
        var body: (bytes: [UInt8], isCompact: Bool) = ([], false)
        if let header {
            // Of a vote that was signed late: the chain has passed the block since.
            guard let block = tree[header.hash]?.block else { return }
            body = travellingBody(of: block, at: now, into: &effects)
        }
        let proposal = BlockProposal(
            vote: vote.value, header: header, body: body.bytes, isCompact: body.isCompact,
            justification: justification.map(\.value))
        effects.append(.send(.proposal(proposal), to: .peers(roster.others)))
    }

    private mutating func store(_ hash: Digest, into effects: inout [ReplicaEffect]) {
        guard let node = tree[hash] else {
            // The body was let go; whoever shows the block again will be asked for it.
            return
        }
        if node.isStored {
            followUps.append(.blockAvailable(node.block.header))
        } else {
            give(node.block, into: &effects)
        }
    }

    /// Hands the disk a block of the tree.
    mutating func give(_ block: Block, into effects: inout [ReplicaEffect]) {
        tree.markStoring(block.hash)
        effects.append(.store(block))
    }

    private mutating func fetchBlock(
        _ hash: Digest, from validator: UInt16, into effects: inout [ReplicaEffect]
    ) {
        if let node = tree[hash] {
            if node.isStored {
                followUps.append(.blockAvailable(node.block.header))
            } else {
                give(node.block, into: &effects)
            }
            return
        }
        guard !compact.defers(hash, to: validator) else { return }
        guard let peer = route(to: validator) else {
            followUps.append(.blockUnavailable(hash, from: validator))
            return
        }
        blockQuestions.ask(hash, of: validator, through: peer)
        effects.append(.send(.blockRequest(BlockRequest(hash: hash)), to: .peer(peer)))
    }

    private mutating func takeStored(
        _ hash: Digest, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        tree.markStored(hash)
        guard let header = tree[hash]?.block.header else { return }
        if builder.isStoring(hash) {
            builder.finish(header.view)
            isWorkStale = true
            step(
                .built(
                    instance: instance.id, view: header.view, header: header),
                at: now, into: &effects)
        } else {
            step(.blockAvailable(header), at: now, into: &effects)
        }
    }

    private mutating func takeFinalized(
        _ headers: [Header], _ certificate: Verified<Certificate>,
        into effects: inout [ReplicaEffect]
    ) {
        guard let last = headers.last else { return }
        look(at: headers, into: &effects)
        finalized = last.summary
        finalizedGasLimit = last.gasLimit
        compact.removeAll(through: certificate.value.view)
        isWorkStale = true
        effects.append(.commit(headers, certificate))
        for header in headers {
            let body = tree[header.hash]?.block.body ?? BlockBody(transactions: [])
            settle(body, height: header.height)
        }
    }

    private mutating func takeCommitted(
        _ height: Height, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        proposesFrom = nil
        if height == finalized.height {
            committed = finalized
        }
        tree.prune(through: height)
        step(.committed(height), at: now, into: &effects)
    }

    // MARK: Work and time

    /// Tells the engine when there begins or ceases to be something to put into a block.
    private mutating func refreshWork(at now: Moment, into effects: inout [ReplicaEffect]) {
        // A transaction that nobody includes within two rounds must not hurry everybody for ever.
        let rounds = 2 * UInt64(instance.validators.count)
        let oldest = currentView.lowered(by: rounds)
        let parent = engine.highestCertified
        let hasWork =
            mempool.hasCandidates(
                after: tree.advances(to: parent, above: finalized.height),
                height: finalized.height.advanced(by: 1), oldestView: oldest)
            || !evidence(after: parent, height: height(after: parent), since: oldest).isEmpty
        guard hasWork != isWorkPending else { return }
        isWorkPending = hasWork
        step(.workPending(hasWork), at: now, into: &effects)
        continueBuild(at: now, into: &effects)
    }

    func checkTime(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let awaited = awaitedTime else { return }
        let earliest = awaited.timestamp.lowered(by: Limits.clockDriftMillisecondsMax)
        let wait = earliest.value > now.wall.value ? earliest.value - now.wall.value : 0
        effects.append(.setTimer(.time, now.monotonic.advanced(byMilliseconds: wait)))
    }

    private mutating func fire(
        _ timer: ReplicaTimer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        switch timer {
        case .engine(let id):
            step(.timer(id), at: now, into: &effects)
        case .build:
            continueBuild(at: now, into: &effects)
        case .time:
            guard let awaited = awaitedTime else { return }
            let limit = now.wall.advanced(by: Limits.clockDriftMillisecondsMax)
            guard awaited.timestamp <= limit else {
                return checkTime(at: now, into: &effects)
            }
            awaitedTime = nil
            step(
                .timeReached(instance: instance.id, view: awaited.view), at: now,
                into: &effects)
        case .range:
            rangeFailed(at: now, into: &effects)
        case .gossip:
            flushGossip(at: now, into: &effects)
        case .compact:
            compactTimeIsOver(at: now, into: &effects)
        case .catchUp:
            catchUp(at: now, into: &effects)
        }
    }
}

extension PeerMessage {
    init(_ message: Message) {
        switch message {
        case .vote(let vote): self = .vote(vote.value)
        case .certificate(let certificate): self = .certificate(certificate.value)
        }
    }
}

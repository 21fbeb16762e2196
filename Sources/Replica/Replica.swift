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
public struct Replica: ~Copyable, Sendable {
    public struct Configuration: Sendable {
        public let instance: Instance
        /// This node's seat, or nil for a node that only follows.
        public let ownIndex: UInt16?
        public let timing: Timing
        public let mempool: Mempool.Limits

        public init(
            instance: Instance, ownIndex: UInt16?, timing: Timing,
            mempool: Mempool.Limits = Mempool.Limits()
        ) {
            self.instance = instance
            self.ownIndex = ownIndex
            self.timing = timing
            self.mempool = mempool
        }
    }

    let configuration: Configuration
    var engine: Engine
    var mempool: Mempool
    var tree = BlockTree()
    var range = RangeSync()
    var builder = Builder.idle
    /// The last block whose state is committed, and the last one that is final.
    var committed: BlockSummary
    var finalized: BlockSummary
    var currentView = View.zero
    var connected: OrderedDictionary<PublicKey, Peer> = [:]
    /// Blocks that were asked for: answers to nothing else are taken.
    var requestedBlocks: OrderedSet<Digest> = []
    var awaitedTime: (view: View, timestamp: Timestamp)?
    var outbox = Outbox()
    var isWorkPending = false
    /// Whether something happened that can change `isWorkPending`; most inputs cannot.
    var isWorkStale = false
    /// Inputs for the engine that its own effects have caused.
    var followUps: [Input] = []

    /// - Parameter committed: the block whose state the disk holds; the instance's base at first.
    public init(configuration: Configuration, committed: BlockSummary) {
        self.configuration = configuration
        engine = Engine(
            Engine.Configuration(
                instance: configuration.instance, own: configuration.ownIndex,
                timing: configuration.timing))
        mempool = Mempool(limits: configuration.mempool)
        self.committed = committed
        finalized = committed
    }

    /// Handles one input; `effects` gets what is to be done, in order.
    public mutating func handle(
        _ input: ReplicaInput, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        switch input {
        case .start(let recovery, let blocks):
            for block in blocks {
                tree.insert(block, isStored: true)
            }
            step(.start(recovery), at: now, into: &effects)
        case .connected(let peer):
            connect(peer, at: now, into: &effects)
        case .disconnected(let peer):
            connected.removeValue(forKey: peer.key)
        case .received(let message, let peer):
            receive(message, from: peer, at: now, into: &effects)
        case .verified(let message, let peer):
            accept(message, from: peer, at: now, into: &effects)
        case .verificationFailed(let error, let peer):
            if error.isSendersFault {
                effects.append(.penalize(peer.key, .forged))
            }
            if let validator = peer.validator, range.servingPeer == validator {
                rangeFailed(at: now, into: &effects)
            }
        case .transaction(let transaction, let facts, let ticket):
            admit(transaction, facts: facts, ticket: ticket, at: now, into: &effects)
        case .built(let view, let block, let dropped):
            mempool.drop(dropped)
            takeBuilt(block, view: view, into: &effects)
        case .buildFailed(let view):
            builder.finish(view)
            step(
                .buildDeclined(instance: configuration.instance.id, view: view), at: now,
                into: &effects)
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
        case .durable(let sequence):
            step(.durable(sequence: sequence), at: now, into: &effects)
        case .signed(let vote):
            step(.signed(vote), at: now, into: &effects)
        case .refused(let instance, let kind, let view):
            step(.refused(instance: instance, kind: kind, view: view), at: now, into: &effects)
        case .committed(let height):
            takeCommitted(height, at: now, into: &effects)
        case .replayed(let blocks):
            takeReplayed(blocks, at: now, into: &effects)
        case .replayFailed:
            rangeFailed(at: now, into: &effects)
        case .timer(let timer):
            fire(timer, at: now, into: &effects)
        }
        if isWorkStale {
            isWorkStale = false
            refreshWork(at: now, into: &effects)
        }
    }

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
            effects.append(.persist(records, sequence: sequence))
        case .sign(let intent):
            effects.append(.sign(intent))
        case .send(let message, let recipients):
            effects.append(.send(PeerMessage(message), to: Destination(recipients)))
        case .propose(let vote, let header, let justification):
            propose(vote, header: header, justification: justification, into: &effects)
        case .pushBlock(let hash, let validator):
            guard let block = tree[hash]?.block else { return }
            let response = BlockResponse(hash: hash, block: block.encoded())
            effects.append(.send(.blockResponse(response), to: .validator(validator)))
        case .setTimer(let timer, let deadline):
            effects.append(.setTimer(.engine(timer), deadline))
        case .cancelTimer(let timer):
            effects.append(.cancelTimer(.engine(timer)))
        case .build(let request):
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
                        instance: request.instance, hash: request.hash, result: .unavailable))
                return
            }
            effects.append(.execute(request, block))
        case .awaitTime(let view, let timestamp):
            awaitedTime = (view, timestamp)
            checkTime(at: now, into: &effects)
        case .fetchBlock(let hash, let validator):
            fetchBlock(hash, from: validator, into: &effects)
        case .fetchCertificate(let request, let validator):
            guard isConnected(validator) else {
                followUps.append(.certificateUnavailable(request, from: validator))
                return
            }
            effects.append(.send(.certificateRequest(request), to: .validator(validator)))
        case .syncRange(let head, let validator):
            range.start(target: head, peer: validator)
            askRange(at: now, into: &effects)
        case .finalized(let headers, let certificate):
            takeFinalized(headers, certificate, into: &effects)
        case .report(let report):
            if case .entered(let view, _) = report {
                currentView = view
                isWorkStale = true
            }
            effects.append(.report(report))
        }
    }

    func isConnected(_ validator: UInt16) -> Bool {
        connected.values.contains { $0.validator == validator }
    }

    // MARK: Blocks

    private mutating func propose(
        _ vote: Verified<Vote>, header: Header?, justification: [Verified<Certificate>],
        into effects: inout [ReplicaEffect]
    ) {
        var body: [UInt8] = []
        if let header {
            guard let block = tree[header.hash]?.block else {
                preconditionFailure("the own block's body is here: \(header.hash)")
            }
            body = block.body.encoded()
        }
        let proposal = BlockProposal(
            vote: vote.value, header: header, body: body,
            justification: justification.map(\.value))
        effects.append(.send(.proposal(proposal), to: .validators))
    }

    private mutating func store(_ hash: Digest, into effects: inout [ReplicaEffect]) {
        guard let node = tree[hash] else {
            // The body was let go; whoever shows the block again will be asked for it.
            return
        }
        if node.isStored {
            followUps.append(.blockAvailable(node.block.header))
        } else {
            effects.append(.store(node.block))
        }
    }

    private mutating func fetchBlock(
        _ hash: Digest, from validator: UInt16, into effects: inout [ReplicaEffect]
    ) {
        if let node = tree[hash] {
            if node.isStored {
                followUps.append(.blockAvailable(node.block.header))
            } else {
                effects.append(.store(node.block))
            }
            return
        }
        guard isConnected(validator) else {
            followUps.append(.blockUnavailable(hash, from: validator))
            return
        }
        requestedBlocks.append(hash)
        if requestedBlocks.count > 256 {
            requestedBlocks.removeFirst()
        }
        effects.append(
            .send(.blockRequest(BlockRequest(hash: hash)), to: .validator(validator)))
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
                    instance: configuration.instance.id, view: header.view, header: header),
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
        for header in headers {
            let transactions = tree[header.hash]?.block.body.transactions ?? []
            mempool.blockFinalized(transactions, height: header.height)
        }
        finalized = last.summary
        isWorkStale = true
        effects.append(.commit(headers, certificate))
    }

    private mutating func takeCommitted(
        _ height: Height, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
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
        let rounds = 2 * UInt64(configuration.instance.validators.count)
        let hasWork = mempool.hasCandidates(
            after: tree.advances(to: engine.highestCertified, above: finalized.height),
            height: finalized.height.advanced(by: 1), oldestView: currentView.lowered(by: rounds))
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
                .timeReached(instance: configuration.instance.id, view: awaited.view), at: now,
                into: &effects)
        case .range:
            rangeFailed(at: now, into: &effects)
        case .gossip:
            flushGossip(at: now, into: &effects)
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

extension Destination {
    init(_ recipients: Recipients) {
        switch recipients {
        case .all: self = .validators
        case .one(let validator): self = .validator(validator)
        case .some(let validators): self = .validatorList(validators)
        }
    }
}

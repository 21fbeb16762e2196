import Chain
import Codec
import Consensus
import Cryptography
import Logging
import Networking
import Replica

/// The one place where a node's effects happen: it takes one input at a time, lets the replica
/// decide, and performs the effects in order. Its switch has no logic.
actor ReplicaLoop {
    /// The parts of the node that effects are handed to.
    struct Machinery: Sendable {
        let network: Network
        let votes: Mailbox<VoteDisk.Job>
        let blocks: Mailbox<BlockDisk.Job>
        let executor: Mailbox<Executor.Job>
        let questions: QuestionQueue
        let verifier: Verifier
        let tickets: TicketOffice
        let clock: WallClock
        let metrics: NodeMetrics
        let logger: Logger
    }

    private let thread = DedicatedThread(name: "althing.loop")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let inputs: Mailbox<LoopInput>
    private let machinery: Machinery
    private var replica: Replica
    private var names = PeerNames()
    private var effects: [ReplicaEffect] = []
    private var timers: [ReplicaTimer: Instant] = [:]
    private var failure: NodeFailure?
    private var isWatching = false
    /// Why it takes part in nothing and only answers questions, if so.
    private var abstention: NodeFailure?
    /// The last final view, since when it is that, and whether that was found to be long.
    private var progress = (
        epoch: Epoch.zero, view: View.zero, at: MonotonicClock.now(), isLong: false
    )
    private static let stallMilliseconds: UInt64 = 60_000

    init(
        inputs: Mailbox<LoopInput>, machinery: Machinery, replica: consuming Replica
    ) {
        self.inputs = inputs
        self.machinery = machinery
        self.replica = replica
    }

    /// Runs until the order to stop.
    ///
    /// - Throws: `NodeFailure` if the node must not go on.
    func run() throws(NodeFailure) {
        defer { refuseTheRest() }
        while failure == nil, let batch = inputs.receive(until: timers.values.min()) {
            for (index, input) in batch.enumerated() {
                if case .stop = input {
                    if let abstention { failure = abstention }
                    batch[(index + 1)...].forEach(refuse)
                    if let failure { throw failure }
                    return
                }
                handle(input)
            }
            fireTimers()
            publish()
        }
        if let failure { throw failure }
    }

    /// Nobody waits for an answer of a loop that has ended: a request of the API that did would
    /// keep the process from stopping.
    private func refuseTheRest() {
        inputs.close()
        while let batch = inputs.receive(until: nil) {
            batch.forEach(refuse)
        }
    }

    private func refuse(_ input: LoopInput) {
        switch input {
        case .waiting(_, let continuation): continuation.resume(returning: nil)
        case .nextSequence(_, _, let continuation): continuation.resume(returning: nil)
        case .replica, .message, .fatal, .substituted, .outdated, .halted, .misnamed, .newKeys,
            .stop:
            return
        }
    }

    private func handle(_ input: LoopInput) {
        switch input {
        case .replica(let input, let credit):
            handle(input, credit: credit)
        case .message(let message, let peer, let credit):
            handle(.received(message, from: peer), credit: credit)
        case .waiting(let id, let continuation):
            continuation.resume(returning: replica.waitingTransaction(id))
        case .nextSequence(let sender, let lane, let continuation):
            continuation.resume(returning: replica.nextSequence(of: sender, lane: lane))
        case .fatal(let failure):
            self.failure = failure
        case .substituted(let view):
            machinery.logger.error(
                "The block that was built failed its check; an empty one takes its place.",
                metadata: ["view": "\(view)"])
        case .outdated(let version):
            leave(version)
        case .halted(let halt):
            leave(halt)
        case .newKeys(let keys):
            for input in names.take(keys) { handle(input, of: nil, credit: nil) }
        case .misnamed(let key):
            machinery.logger.error(
                """
                Peers take no vote from this node, now or from the next epoch on: the validator's \
                record names another network key. Bring that key here, or: \
                althing validator edit --network-home HOME
                """,
                metadata: ["own": "\(machinery.network.localID)", "recorded": "\(key)"])
        case .stop:
            return
        }
    }

    /// The replica hears of nothing more, so that it signs nothing. What is final stays there to be
    /// read.
    private func abstain(_ reason: NodeFailure) {
        abstention = reason
        timers = [:]
    }

    private func leave(_ halt: SafetyHalt) {
        abstain(.safetyHalt(halt))
        machinery.logger.critical(
            "This node halted in an earlier run; it votes no more, and answers questions only.",
            metadata: ["halt": "\(halt)", "advice": "\(halt.advice)"])
    }

    private func leave(_ version: ProtocolVersion) {
        abstain(.outdated(version))
        machinery.logger.critical(
            """
            The chain follows rules that this program does not know; it votes no more. Install a \
            release that knows them and start again.
            """,
            metadata: [
                "version": "\(version.number)", "hash": "\(version.hash)",
                "epoch": "\(version.since)",
            ])
    }

    private func handle(_ input: ReplicaInput, credit: InboxCredit?) {
        guard let (input, sender) = names.named(input) else { return }
        handle(input, of: sender, credit: credit)
    }

    /// - Parameter sender: the key of the connection that the input came over, which may not be the
    ///   one by which the replica knows its peer.
    private func handle(_ input: ReplicaInput, of sender: PublicKey?, credit: InboxCredit?) {
        if let abstention {
            // Whoever submitted a transaction just before waits for its answer.
            if case .transaction(_, _, let ticket?) = input {
                machinery.tickets.resolve(ticket, .abstains(abstention))
            }
            return
        }
        let now = Moment(monotonic: MonotonicClock.now(), wall: machinery.clock.now())
        let wasWaiting = isWaiting(input)
        replica.handle(input, at: now, into: &effects)
        if !wasWaiting { noteAdmission(input) }
        for effect in effects {
            perform(effect, of: sender, credit: credit)
        }
        effects.removeAll(keepingCapacity: true)
    }

    private func isWaiting(_ input: ReplicaInput) -> Bool {
        guard case .transaction(let transaction, let facts, _) = input, facts.source != nil
        else { return false }
        return replica.waitingTransaction(transaction.value.id) != nil
    }

    /// Whether the pool had any use for what a peer sent says how much more of it is looked at.
    /// What was sent just before says nothing: honest peers pass on the same transactions.
    private func noteAdmission(_ input: ReplicaInput) {
        guard case .transaction(let transaction, let facts, _) = input, let source = facts.source
        else { return }
        let isTaken = replica.waitingTransaction(transaction.value.id) != nil
        machinery.verifier.note(refused: isTaken ? 0 : 1, taken: isTaken ? 1 : 0, of: source)
    }

    private func fireTimers() {
        let now = MonotonicClock.now()
        let due = timers.filter { $0.value <= now }.sorted { $0.value < $1.value }
        for (timer, _) in due {
            timers[timer] = nil
        }
        for (timer, _) in due {
            handle(.timer(timer), credit: nil)
        }
    }

    // MARK: Effects

    private func perform(
        _ effect: ReplicaEffect, of sender: PublicKey?, credit: InboxCredit?
    ) {
        switch effect {
        case .persist(let records, let instance, let sequence):
            machinery.votes.send(.append(records, instance: instance, sequence: sequence))
        case .sign(let intent):
            machinery.votes.send(.sign(intent))
        case .send(let message, let destination):
            send(message, to: destination, of: sender)
        case .setTimer(let timer, let deadline):
            timers[timer] = deadline
        case .cancelTimer(let timer):
            timers[timer] = nil
        case .verify(let job, let instance, let peer):
            machinery.verifier.verify(
                job, in: instance, from: Peer(key: names.connection(to: peer.key, of: sender)),
                credit: credit)
        case .build(let job):
            machinery.executor.send(.build(job))
        case .store(let block):
            machinery.blocks.send(.store(block))
        case .execute(let request, let block):
            machinery.executor.send(.execute(request, block))
        case .commit(let headers, let certificate):
            machinery.executor.send(.commit(headers, certificate))
        case .replay(let blocks, let head):
            machinery.executor.send(.replay(blocks, head: head))
        case .serve(let request, let peer):
            machinery.questions.send(
                QuestionQueue.Question(
                    request: request, peer: names.connection(to: peer, of: sender), credit: credit))
        case .admitted(_, let ticket):
            machinery.tickets.resolve(ticket, .accepted)
        case .refused(_, let error, let ticket):
            machinery.tickets.resolve(ticket, .refused(error))
        case .penalize(let peer, let offence):
            machinery.network.report(
                PeerConduct(offence), by: PeerID(names.connection(to: peer, of: sender)))
        case .report(let report):
            note(report)
        case .keyInUse(let view):
            machinery.logger.critical(
                "Somebody else votes with this validator's key.", metadata: ["view": "\(view)"])
            failure = .keyInUse("a vote in view \(view) is not in the signer's record")
        }
    }

    private func send(
        _ message: PeerMessage, to destination: Destination, of sender: PublicKey?
    ) {
        let channel = Networking.Channel(message.channel)
        let bytes = message.encoded()
        let network = machinery.network
        switch destination {
        case .peer(let key):
            for key in names.connections(for: message, to: key, of: sender) {
                network.send(bytes, on: channel, to: PeerID(key))
            }
        case .peers(let keys):
            for key in keys.flatMap({ names.connections(to: $0, of: nil) }) {
                network.send(bytes, on: channel, to: PeerID(key))
            }
        case .everyone(let except):
            let except = except.map { PeerID(names.connection(to: $0, of: sender)) }
            network.broadcast(bytes, on: channel, except: except)
        }
    }

    // MARK: Reports

    private func note(_ report: Report) {
        let logger = machinery.logger
        switch report {
        case .entered(let view, let leader):
            machinery.metrics.update { values in
                values.view = view
                values.leader = leader
            }
            logger.debug("View entered.", metadata: ["view": "\(view)", "leader": "\(leader)"])
        case .evidence(let evidence):
            logger.warning(
                "A validator cast conflicting votes.",
                metadata: ["view": "\(evidence.view)", "validator": "\(evidence.signer)"])
        case .invalidProposal(let view, let leader):
            machinery.metrics.update { $0.invalidProposals += 1 }
            logger.warning(
                "The leader proposed an invalid block.",
                metadata: ["view": "\(view)", "leader": "\(leader)"])
        case .gaveUp(let view, let leader, let reason):
            machinery.metrics.gaveUp(reason)
            let facts: Logger.Metadata = ["view": "\(view)", "leader": "\(leader)"]
            switch reason {
            case .timedOut: logger.info("The view timed out.", metadata: facts)
            case .skipped: logger.debug("The view's leader is passed over.", metadata: facts)
            case .failed: logger.info("The view's leader failed.", metadata: facts)
            }
        case .voteRefused(let kind, let view):
            machinery.metrics.update { $0.refusedVotes += 1 }
            logger.warning(
                "The signer refused a vote.",
                metadata: ["view": "\(view)", "kind": "\(kind)"])
        case .localDivergence(let view, let hash):
            failure = .divergence(
                Divergence(epoch: replica.facts.epoch, view: view, block: hash))
        case .safetyHalt(let first, let second):
            logger.critical(
                "Two certificates exclude one another.",
                metadata: [
                    "first": "\(first?.value.encoded().hex ?? "in the log")",
                    "second": "\(second.value.encoded().hex)",
                ])
            failure = .safetyHalt(SafetyHalt(first?.value, second.value))
        }
    }

    private func publish() {
        let facts = replica.facts
        if facts.isWatching != isWatching {
            isWatching = facts.isWatching
            machinery.logger.notice(
                isWatching
                    ? "The validator listens whether somebody else votes with its key."
                    : "Nobody else votes with the validator's key; now it votes.")
        }
        noteProgress(facts)
        machinery.metrics.update { values in
            values.finalizedView = facts.finalizedView
            values.isSyncing = facts.isSyncing
            values.isWatching = facts.isWatching
            values.isStarted = true
            values.networkHeight = max(values.networkHeight, facts.targetHeight)
            values.mempoolCount = facts.mempoolCount
            values.mempoolByteCount = facts.mempoolByteCount
            values.compact = facts.compact
        }
    }
}

extension ReplicaLoop {
    /// Says once when finality stops for long, and once when it goes on.
    private func noteProgress(_ facts: ReplicaFacts) {
        let now = MonotonicClock.now()
        guard facts.finalizedView == progress.view, facts.epoch == progress.epoch else {
            if progress.isLong { machinery.logger.notice("Blocks become final again.") }
            progress = (facts.epoch, facts.finalizedView, now, false)
            return
        }
        guard !progress.isLong,
            progress.at.advanced(byMilliseconds: ReplicaLoop.stallMilliseconds) < now
        else { return }
        progress.isLong = true
        machinery.logger.error(
            "Nothing has become final for a minute.", metadata: ["view": "\(facts.view)"])
    }
}

extension PeerConduct {
    init(_ offence: Offence) {
        switch offence {
        case .forged: self = .forged
        case .unsolicited: self = .unsolicited
        case .timeout: self = .timeout
        }
    }
}

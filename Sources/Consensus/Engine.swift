import Chain
import Cryptography

/// Weighted Simplex: the agreement of one epoch, as a value (consensus.md 2).
///
/// A view has one leader, who proposes one block. A validator that executed the block and agrees
/// casts *notarize*; a quorum of these is a notarization, and whoever holds it, executed the block
/// and agrees (*certifies*) enters the next view and casts *finalize*, unless it has given the view
/// up. Giving up is casting *nullify*; a quorum of these is a nullification, and ends the view as
/// well. A quorum of finalize is a finalization: the block and its ancestors are final. A proposal
/// in view v on a parent of view p is acceptable only with nullifications of all views between: so
/// a finalized block cannot be passed by, since no validator casts both finalize and nullify. This
/// holds for any behaviour of the network while the faulty power b satisfies 3b < W.
///
/// Deviations from Simplex (Chan and Pass, 2023): votes are weighted by stake; views are not
/// chained to heights; finalize may be cast for views that were left (rule R6); certificates list
/// signatures; there is an execution step between notarization and the next view.
///
/// What it does not know: bodies of blocks (the replica's), the wall clock, sockets, the disk, the
/// key. It is deterministic, and nothing that it is handed from outside can trap it; its
/// preconditions (the I-rules of 2.18) are about its own acts alone.
///
/// The last height of an epoch is its boundary. A block there may be proposed again in later views
/// until it is final, and nothing is built on it in this instance; as soon as it is final and all
/// of it is here, the engine is finished and another one begins with the next epoch's set (2.13).
///
/// What one input asks for is decided by the rules R1 to R13, whose names stand beside the code:
/// `Engine+Views` R1, R7, R8; `Engine+Voting` R2, R3, R4; `Engine+Certificates` R9, R10, R13;
/// `Engine+Certify` R5, R6; `Engine+Admission` R11, R12.
public struct Engine: ~Copyable, Sendable {
    public struct Configuration: Sendable {
        public var instance: Instance
        /// This node's index in the set; nil for a node that only follows.
        public var own: UInt16?
        public var timing: Timing

        /// - Precondition: the times hold their relations, and the index is in the set.
        public init(instance: Instance, own: UInt16?, timing: Timing) {
            precondition(timing.violation == nil, "times are consistent: \(timing)")
            if let own {
                precondition(instance.validators.validator(at: own) != nil, "own is in the set")
            }
            self.instance = instance
            self.own = own
            self.timing = timing
        }
    }

    /// Whether votes are cast, and if not, why.
    enum Mode: Hashable, Sendable {
        /// Before `start`. Next: `active`.
        case idle
        /// Next: `syncing`, `diverged`, `finished`, `halted`.
        case active
        /// The final chain is far ahead and is fetched by range; no votes. Next: `active`,
        /// `diverged`, `finished`, `halted`.
        case syncing
        /// This node disagrees with a quorum (R6'): it serves and follows, but votes no more.
        /// Next: `finished`, `halted`.
        case diverged
        /// The boundary block is final and told (2.13): the instance is history. What else was
        /// recorded before still leaves, but no vote. Final.
        case finished
        /// Safety was broken by more than a third: nothing is done any more. Final.
        case halted
    }

    // What never changes.
    let instance: Instance
    let own: UInt16?
    let timing: Timing

    // What is known.
    var mode = Mode.idle
    var views = ViewTable()
    var blocks = BlockTable()
    var leaders: LeaderSchedule
    /// The view this node is in.
    var current = View(1)
    /// LF: the last final view, and what makes it final; none for the epoch's base.
    var lastFinal: Verified<Certificate>?
    /// The last final block that the replica was told about, and its certificate.
    var emitted: BlockSummary
    var emittedHead: FinalizedHead?
    /// Heads that were told and are not committed yet, ascending.
    var awaitingCommit: [FinalizedHead] = []
    /// Finalizations whose chain is not checked yet (R10).
    var unchecked: [Verified<Certificate>] = []
    /// What is pruned lies at or below; durable.
    var floor = View.zero
    /// Views above LF with a notarization that is not certified, ascending.
    var uncertified: [View] = []
    /// Certified views for which finalize may be cast (R6).
    var finalizable: [View] = []

    // The current view.
    var enteredAt = Instant.zero
    /// In thousandths, fixed at entering (2.8).
    var multiplier: UInt64 = 1_000
    var isLeaderTimerCancelled = false
    var isSkipping = false
    var isTimedOut = false
    var isLeaderFailed = false
    var isBuilding = false
    var hasBuilt = false
    /// When the boundary block is shown again, if this node leads.
    var reproposeAt: Instant?
    /// The view from which the leader misses a certificate for its parent, if so.
    var leaderNeed: Need?

    // Time.
    var now = Instant.zero
    var busySince: Instant?
    var lastProgress = Instant.zero
    var retryDeadline = Instant.zero
    var standstillDeadline = Instant.zero
    var armed: [TimerID: Instant] = [:]
    var standstillCursor = View.zero
    /// Until then this node only listens.
    var watchEnd: Instant?
    var isVotingStopped = false
    var syncNotBefore = Instant.zero

    // Peers.
    var order: PeerOrder
    var resolver = Resolver()
    /// Up to here the own votes are not all known.
    var ownVotesUnknown = View.zero
    /// The value of `current` when a signer was last heard (2.9).
    var activity: [View]
    /// Signers that the state excludes from leading: jailed or convicted (2.9).
    var excluded: [Bool]
    /// The highest view that a signer voted in (R12).
    var votedView: [View]
    /// When a stale vote of a signer was last answered (R11).
    var answeredAt: [Instant?]

    // The log and what waits for it.
    var appended: UInt64 = 0
    var synced: UInt64 = 0
    var records: [SafetyRecord] = []
    var outbox: [(sequence: UInt64, effect: Effect)] = []
    var out: [Effect] = []
    var hasProgressed = false

    public init(_ configuration: Configuration) {
        instance = configuration.instance
        own = configuration.own
        timing = configuration.timing
        let count = instance.validators.count
        leaders = LeaderSchedule(seed: instance.seed, count: count)
        order = PeerOrder(instance: instance.id, own: own, count: count)
        emitted = instance.base
        activity = [View](repeating: .zero, count: count)
        excluded = [Bool](repeating: false, count: count)
        votedView = [View](repeating: .zero, count: count)
        answeredAt = [Instant?](repeating: nil, count: count)
    }

    /// Takes one input and appends what it asks for. Total: it never traps on an input from
    /// outside, and does nothing before `start` or after a safety halt.
    public mutating func handle(
        _ input: Input, at now: Instant, into effects: inout [Effect]
    ) {
        self.now = max(self.now, now)
        apply(input)
        advance()
        finish()
        effects.append(contentsOf: out)
        out.removeAll(keepingCapacity: true)
    }

    private mutating func apply(_ input: Input) {
        if case .start(let recovery) = input {
            start(recovery)
            return
        }
        if case .durable(let sequence) = input {
            synced = min(appended, max(synced, sequence))
            return
        }
        if case .excluded(let signers) = input, mode == .idle {
            // Known before the first view is entered, so that it counts there too.
            setExcluded(signers)
            return
        }
        if withhold(input) { return }
        guard mode != .idle, mode != .halted, mode != .finished else { return }
        switch input {
        case .start, .durable, .watch, .stopVoting: return
        case .frame(let summary, let from): heard(summary, from: from)
        case .connected(let validator):
            guard validators.validator(at: validator) != nil, validator != own else { return }
            resend(to: .one(validator))
        case .vote(let vote, let from): received(vote, from: from)
        case .certificate(let certificate, let header, let from):
            received(certificate, header: header, from: from)
        case .proposal(let vote, let header, let from):
            received(proposal: vote, header: header, from: from)
        case .built(let instance, let view, let header):
            guard instance == self.instance.id else { return }
            built(header, in: view)
        case .buildDeclined(let instance, let view):
            guard instance == self.instance.id, view == current, isBuilding else { return }
            isBuilding = false
            // The slot is lost: asking again at once would go on until the view is over.
            hasBuilt = true
        case .blockAvailable(let header): available(header)
        case .blockUnavailable(let hash, let from):
            resolver.refused(.block(hash), by: from, at: self.now)
        case .certificateUnavailable(let request, let from):
            resolver.refused(.certificate(request), by: from, at: self.now)
        case .executed(let instance, let hash, let result):
            guard instance == self.instance.id else { return }
            executed(hash, result)
        case .timeReached(let instance, let view):
            guard instance == self.instance.id, views.index(of: view) != nil else { return }
            views[view].isTimeReached = true
        case .timer(let id): fired(id)
        case .signed(let vote): signed(vote)
        case .refused(let instance, let kind, let view):
            guard instance == self.instance.id else { return }
            refused(kind, in: view)
        case .workPending(let isPending): setWorkPending(isPending)
        case .excluded(let signers): setExcluded(signers)
        case .committed(let height): committed(height)
        case .synced(let head): adopt(head)
        case .syncFailed:
            guard mode == .syncing else { return }
            mode = .active
            syncNotBefore = self.now.advanced(byMilliseconds: Timing.replyInterval)
            restartTimers()
            signAgain()
        }
    }

    /// Re-evaluates the rules until nothing more follows. Each round makes progress that cannot be
    /// undone (a view entered, certified or voted in), so it ends.
    private mutating func advance() {
        guard mode != .idle else { return }
        repeat {
            hasProgressed = false
            guard mode != .halted, mode != .finished else { break }
            certify()
            castFinalizes()
            emitFinal()
            workOnCurrentView()
        } while hasProgressed
        ask()
    }

    /// Writes down what the step recorded, lets out what is durable, and sets the timers.
    private mutating func finish() {
        if !records.isEmpty {
            out.append(.persist(records, sequence: appended))
            records.removeAll(keepingCapacity: true)
        }
        var released = 0
        for waiting in outbox {
            guard waiting.sequence <= synced else { break }
            out.append(waiting.effect)
            released += 1
        }
        outbox.removeFirst(released)
        guard mode != .idle else { return }
        checkCurrentView()
        armTimers()
    }

    // MARK: Acting

    /// Appends a record to the log; the sequence number that makes it durable.
    @discardableResult
    mutating func record(_ record: SafetyRecord) -> UInt64 {
        records.append(record)
        appended += 1
        return appended
    }

    /// Performs an effect as soon as every record up to `sequence` is durable (2.15, I3): without a
    /// number, all records so far.
    mutating func perform(_ effect: Effect, after sequence: UInt64? = nil) {
        let needed = sequence ?? appended
        precondition(needed <= appended, "I3: the records of an effect precede it")
        if needed <= synced || Mutant.isActive(.actsBeforeSync) {
            out.append(effect)
            return
        }
        let index = outbox.lastIndex { $0.sequence <= needed }.map { $0 + 1 } ?? 0
        outbox.insert((needed, effect), at: index)
    }

    /// Performs an effect that nobody else can see, now.
    mutating func performNow(_ effect: Effect) {
        out.append(effect)
    }

    // MARK: Reading

    var lastFinalView: View { lastFinal?.value.view ?? .zero }

    /// The hash that LF finalized, or the base's.
    var lastFinalHash: Digest {
        lastFinal?.value.statement.candidate?.blockHash ?? instance.base.hash
    }

    /// The view of the last told block in this instance.
    var toldView: View { emitted == instance.base ? .zero : emitted.view }

    /// Whether this node may cast votes now.
    var isVoting: Bool {
        own != nil && mode == .active && watchEnd == nil && !isVotingStopped
    }

    var validators: ValidatorSet { instance.validators }
}

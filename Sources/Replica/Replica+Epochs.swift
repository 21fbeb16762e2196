import Chain
import Codec
import Consensus
import Cryptography

// One engine lives at a time. It is finished once its boundary block is final and here; the shell
// then makes the next instance, and the old engine is dropped: the finalization of the boundary
// block is all that anybody who is still behind needs (consensus.md 2.13).
extension Replica {
    // MARK: Switching

    /// The next epoch begins.
    mutating func begin(
        _ start: EpochStart, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard start.instance.id != instance.id else { return }
        precondition(
            start.instance.epoch.value == instance.epoch.value + 1, "epochs follow one another")
        precondition(
            start.instance.base.hash == finalized.hash, "an epoch builds on the final boundary")
        for timer in TimerID.allCases {
            effects.append(.cancelTimer(.engine(timer)))
        }
        for timer in [ReplicaTimer.build, .time, .range] {
            effects.append(.cancelTimer(timer))
        }
        previous = start.previous ?? engine.finalizedHead
        previousInstance = instance
        lastVotes = engine.participation(
            upTo: View(.max), limit: Replica.lateBlocksMax + 1)
        instance = start.instance
        roster = Roster(seats: start.seats, own: start.ownIndex)
        engine = Replica.engine(for: start)
        committed = instance.base
        finalized = instance.base
        currentView = .zero
        builder = .idle
        range.finish()
        awaitedTime = nil
        blockQuestions = Questions()
        compact.removeAll()
        certificateQuestions = Questions()
        turns = MessageTurns(interval: start.timing.retryInterval)
        excluded = start.excluded
        reporter = start.reporter
        pool.beginEpoch()
        mempool.beginEpoch()
        tree.prune(through: committed.height)
        isWorkPending = false
        isWorkStale = true
        let early = peers.beginEpoch(at: now.monotonic)
        watch(at: now, into: &effects)
        if let exclusion { step(exclusion, at: now, into: &effects) }
        step(.start(start.recovery), at: now, into: &effects)
        greetPeers(at: now, into: &effects)
        for (message, peer) in early {
            receive(message, from: peer, at: now, into: &effects)
        }
    }

    static func engine(for start: EpochStart) -> Engine {
        Engine(
            Engine.Configuration(
                instance: start.instance, own: start.ownIndex, timing: start.timing))
    }

    /// Tells the engine who is here, and asks everybody where the others are: whoever starts an
    /// epoch because of a hint is behind in it as well.
    private mutating func greetPeers(at now: Moment, into effects: inout [ReplicaEffect]) {
        for key in peers.keys {
            if let seat = roster.seat(of: key) {
                step(.connected(seat), at: now, into: &effects)
            }
            ask(key, at: now, into: &effects)
        }
    }

    // MARK: Other epochs

    /// Whether a message is of the epoch at work. One that is not is answered, asked about or held;
    /// it is never its sender's fault.
    mutating func isCurrent(
        _ message: PeerMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) -> Bool {
        guard let epoch = message.epoch, !Mutant.isActive(.takesOtherEpochs) else { return true }
        if epoch > instance.epoch {
            noteLater(epoch, message, from: peer, at: now, into: &effects)
            return false
        }
        guard epoch < instance.epoch || engine.isFinished else { return true }
        answerStraggler(in: epoch, message, from: peer, at: now, into: &effects)
        return false
    }

    /// Somebody is ahead: asks how this epoch ended, and keeps what will soon be of use.
    private mutating func noteLater(
        _ epoch: Epoch, _ message: PeerMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        peers.note(epoch, of: peer.key)
        if case .certificateRequest(let request) = message {
            let nothing = CertificateResponse(request: request, certificates: [], header: nil)
            effects.append(.send(.certificateResponse(nothing), to: .peer(peer.key)))
        } else if epoch.value == instance.epoch.value + 1, message.canBeHeld {
            peers.hold(message, from: peer.key, at: now.monotonic)
        }
        // Between its boundary and the next epoch this node only waits for its own disk.
        guard !engine.isFinished else { return }
        ask(peer.key, at: now, into: &effects)
        armCatchUp(at: now, into: &effects)
    }

    private mutating func armCatchUp(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard !isCatchingUp else { return }
        isCatchingUp = true
        effects.append(
            .setTimer(
                .catchUp, now.monotonic.advanced(byMilliseconds: Timing.replyInterval)))
    }

    /// A second has passed: whoever is ahead is asked again, as long as somebody is. A question or
    /// its answer may have been lost or held back.
    mutating func catchUp(at now: Moment, into effects: inout [ReplicaEffect]) {
        isCatchingUp = false
        peers.forgetEarly(at: now.monotonic)
        let ahead = peers.above(instance.epoch)
        guard !ahead.isEmpty else { return }
        if !range.isActive, !engine.isFinished {
            for key in ahead.prefix(Replica.askedAtOnceMax) {
                ask(key, at: now, into: &effects)
            }
        }
        armCatchUp(at: now, into: &effects)
    }

    static var askedAtOnceMax: Int { 8 }

    /// Asks a peer for the highest certificate of the own epoch, at most once a second; one that is
    /// in a later epoch answers with a hint.
    mutating func ask(
        _ key: PublicKey, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard peers.mayAsk(key, at: now.monotonic) else { return }
        let request = CertificateRequest(
            epoch: instance.epoch, view: finalized.view, want: .highest)
        effects.append(.send(.certificateRequest(request), to: .peer(key)))
    }

    /// Somebody is behind: told how that epoch ended, from memory or from the disk.
    private mutating func answerStraggler(
        in epoch: Epoch, _ message: PeerMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard message.showsStraggler(knowing: boundary(of: epoch)) else { return }
        guard !Mutant.isActive(.givesNoHints) else { return }
        guard peers.mayHint(peer.key, of: epoch, at: now.monotonic) else { return }
        if let head = boundary(of: epoch) {
            let hint = EpochHint(finalization: head.certificate.value, header: head.header)
            effects.append(.send(.epochHint(hint), to: .peer(peer.key)))
        } else {
            effects.append(.serve(.boundary(epoch), to: peer.key))
        }
    }

    /// What made the last block of an epoch final, where that is in memory.
    private func boundary(of epoch: Epoch) -> FinalizedHead? {
        if epoch == instance.epoch { return engine.isFinished ? engine.finalizedHead : nil }
        guard let previous, previous.header.epoch == epoch else { return nil }
        return previous
    }

    // MARK: Hints

    mutating func receive(
        _ hint: EpochHint, from peer: Peer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        let certificate = hint.finalization
        peers.note(certificate.epoch.advanced(by: 1), of: peer.key)
        if certificate.epoch > instance.epoch {
            // Of no use before this epoch's own end is known.
            ask(peer.key, at: now, into: &effects)
            armCatchUp(at: now, into: &effects)
            return
        }
        guard certificate.epoch == instance.epoch, !engine.isFinished else { return }
        armCatchUp(at: now, into: &effects)
        guard certificate.statement.candidate?.blockHash == hint.header.hash else {
            effects.append(.penalize(peer.key, .forged))
            return
        }
        let isWanted =
            engine.wants(MessageSummary(certificate)) != .drop
            || engine.wantsHeader(of: hint.header.hash)
        guard isWanted else { return }
        effects.append(
            .verify(
                .certificates([certificate], header: hint.header), in: instance, from: peer))
    }
}

extension PeerMessage {
    /// The epoch that a message is about, where that decides who can use it.
    var epoch: Epoch? {
        switch self {
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        case .proposal(let proposal): proposal.vote.epoch
        case .certificateRequest(let request): request.epoch
        case .certificateResponse(let response): response.request.epoch
        case .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            nil
        }
    }

    /// Whether it will be of use as the next epoch begins.
    fileprivate var canBeHeld: Bool {
        switch self {
        case .vote, .certificate, .proposal: true
        case .certificateRequest, .certificateResponse, .blockRequest, .blockResponse,
            .blockTransactionsRequest, .blockTransactionsResponse, .evidence, .transactions,
            .rangeRequest, .rangeResponse, .epochHint:
            false
        }
    }

    /// Whether its sender does not know how the epoch of the message ended: an answer to an old
    /// question of ours says nothing, and neither does the very certificate that ended it.
    fileprivate func showsStraggler(knowing boundary: FinalizedHead?) -> Bool {
        switch self {
        case .vote, .proposal, .certificateRequest: true
        case .certificate(let certificate):
            certificate.kind != .finalize
                || certificate.statement.candidate?.blockHash != boundary?.header.hash
        case .certificateResponse, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            false
        }
    }
}

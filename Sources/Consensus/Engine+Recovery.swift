import Chain
import Cryptography

extension Engine {
    /// Takes up what the disk holds (2.15), and starts as if the current view had just been
    /// entered: time that passed while this node was down is no reason to give a view up.
    mutating func start(_ recovery: Recovery) {
        guard mode == .idle else { return }
        mode = .active
        appended = recovery.lastSequence
        synced = recovery.lastSequence
        if let head = recovery.floor { restoreFloor(head) }
        ownVotesUnknown = max(floor, recovery.forgotten)
        if let halt = recovery.records.first(where: \.isHalt) { restoreHalt(halt) }
        guard mode == .active else { return }
        for header in recovery.headers where header.height > emitted.height {
            blocks.insert(header, hash: header.hash, body: .stored)
        }
        for record in recovery.records { restore(record) }
        finishAtBoundary()
        guard mode == .active else { return }
        for vote in recovery.signedVotes { restore(vote) }
        let above = views.views(after: lastFinalView, through: Engine.viewMax)
        for view in above { restoreRules(of: view) }
        for signer in activity.indices { activity[signer] = current }
        let leader = leaders.leader(of: current)
        isLeaderFailed = views.read(current, \.votes)?.vote(.nullify, of: leader) != nil
        lastProgress = now
        restartTimers()
        // Nobody counts as silent yet; whoever may not lead is passed over in this view too.
        isSkipping = shouldSkip(leader)
        standstillDeadline = now.advanced(byMilliseconds: standstillDelay)
        performNow(.report(.entered(current, leader: leader)))
        // A quorum may have been here before its certificate was durable.
        for view in above { restoreTallies(of: view) }
        signAgain()
        resend()
        views.compact(below: current.lowered(by: Limits.retainedViewsMax))
    }

    /// Both certificates may lie below the floor by now; whoever stopped does not go on.
    private mutating func restoreHalt(_ record: SafetyRecord) {
        guard case .halted(let first, let second) = record else { return }
        mode = .halted
        performNow(
            .report(.safetyHalt(first.map { .restored($0) }, .restored(second))))
    }

    private mutating func restoreFloor(_ head: FinalizedHead) {
        emitted = head.header.summary
        emittedHead = head
        lastFinal = head.certificate
        floor = head.certificate.value.view
        current = floor.advanced(by: 1)
        store(head.certificate)
    }

    /// Applies one record without running the rules. Records at or below the floor are history.
    private mutating func restore(_ record: SafetyRecord) {
        let view = record.view
        guard view <= Engine.viewMax else { return }
        if case .evidence(let evidence) = record {
            // It may not have reached a block yet.
            guard view > retained else { return }
            views[view].detector.restore(evidence)
            perform(.report(.evidence(evidence)))
            return
        }
        guard view > floor else { return }
        switch record {
        case .ownVote(let view, let statement):
            guard views[view].own(statement.kind).isOpen else { return }
            if Mutant.isActive(.forgetsNullifyOnReplay), statement == .nullify { return }
            views[view].setOwn(statement.kind, .cast(statement, sequence: synced))
            raiseCurrent(view, by: statement.kind)
        case .certificate(let certificate):
            guard certificate.epoch == instance.epoch, !certificate.isPartial,
                certificate.bitmap.fits(count: validators.count)
            else { return }
            if Mutant.isActive(.forgetsCertificatesOnReplay), certificate.kind != .finalize {
                return
            }
            restore(.restored(certificate))
        case .certified(let view, _):
            views[view].certification = .agreed
            raiseCurrent(view.advanced(by: 1))
        case .builtBlock(let view, let parentView, let parent, let hash):
            views[view].built = BuiltBlock(parentView: parentView, parent: parent, hash: hash)
        case .floor(let certificate):
            restore(.restored(certificate))
        case .entered, .evidence, .halted: return
        }
    }

    private mutating func restore(_ certificate: Verified<Certificate>) {
        let value = certificate.value
        if let other = contradiction(of: value) {
            // The log ended with a safety halt, and it stays one.
            halt(other, certificate)
            return
        }
        guard views.state(value.view)?.statement(value.kind) == nil else { return }
        store(certificate)
        for vote in certificate.votes {
            _ = views[value.view].votes.add(vote, in: validators)
        }
        switch value.kind {
        case .notarize: return
        case .nullify: raiseCurrent(value.view.advanced(by: 1))
        case .finalize:
            raiseCurrent(value.view.advanced(by: 1))
            guard value.view > lastFinalView else { return }
            lastFinal = certificate
            unchecked.append(certificate)
            if unchecked.count > Limits.unfinalizedDepthMax { unchecked.removeFirst() }
        }
    }

    /// A vote of the signer's table: it was cast, whatever the log says.
    private mutating func restore(_ vote: Verified<Vote>) {
        let value = vote.value
        guard value.epoch == instance.epoch, value.signer == own, value.view > floor,
            value.view <= Engine.viewMax
        else { return }
        if Mutant.isActive(.forgetsNullifyOnReplay), value.kind == .nullify { return }
        views[value.view].setOwn(value.kind, .signed(vote))
        // P1: the own votes are in the own tally again.
        guard !Mutant.isActive(.forgetsOwnVote) else { return }
        _ = views[value.view].votes.add(vote, in: validators)
        raiseCurrent(value.view, by: value.kind)
    }

    /// This node was in a view that it notarized or nullified, and beyond one that it finalized.
    private mutating func raiseCurrent(_ view: View, by kind: VoteKind) {
        switch kind {
        case .notarize, .nullify: raiseCurrent(view)
        case .finalize: raiseCurrent(view.advanced(by: 1))
        }
    }

    private mutating func raiseCurrent(_ view: View) {
        current = max(current, view)
    }

    /// Queues what the rules say about a view after the last record.
    private mutating func restoreRules(of view: View) {
        guard let state = views.state(view) else { return }
        if let candidate = state.ownNotarize.statement?.candidate, state.slot == .none {
            views[view].slot = .verified(candidate)
        }
        guard state.notarization != nil, let candidate = state.notarized else { return }
        switch state.certification {
        case .unknown: noteNotarization(view)
        case .agreed where isStoredWithAncestors(candidate.blockHash): finalizable.append(view)
        case .agreed:
            // 2.15: a body that the disk has lost since is fetched again, as if it had never been
            // here; nothing can be built on it before.
            views[view].certification = .unknown
            noteNotarization(view)
        case .failed: return
        }
    }

    /// Whether the disk holds a block and everything between it and the last told one.
    private func isStoredWithAncestors(_ hash: Digest) -> Bool {
        var hash = hash
        var height = Height(.max)
        while hash != emitted.hash {
            guard let entry = blocks[hash], entry.body == .stored, entry.header.height < height
            else { return false }
            height = entry.header.height
            hash = entry.header.parentHash
        }
        return true
    }

    private mutating func restoreTallies(of view: View) {
        guard let tallies = views.read(view, \.votes.tallies) else { return }
        for tally in tallies where mode == .active && view > lastFinalView {
            tallied(tally.statement, in: view)
        }
    }

    /// Asks the signer again for every vote that has a record but no signature: the same content,
    /// so the same signature.
    mutating func signAgain() {
        guard let own, mode == .active, watchEnd == nil, !isVotingStopped else { return }
        for view in views.views(after: floor, through: Engine.viewMax) {
            guard let state = views.state(view) else { continue }
            for kind in VoteKind.allCases {
                guard case .cast(let statement, let sequence) = state.own(kind) else { continue }
                perform(
                    .sign(
                        VoteIntent(
                            instance: instance.id, epoch: instance.epoch, view: view,
                            signer: own, statement: statement)),
                    after: sequence)
            }
        }
    }
}

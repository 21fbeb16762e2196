import Chain
import Cryptography

extension Engine {
    // MARK: Entering (R1)

    mutating func enter(_ view: View) {
        precondition(view > current, "I8: the view only rises")
        precondition(view > lastFinalView, "I9: the view is above the last final one")
        if isBuilding { performNow(.cancelBuild(current)) }
        current = view
        hasProgressed = true
        isTimedOut = false
        isBuilding = false
        hasBuilt = false
        reproposeAt = nil
        isLeaderFailed = false
        let leader = leaders.leader(of: view)
        if let vote = views.read(view, \.votes)?.vote(.nullify, of: leader) {
            isLeaderFailed = vote.value.signer == leader
        }
        performNow(.report(.entered(view, leader: leader)))
        // In a long outage views pile up above LF: those far below keep only what they decided.
        views.compact(below: view.lowered(by: Limits.retainedViewsMax))
        restartTimers()
        isSkipping = shouldSkip(leader)
        // The retry timer starts anew with each view, and nodes that only follow have none.
        blocks.retryUnavailable()
    }

    /// What is over has been left, when a step ends.
    func checkCurrentView() {
        precondition(current > lastFinalView, "I9: the view is above the last final one")
        guard mode != .halted, let index = views.index(of: current) else { return }
        precondition(
            views.states[index].certification != .agreed && !views.states[index].isNullified,
            "I10: the view is neither certified nor nullified")
    }

    /// Starts the current view's clocks anew: at entering, and after a restart or a range sync,
    /// when the time that passed is nobody's fault.
    mutating func restartTimers() {
        enteredAt = now
        multiplier = Backoff.multiplier(
            current: current, lastFinalized: lastFinalView, timing: timing)
        if Mutant.isActive(.neverBacksOff) { multiplier = 1_000 }
        retryDeadline = now.advanced(byMilliseconds: timing.retryInterval)
        isLeaderTimerCancelled = false
        isSkipping = false
    }

    // MARK: Deadlines (2.8)

    var standstillDelay: UInt64 { 2 * timing.retryInterval + timing.idleInterval }

    mutating func setWorkPending(_ isPending: Bool) {
        if !isPending {
            busySince = nil
        } else if busySince == nil {
            busySince = now
        }
    }

    /// When `timeout` ends the current view: an idle view lasts longer by the idle interval, unless
    /// work has been waiting.
    func deadline(_ timeout: UInt64) -> Instant {
        let idle = enteredAt.advanced(
            byMilliseconds: Backoff.scaled(timeout + timing.idleExtra, by: multiplier))
        guard let busySince else { return idle }
        let busy = max(enteredAt, busySince).advanced(
            byMilliseconds: Backoff.scaled(timeout, by: multiplier))
        return min(idle, busy)
    }

    /// Whether the leader did its part: t_l has nothing to wait for any more.
    private mutating func updateLeaderTimer() {
        guard !isLeaderTimerCancelled, let state = views.state(current) else { return }
        if state.notarization != nil {
            isLeaderTimerCancelled = true
        } else if let candidate = state.slot.candidate,
            blocks[candidate.blockHash]?.body ?? .absent > .absent
        {
            isLeaderTimerCancelled = true
        }
    }

    private func wanted(_ id: TimerID) -> Instant? {
        guard mode != .halted, mode != .finished else { return nil }
        let mayNullify = isVoting && views.read(current, \.ownNullify)?.isOpen ?? true
        switch id {
        case .leader:
            return mayNullify && !isLeaderTimerCancelled && !isTimedOut
                ? deadline(timing.leaderTimeout) : nil
        case .advance:
            return mayNullify && !isTimedOut ? deadline(timing.advanceTimeout) : nil
        case .retry: return own == nil ? nil : retryDeadline
        case .standstill: return own == nil ? nil : standstillDeadline
        case .requests:
            let sync = mode == .active && syncNotBefore > now ? syncNotBefore : nil
            guard let pending = resolver.deadline else { return sync }
            return sync.map { min($0, pending) } ?? pending
        case .repropose: return mayNullify ? reproposeAt : nil
        case .watch: return watchEnd
        }
    }

    mutating func armTimers() {
        updateLeaderTimer()
        for id in TimerID.allCases {
            let wanted = wanted(id)
            guard wanted != armed[id] else { continue }
            armed[id] = wanted
            if let wanted {
                performNow(.setTimer(id, wanted))
            } else {
                performNow(.cancelTimer(id))
            }
        }
    }

    /// A timer fired. Only one whose deadline has come counts: a timer that was set anew meanwhile,
    /// or that belongs to a view that was left, is armed again by itself.
    mutating func fired(_ id: TimerID) {
        armed[id] = nil
        guard let deadline = wanted(id), deadline <= now else { return }
        switch id {
        case .leader, .advance: isTimedOut = !Mutant.isActive(.neverTimesOut)
        case .retry:
            retryDeadline = now.advanced(byMilliseconds: timing.retryInterval)
            blocks.retryUnavailable()
            if !Mutant.isActive(.neverRepeats) { resend() }
        case .standstill:
            standstillDeadline = now.advanced(byMilliseconds: timing.retryInterval)
            resendEverything()
        case .requests: return
        case .repropose: reproposeAt = nil
        case .watch: endWatch()
        }
    }

    // MARK: Listening before voting (2.15)

    /// Takes an input that says that no votes are cast.
    mutating func withhold(_ input: Input) -> Bool {
        if case .watch(let end) = input {
            guard own != nil else { return true }
            watchEnd = end
        } else if case .stopVoting = input {
            isVotingStopped = true
        } else {
            return false
        }
        // What was cast and not signed is asked for again after the watch.
        outbox.removeAll { waiting in
            if case .sign = waiting.effect { true } else { false }
        }
        return true
    }

    /// Nobody else was heard with the own key: votes begin, as after a start.
    private mutating func endWatch() {
        watchEnd = nil
        hasProgressed = true
        restartTimers()
        signAgain()
        resend()
    }

    // MARK: Retry (R8)

    /// Sends again what may have been lost: the own votes of this view, the newest own finalize
    /// votes above LF, what made this node enter the view, and the last finalization. Own votes are
    /// the same bytes each time, and enter the own tally again (P1).
    ///
    /// - Parameter recipients: everybody at a retry; one validator as its connection begins, so
    ///   that nodes that start together need not wait for the retry.
    mutating func resend(to recipients: Recipients = .all) {
        guard own != nil, mode != .syncing, watchEnd == nil else { return }
        let state = views.state(current)
        var votes = [state?.ownNotarize.signed, state?.ownNullify.signed].compactMap { $0 }
        var finalizes: [Verified<Vote>] = []
        for view in views.views(after: lastFinalView, through: current.lowered(by: 1)).reversed() {
            if let vote = views.state(view)?.ownFinalize.signed { finalizes.append(vote) }
            if finalizes.count == Engine.finalizesResent { break }
        }
        votes += finalizes.reversed()
        for vote in votes {
            if !Mutant.isActive(.forgetsOwnVote) { received(vote, from: nil) }
            if validators.count > 1 { perform(.send(.vote(vote), to: recipients)) }
        }
        guard validators.count > 1 else { return }
        let entry = entryCertificate
        if let entry { perform(.send(.certificate(entry), to: recipients)) }
        if let lastFinal, lastFinal != entry {
            perform(.send(.certificate(lastFinal), to: recipients))
        }
    }

    static var finalizesResent: Int { 8 }

    // MARK: Standstill (2.10)

    /// At most this many certificates leave in one retry interval: at 4 KB each and 5 s, 50 KB a
    /// second to each peer.
    static var standstillMessagesMax: Int { 64 }

    /// Nothing became final for long: everything that others might lack goes out, the oldest first,
    /// with a cursor that goes round so that every view has its turn. Partial certificates let
    /// votes pass between validators that cannot reach each other.
    private mutating func resendEverything() {
        guard mode != .syncing, watchEnd == nil, validators.count > 1 else { return }
        if let lastFinal { perform(.send(.certificate(lastFinal), to: .all)) }
        for view in views.views(after: current.lowered(by: 8), through: current)
        where view > lastFinalView {
            guard let state = views.state(view) else { continue }
            for vote in [state.ownNotarize, state.ownNullify, state.ownFinalize] {
                if let signed = vote.signed { perform(.send(.vote(signed), to: .all)) }
            }
        }
        // Older ones are on the disk, and given to those who ask: whoever is told of this view
        // needs no certificate of theirs but for the parent of a proposal (2.12).
        let first = max(lastFinalView, views.compactedBelow.lowered(by: 1))
        var rest = views.views(after: max(standstillCursor, first), through: current)
        if rest.isEmpty {
            rest = views.views(after: first, through: current)
        }
        var messages = 0
        for view in rest {
            guard messages < Engine.standstillMessagesMax else { return }
            messages += resendCertificates(of: view)
            standstillCursor = view
        }
        standstillCursor = lastFinalView
    }

    private mutating func resendCertificates(of view: View) -> Int {
        guard let state = views.state(view) else { return 0 }
        var certificates = [state.notarization, state.nullification].compactMap { $0 }
        for kind in VoteKind.allCases
        where state.certificate(kind) == nil && !Mutant.isActive(.keepsPartials) {
            guard let tally = state.votes.strongest(kind),
                let partial = state.votes.partialCertificate(
                    for: tally.statement, in: validators)
            else { continue }
            certificates.append(partial)
        }
        for certificate in certificates {
            perform(.send(.certificate(certificate), to: .all))
        }
        return certificates.count
    }
}

import Chain
import Cryptography

/// What the parent rule says about a proposal (2.5).
enum ParentCheck: Hashable, Sendable {
    /// `isReproposal`: the boundary block again, which is neither checked nor executed again.
    case acceptable(isReproposal: Bool)
    case missing([Need])
    /// Something that is held is not executed yet.
    case waiting
    case invalid
}

extension Engine {
    // MARK: The current view (R2, R3, R4, R7)

    mutating func workOnCurrentView() {
        leaderNeed = nil
        guard isVoting, let own else { return }
        let view = current
        let state = views.state(view) ?? ViewState(view: view)
        guard !state.ownNullify.isCast else { return }
        if isTimedOut || isLeaderFailed {
            // R7
            nullify(because: isTimedOut ? .timedOut : .failed)
            return
        }
        let isLeader = leaders.leader(of: view) == own
        switch state.slot {
        case .equivocated, .implausible:
            // R3: two proposals are none.
            if !state.ownNotarize.isCast {
                nullify(because: .failed)
                return
            }
        case .none:
            if isLeader, state.ownNotarize.isOpen { propose(state) }
        case .unverified(let candidate):
            if state.ownNotarize.isOpen { consider(candidate, state, isOwn: isLeader) }
        case .verified:
            break
        }
        // 2.9: what was buffered has been looked at.
        if isSkipping, view == current, views.read(view, \.slot)?.candidate == nil {
            nullify(because: .skipped)
        }
    }

    /// R3, R4: notarize what the leader proposed once all of it is checked.
    private mutating func consider(_ candidate: Candidate, _ state: ViewState, isOwn: Bool) {
        if let notarized = state.notarized, notarized != candidate { return }
        switch parentCheck(candidate, in: state.view) {
        case .missing, .waiting: return
        case .invalid: reject(state.view)
        case .acceptable(let isReproposal):
            if isReproposal {
                notarize(candidate, in: state.view)
                return
            }
            checkTime(of: candidate, state)
            switch execution(of: candidate.blockHash) {
            case .waiting, .missing, .detached: return
            case .invalid: reject(state.view)
            case .valid:
                guard isStored(candidate.blockHash), state.isTimeReached else { return }
                notarize(candidate, in: state.view)
            }
        }
    }

    private mutating func checkTime(of candidate: Candidate, _ state: ViewState) {
        guard !state.isTimeAsked, let header = blocks[candidate.blockHash]?.header else { return }
        views[state.view].isTimeAsked = true
        performNow(.awaitTime(view: state.view, timestamp: header.timestamp))
    }

    private mutating func reject(_ view: View) {
        performNow(.report(.invalidProposal(view, leader: leaders.leader(of: view))))
        nullify(because: .failed)
    }

    /// `parentOK(v, p, h)` of 2.5.
    mutating func parentCheck(_ candidate: Candidate, in view: View) -> ParentCheck {
        let parentView = candidate.parentView
        guard parentView < view, parentView >= lastFinalView else { return .invalid }
        let preferred = views.state(view)?.source.map { [$0] } ?? []
        var missing: [Need] = []
        var parentHash: Digest?
        if parentView == .zero {
            parentHash = instance.base.hash
        } else if parentView == lastFinalView {
            parentHash = lastFinalHash
        } else if let parent = views.state(parentView), let payload = parent.notarized {
            parentHash = payload.blockHash
            if parent.certification != .agreed { return .waiting }
        } else {
            missing.append(need(.notarization, of: parentView, preferred))
        }
        var between = view.lowered(by: 1)
        while between > parentView {
            if !(views.state(between)?.isNullified ?? false),
                !Mutant.isActive(.ignoresNullifications)
            {
                missing.append(need(.nullification, of: between, preferred))
            }
            guard missing.count < Resolver.pendingMax else { break }
            between = between.lowered(by: 1)
        }
        if let verdict = headerCheck(candidate, in: view, parentHash: parentHash) {
            return verdict
        }
        if !missing.isEmpty { return .missing(missing) }
        guard let parentHash, let parent = summary(of: parentHash) else { return .waiting }
        if candidate.blockHash == parentHash {
            // A certified parent is stored and executed; one that is final already, and not told
            // yet, ends the instance as soon as it is.
            guard isStored(parentHash), parentView > lastFinalView else { return .waiting }
            return .acceptable(isReproposal: true)
        }
        guard let header = blocks[candidate.blockHash]?.header else { return .waiting }
        guard header.parentHash == parentHash, header.height.value == parent.height.value + 1,
            header.timestamp > parent.timestamp, header.height <= instance.boundary
        else { return .invalid }
        return .acceptable(isReproposal: false)
    }

    /// What the block's own header already says; nil while it raises no objection. Without it the
    /// block must be fetched.
    private mutating func headerCheck(
        _ candidate: Candidate, in view: View, parentHash: Digest?
    ) -> ParentCheck? {
        if candidate.blockHash == parentHash {
            // A re-proposal: only of the boundary block, and never of the epoch's base.
            guard candidate.parentView > .zero else { return .invalid }
            guard let parent = summary(of: candidate.blockHash) else { return nil }
            return parent.height == instance.boundary ? nil : .invalid
        }
        guard let entry = blocks[candidate.blockHash] else {
            let preferred = views.state(view)?.source.map { [$0] } ?? []
            return .missing([
                Need(
                    subject: .block(candidate.blockHash), preferred: preferred,
                    mayBeUnderWay: true)
            ])
        }
        let header = entry.header
        let isReproposal = header.height == instance.boundary && header.view < view
        guard header.epoch == instance.epoch, header.setHash == validators.hash else {
            return .invalid
        }
        if isReproposal { return parentHash == nil ? nil : .invalid }
        guard header.view == view, header.parentView == candidate.parentView,
            header.proposer == leaders.leader(of: view)
        else { return .invalid }
        return nil
    }

    private func need(
        _ want: CertificateRequest.Want, of view: View, _ preferred: [UInt16]
    ) -> Need {
        let request = CertificateRequest(epoch: instance.epoch, view: view, want: want)
        return Need(subject: .certificate(request), preferred: preferred)
    }

    // MARK: Proposing (R2)

    private mutating func propose(_ state: ViewState) {
        guard !isBuilding, !hasBuilt else { return }
        guard let (parentView, parent) = chooseParent() else { return }
        if let built = state.built {
            resume(built, parentView: parentView, parent: parent)
            return
        }
        switch execution(of: parent.hash) {
        case .waiting, .missing, .detached, .invalid: return
        case .valid: break
        }
        if parent.height >= instance.boundary, !Mutant.isActive(.buildsAboveBoundary) {
            // 2.13: heights beyond the boundary are not built here.
            guard parentView > lastFinalView else { return }
            let due = enteredAt.advanced(byMilliseconds: timing.blockInterval)
            guard due <= now else {
                reproposeAt = due
                return
            }
            hasBuilt = true
            let hash = Mutant.isActive(.reproposesOther) ? instance.id : parent.hash
            notarize(Candidate(parentView: parentView, blockHash: hash), in: state.view)
            return
        }
        isBuilding = true
        performNow(.build(buildRequest(parentView: parentView, parent: parent)))
    }

    /// A block that this node built for this view before it was restarted (T8): the very same
    /// parent, or nothing.
    private mutating func resume(_ built: BuiltBlock, parentView: View, parent: BlockSummary) {
        hasBuilt = true
        guard built.parentView == parentView, built.parent == parent.hash,
            blocks[built.hash]?.body == .stored
        else {
            nullify(because: .failed)
            return
        }
        views[current].slot = .unverified(
            Candidate(parentView: parentView, blockHash: built.hash))
        hasProgressed = true
    }

    /// The leader's own choice: the highest certified view with nullifications of all views above;
    /// nil, and `leaderNeed`, while a view in between is open.
    private mutating func chooseParent() -> (View, BlockSummary)? {
        var view = current.lowered(by: 1)
        while view > lastFinalView {
            let state = views.state(view)
            if state?.certification == .agreed, let hash = state?.notarized?.blockHash {
                return summary(of: hash).map { (view, $0) }
            }
            if Mutant.isActive(.buildsOnUnnotarized),
                let hash = state?.ownNotarize.statement?.candidate?.blockHash
            {
                return summary(of: hash).map { (view, $0) }
            }
            guard state?.isNullified ?? false || Mutant.isActive(.ignoresNullifications) else {
                // While a notarization is being certified, only a nullification is missing.
                let isNotarized = state?.statement(.notarize) != nil
                leaderNeed = need(isNotarized ? .nullification : .any, of: view, [])
                return nil
            }
            view = view.lowered(by: 1)
        }
        return summary(of: lastFinalHash).map { (lastFinalView, $0) }
    }

    private func buildRequest(parentView: View, parent: BlockSummary) -> BuildRequest {
        var isNeverIdle = false
        var hash = parent.hash
        while hash != emitted.hash, let header = blocks[hash]?.header {
            if header.transactionsRoot != .zero || header.evidenceRoot != .zero {
                isNeverIdle = true
                break
            }
            hash = header.parentHash
        }
        let depth = parent.height.lowered(by: emitted.height.value).value
        return BuildRequest(
            instance: instance.id, view: current, parentView: parentView, parent: parent,
            blockIntervalMilliseconds: timing.blockInterval,
            idleIntervalMilliseconds: timing.idleInterval,
            notBefore: enteredAt.advanced(byMilliseconds: timing.blockInterval),
            notBeforeIdle: enteredAt.advanced(
                byMilliseconds: timing.blockInterval + timing.idleExtra),
            isNeverIdle: isNeverIdle, mustBeEmpty: depth >= UInt64(Limits.unfinalizedDepthMax))
    }

    /// The own block is executed and stored: R2 goes on as R4.
    mutating func built(_ header: Header, in view: View) {
        guard view == current, isBuilding else { return }
        isBuilding = false
        guard isVoting, let own, leaders.leader(of: view) == own else { return }
        let state = views[view]
        guard !state.ownNullify.isCast, state.ownNotarize.isOpen, state.slot == .none else {
            return
        }
        hasBuilt = true
        let hash = header.hash
        let candidate = Candidate(parentView: header.parentView, blockHash: hash)
        blocks.insert(header, hash: hash, body: .stored)
        blocks.setExecution(hash, .valid)
        let isAcceptable = parentCheck(candidate, in: view) == .acceptable(isReproposal: false)
        guard
            isAcceptable || Mutant.isActive(.buildsOnUnnotarized)
                || Mutant.isActive(.buildsAboveBoundary)
        else { return }
        record(
            .builtBlock(
                view, parentView: header.parentView, parent: header.parentHash, hash: hash))
        notarize(candidate, in: view)
    }

    /// The certificates that make the parent acceptable, the newest first, as many as fit.
    private func justification(for candidate: Candidate, in view: View)
        -> [Verified<Certificate>]
    {
        var certificates: [Verified<Certificate>] = []
        var size = 0
        let parent = candidate.parentView
        var between = view.lowered(by: 1)
        if parent > .zero,
            let held = views.state(parent)?.notarization ?? views.state(parent)?.finalization
        {
            certificates.append(held)
            size += Engine.sizeBound(held.value)
        }
        while between > parent {
            if let held = views.state(between)?.nullification {
                size += Engine.sizeBound(held.value)
                guard size <= Limits.justificationBytesMax,
                    certificates.count < BlockProposal.certificatesMax
                else { break }
                certificates.append(held)
            }
            between = between.lowered(by: 1)
        }
        return certificates
    }

    /// At least the encoded size.
    static func sizeBound(_ certificate: Certificate) -> Int {
        64 + certificate.bitmap.bytes.count + 64 * certificate.signatures.count
    }

    // MARK: Receiving a proposal (R3)

    mutating func received(
        proposal vote: Verified<Vote>, header: Header?, from sender: UInt16
    ) {
        let view = vote.value.view
        guard vote.value.epoch == instance.epoch, vote.value.kind == .notarize,
            let candidate = vote.value.statement.candidate, view > lastFinalView,
            view <= current.advanced(by: Limits.futureViewsMax),
            vote.value.signer == leaders.leader(of: view)
        else { return }
        if let header, header.hash != candidate.blockHash { return }
        if views[view].source == nil { views[view].source = sender }
        received(vote, from: sender)
        guard let header, let state = views.state(view), mode != .halted else { return }
        let isNamed = state.slot.candidate == candidate || state.notarized == candidate
        guard isNamed, view >= current || state.notarized == candidate else { return }
        guard header.height > emitted.height else { return }
        guard (blocks[candidate.blockHash]?.body ?? .absent) == .absent else { return }
        guard header.view == view, header.parentView == candidate.parentView,
            header.proposer == vote.value.signer, isPlausible(header)
        else {
            refuse(header, of: candidate, in: view)
            return
        }
        blocks.insert(header, hash: candidate.blockHash, body: .held)
        performNow(.storeBlock(candidate.blockHash))
    }

    /// What the leader shows cannot be a block: nothing is stored, and the view is given up. The
    /// header stays, for the case that a quorum thinks otherwise (R6').
    private mutating func refuse(_ header: Header, of candidate: Candidate, in view: View) {
        if header.view == view {
            blocks.insert(header, hash: candidate.blockHash, body: .absent)
        }
        guard views.state(view)?.slot == .unverified(candidate) else { return }
        views[view].slot = .implausible
        hasProgressed = true
        performNow(.report(.invalidProposal(view, leader: leaders.leader(of: view))))
    }

    /// Whether a block can be one of this instance: what must hold before its bytes take room on
    /// the disk, where they stay until their height is final.
    public func isPlausible(_ header: Header) -> Bool {
        guard !Mutant.isActive(.storesAnything) else { return true }
        guard header.epoch == instance.epoch, header.setHash == validators.hash,
            header.parentView < header.view, header.height > instance.base.height,
            header.height <= instance.boundary
        else { return false }
        // The other block of a fork; the next final block deletes it.
        guard header.height > emitted.height else { return true }
        let horizon = max(
            current.advanced(by: Limits.futureViewsMax), views.last ?? .zero)
        guard header.view > toldView, header.view <= horizon else { return false }
        // A view adds one block at most.
        return header.height.value - emitted.height.value <= header.view.value - toldView.value
    }

    // MARK: Casting (2.7, 2.15)

    private mutating func notarize(_ candidate: Candidate, in view: View) {
        views[view].slot = .verified(candidate)
        cast(.notarize(candidate), in: view)
    }

    /// R7: gives the current view up.
    private mutating func nullify(because reason: GiveUp) {
        let view = current
        guard views[view].ownNullify.isOpen else { return }
        if isBuilding {
            isBuilding = false
            performNow(.cancelBuild(view))
        }
        performNow(.report(.gaveUp(view, leader: leaders.leader(of: view), reason)))
        cast(.nullify, in: view)
    }

    /// Records a vote, and has it signed once the record is durable.
    mutating func cast(_ statement: Statement, in view: View) {
        guard let own, isVoting else { return }
        let state = views[view]
        precondition(state.own(statement.kind).isOpen, "I1, I2: one vote of a kind in a view")
        switch statement {
        case .notarize(let candidate):
            precondition(view == current, "notarize is for the current view")
            precondition(!state.ownNullify.isCast, "notarize follows no nullify")
            precondition(!state.ownFinalize.isCast, "notarize follows no finalize")
            precondition(isStored(candidate.blockHash), "I6: the block is durable")
        case .nullify:
            precondition(view == current, "nullify is for the current view")
            precondition(!state.ownFinalize.isCast, "I4: finalize excludes nullify")
        case .finalize(let candidate):
            precondition(
                !state.ownNullify.isCast || Mutant.isActive(.finalizesAfterNullify),
                "I4: nullify excludes finalize")
            precondition(state.certification == .agreed, "finalize follows certify")
            precondition(state.notarized == candidate, "finalize is for what is notarized")
            if let mine = state.ownNotarize.statement {
                precondition(
                    mine.candidate == candidate || Mutant.isActive(.finalizesOther),
                    "I5: finalize what was notarized")
            }
        }
        let sequence = record(.ownVote(view, statement))
        views[view].setOwn(statement.kind, .cast(statement, sequence: sequence))
        hasProgressed = true
        let intent = VoteIntent(
            instance: instance.id, epoch: instance.epoch, view: view, signer: own,
            statement: statement)
        perform(.sign(intent), after: sequence)
    }

    /// The signature of a cast vote is here: it enters the own tally and is sent.
    mutating func signed(_ vote: Verified<Vote>) {
        let value = vote.value
        guard value.epoch == instance.epoch, value.signer == own,
            views.index(of: value.view) != nil
        else { return }
        guard case .cast(let statement, let sequence) = views[value.view].own(value.kind),
            statement == value.statement
        else { return }
        precondition(sequence <= synced, "I3: a vote is signed after its record is durable")
        views[value.view].setOwn(value.kind, .signed(vote))
        if let candidate = statement.candidate, value.kind == .notarize,
            leaders.leader(of: value.view) == own
        {
            let header = blocks[candidate.blockHash]?.header
            let isReproposal = header.map { $0.view != value.view } ?? true
            perform(
                .propose(
                    vote, header: isReproposal ? nil : header,
                    justification: justification(for: candidate, in: value.view)),
                after: sequence)
        } else if validators.count > 1 {
            perform(.send(.vote(vote), to: .all), after: sequence)
        }
        if !Mutant.isActive(.forgetsOwnVote) { received(vote, from: nil) }
    }

    mutating func refused(_ kind: VoteKind, in view: View) {
        guard views.index(of: view) != nil, case .cast = views[view].own(kind) else { return }
        views[view].setOwn(kind, .refused)
        performNow(.report(.voteRefused(kind, view)))
    }
}

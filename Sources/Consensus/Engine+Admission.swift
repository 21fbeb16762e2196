import Chain
import Cryptography

extension Engine {
    // MARK: Before any signature check (2.11)

    /// What a frame shows by itself: who is alive, who is behind, and whether this node is.
    mutating func heard(_ summary: MessageSummary, from sender: UInt16) {
        guard Int(sender) < validators.count, sender != own else { return }
        activity[Int(sender)] = max(activity[Int(sender)], current)
        guard summary.epoch == instance.epoch else { return }
        switch summary.kind {
        case .vote(let kind):
            guard summary.signer == sender else { return }
            votedView[Int(sender)] = max(votedView[Int(sender)], summary.view)
            if kind != .finalize, summary.view < current {
                answerStaleVote(in: summary.view, of: sender)
            }
        case .proposal:
            guard summary.signer == sender else { return }
            votedView[Int(sender)] = max(votedView[Int(sender)], summary.view)
        case .certificate, .other:
            return
        }
    }

    /// R11: whoever votes in a view that this node has left gets what ended it.
    private mutating func answerStaleVote(in view: View, of sender: UInt16) {
        if let last = answeredAt[Int(sender)] {
            guard last.advanced(byMilliseconds: Timing.replyInterval) <= now else { return }
        }
        guard !Mutant.isActive(.ignoresStragglers) else { return }
        let answer: Verified<Certificate>?
        if view <= lastFinalView {
            answer = lastFinal
        } else if let held = views.state(view)?.bestCertificate {
            answer = held
        } else {
            answer = entryCertificate
        }
        guard let answer else { return }
        answeredAt[Int(sender)] = now
        perform(.send(.certificate(answer), to: .one(sender)))
    }

    /// What made this node enter the current view.
    var entryCertificate: Verified<Certificate>? {
        let previous = current.lowered(by: 1)
        guard previous > .zero else { return nil }
        if let held = views.state(previous)?.bestCertificate { return held }
        return lastFinal?.value.view == previous ? lastFinal : nil
    }

    /// R12: signers that no all-faulty group can be vote far ahead of this view. They are asked for
    /// the highest certificate; votes alone never make this node enter a view.
    var lagNeed: Need? {
        let horizon = current.advanced(by: Limits.futureViewsMax)
        var power: UInt64 = 0
        var ahead: [UInt16] = []
        for (index, validator) in validators.validators.enumerated()
        where votedView[index] > horizon {
            power += validator.power
            ahead.append(UInt16(index))
        }
        guard !ahead.isEmpty, validators.hasOneHonest(power) else { return nil }
        let request = CertificateRequest(epoch: instance.epoch, view: current, want: .highest)
        return Need(subject: .certificate(request), preferred: ahead)
    }

    /// Below this view nothing is kept.
    var retained: View { lastFinalView.lowered(by: Limits.retainedViewsMax) }

    /// Whether a message is worth checking its signatures. Pure; `heard` comes first.
    public func wants(_ summary: MessageSummary) -> Admission {
        guard mode != .idle, mode != .halted, mode != .finished else { return .drop }
        switch summary.kind {
        case .other: return .verify
        case .vote(let kind):
            guard let signer = summary.signer else { return .drop }
            guard let statement = Statement(kind: kind, candidate: summary.candidate) else {
                return .drop
            }
            return wantsVote(statement, epoch: summary.epoch, view: summary.view, signer: signer)
        case .proposal: return wantsProposal(summary)
        case .certificate(let kind, let isPartial):
            guard summary.epoch == instance.epoch || Mutant.isActive(.takesOtherEpochs) else {
                return .drop
            }
            guard let statement = Statement(kind: kind, candidate: summary.candidate) else {
                return .drop
            }
            return isPartial
                ? wantsPartial(statement, view: summary.view)
                : wantsCertificate(statement, view: summary.view)
        }
    }

    private func wantsVote(
        _ statement: Statement, epoch: Epoch, view: View, signer: UInt16
    ) -> Admission {
        guard epoch == instance.epoch, Int(signer) < validators.count else { return .drop }
        guard view > retained, view <= current.advanced(by: Limits.futureViewsMax) else {
            return .drop
        }
        guard view.advanced(by: Limits.retainedViewsMax) > current else { return .drop }
        guard let votes = views.read(view, \.votes) else {
            return view > lastFinalView ? .verify : .evidenceOnly
        }
        guard let known = votes.vote(statement.kind, of: signer) else {
            return view > lastFinalView ? .verify : .evidenceOnly
        }
        if known.value.statement == statement { return .drop }
        return votes.contradiction(statement.kind, of: signer) == nil ? .evidenceOnly : .drop
    }

    private func wantsProposal(_ summary: MessageSummary) -> Admission {
        guard summary.epoch == instance.epoch, let candidate = summary.candidate else {
            return .drop
        }
        let view = summary.view
        guard view > lastFinalView, view <= current.advanced(by: Limits.futureViewsMax) else {
            return .drop
        }
        var schedule = leaders
        guard summary.signer == schedule.leader(of: view) else { return .drop }
        let state = views.state(view)
        if let body = blocks[candidate.blockHash]?.body, body > .absent,
            state?.slot.candidate == candidate
        {
            return .drop
        }
        if view < current {
            // Only what a quorum named is still of use.
            return state?.notarized == candidate ? .verify : .drop
        }
        switch state?.slot ?? .none {
        case .none: return .verify
        case .unverified(let known), .verified(let known):
            return known == candidate ? .verify : .evidenceOnly
        case .equivocated, .implausible:
            return state?.notarized == candidate ? .verify : .drop
        }
    }

    private func wantsPartial(_ statement: Statement, view: View) -> Admission {
        guard view > lastFinalView, view <= current.advanced(by: Limits.futureViewsMax) else {
            return .drop
        }
        guard view >= views.compactedBelow else { return .drop }
        return views.state(view)?.certificate(statement.kind) == nil ? .verify : .drop
    }

    /// The part of a partial certificate whose signatures are worth a check: of signers whose vote
    /// of this kind is not here, or is another one that nothing contradicts yet (2.10). A signer
    /// can make any number of good signatures under one vote, so that those of known votes are not
    /// even looked at. nil if nothing of it is new; one that is not of this set is left to its
    /// check.
    public func lacking(_ certificate: Certificate) -> Certificate? {
        guard certificate.bitmap.fits(count: validators.count),
            let votes = views.read(certificate.view, \.votes)
        else { return certificate }
        return certificate.part { signer in
            guard let known = votes.vote(certificate.kind, of: signer) else { return true }
            return known.value.statement != certificate.statement
                && votes.contradiction(certificate.kind, of: signer) == nil
        }
    }

    private func wantsCertificate(_ statement: Statement, view: View) -> Admission {
        guard view > retained, view <= Engine.viewMax else { return .drop }
        let state = views.state(view)
        if let held = state?.statement(statement.kind) {
            // Another payload in the same view would be a violation of safety: always looked at.
            return held == statement ? .drop : .verify
        }
        guard view <= lastFinalView else { return .verify }
        switch statement {
        case .nullify: return state?.finalization != nil ? .verify : .drop
        case .finalize where state?.nullification != nil: return .verify
        case .notarize(let candidate), .finalize(let candidate):
            guard let notarized = state?.notarized else { return .drop }
            return notarized == candidate ? .drop : .verify
        }
    }

    /// Beyond this no view is ever reached: 2^62 of them.
    static var viewMax: View { View(1 << 62) }

    /// Whether a block's body is of use: named by a proposal or certificate, and not stored. Asked
    /// before a pushed or answered block is decoded.
    public func wantsBlock(_ hash: Digest, view: View) -> Bool {
        guard mode != .finished else { return false }
        if let entry = blocks[hash] { return entry.body < .stored }
        if resolver.isPending(.block(hash)) { return true }
        let state = views.state(view)
        return state?.notarized?.blockHash == hash || state?.slot.candidate?.blockHash == hash
    }

    // MARK: Who may lead (2.9)

    mutating func setExcluded(_ signers: [UInt16]) {
        excluded = [Bool](repeating: false, count: validators.count)
        for signer in signers where Int(signer) < validators.count {
            excluded[Int(signer)] = true
        }
    }

    /// Whether the leader of the current view is passed over at once: it is silent or excluded, and
    /// those who are neither are a quorum. A node that is itself cut off skips nobody.
    func shouldSkip(_ leader: UInt16) -> Bool {
        guard leader != own, !Mutant.isActive(.neverSkips) else { return false }
        let hasProposal = views.read(current, \.slot)?.candidate != nil
        guard excluded[Int(leader)] || (isSilent(leader) && !hasProposal) else { return false }
        var power: UInt64 = 0
        for (index, validator) in validators.validators.enumerated()
        where !excluded[index] && !isSilent(UInt16(index)) {
            power += validator.power
        }
        return validators.isQuorum(power) || Mutant.isActive(.skipsWithoutQuorum)
    }

    private func isSilent(_ signer: UInt16) -> Bool {
        signer != own && activity[Int(signer)].advanced(by: timing.skipWindow) <= current
    }
}

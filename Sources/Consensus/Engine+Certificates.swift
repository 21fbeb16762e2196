import Chain
import Cryptography

extension Engine {
    // MARK: Votes (R13, 2.5)

    mutating func received(_ vote: Verified<Vote>, from sender: UInt16?) {
        guard vote.value.epoch == instance.epoch else { return }
        guard vote.value.view > .zero, vote.value.view > retained else { return }
        guard vote.value.view <= current.advanced(by: Limits.futureViewsMax) else { return }
        absorb(vote, from: sender)
    }

    /// Takes a verified vote: alone, from a proposal, a certificate, or this node's own.
    private mutating func absorb(_ vote: Verified<Vote>, from sender: UInt16?) {
        let view = vote.value.view
        let statement = vote.value.statement
        guard Int(vote.value.signer) < validators.count, view >= views.compactedBelow else {
            return
        }
        let conflict = conflict(of: vote)
        let outcome = views[view].votes.add(vote, in: validators)
        if let conflict { report(conflict) }
        // A vote for a final view is kept for evidence and participation, and tallied no more.
        guard view > lastFinalView else { return }
        if vote.value.signer == leaders.leader(of: view) {
            noteLeaderVote(statement, in: view, from: sender)
        }
        switch outcome {
        case .counted:
            show(vote, from: sender)
            tallied(statement, in: view)
        case .known, .contradicting, .ignored: return
        }
    }

    /// A leader that shows two blocks to two halves is found out only by who sees its votes for
    /// both, and where neither half is a quorum no certificate ever has them. So whoever votes for
    /// another block than the one that this node has the leader's vote for is shown that vote (as a
    /// partial certificate, S27): once, since only the first vote of a signer counts.
    private mutating func show(_ vote: Verified<Vote>, from sender: UInt16?) {
        let view = vote.value.view
        let leader = leaders.leader(of: view)
        guard let sender, vote.value.kind == .notarize,
            let shown = views.read(view, \.votes)?.vote(.notarize, of: leader)
        else { return }
        if vote.value.signer != leader {
            guard sender == vote.value.signer else { return }
            show(shown, unlike: vote)
        } else {
            for signer in 0..<UInt16(validators.count) where signer != leader {
                guard let other = views.read(view, \.votes)?.vote(.notarize, of: signer) else {
                    continue
                }
                show(shown, unlike: other)
            }
        }
    }

    private mutating func show(_ shown: Verified<Vote>, unlike other: Verified<Vote>) {
        guard other.value.signer != own, shown.value.statement != other.value.statement else {
            return
        }
        let certificate = Verified<Certificate>(
            assembling: [shown], validatorCount: validators.count, isPartial: true)
        perform(.send(.certificate(certificate), to: .one(other.value.signer)))
    }

    private mutating func conflict(of vote: Verified<Vote>) -> Evidence? {
        guard let votes = views.read(vote.value.view, \.votes),
            !Mutant.isActive(.overlooksEvidence)
        else { return nil }
        return views[vote.value.view].detector.conflict(of: vote, with: votes)
    }

    private mutating func report(_ evidence: Evidence) {
        record(.evidence(evidence))
        perform(.report(.evidence(evidence)))
    }

    /// A vote of the view's leader: its notarize vote is its proposal (R3), its nullify vote says
    /// that nothing will come (R7).
    private mutating func noteLeaderVote(
        _ statement: Statement, in view: View, from sender: UInt16?
    ) {
        switch statement {
        case .finalize: return
        case .nullify:
            if view == current { isLeaderFailed = true }
        case .notarize(let candidate):
            if views[view].source == nil { views[view].source = sender }
            switch views[view].slot {
            case .none:
                views[view].slot = .unverified(candidate)
            case .unverified(let known), .verified(let known):
                guard known != candidate else { return }
                views[view].slot = .equivocated
                guard Mutant.isActive(.notarizesTwice) else { return }
                views[view].slot = .unverified(candidate)
                views[view].setOwn(.notarize, .none)
            case .equivocated, .implausible: return
            }
        }
    }

    mutating func tallied(_ statement: Statement, in view: View) {
        guard let state = views.state(view), state.statement(statement.kind) == nil else {
            return
        }
        guard let formed = state.votes.certificate(for: statement, in: validators) else { return }
        accept(formed)
    }

    // MARK: Certificates

    mutating func received(
        _ certificate: Verified<Certificate>, header: Header?, from sender: UInt16?
    ) {
        let value = certificate.value
        guard value.epoch == instance.epoch, value.view > .zero, value.view <= Engine.viewMax,
            value.bitmap.fits(count: validators.count)
        else { return }
        if value.isPartial {
            // Standstill (2.10): votes that could not come by themselves.
            guard value.view > lastFinalView,
                value.view <= current.advanced(by: Limits.futureViewsMax)
            else { return }
            for vote in certificate.votes { absorb(vote, from: sender) }
            return
        }
        accept(certificate)
        if let header, let candidate = value.statement.candidate, mode != .halted {
            let hash = header.hash
            if hash == candidate.blockHash, header.height > emitted.height,
                value.view >= lastFinalView
            {
                blocks.insert(header, hash: hash, body: .absent)
            }
        }
    }

    /// Stores a full certificate, tells it to others once, and follows it.
    private mutating func accept(_ certificate: Verified<Certificate>) {
        let value = certificate.value
        let view = value.view
        if let contradiction = contradiction(of: value) {
            record(.certificate(value))
            halt(contradiction, certificate)
            return
        }
        guard view > lastFinalView, views.state(view)?.statement(value.kind) == nil else {
            return
        }
        store(certificate)
        record(.certificate(value))
        gossip(certificate)
        for vote in certificate.votes { absorb(vote, from: nil) }
        defer { views.compact(view) }
        switch value.statement {
        case .notarize: noteNotarization(view)
        case .nullify:
            // R9
            leave(view)
        case .finalize:
            // R10
            noteFinalization(certificate)
            leave(view)
        }
    }

    mutating func store(_ certificate: Verified<Certificate>) {
        let view = certificate.value.view
        switch certificate.value.kind {
        case .notarize: views[view].notarization = certificate
        case .nullify: views[view].nullification = certificate
        case .finalize: views[view].finalization = certificate
        }
    }

    /// A certificate of the same view that cannot stand beside this one while less than a third is
    /// faulty (I11, I12, and 2.16 line 3).
    func contradiction(of certificate: Certificate) -> Contradiction? {
        guard let state = views.state(certificate.view),
            !Mutant.isActive(.ignoresContradictions)
        else { return nil }
        let kinds: [VoteKind] =
            switch certificate.kind {
            case .nullify: [.finalize]
            case .notarize: [.notarize, .finalize]
            case .finalize: [.notarize, .finalize, .nullify]
            }
        for kind in kinds {
            guard let said = state.statement(kind) else { continue }
            // With a nullification on either side no candidates are equal.
            guard said.candidate != certificate.statement.candidate else { continue }
            return state.certificate(kind).map { .held($0) } ?? .onDisk
        }
        return nil
    }

    /// What cannot stand beside a certificate.
    enum Contradiction {
        case held(Verified<Certificate>)
        /// It is in the log.
        case onDisk
    }

    mutating func halt(_ first: Contradiction, _ second: Verified<Certificate>) {
        switch first {
        case .held(let first): halt(first, second)
        case .onDisk: halt(nil, second)
        }
    }

    /// R10, I11, I12: both certificates are in the log, and with them that nothing is done anymore,
    /// not even after a new start. The last thing that leaves this node is the two certificates, so
    /// that everybody learns of the fork. The first one is nil where it is in the log alone.
    mutating func halt(_ first: Verified<Certificate>?, _ second: Verified<Certificate>) {
        guard mode != .halted else { return }
        mode = .halted
        outbox.removeAll()
        record(.halted(first?.value, second.value))
        for certificate in [first, second].compactMap(\.self) {
            perform(.send(.certificate(certificate), to: .all))
        }
        perform(.report(.safetyHalt(first, second)))
    }

    /// Sends a new certificate on, once (2.10): to all of a small set, or to eight and the next
    /// leaders.
    private mutating func gossip(_ certificate: Verified<Certificate>) {
        // The only validator of its set has nobody to tell but followers, of what is final.
        guard validators.count > 1 || certificate.value.kind == .finalize else { return }
        guard !Mutant.isActive(.keepsCertificates) else { return }
        guard validators.count > 20 else {
            perform(.send(.certificate(certificate), to: .all))
            return
        }
        var recipients = order.next(8)
        for distance in 1...2 as ClosedRange<UInt64> {
            let leader = leaders.leader(of: certificate.value.view.advanced(by: distance))
            if leader != own, !recipients.contains(leader) { recipients.append(leader) }
        }
        perform(.send(.certificate(certificate), to: .some(recipients)))
    }

    /// R5: a notarization awaits execution; far ahead, only the highest sixteen do.
    mutating func noteNotarization(_ view: View) {
        guard views.state(view)?.certification == .unknown, !uncertified.contains(view) else {
            return
        }
        let position = uncertified.firstIndex { $0 > view } ?? uncertified.count
        uncertified.insert(view, at: position)
        let horizon = current.advanced(by: Limits.futureViewsMax)
        let far = uncertified.filter { $0 > horizon }
        if far.count > Engine.farNotarizationsMax, let lowest = far.first {
            uncertified.removeAll { $0 == lowest }
            views[lowest].notarization = nil
        }
    }

    static var farNotarizationsMax: Int { 16 }

    /// R10: LF moves at once; telling the replica waits for the bodies.
    mutating func noteFinalization(_ certificate: Verified<Certificate>) {
        precondition(certificate.value.view > lastFinalView, "I8: LF only rises")
        lastFinal = certificate
        lastProgress = now
        hasProgressed = true
        standstillDeadline = now.advanced(byMilliseconds: standstillDelay)
        unchecked.append(certificate)
        if unchecked.count > Limits.unfinalizedDepthMax { unchecked.removeFirst() }
        uncertified.removeAll { $0 <= certificate.value.view }
        finalizable.removeAll { $0 <= certificate.value.view }
    }

    /// A view is over: R1.
    mutating func leave(_ view: View) {
        guard current <= view else { return }
        enter(view.advanced(by: 1))
    }
}

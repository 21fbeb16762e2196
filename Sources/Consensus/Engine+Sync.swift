import Chain
import Cryptography

extension Engine {
    // MARK: Asking for what is missing (2.12)

    /// Says what is missing now, and asks for it.
    mutating func ask() {
        guard mode != .halted else { return }
        let asks = mode != .syncing && mode != .finished && !Mutant.isActive(.asksNobody)
        let needs = asks ? needs() : []
        for (subject, peer) in resolver.update(
            needs, order: &order, own: own, count: validators.count, at: now)
        {
            switch subject {
            case .block(let hash): performNow(.fetchBlock(hash, from: peer))
            case .certificate(let request): performNow(.fetchCertificate(request, from: peer))
            }
        }
    }

    /// What is missing, the most urgent first.
    private mutating func needs() -> [Need] {
        var needs: [Need] = []
        if let lag = lagNeed { needs.append(lag) }
        needs += finalNeeds()
        if mode == .syncing { return [] }
        needs += currentNeeds()
        for view in uncertified.reversed().prefix(Int(Limits.futureViewsMax)) {
            if let need = bodyNeed(of: view) { needs.append(need) }
        }
        let horizon = current.advanced(by: Limits.futureViewsMax)
        for view in views.views(after: current, through: horizon) {
            guard let state = views.state(view), let candidate = state.slot.candidate else {
                continue
            }
            guard (blocks[candidate.blockHash]?.body ?? .absent) == .absent else { continue }
            needs.append(
                Need(
                    subject: .block(candidate.blockHash),
                    preferred: state.source.map { [$0] } ?? [], mayBeUnderWay: true,
                    isAhead: true))
        }
        return needs
    }

    /// Bodies on the way from the last told block to LF; when the way is long, a range sync.
    ///
    /// While LF's own block is not here, the blocks of the finalizations before it stay wanted: for
    /// a node that is further away than a view is long, the newest one never comes in time.
    private mutating func finalNeeds() -> [Need] {
        var needs: [Need] = []
        for certificate in untoldFinals.prefix(Engine.finalsWantedMax) {
            guard let target = certificate.value.statement.candidate?.blockHash,
                target != emitted.hash, case .missing(let hash) = execution(of: target)
            else { return needs }
            let header = blocks[target]?.header
            if let header, mode == .active, isFar(header) {
                guard syncNotBefore <= now, let peer = order.next(1).first else { return needs }
                mode = .syncing
                performNow(
                    .syncRange(
                        to: FinalizedHead(header: header, certificate: certificate), from: peer))
                return []
            }
            // Bodies are sent to those who vote on them; ancestors have been.
            let isNew = hash == lastFinalHash && certificate.value.view.advanced(by: 1) >= current
            needs.append(
                Need(
                    subject: .block(hash), preferred: certificate.value.bitmap.signers,
                    mayBeUnderWay: isNew && own != nil))
            // From a header on, the way goes over parents.
            if header != nil { return needs }
        }
        return needs
    }

    /// How many finalizations whose blocks are not here are followed at once.
    static var finalsWantedMax: Int { 8 }

    /// The finalizations that were not told yet, newest first.
    var untoldFinals: [Verified<Certificate>] {
        guard let lastFinal else { return [] }
        let earlier = unchecked.filter { $0.value.view < lastFinal.value.view }
        return [lastFinal] + earlier.reversed()
    }

    /// Whether the way to a final block is worth a range sync, during which no vote is cast: more
    /// than a range, or several bodies to the boundary, beyond which there is nothing to vote on.
    private func isFar(_ header: Header) -> Bool {
        let gap = header.height.lowered(by: emitted.height.value).value
        guard gap <= Limits.rangeBlocksMax else { return true }
        guard header.height == instance.boundary, gap > 1 else { return false }
        return blocks[header.parentHash]?.body ?? .absent == .absent
    }

    private mutating func currentNeeds() -> [Need] {
        if let leaderNeed { return [leaderNeed] }
        guard isVoting, let state = views.state(current), let candidate = state.slot.candidate,
            state.ownNotarize.isOpen, !state.ownNullify.isCast
        else { return [] }
        switch parentCheck(candidate, in: current) {
        case .missing(let needs): return needs
        case .waiting, .invalid: return []
        case .acceptable(let isReproposal):
            guard !isReproposal, case .missing(let hash) = execution(of: candidate.blockHash)
            else { return [] }
            return [
                Need(
                    subject: .block(hash), preferred: state.source.map { [$0] } ?? [],
                    mayBeUnderWay: true)
            ]
        }
    }

    private mutating func bodyNeed(of view: View) -> Need? {
        guard let state = views.state(view), let candidate = state.notarized,
            case .missing(let hash) = execution(of: candidate.blockHash)
        else { return nil }
        let signers = state.notarization?.value.bitmap.signers ?? []
        return Need(
            subject: .block(hash), preferred: (state.source.map { [$0] } ?? []) + signers,
            mayBeUnderWay: view.advanced(by: 1) >= current)
    }

    // MARK: Range sync

    /// The replica committed everything up to this block: the floor of what follows.
    mutating func adopt(_ head: FinalizedHead) {
        let wasSyncing = mode == .syncing
        if wasSyncing { mode = .active }
        defer {
            if wasSyncing {
                restartTimers()
                signAgain()
            }
        }
        let certificate = head.certificate.value
        guard certificate.epoch == instance.epoch, head.header.height > emitted.height else {
            return
        }
        if certificate.view > lastFinalView {
            store(head.certificate)
            record(.certificate(certificate))
            noteFinalization(head.certificate)
            leave(certificate.view)
        }
        emitted = head.header.summary
        emittedHead = head
        unchecked.removeAll { $0.value.view <= certificate.view }
        awaitingCommit.removeAll { $0.header.height <= head.header.height }
        blocks.removeAll(through: emitted)
        hasProgressed = true
        if certificate.view > floor {
            floor = certificate.view
            record(.floor(certificate))
        }
        finishAtBoundary()
    }
}

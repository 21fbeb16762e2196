import Chain
import Cryptography

extension Engine {
    // MARK: Execution

    /// Where a block's execution stands; asks for the lowest ancestor that can be executed now.
    mutating func execution(of hash: Digest) -> ExecutionStatus {
        var hash = hash
        var isTarget = true
        var child: Header?
        // Heights fall with each step, so the walk is as long as the chain above the final block.
        while true {
            if hash == emitted.hash { break }
            guard let entry = blocks[hash] else { return .missing(hash) }
            if entry.header.height <= emitted.height { return .detached }
            if isBesideFinal(entry.header) { return .detached }
            if let child, entry.header.height >= child.height { return .invalid }
            switch entry.execution {
            case .invalid: return .invalid
            case .running, .unavailable: return .waiting
            case .valid:
                if isTarget { return .valid }
            case .notAsked:
                child = entry.header
                hash = entry.header.parentHash
                isTarget = false
                continue
            }
            break
        }
        guard let child else { return .valid }
        return execute(child, onto: hash)
    }

    /// Whether the parent is no higher, or of no later view, than the last told block, and is not
    /// that block.
    private func isBesideFinal(_ header: Header) -> Bool {
        guard header.parentHash != emitted.hash else { return false }
        return header.height.value == emitted.height.value + 1 || header.parentView <= toldView
    }

    /// The lowest block that is not executed, on a parent that is.
    private mutating func execute(_ header: Header, onto parent: Digest) -> ExecutionStatus {
        let hash = header.hash
        guard let summary = summary(of: parent), header.height.value == summary.height.value + 1,
            header.timestamp > summary.timestamp, header.setHash == validators.hash,
            header.epoch == instance.epoch, header.height <= instance.boundary
        else {
            // I16, I17, I19: not a block of this chain, whatever the executor would say.
            blocks.setExecution(hash, .invalid)
            return .invalid
        }
        guard let entry = blocks[hash], entry.body > .absent else { return .missing(hash) }
        blocks.setExecution(hash, .running)
        performNow(
            .execute(ExecutionRequest(instance: instance.id, header: header, hash: hash)))
        return .waiting
    }

    mutating func executed(_ hash: Digest, _ result: ExecutionResult) {
        guard let entry = blocks[hash], entry.execution == .running else { return }
        switch result {
        case .valid: blocks.setExecution(hash, .valid)
        case .invalid:
            blocks.setExecution(
                hash, Mutant.isActive(.takesInvalidBlocks) ? .valid : .invalid)
        case .unavailable: blocks.setExecution(hash, .unavailable)
        case .missing:
            blocks.lose(hash)
            certifyAnew(hash)
        }
    }

    /// 2.15: a view whose body is lost counts as not certified until that is here again.
    private mutating func certifyAnew(_ hash: Digest) {
        for view in views.views(after: lastFinalView, through: Engine.viewMax) {
            guard let state = views.state(view), state.notarized?.blockHash == hash,
                state.notarization != nil, state.certification == .agreed
            else { continue }
            views[view].certification = .unknown
            noteNotarization(view)
        }
    }

    /// A body is stored. Only blocks that something names are of use.
    mutating func available(_ header: Header) {
        let hash = header.hash
        guard header.epoch == instance.epoch else { return }
        guard header.height > emitted.height else {
            noteFork(hash)
            return
        }
        let isNamed =
            blocks[hash] != nil || resolver.isPending(.block(hash))
            || wantsBlock(hash, view: header.view)
        guard isNamed else { return }
        blocks.insert(header, hash: hash, body: .stored)
    }

    /// A block that is no higher than the final chain. If a later view than the chain's made it
    /// final it does not extend the chain: on one chain heights grow with the views.
    private mutating func noteFork(_ hash: Digest) {
        guard hash != emitted.hash, let head = emittedHead else { return }
        let other = unchecked.first {
            $0.value.statement.candidate?.blockHash == hash
                && $0.value.view > head.certificate.value.view
        }
        if let other { halt(head.certificate, other) }
    }

    func summary(of hash: Digest) -> BlockSummary? {
        hash == emitted.hash ? emitted : blocks[hash]?.header.summary
    }

    // MARK: Certifying (R5, R6)

    /// R5: follows each notarization until its block is executed here. Nothing stops it: neither a
    /// timeout, nor an own nullify vote, nor a view that was left.
    mutating func certify() {
        guard mode != .syncing else { return }
        for view in uncertified {
            guard let candidate = views.state(view)?.notarized else { continue }
            if Mutant.isActive(.nullifyStopsCertify), views[view].ownNullify.isCast { continue }
            switch execution(of: candidate.blockHash) {
            case .waiting, .missing, .detached:
                guard Mutant.isActive(.certifiesUnexecuted) else { continue }
                certified(view, candidate.blockHash)
            case .invalid:
                diverge(in: view, candidate.blockHash)
            case .valid:
                guard isStored(candidate.blockHash) else { continue }
                certified(view, candidate.blockHash)
            }
        }
    }

    func isStored(_ hash: Digest) -> Bool {
        hash == emitted.hash || blocks[hash]?.body == .stored
    }

    private mutating func certified(_ view: View, _ hash: Digest) {
        uncertified.removeAll { $0 == view }
        views[view].certification = .agreed
        views.compact(view)
        record(.certified(view, hash))
        finalizable.append(view)
        hasProgressed = true
        guard current <= view else { return }
        enter(view.advanced(by: 1))
        pushBlock(hash, of: view)
    }

    /// R6': a quorum executed this block and this node disagrees.
    private mutating func diverge(in view: View, _ hash: Digest) {
        uncertified.removeAll { $0 == view }
        views[view].certification = .failed
        views.compact(view)
        guard mode == .active || mode == .syncing else { return }
        mode = .diverged
        hasProgressed = true
        performNow(.report(.localDivergence(view, hash)))
    }

    /// Gives the block to the next leader if that did not vote for it (2.10). One of the signers
    /// does so, in turn, instead of all: whoever it reaches not asks for the block.
    private mutating func pushBlock(_ hash: Digest, of view: View) {
        guard let own, let state = views.state(view), let certificate = state.notarization else {
            return
        }
        let leader = leaders.leader(of: view.advanced(by: 1))
        guard leader != own, state.votes.vote(.notarize, of: leader) == nil else { return }
        let signers = certificate.value.bitmap.signers
        guard signers[Int(view.value % UInt64(signers.count))] == own else { return }
        perform(.pushBlock(hash, to: leader))
    }

    /// R6: finalize what is certified, in this view or an earlier one, unless the view was given up
    /// or another payload was notarized by this node.
    mutating func castFinalizes() {
        guard isVoting, !finalizable.isEmpty else { return }
        let candidates = finalizable
        finalizable.removeAll(keepingCapacity: true)
        for view in candidates where view > lastFinalView {
            guard let state = views.state(view), let candidate = state.notarized else { continue }
            guard state.certification == .agreed, state.statement(.notarize) != nil else {
                continue
            }
            let isGivenUp = state.ownNullify.isCast || state.isNullified
            guard !isGivenUp || Mutant.isActive(.finalizesAfterNullify) else { continue }
            guard state.ownFinalize.isOpen else { continue }
            if let mine = state.ownNotarize.statement, mine.candidate != candidate {
                guard Mutant.isActive(.finalizesOther) else { continue }
            }
            cast(.finalize(candidate), in: view)
        }
    }

    // MARK: Finality (R10)

    /// Tells the replica what is final once all of it is executed here.
    mutating func emitFinal() {
        guard mode != .syncing, let certificate = lastFinal else { return }
        let target = lastFinalHash
        guard target != emitted.hash else {
            noteFinalAgain(certificate)
            return
        }
        switch execution(of: target) {
        case .waiting, .missing: emitEarlier()
        case .detached:
            guard let head = emittedHead else { return }
            // A final block that does not extend the final chain.
            halt(head.certificate, certificate)
        case .invalid: diverge(in: certificate.value.view, target)
        case .valid: emit(target, certificate)
        }
    }

    /// While the newest final block is not here, one before it may be.
    private mutating func emitEarlier() {
        for certificate in untoldFinals.dropFirst() {
            guard let target = certificate.value.statement.candidate?.blockHash,
                target != emitted.hash
            else { return }
            guard case .valid = execution(of: target) else { continue }
            emit(target, certificate)
            return
        }
    }

    private mutating func emit(_ target: Digest, _ certificate: Verified<Certificate>) {
        var chain: [Header] = []
        var hash = target
        while hash != emitted.hash {
            guard let entry = blocks[hash] else {
                // Pruned as the sibling of a block that was told: a fork below that block.
                if let head = emittedHead { halt(head.certificate, certificate) }
                return
            }
            guard entry.body == .stored else { return }
            chain.append(entry.header)
            hash = entry.header.parentHash
        }
        chain.reverse()
        guard let head = chain.last else { return }
        let hashes = chain.map(\.hash)
        for earlier in unchecked where earlier.value.view <= certificate.value.view {
            guard let candidate = earlier.value.statement.candidate else { continue }
            if !hashes.contains(candidate.blockHash), candidate.blockHash != emitted.hash {
                halt(earlier, certificate)
                return
            }
        }
        precondition(chain[0].parentHash == emitted.hash, "I15: the final chain is one chain")
        precondition(
            chain[0].height.value == emitted.height.value + 1, "I18: heights are told in order")
        unchecked.removeAll { $0.value.view <= certificate.value.view }
        emitted = head.summary
        let finalized = FinalizedHead(header: head, certificate: certificate)
        emittedHead = finalized
        awaitingCommit.append(finalized)
        if awaitingCommit.count > Engine.awaitingCommitMax { awaitingCommit.removeFirst() }
        perform(.finalized(chain, certificate))
        prune()
        hasProgressed = true
        finishAtBoundary()
    }

    /// 2.13 (2): a finalization of the boundary block, of whatever view, ends the instance. From
    /// now on no vote of any kind is cast or signed, not even one whose record is not durable yet:
    /// nobody needs it beside the finalization. Certificates and reports still leave.
    mutating func finishAtBoundary() {
        guard emitted.height == instance.boundary, mode != .halted else { return }
        if isBuilding {
            isBuilding = false
            performNow(.cancelBuild(current))
        }
        mode = .finished
        outbox.removeAll { waiting in
            if case .sign = waiting.effect { true } else { false }
        }
        uncertified.removeAll()
        finalizable.removeAll()
        unchecked.removeAll()
    }

    static var awaitingCommitMax: Int { 1_024 }

    /// A later view finalized the same block again (a re-proposal).
    private mutating func noteFinalAgain(_ certificate: Verified<Certificate>) {
        guard let head = emittedHead, head.certificate.value.view < certificate.value.view else {
            return
        }
        unchecked.removeAll()
        emittedHead = FinalizedHead(header: head.header, certificate: certificate)
    }

    private mutating func prune() {
        blocks.removeAll(through: emitted)
        views.removeAll(below: Mutant.isActive(.prunesAboveFinal) ? current : retained)
        views.compact(below: current.lowered(by: Limits.retainedViewsMax))
    }

    /// The state holds the block durably: the floor rises, and the log below it may go.
    mutating func committed(_ height: Height) {
        guard let index = awaitingCommit.lastIndex(where: { $0.header.height <= height }) else {
            return
        }
        let head = awaitingCommit[index]
        awaitingCommit.removeFirst(index + 1)
        guard head.certificate.value.view > floor else { return }
        floor = head.certificate.value.view
        record(.floor(head.certificate.value))
    }
}

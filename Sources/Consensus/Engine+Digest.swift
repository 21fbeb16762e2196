import Chain
import Cryptography

extension Engine {
    /// A digest of everything that decides what the engine does next, apart from moments, from whom
    /// it asks first, and from who was heard when: two engines of one validator with equal digests
    /// vote alike in equal circumstances (I22, and the Twins campaign's merging of states).
    public var stateDigest: Digest {
        var hasher = TaggedHasher(.logRecord)
        hasher.update(modeTag)
        hasher.update(current.value)
        hasher.update(lastFinalView.value)
        hasher.update(lastFinalHash)
        hasher.update(emitted.hash)
        hasher.update(emittedHead?.certificate.value.view.value ?? 0)
        hasher.update(UInt64(awaitingCommit.count))
        for certificate in unchecked { hasher.update(certificate.value.view.value) }
        hasher.update(floor.value)
        hasher.update(multiplier)
        hasher.update(flags)
        hasher.update(appended - synced)
        hasher.update(UInt64(outbox.count))
        mix(uncertified, into: &hasher)
        mix(finalizable, into: &hasher)
        for state in views.states where state.view > lastFinalView {
            mix(state, into: &hasher)
        }
        mix(blocks, into: &hasher)
        return hasher.finalize()
    }

    private var modeTag: UInt8 {
        switch mode {
        case .idle: 0
        case .active: 1
        case .syncing: 2
        case .diverged: 3
        case .halted: 4
        case .finished: 5
        }
    }

    private var flags: UInt8 {
        let flags = [
            watchEnd != nil, isVotingStopped, isLeaderTimerCancelled, isSkipping, isTimedOut,
            isLeaderFailed, isBuilding, hasBuilt,
        ]
        return flags.reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
    }

    private func mix(_ views: [View], into hasher: inout TaggedHasher) {
        hasher.update(UInt64(views.count))
        for view in views { hasher.update(view.value) }
    }

    private func mix(_ state: ViewState, into hasher: inout TaggedHasher) {
        hasher.update(state.view.value)
        switch state.slot {
        case .none: hasher.update(UInt8(0))
        case .unverified(let candidate): mix(candidate, tag: 1, into: &hasher)
        case .verified(let candidate): mix(candidate, tag: 2, into: &hasher)
        case .equivocated: hasher.update(UInt8(3))
        case .implausible: hasher.update(UInt8(4))
        }
        for kind in VoteKind.allCases {
            mix(state.own(kind), into: &hasher)
            for signer in 0..<UInt16(validators.count) {
                mix(state.votes.vote(kind, of: signer)?.value.statement, into: &hasher)
                mix(state.votes.contradiction(kind, of: signer)?.value.statement, into: &hasher)
            }
            guard let certificate = state.certificate(kind)?.value else {
                hasher.update(UInt8(0))
                continue
            }
            mix(certificate.statement, into: &hasher)
            hasher.update(certificate.bitmap.bytes)
        }
        for statement in state.onDisk { mix(statement, into: &hasher) }
        for signer in state.detector.reported.sorted() { hasher.update(signer) }
        hasher.update(UInt8(state.certification == .agreed ? 1 : 0))
        hasher.update(UInt8(state.certification == .failed ? 1 : 0))
        hasher.update(state.built?.hash ?? .zero)
        hasher.update(UInt8((state.isTimeReached ? 1 : 0) + (state.isTimeAsked ? 2 : 0)))
    }

    private func mix(_ vote: OwnVote, into hasher: inout TaggedHasher) {
        switch vote {
        case .none: hasher.update(UInt8(0))
        case .cast: hasher.update(UInt8(1))
        case .signed: hasher.update(UInt8(2))
        case .refused: hasher.update(UInt8(3))
        }
        mix(vote.statement, into: &hasher)
    }

    private func mix(_ statement: Statement?, into hasher: inout TaggedHasher) {
        guard let statement else {
            hasher.update(UInt8(0))
            return
        }
        hasher.update(statement.kind.rawValue)
        if let candidate = statement.candidate { mix(candidate, tag: 0, into: &hasher) }
    }

    private func mix(_ candidate: Candidate, tag: UInt8, into hasher: inout TaggedHasher) {
        hasher.update(tag)
        hasher.update(candidate.parentView.value)
        hasher.update(candidate.blockHash)
    }

    /// The order in which blocks came does not matter.
    private func mix(_ blocks: BlockTable, into hasher: inout TaggedHasher) {
        let entries = blocks.all.sorted { $0.hash < $1.hash }
        hasher.update(UInt64(entries.count))
        for (hash, entry) in entries {
            hasher.update(hash)
            let body: UInt8 =
                switch entry.body {
                case .absent: 0
                case .held: 1
                case .stored: 2
                }
            let execution: UInt8 =
                switch entry.execution {
                case .notAsked: 0
                case .running: 1
                case .valid: 2
                case .invalid: 3
                case .unavailable: 4
                }
            hasher.update(body << 4 | execution)
        }
    }
}

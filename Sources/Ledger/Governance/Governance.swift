import Chain
import Cryptography
import StateTree

/// Proposals: deposit → voting → queued → executed, or an earlier end (governance.md 1).
///
/// "Now" is the header's time. Deadlines are keys ordered by (time, id), so that a block visits
/// only what is due, and each visit touches a bounded number of records whatever the number of
/// ballots. The state that a proposal is in is stored, never recomputed; `store` keeps every index
/// in step with it.
enum Governance {
    static let titleCharactersMax = 140
    static let reasonCharactersMax = 280
    static let depositorsMax: UInt16 = 64
    /// How long a proposal may wait for a place.
    static let waitingPeriod = 60 * Milliseconds.day

    /// What one block does at most; what is due beyond it waits for the next.
    static let closingsPerBlock = 32
    static let expiriesPerBlock = 32
    static let openingsPerBlock = 4
    /// Of each line, those that find no place and are passed, besides.
    static let passedInLineMax = 4
    static let executionsPerBlock = 2
    static let dryRunsPerBlock = 4

    /// The steps of a block before its transactions, in the order of staking.md 6.
    static func beginBlock<Base: StateReader>(
        _ state: inout State<Base>, block: BlockContext, rules: Rules
    ) {
        beginRound(at: block, rules: rules, in: &state)
        Pauses.end(at: block, in: &state)
        let closings = due(from: { .closing($0, $1) }, at: block, closingsPerBlock, in: state)
        for id in closings {
            step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                try close(&proposal, at: block, rules: rules, in: &state)
            }
        }
        let expiries = due(from: { .expiry($0, $1) }, at: block, expiriesPerBlock, in: state)
        for id in expiries {
            step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                try expire(&proposal, at: block, in: &state)
            }
        }
        let surrenders = due(
            from: { .decision(.surrender($0, $1)) }, at: block, expiriesPerBlock, in: state)
        for id in surrenders {
            step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                surrender(&proposal, at: block, in: &state)
            }
        }
        open(at: block, rules: rules, in: &state)
        let executions = due(from: { .execution($0, $1) }, at: block, executionsPerBlock, in: state)
        for id in executions {
            step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                execute(&proposal, at: block, in: &state)
            }
        }
        retry(executionsPerBlock - executions.count, at: block, in: &state)
        runDry(at: block, in: &state)
        Retention.sweep(at: block, rules: rules, in: &state)
    }

    /// The proposals whose deadline is at or before this block's time, by (time, id).
    private static func due<Base: StateReader>(
        from key: (Timestamp, ProposalID) -> StateKey, at block: BlockContext, _ limit: Int,
        in state: State<Base>
    ) -> [ProposalID] {
        let range = StateKeyRange(
            from: key(Timestamp(0), ProposalID(0)),
            to: key(block.timestamp.advanced(by: 1), ProposalID(0)))
        return state.entries(in: range, limit: limit).map { State<Base>.decode($0.value) }
    }

    /// One step of one proposal: all of it or, if it fails, the end of this proposal alone.
    static func step<Base: StateReader>(
        _ id: ProposalID, at block: BlockContext, in state: inout State<Base>,
        _ body: (inout Proposal, inout State<Base>) throws(Rejection) -> Void
    ) {
        guard let old: Proposal = state.read(.proposal(id)) else {
            preconditionFailure("a deadline names a proposal: \(id)")
        }
        var proposal = old
        state.checkpoint()
        do {
            try body(&proposal, &state)
            store(proposal, replacing: old, in: &state)
            state.commit()
        } catch {
            state.revert()
            proposal = old
            proposal.deposit.refund = old.deposit.refund == .held ? .all : old.deposit.refund
            move(&proposal, to: .ended(.failed), error.reason, at: block, in: &state)
            store(proposal, replacing: old, in: &state)
        }
    }

    // MARK: Records

    static func proposal<Base: StateReader>(
        _ id: ProposalID, in state: State<Base>
    ) throws(Rejection) -> Proposal {
        guard let proposal: Proposal = state.read(.proposal(id)) else {
            throw .governance(.unknownProposal(id))
        }
        return proposal
    }

    static func content<Base: StateReader>(
        of id: ProposalID, in state: State<Base>
    ) -> ProposalContent {
        guard let content: ProposalContent = state.read(.proposalContent(id)) else {
            preconditionFailure("a proposal has a content: \(id)")
        }
        return content
    }

    /// Changes the phase, and writes down and tells a change of the status.
    static func move<Base: StateReader>(
        _ proposal: inout Proposal, to phase: ProposalPhase, _ reason: String = "",
        at block: BlockContext, in state: inout State<Base>
    ) {
        let isNews = proposal.status != phase.status || proposal.steps.isEmpty
        proposal.phase = phase
        guard isNews || !reason.isEmpty else { return }
        proposal.append(
            ProposalStep(
                status: phase.status, height: block.height, timestamp: block.timestamp,
                reason: reason))
        state.emit(.governance(.statusChanged(proposal.id, phase.status)))
    }

    /// Writes a proposal and every index of it.
    static func store<Base: StateReader>(
        _ proposal: Proposal, replacing old: Proposal?, in state: inout State<Base>
    ) {
        let before = old.map(indexKeys) ?? []
        let after = indexKeys(of: proposal)
        for key in before where !after.contains(key) {
            state.remove(key)
        }
        for key in after where !before.contains(key) {
            state.write(key, proposal.id)
        }
        let wasOpen = old?.phase == .voting
        let isOpen = proposal.phase == .voting
        if wasOpen != isOpen {
            let count = openCount(of: proposal.track, in: state)
            let key = StateKey.openCount(proposal.track)
            if isOpen {
                state.write(key, count + 1)
            } else if count > 1 {
                state.write(key, count - 1)
            } else {
                state.remove(key)
            }
        }
        state.write(.proposal(proposal.id), proposal)
    }

    static func openCount<Base: StateReader>(of track: Track, in state: State<Base>) -> UInt64 {
        state.read(.openCount(track), as: UInt64.self) ?? 0
    }

    /// The keys under which a proposal in this phase is found.
    private static func indexKeys(of proposal: Proposal) -> [StateKey] {
        let id = proposal.id
        let status = StateKey.proposalOfStatus(proposal.status, id)
        switch proposal.phase {
        case .collecting(let until):
            return [status, .expiry(until, id)]
        case .waiting(let until):
            return [
                status, .expiry(until, id),
                .waiting(proposal.track, deposit: proposal.deposit.sum, id),
            ]
        case .voting:
            guard let vote = proposal.vote else {
                preconditionFailure("a proposal in voting has a vote: \(id)")
            }
            return [status, .closing(vote.end, id), .decision(.snapshot(vote.snapshot, id))]
        case .queued(let eta):
            let isQueued = [status] + snapshotKeys(of: proposal)
            guard let failure = proposal.failure else { return isQueued + [.execution(eta, id)] }
            let retries = failure.attempts < ExecutionFailure.attemptsMax
            return isQueued + [.decision(.surrender(failure.until, id))]
                + (retries ? [.decision(.retry(id))] : [])
        case .ended:
            guard !proposal.isReceipt, let end = proposal.steps.last else { return [status] }
            return [status, .representation(.ended(end.timestamp, id))]
        }
    }

    private static func snapshotKeys(of proposal: Proposal) -> [StateKey] {
        proposal.vote.map { [.decision(.snapshot($0.snapshot, proposal.id))] } ?? []
    }
}

extension Rejection {
    /// Code and message, as a proposal keeps them.
    var reason: String { code + ": " + message }
}

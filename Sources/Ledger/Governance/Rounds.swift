import Chain
import Cryptography
import StateTree

// What an epoch's start sets going, a few steps in each block from its first one on.
extension Governance {
    /// Notices the first block of an epoch.
    static func beginRound<Base: StateReader>(
        at block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        let old: DecisionRound? = state.read(.decision(.round))
        guard block.epoch > old?.epoch ?? .zero else { return }
        OutflowLimits.integrate(
            from: old?.startedAt ?? rules.facts.time, at: block, in: &state)
        // Dry runs that are not through go on, so that nobody is passed over for ever.
        let hasOpen = state.firstEntry(in: .snapshots) != nil
        let hasFailed = state.firstEntry(in: .retries) != nil
        let start = DecisionRound.Place(snapshot: .genesis, id: ProposalID(0))
        state.write(
            .decision(.round),
            DecisionRound(
                epoch: block.epoch, height: block.height, startedAt: block.timestamp,
                dryRunsAfter: old?.dryRunsAfter ?? (hasOpen ? start : nil),
                retriesAfter: hasFailed ? ProposalID(0) : nil))
    }

    /// Tries failed executions again, in the order of their ids.
    ///
    /// - Parameter limit: how many records this block may still visit.
    static func retry<Base: StateReader>(
        _ limit: Int, at block: BlockContext, in state: inout State<Base>
    ) {
        guard limit > 0, var round: DecisionRound = state.read(.decision(.round)),
            let after = round.retriesAfter
        else { return }
        // One more, to see whether these are the last.
        let range = StateKeyRange.retries.after(.decision(.retry(after)))
        let found: [ProposalID] = state.entries(in: range, limit: limit + 1).map {
            State<Base>.decode($0.value)
        }
        let ids = found.prefix(limit)
        for id in ids {
            step(id, at: block, in: &state) { proposal, state throws(Rejection) in
                // What failed since the epoch began waits for the next one.
                guard let failure = proposal.failure, failure.height < round.height else {
                    return
                }
                execute(&proposal, at: block, in: &state)
            }
        }
        round.retriesAfter = found.count > limit ? ids.last : nil
        state.write(.decision(.round), round)
    }

    /// Makes the dry runs that are due, then those of the epoch's start by the heights of their
    /// snapshots.
    static func runDry<Base: StateReader>(
        at block: BlockContext, in state: inout State<Base>
    ) {
        let due: [ProposalID] = state.entries(in: .dueDryRuns, limit: dryRunsPerBlock).map {
            State<Base>.decode($0.value)
        }
        for id in due {
            DryRuns.refresh(id, at: block, in: &state)
        }
        let left = dryRunsPerBlock - due.count
        guard left > 0, var round: DecisionRound = state.read(.decision(.round)),
            let after = round.dryRunsAfter
        else { return }
        let range = StateKeyRange.snapshots.after(
            .decision(.snapshot(after.snapshot, after.id)))
        let found: [ProposalID] = state.entries(in: range, limit: left + 1).map {
            State<Base>.decode($0.value)
        }
        let ids = found.prefix(left)
        var place: DecisionRound.Place?
        for id in ids {
            DryRuns.refresh(id, at: block, in: &state)
            let proposal: Proposal? = state.read(.proposal(id))
            place = proposal?.vote.map { DecisionRound.Place(snapshot: $0.snapshot, id: id) }
        }
        round.dryRunsAfter = found.count > left ? place : nil
        state.write(.decision(.round), round)
    }
}

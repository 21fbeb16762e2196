import Chain
import Cryptography
import StateTree

// What holders can do about a decision before it is executed (governance.md 1).
extension Governance {
    /// Signs a petition: one tenth of the power reopens the vote, once; one third drops the
    /// decision. Each signer counts its own stake at the proposal's snapshot, once, and nothing
    /// that was lent to it.
    static func sign<Base: StateReader>(
        _ signature: PetitionSignature, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let id = signature.proposal
        let kind = signature.kind
        let old = try proposal(id, in: state)
        guard case .queued(let eta) = old.phase, let vote = old.vote, old.failure == nil,
            context.block.timestamp < eta,
            kind != .reopen || old.petitions.reopenedFrom == nil
        else { throw .governance(.decision(.petitionClosed(id))) }
        let key = StateKey.decision(.petition(id, kind, context.sender))
        guard !state.contains(key) else {
            throw .governance(.decision(.alreadySigned(id, kind)))
        }
        let power = try petitionPower(of: context.sender, on: old, vote, in: &state)
        guard power > 0 else {
            throw .governance(.noPower(voter: context.sender, snapshot: vote.snapshot))
        }
        state.write(key, power)
        var proposal = old
        // Parts of the total, each once.
        proposal.petitions[kind] += power
        state.emit(
            .governance(
                .decision(id, .petitionSigned(kind, signer: context.sender, power: power))))
        if kind.threshold.isReached(by: proposal.petitions[kind], of: vote.totalPower) {
            grant(kind, &proposal, vote, eta: eta, at: context, in: &state)
        }
        store(proposal, replacing: old, in: &state)
    }

    private static func petitionPower<Base: StateReader>(
        of account: Address, on proposal: Proposal, _ vote: ProposalVote,
        in state: inout State<Base>
    ) throws(Rejection) -> UInt64 {
        try state.searching { state, meter throws(Rejection) -> UInt64 in
            var prices = StakePrices(at: vote.snapshot)
            return try VotingPower.held(by: account, proposal.group, &prices, in: state) {
                searches throws(Rejection) in try meter.count(searches)
            }.own
        }
    }

    private static func grant<Base: StateReader>(
        _ kind: PetitionKind, _ proposal: inout Proposal, _ vote: ProposalVote, eta: Timestamp,
        at context: ActionContext, in state: inout State<Base>
    ) {
        switch kind {
        case .reopen:
            var vote = vote
            let period = context.rules.parameters.petitionPeriod
            vote.end = context.block.timestamp.advanced(by: period)
            // A second vote that ended at once would not be one.
            vote.endsEarly = false
            vote.hardEnd = vote.row.hardEnd(after: vote.end)
            proposal.vote = vote
            proposal.petitions.reopenedFrom = eta
            state.emit(.governance(.decision(proposal.id, .reopened(end: vote.end))))
            move(&proposal, to: .voting, StepReason.byPetition.text, at: context.block, in: &state)
            state.write(.decision(.dryRunDue(proposal.id)), proposal.id)
        case .cancel:
            proposal.deposit.refund = .all
            move(
                &proposal, to: .ended(.cancelled), StepReason.byPetition.text, at: context.block,
                in: &state)
        }
    }
}

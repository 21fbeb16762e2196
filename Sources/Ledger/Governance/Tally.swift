import Chain
import StateTree

/// Counting: pure functions of amounts and ratios. No ratio is divided; products have 128 bits.
public enum Tally {
    /// Splits a power by weights that sum to 10,000: each part is rounded down, the remainder goes
    /// to the greatest weight (to the first of equal ones), so that the parts sum to the power.
    ///
    /// - Precondition: the weights are complete.
    public static func split(_ power: UInt64, by weights: BallotWeights) -> BallotAmounts {
        precondition(weights.isComplete, "weights sum to 10,000")
        let all = [weights.yes, weights.no, weights.abstain, weights.veto]
        var parts = all.map { UInt64(UInt128(power) * UInt128($0) / 10_000) }
        var greatest = 0
        for index in all.indices where all[index] > all[greatest] {
            greatest = index
        }
        parts[greatest] += power - parts.reduce(0, +)
        return BallotAmounts(yes: parts[0], no: parts[1], abstain: parts[2], veto: parts[3])
    }

    /// cast·d ≥ quorum.n·total; never met by a total of 0.
    public static func hasQuorum(_ tally: BallotAmounts, total: UInt64, row: TrackRow) -> Bool {
        total > 0
            && tally.cast * UInt128(row.quorum.denominator)
                >= UInt128(row.quorum.numerator) * UInt128(total)
    }

    /// Y·d > approve.n·nonAbs.
    public static func isApproved(_ tally: BallotAmounts, row: TrackRow) -> Bool {
        UInt128(tally.yes) * UInt128(row.approve.denominator)
            > UInt128(row.approve.numerator) * tally.nonAbstaining
    }

    /// Y·d ≥ minYes.n·total.
    public static func hasMinYes(_ tally: BallotAmounts, total: UInt64, row: TrackRow) -> Bool {
        UInt128(tally.yes) * UInt128(row.minYes.denominator)
            >= UInt128(row.minYes.numerator) * UInt128(total)
    }

    /// 3·V > nonAbs.
    public static func isVetoed(_ tally: BallotAmounts) -> Bool {
        3 * UInt128(tally.veto) > tally.nonAbstaining
    }

    /// 5·(N + V) > 4·nonAbs: so clearly refused that the deposit was a waste of everybody's time.
    public static func isOverwhelminglyRefused(_ tally: BallotAmounts) -> Bool {
        5 * (UInt128(tally.no) + UInt128(tally.veto)) > 4 * tally.nonAbstaining
    }

    public static func isPassing(_ tally: BallotAmounts, total: UInt64, row: TrackRow) -> Bool {
        tally.nonAbstaining > 0 && hasQuorum(tally, total: total, row: row)
            && isApproved(tally, row: row) && hasMinYes(tally, total: total, row: row)
            && !isVetoed(tally)
    }
}

// The end of a vote.
extension Governance {
    /// Turns the tally into an outcome. It reads and writes the same few records whatever the
    /// number of ballots and depositors.
    static func close<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, rules: Rules,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard let vote = proposal.vote else {
            preconditionFailure("a vote that ends was opened: \(proposal.id)")
        }
        if vote.isPassing {
            proposal.deposit.refund = .all
            // Nothing is executed in the block of its decision.
            var eta = block.timestamp.advanced(by: max(vote.row.delay, 1))
            if let first = proposal.petitions.reopenedFrom {
                eta = max(first.advanced(by: rules.parameters.petitionPeriod), eta)
            }
            state.write(.decision(.dryRunDue(proposal.id)), proposal.id)
            move(&proposal, to: .queued(eta: eta), at: block, in: &state)
            return
        }
        let hasQuorum = Tally.hasQuorum(vote.tally, total: vote.totalPower, row: vote.row)
        let isVetoed = Tally.isVetoed(vote.tally)
        if proposal.petitions.reopenedFrom != nil {
            // What was decided about the deposits when it passed stays: they were claimable since.
            proposal.deposit.refund = .all
        } else if !hasQuorum {
            try forfeitFifth(&proposal, in: &state)
            proposal.deposit.refund = .fourFifths
        } else if isVetoed || Tally.isOverwhelminglyRefused(vote.tally) {
            try destroyDeposits(of: &proposal, in: &state)
            proposal.deposit.refund = .none
        } else {
            proposal.deposit.refund = .all
        }
        let outcome = hasQuorum && isVetoed ? ProposalStatus.vetoed : .rejected
        move(
            &proposal, to: .ended(outcome), hasQuorum ? "" : StepReason.quorumMissed.text,
            at: block,
            in: &state)
    }
}

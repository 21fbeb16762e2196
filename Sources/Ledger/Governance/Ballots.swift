import Chain
import Cryptography
import StateTree

// Votes of holders on proposals.
extension Governance {
    /// Counts a ballot; the latest one of an account replaces those before.
    static func cast<Base: StateReader>(
        _ cast: BallotCast, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(cast.proposal, in: state)
        guard old.phase == .voting, var vote = old.vote, context.block.timestamp < vote.end else {
            throw .governance(.notVoting(old.id, old.status))
        }
        try check(cast, against: old)
        let power = VotingPower.power(of: context.sender, at: vote.snapshot, in: state)
        guard power > 0 else {
            throw .governance(.noPower(voter: context.sender, snapshot: vote.snapshot))
        }

        let key = StateKey.ballot(old.id, context.sender)
        if let before: Ballot = state.read(key) {
            vote.tally.subtract(before.amounts)
        } else {
            vote.ballots += 1
        }
        let amounts = Tally.split(power, by: cast.weights)
        vote.tally.add(amounts)
        state.write(
            key,
            Ballot(
                weights: cast.weights, power: power, amounts: amounts,
                height: context.block.height, reason: cast.reason))
        state.emit(.governance(.ballotCast(old.id, voter: context.sender, amounts: amounts)))

        let isPassing = Tally.isPassing(vote.tally, total: vote.totalPower, row: vote.row)
        if isPassing != vote.isPassing {
            vote.isPassing = isPassing
            extend(&vote, of: old.id, at: context.block, in: &state)
        }
        var proposal = old
        proposal.vote = vote
        store(proposal, replacing: old, in: &state)
    }

    private static func check(
        _ cast: BallotCast, against proposal: Proposal
    ) throws(Rejection) {
        guard cast.contentHash == proposal.contentHash else {
            throw .governance(.contentDiffers(proposal.id))
        }
        guard cast.weights.isComplete else {
            throw .governance(.weightsIncomplete(sum: cast.weights.sum))
        }
        let characters = cast.reason.unicodeScalars.count
        guard characters <= reasonCharactersMax else {
            throw .governance(.reasonTooLong(characters: UInt64(characters)))
        }
    }

    /// A change of the outcome, either way, within C of the end moves the end to C from now, never
    /// past the hard end: who waits for the last second gains nothing.
    private static func extend<Base: StateReader>(
        _ vote: inout ProposalVote, of id: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) {
        guard block.timestamp >= vote.end.lowered(by: vote.row.confirm) else { return }
        let end = min(block.timestamp.advanced(by: vote.row.confirm), vote.hardEnd)
        guard end > vote.end else { return }
        vote.end = end
        state.emit(.governance(.extended(id, end: end)))
    }
}

extension BallotAmounts {
    /// No sum overflows: all ballots together are at most the total power.
    mutating func add(_ other: BallotAmounts) {
        yes += other.yes
        no += other.no
        abstain += other.abstain
        veto += other.veto
    }

    mutating func subtract(_ other: BallotAmounts) {
        yes -= other.yes
        no -= other.no
        abstain -= other.abstain
        veto -= other.veto
    }
}

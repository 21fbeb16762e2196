import Chain
import Cryptography
import StateTree

// Votes of holders on proposals (governance.md 2).
extension Governance {
    /// Counts a ballot; the latest one of an account replaces those before.
    ///
    /// With its first ballot an account takes back what it lends: that part leaves the ballots of
    /// its representatives, whether they voted already or do later. So the tally does not depend on
    /// the order of votes, and each unit of stake is counted once.
    ///
    /// - Complexity: O(places of the account and places that it is lent from), both bounded; the
    ///   number of ballots and of who named the account does not matter.
    static func cast<Base: StateReader>(
        _ cast: BallotCast, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(cast.proposal, in: state)
        guard old.phase == .voting, var vote = old.vote, context.block.timestamp < vote.end else {
            throw .governance(.notVoting(old.id, old.status))
        }
        try check(cast, against: old)

        let key = StateKey.ballot(old.id, context.sender)
        let before: Ballot? = state.read(key)
        let own: UInt64
        let received: UInt64
        if let before {
            // Everything is read at the snapshot, so that it is what it was.
            (own, received) = (before.own, before.received)
            vote.tally.subtract(before.amounts)
        } else {
            (own, received) = try enter(context.sender, old, &vote, in: &state)
            vote.ballots += 1
        }
        guard own + received > 0 else {
            throw .governance(.noPower(voter: context.sender, snapshot: vote.snapshot))
        }
        let amounts = Tally.split(own + received, by: cast.weights)
        vote.tally.add(amounts)
        state.write(
            key,
            Ballot(
                weights: cast.weights, own: own, received: received, amounts: amounts,
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

    /// The first vote of an account: weighs it, and takes its parts back from its representatives.
    ///
    /// - Returns: its own power and what it was lent, less what was taken back from it.
    private static func enter<Base: StateReader>(
        _ voter: Address, _ proposal: Proposal, _ vote: inout ProposalVote,
        in state: inout State<Base>
    ) throws(Rejection) -> (own: UInt64, received: UInt64) {
        let snapshot = vote.snapshot
        let (held, lent) = try state.searching { state, meter throws(Rejection) in
            var prices = StakePrices(at: snapshot)
            let held = try VotingPower.held(by: voter, proposal.group, &prices, in: state) {
                searches throws(Rejection) in try meter.count(searches)
            }
            let lent = try VotingPower.received(by: voter, proposal.group, &prices, in: state) {
                searches throws(Rejection) in try meter.count(searches)
            }
            return (held, lent)
        }
        for part in held.lent {
            try takeBack(part, of: voter, proposal, &vote, in: &state)
        }
        let retracted = retracted(from: voter, proposal.id, in: state)
        precondition(retracted <= lent, "what was taken back was lent: \(retracted)")
        return (held.own, lent - retracted)
    }

    private static func takeBack<Base: StateReader>(
        _ lent: VotingPower.Lent, of voter: Address, _ proposal: Proposal,
        _ vote: inout ProposalVote, in state: inout State<Base>
    ) throws(Rejection) {
        let representative = lent.representative.account
        let snapshot = vote.snapshot
        let counted = try state.searching { state, meter throws(Rejection) in
            try Received.counted(with: representative, proposal.group, at: snapshot, in: state) {
                searches throws(Rejection) in try meter.count(searches)
            }
        }
        let part = lent.sum(within: counted)
        guard part > 0 else { return }
        state.write(
            .representation(.retracted(proposal.id, representative)),
            retracted(from: representative, proposal.id, in: state) + part)

        let key = StateKey.ballot(proposal.id, representative)
        guard var ballot: Ballot = state.read(key) else { return }
        precondition(ballot.received >= part, "a ballot carries what is taken back: \(part)")
        vote.tally.subtract(ballot.amounts)
        ballot.received -= part
        ballot.amounts = Tally.split(ballot.power, by: ballot.weights)
        vote.tally.add(ballot.amounts)
        state.write(key, ballot)
        state.emit(
            .governance(
                .takenBack(
                    proposal.id, representative: representative, by: voter, power: part,
                    amounts: ballot.amounts)))
    }

    /// What accounts that voted took back from a representative.
    static func retracted<Base: StateReader>(
        from representative: Address, _ id: ProposalID, in state: State<Base>
    ) -> UInt64 {
        state.read(.representation(.retracted(id, representative)), as: UInt64.self) ?? 0
    }

    /// A change of the outcome, either way, within C of the end moves the end to C from now, never
    /// past the hard end: who waits for the last second gains nothing. A vote that ends as soon as
    /// it passes takes no more ballots then, and closes before the next block's transactions.
    private static func extend<Base: StateReader>(
        _ vote: inout ProposalVote, of id: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) {
        if vote.endsEarly, vote.isPassing, vote.end > block.timestamp {
            vote.end = block.timestamp
            return
        }
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

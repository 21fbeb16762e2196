import Chain
import StateTree

extension GovernanceQueries {
    /// What a proposal would do if it were executed in the next block, made anew: the stored dry
    /// run may be as old as the epoch. Of an ended proposal, what is stored: of an executed one
    /// what it did.
    ///
    /// - Parameter context: the next block's.
    /// - Returns: nil if there is no such proposal, or only its receipt.
    public static func dryRunNow(
        of id: ProposalID, in context: BlockContext, over reader: some StateReader
    ) -> DryRun? {
        var state = State(over: reader)
        guard let proposal: Proposal = state.read(.proposal(id)), !proposal.isReceipt else {
            return nil
        }
        guard !proposal.status.isFinal else { return state.read(.decision(.dryRun(id))) }
        let content = Governance.content(of: id, in: state)
        // Before its opening its row is that of the treasury as it is now.
        let parameters = Rules(over: reader).parameters
        let present = try? Tracks.classify(content.actions, parameters: parameters, in: state)
        let spendTrack = proposal.vote.map(\.spendTrack) ?? present?.spendTrack
        return DryRuns.run(content, spendTrack: spendTrack, at: context, in: &state).report
    }
}

import Chain
import Cryptography
import StateTree

/// What is left of a proposal when nobody needs its ballots any more: a receipt of about 200 bytes.
///
/// Some time after its end its ballots go, what was taken back from representatives, deposits that
/// nobody can claim, and its content; a bounded number of records per block, oldest end first. What
/// depositors can still claim stays.
enum Retention {
    /// What one block removes at most.
    static let recordsPerBlock = 256
    /// How long after its end a proposal stays whole.
    static let period = 90 * Milliseconds.day
    /// Long enough to look at what was tried out.
    static let developmentPeriod = Milliseconds.hour

    static func period(of kind: ChainKind) -> UInt64 {
        switch kind {
        case .development: developmentPeriod
        case .test, .main: period
        }
    }

    static func sweep<Base: StateReader>(
        at block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        let period = period(of: rules.facts.kind)
        guard block.timestamp.value >= period else { return }
        let due = StateKeyRange.ended(before: block.timestamp.lowered(by: period).advanced(by: 1))
        var left = recordsPerBlock
        // What is removed is gone, so that the first one is the cursor.
        while left > 0, let entry = state.firstEntry(in: due) {
            prune(State<Base>.decode(entry.value), &left, in: &state)
        }
    }

    private static func prune<Base: StateReader>(
        _ id: ProposalID, _ left: inout Int, in state: inout State<Base>
    ) {
        guard let old: Proposal = state.read(.proposal(id)) else {
            preconditionFailure("a proposal that ended has a record: \(id)")
        }
        for range in ranges(of: old) {
            for entry in state.entries(in: range, limit: left) {
                state.remove(key: entry.key)
                left -= 1
            }
            guard left > 0 else { return }
        }
        left -= 1
        var proposal = old
        if proposal.deposit.refund == .none { proposal.deposit.depositors = 0 }
        proposal.shrink()
        state.remove(.proposalContent(id))
        state.remove(.decision(.dryRun(id)))
        Governance.store(proposal, replacing: old, in: &state)
    }

    /// The records of a proposal that a receipt does without.
    private static func ranges(of proposal: Proposal) -> [StateKeyRange] {
        let id = proposal.id
        let counted = [StateKeyRange.ballots(of: id), .retracted(of: id), .petitions(of: id)]
        return proposal.deposit.refund == .none ? counted + [.deposits(of: id)] : counted
    }
}

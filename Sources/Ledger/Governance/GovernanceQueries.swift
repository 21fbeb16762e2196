import Chain
import Codec
import Cryptography
import StateTree

/// A proposal as it is shown, with everything that can be said about it at one height.
public struct ProposalView: Hashable, Sendable {
    public let proposal: Proposal
    /// Nil for a receipt.
    public let content: ProposalContent?
    /// What of the proposer's own deposit is still there.
    public let ownDeposit: Amount
    /// The rules of its vote: frozen since the opening; before it, those of now.
    public let row: TrackRow
    /// The latest; of an executed proposal, what the execution did.
    public let dryRun: DryRun?

    public var tally: BallotAmounts { proposal.vote?.tally ?? proposal.outcome?.tally ?? .zero }

    /// Of all accounts at the snapshot; 0 before the opening.
    public var totalPower: UInt64 {
        proposal.vote?.totalPower ?? proposal.outcome?.totalPower ?? 0
    }
}

public struct BallotView: Hashable, Sendable {
    public let voter: Address
    public let ballot: Ballot
}

public struct DepositView: Hashable, Sendable {
    public let account: Address
    public let amount: Amount
}

/// Reads of governance for the API and the command line.
public enum GovernanceQueries {
    /// Entries of one answer.
    public static let limitMax = 100

    public static func proposal(
        _ id: ProposalID, over reader: some StateReader
    ) -> ProposalView? {
        let state = State(over: reader)
        guard let proposal: Proposal = state.read(.proposal(id)) else { return nil }
        return view(of: proposal, in: state)
    }

    /// The rules that a proposal of these actions would fall under now: what a client needs to know
    /// before it submits one.
    ///
    /// - Throws: if no proposal may have these actions.
    public static func classify(
        _ actions: [Action], over reader: some StateReader
    ) throws(Rejection) -> ProposalClass {
        let parameters = Rules(over: reader).parameters
        return try Tracks.classify(actions, parameters: parameters, in: State(over: reader))
    }

    /// The last id that was given; 0 before the first.
    public static func lastProposal(over reader: some StateReader) -> ProposalID {
        State(over: reader).read(.lastProposal) ?? ProposalID(0)
    }

    /// Newest first.
    ///
    /// - Parameters:
    ///   - status: only these; nil for all.
    ///   - before: the cursor: only ids below this one.
    ///   - limit: at most `limitMax`.
    public static func proposals(
        status: ProposalStatus? = nil, before: ProposalID? = nil, limit: Int,
        over reader: some StateReader
    ) -> [ProposalView] {
        let state = State(over: reader)
        let count = min(max(limit, 0), limitMax)
        let last: ProposalID = state.read(.lastProposal) ?? ProposalID(0)
        let first = min(before?.lowered(by: 1) ?? last, last)
        let ids: [ProposalID]
        if let status {
            let range = StateKeyRange(
                from: .proposalOfStatus(status, first), to: .proposalOfStatus(status, ProposalID(0))
            )
            ids = state.entries(in: range, limit: count).map { decoded($0, in: state) }
        } else {
            let lowest = first.lowered(by: UInt64(count)).value
            ids = stride(from: first.value, to: lowest, by: -1).map { ProposalID($0) }
        }
        return ids.compactMap { id in
            guard let proposal: Proposal = state.read(.proposal(id)) else { return nil }
            return view(of: proposal, in: state)
        }
    }

    /// The ballots of a proposal, by the voter's address.
    ///
    /// - Parameter after: the cursor: only addresses above this one.
    public static func ballots(
        of id: ProposalID, after: Address? = nil, limit: Int, over reader: some StateReader
    ) -> [BallotView] {
        let state = State(over: reader)
        return entries(
            { .ballot(id, $0) }, { .ballot(id.advanced(by: 1), $0) }, after, limit, state
        )
        .map { BallotView(voter: $0, ballot: decoded($1, in: state)) }
    }

    /// The ballot of one account.
    public static func ballot(
        of voter: Address, on id: ProposalID, over reader: some StateReader
    ) -> Ballot? {
        State(over: reader).read(.ballot(id, voter))
    }

    /// The deposits that are still there, by address; at most 64.
    public static func deposits(
        of id: ProposalID, over reader: some StateReader
    ) -> [DepositView] {
        let state = State(over: reader)
        return entries(
            { .deposit(id, $0) }, { .deposit(id.advanced(by: 1), $0) }, nil, limitMax, state
        )
        .map { DepositView(account: $0, amount: decoded($1, in: state)) }
    }

    /// Entries of keys that end with an address.
    private static func entries<Base: StateReader>(
        _ key: (Address) -> StateKey, _ next: (Address) -> StateKey, _ after: Address?,
        _ limit: Int, _ state: State<Base>
    ) -> [(Address, StateEntry)] {
        let zero = Address([UInt8](repeating: 0, count: 32))
        var lower = key(after ?? zero).bytes
        if after != nil { lower.append(0) }
        let upper = next(zero).bytes
        var found: [(Address, StateEntry)] = []
        while found.count < min(max(limit, 0), limitMax),
            let entry = state.firstEntry(from: lower, to: upper)
        {
            found.append((Address(Array(entry.key.suffix(32))), entry))
            lower = entry.key + [0]
        }
        return found
    }

    static func view<Base: StateReader>(
        of id: ProposalID, in state: State<Base>
    ) -> ProposalView? {
        guard let proposal: Proposal = state.read(.proposal(id)) else { return nil }
        return view(of: proposal, in: state)
    }

    private static func view<Base: StateReader>(
        of proposal: Proposal, in state: State<Base>
    ) -> ProposalView {
        let content: ProposalContent? =
            proposal.isReceipt ? nil : Governance.content(of: proposal.id, in: state)
        return ProposalView(
            proposal: proposal, content: content,
            ownDeposit: state.read(.deposit(proposal.id, proposal.proposer)) ?? .zero,
            row: proposal.vote?.row ?? presentRow(of: content, proposal.track, in: state),
            dryRun: state.read(.decision(.dryRun(proposal.id))))
    }

    private static func presentRow<Base: StateReader>(
        of content: ProposalContent?, _ track: Track, in state: State<Base>
    ) -> TrackRow {
        let parameters = Rules(over: state.base).parameters
        guard let content else { return parameters.row(track) }
        do {
            return try Tracks.classify(content.actions, parameters: parameters, in: state).row
        } catch {
            return parameters.row(track)
        }
    }

    private static func decoded<Value: CanonicalCodable, Base: StateReader>(
        _ entry: StateEntry, in state: State<Base>
    ) -> Value {
        State<Base>.decode(entry.value)
    }
}

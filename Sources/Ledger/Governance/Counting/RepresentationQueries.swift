import Chain
import Cryptography
import StateTree

/// What an account lends and was lent for one group of topics, as stake and prices are now.
public struct RepresentationView: Hashable, Sendable {
    public let group: TopicGroup
    /// The power of its own stake, with what it lends.
    public let own: UInt64
    /// In the order in which they were named.
    public let lent: [LentPower]
    public let received: UInt64
    /// From how many places it was lent something for which it has no slot left: that does not
    /// count with it, but with the owner.
    public let refusedPlaces: UInt32

    /// What it lends to nobody.
    public var kept: UInt64 { own - lent.reduce(0) { $0 + $1.power } }
}

/// An account's power for one proposal, and how it was used.
public struct WeightView: Hashable, Sendable {
    /// A part that is lent.
    public struct Part: Hashable, Sendable {
        public let lent: LentPower
        /// The representative's ballot; the part votes with it as long as the owner does not.
        public let ballot: Ballot?
    }

    public let voter: Address
    /// Before the opening nil: then everything is as it is now.
    public let snapshot: Height?
    public let own: UInt64
    public let parts: [Part]
    public let received: UInt64
    /// What of that went back to who voted.
    public let takenBack: UInt64
    public let ballot: Ballot?

    /// What a ballot of the account would carry now.
    public var power: UInt64 { own + received - takenBack }
}

extension GovernanceQueries {
    /// For each group of topics in their order.
    public static func representation(
        of account: Address, over reader: some StateReader
    ) -> [RepresentationView] {
        let state = State(over: reader)
        var prices = StakePrices(at: Height(.max))
        return TopicGroup.allCases.map { group in
            let held = VotingPower.held(
                by: account, group, &prices, in: state, counting: SearchMeter.uncounted)
            let received = VotingPower.received(
                by: account, group, &prices, in: state, counting: SearchMeter.uncounted)
            let list = Representation.list(of: account, group, at: prices.snapshot, in: state)
            let slots = state.read(
                .representation(.receivedSlots(account, group)), as: ReceivedSlots.self)
            return RepresentationView(
                group: group, own: held.own, lent: lent(held, list),
                received: received, refusedPlaces: slots?.refused ?? 0)
        }
    }

    /// Nil if there is no such proposal.
    public static func weight(
        of account: Address, on id: ProposalID, over reader: some StateReader
    ) -> WeightView? {
        let state = State(over: reader)
        guard let proposal: Proposal = state.read(.proposal(id)) else { return nil }
        let snapshot = proposal.vote?.snapshot
        var prices = StakePrices(at: snapshot ?? Height(.max))
        let held = VotingPower.held(
            by: account, proposal.group, &prices, in: state, counting: SearchMeter.uncounted)
        let received = VotingPower.received(
            by: account, proposal.group, &prices, in: state, counting: SearchMeter.uncounted)
        let list = Representation.list(
            of: account, proposal.group, at: prices.snapshot, in: state)
        let parts = lent(held, list).map { lent in
            WeightView.Part(
                lent: lent,
                ballot: state.read(.ballot(id, lent.representative.account)))
        }
        return WeightView(
            voter: account, snapshot: snapshot, own: held.own, parts: parts,
            received: received,
            takenBack: Governance.retracted(from: account, id, in: state),
            ballot: state.read(.ballot(id, account)))
    }

    /// Who has no stake lends nothing, and still has its list.
    private static func lent(
        _ held: VotingPower.Held, _ list: RepresentativeList
    ) -> [LentPower] {
        list.entries.map { entry in
            let part = held.lent.first { $0.representative == entry }
            return LentPower(representative: entry, power: part?.sum(within: .all) ?? 0)
        }
    }
}

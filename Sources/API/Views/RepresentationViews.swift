import Chain
import Cryptography
import Ledger

/// What an account lends and was lent, by topic, as stake is now.
struct RepresentationJSON: Encodable {
    private struct Lent: Encodable {
        let account: String
        /// In basis points.
        let weight: UInt16
        let power: String
    }

    private struct Topic: Encodable {
        let topic: String
        let own: String
        /// What of its own it lends to nobody.
        let kept: String
        let received: String
        /// Places that it was lent something from beyond the most that count.
        let refusedPlaces: UInt32
        let representatives: [Lent]
    }

    let address: String
    private let topics: [Topic]

    init(_ account: Address, _ views: [RepresentationView], _ chain: ChainDescription) {
        address = account.text(prefix: chain.addressPrefix)
        topics = views.map { view in
            Topic(
                topic: view.group.name, own: String(view.own), kept: String(view.kept),
                received: String(view.received), refusedPlaces: view.refusedPlaces,
                representatives: view.lent.map { lent in
                    Lent(
                        account: lent.representative.account.text(prefix: chain.addressPrefix),
                        weight: lent.representative.weight, power: String(lent.power))
                })
        }
    }
}

/// An account's power for one proposal, and how it was used.
struct WeightJSON: Encodable {
    private struct Part: Encodable {
        let representative: String
        let weight: UInt16
        let power: String
        /// How the representative voted with it; null if it did not, or if the owner voted.
        let votes: Nullable<WeightsJSON>
    }

    let voter: String
    /// Null before the vote is open: then the figures are those of now.
    private let snapshot: Nullable<UInt64>
    private let own: String
    private let lent: [Part]
    private let received: String
    private let takenBack: String
    /// What a ballot carries: own and received, less what was taken back.
    private let power: String
    private let ballot: Nullable<BallotJSON>

    init(_ view: WeightView, _ chain: ChainDescription) {
        voter = view.voter.text(prefix: chain.addressPrefix)
        snapshot = Nullable(view.snapshot?.value)
        own = String(view.own)
        lent = view.parts.map { part in
            let votes = view.ballot == nil ? part.ballot?.weights : nil
            return Part(
                representative: part.lent.representative.account.text(
                    prefix: chain.addressPrefix),
                weight: part.lent.representative.weight, power: String(part.lent.power),
                votes: Nullable(votes.map { WeightsJSON($0) }))
        }
        received = String(view.received)
        takenBack = String(view.takenBack)
        power = String(view.power)
        ballot = Nullable(
            view.ballot.map { BallotJSON(view.voter, $0, chain) })
    }
}

import Chain

/// Why a proposal's status changed, where the reason is no rejection.
///
/// Proposals keep the words, so that blocks commit to them: they change with the rules only.
enum StepReason: CaseIterable {
    case quorumMissed
    case depositMissed
    case noPlace
    case depositRose
    case byProposer
    case byPetition

    var text: String {
        switch self {
        case .quorumMissed: "the quorum was not met"
        case .depositMissed: "the deposit was not met"
        case .noPlace: "no place became free"
        case .depositRose: "the deposit rose"
        case .byProposer: "by the proposer"
        case .byPetition: "by petition"
        }
    }

    static func byProposal(_ id: ProposalID) -> String { "by proposal \(id)" }
}

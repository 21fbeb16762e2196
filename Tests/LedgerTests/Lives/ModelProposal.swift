import Chain

/// A row of the table of tracks on a development chain; parts in three-hundredths.
struct ModelRow: Equatable {
    let rank: Int
    let deposit: Int
    let places: Int
    let quorum: Int
    let approve: Int
    let minYes: Int
    let confirm: Int
    let delay: Int

    init(
        _ rank: Int, _ deposit: Int, _ places: Int, _ quorum: Int, _ approve: Int, _ minYes: Int,
        confirm: Int = 3_000, delay: Int = 5_000
    ) {
        self.rank = rank
        self.deposit = deposit
        self.places = places
        self.quorum = quorum
        self.approve = approve
        self.minYes = minYes
        self.confirm = confirm
        self.delay = delay
    }

    static let text = ModelRow(0, 1, 20, 45, 150, 0, delay: 0)
    static let pause = ModelRow(1, 10, 3, 15, 150, 200, confirm: 0, delay: 0)
    static let fast = ModelRow(1, 10, 3, 15, 150, 200, confirm: 0)
    static let small = ModelRow(2, 1, 10, 45, 150, 9)
    static let medium = ModelRow(3, 3, 5, 60, 165, 18)
    static let large = ModelRow(4, 10, 3, 90, 180, 36)
    static let parameter = ModelRow(5, 3, 5, 60, 165, 18)
    static let people = ModelRow(6, 3, 3, 60, 180, 24)
    static let greatest = ModelRow(8, 20, 3, 120, 200, 75)

    static let rankCount = 9

    static func of(_ action: ModelAction, treasury: Int) -> ModelRow {
        switch action {
        case .text: .text
        case .spend(let spend): of(spend: spend, treasury: treasury)
        case .pause: .pause
        case .resume, .cancelQueued: .fast
        case .people, .giveBack: .people
        case .parameter: .parameter
        }
    }

    private static func of(spend: Int, treasury: Int) -> ModelRow {
        if spend * 1_000 <= treasury { return .small }
        if spend * 100 <= treasury { return .medium }
        if spend * 10 <= treasury { return .large }
        return .greatest
    }

    /// On a development chain the base is ten tokens.
    var required: Int { deposit * 10_000_000 }

    var endsEarly: Bool { rank == 1 }
}

/// What a proposal of the model does.
enum ModelAction: Equatable {
    case text
    case spend(Int)
    case pause(PausableModule, Int)
    case resume(PausableModule)
    /// The number of another proposal.
    case cancelQueued(Int)
    /// The least commission, in thousandths.
    case people(Int)
    /// The least delegation.
    case parameter(Int)
    /// Of the one escrow of slashed stake.
    case giveBack

    var pausable: PausableModule? {
        switch self {
        case .pause(let module, _), .resume(let module): module
        case .text, .spend, .cancelQueued, .people, .parameter, .giveBack: nil
        }
    }
}

/// What must be true at an execution, besides the values that are replaced.
enum ModelCondition: Equatable {
    case treasuryAtLeast(Int)
    case heightAtMost(Int)
    case executed(Int)
}

/// What a run of many lives must have met.
enum ModelEvent: CaseIterable {
    case pauseBegan, pauseGrew, pauseEnded, pauseRecalled, pauseFelt
    case conditionFalse, valueStale, targetGone
    case executedByAccount, executedByRetry, expiredByAccount, stillFailing
    case signedTwice, reopened, cancelledByPetition, cancelledByDecision, cancelledByProposer
    case cancelledAfterReopening, stakeReturned, returnClaimed, returnRefused, policyChanged
    case manyDepositors, depositRose, placeWasTaken, endedEarly, extended
    case fifthTaken, destroyed
}

/// One proposal of the model: what happened to it, as lists.
struct ModelProposal {
    enum Phase: Equatable {
        case collecting(until: Int)
        case waiting(until: Int)
        case voting
        case queued(at: Int)
        /// An execution failed at a height, so many by the chain itself.
        case retried(attempts: Int, height: Int, until: Int)
        case ended(ProposalStatus)
    }

    enum Refund {
        case held, all, fourFifths, none
    }

    let proposer: Int
    let action: ModelAction
    let conditions: [ModelCondition]
    /// The value that a change replaces.
    let expected: Int?
    var phase: Phase
    var required: Int
    var rank: Int
    /// What each account deposited and did not claim.
    var records: [Int: Int] = [:]
    var sum = 0
    /// What of it is still in the escrow.
    var escrowed = 0
    var refund = Refund.held
    /// Weights by voter; empty for none.
    var ballots: [[Int]]
    var firstEnd = 0
    var end = 0
    var hardEnd = 0
    var row = ModelRow.text
    var endsEarly = false
    var wasPassing = false
    var signers: [PetitionKind: Set<Int>] = [:]
    /// When it would have been executed before a petition reopened it.
    var reopenedFrom: Int?

    var status: ProposalStatus {
        switch phase {
        case .collecting, .waiting: .deposit
        case .voting: .voting
        case .queued, .retried: .queued
        case .ended(let status): status
        }
    }

    /// Counted from all ballots anew.
    func tally(_ powers: [Int]) -> ModelTally {
        var sums = [0, 0, 0, 0]
        for (power, weights) in zip(powers, ballots) where !weights.isEmpty {
            var parts = weights.map { power * $0 / 10_000 }
            let rest = power - parts.reduce(0, +)
            let most = weights.max() ?? 0
            parts[weights.firstIndex(of: most) ?? 0] += rest
            for option in 0..<4 { sums[option] += parts[option] }
        }
        return ModelTally(yes: sums[0], no: sums[1], abstain: sums[2], veto: sums[3])
    }
}

struct ModelTally: Equatable {
    let yes: Int
    let no: Int
    let abstain: Int
    let veto: Int

    /// Without abstentions.
    var votes: Int { yes + no + veto }
    var cast: Int { votes + abstain }

    func hasQuorum(_ row: ModelRow, total: Int) -> Bool {
        total > 0 && 300 * cast >= row.quorum * total
    }

    func passes(_ row: ModelRow, total: Int) -> Bool {
        votes > 0 && hasQuorum(row, total: total) && 300 * yes > row.approve * votes
            && 300 * yes >= row.minYes * total && 3 * veto <= votes
    }
}

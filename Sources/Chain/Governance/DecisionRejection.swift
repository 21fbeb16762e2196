import Cryptography

/// Why something about a decision is refused, or why its execution failed.
public enum DecisionRejection: Error, Hashable, Sendable {
    // A draft.
    case tooManyConditions(count: UInt64)
    case contradictory(String)
    case pauseDuration(UInt64)

    // A decision.
    case notQueued(ProposalID, ProposalStatus)
    case notExecutable(ProposalID)
    case notPaused(PausableModule)
    case conditionFalse(String)
    /// What spends took in 30 days, this one included, and what they may take.
    case outflowLimit(asset: AssetID, outflow: UInt128, limit: UInt128)
    /// Balances and supply no longer agree.
    case supplyBroken(AssetID)

    // A petition.
    case petitionClosed(ProposalID)
    case alreadySigned(ProposalID, PetitionKind)

    // A transaction.
    case paused(PausableModule, until: Timestamp)
}

extension DecisionRejection {
    public var code: String {
        switch self {
        case .tooManyConditions: "gov.too_many_conditions"
        case .contradictory: "gov.contradictory"
        case .pauseDuration: "gov.pause_duration"
        case .notQueued: "gov.not_queued"
        case .notExecutable: "gov.not_executable"
        case .notPaused: "gov.not_paused"
        case .conditionFalse: "gov.condition_false"
        case .outflowLimit: "gov.outflow_limit"
        case .supplyBroken: "gov.supply_broken"
        case .petitionClosed: "gov.petition_closed"
        case .alreadySigned: "gov.already_signed"
        case .paused: "gov.paused"
        }
    }

    /// What was found, in one sentence; amounts in base units.
    public var message: String { message(in: .plain) }

    /// What was found, in one sentence.
    public func message(in style: FactStyle) -> String {
        switch self {
        case .tooManyConditions(let count):
            "The proposal has \(count) conditions; at most \(ProposalCondition.countMax) are "
                + "allowed."
        case .contradictory(let what): "Two actions contradict each other: \(what)."
        case .pauseDuration(let duration):
            "A pause of \(duration) ms is not within 1...\(ModulePause.durationMax)."
        case .notQueued(let id, let status):
            "Proposal \(id) is not queued; it is \(status.name)."
        case .notExecutable(let id):
            "The execution of proposal \(id) is not one that failed and may be tried again."
        case .notPaused(let module): "The module \(module.name) is not paused."
        case .conditionFalse(let condition): "The condition that \(condition) does not hold."
        case .outflowLimit(let asset, let outflow, let limit):
            "Spends\(style.suffix(of: asset)) would come to \(style.sum(outflow, of: asset)) in "
                + "30 days; the limit is \(style.sum(limit, of: asset))."
        case .supplyBroken(let asset):
            "The balances of asset \(asset) would no longer sum to its supply."
        case .petitionClosed(let id): "Proposal \(id) takes no such petition."
        case .alreadySigned(let id, let kind):
            "The petition to \(kind.name) proposal \(id) was signed by this account already."
        case .paused(let module, let until):
            "The module \(module.name) is paused until \(style.pauseEnd(until))."
        }
    }

    /// What the sender can do about it.
    public var hint: String {
        switch self {
        case .tooManyConditions: "Name fewer conditions."
        case .contradictory: "Leave one of them out."
        case .pauseDuration: "Pause for at most 7 days."
        case .notQueued, .notExecutable: "See the proposal's history."
        case .notPaused: "See what is paused."
        case .conditionFalse: "See the proposal's conditions."
        case .outflowLimit: "Spend less, wait, or propose it as a spend of the constitution's row."
        case .supplyBroken: "Report this: it should not happen."
        case .petitionClosed:
            "A petition runs while the proposal is queued and untried; one reopens once."
        case .alreadySigned: "One signature is enough."
        case .paused: "Wait until the pause ends."
        }
    }

    public var mayBeCuredByWaiting: Bool {
        switch self {
        case .notQueued, .notExecutable, .notPaused, .conditionFalse, .outflowLimit,
            .petitionClosed, .paused:
            true
        case .tooManyConditions, .contradictory, .pauseDuration, .supplyBroken, .alreadySigned:
            false
        }
    }
}

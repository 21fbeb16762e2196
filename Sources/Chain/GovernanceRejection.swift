import Cryptography

/// Why an action of governance is refused. Codes begin with `gov.` and are stable.
public enum GovernanceRejection: Error, Hashable, Sendable {
    // A draft.
    case titleEmpty
    case titleTooLong(characters: UInt64)
    case actionNotAllowed(String)
    case mixedTopics
    case unknownParameter(String)
    case duplicateParameter(String)
    case parameterInvalid(String, problem: String)
    case expectedDiffers(String)
    case paymentCount(UInt64)
    case paymentZero
    case paymentToModule(Address)
    case treasuryTooSmall(asset: AssetID, balance: Amount, needed: UInt128)
    case duplicateEscrow(EscrowID)
    case escrowNotHeld(EscrowID)

    // Deposits.
    case depositTooLow(deposit: Amount, minimum: Amount)
    case depositTooHigh(deposit: Amount, missing: Amount)
    case depositComplete(ProposalID)
    case tooManyDepositors(limit: UInt16)
    case nothingToClaim(ProposalID)

    // A proposal.
    case unknownProposal(ProposalID)
    case notInDeposit(ProposalID, ProposalStatus)
    case notVoting(ProposalID, ProposalStatus)
    case notProposer(ProposalID)
    case tooLateToCancel(ProposalID, ProposalStatus)

    // A ballot.
    case contentDiffers(ProposalID)
    case weightsIncomplete(sum: UInt32)
    case reasonTooLong(characters: UInt64)
    case noPower(voter: Address, snapshot: Height)

    // Representatives.
    case tooManyRepresentatives(UInt64)
    case representsItself
    case duplicateRepresentative(Address)
    case representativeWithoutWeight(Address)
    case representativeWeights(sum: UInt32)

    // An execution; the reason why a proposal failed.
    case escrowShort(balance: Amount, needed: Amount)
    case supplyChanged

    // Streams, assets, upgrades.
    case enacted(EnactedRejection)
    // What becomes of decisions.
    case decision(DecisionRejection)
}

extension GovernanceRejection {
    public var code: String {
        switch self {
        case .titleEmpty: "gov.title_empty"
        case .titleTooLong: "gov.title_too_long"
        case .actionNotAllowed: "gov.action_not_allowed"
        case .mixedTopics: "gov.mixed_topics"
        case .unknownParameter: "gov.unknown_parameter"
        case .duplicateParameter: "gov.duplicate_parameter"
        case .parameterInvalid: "gov.parameter_invalid"
        case .expectedDiffers: "gov.expected_differs"
        case .paymentCount: "gov.payment_count"
        case .paymentZero: "gov.payment_zero"
        case .paymentToModule: "gov.payment_to_module"
        case .treasuryTooSmall: "gov.treasury_too_small"
        case .duplicateEscrow: "gov.duplicate_escrow"
        case .escrowNotHeld: "gov.escrow_not_held"
        case .depositTooLow: "gov.deposit_too_low"
        case .depositTooHigh: "gov.deposit_too_high"
        case .depositComplete: "gov.deposit_complete"
        case .tooManyDepositors: "gov.too_many_depositors"
        case .nothingToClaim: "gov.nothing_to_claim"
        case .unknownProposal: "gov.unknown_proposal"
        case .notInDeposit: "gov.not_in_deposit"
        case .notVoting: "gov.not_voting"
        case .notProposer: "gov.not_proposer"
        case .tooLateToCancel: "gov.too_late_to_cancel"
        case .contentDiffers: "gov.content_differs"
        case .weightsIncomplete: "gov.weights_incomplete"
        case .reasonTooLong: "gov.reason_too_long"
        case .noPower: "gov.no_power"
        case .tooManyRepresentatives: "gov.too_many_representatives"
        case .representsItself: "gov.represents_itself"
        case .duplicateRepresentative: "gov.duplicate_representative"
        case .representativeWithoutWeight: "gov.representative_without_weight"
        case .representativeWeights: "gov.representative_weights"
        case .escrowShort: "gov.escrow_short"
        case .supplyChanged: "gov.supply_changed"
        case .enacted(let reason): reason.code
        case .decision(let reason): reason.code
        }
    }

    /// What was found, in one sentence; amounts in base units, addresses in hexadecimal digits.
    public var message: String { message(in: .plain) }

    /// What was found, in one sentence.
    public func message(in style: FactStyle) -> String {
        switch self {
        case .titleEmpty: "The proposal has no title."
        case .titleTooLong(let characters):
            "The title has \(characters) characters; at most 140 are allowed."
        case .actionNotAllowed(let action):
            "The action \(action) cannot be part of a proposal."
        case .mixedTopics: "The actions are of more than one topic."
        case .unknownParameter(let name): "There is no parameter \(name)."
        case .duplicateParameter(let name): "The parameter \(name) is changed twice."
        case .parameterInvalid(let name, let problem):
            "The change of \(name) is not valid: \(problem)."
        case .expectedDiffers(let name):
            "The parameter \(name) does not have the expected value."
        case .paymentCount(let count):
            "The spend has \(count) payments; 1 to \(TreasurySpend.paymentsMax) are allowed."
        case .paymentZero: "A payment is 0."
        case .paymentToModule(let account):
            "The account \(style.address(account)) belongs to the ledger and takes no payments."
        case .treasuryTooSmall(let asset, let balance, let needed):
            "The treasury has \(style.holding(balance, of: asset)); "
                + "\(style.sum(needed, of: asset)) is needed."
        case .duplicateEscrow(let id): "The escrow \(id) is named twice."
        case .escrowNotHeld(let id): "What escrow \(id) holds can no longer be returned."
        case .depositTooLow(let deposit, let minimum):
            "The deposit of \(style.amount(deposit)) is below the minimum of "
                + "\(style.amount(minimum))."
        case .depositTooHigh(let deposit, let missing):
            "The deposit of \(style.amount(deposit)) is above what is missing, "
                + "\(style.amount(missing))."
        case .depositComplete(let id): "The deposit of proposal \(id) is complete."
        case .tooManyDepositors(let limit):
            "The proposal has \(limit) depositors, the most that are allowed."
        case .nothingToClaim(let id): "There is nothing to claim from proposal \(id)."
        case .unknownProposal(let id): "There is no proposal \(id)."
        case .notInDeposit(let id, let status):
            "Proposal \(id) takes no deposits; it is \(status.name)."
        case .notVoting(let id, .voting): "The vote on proposal \(id) is over."
        case .notVoting(let id, let status):
            "Proposal \(id) takes no ballots; it is \(status.name)."
        case .notProposer(let id): "Only the proposer can cancel proposal \(id)."
        case .tooLateToCancel(let id, let status):
            "Proposal \(id) can no longer be cancelled; it is \(status.name)."
        case .contentDiffers(let id): "The ballot names another content than proposal \(id) has."
        case .weightsIncomplete(let sum): "The weights sum to \(sum) instead of 10000."
        case .reasonTooLong(let characters):
            "The reason has \(characters) characters; at most 280 are allowed."
        case .noPower(let voter, let snapshot):
            "The account \(style.address(voter)) has no power: at height \(snapshot) it had no "
                + "stake, and nothing is lent to it that was not taken back."
        case .tooManyRepresentatives(let count):
            "\(count) representatives are named; at most \(RepresentativeList.countMax) are "
                + "allowed."
        case .representsItself: "An account cannot be its own representative."
        case .duplicateRepresentative(let account):
            "The account \(style.address(account)) is named twice."
        case .representativeWithoutWeight(let account):
            "The account \(style.address(account)) would represent nothing."
        case .representativeWeights(let sum):
            "The weights of the representatives sum to \(sum); at most 10000 are allowed."
        case .escrowShort(let balance, let needed):
            "The escrow would hold \(style.amount(balance)) for deposits of "
                + "\(style.amount(needed))."
        case .supplyChanged: "The supply would have changed."
        case .enacted(let reason): reason.message
        case .decision(let reason): reason.message(in: style)
        }
    }

    /// What the sender can do about it.
    public var hint: String {
        switch self {
        case .titleEmpty: "Add a title."
        case .titleTooLong: "Shorten the title."
        case .actionNotAllowed: "Send it as a transaction."
        case .mixedTopics: "Make a proposal for each topic."
        case .unknownParameter: "See the list of parameters."
        case .duplicateParameter: "Change each parameter once."
        case .parameterInvalid: "See the parameter's bounds."
        case .expectedDiffers: "Read the parameter's value again."
        case .paymentCount, .paymentZero, .paymentToModule: "Correct the payments."
        case .treasuryTooSmall: "Spend less."
        case .duplicateEscrow: "Name each escrow once."
        case .escrowNotHeld: "See the list of escrows: each takes proposals for some days."
        case .depositTooLow: "Deposit at least the minimum."
        case .depositTooHigh: "Deposit at most what is missing."
        case .depositComplete: "Wait for the vote."
        case .tooManyDepositors: "Ask one of the depositors to add to theirs."
        case .nothingToClaim: "Deposits are claimed once, when the proposal allows it."
        case .unknownProposal: "See the list of proposals."
        case .notInDeposit, .notVoting, .tooLateToCancel: "See the proposal's history."
        case .notProposer: "Vote no."
        case .contentDiffers: "Read the proposal again and vote on its content hash."
        case .weightsIncomplete: "Give weights in basis points that sum to 10000."
        case .reasonTooLong: "Shorten the reason."
        case .noPower: "Stake bonded after the snapshot votes on later proposals."
        case .tooManyRepresentatives: "Name fewer representatives."
        case .representsItself: "What you lend to nobody stays with you."
        case .duplicateRepresentative: "Name each representative once."
        case .representativeWithoutWeight: "Give it at least one basis point, or leave it out."
        case .representativeWeights: "Lower the weights until they sum to 10000 or less."
        case .escrowShort, .supplyChanged: "Report this: it should not happen."
        case .enacted(let reason): reason.hint
        case .decision(let reason): reason.hint
        }
    }

    /// Whether the same transaction may be accepted later.
    public var mayBeCuredByWaiting: Bool {
        switch self {
        case .expectedDiffers, .treasuryTooSmall, .tooManyDepositors, .nothingToClaim,
            .unknownProposal, .notInDeposit, .notVoting, .parameterInvalid, .depositTooLow,
            .depositTooHigh, .depositComplete:
            true
        case .titleEmpty, .titleTooLong, .actionNotAllowed, .mixedTopics, .unknownParameter,
            .duplicateParameter, .paymentCount, .paymentZero, .paymentToModule, .notProposer,
            .tooLateToCancel, .contentDiffers, .weightsIncomplete, .reasonTooLong, .noPower,
            .tooManyRepresentatives, .representsItself, .duplicateRepresentative,
            .representativeWithoutWeight, .representativeWeights, .escrowShort, .supplyChanged,
            .duplicateEscrow, .escrowNotHeld:
            false
        case .enacted(let reason): reason.mayBeCuredByWaiting
        case .decision(let reason): reason.mayBeCuredByWaiting
        }
    }
}

import Cryptography

/// Why an action with stake is refused. Codes begin with `staking.` and are stable.
public enum StakingRejection: Error, Hashable, Sendable {
    // Validators.
    case unknownValidator(Address)
    case notAnOperator(Address)
    case validatorExists(Address)
    case invalidKey(PublicKey)
    case keyTaken(PublicKey)
    case badProof(PublicKey)
    case keyDead(PublicKey)
    case invalidField(String, problem: String)
    case commissionTooHigh(found: UInt16, limit: UInt16)
    case commissionTooLow(found: UInt16, limit: UInt16)
    case selfBondTooLow(found: Amount, minimum: Amount)
    case nothingToChange
    case notJailed(Address)
    case jailedUntil(Timestamp)

    // Where stake may go.
    case validatorLeaving(Address)
    case validatorBarred(Address)
    case poolEmpty(Address)
    case sameValidator(Address)
    case selfBondStays(Address)
    case lotBound(source: Address)

    // Amounts and positions.
    case noPosition
    case amountTooSmall(found: Amount, minimum: Amount)
    case amountAboveStake(found: Amount, stake: Amount)
    case noShares(Amount)
    case tooManyPositions(limit: UInt32)
    case tooManyPlaces(limit: UInt32)
    case alreadyInMode(StakeMode)

    // What a slash cut.
    case unknownEscrow(EscrowID)
    case notReturned(EscrowID)
    case returnOver(EscrowID)
    case nothingToReturn(EscrowID)
    case returnClaimed(EscrowID)
}

extension StakingRejection {
    public var code: String {
        switch self {
        case .unknownValidator: "staking.unknown_validator"
        case .notAnOperator: "staking.not_an_operator"
        case .validatorExists: "staking.validator_exists"
        case .invalidKey: "staking.invalid_key"
        case .keyTaken: "staking.key_taken"
        case .badProof: "staking.bad_proof"
        case .keyDead: "staking.key_dead"
        case .invalidField: "staking.invalid_field"
        case .commissionTooHigh: "staking.commission_too_high"
        case .commissionTooLow: "staking.commission_too_low"
        case .selfBondTooLow: "staking.self_bond_too_low"
        case .nothingToChange: "staking.nothing_to_change"
        case .notJailed: "staking.not_jailed"
        case .jailedUntil: "staking.jailed"
        case .validatorLeaving: "staking.validator_leaving"
        case .validatorBarred: "staking.validator_barred"
        case .poolEmpty: "staking.pool_empty"
        case .sameValidator: "staking.same_validator"
        case .selfBondStays: "staking.self_bond_stays"
        case .lotBound: "staking.lot_bound"
        case .noPosition: "staking.no_position"
        case .amountTooSmall: "staking.amount_too_small"
        case .amountAboveStake: "staking.amount_above_stake"
        case .noShares: "staking.no_shares"
        case .tooManyPositions: "staking.too_many_positions"
        case .tooManyPlaces: "staking.too_many_places"
        case .alreadyInMode: "staking.already_in_mode"
        case .unknownEscrow: "staking.unknown_escrow"
        case .notReturned: "staking.not_returned"
        case .returnOver: "staking.return_over"
        case .nothingToReturn: "staking.nothing_to_return"
        case .returnClaimed: "staking.return_claimed"
        }
    }

    /// What was found, in one sentence.
    public func message(in style: FactStyle) -> String {
        let address = style.address
        let amount = style.amount
        return switch self {
        case .unknownValidator(let account):
            "The account \(address(account)) is no validator's operator."
        case .notAnOperator(let account): "The account \(address(account)) has no validator."
        case .validatorExists(let account):
            "The account \(address(account)) has a validator already."
        case .invalidKey(let key): "The key \(key) is not a valid Ed25519 key."
        case .keyTaken(let key): "The key \(key) is or was another validator's, or this one's."
        case .badProof(let key):
            "The proof is not a signature of \(key) for this chain and operator."
        case .keyDead(let key): "The key \(key) signed two ways; it can never be used again."
        case .invalidField(let field, let problem): "The \(field) \(problem)."
        case .commissionTooHigh(let found, let limit):
            "The commission is \(found) basis points; at most \(limit) are allowed."
        case .commissionTooLow(let found, let limit):
            "The commission is \(found) basis points; at least \(limit) are asked for."
        case .selfBondTooLow(let found, let minimum):
            "The self-bond would be \(amount(found)); at least \(amount(minimum)) is needed."
        case .nothingToChange: "The action changes nothing."
        case .notJailed(let account): "The validator \(address(account)) is not jailed."
        case .jailedUntil(let time): "The jail ends at \(style.time(time))."
        case .validatorLeaving(let account): "The validator \(address(account)) is leaving."
        case .validatorBarred(let account):
            "The validator \(address(account)) is jailed for equivocation and takes no stake."
        case .poolEmpty(let account):
            "The pool of \(address(account)) is empty, and its operator has to deposit first."
        case .sameValidator(let account): "The stake is with \(address(account)) already."
        case .selfBondStays(let account):
            "The self-bond of \(address(account)) cannot move elsewhere."
        case .lotBound(let source):
            "The stake is still liable for \(address(source)) and can only go back there."
        case .noPosition: "The account has no such stake."
        case .amountTooSmall(let found, let minimum):
            "The amount is \(amount(found)); at least \(amount(minimum)) is needed."
        case .amountAboveStake(let found, let stake):
            "The amount is \(amount(found)); the stake there is worth \(amount(stake))."
        case .noShares(let found): "The amount \(amount(found)) is worth no share there."
        case .tooManyPositions(let limit):
            "The account has stake in \(limit) records, the most that are allowed."
        case .tooManyPlaces(let limit):
            "The account's stake was in \(limit) places lately, the most that are kept."
        case .alreadyInMode(let mode): "The position is \(mode.name) already."
        case .unknownEscrow(let id): "There is no escrow \(id)."
        case .notReturned(let id): "No proposal has returned what escrow \(id) holds."
        case .returnOver(let id): "What escrow \(id) held has gone to the treasury."
        case .nothingToReturn(let id): "The account lost nothing that is in escrow \(id)."
        case .returnClaimed(let id): "The account has claimed its part of escrow \(id)."
        }
    }

    /// What the sender can do about it.
    public var hint: String {
        switch self {
        case .unknownValidator: "See the list of validators."
        case .notAnOperator: "Sign with the operator's account."
        case .validatorExists: "Edit it, or wait until it is removed."
        case .invalidKey, .keyTaken: "Use a new key."
        case .badProof: "Make the proof with this key, for this chain and this operator."
        case .keyDead: "Rotate to a new key first."
        case .invalidField: "Correct the field."
        case .commissionTooHigh: "A commission rises by at most one percentage point at a time."
        case .commissionTooLow: "See the parameter staking.commissionFloor."
        case .selfBondTooLow: "Bond more, or leave."
        case .nothingToChange: "Name what is to change."
        case .notJailed: "Nothing has to be done."
        case .jailedUntil: "Wait until then."
        case .validatorLeaving: "It takes no stake and does not come back: choose another."
        case .validatorBarred: "Choose another validator."
        case .poolEmpty: "Wait for the operator, or choose another validator."
        case .sameValidator: "Name another validator."
        case .selfBondStays: "Undelegate it."
        case .lotBound: "Wait until it is free, move it back, or undelegate it."
        case .noPosition: "See the list of your stake."
        case .amountTooSmall: "Name more, or all."
        case .amountAboveStake: "Name less, or all."
        case .noShares: "Name more."
        case .tooManyPositions: "Use a validator that you delegate to already."
        case .tooManyPlaces: "Wait some days, or use a validator that you delegate to already."
        case .alreadyInMode: "Nothing has to be done."
        case .unknownEscrow: "See the list of escrows."
        case .notReturned: "Propose to return it as long as it is held, or wait for the vote."
        case .returnOver: "Nothing can be claimed any more."
        case .nothingToReturn: "Sign with the account that had the stake before the cut."
        case .returnClaimed: "Nothing has to be done."
        }
    }

    /// Whether the same transaction may be accepted later.
    public var mayBeCuredByWaiting: Bool {
        switch self {
        case .unknownValidator, .notAnOperator, .validatorExists, .keyDead, .commissionTooHigh,
            .commissionTooLow, .selfBondTooLow, .nothingToChange, .notJailed, .jailedUntil,
            .validatorBarred,
            .poolEmpty, .lotBound, .noPosition, .amountTooSmall, .amountAboveStake, .noShares,
            .tooManyPositions, .tooManyPlaces, .alreadyInMode, .unknownEscrow, .notReturned:
            true
        case .invalidKey, .keyTaken, .badProof, .invalidField, .validatorLeaving, .sameValidator,
            .selfBondStays, .returnOver, .nothingToReturn, .returnClaimed:
            false
        }
    }
}

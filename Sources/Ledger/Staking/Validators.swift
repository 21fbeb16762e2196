import Chain
import Cryptography
import StateTree

// What operators do with their validators.
extension Staking {
    /// Basis points by which a commission rises at most at a time.
    static let commissionRiseMax: UInt16 = 100
    /// How long before a rise it is announced at least.
    static let commissionNotice = 7 * Milliseconds.day

    static func create<Base: StateReader>(
        _ draft: ValidatorDraft, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let account = context.sender
        guard !state.contains(.validator(account)) else {
            throw .staking(.validatorExists(account))
        }
        let parameters = context.rules.parameters
        guard draft.commission <= GenesisEntry.commissionMax else {
            throw .staking(
                .commissionTooHigh(found: draft.commission, limit: GenesisEntry.commissionMax))
        }
        try checkFloor(draft.commission, parameters)
        guard draft.selfBond >= parameters.minSelfBond, draft.selfBond > .zero else {
            throw .staking(
                .selfBondTooLow(found: draft.selfBond, minimum: parameters.minSelfBond))
        }
        try check(draft.profile, in: state)
        try check(draft.consensusKey, context, in: state)
        guard draft.consensusKey.key != draft.profile.networkKey else {
            throw .staking(.keyTaken(draft.profile.networkKey))
        }
        register(
            ValidatorRecord(
                operatorAddress: account, consensusKey: draft.consensusKey.key,
                profile: draft.profile, commission: draft.commission, status: .candidate),
            in: &state)
        state.emit(
            .staking(
                .validatorCreated(validator: account, consensusKey: draft.consensusKey.key)))
        try delegate(draft.selfBond, to: account, context, in: &state)
    }

    /// Writes a new validator with an empty pool; the caller checked it.
    static func register<Base: StateReader>(
        _ record: ValidatorRecord, in state: inout State<Base>
    ) {
        let account = record.operatorAddress
        state.write(.validator(account), record)
        state.write(.operatorOfKey(record.consensusKey), account)
        state.write(.staking(.operatorOfNetworkKey(record.networkKey)), account)
        let generation = nextGeneration(in: &state)
        state.write(
            .staking(.pool(account)), ValidatorPool(stake: ShareRecord(generation: generation)))
    }

    private static func check<Base: StateReader>(
        _ profile: ValidatorProfile, in state: State<Base>
    ) throws(Rejection) {
        if let problem = profile.problem {
            throw .staking(.invalidField(problem.field, problem: problem.message))
        }
        guard !state.contains(.staking(.operatorOfNetworkKey(profile.networkKey))),
            !state.contains(.operatorOfKey(profile.networkKey))
        else { throw .staking(.keyTaken(profile.networkKey)) }
    }

    /// A key is one validator's for ever, so that evidence leads to who signed it.
    private static func check<Base: StateReader>(
        _ key: ProvenKey, _ context: ActionContext, in state: State<Base>
    ) throws(Rejection) {
        guard key.key.isMainSubgroupPoint else { throw .staking(.invalidKey(key.key)) }
        guard !state.contains(.operatorOfKey(key.key)),
            !state.contains(.staking(.operatorOfNetworkKey(key.key)))
        else { throw .staking(.keyTaken(key.key)) }
        guard
            key.isValid(chainID: context.rules.facts.chainID, operatorAddress: context.sender)
        else { throw .staking(.badProof(key.key)) }
    }

    private static func ownRecord<Base: StateReader>(
        _ context: ActionContext, in state: State<Base>
    ) throws(Rejection) -> ValidatorRecord {
        guard let record = state.read(.validator(context.sender), as: ValidatorRecord.self) else {
            throw .staking(.notAnOperator(context.sender))
        }
        return record
    }

    static func edit<Base: StateReader>(
        _ edit: ValidatorEdit, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        var record = try ownRecord(context, in: state)
        let before = record
        if let profile = edit.profile {
            try change(&record, to: profile, in: &state)
        }
        if let rate = edit.commission {
            try change(&record, toCommission: rate, context, in: &state)
        }
        guard record != before else { throw .staking(.nothingToChange) }
        state.write(.validator(context.sender), record)
        state.emit(.staking(.validatorEdited(validator: context.sender)))
    }

    private static func change<Base: StateReader>(
        _ record: inout ValidatorRecord, to profile: ValidatorProfile,
        in state: inout State<Base>
    ) throws(Rejection) {
        if profile.networkKey != record.networkKey {
            state.remove(.staking(.operatorOfNetworkKey(record.networkKey)))
            try check(profile, in: state)
            state.write(
                .staking(.operatorOfNetworkKey(profile.networkKey)), record.operatorAddress)
        } else if let problem = profile.problem {
            throw .staking(.invalidField(problem.field, problem: problem.message))
        }
        record.profile = profile
    }

    /// A fall takes effect at once and ends an announced rise; a rise is announced.
    private static func change<Base: StateReader>(
        _ record: inout ValidatorRecord, toCommission rate: UInt16, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let account = context.sender
        guard rate > record.commission else {
            if rate < record.commission {
                try checkFloor(rate, context.rules.parameters)
                state.emit(.staking(.commissionChanged(validator: account, rate: rate)))
            }
            record.commission = rate
            record.rise = nil
            return
        }
        let limit = min(GenesisEntry.commissionMax, record.commission + commissionRiseMax)
        guard rate <= limit else {
            throw .staking(.commissionTooHigh(found: rate, limit: limit))
        }
        let notBefore = context.block.timestamp.advanced(by: commissionNotice)
        record.rise = CommissionRise(rate: rate, notBefore: notBefore)
        state.emit(
            .staking(
                .commissionAnnounced(validator: account, rate: rate, notBefore: notBefore)))
    }

    /// Nobody begins below the floor or falls below it; a floor that rises forces nobody.
    private static func checkFloor(
        _ rate: UInt16, _ parameters: Parameters
    ) throws(Rejection) {
        let whole = UInt64(GenesisEntry.commissionMax)
        let floor = multiplyDividingUp(
            whole, UInt64(parameters.commissionFloor.numerator),
            by: UInt64(parameters.commissionFloor.denominator))
        let limit = UInt16(clamping: floor ?? whole)
        guard rate >= limit else {
            throw .staking(.commissionTooLow(found: rate, limit: limit))
        }
    }

    static func unjail<Base: StateReader>(
        _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        var record = try ownRecord(context, in: state)
        guard record.status == .jailed, let jail = record.jail else {
            throw .staking(.notJailed(context.sender))
        }
        guard context.block.timestamp >= jail.until else {
            throw .staking(.jailedUntil(jail.until))
        }
        guard !isDead(record.consensusKey, in: state) else {
            throw .staking(.keyDead(record.consensusKey))
        }
        let parameters = context.rules.parameters
        let bond = selfBond(of: context.sender, in: state)
        guard bond >= parameters.minSelfBond else {
            throw .staking(.selfBondTooLow(found: bond, minimum: parameters.minSelfBond))
        }
        record.status = .candidate
        record.jail = nil
        state.write(.validator(context.sender), record)
        state.emit(.staking(.unjailed(validator: context.sender)))
    }

    static func leave<Base: StateReader>(
        _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        var record = try ownRecord(context, in: state)
        guard record.status != .leaving else {
            throw .staking(.validatorLeaving(context.sender))
        }
        record.status = .leaving
        record.rise = nil
        state.write(.validator(context.sender), record)
        state.emit(.staking(.leaving(validator: context.sender)))
        let place = StakePlace.pool(context.sender)
        if position(of: context.sender, in: .place(place), state) != nil {
            try undelegate(.all, from: place, context, in: &state)
        }
    }

    /// The new key gets power from the next election on.
    static func rotate<Base: StateReader>(
        to key: ProvenKey, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        var record = try ownRecord(context, in: state)
        guard record.status != .leaving else {
            throw .staking(.validatorLeaving(context.sender))
        }
        try check(key, context, in: state)
        record.consensusKey = key.key
        state.write(.validator(context.sender), record)
        state.write(.operatorOfKey(key.key), context.sender)
        state.emit(
            .staking(.keyRotated(validator: context.sender, consensusKey: key.key)))
    }

    /// Whether a key signed two ways.
    static func isDead<Base: StateReader>(_ key: PublicKey, in state: State<Base>) -> Bool {
        state.contains(.offence(key))
    }
}

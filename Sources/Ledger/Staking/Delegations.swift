import Chain
import Cryptography
import StateTree

// What accounts do with their stake. An action that throws is undone by the transaction that
// carries it, so that a conversion is done as a whole or not at all.
extension Staking {
    static func perform<Base: StateReader>(
        _ action: StakingAction, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        switch action {
        case .createValidator(let draft): try create(draft, context, in: &state)
        case .editValidator(let edit): try self.edit(edit, context, in: &state)
        case .unjail: try unjail(context, in: &state)
        case .leave: try leave(context, in: &state)
        case .rotateKey(let key): try rotate(to: key, context, in: &state)
        case .delegate(let validator, let amount):
            try delegate(amount, to: validator, context, in: &state)
        case .undelegate(let place, let amount):
            try undelegate(amount, from: place, context, in: &state)
        case .cancel(let bucket, let amount):
            try cancel(amount, of: bucket, context, in: &state)
        case .redelegate(let place, let validator, let amount):
            try redelegate(amount, from: place, to: validator, context, in: &state)
        case .setMode(let validator, let mode):
            try setMode(mode, with: validator, context, in: &state)
        case .claim: try claim(context, in: &state)
        case .claimReturn(let escrow): try claimReturn(from: escrow, context, in: &state)
        }
    }

    /// Throws unless stake may come to a validator now.
    ///
    /// - Parameter isSelfBond: whether it is the operator's own deposit, with which alone an empty
    ///   pool begins, and which a validator needs before it can come back from a jail that is over.
    private static func checkOpen<Base: StateReader>(
        _ validator: Address, isSelfBond: Bool, at now: Timestamp, in state: State<Base>
    ) throws(Rejection) {
        let record = try record(of: validator, in: state)
        guard record.status != .leaving else { throw .staking(.validatorLeaving(validator)) }
        if record.isBarred, let jail = record.jail {
            guard isSelfBond, now >= jail.until else {
                throw .staking(.validatorBarred(validator))
            }
        }
        guard isSelfBond || poolOfKnown(validator, in: state).stake.shares > 0 else {
            throw .staking(.poolEmpty(validator))
        }
    }

    /// Throws unless an account may begin or add to a position with an amount.
    private static func checkEntry<Base: StateReader>(
        _ tokens: UInt64, to place: StakePlace, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let holding = StakeHolding.place(place)
        let minimum = context.rules.parameters.minDelegation
        if position(of: context.sender, in: holding, state) == nil, tokens < minimum.value {
            throw .staking(.amountTooSmall(found: Amount(tokens), minimum: minimum))
        }
        try checkRoom(
            for: holding, of: context.sender, in: &state, at: context.block.height)
        try checkPlaces(for: place, of: context.sender, in: &state)
    }

    static func delegate<Base: StateReader>(
        _ amount: Amount, to validator: Address, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard amount > .zero else { throw .amountZero }
        try checkOpen(
            validator, isSelfBond: context.sender == validator, at: context.block.timestamp,
            in: state)
        try checkEntry(amount.value, to: .pool(validator), context, in: &state)
        try state.move(amount, from: context.sender, to: ModuleAccounts.bondedPool)
        try deposit(
            amount.value, of: context.sender, into: validator, at: context.block.height,
            in: &state)
        state.emit(
            .staking(
                .delegated(account: context.sender, validator: validator, amount: amount)))
    }

    static func undelegate<Base: StateReader>(
        _ amount: StakeAmount, from place: StakePlace, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let clock = StakeClock(context)
        let place = settled(place, context, clock, in: &state)
        let tokens = try withdraw(
            amount, of: context.sender, from: place, at: clock.height, in: &state)
        try checkExit(of: tokens, amount, from: place, context, in: state)
        // Shares worth 0 may be burned.
        guard tokens > 0 else { return }
        let origin: StakeOrigin? =
            switch place {
            case .pool: nil
            case .lot(let id):
                StakeOrigin(
                    validator: id.origin.validator, exit: exit(of: id.origin, clock, in: state))
            }
        let bucket = BucketID(validator: place.validator, exit: clock.exit, origin: origin)
        try deposit(tokens, of: context.sender, into: bucket, at: clock.height, in: &state)
        state.emit(
            .staking(
                .undelegated(
                    account: context.sender, validator: place.validator, amount: Amount(tokens),
                    exit: clock.exit)))
    }

    /// A part of a position that leaves is not dust, and the self-bond of who stays is enough.
    private static func checkExit<Base: StateReader>(
        of tokens: UInt64, _ amount: StakeAmount, from place: StakePlace,
        _ context: ActionContext, in state: State<Base>
    ) throws(Rejection) {
        let parameters = context.rules.parameters
        let isWhole = position(of: context.sender, in: .place(place), state) == nil
        guard isWhole || tokens >= parameters.minDelegation.value else {
            throw .staking(
                .amountTooSmall(found: Amount(tokens), minimum: parameters.minDelegation))
        }
        guard place == .pool(context.sender),
            try record(of: context.sender, in: state).status != .leaving
        else { return }
        let rest = selfBond(of: context.sender, in: state)
        guard rest >= parameters.minSelfBond else {
            throw .staking(.selfBondTooLow(found: rest, minimum: parameters.minSelfBond))
        }
    }

    static func cancel<Base: StateReader>(
        _ amount: StakeAmount, of bucket: BucketID, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let clock = StakeClock(context)
        let account = context.sender
        let origin = bucket.origin.flatMap { clock.isFree($0.exit, in: state) ? nil : $0 }
        try checkOpen(
            bucket.validator, isSelfBond: origin == nil && account == bucket.validator,
            at: clock.now, in: state)
        let tokens = try withdraw(
            amount, of: account, from: bucket, at: clock.height, in: &state)
        if let origin {
            let lot = LotID(validator: bucket.validator, origin: origin)
            try checkEntry(tokens, to: .lot(lot), context, in: &state)
            try deposit(tokens, of: account, into: lot, at: clock.height, in: &state)
        } else {
            try checkEntry(tokens, to: .pool(bucket.validator), context, in: &state)
            try deposit(
                tokens, of: account, into: bucket.validator, at: clock.height, in: &state)
        }
        state.emit(
            .staking(
                .cancelled(
                    account: account, validator: bucket.validator, amount: Amount(tokens))))
    }

    static func redelegate<Base: StateReader>(
        _ amount: StakeAmount, from place: StakePlace, to target: Address,
        _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let clock = StakeClock(context)
        let account = context.sender
        let place = settled(place, context, clock, in: &state)
        let source = place.validator
        guard target != source else { throw .staking(.sameValidator(source)) }
        switch place {
        case .pool:
            guard source != account else { throw .staking(.selfBondStays(source)) }
        case .lot(let id):
            // Stake is liable for two validators at most: it can only go back.
            guard target == id.origin.validator else {
                throw .staking(.lotBound(source: id.origin.validator))
            }
        }
        try checkOpen(target, isSelfBond: false, at: clock.now, in: state)
        let tokens = try withdraw(
            amount, of: account, from: place, at: clock.height, in: &state)
        let lot = LotID(
            validator: target, origin: StakeOrigin(validator: source, exit: clock.exit))
        try checkEntry(tokens, to: .lot(lot), context, in: &state)
        try deposit(tokens, of: account, into: lot, at: clock.height, in: &state)
        state.emit(
            .staking(
                .redelegated(
                    account: account, from: source, to: target, amount: Amount(tokens),
                    exit: clock.exit)))
    }

    /// Where stake rests that was named: a lot that became free is part of the pool.
    private static func settled<Base: StateReader>(
        _ place: StakePlace, _ context: ActionContext, _ clock: StakeClock,
        in state: inout State<Base>
    ) -> StakePlace {
        guard case .lot(let id) = place, clock.isFree(id.origin.exit, in: state) else {
            return place
        }
        merge(id, of: context.sender, at: clock.height, in: &state)
        return .pool(id.validator)
    }

    // MARK: Rewards that are paid

    static func setMode<Base: StateReader>(
        _ mode: StakeMode, with validator: Address, _ context: ActionContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let holding = StakeHolding.place(.pool(validator))
        guard var position = position(of: context.sender, in: holding, state) else {
            throw .staking(.noPosition)
        }
        guard position.mode != mode else { throw .staking(.alreadyInMode(mode)) }
        switch mode {
        case .compounding:
            position.principal = nil
        case .paying:
            let pool = poolOfKnown(validator, in: state)
            let worth = pool.stake.value(of: position.shares)
            position.principal = StakePrincipal(
                amount: UInt64(truncatingIfNeeded: worth), index: pool.index)
        }
        setPosition(
            position, of: context.sender, in: holding, at: context.block.height, &state)
        state.emit(
            .staking(.modeChanged(account: context.sender, validator: validator, mode)))
    }

    /// Pays what all paying positions are worth above their principals; nothing is no error.
    static func claim<Base: StateReader>(
        _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        // An operator's own position may come on top of the most that are allowed.
        let entries = state.entries(
            in: .poolPositions(of: context.sender), limit: Int(positionsMax) + 1)
        for entry in entries {
            guard case .place(.pool(let validator)) = StakeHolding(positionKey: entry.key) else {
                preconditionFailure("a key of a position in a pool names a pool")
            }
            try claim(from: validator, context, in: &state)
            try state.checkBudget()
        }
    }

    private static func claim<Base: StateReader>(
        from validator: Address, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let account = context.sender
        let height = context.block.height
        let holding = StakeHolding.place(.pool(validator))
        guard var position = position(of: account, in: holding, state),
            let principal = position.principal
        else { return }
        var pool = poolOfKnown(validator, in: state)
        let rebased = principal.rebased(to: pool.index)
        let worth = pool.stake.value(of: position.shares)
        guard worth > UInt128(rebased.amount) else { return }
        let gain = worth - UInt128(rebased.amount)
        let shares = scaledDown(gain, pool.stake.shares, by: pool.stake.amount) ?? 0
        let tokens = pool.redeem(min(shares, position.shares))
        guard tokens > 0 else { return }
        position.shares -= min(shares, position.shares)
        position.principal = rebased
        setPool(pool, of: validator, at: height, in: &state)
        setPosition(position, of: account, in: holding, at: height, &state)
        try moveBonded(tokens, from: ModuleAccounts.bondedPool, to: account, in: &state)
        state.emit(
            .staking(
                .rewardsClaimed(
                    account: account, validator: validator, amount: Amount(tokens))))
    }

    // MARK: Values

    /// What the operator's own shares in its pool are worth: *self* of staking.md 1.
    static func selfBond<Base: StateReader>(
        of validator: Address, in state: State<Base>
    ) -> Amount {
        guard let pool = pool(of: validator, in: state),
            let position = position(of: validator, in: .place(.pool(validator)), state)
        else { return .zero }
        return Amount(UInt64(truncatingIfNeeded: pool.stake.value(of: position.shares)))
    }

    /// T of a validator's pool.
    static func bonded<Base: StateReader>(
        with validator: Address, in state: State<Base>
    ) -> Amount {
        Amount(pool(of: validator, in: state)?.tokens ?? 0)
    }

    /// What an account's shares of pools and lots are worth.
    static func bonded<Base: StateReader>(
        of account: Address, in state: State<Base>
    ) -> Amount {
        var sum: UInt64 = 0
        for range in [StateKeyRange.poolPositions(of: account), .lotPositions(of: account)] {
            for entry in state.entries(in: range, limit: .max) {
                guard case .place(let place) = StakeHolding(positionKey: entry.key),
                    let position = position(of: account, in: .place(place), state),
                    let pool = pool(of: place.validator, in: state)
                else { continue }
                var shares = position.shares
                if case .lot(let id) = place {
                    shares = lot(id, in: state)?.stake.value(of: shares) ?? 0
                }
                // Parts of the supply, which fits 63 bits.
                sum += UInt64(truncatingIfNeeded: pool.stake.value(of: shares))
            }
        }
        return Amount(sum)
    }
}

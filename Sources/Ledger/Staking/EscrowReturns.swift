import Chain
import Cryptography
import StateTree

// Slashed stake that holders decide to give back (staking.md 4, governance.md 6). Nothing goes over
// accounts: a proposal changes one record, and each account claims its own part.
extension Staking {
    // MARK: Proposals

    /// Throws unless everything that a proposal is to return is held and may still be named.
    static func checkReturns<Base: StateReader>(
        in actions: [Action], at now: Timestamp, in state: State<Base>
    ) throws(Rejection) {
        var named: [EscrowID] = []
        for case .returnStake(let id) in actions {
            guard !named.contains(id) else { throw .governance(.duplicateEscrow(id)) }
            named.append(id)
            let escrow = try heldEscrow(id, in: state)
            guard now < escrow.nameableUntil else { throw .governance(.escrowNotHeld(id)) }
        }
    }

    /// Writes down that a proposal names escrows: they are held as long as it lives.
    static func noteReturns<Base: StateReader>(
        in actions: [Action], by proposal: ProposalID, in state: inout State<Base>
    ) {
        for case .returnStake(let id) in actions {
            state.write(.staking(.escrowProposal(id, proposal)), proposal)
        }
    }

    private static func heldEscrow<Base: StateReader>(
        _ id: EscrowID, in state: State<Base>
    ) throws(Rejection) -> StakeEscrow {
        guard let escrow = escrow(id, in: state) else {
            let last: EscrowID = state.read(.staking(.lastEscrow)) ?? EscrowID(0)
            guard id.value >= 1, id <= last else { throw .staking(.unknownEscrow(id)) }
            throw .governance(.escrowNotHeld(id))
        }
        guard case .held = escrow.phase else { throw .governance(.escrowNotHeld(id)) }
        return escrow
    }

    /// Lets whoever held what a slash cut claim it from now on.
    static func returnStake<Base: StateReader>(
        _ id: EscrowID, by proposal: ProposalID, _ clock: StakeClock, in state: inout State<Base>
    ) throws(Rejection) {
        let before = try heldEscrow(id, in: state)
        var escrow = before
        let until = clock.now.advanced(by: claimPeriod(clock.kind))
        escrow.phase = .returned(by: proposal, until: until)
        setEscrow(escrow, id, replacing: before, in: &state)
        state.emit(
            .governance(
                .stakeReturned(proposal, escrow: id, amount: escrow.left, until: until)))
    }

    // MARK: Claims

    /// Pays an account all that a slash cut of its stake, once.
    static func claimReturn<Base: StateReader>(
        from id: EscrowID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let account = context.sender
        guard let before = escrow(id, in: state) else {
            let last: EscrowID = state.read(.staking(.lastEscrow)) ?? EscrowID(0)
            guard id.value >= 1, id <= last else { throw .staking(.unknownEscrow(id)) }
            throw .staking(.returnOver(id))
        }
        switch before.phase {
        case .held: throw .staking(.notReturned(id))
        case .released: throw .staking(.returnOver(id))
        case .returned(_, let until):
            guard context.block.timestamp < until else { throw .staking(.returnOver(id)) }
        }
        guard !state.contains(.staking(.escrowClaim(id, account))) else {
            throw .staking(.returnClaimed(id))
        }
        let lost = try state.searching { state, meter throws(Rejection) -> UInt64 in
            try Staking.lost(by: account, in: id, before, state) {
                searches throws(Rejection) in try meter.count(searches)
            }
        }
        // Parts are rounded down one by one, so that they never exceed what was cut.
        let amount = min(lost, before.left.value)
        guard amount > 0 else { throw .staking(.nothingToReturn(id)) }
        var escrow = before
        escrow.left = Amount(before.left.value - amount)
        setEscrow(escrow, id, replacing: before, in: &state)
        state.write(.staking(.escrowClaim(id, account)), Amount(amount))
        try pay(amount, to: account, in: &state)
        state.emit(
            .staking(
                .returnClaimed(
                    account: account, validator: escrow.validator, escrow: id,
                    amount: Amount(amount))))
    }

    /// What a slash cut of an account's stake: ⌊cut·s/S⌋ of every record that it had shares of.
    ///
    /// - Parameter count: told of searches before they are made; it may end them.
    /// - Complexity: O(places and buckets that are remembered of the account).
    static func lost<Base: StateReader, Failure: Error>(
        by account: Address, in id: EscrowID, _ escrow: StakeEscrow, _ state: State<Base>,
        counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> UInt64 {
        var sum: UInt64 = 0
        for place in try tracedPlaces(of: account, in: state, counting: count) {
            try count(1)
            let position: PositionTrace? = past(escrow.holders, in: state) {
                .staking(.positionTrace(account, place, $0))
            }
            guard let position, position.shares > 0 else { continue }
            // At most what is read of the place, its pool and its lot.
            try count(3)
            // Parts of what was cut, which fits 63 bits.
            sum += part(of: position, in: place, id, escrow, state)
        }
        // What left earlier was not liable.
        let since = escrow.epoch.lowered(by: 1)
        for bucket in try tracedBuckets(of: account, from: since, in: state, counting: count) {
            try count(2)
            let position: PositionTrace? = past(escrow.holders, in: state) {
                .staking(.bucketTrace(account, bucket, $0))
            }
            let key = StateKey.staking(.escrowPart(id, .bucket(bucket)))
            guard let position, let part = state.read(key, as: EscrowPart.self) else { continue }
            sum += part.tokens(of: position)
        }
        return sum
    }

    private static func part<Base: StateReader>(
        of position: PositionTrace, in place: StakePlace, _ id: EscrowID, _ escrow: StakeEscrow,
        _ state: State<Base>
    ) -> UInt64 {
        let own: EscrowPart? = state.read(.staking(.escrowPart(id, .place(place))))
        if let own { return own.tokens(of: position) }
        // A lot that was free has no part of its own, and no slash of its source cut it: its N was
        // still the one that is remembered.
        guard case .lot(let lot) = place, lot.origin.exit < escrow.firstBound,
            let pool: EscrowPart = state.read(
                .staking(.escrowPart(id, .place(.pool(lot.validator))))),
            let trace: StakeLot = past(
                escrow.holders, in: state, at: { .staking(.lotTrace(lot, $0)) }),
            trace.poolGeneration == pool.generation
        else { return 0 }
        let tokens = scaledDown(UInt128(pool.tokens), trace.stake.amount, by: pool.shares) ?? 0
        return EscrowPart(
            generation: trace.stake.generation, tokens: UInt64(truncatingIfNeeded: tokens),
            shares: trace.stake.shares
        ).tokens(of: position)
    }
}

extension EscrowPart {
    /// ⌊cut·s/S⌋; nothing for shares of another generation.
    fileprivate func tokens(of position: PositionTrace) -> UInt64 {
        guard position.generation == generation else { return 0 }
        let part = scaledDown(UInt128(tokens), min(position.shares, shares), by: shares)
        return UInt64(truncatingIfNeeded: part ?? 0)
    }
}

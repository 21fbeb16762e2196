import Chain
import Cryptography
import StateTree

// Where slashed stake waits, so that holders can still decide about it: held → returned → released,
// or released at once if nobody decides to return it.
extension Staking {
    static let releasesPerBlock = 4
    /// Records of a released escrow that one visit removes.
    static let clearedPerVisit = 64
    /// Proposals that one visit looks at.
    static let proposalsPerVisit = 16
    /// The reporter gets one of so many parts.
    static let reporterPart: UInt64 = 100

    /// How long it is held, and until when proposals to return it are taken.
    static func escrowPeriod(_ kind: ChainKind) -> UInt64 {
        kind == .development ? 3 * Milliseconds.minute : 14 * Milliseconds.day
    }

    /// How long what is returned can be claimed.
    static func claimPeriod(_ kind: ChainKind) -> UInt64 {
        kind == .development ? 10 * Milliseconds.minute : 90 * Milliseconds.day
    }

    /// How often an escrow is looked at whose proposal outlives its time.
    static func escrowPause(_ kind: ChainKind) -> UInt64 {
        kind == .development ? Milliseconds.second : 10 * Milliseconds.minute
    }

    static func escrow<Base: StateReader>(
        _ id: EscrowID, in state: State<Base>
    ) -> StakeEscrow? {
        state.read(.staking(.escrow(id)))
    }

    /// Writes an escrow, and the time from which a block looks at it.
    ///
    /// - Parameter before: as it is in the state; nil for a new one.
    static func setEscrow<Base: StateReader>(
        _ escrow: StakeEscrow, _ id: EscrowID, replacing before: StakeEscrow?,
        in state: inout State<Base>
    ) {
        if let before, before.phase.due != escrow.phase.due {
            state.remove(.staking(.escrowDue(before.phase.due, id)))
        }
        state.write(.staking(.escrow(id)), escrow)
        state.write(.staking(.escrowDue(escrow.phase.due, id)), id)
    }

    // MARK: Held

    /// Writes down what a slash cut.
    static func hold<Base: StateReader>(
        _ cut: Cut, of offence: OffenceRecord, _ clock: StakeClock, in state: inout State<Base>
    ) {
        let isOwn = offence.reporter == offence.operatorAddress
        hold(
            cut, of: offence.operatorAddress, for: offence.epoch,
            holders: clock.height.lowered(by: 1), reporter: isOwn ? nil : offence.reporter, clock,
            in: &state)
    }

    /// - Parameters:
    ///   - holders: the height whose shares were cut.
    ///   - reporter: who gets a part; nobody reports downtime.
    static func hold<Base: StateReader>(
        _ cut: Cut, of validator: Address, for epoch: Epoch, holders: Height, reporter: Address?,
        _ clock: StakeClock, in state: inout State<Base>
    ) {
        guard cut.tokens > 0 else { return }
        let last: EscrowID = state.read(.staking(.lastEscrow)) ?? EscrowID(0)
        let id = last.advanced(by: 1)
        state.write(.staking(.lastEscrow), id)
        let escrow = StakeEscrow(
            validator: validator, epoch: epoch, height: clock.height, holders: holders,
            firstBound: cut.firstBound, amount: Amount(cut.tokens), reporter: reporter,
            nameableUntil: clock.now.advanced(by: escrowPeriod(clock.kind)))
        setEscrow(escrow, id, replacing: nil, in: &state)
        for part in cut.parts {
            state.write(.staking(.escrowPart(id, part.holding)), part.part)
        }
    }

    // MARK: Released

    /// Looks at what was held long enough: unless a proposal about it lives, or its claims go on,
    /// the reporter gets a hundredth of what is left, at most a least self-bond, and the treasury
    /// the rest.
    static func releaseEscrows<Base: StateReader>(
        _ block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        let range = StateKeyRange.escrows(until: block.timestamp)
        for entry in state.entries(in: range, limit: releasesPerBlock) {
            let id: EscrowID = State<Base>.decode(entry.value)
            guard let before = escrow(id, in: state) else {
                preconditionFailure("a time names an escrow: \(id)")
            }
            var escrow = before
            switch escrow.phase {
            case .held:
                if isNamed(id, in: &state) {
                    postpone(&escrow, at: block, rules)
                } else {
                    tryToRelease(&escrow, id, at: block, rules, in: &state)
                }
            case .returned: tryToRelease(&escrow, id, at: block, rules, in: &state)
            case .released: break
            }
            setEscrow(escrow, id, replacing: before, in: &state)
            if case .released = escrow.phase { clear(escrow, id, in: &state) }
        }
    }

    /// Whether a proposal lives that names an escrow. Those that ended are forgotten.
    private static func isNamed<Base: StateReader>(
        _ id: EscrowID, in state: inout State<Base>
    ) -> Bool {
        let range = StateKeyRange.proposals(toReturn: id)
        for _ in 0..<proposalsPerVisit {
            guard let entry = state.firstEntry(in: range) else { return false }
            let proposal: ProposalID = State<Base>.decode(entry.value)
            let record = state.read(.proposal(proposal), as: Proposal.self)
            if let record, !record.status.isFinal { return true }
            state.remove(key: entry.key)
        }
        // The rest is looked at later.
        return state.firstEntry(in: range) != nil
    }

    /// Looks at it again after the pause; what is returned can be claimed until then.
    private static func postpone(
        _ escrow: inout StakeEscrow, at block: BlockContext, _ rules: Rules
    ) {
        let until = block.timestamp.advanced(by: escrowPause(rules.parameters.kind))
        switch escrow.phase {
        case .held: escrow.phase = .held(until: until)
        case .returned(let proposal, _): escrow.phase = .returned(by: proposal, until: until)
        case .released: break
        }
    }

    /// SEC-58: a payment that fails stops no chain. Nothing of the release is kept, and a later
    /// block tries again.
    private static func tryToRelease<Base: StateReader>(
        _ escrow: inout StakeEscrow, _ id: EscrowID, at block: BlockContext, _ rules: Rules,
        in state: inout State<Base>
    ) {
        let before = escrow
        state.checkpoint()
        do {
            try release(&escrow, at: block, rules, in: &state)
            state.commit()
        } catch {
            state.revert()
            escrow = before
            postpone(&escrow, at: block, rules)
            state.emit(
                .staking(
                    .releaseFailed(validator: escrow.validator, escrow: id, code: error.code)))
        }
    }

    private static func release<Base: StateReader>(
        _ escrow: inout StakeEscrow, at block: BlockContext, _ rules: Rules,
        in state: inout State<Base>
    ) throws(Rejection) {
        let left = escrow.left.value
        var reward: UInt64 = 0
        if let reporter = escrow.reporter, ModuleAccounts.acceptsPayments(reporter) {
            reward = min(left / reporterPart, rules.parameters.minSelfBond.value)
            try pay(reward, to: reporter, in: &state)
        }
        try pay(left - reward, to: ModuleAccounts.treasury, in: &state)
        escrow.left = .zero
        escrow.phase = .released(at: block.timestamp)
        state.emit(
            .staking(
                .escrowReleased(
                    validator: escrow.validator, treasury: Amount(left - reward),
                    reporter: reward > 0 ? escrow.reporter : nil, reward: Amount(reward))))
    }

    /// Removes some of the records of a released escrow; with the last ones the escrow goes.
    private static func clear<Base: StateReader>(
        _ escrow: StakeEscrow, _ id: EscrowID, in state: inout State<Base>
    ) {
        var room = clearedPerVisit
        let ranges = [
            StateKeyRange.parts(of: id), .claims(from: id), .proposals(toReturn: id),
        ]
        for range in ranges {
            for entry in state.entries(in: range, limit: room) {
                state.remove(key: entry.key)
                room -= 1
            }
        }
        guard room > 0 else { return }
        state.remove(.staking(.escrow(id)))
        state.remove(.staking(.escrowDue(escrow.phase.due, id)))
    }

    static func pay<Base: StateReader>(
        _ amount: UInt64, to account: Address, in state: inout State<Base>
    ) throws(Rejection) {
        try moveBonded(amount, from: ModuleAccounts.slashEscrow, to: account, in: &state)
    }
}

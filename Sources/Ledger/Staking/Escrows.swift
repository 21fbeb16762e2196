import Chain
import Cryptography
import StateTree

// Where slashed stake waits, so that holders can still decide about it.
extension Staking {
    /// How long it is held.
    static let escrowPeriod = 14 * Milliseconds.day
    static let releasesPerBlock = 4
    /// The reporter gets one of so many parts.
    static let reporterPart: UInt64 = 100

    /// Writes down what a slash cut.
    static func hold<Base: StateReader>(
        _ cut: Cut, of offence: OffenceRecord, _ clock: StakeClock, in state: inout State<Base>
    ) {
        let isOwn = offence.reporter == offence.operatorAddress
        hold(
            cut, of: offence.operatorAddress, for: offence.epoch,
            reporter: isOwn ? nil : offence.reporter, clock, in: &state)
    }

    /// - Parameter reporter: who gets a part; nobody reports downtime.
    static func hold<Base: StateReader>(
        _ cut: Cut, of validator: Address, for epoch: Epoch, reporter: Address?,
        _ clock: StakeClock, in state: inout State<Base>
    ) {
        guard cut.tokens > 0 else { return }
        let last = state.read(.staking(.lastEscrow), as: UInt64.self) ?? 0
        state.write(.staking(.lastEscrow), last + 1)
        let due = clock.now.advanced(by: escrowPeriod)
        state.write(
            .staking(.escrow(due, last + 1)),
            StakeEscrow(
                validator: validator, epoch: epoch, height: clock.height,
                amount: Amount(cut.tokens), reporter: reporter))
    }

    /// Pays out what was held long enough: to the reporter a hundredth, at most a least self-bond,
    /// and the rest to the treasury.
    static func releaseEscrows<Base: StateReader>(
        _ block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        let range = StateKeyRange.escrows(until: block.timestamp)
        for entry in state.entries(in: range, limit: releasesPerBlock) {
            let escrow: StakeEscrow = State<Base>.decode(entry.value)
            state.remove(key: entry.key)
            var reward: UInt64 = 0
            if let reporter = escrow.reporter, ModuleAccounts.acceptsPayments(reporter) {
                reward = min(
                    escrow.amount.value / reporterPart, rules.parameters.minSelfBond.value)
                release(reward, to: reporter, in: &state)
            }
            release(escrow.amount.value - reward, to: ModuleAccounts.treasury, in: &state)
            state.emit(
                .staking(
                    .escrowReleased(
                        validator: escrow.validator,
                        treasury: Amount(escrow.amount.value - reward),
                        reporter: reward > 0 ? escrow.reporter : nil, reward: Amount(reward))))
        }
    }

    private static func release<Base: StateReader>(
        _ amount: UInt64, to account: Address, in state: inout State<Base>
    ) {
        do {
            try moveBonded(amount, from: ModuleAccounts.slashEscrow, to: account, in: &state)
        } catch {
            preconditionFailure("the escrow has what it holds: \(error.code)")
        }
    }
}

import Chain
import StateTree

/// What every block does besides its transactions, in the order of staking.md 6: evidence,
/// closings, expiries, openings, executions, transactions, end of the epoch.
///
/// Every step is a total function: it cannot throw, so that no state of the chain stops it.
/// Evidence comes before all of them, in `Execution`; what it costs is the first of them.
enum BlockSteps {
    static func begin<Base: StateReader>(
        _ state: inout State<Base>, context: BlockContext, rules: Rules
    ) {
        Staking.raisePenalties(context, rules: rules, in: &state)
        Lanes.sweep(&state, at: context.height)
        Upgrades.take(context, in: &state)
        Staking.releaseEscrows(context, rules: rules, in: &state)
        Governance.beginBlock(&state, block: context, rules: rules)
    }

    static func end<Base: StateReader>(
        _ state: inout State<Base>, context: BlockContext, rules: Rules, collectedFees: Amount,
        election: Election, known: [ValidatorSet]
    ) {
        collect(collectedFees, in: &state)
        Epochs.end(&state, context: context, rules: rules, election: election, known: known)
    }

    /// Fees wait with the collector until rewards pay them out.
    private static func collect<Base: StateReader>(
        _ fees: Amount, in state: inout State<Base>
    ) {
        guard fees > .zero else { return }
        do {
            try state.credit(ModuleAccounts.feeCollector, fees)
        } catch {
            preconditionFailure("all fees are part of the supply, which fits: \(error.code)")
        }
    }
}

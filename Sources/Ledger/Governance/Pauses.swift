import Chain
import Cryptography
import StateTree

/// Modules that holders stopped for a while (governance.md 6).
///
/// A pause stops what accounts ask for, not what the chain does by itself and not what holders
/// decide; it is felt by the transactions of the block after the one that decides it, as a change
/// of a parameter is.
enum Pauses {
    static func table<Base: StateReader>(in state: State<Base>) -> PauseTable {
        state.read(.decision(.pauses)) ?? .none
    }

    /// Refuses what waits for a block while its module is paused.
    static func check(_ transaction: Transaction, rules: Rules) throws(Rejection) {
        guard !rules.pauses.entries.isEmpty else { return }
        for action in transaction.actions {
            guard let module = action.pausableModule, let entry = rules.pauses[module] else {
                continue
            }
            throw .governance(.decision(.paused(module, until: entry.until)))
        }
    }

    /// Refuses an action of a block's transaction.
    static func check(_ action: Action, _ context: ActionContext) throws(Rejection) {
        guard !context.rules.pauses.entries.isEmpty, let module = action.pausableModule,
            let entry = context.rules.pauses[module], context.block.timestamp < entry.until
        else { return }
        throw .governance(.decision(.paused(module, until: entry.until)))
    }

    /// Pauses a module from now on. One that is paused already stays so at least as long as it was.
    static func pause<Base: StateReader>(
        _ pause: ModulePause, by id: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        try checkForm(pause)
        var table = table(in: state)
        var until = block.timestamp.advanced(by: pause.duration)
        if let present = table[pause.module] { until = max(until, present.until) }
        table.set(PauseTable.Entry(module: pause.module, until: until, proposal: id))
        write(table, in: &state)
        state.emit(.governance(.decision(id, .paused(pause.module, until: until))))
    }

    static func checkForm(_ pause: ModulePause) throws(Rejection) {
        guard (1...ModulePause.durationMax).contains(pause.duration) else {
            throw .governance(.decision(.pauseDuration(pause.duration)))
        }
    }

    static func resume<Base: StateReader>(
        _ module: PausableModule, by id: ProposalID, in state: inout State<Base>
    ) throws(Rejection) {
        var table = table(in: state)
        guard table[module] != nil else { throw .governance(.decision(.notPaused(module))) }
        table.remove(module)
        write(table, in: &state)
        state.emit(.governance(.decision(id, .resumed(module))))
    }

    /// Ends the pauses whose time is over.
    static func end<Base: StateReader>(at block: BlockContext, in state: inout State<Base>) {
        var table = table(in: state)
        let ended = table.entries.filter { $0.until <= block.timestamp }
        guard !ended.isEmpty else { return }
        for entry in ended {
            table.remove(entry.module)
            state.emit(.governance(.decision(entry.proposal, .pauseEnded(entry.module))))
        }
        write(table, in: &state)
    }

    private static func write<Base: StateReader>(
        _ table: PauseTable, in state: inout State<Base>
    ) {
        if table.entries.isEmpty {
            state.remove(.decision(.pauses))
        } else {
            state.write(.decision(.pauses), table)
        }
    }
}

import Chain
import Cryptography
import StateTree

// The money behind proposals. It lies in the escrow; the escrow's balance is at least the sum of
// what it owes, and nothing but these functions moves it.
extension Governance {
    /// Adds to a deposit that is not complete.
    static func addDeposit<Base: StateReader>(
        _ amount: Amount, to id: ProposalID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(id, in: state)
        switch old.phase {
        case .collecting(let until) where context.block.timestamp < until: break
        case .waiting: throw .governance(.depositComplete(id))
        case .collecting, .voting, .queued, .ended:
            throw .governance(.notInDeposit(id, old.status))
        }
        let missing = old.deposit.missing
        let minimum = leastDeposit(for: old, by: context.sender, in: state)
        guard amount >= minimum else {
            throw .governance(.depositTooLow(deposit: amount, minimum: minimum))
        }
        guard amount <= missing else {
            throw .governance(.depositTooHigh(deposit: amount, missing: missing))
        }
        var proposal = old
        try takeDeposit(amount, of: context.sender, for: &proposal, in: &state)
        lineUpIfMet(&proposal, at: context.block)
        store(proposal, replacing: old, in: &state)
    }

    /// A least part for each depositor, so that nobody can fill the list with dust: a 64th of the
    /// whole, and from who is not on the list at least its part of what is missing among the places
    /// that are left. The second is more only if the deposit rose after others had met it.
    private static func leastDeposit<Base: StateReader>(
        for proposal: Proposal, by account: Address, in state: State<Base>
    ) -> Amount {
        let missing = proposal.deposit.missing
        let least = min(missing, Amount(proposal.deposit.required.value.dividedUp(by: 64)))
        let places = depositorsMax - min(proposal.deposit.depositors, depositorsMax)
        guard places > 0, !state.contains(.deposit(proposal.id, account)) else { return least }
        return max(least, Amount(missing.value.dividedUp(by: UInt64(places))))
    }

    /// Moves a deposit into the escrow and writes it down; the caller checked its size.
    static func takeDeposit<Base: StateReader>(
        _ amount: Amount, of account: Address, for proposal: inout Proposal,
        in state: inout State<Base>
    ) throws(Rejection) {
        let key = StateKey.deposit(proposal.id, account)
        let own = state.read(key, as: Amount.self)
        if own == nil {
            guard proposal.deposit.depositors < depositorsMax else {
                throw .governance(.tooManyDepositors(limit: depositorsMax))
            }
            proposal.deposit.depositors += 1
        }
        try state.move(amount, from: account, to: ModuleAccounts.depositEscrow)
        let overflow = Rejection.balanceOverflow(
            account: ModuleAccounts.depositEscrow, asset: .native)
        guard let part = (own ?? .zero).adding(amount),
            let sum = proposal.deposit.sum.adding(amount),
            let escrowed = proposal.deposit.escrowed.adding(amount),
            let total = depositsTotal(in: state).adding(amount)
        else { throw overflow }
        proposal.deposit.sum = sum
        proposal.deposit.escrowed = escrowed
        state.write(key, part)
        state.write(.depositsTotal, total)
        state.emit(.governance(.deposited(proposal.id, account: account, amount: amount)))
    }

    /// Pays a depositor back what the proposal's end leaves of the deposit.
    static func claim<Base: StateReader>(
        _ id: ProposalID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(id, in: state)
        let key = StateKey.deposit(id, context.sender)
        guard let part = state.read(key, as: Amount.self) else {
            throw .governance(.nothingToClaim(id))
        }
        let payment: Amount
        switch old.deposit.refund {
        case .held, .none: throw .governance(.nothingToClaim(id))
        case .all: payment = part
        case .fourFifths: payment = Amount(part.value - part.value.dividedUp(by: 5))
        }
        var proposal = old
        proposal.deposit.depositors -= 1
        state.remove(key)
        try release(payment, of: &proposal, to: context.sender, in: &state)
        if proposal.deposit.depositors == 0 {
            // What rounding left.
            try release(
                proposal.deposit.escrowed, of: &proposal, to: ModuleAccounts.treasury, in: &state)
        }
        state.emit(.governance(.depositClaimed(id, account: context.sender, amount: payment)))
        store(proposal, replacing: old, in: &state)
    }

    /// The end of a deposit stage: without its deposit the proposer loses its own, without a place
    /// nobody loses anything.
    static func expire<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, in state: inout State<Base>
    ) throws(Rejection) {
        let reason: StepReason
        if case .collecting = proposal.phase {
            try forfeitOwn(&proposal, in: &state)
            reason = .depositMissed
        } else {
            reason = .noPlace
        }
        proposal.deposit.refund = .all
        move(&proposal, to: .ended(.expired), reason.text, at: block, in: &state)
    }

    /// The proposer's own deposit goes to the treasury.
    static func forfeitOwn<Base: StateReader>(
        _ proposal: inout Proposal, in state: inout State<Base>
    ) throws(Rejection) {
        let key = StateKey.deposit(proposal.id, proposal.proposer)
        guard let own = state.read(key, as: Amount.self) else { return }
        state.remove(key)
        proposal.deposit.depositors -= 1
        try release(own, of: &proposal, to: ModuleAccounts.treasury, in: &state)
        state.emit(.governance(.depositForfeited(proposal.id, amount: own)))
    }

    /// A fifth of all deposits goes to the treasury; each depositor claims the rest of its own.
    static func forfeitFifth<Base: StateReader>(
        _ proposal: inout Proposal, in state: inout State<Base>
    ) throws(Rejection) {
        let fifth = Amount(proposal.deposit.sum.value / 5)
        try release(fifth, of: &proposal, to: ModuleAccounts.treasury, in: &state)
        state.emit(.governance(.depositForfeited(proposal.id, amount: fifth)))
    }

    /// All deposits leave the supply.
    static func destroyDeposits<Base: StateReader>(
        of proposal: inout Proposal, in state: inout State<Base>
    ) throws(Rejection) {
        let amount = proposal.deposit.escrowed
        try owe(amount, lessFor: &proposal, in: &state)
        try state.debit(ModuleAccounts.depositEscrow, amount)
        let supply = state.read(.supply(.native), as: Amount.self) ?? .zero
        guard let rest = supply.subtracting(amount) else { throw .governance(.supplyChanged) }
        state.write(.supply(.native), rest)
        state.emit(.governance(.depositDestroyed(proposal.id, amount: amount)))
    }

    private static func release<Base: StateReader>(
        _ amount: Amount, of proposal: inout Proposal, to account: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard amount > .zero else { return }
        try owe(amount, lessFor: &proposal, in: &state)
        try state.move(amount, from: ModuleAccounts.depositEscrow, to: account)
    }

    private static func owe<Base: StateReader>(
        _ amount: Amount, lessFor proposal: inout Proposal, in state: inout State<Base>
    ) throws(Rejection) {
        let total = depositsTotal(in: state)
        guard let rest = proposal.deposit.escrowed.subtracting(amount),
            let totalRest = total.subtracting(amount)
        else {
            throw .governance(.escrowShort(balance: total, needed: amount))
        }
        proposal.deposit.escrowed = rest
        if totalRest == .zero {
            state.remove(.depositsTotal)
        } else {
            state.write(.depositsTotal, totalRest)
        }
    }

    static func depositsTotal<Base: StateReader>(in state: State<Base>) -> Amount {
        state.read(.depositsTotal, as: Amount.self) ?? .zero
    }
}

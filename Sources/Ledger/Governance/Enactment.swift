import Chain
import Cryptography
import StateTree

/// What decided actions do to the state.
enum Enactment {
    /// Checks the form of a draft's actions and that they would work today, and writes the guards:
    /// the value that each change of a parameter replaces.
    static func prepared<Base: StateReader>(
        _ actions: [Action], at block: BlockContext, in state: State<Base>
    ) throws(Rejection) -> [Action] {
        try Enactments.check(actions, at: block, in: state)
        let current = parameters(in: state)
        var merged = current
        var names: [String] = []
        var payments: [TreasuryPayment] = []
        var prepared: [Action] = []
        for action in actions {
            switch action {
            case .setParameter(var change):
                guard let id = ParameterID(name: change.name) else {
                    throw .governance(.unknownParameter(change.name))
                }
                guard !names.contains(change.name) else {
                    throw .governance(.duplicateParameter(change.name))
                }
                guard change.expected == nil || change.expected == current[id] else {
                    throw .governance(.expectedDiffers(change.name))
                }
                names.append(change.name)
                try set(change, in: &merged)
                change.expected = current[id]
                prepared.append(.setParameter(change))
            case .spend(let spend):
                try check(spend, in: state)
                payments += spend.payments
                prepared.append(action)
            case .stream(let plan):
                payments += plan.payments
                prepared.append(action)
            case .recallStream, .createAsset, .mint, .upgrade:
                prepared.append(action)
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation:
                preconditionFailure("the actions were classified")
            }
        }
        if let name = names.first {
            try check(merged, against: current, changing: name, in: state)
        }
        for (asset, sum) in Tracks.sums(of: payments) {
            let balance = Treasury.balance(of: asset, in: state)
            guard sum <= UInt128(balance.value) else {
                throw .governance(.treasuryTooSmall(asset: asset, balance: balance, needed: sum))
            }
        }
        return prepared
    }

    private static func check<Base: StateReader>(
        _ spend: TreasurySpend, in state: State<Base>
    ) throws(Rejection) {
        guard (1...TreasurySpend.paymentsMax).contains(spend.payments.count) else {
            throw .governance(.paymentCount(UInt64(spend.payments.count)))
        }
        for payment in spend.payments {
            guard payment.amount > .zero else { throw .governance(.paymentZero) }
            guard !ModuleAccounts.all.contains(payment.recipient) else {
                throw .governance(.paymentToModule(payment.recipient))
            }
            guard payment.asset == .native || state.contains(.asset(payment.asset)) else {
                throw .unknownAsset(payment.asset)
            }
        }
    }

    /// The first false guard, as a reason; nil if all hold.
    static func falseGuard<Base: StateReader>(
        of actions: [Action], in state: State<Base>
    ) -> String? {
        let current = parameters(in: state)
        for case .setParameter(let change) in actions {
            guard let id = ParameterID(name: change.name), change.expected == current[id] else {
                return Rejection.governance(.expectedDiffers(change.name)).reason
            }
        }
        return nil
    }

    /// All actions in order. The caller's checkpoint undoes them if one fails.
    static func perform<Base: StateReader>(
        _ actions: [Action], of id: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let current = parameters(in: state)
        var merged = current
        var changed: String?
        for action in actions {
            switch action {
            case .setParameter(let change):
                try set(change, in: &merged)
                changed = changed ?? change.name
            case .spend(let spend):
                try Treasury.spend(spend, in: &state)
            case .stream(let plan):
                try Streams.create(plan, of: id, at: block, in: &state)
            case .recallStream(let stream):
                try Streams.recall(stream, of: id, at: block, in: &state)
            case .createAsset(let creation):
                try Assets.create(creation, of: id, in: &state)
            case .mint(let mint):
                try Assets.mint(mint, of: id, in: &state)
            case .upgrade(let plan):
                try Upgrades.schedule(plan, of: id, in: &state)
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation:
                throw .governance(.actionNotAllowed("of an account"))
            }
        }
        guard let changed else { return }
        try check(merged, against: current, changing: changed, in: state)
        // The transactions of this block still follow the rules that were read before it.
        state.write(.parameters, merged)
        for (before, after) in zip(current.all, merged.all) where before.value != after.value {
            state.emit(
                .governance(
                    .parameterChanged(
                        id, name: before.id.name, from: before.value, to: after.value)))
        }
    }

    /// What must hold after the actions (governance.md 4).
    static func checkInvariants<Base: StateReader>(
        supplyBefore: Amount, in state: State<Base>
    ) throws(Rejection) {
        let escrow = state.balance(of: ModuleAccounts.depositEscrow)
        let owed = Governance.depositsTotal(in: state)
        guard escrow >= owed else {
            throw .governance(.escrowShort(balance: escrow, needed: owed))
        }
        guard supply(in: state) == supplyBefore else { throw .governance(.supplyChanged) }
    }

    static func supply<Base: StateReader>(in state: State<Base>) -> Amount {
        state.read(.supply(.native), as: Amount.self) ?? .zero
    }

    /// The parameters as decided so far, executions of this block included.
    private static func parameters<Base: StateReader>(in state: State<Base>) -> Parameters {
        guard let parameters: Parameters = state.read(.parameters) else {
            preconditionFailure("a state has parameters")
        }
        return parameters
    }

    private static func set(
        _ change: ParameterChange, in parameters: inout Parameters
    ) throws(Rejection) {
        do {
            try parameters.set(change.name, to: change.value)
        } catch {
            throw .governance(.parameterInvalid(change.name, problem: error.message))
        }
    }

    /// Refuses rules that the change would break. What was broken before, because the supply
    /// shrank, must not keep holders from changing anything else.
    private static func check<Base: StateReader>(
        _ merged: Parameters, against current: Parameters, changing name: String,
        in state: State<Base>
    ) throws(Rejection) {
        let supply = supply(in: state)
        let known = current.validate(supply: supply)
        let problem = merged.validate(supply: supply).first { !known.contains($0) }
        guard let problem else { return }
        throw .governance(.parameterInvalid(name, problem: problem.description))
    }
}

// The execution of what was decided.
extension Governance {
    /// Guards first, invariants last, all actions or none. A false guard means that the world is
    /// not the one that was voted on: expired. Anything else: failed, with the reason.
    static func execute<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, in state: inout State<Base>
    ) {
        let actions = content(of: proposal.id, in: state).actions
        if let reason = Enactment.falseGuard(of: actions, in: state) {
            move(&proposal, to: .ended(.expired), reason, at: block, in: &state)
            return
        }
        state.checkpoint()
        do {
            let supply = Enactment.supply(in: state)
            try Enactment.perform(actions, of: proposal.id, at: block, in: &state)
            try Enactment.checkInvariants(supplyBefore: supply, in: state)
            state.commit()
            move(&proposal, to: .ended(.executed), at: block, in: &state)
        } catch {
            state.revert()
            move(&proposal, to: .ended(.failed), error.reason, at: block, in: &state)
        }
    }
}

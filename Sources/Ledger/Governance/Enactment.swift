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
                prepared.append(action)
            case .pause(let pause):
                try Pauses.checkForm(pause)
                prepared.append(action)
            case .resume, .cancelQueued, .stream, .recallStream, .createAsset, .mint, .upgrade,
                .cancelUpgrade, .returnStake:
                prepared.append(action)
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation, .executeProposal,
                .signPetition:
                preconditionFailure("the actions were classified")
            }
        }
        try checkTogether(actions)
        if let name = names.first {
            try check(merged, against: current, changing: name, in: state)
        }
        for (asset, sum) in Tracks.sums(of: Tracks.outflows(of: actions)) {
            let balance = Treasury.balance(of: asset, in: state)
            guard sum <= UInt128(balance.value) else {
                throw .governance(.treasuryTooSmall(asset: asset, balance: balance, needed: sum))
            }
        }
        if let reason = Guards.falseOfAction(in: actions, of: nil, state) { throw reason }
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

    /// Refuses actions of which one undoes the other, or does the same again.
    static func checkTogether(_ actions: [Action]) throws(Rejection) {
        var modules: [PausableModule] = []
        var proposals: [ProposalID] = []
        var versions: [Digest] = []
        for action in actions {
            let what: String
            switch action {
            case .pause(let pause) where modules.contains(pause.module):
                what = "the module \(pause.module.name) is named twice"
            case .resume(let module) where modules.contains(module):
                what = "the module \(module.name) is named twice"
            case .cancelQueued(let id) where proposals.contains(id):
                what = "proposal \(id) is cancelled twice"
            case .cancelUpgrade(let version) where versions.contains(version):
                what = "an upgrade is cancelled twice"
            case .pause(let pause):
                modules.append(pause.module)
                continue
            case .resume(let module):
                modules.append(module)
                continue
            case .cancelQueued(let id):
                proposals.append(id)
                continue
            case .cancelUpgrade(let version):
                versions.append(version)
                continue
            case .setParameter, .spend, .stream, .recallStream, .createAsset, .mint, .upgrade,
                .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .executeProposal, .signPetition, .claimStream,
                .representation, .returnStake:
                continue
            }
            throw .governance(.decision(.contradictory(what)))
        }
    }

    /// All actions in order. The caller's checkpoint undoes them if one fails.
    ///
    /// - Parameter gas: what the actions have used so far is added.
    static func perform<Base: StateReader>(
        _ actions: [Action], of id: ProposalID, at block: BlockContext, gas: inout UInt64,
        in state: inout State<Base>
    ) throws(Rejection) {
        let current = parameters(in: state)
        var merged = current
        var changed: String?
        for action in actions {
            let written = state.writtenByteCount
            gas += GasSchedule.cost(of: action)
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
            case .cancelUpgrade(let version):
                try Upgrades.cancel(version, by: id, in: &state)
            case .pause(let pause):
                try Pauses.pause(pause, by: id, at: block, in: &state)
            case .resume(let module):
                try Pauses.resume(module, by: id, in: &state)
            case .cancelQueued(let target):
                try Governance.cancelDecision(target, by: id, at: block, in: &state)
            case .returnStake(let escrow):
                try Staking.returnStake(
                    escrow, by: id, StakeClock(block, current), in: &state)
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation, .executeProposal,
                .signPetition:
                throw .governance(.actionNotAllowed("of an account"))
            }
            try charge(since: written, to: &gas, in: state)
        }
        guard let changed else { return }
        try check(merged, against: current, changing: changed, in: state)
        let written = state.writtenByteCount
        // The transactions of this block still follow the rules that were read before it.
        state.write(.parameters, merged)
        for (before, after) in zip(current.all, merged.all) where before.value != after.value {
            state.emit(
                .governance(
                    .parameterChanged(
                        id, name: before.id.name, from: before.value, to: after.value)))
        }
        try charge(since: written, to: &gas, in: state)
    }

    private static func charge<Base: StateReader>(
        since written: UInt64, to gas: inout UInt64, in state: State<Base>
    ) throws(Rejection) {
        gas += (state.writtenByteCount - written) * GasSchedule.writtenByte
        guard gas <= GasSchedule.proposalLimit else {
            throw .outOfGas(limit: GasSchedule.proposalLimit)
        }
        try state.checkBudget()
    }

    static func supply<Base: StateReader>(in state: State<Base>) -> Amount {
        state.read(.supply(.native), as: Amount.self) ?? .zero
    }

    /// The parameters as decided so far, executions of this block included.
    static func parameters<Base: StateReader>(in state: State<Base>) -> Parameters {
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

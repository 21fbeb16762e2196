import Chain
import Cryptography
import StateTree

/// What must be true when a proposal is executed (governance.md 4). A false one means that the
/// world is not the one that was voted on.
enum Guards {
    /// The first guard that does not hold; nil if all do.
    static func firstFalse<Base: StateReader>(
        of content: ProposalContent, at block: BlockContext, in state: State<Base>
    ) -> Rejection? {
        let current = Enactment.parameters(in: state)
        for case .setParameter(let change) in content.actions {
            guard let id = ParameterID(name: change.name), change.expected == current[id] else {
                return .governance(.expectedDiffers(change.name))
            }
        }
        if let reason = falseOfAction(in: content.actions, of: content.id, state) {
            return reason
        }
        for condition in content.conditions where !holds(condition, at: block, in: state) {
            return .governance(.decision(.conditionFalse(text(of: condition))))
        }
        return nil
    }

    /// What an action is about must still be there: a pause to end, a decision or an upgrade to
    /// drop.
    static func falseOfAction<Base: StateReader>(
        in actions: [Action], of id: ProposalID?, _ state: State<Base>
    ) -> Rejection? {
        for action in actions {
            switch action {
            case .resume(let module):
                guard Pauses.table(in: state)[module] != nil else {
                    return .governance(.decision(.notPaused(module)))
                }
            case .cancelQueued(let target):
                guard let proposal: Proposal = state.read(.proposal(target)) else {
                    return .governance(.unknownProposal(target))
                }
                guard proposal.status == .queued, target != id else {
                    return .governance(.decision(.notQueued(target, proposal.status)))
                }
            case .cancelUpgrade(let version):
                guard Upgrades.isScheduled(version, in: state) else {
                    return .governance(.enacted(.upgradeNotScheduled(version: version)))
                }
            case .setParameter, .spend, .pause, .stream, .recallStream, .createAsset, .mint,
                .upgrade, .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .executeProposal, .signPetition, .claimStream,
                .representation, .returnStake:
                continue
            }
        }
        return nil
    }

    private static func holds<Base: StateReader>(
        _ condition: ProposalCondition, at block: BlockContext, in state: State<Base>
    ) -> Bool {
        switch condition {
        case .treasuryAtLeast(let asset, let amount):
            return Treasury.balance(of: asset, in: state) >= amount
        case .heightAtMost(let height):
            return block.height <= height
        case .executed(let id):
            let proposal: Proposal? = state.read(.proposal(id))
            return proposal?.status == .executed
        }
    }

    private static func text(of condition: ProposalCondition) -> String {
        switch condition {
        case .treasuryAtLeast(let asset, let amount):
            "the treasury has at least \(amount) of asset \(asset)"
        case .heightAtMost(let height): "the height is at most \(height)"
        case .executed(let id): "proposal \(id) is executed"
        }
    }

    /// The form of a draft's conditions.
    static func check<Base: StateReader>(
        _ conditions: [ProposalCondition], in state: State<Base>
    ) throws(Rejection) {
        guard conditions.count <= ProposalCondition.countMax else {
            throw .governance(.decision(.tooManyConditions(count: UInt64(conditions.count))))
        }
        for case .executed(let id) in conditions where !state.contains(.proposal(id)) {
            throw .governance(.unknownProposal(id))
        }
    }
}

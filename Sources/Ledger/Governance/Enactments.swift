import Chain
import StateTree

/// What can be said about streams, assets and upgrades in a proposal before it is stored, besides
/// the money: that each is well formed, and that no two contradict each other.
enum Enactments {
    static func check<Base: StateReader>(
        _ actions: [Action], at block: BlockContext, in state: State<Base>
    ) throws(Rejection) {
        var recalled: [StreamID] = []
        var symbols: [String] = []
        var minted: [TreasuryPayment] = []
        var upgrade: UpgradePlan?
        for action in actions {
            switch action {
            case .stream(let plan):
                try Streams.checkForm(plan, in: state)
                try Streams.checkTimes(plan.schedule, at: block.timestamp)
            case .recallStream(let id):
                _ = try Streams.record(id, in: state)
                guard !recalled.contains(id) else {
                    throw .governance(.enacted(.duplicateRecall(id)))
                }
                recalled.append(id)
            case .createAsset(let creation):
                try Assets.check(creation, in: state)
                guard !symbols.contains(creation.asset.symbol) else {
                    throw .governance(.enacted(.assetExists(creation.asset.symbol)))
                }
                symbols.append(creation.asset.symbol)
            case .mint(let mint):
                try Assets.check(mint, in: state)
                minted.append(mint.payment)
            case .upgrade(let plan):
                try Upgrades.check(plan, in: state)
                if let upgrade {
                    throw .governance(.enacted(.upgradeScheduled(version: upgrade.version)))
                }
                upgrade = plan
            case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
                .claimDeposit, .staking, .claimStream, .representation, .setParameter, .spend,
                .pause, .resume, .cancelQueued, .cancelUpgrade, .executeProposal, .signPetition,
                .returnStake:
                continue
            }
        }
        for (asset, sum) in Tracks.sums(of: minted) {
            try Assets.checkSupply(of: asset, adding: sum, in: state)
        }
    }
}

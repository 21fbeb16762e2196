import Chain
import Cryptography
import StateTree

/// The rules that a list of actions falls under now.
public struct ProposalClass: Hashable, Sendable {
    public let group: TopicGroup
    /// That of the highest-ranked action; it names the line and its places.
    public let track: Track
    /// Every component the strictest over all actions.
    public let row: TrackRow
    public let requiredDeposit: Amount

    /// The least first deposit, a fifth.
    public var minimumDeposit: Amount { Amount(requiredDeposit.value.dividedUp(by: 5)) }
}

enum Tracks {
    /// Computes a proposal's class from its actions; their order does not matter (governance.md 5).
    ///
    /// - Throws: `gov.action_not_allowed`, `gov.mixed_topics`, `gov.unknown_parameter`.
    static func classify<Base: StateReader>(
        _ actions: [Action], parameters: Parameters, in state: State<Base>
    ) throws(Rejection) -> ProposalClass {
        var group: TopicGroup?
        var tracks: [Track] = []
        var payments: [TreasuryPayment] = []
        for action in actions {
            let own: TopicGroup
            switch action {
            case .setParameter(let change):
                guard let id = ParameterID(name: change.name) else {
                    throw .governance(.unknownParameter(change.name))
                }
                own = .protocol
                tracks.append(id.definition.track)
            case .spend(let spend):
                own = .treasury
                payments += spend.payments
            case .stream(let plan):
                own = .treasury
                payments += plan.payments
            case .recallStream:
                own = .treasury
                tracks.append(.spendSmall)
            case .createAsset:
                own = .treasury
                tracks.append(.parameter)
            case .mint(let mint):
                own = .treasury
                payments.append(mint.payment)
            case .upgrade:
                own = .protocol
                tracks.append(.protocol)
            case .transfer: throw .governance(.actionNotAllowed("transfer"))
            case .submitProposal: throw .governance(.actionNotAllowed("submitProposal"))
            case .addDeposit: throw .governance(.actionNotAllowed("addDeposit"))
            case .castBallot: throw .governance(.actionNotAllowed("castBallot"))
            case .cancelProposal: throw .governance(.actionNotAllowed("cancelProposal"))
            case .claimDeposit: throw .governance(.actionNotAllowed("claimDeposit"))
            case .claimStream: throw .governance(.actionNotAllowed("claimStream"))
            case .staking(let action): throw .governance(.actionNotAllowed(action.name))
            case .representation: throw .governance(.actionNotAllowed("representation"))
            }
            guard group == nil || group == own else { throw .governance(.mixedTopics) }
            group = own
        }
        if !payments.isEmpty {
            tracks.append(spendTrack(of: payments, in: state))
        }
        let track = tracks.max() ?? .text
        var row = parameters.row(track)
        for other in tracks {
            row = row.strictest(parameters.row(other))
        }
        // The bounds of both factors keep the product far below 2^64.
        let deposit = multiplyDividingDown(parameters.depositBase.value, row.deposit, by: 1)
        return ProposalClass(
            group: group ?? .general, track: track, row: row,
            requiredDeposit: Amount(deposit ?? .max))
    }

    /// The row of spends: the largest ratio, over the assets, of what is spent to what the treasury
    /// has. Sixteen small spends are one large one.
    private static func spendTrack<Base: StateReader>(
        of payments: [TreasuryPayment], in state: State<Base>
    ) -> Track {
        var track = Track.spendSmall
        for (asset, sum) in sums(of: payments) {
            let balance = UInt128(Treasury.balance(of: asset, in: state).value)
            if sum * 1_000 <= balance {
                continue
            } else if sum * 100 <= balance {
                track = max(track, .spendMedium)
            } else if sum * 10 <= balance {
                track = max(track, .spendLarge)
            } else {
                track = .constitution
            }
        }
        return track
    }

    /// What payments sum to, by asset in ascending order.
    static func sums(of payments: [TreasuryPayment]) -> [(asset: AssetID, sum: UInt128)] {
        var sums: [(asset: AssetID, sum: UInt128)] = []
        for payment in payments.sorted(by: { $0.asset < $1.asset }) {
            if sums.last?.asset == payment.asset {
                sums[sums.count - 1].sum += UInt128(payment.amount.value)
            } else {
                sums.append((payment.asset, UInt128(payment.amount.value)))
            }
        }
        return sums
    }
}

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
    /// The row of what is spent; nil if nothing is.
    public let spendTrack: Track?
    /// Whether the vote ends as soon as it passes: if all actions have such rows.
    public let endsEarly: Bool
    public let requiredDeposit: Amount

    /// The least first deposit, a fifth.
    public var minimumDeposit: Amount { Amount(requiredDeposit.value.dividedUp(by: 5)) }
}

enum Tracks {
    /// The row that one action needs. Whoever is stopped by a pause need not wait for it.
    private struct Need {
        let track: Track
        var isAtOnce = false
    }

    /// Computes a proposal's class from its actions; their order does not matter (governance.md 5).
    ///
    /// - Throws: `gov.action_not_allowed`, `gov.mixed_topics`, `gov.unknown_parameter`.
    static func classify<Base: StateReader>(
        _ actions: [Action], parameters: Parameters, in state: State<Base>
    ) throws(Rejection) -> ProposalClass {
        var group: TopicGroup?
        var needs: [Need] = []
        for action in actions {
            let own: TopicGroup
            switch action {
            case .setParameter(let change):
                guard let id = ParameterID(name: change.name) else {
                    throw .governance(.unknownParameter(change.name))
                }
                let track = id.definition.track
                own = track == .people ? .people : .protocol
                needs.append(Need(track: track))
            case .spend, .stream, .mint:
                own = .treasury
            case .recallStream:
                own = .treasury
                needs.append(Need(track: .spendSmall))
            case .createAsset:
                own = .treasury
                needs.append(Need(track: .parameter))
            case .upgrade, .cancelUpgrade:
                own = .protocol
                needs.append(Need(track: .protocol))
            case .pause:
                own = .general
                needs.append(Need(track: .fast, isAtOnce: true))
            case .resume, .cancelQueued:
                own = .general
                needs.append(Need(track: .fast))
            case .returnStake:
                own = .people
                needs.append(Need(track: .people))
            case .transfer: throw .governance(.actionNotAllowed("transfer"))
            case .submitProposal: throw .governance(.actionNotAllowed("submitProposal"))
            case .addDeposit: throw .governance(.actionNotAllowed("addDeposit"))
            case .castBallot: throw .governance(.actionNotAllowed("castBallot"))
            case .cancelProposal: throw .governance(.actionNotAllowed("cancelProposal"))
            case .claimDeposit: throw .governance(.actionNotAllowed("claimDeposit"))
            case .claimStream: throw .governance(.actionNotAllowed("claimStream"))
            case .executeProposal: throw .governance(.actionNotAllowed("executeProposal"))
            case .signPetition: throw .governance(.actionNotAllowed("signPetition"))
            case .staking(let action): throw .governance(.actionNotAllowed(action.name))
            case .representation: throw .governance(.actionNotAllowed("representation"))
            }
            guard group == nil || group == own else { throw .governance(.mixedTopics) }
            group = own
        }
        let payments = payments(of: actions)
        let spendTrack = payments.isEmpty ? nil : spendTrack(of: payments, in: state)
        if let spendTrack { needs.append(Need(track: spendTrack)) }
        let track = needs.map(\.track).max() ?? .text
        let row = row(of: needs, parameters)
        // The bounds of both factors keep the product far below 2^64.
        let deposit = multiplyDividingDown(parameters.depositBase.value, row.deposit, by: 1)
        return ProposalClass(
            group: group ?? .general, track: track, row: row, spendTrack: spendTrack,
            endsEarly: !needs.isEmpty && needs.allSatisfy { $0.track == .fast },
            requiredDeposit: Amount(deposit ?? .max))
    }

    /// The strictest of all rows; taken by descending rank, so that ratios of one value but
    /// different digits do not depend on the order of the actions.
    private static func row(of needs: [Need], _ parameters: Parameters) -> TrackRow {
        var result: TrackRow?
        let sorted = needs.sorted {
            ($0.track, $0.isAtOnce ? 1 : 0) > ($1.track, $1.isAtOnce ? 1 : 0)
        }
        for need in sorted {
            var row = parameters.row(need.track)
            if need.isAtOnce { row.delay = 0 }
            result = result?.strictest(row) ?? row
        }
        return result ?? parameters.row(.text)
    }

    /// What the row of spends is taken from: spends, streams in full, and new tokens.
    static func payments(of actions: [Action]) -> [TreasuryPayment] {
        var payments = outflows(of: actions)
        for case .mint(let mint) in actions {
            payments.append(mint.payment)
        }
        return payments
    }

    /// What leaves the treasury if the actions are executed.
    static func outflows(of actions: [Action]) -> [TreasuryPayment] {
        var payments: [TreasuryPayment] = []
        for action in actions {
            switch action {
            case .spend(let spend): payments += spend.payments
            case .stream(let plan): payments += plan.payments
            case .setParameter, .recallStream, .createAsset, .mint, .upgrade, .cancelUpgrade,
                .pause, .resume, .cancelQueued, .transfer, .submitProposal, .addDeposit,
                .castBallot,
                .cancelProposal, .claimDeposit, .executeProposal, .signPetition, .claimStream,
                .staking, .representation, .returnStake:
                continue
            }
        }
        return payments
    }

    /// The row of spends: the largest ratio, over the assets, of what is spent to what the treasury
    /// has. Sixteen small spends are one large one.
    private static func spendTrack<Base: StateReader>(
        of payments: [TreasuryPayment], in state: State<Base>
    ) -> Track {
        var track = Track.spendSmall
        for (asset, sum) in sums(of: payments) {
            let balance = UInt128(Treasury.balance(of: asset, in: state).value)
            if balance == 0 {
                track = .constitution
            } else if sum * 1_000 <= balance {
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

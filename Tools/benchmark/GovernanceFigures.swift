import Chain
import Cryptography
import Ledger
import StateTree

/// What deciding costs, on one core in this process.
enum GovernanceFigures {
    static func measure(isQuick: Bool, into report: inout Report) {
        var votes = VoteFigures(voters: isQuick ? 64 : 160)
        let times = votes.measure()
        report.add(
            "first vote", thousandths: times.first.action, digits: 1, "µs",
            "execution of the action alone; stake with 16 validators, 4 representatives that "
                + "voted, lent from 16 places by 4; as a whole transaction, with fee and tree, "
                + microseconds(times.first.whole))
        report.add(
            "changed vote", thousandths: times.changed.action, digits: 1, "µs",
            "the same; whole \(microseconds(times.changed.whole))")
        report.add(
            "naming 4 representatives", thousandths: times.naming.action, digits: 1, "µs",
            "of stake with 16 validators; whole \(microseconds(times.naming.whole))")
        let ballots = [10, isQuick ? 100_000 : 1_000_000]
        for (count, time) in zip(ballots, ClosingFigures.measure(ballots)) {
            report.add(
                "end of a vote, \(count) ballots", thousandths: time, digits: 1, "µs",
                "a block with nothing else, tree included; both on one chain, the ballots written "
                    + "directly into the state with their sum in the proposal")
        }
        // So many that the dry runs of an epoch's start go on up to its end.
        let count = 1_000
        var hooks = HookFigures(count: count)
        let blocks = hooks.measure()
        report.add(
            "block with \(count) proposals", thousandths: blocks.middle, digits: 1, "µs",
            "an empty block, half of them open and half queued, 4 dry runs in it, tree included; "
                + "the longest of \(blocks.count) \(milliseconds(blocks.most)), with 32 votes that "
                + "end and 2 executions \(milliseconds(blocks.busy))")
    }

    private static func microseconds(_ nanoseconds: Int64) -> String {
        "\((nanoseconds + 500) / 1_000) µs"
    }

    private static func milliseconds(_ nanoseconds: Int64) -> String {
        let hundredths = (nanoseconds + 5_000) / 10_000
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) ms"
    }
}

/// Votes of accounts that each have stake with 16 validators, and each name the next four of a ring
/// as representatives, who vote before it: every vote takes parts back from four ballots, and is
/// lent parts of 16 places.
private struct VoteFigures {
    private static let validators = 16
    private static let representatives = 4

    private var chain: LedgerChain

    init(voters: Int) {
        let accounts = Accounts(count: voters)
        // All blocks fit into the first epoch.
        let genesis = Members(ports: Array(1...Self.validators)).genesis(
            accounts: accounts, blockInterval: 100, idleInterval: 1_000)
        chain = LedgerChain(genesis, accounts: accounts)
    }

    struct Times {
        let first: (whole: Int64, action: Int64)
        let changed: (whole: Int64, action: Int64)
        let naming: (whole: Int64, action: Int64)
    }

    /// Nanoseconds for each transaction.
    mutating func measure() -> Times {
        let operators = chain.genesis.validators.map(\.operatorAddress)
        let accounts = chain.accounts
        _ = run { _ in
            operators.map { .staking(.delegate(validator: $0, amount: Amount(3_000_001))) }
        }
        let naming = run { voter in
            let list = (1...Self.representatives).map { step in
                Representative(
                    account: accounts.addresses[(voter + step) % accounts.count], weight: 1_999)
            }
            return [.representation(RepresentationAction(group: .general, representatives: list))]
        }
        let draft = ProposalDraft(
            title: "A vote", body: "", actions: [], deposit: Amount(10_000_000))
        chain.append([chain.transaction([.submitProposal(draft)], from: 0)])
        chain.append()
        guard let view = GovernanceQueries.proposal(ProposalID(1), over: chain.state) else {
            preconditionFailure("the proposal is there")
        }
        func ballot(_ weights: BallotWeights) -> [Action] {
            [
                .castBallot(
                    BallotCast(
                        proposal: view.proposal.id, contentHash: view.proposal.contentHash,
                        weights: weights, reason: "for these good reasons"))
            ]
        }
        let first = run { _ in ballot(BallotWeights(yes: 6_000, no: 4_000)) }
        let changed = run { _ in ballot(BallotWeights(yes: 4_000, no: 6_000)) }
        return Times(first: first, changed: changed, naming: naming)
    }

    /// One transaction of every account, the last ones first, some in a block.
    ///
    /// - Returns: nanoseconds for each, and for the action by itself, as the median over one of
    ///   each block.
    private mutating func run(_ actions: (Int) -> [Action]) -> (whole: Int64, action: Int64) {
        let payment = Action.transfer(
            to: chain.accounts.recipients[0], asset: .native, amount: Amount(1))
        var whole: Int64 = 0
        var alone: [Int64] = []
        for first in stride(from: chain.accounts.count - 1, through: 0, by: -4) {
            let block = (max(first - 3, 0)...first).reversed().map { voter in
                chain.transaction(actions(voter), from: voter, gas: 9_000_000)
            }
            let transfer = chain.transaction([payment], from: first)
            alone.append(
                chain.executionTime(of: block[0]) - chain.executionTime(of: transfer))
            whole += chain.append(block)
        }
        return (whole / Int64(chain.accounts.count), alone.sorted()[alone.count / 2])
    }
}

import Chain
import Cryptography
import Ledger
import StateTree

/// What deciding costs, on one core in this process.
enum GovernanceFigures {
    static func measure(isQuick: Bool, into report: inout Report) {
        // All blocks fit into the first epoch.
        var votes = VoteFigures(voters: isQuick ? 64 : 160)
        let nanoseconds = votes.measure()
        report.add(
            "first vote", thousandths: nanoseconds.first, digits: 1, "µs",
            "stake with 16 validators, 4 representatives that voted, lent from 16 places by 4")
        report.add(
            "changed vote", thousandths: nanoseconds.changed, digits: 1, "µs",
            "whole transactions, fees and tree included")
        report.add(
            "naming 4 representatives", thousandths: nanoseconds.naming, digits: 1, "µs",
            "of stake with 16 validators")
    }
}

/// Votes of accounts that each have stake with 16 validators, and each name the next four of a ring
/// as representatives: every vote takes parts back from four ballots, and is lent parts of 16
/// places.
private struct VoteFigures {
    private static let validators = 16
    private static let representatives = 4

    private let genesis: Genesis
    private let accounts: Accounts
    private var state = MemoryState()
    private var height: UInt64 = 0
    private var sequence: UInt64 = 0

    init(voters: Int) {
        accounts = Accounts(count: voters)
        genesis = Members(ports: Array(1...Self.validators)).genesis(
            accounts: accounts, blockInterval: 100, idleInterval: 1_000)
        state.apply(Ledger.genesis(genesis).changes)
    }

    /// Nanoseconds for each transaction.
    mutating func measure() -> (first: Int64, changed: Int64, naming: Int64) {
        let operators = genesis.validators.map(\.operatorAddress)
        let accounts = accounts
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
        _ = run(only: 0) { _ in [.submitProposal(draft)] }
        execute([])
        guard let view = GovernanceQueries.proposal(ProposalID(1), over: state) else {
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
        return (first, changed, naming)
    }

    /// One transaction of every account, some in a block.
    ///
    /// - Returns: nanoseconds for each.
    private mutating func run(
        only voter: Int? = nil, _ actions: (Int) -> [Action]
    ) -> Int64 {
        let voters = voter.map { $0..<($0 + 1) } ?? 0..<accounts.count
        var spent: Int64 = 0
        for start in stride(from: voters.lowerBound, to: voters.upperBound, by: 4) {
            let block = (start..<min(start + 4, voters.upperBound)).map { index in
                transaction(actions(index), from: index)
            }
            spent += execute(block)
        }
        sequence += 1
        if voter != nil {
            // The others catch up, so that all have one sequence.
            for start in stride(from: 0, to: accounts.count, by: 64) {
                let others = (start..<min(start + 64, accounts.count)).filter { $0 != voter }
                execute(others.map { transfer(from: $0) })
            }
        }
        return spent / Int64(voters.count)
    }

    private func transfer(from index: Int) -> SignedTransaction {
        signed(
            [.transfer(to: accounts.recipients[0], asset: .native, amount: Amount(1))],
            from: index, sequence: sequence - 1, gas: 100_000)
    }

    private func transaction(_ actions: [Action], from index: Int) -> SignedTransaction {
        signed(actions, from: index, sequence: sequence, gas: 9_000_000)
    }

    private func signed(
        _ actions: [Action], from index: Int, sequence: UInt64, gas: UInt64
    ) -> SignedTransaction {
        let transaction = Transaction(
            chainID: genesis.chainID, sender: accounts.addresses[index], sequence: sequence,
            validUntil: Height(height + 100), maxFee: Amount(gas / 1_000), gasLimit: gas,
            actions: actions)
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(
                    key: accounts.publicKey(index),
                    signature: Signature([UInt8](repeating: 7, count: 64)))
            ])
    }

    /// - Returns: nanoseconds.
    @discardableResult
    private mutating func execute(_ block: [SignedTransaction]) -> Int64 {
        height += 1
        let context = BlockContext(
            height: Height(height), view: View(height), parentView: View(height - 1),
            timestamp: Timestamp(genesis.time.value + 1 * height),
            parentTimestamp: Timestamp(genesis.time.value + 1 * (height - 1)), proposer: 0,
            gasLimit: genesis.parameters.blockGasLimit)
        let verified = block.map { Verified.restored($0) }
        let start = ContinuousClock.now
        do {
            let execution = try Ledger.execute(verified, context: context, over: state)
            let (seconds, attoseconds) = start.duration(to: .now).components
            for receipt in execution.receipts where receipt.status != .ok {
                preconditionFailure("the transactions are valid: \(receipt.status)")
            }
            state.apply(execution.changes)
            return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        } catch {
            preconditionFailure("the block is valid: \(error)")
        }
    }
}

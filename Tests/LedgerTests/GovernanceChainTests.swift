import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Proposals as transactions in blocks, down to the roots.
@Suite struct GovernanceChainTests {
    private func transaction(
        _ actions: [Action], from person: Person, in chain: TestChain
    ) -> SignedTransaction {
        let gas: UInt64 = 2_000_000
        let transaction = Transaction(
            chainID: chain.genesis.chainID, sender: person.address,
            sequence: Queries.nextSequence(
                of: person.address, at: chain.context.height, over: chain.state),
            validUntil: chain.height.advanced(by: 100), maxFee: Amount(gas), gasLimit: gas,
            actions: actions)
        return chain.signed(transaction, by: [person])
    }

    /// Executes a block twice, which must give the same, and makes it the head.
    @discardableResult
    private func step(
        _ chain: inout TestChain, _ transactions: [SignedTransaction] = []
    ) throws -> BlockExecution {
        let execution = try chain.execute(transactions)
        #expect(try chain.append(transactions).outcome == execution.outcome)
        #expect(Invariants.violations(over: chain.state) == [])
        return execution
    }

    @Test func `a proposal executes itself in blocks`() throws {
        var chain = TestChain()
        let validator = try #require(chain.genesis.validators.first).operatorAddress
        #expect(Queries.account(validator, over: chain.state).bonded > .zero)
        let draft = ProposalDraft(
            title: "Slower spends", body: "", actions: [.set("gov.spendSmallDelay", 7_200_000)],
            deposit: Amount(200_000_000))
        let submitted = try step(
            &chain, [transaction([.submitProposal(draft)], from: TestChain.alice, in: chain)])
        #expect(submitted.receipts.map(\.status) == [.ok])
        let id = ProposalID(1)
        try step(&chain)
        var view = try #require(GovernanceQueries.proposal(id, over: chain.state))
        #expect(view.proposal.status == .voting)

        let power = try #require(view.proposal.vote).totalPower
        #expect(power == Queries.bondedTotal(over: chain.state).value)
        let cast = BallotCast(
            proposal: id, contentHash: view.proposal.contentHash, weights: .allYes)
        let voted = try step(
            &chain, [transaction([.castBallot(cast)], from: TestChain.alice, in: chain)])
        #expect(voted.receipts.map(\.status) == [.ok])
        let refused = try step(
            &chain, [transaction([.castBallot(cast)], from: TestChain.bob, in: chain)])
        guard case .failed(let code, _) = refused.receipts[0].status else {
            Issue.record("an account without stake voted")
            return
        }
        #expect(code == "gov.no_power")
        for _ in 0..<21 { try step(&chain) }
        view = try #require(GovernanceQueries.proposal(id, over: chain.state))
        // Alice has 5 of 1,005 tokens: no quorum.
        #expect(view.proposal.status == .rejected)
        let claimed = try step(
            &chain, [transaction([.claimDeposit(id)], from: TestChain.alice, in: chain)])
        #expect(claimed.receipts.map(\.status) == [.ok])
        #expect(Queries.balance(of: ModuleAccounts.depositEscrow, over: chain.state) == .zero)
    }

    @Test func `gas limits of blocks follow a change from the next block on`() throws {
        var chain = TestChain()
        // Alice alone reaches the quorum.
        let validator = try #require(chain.genesis.validators.first).operatorAddress
        let stake = StakingAction.delegate(validator: validator, amount: Amount(2_000_000_000))
        try step(&chain, [transaction([.staking(stake)], from: TestChain.alice, in: chain)])

        let draft = ProposalDraft(
            title: "Larger blocks", body: "", actions: [.set("block.gasLimit", 80_000_000)],
            deposit: Amount(100_000_000))
        try step(&chain, [transaction([.submitProposal(draft)], from: TestChain.alice, in: chain)])
        try step(&chain)
        let hash = try #require(
            GovernanceQueries.proposal(ProposalID(1), over: chain.state)
        ).proposal.contentHash
        let cast = BallotCast(proposal: ProposalID(1), contentHash: hash, weights: .allYes)
        try step(&chain, [transaction([.castBallot(cast)], from: TestChain.alice, in: chain)])
        var blocks = 0
        var limits: [UInt64] = []
        while blocks < 40 {
            limits.append(chain.context.gasLimit)
            try step(&chain)
            blocks += 1
        }
        let view = try #require(GovernanceQueries.proposal(ProposalID(1), over: chain.state))
        #expect(view.proposal.status == .executed)
        let executed = try #require(view.proposal.steps.last).height
        #expect(chain.context.gasLimit == 80_000_000)
        // The block of the execution still had the old limit, the one after it the new one.
        let index = limits.firstIndex(of: 80_000_000)
        #expect(index.map { chain.height.value - 40 + UInt64($0) } == executed.value)
    }
}

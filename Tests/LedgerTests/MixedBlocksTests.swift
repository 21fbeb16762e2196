import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Transfers and the whole of governance in random blocks at random times: whatever happens, blocks
/// execute as they were built, and every token is somewhere.
@Suite struct MixedBlocksTests {
    private struct Walk {
        var chain = TestChain()
        var random: SeededGenerator
        var time: UInt64
        var codes: Set<String> = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            time = chain.genesis.time.value
        }

        mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
            UInt64.random(in: range, using: &random)
        }

        mutating func action() -> Action {
            let last = GovernanceQueries.lastProposal(over: chain.state).value
            let id = ProposalID(number(1...(last + 1)))
            switch number(0...9) {
            case 0...1: return .submitProposal(draft())
            case 2...3: return .addDeposit(proposal: id, amount: Amount(deposit()))
            case 4...6:
                let view = GovernanceQueries.proposal(id, over: chain.state)
                let yes = UInt16(number(0...10_000))
                return .castBallot(
                    BallotCast(
                        proposal: id, contentHash: view?.proposal.contentHash ?? .zero,
                        weights: number(0...1) == 0
                            ? BallotWeights(yes: 10_000)
                            : BallotWeights(yes: yes, veto: 10_000 - yes)))
            case 7: return .claimDeposit(id)
            case 8: return .cancelProposal(id)
            default:
                return .transfer(
                    to: TestChain.bob.address, asset: .native, amount: Amount(number(0...9)))
            }
        }

        mutating func deposit() -> UInt64 {
            [1, 1_000_000, 2_000_000, 8_000_000, 10_000_000, 30_000_000][Int(number(0...5))]
        }

        mutating func draft() -> ProposalDraft {
            var actions: [Action] = []
            switch number(0...3) {
            case 0: break
            case 1:
                actions = [
                    .setParameter(
                        ParameterChange(
                            name: "fees.priceFloor",
                            value: .ratio(numerator: 1, denominator: UInt32(number(500...2_000)))))
                ]
            case 2:
                actions = [
                    .spend(
                        TreasurySpend(payments: [
                            TreasuryPayment(
                                recipient: TestChain.carol.address, asset: .native,
                                amount: Amount(number(0...20_000_000_000)))
                        ]))
                ]
            default: actions = [.cancelProposal(ProposalID(1))]
            }
            return ProposalDraft(
                title: "t", body: "b", actions: actions, deposit: Amount(deposit()))
        }

        mutating func candidates() -> [Verified<SignedTransaction>] {
            // The first validator's operator has most of the stake.
            let people = [Person(200)] + TestChain.people.prefix(3)
            var sequences = people.map {
                Queries.account($0.address, over: chain.state).sequence
            }
            return (0..<6).map { _ in
                let index = Int(number(0...UInt64(people.count - 1)))
                var transaction = chain.transfer(from: people[index], sequence: sequences[index])
                transaction.actions = [action()]
                transaction.gasLimit = 1_000_000
                transaction.maxFee = Amount(10_000)
                sequences[index] += 1
                return Verified.restored(chain.signed(transaction, by: [people[index]]))
            }
        }

        mutating func block() throws {
            var context = chain.context
            context.parentTimestamp = Timestamp(time)
            time += number(0...3) == 0 ? number(1...25_000) : number(1...2_000)
            context.timestamp = Timestamp(time)
            let built = Ledger.build(
                candidates(), context: context, over: chain.state, bytesMax: .max,
                shouldStop: { false })
            let executed = try Ledger.execute(
                built.included, context: context, over: chain.state)
            #expect(executed.outcome == built.execution.outcome)
            #expect(executed.receipts == built.execution.receipts)
            #expect(executed.blockEvents == built.execution.blockEvents)
            for receipt in executed.receipts {
                codes.insert(receipt.status.code)
                #expect(try Receipt(decoding: receipt.encoded()) == receipt)
            }
            let events = Receipt.ofBlock(events: executed.blockEvents)
            #expect(try Receipt(decoding: events.encoded()) == events)
            chain.state.apply(executed.changes)
            chain.height = chain.height.advanced(by: 1)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `every token is somewhere after every block`(seed: UInt64) throws {
        var walk = Walk(seed: seed)
        walk.chain.edit {
            $0.write(.balance(Person(200).address, .native), Amount(1_000_000_000))
            $0.write(
                .supply(.native),
                Amount(Queries.supply(over: $0.base).value + 1_000_000_000))
        }
        for _ in 0..<120 {
            try walk.block()
            #expect(Invariants.violations(over: walk.chain.state).isEmpty)
            let state = State(over: walk.chain.state)
            #expect(
                state.balance(of: ModuleAccounts.depositEscrow)
                    == Governance.depositsTotal(in: state))
        }
        #expect(walk.codes.contains("ok"))
        #expect(walk.codes.count > 5, "\(walk.codes.sorted())")
        let ends = GovernanceQueries.proposals(limit: 100, over: walk.chain.state)
            .map { $0.proposal.status }
        #expect(Set(ends).count >= 3, "\(ends)")
    }
}

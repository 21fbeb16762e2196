import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Many random blocks; a failure prints its seed.
@Suite struct LedgerPropertyTests {
    /// A transaction that is mostly right, and sometimes wrong in any of its fields.
    private func randomTransaction(
        on chain: TestChain, sequences: inout [Person: UInt64],
        using random: inout SeededGenerator
    ) -> SignedTransaction {
        let people = TestChain.people + [TestChain.nobody]
        let sender = people[Int.random(in: 0..<people.count, using: &random)]
        let other = people[Int.random(in: 0..<people.count, using: &random)]
        var transaction = chain.transfer(
            from: sender, to: other.address, sequence: sequences[sender] ?? 0)
        let amounts: [UInt64] = [0, 1, 777, 1_000_000, .max, TestChain.fortune.value / 2]
        transaction.actions = (0...Int.random(in: 0...3, using: &random)).map { _ in
            .transfer(
                to: people[Int.random(in: 0..<people.count, using: &random)].address,
                asset: .native, amount: Amount(amounts[Int.random(in: 0..<6, using: &random)]))
        }
        var signers = [sender]
        switch Int.random(in: 0..<16, using: &random) {
        case 0: transaction.sequence = UInt64.random(in: 0...5, using: &random)
        case 1: transaction.maxFee = Amount(UInt64.random(in: 0...200, using: &random))
        case 2: transaction.gasLimit = UInt64.random(in: 0...60_000, using: &random)
        case 3: signers = [other]
        case 4:
            transaction.feePayer = other.address
            if other != sender { signers.append(other) }
        case 5:
            transaction.lane = UInt16.random(in: 1...3, using: &random)
            transaction.sequence = UInt64.random(in: 0...2, using: &random)
        case 6: transaction.validUntil = Height(UInt64.random(in: 0...40, using: &random))
        case 7: transaction.maxFee = Amount(UInt64.random(in: 0 ... .max, using: &random))
        default: break
        }
        if transaction.lane == 0 && Int.random(in: 0..<8, using: &random) > 0 {
            sequences[sender] = transaction.sequence &+ 1
        }
        return chain.signed(transaction, by: signers)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `what is built is what executes, and no token appears or goes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var chain = TestChain()
        let supply = Queries.supply(over: chain.state)
        var executedCount = 0
        var failedCount = 0
        var droppedCount = 0
        for _ in 0..<20 {
            var sequences: [Person: UInt64] = [:]
            for person in TestChain.people + [TestChain.nobody] {
                sequences[person] = Queries.account(person.address, over: chain.state).sequence
            }
            let candidates = (0..<25).map { _ in
                Verified.restored(
                    randomTransaction(on: chain, sequences: &sequences, using: &random))
            }
            let built = Ledger.build(
                candidates, context: chain.context, over: chain.state, bytesMax: 8_192,
                shouldStop: { false })
            let executed = try Ledger.execute(
                built.included, context: chain.context, over: chain.state)
            #expect(executed.outcome == built.execution.outcome)
            #expect(executed.receipts == built.execution.receipts)
            #expect(executed.changes.writes == built.execution.changes.writes)
            #expect(executed.changes.nodes == built.execution.changes.nodes)
            executedCount += executed.receipts.count
            failedCount += executed.receipts.count { !$0.status.isOK }
            droppedCount += built.dropped.count
            for dropped in built.dropped {
                #expect(dropped.rejection != .blockFull)
            }
            chain.state.apply(executed.changes)
            chain.height = chain.height.advanced(by: 1)
            #expect(Invariants.violations(over: chain.state).isEmpty)
            #expect(Queries.supply(over: chain.state) == supply)
        }
        // The generator reaches all three ends.
        #expect(executedCount > 50)
        #expect(failedCount > 5)
        #expect(droppedCount > 20)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `independent transactions give the same state in any order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let chain = TestChain()
        var transactions = TestChain.people.map { person in
            chain.signed(
                chain.transfer(
                    from: person, to: TestChain.nobody.address,
                    amount: UInt64(person.number) * 10), by: [person])
        }
        let first = try chain.execute(transactions)
        transactions.shuffle(using: &random)
        let second = try chain.execute(transactions)
        #expect(first.outcome.stateRoot == second.outcome.stateRoot)
        #expect(first.outcome.gasUsed == second.outcome.gasUsed)
        #expect(first.outcome.receiptsRoot != second.outcome.receiptsRoot)
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `a fee is rounded up and never above its maximum`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var transaction = TestChain().transfer()
        transaction.gasLimit = UInt64.random(in: 1 ... .max, using: &random)
        transaction.maxFee = Amount(UInt64.random(in: 0 ... .max, using: &random))
        let used = UInt64.random(in: 0...transaction.gasLimit, using: &random)
        let fee = UInt128(Fees.fee(used: used, of: transaction).value)
        let exact = UInt128(used) * UInt128(transaction.maxFee.value)
        let limit = UInt128(transaction.gasLimit)
        #expect(fee * limit >= exact)
        #expect(fee == 0 || (fee - 1) * limit < exact)
        #expect(fee <= UInt128(transaction.maxFee.value))
    }

    @Test func `a fee at the extremes is exact`() {
        var transaction = TestChain().transfer()
        transaction.gasLimit = .max
        transaction.maxFee = Amount(.max)
        #expect(Fees.fee(used: .max, of: transaction) == Amount(.max))
        #expect(Fees.fee(used: 0, of: transaction) == .zero)
        #expect(Fees.fee(used: 1, of: transaction) == Amount(1))
        transaction.maxFee = .zero
        #expect(Fees.fee(used: .max, of: transaction) == .zero)
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct LedgerTests {
    let alice = TestChain.alice
    let bob = TestChain.bob
    var chain = TestChain()

    private func failure(_ transaction: Transaction) throws -> (code: String, receipt: Receipt) {
        let receipt = try chain.execute([chain.signed(transaction)]).receipts[0]
        return (receipt.status.code, receipt)
    }

    @Test func `a transfer moves the amount and charges the fee for what was used`() throws {
        var chain = chain
        let execution = try chain.append([chain.signed(chain.transfer(amount: 250))])
        let receipt = execution.receipts[0]
        #expect(receipt.status == .ok)
        #expect(
            receipt.events == [
                .transferred(
                    from: alice.address, to: bob.address, asset: .native, amount: Amount(250))
            ])
        #expect(receipt.fee.value == (receipt.gasUsed + 99) / 100)
        #expect(receipt.gasUsed < 100_000)
        #expect(chain.balance(alice) == TestChain.fortune.value - 250 - receipt.fee.value)
        #expect(chain.balance(bob) == TestChain.fortune.value + 250)
        let collected = Queries.balance(of: ModuleAccounts.feeCollector, over: chain.state)
        #expect(collected == receipt.fee)
        #expect(execution.outcome.gasUsed == receipt.gasUsed)
        #expect(execution.outcome.stateRoot == chain.state.root.hash)
        #expect(
            execution.outcome.receiptsRoot == Receipt.root(of: [receipt], blockEvents: []))
    }

    @Test func `a plain transfer costs about 25,000 gas`() throws {
        let gas = try chain.execute([chain.signed(chain.transfer())]).receipts[0].gasUsed
        #expect((18_000...27_000).contains(gas))
    }

    @Test func `an amount of zero fails`() throws {
        #expect(try failure(chain.transfer(amount: 0)).code == "bank.amount_zero")
    }

    @Test func `more than there is fails, and names what there is`() throws {
        let (code, receipt) = try failure(chain.transfer(amount: .max))
        #expect(code == "bank.insufficient_funds")
        // The maximum fee is set aside first.
        let available = TestChain.fortune.value - 1_000
        #expect(
            receipt.status
                == .failed(
                    .insufficientFunds(
                        account: alice.address, asset: .native, balance: Amount(available),
                        needed: Amount(.max))))
        #expect(try failure(chain.transfer(amount: available)).code == "ok")
        #expect(
            try failure(chain.transfer(amount: available + 1)).code == "bank.insufficient_funds")
    }

    @Test func `an unknown asset fails`() throws {
        #expect(
            try failure(chain.transfer(asset: AssetID(7))).code == "bank.unknown_asset")
    }

    @Test func `an asset that exists is moved like the native one`() throws {
        var chain = chain
        let gold = AssetID(7)
        chain.edit {
            $0.write(.asset(gold), Asset(symbol: "gold", decimals: 0))
            $0.write(.supply(gold), Amount(.max))
            $0.write(.balance(TestChain.alice.address, gold), Amount(.max - 5))
            $0.write(.balance(TestChain.bob.address, gold), Amount(5))
        }
        try chain.append([chain.signed(chain.transfer(amount: .max - 5, asset: gold))])
        #expect(
            Queries.balance(of: bob.address, asset: gold, over: chain.state) == Amount(.max))
        #expect(
            Queries.account(alice.address, over: chain.state).balances.map(\.asset)
                == [.native])
        #expect(Invariants.violations(over: chain.state).isEmpty)
    }

    @Test func `a balance that would not fit fails`() throws {
        var chain = chain
        chain.edit {
            $0.write(.asset(AssetID(7)), Asset(symbol: "gold", decimals: 0))
            $0.write(.balance(TestChain.alice.address, AssetID(7)), Amount(1))
            $0.write(.balance(TestChain.bob.address, AssetID(7)), Amount(.max))
        }
        let transaction = chain.transfer(amount: 1, asset: AssetID(7))
        let receipt = try chain.execute([chain.signed(transaction)]).receipts[0]
        #expect(receipt.status.code == "bank.balance_overflow")
    }

    @Test func `the ledger's own accounts take no payments, but the treasury does`() throws {
        for module in ModuleID.allCases where module != .treasury {
            #expect(
                try failure(chain.transfer(to: module.address)).code
                    == "bank.recipient_is_module")
        }
        #expect(try failure(chain.transfer(to: ModuleAccounts.treasury)).code == "ok")
    }

    @Test func `a transfer to oneself changes nothing but the fee`() throws {
        var chain = chain
        let receipt = try chain.append([chain.signed(chain.transfer(to: alice.address))])
            .receipts[0]
        #expect(receipt.status == .ok)
        #expect(chain.balance(alice) == TestChain.fortune.value - receipt.fee.value)
    }

    @Test func `a failed transaction leaves only its fee and its sequence`() throws {
        var chain = chain
        var transaction = chain.transfer(amount: 500)
        transaction.actions.append(
            .transfer(to: bob.address, asset: .native, amount: Amount(.max)))
        let receipt = try chain.append([chain.signed(transaction)]).receipts[0]
        #expect(receipt.status.code == "bank.insufficient_funds")
        #expect(receipt.events.isEmpty)
        #expect(receipt.fee > .zero)
        #expect(chain.balance(alice) == TestChain.fortune.value - receipt.fee.value)
        #expect(chain.balance(bob) == TestChain.fortune.value)
        #expect(Queries.account(alice.address, over: chain.state).sequence == 1)
        #expect(chain.rejection(transaction)?.code == "tx.sequence_too_low")
    }

    @Test func `gas that runs out undoes everything and costs the whole fee`() throws {
        var chain = chain
        var transaction = chain.transfer()
        let signed = chain.signed(transaction)
        transaction.gasLimit = GasSchedule.intrinsic(
            transaction, byteCount: signed.encodedByteCount, signatureCount: 1)
        let receipt = try chain.append([chain.signed(transaction)]).receipts[0]
        #expect(receipt.status == .failed(.outOfGas(limit: transaction.gasLimit)))
        #expect(receipt.gasUsed == transaction.gasLimit)
        #expect(receipt.fee == transaction.maxFee)
        #expect(chain.balance(bob) == TestChain.fortune.value)
    }

    @Test func `actions cannot spend the fee`() throws {
        var transaction = chain.transfer(amount: TestChain.fortune.value - 1)
        transaction.maxFee = TestChain.fortune
        let receipt = try chain.execute([chain.signed(transaction)]).receipts[0]
        #expect(receipt.status.code == "bank.insufficient_funds")
        #expect(receipt.fee < TestChain.fortune)
    }

    @Test func `what one transaction receives the next one spends`() throws {
        var chain = chain
        let nobody = TestChain.nobody
        try chain.append([
            chain.signed(chain.transfer(to: nobody.address, amount: 1_500)),
            chain.signed(chain.transfer(from: nobody, to: bob.address, amount: 500), by: [nobody]),
        ])
        #expect(chain.balance(bob) == TestChain.fortune.value + 500)
    }

    @Test func `a block with a transaction that may not be there is invalid`() {
        let good = chain.signed(chain.transfer())
        let bad = chain.signed(chain.transfer(sequence: 5))
        #expect(
            throws: BlockRejection.transaction(
                index: 1, id: bad.id, .sequenceTooHigh(expected: 1, found: 5))
        ) {
            try chain.execute([good, bad])
        }
        #expect(
            throws: BlockRejection.transaction(
                index: 1, id: good.id, .sequenceTooLow(expected: 1, found: 0))
        ) {
            try chain.execute([good, good])
        }
    }

    @Test func `a block with another gas limit is invalid`() {
        var context = chain.context
        context.gasLimit -= 1
        let limit = chain.rules.blockGasLimit
        #expect(throws: BlockRejection.wrongGasLimit(expected: limit, found: limit - 1)) {
            try Ledger.execute([], context: context, over: chain.state)
        }
    }

    @Test func `height zero is no block`() {
        var context = chain.context
        context.height = .genesis
        #expect(throws: BlockRejection.genesisHeight) {
            try Ledger.execute([], context: context, over: chain.state)
        }
    }

    @Test func `the gas limits of a block's transactions and what was used fit its own`() {
        let limit = chain.rules.blockGasLimit
        let transactions = (0..<3).map { index in
            var transaction = chain.transfer(sequence: UInt64(index))
            transaction.gasLimit = limit - 30_000
            transaction.maxFee = Amount(limit)
            return chain.signed(transaction)
        }
        // One transfer uses more than 15,000 gas, so that two leave no room for the third.
        #expect(throws: BlockRejection.transaction(index: 2, id: transactions[2].id, .blockFull)) {
            try chain.execute(transactions)
        }
        let built = Ledger.build(
            transactions.map { Verified.restored($0) }, context: chain.context,
            over: chain.state, bytesMax: .max, shouldStop: { false })
        #expect(built.included.map(\.value.id) == transactions.prefix(2).map(\.id))
        #expect(built.dropped.isEmpty)
    }

    @Test func `building leaves out what may not be in the block and says why`() {
        let transactions = [
            chain.signed(chain.transfer()), chain.signed(chain.transfer()),
            chain.signed(chain.transfer(sequence: 1), by: [bob]),
            chain.signed(chain.transfer(sequence: 1)),
        ]
        let built = Ledger.build(
            transactions.map { Verified.restored($0) }, context: chain.context,
            over: chain.state, bytesMax: .max, shouldStop: { false })
        #expect(built.included.map(\.value.id) == [transactions[0].id, transactions[3].id])
        #expect(
            built.dropped == [
                BuiltBody.Dropped(
                    id: transactions[1].id, rejection: .sequenceTooLow(expected: 1, found: 0)),
                BuiltBody.Dropped(
                    id: transactions[2].id, rejection: .wrongSigners(alice.address)),
            ])
    }

    @Test func `building keeps to the bytes and stops when it is told`() {
        let transactions = (0..<5).map { chain.signed(chain.transfer(sequence: UInt64($0))) }
        let candidates = transactions.map { Verified.restored($0) }
        let size = transactions[0].encodedByteCount
        let byBytes = Ledger.build(
            candidates, context: chain.context, over: chain.state, bytesMax: 3 * size,
            shouldStop: { false })
        #expect(byBytes.included.count == 3)
        let oneLess = Ledger.build(
            candidates, context: chain.context, over: chain.state, bytesMax: 3 * size - 1,
            shouldStop: { false })
        #expect(oneLess.included.count == 2)
        var asked = 0
        let byTime = Ledger.build(
            candidates, context: chain.context, over: chain.state, bytesMax: .max,
            shouldStop: {
                asked += 1
                return asked > 1
            })
        #expect(byTime.included.count == 1)
    }

    @Test func `a simulation changes nothing and needs neither signature nor turn`() throws {
        let unsigned = SignedTransaction(
            transaction: chain.transfer(sequence: 12), signatures: [])
        let simulation = try Ledger.simulate(
            unsigned, context: chain.context, over: chain.state)
        let receipt = simulation.receipt
        #expect(receipt.status == .ok)
        #expect(simulation.failure == nil)
        let real = try chain.execute([chain.signed(chain.transfer())]).receipts[0]
        #expect(real.gasUsed == receipt.gasUsed)
        #expect(throws: Rejection.gasLimitZero) {
            var transaction = chain.transfer()
            transaction.gasLimit = 0
            _ = try Ledger.simulate(
                SignedTransaction(transaction: transaction, signatures: []),
                context: chain.context, over: chain.state)
        }
    }

    @Test func `an empty block writes down nothing but itself`() throws {
        let execution = try chain.execute([])
        #expect(execution.outcome.receiptsRoot == .zero)
        // Its place among the recent blocks, and whose slot it was.
        let own: [StateKey] = [.staking(.recentBlock(1)), .staking(.participation(.zero))]
        #expect(execution.changes.writes.map(\.key) == own.map(\.bytes))
    }

    @Test func `the header's next set is the one in the state`() throws {
        let set = try chain.genesis.validatorSet()
        #expect(try chain.execute([]).outcome.nextSetHash == set.hash)
    }

    @Test func `a real signature on a real chain is verified and executed`() throws {
        let secret = SigningKey(seed: [UInt8](repeating: alice.number, count: 32))
        let transaction = chain.transfer()
        let genesisHash = chain.genesis.hash
        let signed = SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(
                    key: secret.publicKey,
                    signature: secret.sign(transaction.signBytes(genesisHash: genesisHash)))
            ])
        let verified = try Verified(signed, genesisHash: genesisHash)
        let execution = try Ledger.execute(
            [verified], context: chain.context, over: chain.state)
        #expect(execution.receipts[0].status == .ok)
        // On a chain with another genesis the same bytes carry no valid signature.
        var other = chain.genesis
        other.time = Timestamp(other.time.value + 1)
        #expect(throws: VerificationError.badSignature) {
            try Verified(signed, genesisHash: other.hash)
        }
    }
}

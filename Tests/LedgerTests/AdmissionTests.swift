import Chain
import Cryptography
import Testing

@testable import Ledger

@Suite struct AdmissionTests {
    let chain = TestChain()

    /// What the next block says about a transaction that `change` made wrong.
    private func rejection(
        by people: [Person] = [TestChain.alice], _ change: (inout Transaction) -> Void
    ) -> Rejection? {
        var transaction = chain.transfer()
        change(&transaction)
        return chain.rejection(transaction, by: people)
    }

    @Test func `a correct transaction is admitted and may be in a block`() throws {
        let transaction = chain.signed(chain.transfer())
        try Ledger.admit(transaction, at: Height(1), over: chain.state, rules: chain.rules)
        #expect(try chain.execute([transaction]).receipts.first?.status == .ok)
    }

    @Test func `a transaction of another chain is refused`() throws {
        let other = try #require(ChainID("other"))
        #expect(
            rejection { $0.chainID = other }
                == .wrongChain(expected: "test-chain", found: "other"))
    }

    @Test func `a transaction is valid up to its height and not after`() {
        #expect(rejection { $0.validUntil = Height(1) } == nil)
        #expect(
            rejection { $0.validUntil = Height(0) }
                == .expired(validUntil: Height(0), height: Height(1)))
    }

    @Test func `other lanes may not be valid for more than 20,000 heights`() {
        #expect(
            rejection {
                $0.lane = 1
                $0.validUntil = Height(20_001)
            } == nil)
        #expect(
            rejection {
                $0.lane = 1
                $0.validUntil = Height(20_002)
            } == .validityTooLong(validUntil: Height(20_002), limit: Height(20_001)))
        #expect(rejection { $0.validUntil = Height(.max) } == nil)
    }

    @Test func `a transaction has 1 to 64 actions`() {
        #expect(rejection { $0.actions = [] } == .noActions)
        let action = chain.transfer().actions[0]
        #expect(
            rejection {
                $0.actions = Array(repeating: action, count: 64)
                $0.gasLimit = 10_000_000
                $0.maxFee = Amount(10_000)
            } == nil)
        #expect(
            rejection { $0.actions = Array(repeating: action, count: 65) }
                == .tooManyActions(count: 65, limit: 64))
    }

    @Test func `a memo has at most 256 bytes`() {
        #expect(rejection { $0.memo = [UInt8](repeating: 1, count: 256) } == nil)
        #expect(
            rejection { $0.memo = [UInt8](repeating: 1, count: 257) }
                == .memoTooLong(bytes: 257, limit: 256))
    }

    @Test func `a transaction above 64 KiB is refused`() {
        let draft = ProposalDraft(
            title: "t", body: String(repeating: "b", count: 65_536), actions: [],
            deposit: Amount(1))
        guard
            case .oversized(let bytes, 65_536) = rejection({ $0.actions = [.submitProposal(draft)] }
            )
        else {
            Issue.record("an oversized transaction is refused as such")
            return
        }
        #expect(bytes > 65_536)
    }

    @Test func `actions of proposals are refused in a transaction`() {
        let spend = TreasurySpend(payments: [])
        #expect(rejection { $0.actions = [.spend(spend)] } == .notAnAccountAction("spend"))
        let change = ParameterChange(name: "fees.priceFloor", value: .integer(1))
        #expect(
            rejection { $0.actions = [.setParameter(change)] }
                == .notAnAccountAction("setParameter"))
    }

    @Test func `a block takes the next sequence only`() throws {
        #expect(rejection { $0.sequence = 1 } == .sequenceTooHigh(expected: 0, found: 1))
        var chain = chain
        try chain.append([chain.signed(chain.transfer())])
        #expect(chain.rejection(chain.transfer()) == .sequenceTooLow(expected: 1, found: 0))
        #expect(chain.rejection(chain.transfer(sequence: 1)) == nil)
    }

    @Test func `admission takes sequences up to 63 ahead`() throws {
        let near = chain.signed(chain.transfer(sequence: 63))
        try Ledger.admit(near, at: Height(1), over: chain.state, rules: chain.rules)
        let far = chain.signed(chain.transfer(sequence: 64))
        #expect(throws: Rejection.sequenceTooHigh(expected: 0, found: 64)) {
            try Ledger.admit(far, at: Height(1), over: chain.state, rules: chain.rules)
        }
    }

    @Test func `the last sequence has no successor and is never used`() {
        var chain = chain
        chain.edit {
            $0.write(
                .account(TestChain.alice.address),
                Account(sequence: .max, authority: .key(TestChain.alice.key)))
        }
        #expect(
            chain.rejection(chain.transfer(sequence: .max))
                == .sequenceTooHigh(expected: .max, found: .max))
    }

    @Test func `the gas limit lies between what the transaction needs and the block`() {
        #expect(rejection { $0.gasLimit = 0 } == .gasLimitZero)
        let signed = chain.signed(chain.transfer())
        let needed = GasSchedule.intrinsic(
            signed.transaction, byteCount: signed.encodedByteCount, signatureCount: 1)
        #expect(
            rejection { $0.gasLimit = needed - 1 }
                == .gasLimitTooLow(limit: needed - 1, needed: needed))
        #expect(rejection { $0.gasLimit = needed } == nil)
        let most = chain.rules.blockGasLimit
        #expect(
            rejection {
                $0.gasLimit = most
                $0.maxFee = Amount(most)
            } == nil)
        #expect(
            rejection { $0.gasLimit = most + 1 }
                == .gasLimitTooHigh(limit: most + 1, blockLimit: most))
        #expect(
            rejection { $0.gasLimit = .max } == .gasLimitTooHigh(limit: .max, blockLimit: most))
    }

    @Test func `the price is at least the floor`() {
        #expect(rejection { $0.maxFee = Amount(100) } == nil)
        #expect(
            rejection { $0.maxFee = Amount(99) }
                == .priceBelowFloor(maxFee: Amount(99), needed: Amount(100)))
        #expect(
            rejection {
                $0.gasLimit = 100_001
                $0.maxFee = Amount(100)
            } == .priceBelowFloor(maxFee: Amount(100), needed: Amount(101)))
    }

    @Test func `the payer has the maximum fee`() {
        #expect(rejection { $0.maxFee = TestChain.fortune } == nil)
        let above = Amount(TestChain.fortune.value + 1)
        #expect(
            rejection { $0.maxFee = above }
                == .cannotPayFee(
                    payer: TestChain.alice.address, balance: TestChain.fortune, needed: above))
        #expect(
            rejection { $0.maxFee = Amount(.max) }
                == .cannotPayFee(
                    payer: TestChain.alice.address, balance: TestChain.fortune,
                    needed: Amount(.max)))
    }

    @Test func `cheap checks come first`() throws {
        let other = try #require(ChainID("other"))
        let wrong = rejection {
            $0.chainID = other
            $0.validUntil = Height(0)
            $0.sequence = 9
            $0.maxFee = .zero
        }
        #expect(wrong?.code == "tx.wrong_chain")
        let expired = rejection {
            $0.validUntil = Height(0)
            $0.sequence = 9
            $0.maxFee = .zero
        }
        #expect(expired?.code == "tx.expired")
        let sequence = rejection {
            $0.sequence = 9
            $0.maxFee = .zero
        }
        #expect(sequence?.code == "tx.sequence_too_high")
        #expect(rejection(by: [TestChain.bob]) { $0.maxFee = .zero }?.code == "fee.below_floor")
    }

    @Test func `the dearest transaction that fits 64 KiB needs less gas than any block has`() {
        let draft = ProposalDraft(
            title: "", body: "",
            actions: (0..<16).map { _ in .spend(TreasurySpend(payments: [])) },
            deposit: Amount(0))
        var transaction = chain.transfer()
        transaction.actions = Array(repeating: .submitProposal(draft), count: 64)
        let gas = GasSchedule.intrinsic(
            transaction, byteCount: Limits.transactionBytesMax,
            signatureCount: Limits.transactionSignaturesMax)
        // The lower bound of block.gasLimit, with room for what the actions write.
        #expect(gas + 3 * 65_536 * GasSchedule.writtenByte < 20_000_000)
    }
}

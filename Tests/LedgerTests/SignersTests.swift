import Chain
import Cryptography
import Testing

@testable import Ledger

@Suite struct SignersTests {
    let alice = TestChain.alice
    let bob = TestChain.bob
    let carol = TestChain.carol
    var chain = TestChain()

    @Test func `an address without a record belongs to the key that it is the hash of`() {
        #expect(chain.rejection(chain.transfer(), by: [alice]) == nil)
        #expect(chain.rejection(chain.transfer(), by: [bob]) == .wrongSigners(alice.address))
        #expect(chain.rejection(chain.transfer(), by: []) == .wrongSigners(alice.address))
    }

    @Test func `no signature more than needed is accepted`() {
        #expect(
            chain.rejection(chain.transfer(), by: [alice, bob]) == .wrongSigners(alice.address))
        #expect(
            chain.rejection(chain.transfer(), by: [alice, alice])
                == .wrongSigners(alice.address))
    }

    @Test func `the account remembers its key after its first transaction`() throws {
        var chain = chain
        try chain.append([chain.signed(chain.transfer())])
        let view = Queries.account(alice.address, over: chain.state)
        #expect(view.authority == .key(alice.key))
        #expect(view.sequence == 1)
    }

    @Test func `another fee payer signs after the sender`() throws {
        var transaction = chain.transfer()
        transaction.feePayer = carol.address
        #expect(chain.rejection(transaction, by: [alice, carol]) == nil)
        #expect(chain.rejection(transaction, by: [alice]) == .wrongSigners(carol.address))
        #expect(chain.rejection(transaction, by: [carol, alice]) == .wrongSigners(alice.address))
        #expect(chain.rejection(transaction, by: [alice, bob]) == .wrongSigners(carol.address))
        var chain = chain
        let receipt = try chain.append([chain.signed(transaction, by: [alice, carol])])
            .receipts[0]
        #expect(chain.balance(alice) == TestChain.fortune.value - 1_000)
        #expect(chain.balance(carol) == TestChain.fortune.value - receipt.fee.value)
    }

    @Test func `a sender who names itself as the payer signs once`() {
        var transaction = chain.transfer()
        transaction.feePayer = alice.address
        #expect(chain.rejection(transaction, by: [alice]) == nil)
        #expect(
            chain.rejection(transaction, by: [alice, alice]) == .wrongSigners(alice.address))
    }

    @Test func `a payer without funds is refused, whatever the sender has`() {
        var transaction = chain.transfer()
        transaction.feePayer = TestChain.nobody.address
        #expect(
            chain.rejection(transaction, by: [alice, TestChain.nobody])
                == .cannotPayFee(
                    payer: TestChain.nobody.address, balance: .zero, needed: Amount(1_000)))
    }

    private func chainWithThreshold(_ threshold: UInt32) -> TestChain {
        var chain = chain
        chain.edit {
            $0.write(
                .account(TestChain.alice.address),
                Account(
                    sequence: 0,
                    authority: .threshold(
                        keys: [
                            WeightedKey(key: TestChain.alice.key, weight: 1),
                            WeightedKey(key: TestChain.bob.key, weight: 2),
                            WeightedKey(key: TestChain.carol.key, weight: 1),
                        ], threshold: threshold)))
        }
        return chain
    }

    @Test func `a threshold takes keys in its own order until it is reached`() {
        let chain = chainWithThreshold(2)
        let wrong = Rejection.wrongSigners(alice.address)
        #expect(chain.rejection(chain.transfer(), by: [bob]) == nil)
        #expect(chain.rejection(chain.transfer(), by: [alice, carol]) == nil)
        #expect(chain.rejection(chain.transfer(), by: [alice, bob]) == nil)
        #expect(chain.rejection(chain.transfer(), by: [alice]) == wrong)
        #expect(chain.rejection(chain.transfer(), by: [carol, alice]) == wrong)
        #expect(chain.rejection(chain.transfer(), by: [alice, alice]) == wrong)
        #expect(chain.rejection(chain.transfer(), by: [bob, carol]) == wrong)
    }

    @Test func `the payer's key follows those of a threshold, even if it is one of them`() {
        let chain = chainWithThreshold(2)
        var transaction = chain.transfer()
        transaction.feePayer = carol.address
        #expect(chain.rejection(transaction, by: [bob, carol]) == nil)
        #expect(chain.rejection(transaction, by: [alice, carol, carol]) == nil)
        #expect(
            chain.rejection(transaction, by: [alice, carol]) == .wrongSigners(carol.address))
    }

    @Test func `a threshold of zero is nobody's`() {
        let chain = chainWithThreshold(0)
        #expect(chain.rejection(chain.transfer(), by: []) == .wrongSigners(alice.address))
        #expect(chain.rejection(chain.transfer(), by: [alice]) == .wrongSigners(alice.address))
    }

    @Test(arguments: ModuleID.allCases)
    func `nobody signs for an account of the ledger`(module: ModuleID) {
        var chain = chain
        chain.edit { $0.write(.balance(module.address, .native), Amount(1_000_000)) }
        var transaction = chain.transfer()
        transaction.sender = module.address
        #expect(
            chain.rejection(transaction, by: [alice]) == .moduleCannotSign(module.address))
        var paid = chain.transfer()
        paid.feePayer = module.address
        #expect(
            chain.rejection(paid, by: [alice, bob]) == .moduleCannotSign(module.address))
    }
}

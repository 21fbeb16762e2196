import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct TreasuryTests {
    let chain = TestChain()
    let bob = TestChain.bob.address

    private func payment(_ amount: UInt64, to recipient: Address) -> TreasuryPayment {
        TreasuryPayment(recipient: recipient, asset: .native, amount: Amount(amount))
    }

    @Test func `a spend pays every recipient`() throws {
        var state = State(over: chain.state)
        try Treasury.spend(
            TreasurySpend(payments: [payment(10, to: bob), payment(5, to: bob)]), in: &state)
        #expect(state.balance(of: bob) == Amount(TestChain.fortune.value + 15))
        #expect(Treasury.balance(in: state) == Amount(1_000_000_000_000 - 15))
        #expect(state.events.count == 2)
    }

    @Test func `more than the treasury has is refused`() {
        var state = State(over: chain.state)
        #expect(throws: Rejection.self) {
            try Treasury.spend(
                TreasurySpend(payments: [payment(1_000_000_000_001, to: bob)]), in: &state)
        }
    }

    @Test func `an escrow takes nothing from the treasury`() {
        var state = State(over: chain.state)
        #expect(throws: Rejection.recipientIsModule(ModuleAccounts.depositEscrow)) {
            try Treasury.spend(
                TreasurySpend(payments: [payment(1, to: ModuleAccounts.depositEscrow)]),
                in: &state)
        }
    }
}

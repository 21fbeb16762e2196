import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct StateTests {
    let alice = TestChain.alice.address
    let bob = TestChain.bob.address
    var state = State(over: MemoryState())

    @Test func `a checkpoint that is reverted takes writes and events with it`() throws {
        var state = state
        try state.credit(alice, Amount(5))
        state.checkpoint()
        try state.move(Amount(2), from: alice, to: bob)
        state.emit(.transferred(from: alice, to: bob, asset: .native, amount: Amount(2)))
        state.checkpoint()
        try state.debit(alice, Amount(3))
        state.commit()
        state.revert()
        #expect(state.balance(of: alice) == Amount(5))
        #expect(state.balance(of: bob) == .zero)
        #expect(state.takeEvents().isEmpty)
        #expect(state.takeWrites().count == 1)
    }

    @Test func `an emptied balance has no entry`() throws {
        var state = state
        try state.credit(alice, Amount(5))
        try state.debit(alice, Amount(5))
        #expect(!state.contains(.balance(alice, .native)))
    }

    @Test func `a debit above the balance changes nothing`() throws {
        var state = state
        try state.credit(alice, Amount(5))
        #expect(
            throws: Rejection.insufficientFunds(
                account: alice, asset: .native, balance: Amount(5), needed: Amount(6))
        ) {
            try state.debit(alice, Amount(6))
        }
        #expect(state.balance(of: alice) == Amount(5))
    }

    @Test func `a move that overflows changes nothing`() throws {
        var state = state
        try state.credit(alice, Amount(1))
        try state.credit(bob, Amount(.max))
        #expect(throws: Rejection.balanceOverflow(account: bob, asset: .native)) {
            try state.move(Amount(1), from: alice, to: bob)
        }
        #expect(state.balance(of: alice) == Amount(1))
    }

    @Test func `entries come in the order of their keys and end at the limit`() {
        var state = state
        for asset in [300, 2, 70_000, 1] as [UInt64] {
            state.write(.balance(alice, AssetID(asset)), Amount(asset))
        }
        let range = StateKeyRange(
            from: .balance(alice, .native), to: .balance(alice, AssetID(.max)))
        let amounts = state.entries(in: range, limit: 3).map {
            State<MemoryState>.decode($0.value, as: Amount.self).value
        }
        #expect(amounts == [1, 2, 300])
    }

    @Test func `written bytes are counted and stay counted after a revert`() {
        var state = state
        state.checkpoint()
        state.write(.bondedTotal, Amount(1))
        state.revert()
        #expect(state.writtenByteCount == 3 + 8)
    }
}

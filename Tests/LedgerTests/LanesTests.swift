import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct LanesTests {
    var chain = TestChain()

    private func use(
        _ lane: UInt16, sequence: UInt64 = 0, until height: UInt64
    ) -> SignedTransaction {
        var transaction = chain.transfer(sequence: sequence, lane: lane)
        transaction.validUntil = Height(height)
        return chain.signed(transaction)
    }

    private func next(_ lane: UInt16, in chain: TestChain) -> UInt64 {
        Queries.nextSequence(
            of: TestChain.alice.address, lane: lane, at: chain.context.height, over: chain.state)
    }

    @Test func `each lane counts for itself`() throws {
        var chain = chain
        try chain.append([
            use(7, until: 50), use(7, sequence: 1, until: 50), use(3, until: 50),
            chain.signed(chain.transfer()),
        ])
        #expect(next(7, in: chain) == 2)
        #expect(next(3, in: chain) == 1)
        #expect(next(0, in: chain) == 1)
        #expect(next(8, in: chain) == 0)
        #expect(
            chain.rejection(use(7, sequence: 1, until: 60).transaction)
                == .sequenceTooLow(expected: 2, found: 1))
    }

    @Test func `an account has at most 64 live lanes`() throws {
        var chain = chain
        try chain.append((1...64).map { use(UInt16($0), until: 5) })
        #expect(chain.rejection(use(65, until: 5).transaction) == .tooManyLanes(limit: 64))
        #expect(chain.rejection(use(64, sequence: 1, until: 5).transaction) == nil)
        // Heights 2 to 5 pass; in block 6 the lanes of before are gone.
        for _ in 0..<4 {
            try chain.append()
        }
        #expect(chain.rejection(use(65, until: 10).transaction) == nil)
    }

    @Test func `a lane goes when its highest expiry is past, and nothing is left of it`() throws {
        var chain = chain
        let entries = chain.state.entries.count
        try chain.append([use(7, until: 9), use(7, sequence: 1, until: 3)])
        while chain.height < Height(9) {
            #expect(next(7, in: chain) == 2)
            try chain.append()
        }
        #expect(next(7, in: chain) == 0)
        try chain.append()
        #expect(
            !chain.state.entries.contains {
                $0.key == StateKey.lanes(TestChain.alice.address).bytes
            })
        // The fee collector's balance is the only entry more, beside what blocks write down of
        // themselves: lane 0 was not used.
        let own = chain.height.value + 1
        #expect(chain.state.entries.count == entries + 1 + Int(own))
    }

    @Test func `a forgotten lane lets nothing return`() throws {
        var chain = chain
        let first = use(7, until: 3)
        try chain.append([first])
        for _ in 0..<3 {
            try chain.append()
        }
        #expect(
            chain.rejection(first.transaction)
                == .expired(validUntil: Height(3), height: Height(5)))
    }

    @Test func `a lane that is used again stays, and its sweep comes later`() throws {
        var chain = chain
        try chain.append([use(7, until: 3), use(8, until: 6)])
        try chain.append([use(7, sequence: 1, until: 8)])
        while chain.height < Height(7) {
            try chain.append()
        }
        #expect(next(7, in: chain) == 2)
        #expect(next(8, in: chain) == 0)
        let table = State(over: chain.state).read(
            .lanes(TestChain.alice.address), as: LaneTable.self)
        #expect(table?.lanes.map(\.number) == [7])
        #expect(table?.dueAfter == Height(8))
        try chain.append()
        try chain.append()
        let line = StateKeyRange(.accounts, kind: 2)
        #expect(State(over: chain.state).firstEntry(in: line) == nil)
    }

    @Test func `one block sweeps at most 256 accounts and the next ones the rest`() throws {
        var chain = chain
        chain.edit { state in
            for index in 0..<300 {
                let address = Address(
                    creator: TestChain.alice.address, lane: 0, sequence: UInt64(index),
                    actionIndex: 0)
                state.write(
                    .lanes(address),
                    LaneTable(
                        dueAfter: Height(1),
                        lanes: [Lane(number: 1, nextSequence: 1, validUntil: Height(1))]))
                state.write(.laneExpiry(Height(1), address), Presence())
            }
        }
        let line = StateKeyRange(.accounts, kind: 2)
        try chain.append()
        #expect(State(over: chain.state).entries(in: line, limit: 400).count == 44)
        try chain.append()
        #expect(State(over: chain.state).firstEntry(in: line) == nil)
    }
}

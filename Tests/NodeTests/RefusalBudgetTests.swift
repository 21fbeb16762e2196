import Chain
import Consensus
import Cryptography
import Testing

@testable import Node

@Suite struct RefusalBudgetTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)

    private static func peer(_ number: UInt64) -> PublicKey {
        PublicKey(words: Words32(number, 1, 2, 3))
    }

    @Test func `who sends nothing but what is refused is held to a rate`() {
        var budget = RefusalBudget()
        let peer = Self.peer(1)
        var read = 0
        // A hundred seconds of sixteen times the rate.
        for step in 0..<12_800 as Range<UInt64> {
            let now = Instant(nanoseconds: Self.start.nanoseconds + step * 7_812_500)
            if budget.admits(64, of: peer, at: now) {
                read += 64
                budget.note(refused: 64, taken: 0, of: peer, at: now)
            }
        }
        let most = Int(RefusalBudget.burst + 100 * RefusalBudget.perSecond)
        #expect(read >= most - 128)
        #expect(read <= most)
        #expect(budget.droppedCount == UInt64(12_800 * 64 - read))
        // Others have nothing to do with it.
        #expect(budget.admits(1, of: Self.peer(2), at: Self.start) == true)
    }

    @Test func `who sends as much that is of use is never held up`() {
        var budget = RefusalBudget()
        for _ in 0..<10_000 {
            #expect(budget.admits(64, of: Self.peer(1), at: Self.start) == true)
            budget.note(refused: 32, taken: 0, of: Self.peer(1), at: Self.start)
            budget.note(refused: 0, taken: 32, of: Self.peer(1), at: Self.start)
        }
        #expect(budget.droppedCount == 0)
    }

    @Test func `tokens come back with time, and with what is taken`() {
        var budget = RefusalBudget()
        let peer = Self.peer(1)
        budget.note(refused: .max, taken: 0, of: peer, at: Self.start)
        #expect(budget.admits(1, of: peer, at: Self.start) == false)
        // An earlier time of another thread gives nothing.
        #expect(budget.admits(1, of: peer, at: Instant(nanoseconds: 1)) == false)
        #expect(budget.admits(1, of: peer, at: Self.start.advanced(byMilliseconds: 1)) == false)
        #expect(budget.admits(1, of: peer, at: Self.start.advanced(byMilliseconds: 2)) == true)
        budget.note(refused: 0, taken: 1, of: peer, at: Self.start)
        #expect(budget.admits(1, of: peer, at: Self.start) == true)
        // With all its tokens a peer is as one that never came.
        let later = Self.start.advanced(byMilliseconds: 16_000)
        budget.note(refused: 0, taken: 1, of: peer, at: later)
        #expect(budget.rememberedCount == 0)
        #expect(budget.admits(1, of: peer, at: .distantFuture) == true)
    }

    @Test func `what is remembered is bounded`() {
        var budget = RefusalBudget()
        for number in 0..<20_000 as Range<UInt64> {
            budget.note(refused: 1, taken: 0, of: Self.peer(number), at: Self.start)
            #expect(budget.rememberedCount <= RefusalBudget.rememberedMax)
        }
        let now = Self.start.advanced(byMilliseconds: 10)
        budget.note(refused: 1, taken: 0, of: Self.peer(50_000), at: now)
        #expect(budget.rememberedCount <= RefusalBudget.rememberedMax)
    }
}

extension RefusalBudgetTests {
    /// Refused by the state: its signature is good, and its sender has nothing.
    private static func poor(_ network: TestNetwork, _ number: UInt64) -> SignedTransaction {
        let key = TestNetwork.userKey(200)
        let transaction = Chain.Transaction(
            chainID: network.genesis.chainID, sender: Address(key.publicKey), sequence: number,
            validUntil: Height(1_000), maxFee: Amount(1_000_000), gasLimit: 1_000_000,
            actions: [
                .transfer(
                    to: Address(TestNetwork.userKey(1).publicKey), asset: .native,
                    amount: Amount(1))
            ])
        let message = transaction.signBytes(genesisHash: network.genesis.hash)
        return SignedTransaction(
            transaction: transaction,
            signatures: [
                TransactionSignature(key: key.publicKey, signature: key.sign(message))
            ])
    }

    @Test func `an endless stream of what the state refuses is dropped, and its sender not banned`()
        async throws
    {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let data = try DataFolder.open(network.members[0].home, genesis: network.genesis)
        let loop = Mailbox<LoopInput>(capacity: 1_024)
        let verifier = Verifier(
            genesisHash: network.genesis.hash, view: StateView(data.view), cache: SignatureCache(),
            loop: loop)
        let batch = (0..<64).map { Self.poor(network, $0) }
        let peer = Self.peer(1)
        while verifier.droppedCount == 0 {
            for _ in 0..<32 { verifier.check(batch, source: peer, tickets: nil, credit: nil) }
            await Task.yield()
        }
        // Clients of this node wait for their answers, whatever peers send.
        let tickets = TicketOffice()
        let open = tickets.open(count: 1)
        verifier.check([batch[0]], source: nil, tickets: open, credit: nil)
        let answers = await open.all()
        #expect(answers.count == 1)
        // Nobody is reported.
        #expect(loop.count == 0)
    }
}

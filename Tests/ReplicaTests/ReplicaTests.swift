import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

@Suite struct ReplicaTests {
    @Test func `blocks follow one another, final in the order of heights`() throws {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        for _ in 0..<40 where one.committed.count < 5 {
            one.wait()
        }
        #expect(one.committed.map(\.height.value).prefix(5) == [1, 2, 3, 4, 5])
        for (parent, child) in zip(one.committed, one.committed.dropFirst()) {
            #expect(child.parentHash == parent.hash)
            #expect(child.timestamp > parent.timestamp)
        }
    }

    @Test func `a block is stored, and the vote recorded, before the vote is signed`() throws {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        for _ in 0..<20 where one.committed.isEmpty {
            one.wait()
        }
        let stored = try #require(one.log.firstIndex(of: "store"))
        let recorded = try #require(one.log.firstIndex(of: "persist 1"))
        let signed = try #require(one.log.firstIndex(of: "sign notarize"))
        #expect(stored < recorded)
        #expect(recorded < signed)
    }

    @Test func `an idle leader waits for the idle interval, and a transaction ends the wait`()
        throws
    {
        var one = try OneValidator(blockInterval: 100, idleInterval: 1_000)
        one.give(.start(blocks: []))
        while one.committed.count < 2 { one.wait() }
        let first = one.committed[0]
        let second = one.committed[1]
        #expect(second.timestamp.value - first.timestamp.value >= 1_000)

        let transaction = try MempoolTests.transaction(1, 0)
        let before = one.now.wall
        one.give(
            .transaction(
                transaction, AdmissionFacts(nextSequence: 0, source: nil), ticket: 4))
        #expect(one.log.contains("admitted 4"))
        while one.committed.count < 3 { one.wait() }
        let third = one.committed[2]
        #expect(third.timestamp.value <= before.value + 101)
        #expect(one.builds.last { $0.parent.height == second.height }?.candidates.count == 1)
    }

    @Test func `a transaction is in one block only, and submitting it again is no mistake`() throws
    {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        let transaction = try MempoolTests.transaction(1, 0)
        let facts = AdmissionFacts(nextSequence: 0, source: nil)
        one.give(.transaction(transaction, facts, ticket: 1))
        one.give(.transaction(transaction, facts, ticket: 2))
        while one.committed.count < 4 { one.wait() }
        one.give(.transaction(transaction, facts, ticket: 3))
        while one.committed.count < 6 { one.wait() }
        let containing = one.builds.filter { job in
            job.candidates.contains { $0.value.id == transaction.value.id }
        }
        #expect(containing.count == 1)
        #expect(one.log.contains("admitted 1"))
        #expect(one.log.contains("admitted 2"))
        #expect(one.log.contains("admitted 3"))
    }

    @Test func `a refused transaction says why`() throws {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        one.give(
            .transaction(
                try MempoolTests.transaction(1, 3),
                AdmissionFacts(nextSequence: 5, source: nil), ticket: 9))
        #expect(one.log.contains("refused 9 tx.sequence_too_low"))
    }

    /// Its network key may be the next one of a validator; those who speak for another seat than
    /// their own are in `HostileMessagesTests`.
    @Test func `a vote of a peer without a seat is not looked at, and no fault`() throws {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        let peer = Peer(key: PublicKey([UInt8](repeating: 3, count: 32)))
        var effects: [ReplicaEffect] = []
        let vote = PeerMessageTests.vote(.nullify)
        let forged = Vote(
            epoch: vote.epoch, view: vote.view, signer: 0, statement: vote.statement,
            signature: vote.signature)
        one.replica.handle(.received(.vote(forged), from: peer), at: one.now, into: &effects)
        let isAnswered = effects.contains { effect in
            switch effect {
            case .penalize, .verify: true
            default: false
            }
        }
        #expect(!isAnswered)
    }

    @Test func `a block that nobody asked for is not taken`() throws {
        var one = try OneValidator()
        one.give(.start(blocks: []))
        let peer = Peer(key: PublicKey([UInt8](repeating: 3, count: 32)))
        var effects: [ReplicaEffect] = []
        let block = Block(header: PeerMessageTests.header, body: BlockBody(transactions: []))
        let response = BlockResponse(hash: block.hash, block: block.encoded())
        one.replica.handle(
            .received(.blockResponse(response), from: peer), at: one.now, into: &effects)
        let isVerified = effects.contains { effect in
            if case .verify = effect { true } else { false }
        }
        #expect(!isVerified)
    }
}

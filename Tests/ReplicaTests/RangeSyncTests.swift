import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

/// network.md 6.6: a range has five seconds and a minimum rate; who is slow is not asked again
/// while somebody else is better.
@Suite struct RangeSyncTests {
    private static let peers = (0..<4).map { ReplicaNetwork.networkKey($0) }
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func target() throws -> FinalizedHead {
        let body = BlockBody(transactions: [])
        let header = Header(
            genesisHash: ReplicaNetwork.genesis.hash, epoch: .zero, height: Height(10_000),
            view: View(10_000), parentView: .zero, parentHash: .zero, timestamp: Timestamp(1),
            proposer: 0, transactionsRoot: body.transactionsRoot, stateRoot: .zero,
            receiptsRoot: .zero, setHash: .zero, nextSetHash: .zero, evidenceRoot: .zero,
            participationRoot: .zero, gasUsed: 0, gasLimit: 1)
        let certificate = Certificate(
            epoch: .zero, view: View(10_000),
            statement: .finalize(Candidate(parentView: .zero, blockHash: header.hash)),
            isPartial: false, bitmap: SignerBitmap(count: 4), signatures: [])
        return FinalizedHead(header: header, certificate: .restored(certificate))
    }

    private static func range() throws -> RangeRequest {
        try #require(RangeRequest(first: Height(1), last: Height(32)))
    }

    /// Asks and is answered; whom it asks next.
    private static func next(
        _ sync: inout RangeSync, blocks: Int, bytes: Int, after milliseconds: UInt64
    ) throws -> PublicKey? {
        sync.asked(try range(), at: start)
        sync.beginWork(
            blocks: blocks, bytes: bytes, at: start.advanced(byMilliseconds: milliseconds))
        sync.advance(of: peers)
        return sync.askedPeer
    }

    private static func started() throws -> RangeSync {
        var sync = RangeSync()
        sync.start(target: try target(), peer: peers[1], of: peers)
        #expect(sync.askedPeer == peers[1])
        return sync
    }

    @Test(arguments: [
        // All that was asked for: small blocks from far away, and larger ones at the minimum rate.
        (32, 16_384, 625, true), (32, 16_384, 626, false),
        (32, 131_072, 1_500, true), (32, 131_072, 1_501, false),
        // As much as a range holds.
        (7, 2_097_152, 4_900, true), (7, 2_097_151, 10, false),
        // Less without need, however fast.
        (31, 16_384, 1, false), (1, 512, 4_900, false), (1, 524_288, 4_000, false),
    ])
    func `who serves well goes on, who does not is left`(
        blocks: Int, bytes: Int, milliseconds: UInt64, stays: Bool
    ) throws {
        var sync = try Self.started()
        let next = try Self.next(&sync, blocks: blocks, bytes: bytes, after: milliseconds)
        #expect(next == Self.peers[stays ? 1 : 2])
    }

    @Test func `whoever was slow is asked again only when nobody is better`() throws {
        var sync = try Self.started()
        // Three of four give a block in each five seconds: each does so once.
        for expected in [2, 3, 0] {
            let next = try Self.next(&sync, blocks: 1, bytes: 512, after: 4_900)
            #expect(next == Self.peers[expected])
        }
        for _ in 0..<100 {
            let next = try Self.next(&sync, blocks: 32, bytes: 16_384, after: 20)
            #expect(next == Self.peers[0])
        }
        // The next sync knows them still, whomever it is told to ask.
        sync.finish()
        sync.start(target: try Self.target(), peer: Self.peers[1], of: Self.peers)
        #expect(sync.askedPeer == Self.peers[0])
        // Now all have been slow once; they take turns.
        let second = try Self.next(&sync, blocks: 1, bytes: 512, after: 4_900)
        #expect(second == Self.peers[1])
        // One range served well makes good for what was.
        let third = try Self.next(&sync, blocks: 32, bytes: 16_384, after: 20)
        #expect(third == Self.peers[1])
    }

    @Test func `who is alone is asked again, however slow`() throws {
        var sync = RangeSync()
        let alone = [Self.peers[2]]
        sync.start(target: try Self.target(), peer: alone[0], of: alone)
        sync.asked(try Self.range(), at: Self.start)
        sync.beginWork(
            blocks: 1, bytes: 512, at: Self.start.advanced(byMilliseconds: 4_900))
        sync.advance(of: alone)
        #expect(sync.askedPeer == alone[0])
        let goesOn = sync.failed(nextOf: alone)
        #expect(!goesOn)
        #expect(!sync.isActive)
    }

    @Test func `everybody has a turn before it gives up, the better ones first`() throws {
        var sync = try Self.started()
        _ = try Self.next(&sync, blocks: 1, bytes: 512, after: 10)
        var asked: [PublicKey] = []
        while let peer = sync.askedPeer {
            asked.append(peer)
            _ = sync.failed(nextOf: Self.peers)
        }
        #expect(asked == [2, 3, 0, 1].map { Self.peers[$0] })
        #expect(!sync.isActive)
    }

    @Test func `a range goes on under another name`() throws {
        var sync = try Self.started()
        let other = ReplicaNetwork.networkKey(9)
        sync.rename(Self.peers[1], to: other)
        #expect(sync.askedPeer == other)
        sync.asked(try Self.range(), at: Self.start)
        sync.beginWork(blocks: 32, bytes: 16_384, at: Self.start)
        sync.rename(other, to: Self.peers[3])
        #expect(sync.servingPeer == Self.peers[3])
        sync.rename(Self.peers[2], to: other)
        #expect(sync.servingPeer == Self.peers[3])
        sync.advance(of: Self.peers)
        #expect(sync.askedPeer == Self.peers[3])
    }

    @Test func `whoever has gone is not asked for the next range`() throws {
        var sync = try Self.started()
        sync.asked(try Self.range(), at: Self.start)
        sync.beginWork(blocks: 32, bytes: 16_384, at: Self.start)
        sync.advance(of: Self.peers.filter { $0 != Self.peers[1] })
        #expect(sync.askedPeer == Self.peers[0])
    }

    @Test func `whoever goes away or gets a name while it is asked costs no time`() {
        let network = ReplicaNetwork(count: 6, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3, 4])
        network.run(milliseconds: 600_000) { network.nodes[4].height >= 100 }
        var asked: [Int] = []
        network.delay = { from, to, message in
            if from == 5, case .rangeRequest = message {
                asked.append(to)
                // The first one is gone before it answers, the second one has two names from then
                // on, and answers by the one that is not known.
                let peer = Peer(key: ReplicaNetwork.networkKey(to))
                if asked.count == 1 { network.schedule(.disconnected(peer), for: 5) }
                if asked.count == 2 {
                    let other = Peer(key: ReplicaNetwork.networkKey(9))
                    network.schedule(.renamed(peer, to: other, remains: true), for: 5)
                }
            }
            return 10
        }
        network.start([5])
        #expect(network.run(milliseconds: 2_000) { network.nodes[5].height >= 100 })
        #expect(Set(asked.prefix(3)).count == 3)
    }

    @Test func `a follower leaves a slow server after one range`() {
        let network = ReplicaNetwork(count: 6, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3, 4])
        network.run(milliseconds: 600_000) { network.nodes[4].height >= 200 }
        var asked: [Int] = []
        network.delay = { from, to, message in
            if from == 5, case .rangeRequest = message { asked.append(to) }
            // Whoever is asked first takes all the time that it has.
            if from == asked.first, case .rangeResponse = message { return 4_900 }
            return 10
        }
        network.start([5])
        #expect(network.run(milliseconds: 60_000) { network.nodes[5].height >= 200 })
        #expect(asked.count >= 6)
        #expect(asked.count { $0 == asked.first } == 1)
    }
}

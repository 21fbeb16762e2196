import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

/// Bodies that are in nobody's memory: more of them wait than fit, and the disk is not read twice.
@Suite struct LostBodiesTests {
    private static func network() -> ReplicaNetwork {
        let network = ReplicaNetwork(count: 4, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 2 }
        return network
    }

    @Test func `nodes that restart without the bodies of certified blocks ask each other`() {
        let network = Self.network()
        network.delay = { _, _, message in
            if case .vote(let vote) = message, vote.kind == .finalize { nil } else { 10 }
        }
        let height = network.nodes.map(\.height).max() ?? 0
        network.run(milliseconds: 1_000)
        for number in 0..<4 { network.stop(number) }
        network.delay = { _, _, _ in 10 }
        for node in network.nodes { node.losesBodies = true }
        network.start([0, 1, 2, 3])
        #expect(network.run { network.nodes.allSatisfy { $0.height > height + 8 } })
        EpochTests.check(network)
    }

    /// Its vote is signed again at the start, and nothing is there to be proposed with it.
    @Test func `a leader that restarts without its own proposal goes on`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        var hasProposed = false
        for _ in 0..<40 where !hasProposed {
            let before = node.sent.count
            network.partition([0], [1, 2, 3])
            network.run(milliseconds: 60)
            hasProposed = node.sent.dropFirst(before).contains {
                if case .proposal = $0 { true } else { false }
            }
            if !hasProposed {
                network.heal()
                network.run(milliseconds: 130)
            }
        }
        try #require(hasProposed)
        network.stop(0)
        node.losesBodies = true
        node.loseSignatures()
        network.heal()
        network.start([0])
        let height = network.nodes[1].height
        #expect(network.run { node.height > height + 8 })
        EpochTests.check(network)
    }

    /// What is let go is what is needed last, and never what has just come.
    @Test func `SEC-44 a full tree lets go of the highest blocks`() throws {
        let transactions = try (0..<4_000 as Range<UInt64>).map {
            try MempoolTests.transaction(1, $0).value
        }
        let size = transactions.reduce(0) { $0 + $1.encodedByteCount }
        let body = BlockBody(transactions: transactions)
        var tree = BlockTree()
        var hashes: [Digest] = []
        let count = UInt64(BlockTree.bytesMax / size + 10)
        for height in 1...count {
            // The last one is low again.
            let header = DoorTests.header(
                height: height == count ? 1 : height, parent: Digest(.block, [UInt8(height)]))
            hashes.append(header.hash)
            tree.insert(Block(header: header, body: body))
            #expect(tree.byteCount <= BlockTree.bytesMax)
        }
        let kept = hashes.map { tree[$0] != nil }
        let keptCount = kept.count { $0 }
        #expect(keptCount < hashes.count && keptCount > hashes.count - 14)
        #expect(kept.prefix(keptCount - 1).allSatisfy { $0 })
        #expect(kept.last == true)
        #expect(kept.dropFirst(keptCount - 1).dropLast().allSatisfy { !$0 })
    }

    /// The engine learns from the disk's answer that it has the block.
    @Test func `what the disk works on is not let go`() throws {
        let transactions = try (0..<4_000 as Range<UInt64>).map {
            try MempoolTests.transaction(1, $0).value
        }
        let size = transactions.reduce(0) { $0 + $1.encodedByteCount }
        let body = BlockBody(transactions: transactions)
        var tree = BlockTree()
        let top = Block(
            header: DoorTests.header(height: 1_000, parent: .zero), body: body)
        tree.insert(top)
        tree.markStoring(top.hash)
        for height in 1...UInt64(BlockTree.bytesMax / size + 5) {
            tree.insert(
                Block(header: DoorTests.header(height: height, parent: .zero), body: body))
        }
        #expect(tree[top.hash] != nil)
        tree.markStored(top.hash)
        tree.insert(Block(header: DoorTests.header(height: 999, parent: .zero), body: body))
        #expect(tree[top.hash] == nil)
    }
}

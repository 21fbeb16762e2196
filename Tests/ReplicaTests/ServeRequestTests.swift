import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

/// A question has some forty bytes and its answer a megabyte: the replica points at what it holds,
/// and the shell makes the answer beside it.
@Suite struct ServeRequestTests {
    private static func block() throws -> Block {
        let transactions = try (0..<3 as Range<UInt64>).map {
            try MempoolTests.transaction($0, 0).value
        }
        let body = BlockBody(transactions: transactions)
        return Block(
            header: Header(
                genesisHash: ReplicaNetwork.genesis.hash, epoch: .zero, height: Height(1),
                view: View(1), parentView: .zero, parentHash: .zero, timestamp: Timestamp(1),
                proposer: 0, transactionsRoot: body.transactionsRoot, stateRoot: .zero,
                receiptsRoot: .zero, setHash: .zero, nextSetHash: .zero, evidenceRoot: .zero,
                participationRoot: .zero, gasUsed: 0, gasLimit: 1), body: body)
    }

    /// What a replica that holds `block` does about a message; it sends nothing itself.
    private static func served(_ message: PeerMessage, holding block: Block) throws -> ServeRequest?
    {
        var node = try OneValidator()
        node.replica.tree.insert(block)
        var effects: [ReplicaEffect] = []
        let peer = Peer(key: ReplicaNetwork.networkKey(3))
        node.replica.handle(.received(message, from: peer), at: node.now, into: &effects)
        #expect(effects.count == 1)
        guard case .serve(let request, peer.key)? = effects.first else { return nil }
        return request
    }

    @Test func `a block that is held is encoded by the shell`() throws {
        let block = try Self.block()
        let request = try Self.served(
            .blockRequest(BlockRequest(hash: block.hash)), holding: block)
        #expect(request == .held(block))
        #expect(
            request?.heldAnswer
                == .blockResponse(BlockResponse(hash: block.hash, block: block.encoded())))
    }

    @Test func `a block that is not here is looked for on the disk`() throws {
        let question = BlockRequest(hash: Digest(.block, [1]))
        let request = try Self.served(.blockRequest(question), holding: Self.block())
        #expect(request == .block(question))
        #expect(request?.heldAnswer == nil)
    }

    @Test func `transactions are picked by the shell, those that there are`() throws {
        let block = try Self.block()
        let question = BlockTransactionsRequest(hash: block.hash, positions: [0, 2, 3])
        let request = try Self.served(.blockTransactionsRequest(question), holding: block)
        #expect(request == .transactions(question, of: block))
        let transactions = block.body.transactions
        #expect(
            request?.heldAnswer
                == .blockTransactionsResponse(
                    BlockTransactionsResponse(
                        hash: block.hash, transactions: [transactions[0], transactions[2]])))
    }
}

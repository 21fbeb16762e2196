import Chain
import Codec
import Consensus
import Cryptography
import Foundation
import Networking
import Replica
import Storage
import Synchronization
import Testing

@testable import Node

/// What peers ask stands before nothing that this node's own votes wait for, and no peer's
/// questions before all of another's.
@Suite struct QuestionQueueTests {
    private static func peer(_ index: UInt8) -> PublicKey {
        PublicKey([UInt8](repeating: index, count: 32))
    }

    private static func block(_ number: UInt8, of peer: UInt8) -> QuestionQueue.Question {
        QuestionQueue.Question(
            request: .block(BlockRequest(hash: Digest(.block, [number]))),
            peer: Self.peer(peer), credit: nil)
    }

    private static func range(_ first: UInt64, of peer: UInt8) throws -> QuestionQueue.Question {
        let request = try #require(RangeRequest(first: Height(first), last: Height(first + 31)))
        return QuestionQueue.Question(
            request: .range(request), peer: Self.peer(peer), credit: nil)
    }

    private static func isRange(_ question: QuestionQueue.Question) -> Bool {
        if case .range = question.request { true } else { false }
    }

    /// Takes so many.
    private static func take(_ count: Int, of queue: QuestionQueue) -> [QuestionQueue.Question] {
        (0..<count).compactMap { _ in queue.next() }
    }

    @Test func `whoever asks much waits for itself, and others for one question of it`() {
        let queue = QuestionQueue()
        for number in 0..<60 as Range<UInt8> { queue.send(Self.block(number, of: 1)) }
        queue.send(Self.block(100, of: 2))
        queue.send(Self.block(101, of: 2))
        let taken = Self.take(5, of: queue)
        #expect(taken.map(\.peer) == [1, 2, 1, 2, 1].map(Self.peer))
        // Of one peer the oldest goes first.
        #expect(
            taken.map(\.request)
                == [(0, 1), (100, 2), (1, 1), (101, 2), (2, 1)].map {
                    Self.block($0.0, of: $0.1).request
                })
        #expect(queue.count == 57)
    }

    @Test func `each peer has a bound of its own, and loses its newest above it`() throws {
        let queue = QuestionQueue()
        for number in 0..<64 as Range<UInt8> { #expect(queue.send(Self.block(number, of: 1))) }
        #expect(!queue.send(Self.block(64, of: 1)))
        for first in 1...8 as ClosedRange<UInt64> {
            #expect(queue.send(try Self.range(first, of: 1)))
        }
        #expect(!queue.send(try Self.range(9, of: 1)))
        #expect(queue.send(Self.block(64, of: 2)))
        #expect(queue.send(try Self.range(9, of: 2)))
        // An answer makes room for the next question.
        _ = queue.next()
        #expect(queue.send(Self.block(65, of: 1)))
        #expect(queue.count == 64 + 8 + 2)
    }

    @Test func `what is dropped is counted, also after the end`() throws {
        let queue = QuestionQueue()
        for number in 0..<70 as Range<UInt8> { queue.send(Self.block(number, of: 1)) }
        for first in 1...9 as ClosedRange<UInt64> { queue.send(try Self.range(first, of: 1)) }
        queue.send(Self.block(1, of: 2))
        #expect(queue.droppedCount == 6 + 1)
        queue.close()
        // Nobody asks a node that stops too much.
        #expect(!queue.send(Self.block(2, of: 2)))
        #expect(queue.droppedCount == 6 + 1)
    }

    @Test func `a range has one turn of three, and all when nothing else is asked`() throws {
        let queue = QuestionQueue()
        for first in 1...8 as ClosedRange<UInt64> {
            queue.send(try Self.range(first, of: UInt8(first)))
        }
        for number in 0..<6 as Range<UInt8> { queue.send(Self.block(number, of: 9)) }
        let kinds = Self.take(14, of: queue).map(Self.isRange)
        #expect(
            kinds == [
                false, false, true, false, false, true, false, false, true, true, true, true, true,
                true,
            ])
    }

    /// Views wait for it, and no disk is read.
    @Test func `what is in memory goes before what strangers want from the disk`() throws {
        let queue = QuestionQueue()
        for peer in 1...40 as ClosedRange<UInt8> {
            queue.send(try Self.range(1, of: peer))
            queue.send(Self.block(peer, of: peer))
        }
        let header = Header(
            genesisHash: .zero, epoch: .zero, height: Height(1), view: View(1), parentView: .zero,
            parentHash: .zero, timestamp: Timestamp(1), proposer: 0, transactionsRoot: .zero,
            stateRoot: .zero, receiptsRoot: .zero, setHash: .zero, nextSetHash: .zero,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 1)
        let held = QuestionQueue.Question(
            request: .held(Block(header: header, body: BlockBody(transactions: []))),
            peer: Self.peer(99), credit: nil)
        queue.send(held)
        #expect(queue.next() == held)
        #expect(queue.count == 80)
    }

    /// How many bytes each of three peers gets that never stop asking, when one answer has so many.
    private static func shares(of sizes: [UInt8: Int], turns: Int) throws -> [UInt8: Int] {
        let queue = QuestionQueue()
        let peers = sizes.keys.sorted()
        var got: [UInt8: Int] = [:]
        for number in 0..<turns {
            for peer in peers {
                queue.send(Self.block(UInt8(truncatingIfNeeded: number), of: peer))
            }
            let question = try #require(queue.next())
            let peer = question.peer.bytes[0]
            let bytes = try #require(sizes[peer])
            queue.charge(question.peer, bytes: bytes)
            got[peer, default: 0] += bytes
        }
        return got
    }

    @Test func `all that ask get the same bytes, however large their answers are`() throws {
        let mebibyte = 1 << 20
        let got = try Self.shares(
            of: [1: mebibyte, 2: mebibyte / 32, 3: mebibyte / 8], turns: 10_000)
        let least = try #require(got.values.min())
        let most = try #require(got.values.max())
        #expect(least > 100 * mebibyte)
        // A small answer has its question's cost beside it, here an eighth.
        #expect(most - least <= least / 4, "\(got)")
        // One that asks alone waits for nobody.
        #expect(try Self.shares(of: [1: mebibyte], turns: 64) == [1: 64 * mebibyte])
    }

    @Test func `who has long been quiet has saved up nothing, and who comes waits for no past`()
        throws
    {
        let queue = QuestionQueue()
        queue.send(Self.block(0, of: 1))
        queue.send(Self.block(0, of: 2))
        for _ in 0..<2 { queue.charge(try #require(queue.next()).peer, bytes: 100 << 20) }
        for number in 0..<60 as Range<UInt8> { queue.send(Self.block(number, of: 1)) }
        // Both of these are new beside the first, one was never here.
        for number in 0..<3 as Range<UInt8> {
            queue.send(Self.block(number, of: 2))
            queue.send(Self.block(number, of: 3))
        }
        let taken = Self.take(9, of: queue).map { $0.peer.bytes[0] }
        #expect(taken.filter { $0 == 3 }.count == 3)
        #expect(taken.prefix(3).contains(3))
        #expect(taken.filter { $0 == 1 }.count == 3)
    }

    @Test func `who takes blocks out of memory for ever keeps nobody from the disk`() throws {
        let queue = QuestionQueue()
        let header = Header(
            genesisHash: .zero, epoch: .zero, height: Height(1), view: View(1), parentView: .zero,
            parentHash: .zero, timestamp: Timestamp(1), proposer: 0, transactionsRoot: .zero,
            stateRoot: .zero, receiptsRoot: .zero, setHash: .zero, nextSetHash: .zero,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 1)
        let held = QuestionQueue.Question(
            request: .held(Block(header: header, body: BlockBody(transactions: []))),
            peer: Self.peer(99), credit: nil)
        for first in 1...3 as ClosedRange<UInt64> {
            queue.send(try Self.range(first, of: 1))
            queue.send(Self.block(UInt8(first), of: 2))
        }
        var heldCount = 0
        var remaining = 6
        while remaining > 0, heldCount < 40 {
            queue.send(held)
            let question = try #require(queue.next())
            let isHeld = question == held
            heldCount += isHeld ? 1 : 0
            remaining -= isHeld ? 0 : 1
            queue.charge(question.peer, bytes: isHeld ? 1 << 20 : 4 << 20)
            // In memory it goes first, up to a point.
            #expect(isHeld || heldCount >= 8)
        }
        #expect(remaining == 0)
        #expect(heldCount < 40)
    }

    @Test func `what is remembered of who was served is bounded`() throws {
        let queue = QuestionQueue()
        // One waits for ever, so that what the others had is of account.
        for number in 0..<64 as Range<UInt8> { queue.send(Self.block(number, of: 1)) }
        for number in 0..<5_000 as Range<UInt64> {
            let peer = PublicKey(words: Words32(number, 1, 2, 3))
            queue.send(
                QuestionQueue.Question(
                    request: Self.block(1, of: 1).request, peer: peer, credit: nil))
            queue.charge(try #require(queue.next()).peer, bytes: 1 << 20)
            #expect(queue.rememberedPeers <= ServedBytes.rememberedMax + 1)
        }
    }

    @Test func `a closed queue keeps nobody, and answers nothing more`() async throws {
        let queue = QuestionQueue()
        for number in 0..<60 as Range<UInt8> { queue.send(Self.block(number, of: 1)) }
        queue.close()
        #expect(queue.next() == nil)
        #expect(!queue.send(Self.block(1, of: 2)))
        #expect(queue.count == 0)
        // One who waits when it is closed goes on too.
        let other = QuestionQueue()
        async let last = Task.detached { other.next() }.value
        other.close()
        let question = await last
        #expect(question == nil)
    }
}

extension QuestionQueue.Question: Equatable {
    public static func == (a: Self, b: Self) -> Bool {
        a.request == b.request && a.peer == b.peer
    }
}

@Suite struct PeerServerTests {
    /// What was sent, and to whom.
    private final class Sent: Sendable {
        let messages = Mutex<[(PeerMessage, PublicKey)]>([])
    }

    private static func peer(_ index: UInt8) -> PublicKey {
        PublicKey([UInt8](repeating: index, count: 32))
    }

    private static func server(
        _ network: TestNetwork, _ queue: QuestionQueue, _ sent: Sent, full: PublicKey? = nil
    ) throws -> (server: PeerServer, blocks: BlockStore) {
        let data = try DataFolder.open(network.members[0].home, genesis: network.genesis)
        let blocks = data.blocks
        return (
            PeerServer(
                questions: queue, blocks: blocks, view: StateView(data.view),
                answers: PeerServer.Answers(
                    hasRoom: { $1 != full },
                    send: { message, peer in
                        let count = sent.messages.withLock { messages in
                            messages.append((message, peer))
                            return messages.count
                        }
                        // The node stops while a thousand questions wait.
                        if count == 3 { queue.close() }
                    })),
            blocks
        )
    }

    @Test func `it answers each peer in its turn, and ends with what waits unanswered`()
        async throws
    {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let queue = QuestionQueue()
        let sent = Sent()
        let (server, blocks) = try Self.server(network, queue, sent)
        let hash = Digest(.block, [1])
        blocks.putBlock(hash: hash, height: Height(1), header: [1, 2], body: [3])
        for _ in 0..<60 {
            queue.send(
                QuestionQueue.Question(
                    request: .block(BlockRequest(hash: hash)), peer: Self.peer(1), credit: nil))
        }
        let unknown = Digest(.block, [2])
        queue.send(
            QuestionQueue.Question(
                request: .block(BlockRequest(hash: unknown)), peer: Self.peer(2), credit: nil))
        await server.run()
        let messages = sent.messages.withLock { $0 }
        #expect(messages.map(\.1) == [1, 2, 1].map(Self.peer))
        #expect(
            messages.map(\.0) == [
                .blockResponse(BlockResponse(hash: hash, block: [1, 2, 3])),
                .blockResponse(BlockResponse(hash: unknown, block: nil)),
                .blockResponse(BlockResponse(hash: hash, block: [1, 2, 3])),
            ])
    }

    @Test func `nothing is read for who does not take its answers`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let queue = QuestionQueue()
        let sent = Sent()
        let (server, _) = try Self.server(network, queue, sent, full: Self.peer(1))
        for index in [1, 1, 1, 2, 2, 2] as [UInt8] {
            queue.send(
                QuestionQueue.Question(
                    request: .block(BlockRequest(hash: Digest(.block, [index]))),
                    peer: Self.peer(index), credit: nil))
        }
        await server.run()
        #expect(sent.messages.withLock { $0.map(\.1) } == [2, 2, 2].map(Self.peer))
    }
}

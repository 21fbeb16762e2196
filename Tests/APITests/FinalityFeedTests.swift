import Chain
import Cryptography
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct FinalityFeedTests {
    private func blocks(_ count: Int) -> [FinalizedBlock] {
        let chain = FakeChain()
        return (0..<count).map { _ in chain.makeBlock(isAnnounced: false) }
    }

    @Test func `the last blocks stay in memory, the ones before do not`() {
        let feed = FinalityFeed()
        for block in blocks(FinalityFeed.recentMax + 2) {
            feed.publish(block)
        }
        let head = UInt64(FinalityFeed.recentMax + 2)
        #expect(feed.head == Height(head))
        #expect(feed.recent(Height(head))?.height == Height(head))
        #expect(feed.recent(Height(3))?.height == Height(3))
        #expect(feed.recent(Height(2)) == nil)
        #expect(feed.recent(Height(head + 1)) == nil)
    }

    @Test func `a jump forgets the blocks before it`() {
        let feed = FinalityFeed()
        let blocks = blocks(5)
        feed.publish(blocks[0])
        feed.publish(blocks[4])
        #expect(feed.recent(Height(1)) == nil)
        #expect(feed.recent(Height(5))?.height == Height(5))
        #expect(feed.head == Height(5))
    }

    @Test func `a reader that does not read is told once`() async {
        let feed = FinalityFeed()
        let (_, signals) = feed.read()
        for block in blocks(10) {
            feed.publish(block)
        }
        feed.finish()
        var count = 0
        for await _ in signals {
            count += 1
        }
        #expect(count == 1)
    }

    @Test func `who waits for a transaction is told when its block is final`() async throws {
        let feed = FinalityFeed()
        let chain = FakeChain()
        let transaction = chain.transfer()
        let waiter = try #require(feed.wait(for: transaction.id))
        let other = try #require(feed.wait(for: chain.transfer(sequence: 1).id))
        feed.publish(chain.makeBlock(isAnnounced: false))
        feed.publish(chain.makeBlock(of: [transaction], isAnnounced: false))
        feed.finish()
        var signals = 0
        for await _ in waiter.signal {
            signals += 1
        }
        #expect(signals == 1)
        var others = 0
        for await _ in other.signal {
            others += 1
        }
        #expect(others == 0)
    }

    @Test func `only so many may wait, and leaving makes room`() throws {
        let feed = FinalityFeed()
        var last: (id: UInt64, signal: AsyncStream<Void>)?
        for _ in 0..<FinalityFeed.waitersMax {
            last = feed.wait(for: .zero)
        }
        #expect(feed.wait(for: .zero) == nil)
        feed.stopWaiting(for: .zero, try #require(last).id)
        #expect(feed.wait(for: .zero) != nil)
        #expect(feed.wait(for: .zero) == nil)
    }

    @Test func `after the end nothing waits`() async {
        let feed = FinalityFeed()
        feed.finish()
        for await _ in feed.read().signals {}
        feed.publish(blocks(1)[0])
        #expect(feed.head == nil)
    }
}

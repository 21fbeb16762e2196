import Chain
import Codec
import Cryptography
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct EventStreamTests {
    @Test func `a stream tells of each block as it becomes final`() async throws {
        let chain = FakeChain()
        chain.makeBlocks(2)
        try await withServer(chain) { client in
            try await client.stream("/v1/stream") { events in
                try await events.waitUntilOpen()
                for height in 3...5 {
                    let block = chain.makeBlock()
                    let event = try #require(try await events.next())
                    #expect(event.name == "block")
                    #expect(event.id == "\(height).0")
                    #expect(event.object["height"] as? Int == height)
                    #expect(event.object["hash"] as? String == block.block.hash.hex)
                }
            }
        }
    }

    @Test func `a stream tells of transactions with their outcome`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            try await client.stream("/v1/stream?topics=tx,block") { events in
                try await events.waitUntilOpen()
                let good = chain.transfer(sequence: 0)
                let bad = chain.transfer(amount: 2_000_000_000_000, sequence: 1)
                chain.makeBlock(of: [good, bad])
                var seen: [ServerEvent] = []
                for _ in 0..<3 {
                    seen.append(try #require(try await events.next()))
                }
                #expect(seen.map(\.name) == ["block", "tx", "tx"])
                #expect(seen.map(\.id) == ["1.0", "1.1", "1.3"])
                #expect(seen[1].object["hash"] as? String == good.id.hex)
                #expect(seen[1].object["code"] as? String == "ok")
                #expect(seen[2].object["code"] as? String == "bank.insufficient_funds")
                #expect(seen[2].object["index"] as? Int == 1)
            }
        }
    }

    @Test func `a stream tells of governance alone if asked so`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            try await client.stream("/v1/stream?topics=gov") { events in
                try await events.waitUntilOpen()
                chain.makeBlock(of: [chain.transfer()])
                let draft = ProposalDraft(
                    title: "A", body: "", actions: [], deposit: Amount(10_000_000))
                chain.makeBlock(of: [
                    chain.signed([.submitProposal(draft)], from: FakeChain.validator)
                ])
                let event = try #require(try await events.next())
                #expect(event.name == "gov")
                #expect(event.object["proposal"] as? Int == 1)
                #expect(event.object["height"] as? Int == 2)
                #expect(event.object["type"] as? String == "proposalSubmitted")
            }
        }
    }

    @Test func `a stream begins behind the cursor, from the store and then live`() async throws {
        let chain = FakeChain()
        chain.makeBlock(isAnnounced: false)
        chain.makeBlock(of: [chain.transfer()], isAnnounced: false)
        try await withServer(chain) { client in
            try await client.stream("/v1/stream?topics=block,tx&since=2.0") { events in
                let first = try #require(try await events.next())
                #expect(first.id == "2.1")
                chain.makeBlock()
                let second = try #require(try await events.next())
                #expect(second.id == "3.0")
            }
        }
    }

    @Test func `the last id that a browser names counts more than the link`() async throws {
        let chain = FakeChain()
        chain.makeBlocks(4)
        try await withServer(chain) { client in
            try await client.stream(
                "/v1/stream?since=1", headers: "Last-Event-ID: 3.0\r\n"
            ) { events in
                let event = try #require(try await events.next())
                #expect(event.id == "4.0")
            }
        }
    }

    @Test func `a stream from before what is kept begins with a gap`() async throws {
        let chain = FakeChain()
        for _ in 0..<5 {
            chain.makeBlock(isAnnounced: false)
        }
        chain.prune(below: 4)
        try await withServer(chain) { client in
            try await client.stream("/v1/stream?since=1.0") { events in
                let gap = try #require(try await events.next())
                #expect(gap.name == "gap")
                #expect(gap.object["since"] as? String == "1.0")
                #expect(gap.object["resumesAt"] as? Int == 4)
                let block = try #require(try await events.next())
                #expect(block.id == "4.0")
            }
        }
    }

    @Test func `an open stream ends when the server stops`() async throws {
        let chain = FakeChain()
        var configuration = Server.Configuration(port: 0)
        // Far above the time limit of the test: the stream must end by itself.
        configuration.stopTime = .seconds(600)
        try await withThrowingTaskGroup(of: ServerEvent?.self) { tasks in
            let (opened, source) = AsyncStream<Void>.makeStream()
            try await withServer(chain, configuration: configuration) { client in
                tasks.addTask {
                    try await client.stream("/v1/stream") { events in
                        try await events.waitUntilOpen()
                        source.finish()
                        return try await events.next()
                    }
                }
                for await _ in opened {}
            }
            let last = try await tasks.next()
            #expect(last == .some(.none))
        }
    }

    @Test func `a waiting request ends when the server stops`() async throws {
        let chain = FakeChain()
        var configuration = Server.Configuration(port: 0)
        configuration.stopTime = .seconds(600)
        try await withThrowingTaskGroup(of: Answer.self) { tasks in
            try await withServer(chain, configuration: configuration) { client in
                let transaction = chain.transfer()
                tasks.addTask {
                    try await client.post(
                        "/v1/txs?wait=final&timeout=60000", transaction.encoded())
                }
                while chain.mempoolCount == 0 {
                    await Task.yield()
                }
            }
            let answer = try await tasks.next()
            #expect(answer?.code == "tx.timeout")
        }
    }

    @Test func `an address has at most 64 streams, and a place is free again after its end`()
        async throws
    {
        let chain = FakeChain()
        try await withServer(chain) { client in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let (opened, source) = AsyncStream<Void>.makeStream()
                let (closing, closer) = AsyncStream<Void>.makeStream()
                for _ in 0..<RateLimiter.streamsMax {
                    tasks.addTask {
                        try await client.stream("/v1/stream") { events in
                            try await events.waitUntilOpen()
                            source.yield()
                            // One stream ends at each signal, the rest at the end.
                            var signals = closing.makeAsyncIterator()
                            await signals.next()
                        }
                    }
                }
                var openings = opened.makeAsyncIterator()
                for _ in 0..<RateLimiter.streamsMax {
                    await openings.next()
                }
                let answer = try await client.get("/v1/stream")
                #expect(answer.status == 429)
                #expect(answer.code == "request.too_many_streams")
                closer.finish()
                try await tasks.waitForAll()
            }
            var status = 429
            while status == 429 {
                // A write shows the server that nobody reads any more.
                chain.makeBlock()
                status = try await client.streamStatus()
            }
            #expect(status == 200)
        }
    }

    @Test(arguments: ["topics=all", "topics=block,x", "since=x"])
    func `a stream of what there is not is refused`(query: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/stream?\(query)")
            #expect(answer.status == 400)
        }
    }

    @Test func `a head of a stream takes no place`() async throws {
        try await withServer(FakeChain()) { client in
            for _ in 0...RateLimiter.streamsMax {
                let answer = try await client.send("HEAD", "/v1/stream")
                #expect(answer.status == 200)
            }
        }
    }

    @Test func `a quiet stream shows that it lives`() async throws {
        var configuration = Server.Configuration(port: 0)
        configuration.keepAliveTime = .milliseconds(20)
        let chain = FakeChain()
        try await withServer(chain, configuration: configuration) { client in
            try await client.stream("/v1/stream") { events in
                try await events.waitUntilComment("alive")
                chain.makeBlock()
                let event = try #require(try await events.next())
                #expect(event.id == "1.0")
            }
        }
    }
}

@Suite
struct StreamPositionTests {
    private let oldest = Height(1)

    private func steps(
        _ position: inout StreamPosition, head: UInt64, _ count: Int
    ) -> [StreamPosition.Step] {
        (0..<count).map { _ in position.step(head: Height(head), oldest: oldest) }
    }

    @Test func `blocks are read one after another, then it waits`() {
        var position = StreamPosition(after: Cursor(endOf: Height(2)))
        #expect(
            steps(&position, head: 4, 3) == [
                .read(Height(3), after: Cursor(endOf: Height(2))),
                .read(Height(4), after: Cursor(endOf: Height(3))), .wait,
            ])
    }

    @Test func `the rest of a block is read from its middle`() {
        let middle = Cursor(height: Height(3), position: 5)
        var position = StreamPosition(after: middle)
        #expect(steps(&position, head: 3, 2) == [.read(Height(3), after: middle), .wait])
    }

    @Test func `a live reader may be behind by the limit and not by one more`() {
        var position = StreamPosition(after: Cursor(endOf: Height(1)))
        #expect(steps(&position, head: 1, 1) == [.wait])
        var late = position
        let most = 2 + StreamPosition.lagMax
        #expect(
            steps(&position, head: most, 1) == [
                .read(Height(2), after: Cursor(endOf: Height(1)))
            ])
        #expect(
            steps(&late, head: most + 1, 3) == [
                .gap(after: Cursor(endOf: Height(1)), resumesAt: Height(most + 1)),
                .read(Height(most + 1), after: Cursor(endOf: Height(most))), .wait,
            ])
    }

    @Test func `who asks for the past gets it, however much it is`() {
        var position = StreamPosition(after: Cursor(endOf: .genesis))
        let head = 10 * StreamPosition.lagMax
        let all = steps(&position, head: head, Int(head))
        #expect(
            all.allSatisfy { step in
                if case .read = step { true } else { false }
            })
        #expect(steps(&position, head: head, 1) == [.wait])
    }

    @Test func `what is no longer kept is a gap`() {
        var position = StreamPosition(after: Cursor(endOf: Height(1)))
        #expect(
            position.step(head: Height(9), oldest: Height(5))
                == .gap(after: Cursor(endOf: Height(1)), resumesAt: Height(5)))
        #expect(
            position.step(head: Height(9), oldest: Height(5))
                == .read(Height(5), after: Cursor(endOf: Height(4))))
    }
}

extension EventReader {
    /// Reads until the server has said something: then the stream has its place.
    mutating func waitUntilOpen() async throws {
        try await waitUntilComment("open")
    }
}

extension Client {
    /// The status with which a stream begins.
    func streamStatus() async throws -> Int {
        try await stream("/v1/stream") { events in
            try await events.status()
        }
    }
}

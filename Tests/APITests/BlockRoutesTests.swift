import Chain
import Codec
import Cryptography
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct BlockRoutesTests {
    private static let headKeys: Set = [
        "epoch", "gasUsed", "hash", "height", "proposer", "stateRoot", "time", "timeMs",
        "transactions", "view",
    ]

    private func heights(_ answer: Answer) -> [Int] {
        answer.items.compactMap { $0["height"] as? Int }
    }

    @Test func `blocks are listed newest first`() async throws {
        let chain = FakeChain()
        chain.makeBlock(of: [chain.transfer()])
        chain.makeBlocks(2)
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/blocks")
            #expect(heights(answer) == [3, 2, 1])
            #expect(answer.next == nil)
            #expect(answer.items.first.map { Set($0.keys) } == BlockRoutesTests.headKeys)
            #expect(answer.items.last?["transactions"] as? Int == 1)
        }
    }

    @Test func `a walk by cursor sees every block once`() async throws {
        let chain = FakeChain()
        chain.makeBlocks(7)
        try await withServer(chain) { client in
            var seen: [Int] = []
            var cursor: String? = ""
            while let next = cursor {
                let suffix = next.isEmpty ? "" : "&cursor=\(next)"
                let page = try await client.get("/v1/blocks?limit=3\(suffix)")
                seen += heights(page)
                cursor = page.next
            }
            #expect(seen == [7, 6, 5, 4, 3, 2, 1])
        }
    }

    @Test func `a chain without blocks has an empty list`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/blocks")
            #expect(answer.status == 200)
            #expect(answer.items.isEmpty)
        }
    }

    @Test(arguments: ["limit=0", "limit=101", "limit=-1", "limit=x", "cursor=x", "cursor=-3"])
    func `a page that is out of bounds is refused`(query: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/blocks?\(query)")
            #expect(answer.status == 400)
            #expect(answer.code == "request.bad_parameter")
        }
    }

    @Test(arguments: ["limit=1", "limit=100", "cursor=99999999999"])
    func `a page within bounds is given`(query: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/blocks?\(query)")
            #expect(answer.status == 200)
        }
    }

    @Test func `a block is found by height, by hash and as the latest`() async throws {
        let chain = FakeChain()
        let transaction = chain.transfer()
        let block = chain.makeBlock(of: [transaction])
        try await withServer(chain) { client in
            for id in ["1", block.block.hash.hex, "latest"] {
                let answer = try await client.get("/v1/blocks/\(id)")
                #expect(answer.status == 200)
                #expect(
                    answer.keys
                        == BlockRoutesTests.headKeys.union([
                            "finalization", "gasLimit", "parentHash", "parentView",
                            "receiptsRoot", "txRoot", "txs",
                        ]))
                #expect(answer.string("hash") == block.block.hash.hex)
                #expect(answer["txs"] as? [String] == [transaction.id.hex])
                let finalization = answer["finalization"] as? [String: Any]
                #expect(finalization?["view"] as? Int == 1)
                #expect(finalization?["power"] as? String != nil)
                #expect(finalization?["signers"] as? [Int] == [0])
            }
        }
    }

    @Test func `who has a block already is told that it did not change`() async throws {
        let chain = FakeChain()
        let tag = "\"\(chain.makeBlock().block.hash.hex)\""
        try await withServer(chain) { client in
            let first = try await client.get("/v1/blocks/1")
            #expect(first.headers["etag"] == tag)
            #expect(first.headers["cache-control"]?.contains("immutable") == true)
            let again = try await client.get("/v1/blocks/1", headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
        }
    }

    @Test(arguments: [("9", 404), ("0", 404), (String(repeating: "0", count: 64), 404)])
    func `a block that is not there is not found`(id: String, status: Int) async throws {
        let chain = FakeChain()
        chain.makeBlock()
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/blocks/\(id)")
            #expect(answer.status == status)
            #expect(answer.code == "block.not_found")
        }
    }

    @Test(arguments: ["x", "-1", "1x", "99999999999999999999", "newest"])
    func `what is neither height nor hash is refused`(id: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/blocks/\(id)")
            #expect(answer.status == 400)
        }
    }

    @Test func `a block that is no longer kept is gone, with the oldest height`() async throws {
        let chain = FakeChain()
        for _ in 0..<3 {
            chain.makeBlock(isAnnounced: false)
        }
        chain.prune(below: 3)
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/blocks/2")
            #expect(answer.status == 410)
            #expect(answer.code == "block.pruned")
            let details = answer["details"] as? [String: Any]
            #expect(details?["oldestHeight"] as? String == "3")
            let list = try await client.get("/v1/blocks")
            #expect(heights(list) == [3])
        }
    }

    @Test func `events are listed with cursors that go on where a page ended`() async throws {
        let chain = FakeChain()
        chain.makeBlock(of: [chain.transfer(sequence: 0), chain.transfer(sequence: 1)])
        chain.makeBlock()
        chain.makeBlock(of: [chain.transfer(sequence: 2)])
        try await withServer(chain) { client in
            var cursors: [String] = []
            var since: String? = "1"
            while let from = since {
                let page = try await client.get("/v1/events?since=\(from)&limit=1")
                cursors += page.items.compactMap { $0["cursor"] as? String }
                since = page.next
            }
            // The block is 0, its first transaction 1, that one's event 2, and so on.
            #expect(cursors == ["1.2", "1.4", "3.2"])
            let all = try await client.get("/v1/events")
            #expect(
                all.items.first.map { Set($0.keys) } == [
                    "amount", "asset", "cursor", "from", "height", "to", "tx", "type",
                ])
            #expect(all.items.count == 3)
            #expect(all.next == nil)
            let rest = try await client.get("/v1/events?since=1.2")
            #expect(rest.items.count == 2)
        }
    }

    @Test func `a reader that has all events gets the place to ask from later`() async throws {
        let chain = FakeChain()
        chain.makeBlocks(2)
        try await withServer(chain) { client in
            let empty = try await client.get("/v1/events")
            #expect(empty.items.isEmpty)
            let place = try #require(empty.string("cursor"))
            chain.makeBlock(of: [chain.transfer()])
            let answer = try await client.get("/v1/events?since=\(place)")
            #expect(answer.items.map { $0["height"] as? Int } == [3])
        }
    }

    @Test func `events that are no longer kept are gone`() async throws {
        let chain = FakeChain()
        for _ in 0..<4 {
            chain.makeBlock(isAnnounced: false)
        }
        chain.prune(below: 3)
        try await withServer(chain) { client in
            let gone = try await client.get("/v1/events?since=2")
            #expect(gone.status == 410)
            #expect(gone.code == "events.pruned")
            let kept = try await client.get("/v1/events?since=3")
            #expect(kept.status == 200)
        }
    }

    @Test(arguments: ["x", "1.", ".1", "1.2.3", "1.4294967296", "-1"])
    func `a cursor of another form is refused`(cursor: String) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/events?since=\(cursor)")
            #expect(answer.status == 400)
        }
    }
}

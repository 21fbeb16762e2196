import Chain
import Codec
import Cryptography
import Hummingbird
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct TransactionRoutesTests {
    private func batch(_ transactions: [SignedTransaction]) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeList(transactions)
        return writer.bytes
    }

    @Test func `a transaction in binary is taken and named by its hash`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer()
            let answer = try await client.post("/v1/txs", transaction.encoded())
            #expect(answer.status == 202)
            #expect(answer.keys == ["hash"])
            #expect(answer.string("hash") == transaction.id.hex)
            #expect(chain.mempoolCount == 1)
        }
    }

    @Test func `a transaction in hexadecimal digits is taken`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer()
            let digits = Array((transaction.encoded().hex + "\n").utf8)
            let answer = try await client.post("/v1/txs", digits, type: "text/plain")
            #expect(answer.status == 202)
            #expect(answer.string("hash") == transaction.id.hex)
        }
    }

    @Test func `the same transaction again is no error, before and after it is final`()
        async throws
    {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer()
            for _ in 0..<2 {
                let answer5 = try await client.post("/v1/txs", transaction.encoded())
                #expect(answer5.status == 202)
            }
            chain.makeBlock()
            let answer = try await client.post("/v1/txs", transaction.encoded())
            #expect(answer.status == 202)
            #expect(answer.string("hash") == transaction.id.hex)
            #expect(chain.mempoolCount == 0)
        }
    }

    @Test func `a refused transaction has a problem with its code and a hint`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let late = chain.transfer(validUntil: 0)
            let answer = try await client.post("/v1/txs", late.encoded())
            #expect(answer.status == 422)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(
                answer.keys == ["code", "detail", "details", "hint", "status", "title", "type"])
            #expect(answer.code == "tx.expired")
            #expect(answer.int("status") == 422)
            #expect(answer.string("type") == "urn:althing:error:tx.expired")
            let forged = chain.transfer(signer: FakeChain.bob)
            let answer6 = try await client.post("/v1/txs", forged.encoded())
            #expect(answer6.code == "tx.wrong_signers")
        }
    }

    @Test(arguments: [
        ("pool.full", 503), ("pool.busy", 503), ("node.stopping", 503), ("tx.expired", 422),
        ("pool.lane_full", 422),
    ])
    func `only what is no fault of the transaction is an unavailable service`(
        code: String, status: Int
    ) {
        let problem = Problem(
            Refusal(code: code, message: "", hint: nil, mayBeCuredByWaiting: true))
        #expect(problem.status.code == status)
    }

    @Test(arguments: [
        ([UInt8](), "application/octet-stream"), ([1, 2, 3], "application/octet-stream"),
        ([UInt8](repeating: 255, count: 1_000), "application/octet-stream"),
        (Array("zz".utf8), "text/plain"), (Array("abc".utf8), "text/plain"),
    ])
    func `bytes that are no transaction are refused with a reason`(
        body: [UInt8], type: String
    ) async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.post("/v1/txs", body, type: type)
            #expect(answer.status == 400)
            #expect(answer.code == "tx.malformed")
            #expect(answer.string("detail")?.isEmpty == false)
        }
    }

    @Test func `a byte after a transaction is refused`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let answer = try await client.post("/v1/txs", chain.transfer().encoded() + [0])
            #expect(answer.code == "tx.malformed")
            #expect(chain.mempoolCount == 0)
        }
    }

    @Test func `a body above 64 KiB is no transaction`() async throws {
        try await withServer(FakeChain()) { client in
            let most = [UInt8](repeating: 0, count: Limits.transactionBytesMax)
            let answer7 = try await client.post("/v1/txs", most)
            #expect(answer7.status == 400)
            let answer = try await client.post("/v1/txs", most + [0])
            #expect(answer.status == 413)
            #expect(answer.code == "request.too_large")
        }
    }

    @Test func `a batch answers each transaction with its hash or the reason`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transactions = [
                chain.transfer(sequence: 0), chain.transfer(validUntil: 0),
                chain.transfer(sequence: 1), chain.transfer(sequence: 500),
            ]
            let answer = try await client.post("/v1/txs/batch", batch(transactions))
            #expect(answer.status == 200)
            #expect(answer.keys == ["accepted", "results"])
            #expect(answer.int("accepted") == 2)
            let results = answer["results"] as? [[String: Any]] ?? []
            #expect(
                results.map { $0["hash"] as? String } == transactions.map { $0.id.hex })
            #expect(
                results.map { $0["code"] as? String }
                    == [nil, "tx.expired", nil, "tx.sequence_too_high"])
            #expect(results[1]["error"] as? String != nil)
            #expect(chain.mempoolCount == 2)
        }
    }

    @Test func `a batch may be empty and may be final already`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let empty = try await client.post("/v1/txs/batch", batch([]))
            #expect(empty.int("accepted") == 0)
            let transactions = batch([chain.transfer()])
            _ = try await client.post("/v1/txs/batch", transactions)
            chain.makeBlock()
            let again = try await client.post("/v1/txs/batch", transactions)
            #expect(again.int("accepted") == 1)
        }
    }

    @Test func `a batch with garbage is refused as a whole`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let bytes = batch([chain.transfer()]) + [9]
            let answer = try await client.post("/v1/txs/batch", bytes)
            #expect(answer.status == 400)
            #expect(answer.code == "tx.malformed_batch")
            #expect(chain.mempoolCount == 0)
        }
    }

    @Test func `a batch of a megabyte is read, one byte more is not`() async throws {
        try await withServer(FakeChain()) { client in
            let most = [UInt8](repeating: 1, count: 1 << 20)
            let answer8 = try await client.post("/v1/txs/batch", most)
            #expect(answer8.status == 400)
            let answer = try await client.post("/v1/txs/batch", most + [0])
            #expect(answer.status == 413)
            #expect(answer.code == "request.too_large")
        }
    }

    @Test func `waiting for finality answers with the fate of the transaction`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer(memo: "rent")
            async let waiting = client.post("/v1/txs?wait=final", transaction.encoded())
            while chain.mempoolCount == 0 {
                await Task.yield()
            }
            chain.makeBlock()
            let answer = try await waiting
            #expect(answer.status == 200)
            #expect(answer.string("hash") == transaction.id.hex)
            #expect(answer.string("status") == "ok")
            #expect(answer.int("height") == 1)
        }
    }

    @Test func `waiting for a transaction that is final already ends at once`() async throws {
        let chain = FakeChain()
        chain.makeBlock(of: [chain.transfer()])
        try await withServer(chain) { client in
            let answer = try await client.post(
                "/v1/txs?wait=final&timeout=60000", chain.transfer().encoded())
            #expect(answer.status == 200)
            #expect(answer.string("status") == "ok")
        }
    }

    @Test func `waiting longer than allowed ends with the hash`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer()
            let answer = try await client.post(
                "/v1/txs?wait=final&timeout=20", transaction.encoded())
            #expect(answer.status == 504)
            #expect(answer.code == "tx.timeout")
            let details = answer["details"] as? [String: Any]
            #expect(details?["hash"] as? String == transaction.id.hex)
        }
    }

    @Test(arguments: ["wait=maybe", "wait=final&timeout=0", "wait=final&timeout=60001"])
    func `a wait that is not offered is refused`(query: String) async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let answer = try await client.post("/v1/txs?\(query)", chain.transfer().encoded())
            #expect(answer.status == 400)
            #expect(answer.code == "request.bad_parameter")
            #expect(chain.mempoolCount == 0)
        }
    }

    @Test func `a final transaction is shown with its receipt`() async throws {
        let chain = FakeChain()
        let transaction = chain.transfer(memo: "rent")
        let block = chain.makeBlock(of: [transaction])
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/txs/\(transaction.id.hex)")
            #expect(answer.status == 200)
            #expect(
                answer.keys == [
                    "actions", "code", "error", "events", "fee", "feePayer", "gasLimit", "gasUsed",
                    "hash", "height", "index", "lane", "maxFee", "memo", "memoText", "sender",
                    "sequence", "status", "validUntil",
                ])
            #expect(answer.string("status") == "ok")
            #expect(answer.string("code") == "ok")
            #expect(answer.int("height") == 1)
            #expect(answer.int("index") == 0)
            #expect(answer.string("sender") == FakeChain.alice.text)
            #expect(answer.string("sequence") == "0")
            #expect(answer.string("memo") == "72656e74")
            #expect(answer.string("memoText") == "rent")
            #expect(answer.string("fee") == String(block.receipts[0].fee.value))
            let action = (answer["actions"] as? [[String: Any]])?.first
            #expect(action.map { Set($0.keys) } == ["amount", "asset", "to", "type"])
            #expect(action?["type"] as? String == "transfer")
            #expect(action?["amount"] as? String == "1000")
            #expect(action?["to"] as? String == FakeChain.bob.text)
            let event = (answer["events"] as? [[String: Any]])?.first
            #expect(event?["type"] as? String == "transferred")
            #expect(event?["from"] as? String == FakeChain.alice.text)
            #expect(answer.headers["etag"] == "\"\(transaction.id.hex)\"")
        }
    }

    @Test func `a transaction that failed says why`() async throws {
        let chain = FakeChain()
        let transaction = chain.transfer(amount: 2_000_000_000_000)
        chain.makeBlock(of: [transaction])
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/txs/\(transaction.id.hex)")
            #expect(answer.string("status") == "failed")
            #expect(answer.string("code") == "bank.insufficient_funds")
            #expect(answer.string("error")?.isEmpty == false)
        }
    }

    @Test func `a transaction in the mempool is pending`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let transaction = chain.transfer()
            _ = try await client.post("/v1/txs", transaction.encoded())
            let answer = try await client.get("/v1/txs/\(transaction.id.hex)")
            #expect(answer.status == 200)
            #expect(answer.string("status") == "pending")
            #expect(answer.int("height") == nil)
            #expect(answer.headers["etag"] == nil)
        }
    }

    @Test func `an unknown transaction is not found, a wrong hash is a bad parameter`()
        async throws
    {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let unknown = try await client.get("/v1/txs/\(chain.transfer().id.hex)")
            #expect(unknown.status == 404)
            #expect(unknown.code == "tx.not_found")
            let wrong = try await client.get("/v1/txs/12")
            #expect(wrong.status == 400)
            #expect(wrong.code == "request.bad_parameter")
        }
    }

    @Test func `a simulation tells cost and outcome and changes nothing`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let signed = chain.transfer()
            let unsigned = SignedTransaction(transaction: signed.transaction, signatures: [])
            let answer = try await client.post("/v1/txs/simulate", unsigned.encoded())
            #expect(answer.status == 200)
            #expect(
                answer.keys == [
                    "code", "error", "events", "fee", "gasUsed", "hint", "proposals",
                ])
            #expect(answer.code == "ok")
            #expect(answer.string("gasUsed").flatMap { UInt64($0) } ?? 0 > 0)
            #expect((answer["events"] as? [Any])?.count == 1)
            let late = SignedTransaction(
                transaction: chain.transfer(validUntil: 0).transaction, signatures: [])
            let answer9 = try await client.post("/v1/txs/simulate", late.encoded())
            #expect(answer9.code == "tx.expired")
            #expect(chain.mempoolCount == 0)
        }
    }
}

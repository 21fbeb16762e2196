import Chain
import Codec
import Cryptography
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct AccountRoutesTests {
    private static let keys: Set = [
        "address", "authority", "balances", "bonded", "exists", "lanes", "pendingSequence",
        "sequence",
    ]

    @Test func `an account shows what it has and who may sign`() async throws {
        let chain = FakeChain()
        chain.makeBlock(of: [chain.transfer()])
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/accounts/\(FakeChain.alice.text)")
            #expect(answer.status == 200)
            #expect(answer.keys == AccountRoutesTests.keys)
            #expect(answer["exists"] as? Bool == true)
            #expect(answer.string("sequence") == "1")
            #expect(answer.string("pendingSequence") == "1")
            #expect(answer.int("lanes") == 0)
            let authority = answer["authority"] as? [String: Any]
            #expect(authority?["type"] as? String == "key")
            #expect(authority?["publicKey"] as? String == FakeChain.alice.key.hex)
            let balance = (answer["balances"] as? [[String: Any]])?.first
            #expect(balance.map { Set($0.keys) } == ["amount", "asset", "decimals", "symbol"])
            #expect(balance?["asset"] as? Int == 0)
            #expect(balance?["symbol"] as? String == "alt")
        }
    }

    @Test func `what waits in the mempool counts for the next sequence`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            for sequence in 0..<3 {
                let transaction = chain.transfer(sequence: UInt64(sequence))
                _ = try await client.post("/v1/txs", transaction.encoded())
            }
            let answer = try await client.get("/v1/accounts/\(FakeChain.alice.text)")
            #expect(answer.string("sequence") == "0")
            #expect(answer.string("pendingSequence") == "3")
        }
    }

    @Test func `an address that nobody used has an empty account`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/accounts/\(FakeChain.nobody.text)")
            #expect(answer.status == 200)
            #expect(answer["exists"] as? Bool == false)
            #expect((answer["balances"] as? [Any])?.isEmpty == true)
            let authority = answer["authority"] as? [String: Any]
            #expect(authority?["type"] as? String == "unknown")
        }
    }

    @Test func `a mistyped address is refused`() async throws {
        let text = FakeChain.alice.text
        let other = text.last == "q" ? "p" : "q"
        let mistyped = [
            String(text.dropLast()) + other, String(text.dropLast()), "x", "alth1",
        ]
        try await withServer(FakeChain()) { client in
            for address in mistyped {
                let answer = try await client.get("/v1/accounts/\(address)")
                #expect(answer.status == 400)
                #expect(answer.code == "request.bad_parameter")
            }
        }
    }

    @Test func `treasury and supply are told`() async throws {
        try await withServer(FakeChain()) { client in
            let treasury = try await client.get("/v1/treasury")
            #expect(treasury.keys == ["address", "balances"])
            let balance = (treasury["balances"] as? [[String: Any]])?.first
            #expect(balance?["amount"] as? String == "5000000")
            let supply = try await client.get("/v1/supply")
            #expect(
                supply.items.first.map { Set($0.keys) }
                    == ["asset", "decimals", "supply", "symbol"])
            // Three accounts, the treasury and the bond of the validator.
            #expect(supply.items.first?["supply"] as? String == "3001005000000")
        }
    }
}

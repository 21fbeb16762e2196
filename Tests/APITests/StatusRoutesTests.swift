import Chain
import Codec
import Cryptography
import Foundation
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct StatusRoutesTests {
    @Test func `status has the fields that scripts rely on`() async throws {
        let chain = FakeChain()
        let block = chain.makeBlock()
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/status")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            #expect(
                answer.keys == [
                    "api", "chainID", "epoch", "finalizedView", "genesisHash", "halt", "hash",
                    "height", "nodeID", "peers", "syncing", "time", "timeMs", "uptimeSeconds",
                    "validator",
                    "version", "view",
                ])
            #expect(answer.string("chainID") == "test-chain")
            #expect(answer.string("genesisHash") == chain.genesis.hash.hex)
            #expect(answer.string("hash") == block.block.hash.hex)
            #expect(answer.int("height") == 1)
            #expect(answer.int("timeMs") == 1_700_000_001_000)
            #expect(answer.string("time") == "2023-11-14T22:13:21.000Z")
            #expect(answer["syncing"] as? Bool == false)
            let validator = answer["validator"] as? [String: Any]
            #expect(validator.map { Set($0.keys) } == ["index", "publicKey", "watching"])
        }
    }

    @Test func `chain describes what genesis fixed`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/chain")
            #expect(
                answer.keys == [
                    "asset", "chainID", "genesisHash", "genesisTime", "genesisTimeMs", "kind",
                    "parameters", "prefix",
                ])
            #expect(answer.string("kind") == "dev")
            #expect(answer.string("prefix") == "alth")
            let asset = answer["asset"] as? [String: Any]
            #expect(asset?["symbol"] as? String == "alt")
            #expect(asset?["decimals"] as? Int == 6)
            let parameters = answer["parameters"] as? [[String: Any]]
            #expect(parameters?.count == ParameterID.allCases.count)
        }
    }

    @Test func `mempool and peers are told`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            _ = try await client.post("/v1/txs", chain.transfer().encoded())
            let mempool = try await client.get("/v1/mempool")
            #expect(mempool.int("size") == 1)
            #expect(mempool.int("bytes") == chain.transfer().encodedByteCount)
            let peers = try await client.get("/v1/peers")
            #expect(peers.items.count == 1)
            #expect(
                peers.items.first.map { Set($0.keys) }
                    == ["address", "direction", "height", "nodeID"])
        }
    }

    @Test func `a node that runs is alive`() async throws {
        let chain = FakeChain()
        chain.set(peers: 0, isStarted: false)
        try await withServer(chain) { client in
            let answer1 = try await client.get("/livez")
            #expect(answer1.status == 200)
        }
    }

    @Test func `a node that is up to date is ready`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/readyz?verbose")
            #expect(answer.status == 200)
            #expect(answer["ready"] as? Bool == true)
            let checks = answer["checks"] as? [[String: Any]]
            #expect(
                checks?.compactMap { $0["name"] as? String }
                    == ["started", "behind", "peers", "finality", "version", "disk", "halt"])
        }
    }

    @Test func `a node that halted says why, and is not ready`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            let before = try await client.get("/v1/status")
            #expect(before["halt"] is NSNull)
            chain.set(
                halt: HaltNotice(
                    kind: .safetyHalt, epoch: Epoch(3), view: View(12), message: "What happened.",
                    advice: "What to do."))
            let halt = try await client.get("/v1/status")["halt"] as? [String: Any]
            #expect(halt?["kind"] as? String == "safetyHalt")
            #expect(halt?["epoch"] as? Int == 3)
            #expect(halt?["view"] as? Int == 12)
            #expect(halt?["message"] as? String == "What happened.")
            #expect(halt?["advice"] as? String == "What to do.")
            let readiness = try await client.get("/readyz")
            #expect(readiness.status == 503)
            #expect(readiness["reasons"] as? [String] == ["halt"])
        }
    }

    @Test func `SEC-25 a node on which nothing becomes final for a minute says so`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            chain.set(finalityAge: 60_000)
            let before = try await client.get("/readyz")
            #expect(before.status == 200)
            chain.set(finalityAge: 60_001)
            let after = try await client.get("/readyz")
            #expect(after.status == 503)
            #expect(after["reasons"] as? [String] == ["finality"])
        }
    }

    @Test func `readiness names every reason against it`() async throws {
        let chain = FakeChain()
        chain.set(peers: 0, isStarted: false, isDiskLow: true, networkHeight: 6)
        try await withServer(chain) { client in
            let answer = try await client.get("/readyz")
            #expect(answer.status == 503)
            #expect(
                answer["reasons"] as? [String] == ["started", "behind", "peers", "disk"])
            #expect(answer["checks"] == nil)
        }
    }

    @Test func `a few blocks behind is still ready, one more is not`() async throws {
        let chain = FakeChain()
        try await withServer(chain) { client in
            chain.set(networkHeight: 5)
            let answer2 = try await client.get("/readyz")
            #expect(answer2.status == 200)
            chain.set(networkHeight: 6)
            let answer3 = try await client.get("/readyz")
            #expect(answer3.status == 503)
        }
    }

    @Test func `the only validator of a chain needs no peers`() async throws {
        let chain = FakeChain()
        chain.set(peers: 0)
        try await withServer(chain, validatorCount: 1) { client in
            let answer4 = try await client.get("/readyz")
            #expect(answer4.status == 200)
        }
    }

    @Test func `metrics are the node's and the API's own`() async throws {
        try await withServer(FakeChain()) { client in
            _ = try await client.get("/v1/status")
            let answer = try await client.get("/metrics")
            #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(answer.text.contains("\nalthing_consensus_height 7\n"))
            #expect(answer.text.contains("\nalthing_api_requests_total{status=\"2xx\"} 1\n"))
        }
    }
}

import Chain
import Codec
import Cryptography
import Testing

@testable import API

/// Streams, assets and the protocol's version.
@Suite(.timeLimit(.minutes(10)))
struct HoldingRoutesTests {
    @Test func `the native asset is listed, and found by number and symbol`() async throws {
        try await withServer(FakeChain()) { client in
            let items = try await client.get("/v1/assets").items
            try #require(items.count == 1)
            #expect(items[0]["symbol"] as? String == "alt")
            #expect(items[0]["mintAuthority"] as? String == "inflation")
            for path in ["/v1/assets/0", "/v1/assets/alt"] {
                #expect(try await client.get(path).int("decimals") == 6)
            }
            for path in ["/v1/assets/7", "/v1/assets/gold", "/v1/streams/1"] {
                #expect(try await client.get(path).status == 404)
            }
            #expect(try await client.get("/v1/streams/x").status == 400)
        }
    }

    @Test func `no stream is a list without items, and a wrong recipient is told`() async throws {
        try await withServer(FakeChain()) { client in
            let list = try await client.get("/v1/streams")
            #expect(list.status == 200 && list.items.isEmpty)
            let own = try await client.get("/v1/streams?recipient=\(FakeChain.bob.text)")
            #expect(own.status == 200)
            #expect(try await client.get("/v1/streams?recipient=bob").status == 400)
        }
    }

    @Test func `the version of the rules is told, with nothing scheduled`() async throws {
        try await withServer(FakeChain()) { client in
            let json = try await client.get("/v1/upgrade").object
            #expect(json["number"] as? Int == 1)
            #expect(json["version"] as? String == ProtocolVersion.initial.hash.hex)
            #expect(json["known"] as? Bool == true)
            #expect(json.keys.contains("scheduled"))
            #expect(json["scheduled"] as? [String: Any] == nil)
        }
    }

    @Test func `a proposal's actions are shown with their fields`() async throws {
        let chain = FakeChain()
        let bob = FakeChain.bob.address
        let start = Timestamp(1_700_000_100_000)
        let actions: [Action] = [
            .stream(
                StreamPlan(
                    recipient: bob,
                    schedule: .linear(
                        amount: Amount(1_000), start: start, cliff: start,
                        end: start.advanced(by: 1_000_000)))),
            .createAsset(
                AssetCreation(
                    name: "Gold", asset: Asset(symbol: "gold", decimals: 2),
                    mintAuthority: .governance,
                    allotments: [AssetAllotment(recipient: bob, amount: Amount(7))])),
        ]
        let draft = ProposalDraft(
            title: "t", body: "", actions: actions, deposit: Amount(10_000_000))
        let block = chain.makeBlock(of: [chain.signed([.submitProposal(draft)])])
        try #require(block.receipts.first?.status == .ok)
        try await withServer(chain) { client in
            let json = try await client.get("/v1/gov/proposals/1").object
            let shown = try #require(json["actions"] as? [[String: Any]])
            #expect(shown.map { $0["type"] as? String } == ["stream", "createAsset"])
            let schedule = try #require(shown[0]["schedule"] as? [String: Any])
            #expect(schedule["kind"] as? String == "linear")
            #expect(schedule["startMs"] as? Int == 1_700_000_100_000)
            #expect(shown[1]["symbol"] as? String == "gold")
            #expect(json["track"] as? String == "param")
        }
    }
}

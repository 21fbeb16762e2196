import Chain
import Codec
import Cryptography
import Testing

@testable import API

/// Validators, stake, and what an account has of it.
@Suite(.timeLimit(.minutes(10)))
struct StakeRoutesTests {
    private static let validatorKeys: Set = [
        "bonded", "commission", "contact", "downtimes", "endpoint", "forecastSeat", "jail",
        "lastUptime",
        "moniker",
        "networkKey", "nextSeat", "offences", "operator", "publicKey", "rise", "seat", "selfBond",
        "status", "uptime", "website", "weight",
    ]

    private static func draft(_ operatorAddress: Address, _ number: UInt8) -> ValidatorDraft {
        let key = SigningKey(seed: [UInt8](repeating: number, count: 32))
        guard let chainID = ChainID("test-chain") else { preconditionFailure("a valid name") }
        return ValidatorDraft(
            consensusKey: ProvenKey(key, chainID: chainID, operatorAddress: operatorAddress),
            profile: ValidatorProfile(
                networkKey: Person(number + 1).key, endpoint: "127.0.0.1:26657",
                moniker: "second", website: "https://second.example", contact: "@second"),
            commission: 250, selfBond: Amount(300_000_000))
    }

    private func make(_ chain: FakeChain, _ transactions: SignedTransaction...) throws {
        let block = chain.makeBlock(of: transactions)
        for receipt in block.receipts {
            try #require(receipt.status == .ok)
        }
        try #require(block.receipts.count == transactions.count)
    }

    /// Bob is a second validator, and Alice has stake with both.
    private func chain() throws -> FakeChain {
        let chain = FakeChain()
        let bob = FakeChain.bob
        try make(
            chain,
            chain.signed(
                [.staking(.createValidator(StakeRoutesTests.draft(bob.address, 210)))],
                from: bob))
        try make(
            chain,
            chain.signed(
                [
                    .staking(
                        .delegate(
                            validator: FakeChain.validator.address, amount: Amount(70_000_000))),
                    .staking(.delegate(validator: bob.address, amount: Amount(30_000_000))),
                ]))
        return chain
    }

    @Test func `validators are listed with stake and seats by page`() async throws {
        try await withServer(try chain()) { client in
            let all = try await client.get("/v1/validators")
            #expect(all.items.count == 2)
            #expect(all.items.allSatisfy { Set($0.keys) == StakeRoutesTests.validatorKeys })
            let first = try #require(all.items.first { $0["moniker"] as? String == "first" })
            #expect(first["operator"] as? String == FakeChain.validator.text)
            #expect(first["bonded"] as? String == "1070000000")
            #expect(first["selfBond"] as? String == "1000000000")
            let seat = try #require(first["seat"] as? [String: Any])
            #expect(Set(seat.keys) == ["epoch", "index", "power", "publicKey", "totalPower"])
            #expect(seat["index"] as? Int == 0)
            #expect(seat["power"] as? String == "1000000000")

            let page = try await client.get("/v1/validators?limit=1")
            let next = try #require(page.next)
            let rest = try await client.get("/v1/validators?limit=1&cursor=\(next)")
            #expect(rest.next == nil)
            let names = (page.items + rest.items).compactMap { $0["moniker"] as? String }
            #expect(Set(names) == ["first", "second"])
            #expect(try await client.get("/v1/validators?cursor=x").status == 400)
        }
    }

    @Test func `a new validator has no seat but a forecast`() async throws {
        try await withServer(try chain()) { client in
            let answer = try await client.get("/v1/validators/\(FakeChain.bob.text)")
            #expect(answer.status == 200)
            #expect(answer.keys == StakeRoutesTests.validatorKeys)
            #expect(answer.string("status") == "candidate")
            #expect(answer.string("website") == "https://second.example")
            #expect(answer.string("contact") == "@second")
            #expect(answer.int("commission") == 250)
            #expect(answer["seat"] is [String: Any] == false)
            #expect(answer["nextSeat"] is [String: Any] == false)
            let forecast = try #require(answer["forecastSeat"] as? [String: Any])
            #expect(forecast["epoch"] as? Int == 2)
            #expect(forecast["power"] as? String == "330000000")
        }
    }

    @Test func `an announced commission is told with its time`() async throws {
        let chain = FakeChain()
        try make(
            chain,
            chain.signed(
                [.staking(.editValidator(ValidatorEdit(commission: 600)))],
                from: FakeChain.validator))
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/validators/0")
            #expect(answer.int("commission") == 500)
            let rise = try #require(answer["rise"] as? [String: Any])
            #expect(Set(rise.keys) == ["commission", "notBefore", "notBeforeMs"])
            #expect(rise["commission"] as? Int == 600)
        }
    }

    @Test func `an account's stake is listed by page with its sums`() async throws {
        let chain = try chain()
        try make(
            chain,
            chain.signed(
                [
                    .staking(.setMode(validator: FakeChain.bob.address, .paying)),
                    .staking(
                        .undelegate(
                            from: .pool(FakeChain.validator.address),
                            amount: .tokens(Amount(20_000_000)))),
                    .staking(
                        .redelegate(
                            from: .pool(FakeChain.validator.address), to: FakeChain.bob.address,
                            amount: .tokens(Amount(10_000_000)))),
                ], sequence: 1))
        try await withServer(chain) { client in
            let path = "/v1/accounts/\(FakeChain.alice.text)/stake"
            let answer = try await client.get(path)
            #expect(
                answer.keys == [
                    "address", "bonded", "claimable", "items", "records", "snapshot", "unbonding",
                    "votingPower",
                ])
            #expect(answer.string("bonded") == "80000000")
            #expect(answer.string("unbonding") == "20000000")
            #expect(answer.string("votingPower") == "80000000")
            #expect(answer.items.count == 4)
            try check(answer.items)

            var found: [String] = []
            var cursor = ""
            for _ in 0..<4 {
                let page = try await client.get(path + "?limit=1" + cursor)
                found += page.items.compactMap { $0["type"] as? String }
                cursor = page.next.map { "&cursor=\($0)" } ?? ""
            }
            #expect(found == ["pool", "pool", "bucket", "lot"])
            #expect(cursor.isEmpty)
        }
    }

    private func check(_ items: [[String: Any]]) throws {
        let common: Set = ["moniker", "shares", "type", "validator", "value", "void"]
        for item in items {
            let more: Set =
                item["type"] as? String == "pool"
                ? ["claimable", "mode", "principal"] : ["exitEpoch", "free", "origin"]
            #expect(Set(item.keys) == common.union(more))
            #expect(item["void"] as? Bool == false)
        }
        let paying = items.first { $0["mode"] as? String == "paying" }
        #expect(paying?["principal"] as? String == "30000000")
        #expect(paying?["claimable"] as? String == "0")
        let bucket = try #require(items.first { $0["type"] as? String == "bucket" })
        #expect(bucket["value"] as? String == "20000000")
        #expect(bucket["exitEpoch"] as? Int == 0)
        let free = try #require(bucket["free"] as? [String: Any])
        #expect(Set(free.keys) == ["at", "atMs", "isEstimate", "isFree"])
        #expect(free["isEstimate"] as? Bool == true)
        let lot = try #require(items.first { $0["type"] as? String == "lot" })
        let origin = lot["origin"] as? [String: Any]
        #expect(origin?["validator"] as? String == FakeChain.validator.text)
    }

    @Test func `an account without stake has an empty list`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/accounts/\(FakeChain.nobody.text)/stake")
            #expect(answer.status == 200)
            #expect(answer.items.isEmpty)
            #expect(answer.string("bonded") == "0")
            let wrong = try await client.get("/v1/accounts/x/stake")
            #expect(wrong.status == 400)
        }
    }

    @Test(arguments: ["x", "0", "00", "01ff", "zz", "\(String(repeating: "00", count: 300))"])
    func `a cursor that the list did not give is refused`(_ cursor: String) async throws {
        try await withServer(FakeChain()) { client in
            let path = "/v1/accounts/\(FakeChain.alice.text)/stake?cursor=\(cursor)"
            let answer = try await client.get(path)
            #expect(answer.status == 400)
            #expect(answer.code == "request.bad_parameter")
        }
    }

    @Test func `the chain's stake is told with the next election`() async throws {
        try await withServer(try chain()) { client in
            let answer = try await client.get("/v1/staking")
            #expect(
                answer.keys == [
                    "bonded", "epoch", "exit", "firstHeight", "inflationRate", "lastHeight",
                    "nextElection",
                    "parameters", "supply",
                ])
            #expect(answer.string("bonded") == "1400000000")
            let election = try #require(answer["nextElection"] as? [String: Any])
            #expect(Set(election.keys) == ["epoch", "expected", "height"])
            #expect(election["epoch"] as? Int == 2)
            #expect(election["height"] as? Int == answer.int("lastHeight"))
            let exit = try #require(answer["exit"] as? [String: Any])
            #expect(Set(exit.keys) == ["epoch", "free"])
            let parameters = try #require(answer["parameters"] as? [[String: Any]])
            let names = parameters.compactMap { $0["name"] as? String }
            #expect(names.contains("staking.unbonding"))
            #expect(names.contains("consensus.epochLength"))
        }
    }

    @Test func `a stream tells of validators and of stake as two topics`() async throws {
        let chain = FakeChain()
        let bob = FakeChain.bob
        try await withServer(chain) { client in
            try await client.stream("/v1/stream?topics=validator") { validators in
                try await validators.waitUntilOpen()
                try await client.stream("/v1/stream?topics=stake") { stake in
                    try await stake.waitUntilOpen()
                    chain.makeBlock(of: [
                        chain.signed(
                            [
                                .staking(
                                    .createValidator(StakeRoutesTests.draft(bob.address, 210)))
                            ], from: bob)
                    ])
                    let delegated = try #require(try await stake.next())
                    #expect(delegated.name == "stake")
                    #expect(delegated.object["type"] as? String == "delegated")
                }
                let created = try #require(try await validators.next())
                #expect(created.name == "validator")
                #expect(created.object["type"] as? String == "validatorCreated")
            }
        }
    }

    @Test func `offences and what slashes hold are lists like all others`() async throws {
        try await withServer(FakeChain()) { client in
            let losses = "/v1/accounts/\(FakeChain.nobody.text)/losses"
            for path in ["/v1/offences", "/v1/staking/escrows", losses] {
                let answer = try await client.get(path)
                #expect(answer.status == 200)
                #expect(answer.items.isEmpty)
                #expect(try await client.get(path + "?limit=101").status == 400)
                #expect(try await client.get(path + "?cursor=x").status == 400)
                #expect(try await client.get(path + "?cursor=1.2.3").status == 400)
            }
            let unknown = try await client.get("/v1/staking/escrows/1")
            #expect(unknown.status == 404)
            #expect(unknown.string("code") == "staking.unknown_escrow")
            #expect(try await client.get("/v1/staking/escrows/x").status == 400)
        }
    }

    @Test func `a dry run says in units and addresses what is wrong, and what helps`()
        async throws
    {
        let chain = FakeChain()
        let unknown = FakeChain.nobody.address
        let wrong = SignedTransaction(
            transaction: chain.signed(
                [.staking(.delegate(validator: unknown, amount: Amount(5_000_000)))]
            ).transaction, signatures: [])
        let small = SignedTransaction(
            transaction: chain.signed(
                [
                    .staking(
                        .delegate(
                            validator: FakeChain.validator.address, amount: Amount(500_000)))
                ]
            ).transaction, signatures: [])
        try await withServer(chain) { client in
            let first = try await client.post("/v1/txs/simulate", wrong.encoded())
            #expect(first.string("code") == "staking.unknown_validator")
            #expect(first.string("error")?.contains(FakeChain.nobody.text) == true)
            #expect(first.string("hint") == "See the list of validators.")
            let second = try await client.post("/v1/txs/simulate", small.encoded())
            #expect(second.string("code") == "staking.amount_too_small")
            #expect(
                second.string("error") == "The amount is 0.5 ALT; at least 1 ALT is needed.")
        }
    }
}

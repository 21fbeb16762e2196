import Chain
import Codec
import Cryptography
import Ledger
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct GovernanceRoutesTests {
    private static let proposalKeys: Set = [
        "actions", "conditions", "contentHash", "deposit", "depositUntil", "dryRun", "failure",
        "petitions", "rules",
        "depositUntilMs", "endsAt",
        "endsAtMs", "eta", "etaMs", "group", "hardEndsAt", "hardEndsAtMs", "history", "id",
        "isReceipt",
        "opensAt", "opensAtMs", "proposer", "result", "snapshot", "status", "submittedAt",
        "submittedAtMs", "tally", "title", "totalPower", "track",
    ]

    /// A chain with `count` text proposals by the validator, whose stake is all there is.
    private func chain(proposals count: Int) -> FakeChain {
        let chain = FakeChain()
        chain.makeBlock(
            of: (0..<count).map { index in
                let draft = ProposalDraft(
                    title: "Proposal \(index + 1)", body: "Why **not**?", actions: [],
                    deposit: Amount(10_000_000))
                return chain.signed(
                    [.submitProposal(draft)], from: FakeChain.validator, sequence: UInt64(index))
            })
        return chain
    }

    @Test func `parameters have value, unit and bounds`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/gov/params")
            #expect(answer.items.count == ParameterID.allCases.count)
            #expect(
                answer.items.allSatisfy {
                    Set($0.keys) == ["max", "min", "name", "text", "track", "unit", "value"]
                })
        }
    }

    @Test func `one parameter is found by its name`() async throws {
        try await withServer(FakeChain()) { client in
            let time = try await client.get("/v1/gov/params/consensus.blockInterval")
            #expect(time.string("unit") == "ms")
            #expect(time.int("value") != nil)
            let gas = try await client.get("/v1/gov/params/block.gasLimit")
            #expect(gas.string("value") == "60000000")
            let ratio = try await client.get("/v1/gov/params/fees.priceFloor")
            let value = ratio["value"] as? [String: Any]
            #expect(value?["numerator"] as? Int == 1)
            #expect(value?["denominator"] as? Int == 1_000)
            let unknown = try await client.get("/v1/gov/params/gov.nothing")
            #expect(unknown.status == 404)
            #expect(unknown.code == "gov.unknown_parameter")
        }
    }

    @Test func `a proposal shows text, times, deposit, tally and history`() async throws {
        let chain = chain(proposals: 1)
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/gov/proposals/1")
            #expect(answer.status == 200)
            #expect(answer.keys == GovernanceRoutesTests.proposalKeys.union(["body"]))
            #expect(answer.int("id") == 1)
            #expect(answer.string("title") == "Proposal 1")
            #expect(answer.string("body") == "Why **not**?")
            #expect(answer.string("track") == "text")
            #expect(answer.string("proposer") == FakeChain.validator.text)
            let deposit = answer["deposit"] as? [String: Any]
            #expect(
                deposit.map { Set($0.keys) }
                    == ["depositors", "missing", "own", "refund", "required", "sum"])
            #expect(deposit?["sum"] as? String == "10000000")
            let tally = answer["tally"] as? [String: Any]
            #expect(
                tally.map { Set($0.keys) } == [
                    "abstain", "approve", "ballots", "cast", "minYes", "no", "passing", "quorum",
                    "veto", "vetoed", "yes",
                ])
            let quorum = tally?["quorum"] as? [String: Any]
            #expect(quorum.map { Set($0.keys) } == ["denominator", "met", "numerator"])
            #expect(quorum?["met"] as? Bool == false)
            let history = answer["history"] as? [[String: Any]]
            #expect(
                history?.first.map { Set($0.keys) }
                    == ["height", "reason", "status", "time", "timeMs"])
        }
    }

    @Test func `proposals are listed newest first, without bodies, by page`() async throws {
        let chain = chain(proposals: 3)
        try await withServer(chain) { client in
            let first = try await client.get("/v1/gov/proposals?limit=2")
            #expect(first.items.compactMap { $0["id"] as? Int } == [3, 2])
            #expect(
                first.items.allSatisfy { Set($0.keys) == GovernanceRoutesTests.proposalKeys })
            let next = try #require(first.next)
            let second = try await client.get("/v1/gov/proposals?limit=2&cursor=\(next)")
            #expect(second.items.compactMap { $0["id"] as? Int } == [1])
            #expect(second.next == nil)
        }
    }

    @Test func `proposals are filtered by their status`() async throws {
        let chain = chain(proposals: 2)
        try await withServer(chain) { client in
            let one = try await client.get("/v1/gov/proposals/1")
            let status = try #require(one.string("status"))
            let same = try await client.get("/v1/gov/proposals?status=\(status)")
            #expect(same.items.count == 2)
            let other = try await client.get("/v1/gov/proposals?status=executed")
            #expect(other.items.isEmpty)
            let unknown = try await client.get("/v1/gov/proposals?status=done")
            #expect(unknown.status == 400)
        }
    }

    @Test func `a ballot and a deposit are listed with their account`() async throws {
        let chain = chain(proposals: 1)
        chain.makeBlock()
        let state = await chain.access().state()
        let found = GovernanceQueries.proposal(ProposalID(1), over: state)
        let view = try #require(found)
        let ballot = BallotCast(
            proposal: ProposalID(1), contentHash: view.proposal.contentHash,
            weights: BallotWeights(yes: 7_000, no: 3_000), reason: "mostly")
        let vote = chain.signed([.castBallot(ballot)], from: FakeChain.validator, sequence: 1)
        let block = chain.makeBlock(of: [vote])
        try #require(block.receipts.first?.status == .ok)
        try await withServer(chain) { client in
            let votes = try await client.get("/v1/gov/proposals/1/votes")
            let item = try #require(votes.items.first)
            #expect(
                Set(item.keys) == [
                    "amounts", "height", "own", "power", "reason", "received", "voter", "weights",
                ])
            #expect(item["voter"] as? String == FakeChain.validator.text)
            #expect(item["reason"] as? String == "mostly")
            let weights = item["weights"] as? [String: Int]
            #expect(weights == ["yes": 7_000, "no": 3_000, "abstain": 0, "veto": 0])
            #expect(votes.next == nil)
            let deposits = try await client.get("/v1/gov/proposals/1/deposits")
            #expect(deposits.items.first?["account"] as? String == FakeChain.validator.text)
            let bad = try await client.get("/v1/gov/proposals/1/votes?cursor=x")
            #expect(bad.status == 400)
        }
    }

    @Test func `a proposal that is not there is not found`() async throws {
        try await withServer(FakeChain()) { client in
            for path in ["1", "1/votes", "1/deposits"] {
                let answer = try await client.get("/v1/gov/proposals/\(path)")
                #expect(answer.status == 404)
                #expect(answer.code == "gov.proposal_not_found")
            }
            let wrong = try await client.get("/v1/gov/proposals/first")
            #expect(wrong.status == 400)
        }
    }
}

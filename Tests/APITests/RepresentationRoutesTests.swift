import Chain
import Cryptography
import Ledger
import Testing

@testable import API

/// Who votes with whose stake.
@Suite(.timeLimit(.minutes(10)))
struct RepresentationRoutesTests {
    private static let alice = FakeChain.alice
    private static let bob = FakeChain.bob

    private func make(_ chain: FakeChain, _ transactions: SignedTransaction...) throws {
        let block = chain.makeBlock(of: transactions)
        for receipt in block.receipts {
            try #require(receipt.status == .ok)
        }
        try #require(block.receipts.count == transactions.count)
    }

    /// Alice has 70 tokens of stake and lends 60 % of it to bob for texts; a text is in voting.
    private func chain() throws -> FakeChain {
        let chain = FakeChain()
        let list = [Representative(account: Self.bob.address, weight: 6_000)]
        try make(
            chain,
            chain.signed([
                .staking(
                    .delegate(
                        validator: FakeChain.validator.address, amount: Amount(70_000_000))),
                .representation(
                    RepresentationAction(group: .general, representatives: list)),
            ]))
        let draft = ProposalDraft(
            title: "A text", body: "", actions: [], deposit: Amount(10_000_000))
        try make(chain, chain.signed([.submitProposal(draft)], from: FakeChain.validator))
        chain.makeBlock()
        return chain
    }

    private func vote(
        _ chain: FakeChain, by person: Person, _ weights: BallotWeights, sequence: UInt64
    ) async throws {
        let state = await chain.access().state()
        let found = GovernanceQueries.proposal(ProposalID(1), over: state)
        let view = try #require(found)
        let ballot = BallotCast(
            proposal: ProposalID(1), contentHash: view.proposal.contentHash, weights: weights)
        try make(chain, chain.signed([.castBallot(ballot)], from: person, sequence: sequence))
    }

    @Test func `an account's representatives are listed with their parts by topic`() async throws {
        try await withServer(try chain()) { client in
            let answer = try await client.get(
                "/v1/accounts/\(Self.alice.text)/representatives")
            #expect(answer.keys == ["address", "topics"])
            let topics = try #require(answer["topics"] as? [[String: Any]])
            #expect(
                topics.compactMap { $0["topic"] as? String }
                    == ["default", "treasury", "protocol", "people"])
            let first = try #require(topics.first)
            #expect(
                Set(first.keys) == [
                    "topic", "own", "kept", "received", "refusedPlaces", "representatives",
                ])
            #expect(first["own"] as? String == "70000000")
            #expect(first["kept"] as? String == "28000000")
            let named = try #require(first["representatives"] as? [[String: Any]])
            #expect(named.first?["account"] as? String == Self.bob.text)
            #expect(named.first?["weight"] as? Int == 6_000)
            #expect(named.first?["power"] as? String == "42000000")

            let other = try await client.get("/v1/accounts/\(Self.bob.text)/representatives")
            let received = (other["topics"] as? [[String: Any]])?.map { $0["received"] as? String }
            #expect(received == ["42000000", "0", "0", "0"])
            let wrong = try await client.get("/v1/accounts/alice/representatives")
            #expect(wrong.status == 400)
        }
    }

    @Test func `an account's power for a proposal is told with how it was used`() async throws {
        let chain = try chain()
        try await vote(chain, by: Self.bob, BallotWeights(yes: 10_000), sequence: 0)
        try await withServer(chain) { client in
            let path = "/v1/gov/proposals/1/votes/"
            let alice = try await client.get(path + Self.alice.text)
            #expect(
                alice.keys == [
                    "ballot", "lent", "own", "power", "received", "snapshot", "takenBack", "voter",
                ])
            #expect(alice.string("power") == "70000000")
            let part = try #require((alice["lent"] as? [[String: Any]])?.first)
            #expect(part["representative"] as? String == Self.bob.text)
            #expect(part["power"] as? String == "42000000")
            #expect((part["votes"] as? [String: Int])?["yes"] == 10_000)
            let bob = try await client.get(path + Self.bob.text)
            #expect(bob.string("own") == "0")
            #expect(bob.string("received") == "42000000")
            #expect(bob.string("takenBack") == "0")
            let ballot = try #require(bob["ballot"] as? [String: Any])
            #expect(ballot["power"] as? String == "42000000")
        }
        try await vote(chain, by: Self.alice, BallotWeights(no: 10_000), sequence: 1)
        try await withServer(chain) { client in
            let bob = try await client.get("/v1/gov/proposals/1/votes/\(Self.bob.text)")
            #expect(bob.string("takenBack") == "42000000")
            #expect(bob.string("power") == "0")
            let proposal = try await client.get("/v1/gov/proposals/1")
            let tally = try #require(proposal["tally"] as? [String: Any])
            #expect(tally["no"] as? String == "70000000")
            #expect(tally["yes"] as? String == "0")
            let none = try await client.get("/v1/gov/proposals/9/votes/\(Self.bob.text)")
            #expect(none.status == 404)
        }
    }
}

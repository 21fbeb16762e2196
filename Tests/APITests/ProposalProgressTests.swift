import Chain
import Cryptography
import Foundation
import Ledger
import NIOCore
import Testing

@testable import API

@Suite(.timeLimit(.minutes(10)))
struct ProposalProgressTests {
    private let chain = FakeChain()

    /// A chain with one proposal in voting.
    private func propose(_ actions: [Action]) throws {
        let draft = ProposalDraft(
            title: "One", body: "", actions: actions,
            deposit: Amount(actions.isEmpty ? 10_000_000 : 200_000_000))
        let submission = chain.signed(
            [.submitProposal(draft)], from: FakeChain.validator, sequence: 0)
        let receipt = chain.makeBlock(of: [submission]).receipts.first
        try #require(receipt?.status == .ok, "\(String(describing: receipt?.status))")
        chain.makeBlock()
    }

    private func send(_ action: Action, sequence: UInt64) throws {
        let transaction = chain.signed([action], from: FakeChain.validator, sequence: sequence)
        let receipt = chain.makeBlock(of: [transaction]).receipts.first
        try #require(receipt?.status == .ok)
    }

    @Test func `the tally says what each line still lacks`() async throws {
        try propose([.setParameter(ParameterChange(name: "gov.textPlaces", value: .integer(3)))])
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/gov/proposals/1/tally")
            #expect(answer.status == 200)
            #expect(
                answer.keys == [
                    "id", "status", "track", "totalPower", "snapshot", "endsAt", "endsAtMs",
                    "hardEndsAtMs", "isFinal", "tally", "missing",
                ])
            #expect(answer.string("status") == "voting")
            let total = try #require(answer.string("totalPower").flatMap { UInt64($0) })
            let missing = try #require(answer["missing"] as? [String: Any])
            #expect(missing["quorum"] as? String == String((total * 2 + 4) / 5))
            #expect(missing["minYes"] as? String == String((total + 3) / 4))
            #expect(missing["approve"] as? String == "1")
            #expect(missing["veto"] as? String == "0")
            #expect(answer.headers["etag"] == nil)
        }
    }

    @Test func `what ended has a tag, and whoever has it already gets nothing`() async throws {
        try propose([])
        try send(.cancelProposal(ProposalID(1)), sequence: 1)
        try await withServer(chain) { client in
            for part in ["tally", "timeline"] {
                let path = "/v1/gov/proposals/1/\(part)"
                let answer = try await client.get(path)
                #expect(answer.string("status") == "cancelled")
                let tag = try #require(answer.headers["etag"])
                #expect(answer.headers["cache-control"] == "no-cache")
                let again = try await client.get(path, headers: ["If-None-Match": tag])
                #expect(again.status == 304)
                let other = try await client.get(path, headers: ["If-None-Match": "\"x\""])
                #expect(other.status == 200)
            }
        }
    }

    @Test func `a time line has what was and what comes next`() async throws {
        try propose([])
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/gov/proposals/1/timeline")
            #expect(answer.keys == ["id", "status", "isFinal", "items", "next"])
            #expect(answer.items.compactMap { $0["status"] as? String } == ["deposit", "voting"])
            let next = answer["next"] as? [[String: Any]]
            #expect(next?.compactMap { $0["event"] as? String } == ["voteEnds"])
            #expect(next?.first?["atMs"] is Int)
        }
        let state = await chain.access().state()
        let found = GovernanceQueries.proposal(ProposalID(1), over: state)
        let view = try #require(found)
        let ballot = BallotCast(
            proposal: ProposalID(1), contentHash: view.proposal.contentHash,
            weights: BallotWeights(yes: 10_000))
        try send(.castBallot(ballot), sequence: 1)
        try await withServer(chain) { client in
            let answer = try await client.get("/v1/gov/proposals/1/timeline")
            let next = answer["next"] as? [[String: Any]]
            #expect(next?.compactMap { $0["event"] as? String } == ["voteEnds", "execution"])
        }
    }

    @Test func `a dry run is the stored one, or one of now`() async throws {
        try propose([.setParameter(ParameterChange(name: "gov.textPlaces", value: .integer(3)))])
        chain.makeBlocks(3)
        try await withServer(chain) { client in
            let stored = try await client.get("/v1/gov/proposals/1/dryrun")
            let now = try await client.get("/v1/gov/proposals/1/dryrun?now=1")
            #expect(stored.status == 200)
            #expect(now.keys == stored.keys)
            let before = try #require(stored.int("height"))
            #expect(now.int("height") ?? 0 > before)
            #expect(now["ok"] as? Bool == true)
            let wrong = try await client.get("/v1/gov/proposals/1/dryrun?now=yes")
            #expect(wrong.code == "request.bad_parameter")
            for part in ["dryrun?now=1", "tally", "timeline"] {
                let unknown = try await client.get("/v1/gov/proposals/9/\(part)")
                #expect(unknown.code == "gov.proposal_not_found")
            }
        }
    }

    @Test func `the power that is missing is the least that passes`() {
        let row = Track.constitution.standardRow
        for (yes, no, abstain, veto) in [
            (0, 0, 0, 0), (10, 10, 3, 0), (66, 33, 0, 0), (67, 33, 0, 0), (40, 1, 0, 30),
        ] as [(UInt64, UInt64, UInt64, UInt64)] {
            let tally = BallotAmounts(yes: yes, no: no, abstain: abstain, veto: veto)
            let missing = MissingPower(tally, total: 1_000, row: row)
            func with(_ more: UInt128) -> BallotAmounts {
                BallotAmounts(
                    yes: yes + UInt64(more), no: no, abstain: abstain, veto: veto)
            }
            if let approve = missing.approve {
                #expect(Tally.isApproved(with(approve), row: row))
                #expect(approve == 0 || !Tally.isApproved(with(approve - 1), row: row))
            }
            #expect(Tally.hasQuorum(with(missing.quorum), total: 1_000, row: row))
            #expect(Tally.hasMinYes(with(missing.minYes), total: 1_000, row: row))
            #expect(
                missing.minYes == 0
                    || !Tally.hasMinYes(with(missing.minYes - 1), total: 1_000, row: row))
            #expect(!Tally.isVetoed(with(missing.veto)))
            #expect(missing.veto == 0 || Tally.isVetoed(with(missing.veto - 1)))
        }
    }
}

@Suite(.timeLimit(.minutes(10)))
struct KindRoutesTests {
    private static let to = FakeChain.alice.address

    private static let samples: [Action] = [
        .setParameter(ParameterChange(name: "gov.textPlaces", value: .integer(3))),
        .spend(
            TreasurySpend(payments: [
                TreasuryPayment(recipient: to, asset: .native, amount: Amount(1))
            ])),
        .stream(
            StreamPlan(
                recipient: to,
                schedule: .linear(
                    amount: Amount(1), start: Timestamp(0), cliff: Timestamp(0),
                    end: Timestamp(1)))),
        .recallStream(StreamID(1)),
        .createAsset(
            AssetCreation(
                name: "Gold", asset: Asset(symbol: "gold", decimals: 2), mintAuthority: .none,
                allotments: [AssetAllotment(recipient: to, amount: Amount(1))])),
        .mint(AssetMint(asset: AssetID(1), amount: Amount(1), recipient: to)),
        .returnStake(EscrowID(1)),
        .upgrade(
            UpgradePlan(name: "2", version: .zero, firstEpoch: Epoch(1), lastEpoch: Epoch(2))),
        .pause(ModulePause(module: .assets, duration: 1)),
        .cancelUpgrade(.zero), .resume(.assets), .cancelQueued(ProposalID(1)),
    ]

    @Test func `the kinds have fields, bounds, groups and tracks`() async throws {
        try await withServer(FakeChain()) { client in
            let answer = try await client.get("/v1/gov/kinds")
            #expect(answer.status == 200)
            #expect(answer.keys == ["items", "conditions", "draft", "tracks"])
            #expect(
                answer.items.compactMap { $0["kind"] as? String } == GovernanceKinds.all.map(\.kind)
            )
            let pause = try #require(answer.items.first { $0["kind"] as? String == "pause" })
            #expect(
                Set(pause.keys) == [
                    "kind", "action", "summary", "group", "track", "trackRule", "isAtOnce",
                    "fields",
                ])
            #expect(pause["track"] as? String == "fast")
            #expect(pause["isAtOnce"] as? Bool == true)
            let fields = try #require(pause["fields"] as? [[String: Any]])
            #expect(fields.first?["choices"] as? [String] == PausableModule.allCases.map(\.name))
            #expect(fields.last?["max"] as? String == String(ModulePause.durationMax))
            let tracks = try #require(answer["tracks"] as? [[String: Any]])
            #expect(tracks.compactMap { $0["track"] as? String } == Track.allCases.map(\.name))
            #expect(answer["conditions"] is [[String: Any]])
        }
    }

    @Test(arguments: samples)
    func `an action has the fields of its kind`(_ action: Action) throws {
        let name = try #require(GovernanceKinds.kind(of: action))
        let kind = try #require(GovernanceKinds.all.first { $0.kind == name })
        let bytes = jsonBytes(ActionJSON(action, FakeChain().access().chain))
        let parsed = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView))
        let object = try #require(parsed as? [String: Any])
        #expect(object["type"] as? String == kind.action)
        let said: Set = ["type", "text", "expected", "expectedText"]
        #expect(Set(object.keys).subtracting(said) == Set(kind.fields.map(\.name)))
        for field in kind.fields {
            guard let items = field.fields, let list = object[field.name] as? [[String: Any]]
            else { continue }
            #expect(list.first.map { Set($0.keys) } == Set(items.map(\.name)))
        }
    }

    @Test func `every kind has a sample, and no other action is of a kind`() {
        let kinds = KindRoutesTests.samples.compactMap { GovernanceKinds.kind(of: $0) }
        #expect(Set(kinds) == Set(GovernanceKinds.all.map(\.kind)))
        #expect(kinds.count == GovernanceKinds.all.count)
        #expect(GovernanceKinds.kind(of: .claimDeposit(ProposalID(1))) == nil)
    }
}

@Suite struct PlainFactsTests {
    private let style = FakeChain().access().chain.style
    private let person = FakeChain.alice.address

    @Test func `what a rejection says plainly is read as it says it with units`() {
        let rejections: [Rejection] = [
            .insufficientFunds(
                account: person, asset: .native, balance: Amount(1_500_000),
                needed: Amount(2_000_000)),
            .governance(
                .treasuryTooSmall(asset: .native, balance: Amount(5), needed: 6_000_000)),
            .governance(.depositTooLow(deposit: Amount(1), minimum: Amount(2_000_000))),
            .governance(.depositTooHigh(deposit: Amount(3), missing: Amount(2))),
            .governance(.noPower(voter: person, snapshot: Height(7))),
            .governance(.duplicateRepresentative(person)),
            .governance(.escrowShort(balance: Amount(1), needed: Amount(2))),
            .governance(
                .decision(.outflowLimit(asset: .native, outflow: 7_000_000, limit: 1))),
            .governance(.decision(.paused(.transfers, until: Timestamp(1_700_000_000_000)))),
            .governance(.paymentToModule(person)), .recipientIsModule(person),
        ]
        for rejection in rejections {
            let readable = PlainFacts.readable(rejection.message, in: style)
            #expect(readable == rejection.message(in: style))
            #expect(readable != rejection.message)
        }
    }

    @Test func `a time in milliseconds is read in UTC, and a readable text stays`() {
        let readable = PlainFacts.readable(
            "Nothing of stream 1 is due; the next is due after 1700000000000 ms.", in: style)
        #expect(
            readable
                == "Nothing of stream 1 is due; the next is due after 2023-11-14T22:13:20.000Z.")
        #expect(PlainFacts.readable(readable, in: style) == readable)
        let short = Rejection.governance(
            .treasuryTooSmall(asset: .native, balance: Amount(5), needed: 6_000_000))
        let once = short.message(in: style)
        #expect(PlainFacts.readable(once, in: style) == once)
    }

    @Test func `other texts stay as they are`() {
        let hash = String(repeating: "ab", count: 32)
        for text in [
            "", "The upgrade to \(hash) is scheduled already.", "1 of asset 7; 2 is needed.",
            "by proposal 3", "99999999999999999999 of asset 0",
        ] {
            #expect(PlainFacts.readable(text, in: style) == text)
        }
    }
}

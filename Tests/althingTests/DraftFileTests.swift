import ArgumentParser
import Chain
import Cryptography
import GenesisTool
import KeyTool
import Testing

@testable import althing

/// What a chain would say of itself.
private func chainInfo() throws -> ChainInfo {
    try ChainInfo(
        json: try JSON(
            parsing: """
                {"chainID": "test-1", "genesisHash": "\(String(repeating: "ab", count: 32))",
                 "kind": "dev", "prefix": "alth", "asset": {"symbol": "alt", "decimals": 6}}
                """))
}

private func address(_ number: UInt8) -> Address {
    Address(SigningKey(seed: [UInt8](repeating: number, count: 32)).publicKey)
}

private func book(_ chain: ChainInfo) -> AssetBook {
    AssetBook(chain, [.init(id: AssetID(3), symbol: "gold", decimals: 2)])
}

@Suite struct DraftFileTests {
    private let now = Timestamp(1_700_000_000_000)

    private func read(_ text: String) throws -> DraftFile {
        let chain = try chainInfo()
        let desk = DraftDesk(
            chain: chain, book: book(chain), now: now, home: "/nowhere/at/all")
        return try DraftFile.parse(Array(text.utf8), name: "p.json", desk)
    }

    private var bob: String { address(2).text(prefix: "alth") }

    @Test func `a spend is written with units and accounts`() throws {
        let draft = try read(
            """
            {"title": "Pay", "body": "Why.", "deposit": "50alt",
             "actions": [{"type": "spend", "payments": [
                {"recipient": "\(bob)", "amount": "5.5alt"},
                {"recipient": "treasury", "amount": "2gold"}]}],
             "conditions": [{"type": "treasuryAtLeast", "amount": "100alt"},
                            {"type": "heightAtMost", "height": 9},
                            {"type": "executed", "proposal": 2}]}
            """)
        #expect(draft.title == "Pay")
        #expect(draft.body == "Why.")
        #expect(draft.deposit == "50alt")
        #expect(
            draft.actions == [
                .spend(
                    TreasurySpend(payments: [
                        TreasuryPayment(
                            recipient: address(2), asset: .native, amount: Amount(5_500_000)),
                        TreasuryPayment(
                            recipient: ModuleID.treasury.address, asset: AssetID(3),
                            amount: Amount(200)),
                    ]))
            ])
        #expect(
            draft.conditions == [
                .treasuryAtLeast(asset: .native, amount: Amount(100_000_000)),
                .heightAtMost(Height(9)), .executed(ProposalID(2)),
            ])
    }

    @Test func `every kind can be written`() throws {
        let hash = String(repeating: "01", count: 32)
        let draft = try read(
            """
            {"actions": [
              {"type": "param", "name": "gov.spendSmallDelay", "value": "2h"},
              {"type": "setParameter", "name": "gov.textPlaces", "value": 3},
              {"type": "stream", "recipient": "\(bob)", "amount": "7alt", "over": "2h"},
              {"type": "stream", "recipient": "\(bob)", "tranches": [
                 {"time": "+2h", "amount": "1gold"}, {"time": "+1h", "amount": "2gold"}]},
              {"type": "recall-stream", "stream": 4}, {"type": "return-stake", "escrow": 5},
              {"type": "create-asset", "symbol": "Seat", "decimals": 0,
               "mintAuthority": "governance", "supply": [{"recipient": "\(bob)", "amount": "5"}]},
              {"type": "mint", "amount": "1.5gold", "recipient": "\(bob)"},
              {"type": "upgrade", "name": "2", "version": "\(hash)", "firstEpoch": 4,
               "lastEpoch": 8},
              {"type": "cancel-upgrade", "version": "\(hash)"},
              {"type": "pause", "module": "assets", "duration": "2d"},
              {"type": "resume", "module": "assets"}, {"type": "cancel", "proposal": 6}]}
            """)
        let later = now.advanced(by: 7_200_000)
        #expect(
            draft.actions == [
                .setParameter(
                    ParameterChange(name: "gov.spendSmallDelay", value: .integer(7_200_000))),
                .setParameter(ParameterChange(name: "gov.textPlaces", value: .integer(3))),
                .stream(
                    StreamPlan(
                        recipient: address(2),
                        schedule: .linear(
                            amount: Amount(7_000_000), start: now, cliff: now, end: later))),
                .stream(
                    StreamPlan(
                        recipient: address(2), asset: AssetID(3),
                        schedule: .tranches([
                            StreamTranche(
                                time: now.advanced(by: 3_600_000), amount: Amount(200)),
                            StreamTranche(time: later, amount: Amount(100)),
                        ]))),
                .recallStream(StreamID(4)), .returnStake(EscrowID(5)),
                .createAsset(
                    AssetCreation(
                        name: "seat", asset: Asset(symbol: "seat", decimals: 0),
                        mintAuthority: .governance,
                        allotments: [AssetAllotment(recipient: address(2), amount: Amount(5))])),
                .mint(
                    AssetMint(
                        asset: AssetID(3), amount: Amount(150), recipient: address(2))),
                .upgrade(
                    UpgradePlan(
                        name: "2", version: try #require(Digest(hex: hash)), firstEpoch: Epoch(4),
                        lastEpoch: Epoch(8))),
                .cancelUpgrade(try #require(Digest(hex: hash))),
                .pause(ModulePause(module: .assets, duration: 2 * Milliseconds.day)),
                .resume(.assets), .cancelQueued(ProposalID(6)),
            ])
    }

    @Test(
        arguments: [
            ("{", "p.json is no JSON"), ("[]", "expected an object"),
            ("{}", "actions: the field is missing"),
            ("{\"actions\": [{\"type\": \"spnd\"}]}", "did you mean `spend`?"),
            ("{\"actions\": [{}]}", "actions[0].type: the field is missing"),
            ("{\"actions\": [7]}", "actions[0]: expected an object"),
            ("{\"actions\": [], \"titel\": \"x\"}", "did you mean `title`?"),
            (
                "{\"actions\": [{\"type\": \"spend\", \"payments\": [{\"recipient\": "
                    + "\"treasury\", \"amount\": \"5\"}]}]}",
                "actions[0].payments[0].amount: `5` has no unit; write \"5alt\""
            ),
            (
                "{\"actions\": [{\"type\": \"spend\", \"payments\": [{\"recipient\": "
                    + "\"nobody\", \"amount\": \"5alt\"}]}]}",
                "actions[0].payments[0].recipient: "
            ),
            ("{\"actions\": [{\"type\": \"spend\", \"payments\": []}]}", "1 to 16 payments"),
            (
                "{\"actions\": [{\"type\": \"param\", \"name\": \"gov.textPlace\", \"value\": 1}]}",
                "did you mean `gov.textPlaces`?"
            ),
            (
                "{\"actions\": [{\"type\": \"param\", \"name\": \"gov.spendSmallDelay\", "
                    + "\"value\": 2}]}",
                "actions[0].value: gov.spendSmallDelay `2`: the unit is missing"
            ),
            (
                "{\"actions\": [{\"type\": \"pause\", \"module\": \"assets\", "
                    + "\"duration\": \"8d\"}]}", "is not within 7 days"
            ),
            (
                "{\"actions\": [{\"type\": \"recallStream\", \"stream\": \"1\"}]}",
                "actions[0].stream: expected a number"
            ),
        ] as [(String, String)])
    func `a mistake is named with its place`(_ text: String, _ expected: String) throws {
        let error = try #require(throws: CommandError.self) { try read(text) }
        #expect(error.message.contains(expected), "\(error.message)")
        #expect(error.message.contains("p.json"))
        #expect(error.code == "proposal.file")
        #expect(error.exit == .usage)
    }
}

@Suite struct ConditionTextTests {
    @Test(
        arguments: [
            ("treasury=100alt", .treasuryAtLeast(asset: .native, amount: Amount(100_000_000))),
            ("treasury>=1gold", .treasuryAtLeast(asset: AssetID(3), amount: Amount(100))),
            ("height<=9", .heightAtMost(Height(9))), ("height=9", .heightAtMost(Height(9))),
            ("executed=3", .executed(ProposalID(3))),
        ] as [(String, ProposalCondition)])
    func `a condition is written with its sign or without`(
        _ text: String, _ expected: ProposalCondition
    ) throws {
        #expect(try ConditionText.parse(text, book(try chainInfo())) == expected)
    }

    @Test(
        arguments: [
            "", "treasury", "treasury=", "treasury<=5alt", "height>=9", "height=x", "executed=",
            "executed>=3", "treasry=5alt", "=5",
        ])
    func `anything else is refused with a hint`(_ text: String) throws {
        let chain = try chainInfo()
        let error = #expect(throws: CommandError.self) {
            try ConditionText.parse(text, book(chain))
        }
        #expect(error?.exit == .usage)
        #expect(error?.hint != nil)
    }
}

@Suite struct SimulateTests {
    @Test(
        arguments: [
            (["spend", "bob", "5alt"], ["spend", "bob", "5alt", "--dry-run", "--from", "me"]),
            (["--file", "p"], ["custom", "--file", "p", "--dry-run", "--from", "me"]),
            (
                ["pause", "assets", "2d", "--from", "bob", "--dry-run"],
                ["pause", "assets", "2d", "--from", "bob", "--dry-run"]
            ),
            (["text", "x", "--from=bob"], ["text", "x", "--from=bob", "--dry-run"]),
        ] as [([String], [String])])
    func `a draft is proposed without being sent`(_ words: [String], _ expected: [String]) throws {
        let found = GovernanceCommand.Simulate.draft(words) { "me" }
        #expect(found == expected)
        let command = try ProposeCommand.parseAsRoot(found)
        #expect(!(command is ProposeCommand))
    }
}

@Suite struct NameBookTests {
    @Test func `known addresses in a text become names, and nothing else changes`() {
        let carol = "alth1" + String(repeating: "q", count: 58)
        let names = NameBook([carol: "carol"])
        #expect(
            names.relabel("The account \(carol) has 5 ALT; 6 ALT are needed.")
                == "The account carol has 5 ALT; 6 ALT are needed.")
        #expect(names.relabel(carol) == "carol")
        #expect(names.relabel(carol + "q") == carol + "q")
        #expect(names.relabel("") == "")
        #expect(names.long(carol) == "carol (\(carol))")
        #expect(names.long("alth1x") == "alth1x")
    }

    @Test func `the ledger's accounts have names without a keystore`() throws {
        let chain = try chainInfo()
        let names = NameBook(chain, home: "/nowhere/at/all")
        let treasury = chain.text(ModuleID.treasury.address)
        #expect(names.short(treasury) == "the treasury")
        #expect(names.relabel("The account \(treasury) has 5 ALT.") == "The treasury has 5 ALT.")
        #expect(
            names.short(chain.text(StreamID(2).account)) == "the account of stream 2")
    }
}

@Suite struct ProposalTextTests {
    private func view() throws -> ProposalView {
        let chain = try chainInfo()
        let bob = address(2).text(prefix: "alth")
        return ProposalView(chain: chain, names: NameBook([bob: "bob"]), book: book(chain))
    }

    private func json(_ text: String) throws -> JSON { try JSON(parsing: text) }

    @Test func `an action is a sentence with names and units`() throws {
        let view = try view()
        let bob = address(2).text(prefix: "alth")
        let lines = view.actionLines(
            try json(
                """
                {"actions": [
                  {"type": "spend", "payments": [
                    {"recipient": "\(bob)", "asset": 0, "amount": "5000000"}]},
                  {"type": "setParameter", "name": "a.b", "text": "2h", "expectedText": "1h"},
                  {"type": "mint", "asset": 3, "amount": "150", "recipient": "\(bob)"},
                  {"type": "pause", "module": "assets", "duration": 60000}],
                 "conditions": [{"type": "treasuryAtLeast", "asset": 3, "amount": "100"}]}
                """))
        #expect(
            lines == [
                "action    spend 5 ALT from the treasury to bob (\(bob))",
                "action    set a.b: 1h → 2h", "action    mint 1.5 GOLD for bob (\(bob))",
                "action    pause assets for 1m", "only if   the treasury has at least 1 GOLD",
            ])
    }

    @Test func `an asset that a proposal would create is named in its changes`() throws {
        let view = try view()
        let bob = address(2).text(prefix: "alth")
        let lines = view.dryRunLines(
            of: try json(
                """
                {"status": "voting",
                 "actions": [{"type": "createAsset", "symbol": "seat", "decimals": 1}],
                 "dryRun": {"changes": [
                   {"type": "balance", "key": "balance of \(bob)", "asset": 4, "old": "?",
                    "new": "?", "oldAmount": "0", "newAmount": "55"},
                   {"type": "supply", "key": "supply", "asset": 3, "old": "?", "new": "?",
                    "oldAmount": "100", "newAmount": "50"},
                   {"type": "other", "key": "records of chain"}]}}
                """), isDone: false)
        #expect(
            lines == [
                "would do  balance of bob: 0 SEAT → 5.5 SEAT (+5.5 SEAT)",
                "would do  supply of GOLD: 1 GOLD → 0.5 GOLD (−0.5 GOLD)",
            ])
    }

    @Test func `a parameter beyond its bounds is refused before anything is asked`() throws {
        let chain = try chainInfo()
        for (name, value) in [
            ("gov.spendSmallDelay", "61d"), ("gov.spendSmallQuorum", "80%"),
            ("gov.spendSmallQuorum", "1/21"), ("gov.textPlaces", "0"),
        ] {
            let error = #expect(throws: CommandError.self) {
                try ParameterChange.parse(name, value, chain)
            }
            #expect(error?.code == "gov.parameter_invalid")
        }
        let edge = try ParameterChange.parse("gov.spendSmallQuorum", "1/20", chain)
        #expect(edge.1 == .ratio(numerator: 1, denominator: 20))
        _ = try ParameterChange.parse("gov.spendSmallDelay", "60d", chain)
    }

    private func ended(_ status: String, yes: Int, no: Int, veto: Int) throws -> JSON {
        func line(_ name: String, _ numerator: Int, _ isMet: Bool) -> String {
            "\"\(name)\": {\"numerator\": \(numerator), \"denominator\": 100, \"met\": \(isMet)}"
        }
        return try json(
            """
            {"id": 3, "status": "\(status)", "totalPower": "1000",
             "tally": {"yes": "\(yes)", "no": "\(no)", "abstain": "0", "veto": "\(veto)",
                       "vetoed": \(3 * veto > yes + no + veto),
                       \(line("quorum", 20, yes + no + veto >= 200)),
                       \(line("approve", 55, yes * 100 > 55 * (yes + no + veto))),
                       \(line("minYes", 6, yes >= 60))},
             "deposit": {"sum": "10", "refund": "fourFifths"},
             "result": {"height": 9, "reason": ""}}
            """)
    }

    @Test func `why a vote failed is said in words`() throws {
        let view = try view()
        #expect(
            view.outcome(try ended("rejected", yes: 100, no: 50, veto: 0)) == [
                "REJECTED in block 9: 15.00 % of all power took part, 20.00 % are needed"
            ])
        #expect(
            view.why(try ended("rejected", yes: 100, no: 200, veto: 0))
                == "33.33 % of the answers were yes, more than 55.00 % are needed")
        #expect(
            view.why(try ended("vetoed", yes: 100, no: 0, veto: 200))
                == "66.66 % of the answers were vetoes, 33.33 % are too many")
        #expect(view.why(try ended("cancelled", yes: 0, no: 0, veto: 0)) == nil)
    }

    @Test func `what would still pass it is one number`() throws {
        let json = try ended("voting", yes: 100, no: 200, veto: 0)
        let count = VoteCount(try #require(json["tally"]), total: 1_000)
        // (100 + x)·100 > 55·(300 + x)
        #expect(count.missingYes == 145)
        let lines = NextText(view: try view()).lines(json)
        #expect(
            lines.first
                == "as it stands it does not pass (approve); 0.000145 ALT more of yes would do")
    }

    @Test func `an end that was moved is said`() throws {
        let next = NextText(view: try view())
        func lines(end: Int) throws -> [String] {
            next.lines(
                try json(
                    """
                    {"id": 3, "status": "voting", "opensAtMs": 1000, "endsAtMs": \(end),
                     "hardEndsAtMs": 9000, "rules": {"period": 5000, "delay": 1000},
                     "totalPower": "10", "tally": {"passing": true}}
                    """))
        }
        #expect(try lines(end: 6_000).count == 1)
        #expect(try lines(end: 6_001).last?.contains("moved the end") == true)
    }

    @Test func `what of a deposit is left is shown with who may claim it`() throws {
        let next = NextText(view: try view())
        let bob = address(2).text(prefix: "alth")
        let left = [
            try json("{\"account\": \"\(bob)\", \"amount\": \"2000000\"}")
        ]
        func lines(_ refund: String, _ depositors: [JSON]) throws -> [String] {
            next.lines(
                try json(
                    """
                    {"id": 3, "status": "executed", "deposit": {"sum": "1", "refund": "\(refund)"}}
                    """), depositors: depositors)
        }
        #expect(try lines("all", left) == ["2 ALT to bob comes back, by: althing gov claim 3"])
        #expect(try lines("all", []) == [])
        #expect(try lines("none", left) == ["the deposit is lost"])
        #expect(try lines("fourFifths", left).first?.hasPrefix("four fifths") == true)
    }

    @Test func `a time is shown with how far away it is`() {
        let now = Timestamp(1_700_000_000_000)
        #expect(
            WhenText.print(milliseconds: 1_699_999_875_000, now: now)
                == "2023-11-14 22:11:15 UTC, 2m ago")
        #expect(
            WhenText.print(milliseconds: 1_700_000_012_000, now: now)
                == "2023-11-14 22:13:32 UTC, in 12s")
        #expect(
            WhenText.print(milliseconds: 1_700_000_012_000, isFixed: true, now: now)
                == "2023-11-14 22:13:32 UTC")
        #expect(WhenText.print(milliseconds: nil) == "?")
    }
}

import Chain
import Codec
import Cryptography
import GenesisTool
import KeyTool
import Testing

@testable import althing

@Suite struct ProposalViewTests {
    private func tally(
        yes: UInt64, no: UInt64, abstain: UInt64, veto: UInt64 = 0, met: Bool
    ) -> JSON {
        func ratio(_ numerator: UInt32, _ denominator: UInt32) -> JSON {
            .object([
                .init("numerator", .number(numerator)), .init("denominator", .number(denominator)),
                .init("met", .bool(met)),
            ])
        }
        return .object([
            .init("yes", .string(String(yes))), .init("no", .string(String(no))),
            .init("abstain", .string(String(abstain))), .init("veto", .string(String(veto))),
            .init("quorum", ratio(20, 100)), .init("approve", ratio(55, 100)),
            .init("minYes", ratio(6, 100)), .init("vetoed", .bool(!met)),
        ])
    }

    @Test func `what is missing makes the vote pass, and one unit less does not`() throws {
        for (yes, no, abstain) in [(0, 0, 0), (10, 10, 3), (54, 46, 1), (30, 60, 0), (5, 1, 0)]
            as [(UInt64, UInt64, UInt64)]
        {
            let bars = VoteCount(
                tally(yes: yes, no: no, abstain: abstain, met: false), total: 1_000
            ).bars
            #expect(bars.map(\.name) == ["quorum", "approve", "min yes", "no veto"])
            for (more, passes) in [(UInt64(0), true), (1, false)] {
                let missing = bars[1].missing ?? 0
                guard missing >= more, missing > 0 else { continue }
                let later = BallotAmounts(yes: yes + missing - more, no: no, abstain: abstain)
                #expect(
                    (UInt128(later.yes) * 100 > 55 * later.nonAbstaining) == passes)
            }
            #expect(bars[0].missing == 200 - (yes + no + abstain))
            #expect(bars[2].missing == (yes < 60 ? 60 - yes : nil))
        }
    }

    @Test func `a bar is filled by the part and marks the line`() {
        let bars = VoteCount(
            tally(yes: 300, no: 100, abstain: 100, veto: 100, met: true), total: 1_000
        ).bars
        let line = bars[0].line { "\($0)" }
        #expect(line == "quorum    [######|###########............] 60.00 % of 20.00 %, met")
        #expect(bars[1].line { "\($0)" }.contains("60.00 % of 55.00 %"))
        let empty = VoteCount(tally(yes: 0, no: 0, abstain: 0, met: false), total: 0).bars
        #expect(empty[0].line { "\($0)" }.contains("0.00 %"))
    }

    @Test func `what a dry run printed is a draft again`() throws {
        let draft = ProposalDraft(
            title: "Pause", body: "Why.",
            actions: [.pause(ModulePause(module: .assets, duration: 5))],
            conditions: [.heightAtMost(Height(7))], deposit: Amount(9))
        let transaction = Transaction(
            chainID: try #require(ChainID("test-1")), sender: ModuleID.treasury.address,
            sequence: 0, validUntil: Height(9), maxFee: Amount(1), gasLimit: 1,
            actions: [.submitProposal(draft)])
        let printed = JSON.object([.init("unsigned", .string(transaction.encoded().hex))])
        #expect(try PrintedDraft.parse(Array(printed.compact.utf8), name: "p") == draft)
        for wrong in ["", "{}", "{\"unsigned\":\"00\"}", "[]"] {
            do {
                _ = try PrintedDraft.parse(Array(wrong.utf8), name: "p")
                Issue.record("`\(wrong)` was read")
            } catch {
                #expect((error as? CommandError)?.exit == .usage)
            }
        }
    }

    @Test func `a module is named as it is written`() throws {
        #expect(try PausableModule(argument: "staking") == .staking)
        do {
            _ = try PausableModule(argument: "stakin")
            Issue.record("`stakin` was read")
        } catch {
            #expect((error as? CommandError)?.hint == "did you mean `staking`?")
        }
    }
}

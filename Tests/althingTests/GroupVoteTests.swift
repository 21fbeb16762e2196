import GenesisTool
import Testing

@testable import althing

/// A fast vote may be decided before all of a group have voted.
@Suite struct GroupVoteTests {
    private func result(_ code: String, at height: UInt64, _ sender: String = "alth1x") -> JSON {
        .object([
            .init("status", .string(code == "ok" ? "ok" : "failed")),
            .init("code", .string(code)), .init("height", .number(String(height))),
            .init("sender", .string(sender)),
        ])
    }

    private func proposal(endsEarly: Bool, end: UInt64?) -> JSON {
        .object([
            .init("rules", .object([.init("endsEarly", .bool(endsEarly))])),
            .init("endsAtMs", end.map { .number(String($0)) } ?? .null),
        ])
    }

    @Test func `ballots that came too late are looked at only beside others that count`() {
        let late = result("gov.not_voting", at: 8)
        #expect(GroupVote.mayBeDecided([result("ok", at: 7), late]))
        #expect(!GroupVote.mayBeDecided([late, late]))
        #expect(!GroupVote.mayBeDecided([result("ok", at: 7), result("ok", at: 8)]))
        #expect(!GroupVote.mayBeDecided([result("ok", at: 7), result("gov.no_power", at: 8)]))
        #expect(!GroupVote.mayBeDecided([]))
    }

    @Test func `each block of a ballot that counts is asked for once`() {
        let results = [
            result("ok", at: 7), result("gov.not_voting", at: 9), result("ok", at: 8),
            result("ok", at: 7),
        ]
        #expect(GroupVote.heights(results) == [7, 8])
    }

    @Test func `a vote is decided by the block at whose time it ends`() {
        let times: Set<UInt64> = [1_000, 2_000]
        #expect(GroupVote.isDecided(proposal(endsEarly: true, end: 2_000), byBlocksAt: times))
        // It ended by its time, or by others' ballots before.
        #expect(!GroupVote.isDecided(proposal(endsEarly: true, end: 1_999), byBlocksAt: times))
        #expect(!GroupVote.isDecided(proposal(endsEarly: false, end: 2_000), byBlocksAt: times))
        #expect(!GroupVote.isDecided(proposal(endsEarly: true, end: nil), byBlocksAt: times))
        #expect(!GroupVote.isDecided(.object([]), byBlocksAt: times))
    }

    @Test func `who came too late is told so, and any other failure is one`() {
        let late = result("gov.not_voting", at: 8, "alth1late")
        #expect(
            GroupVote.excuse(late, isDecided: true)?.hasPrefix("alth1late  decided already") == true
        )
        #expect(GroupVote.excuse(late, isDecided: false) == nil)
        #expect(GroupVote.excuse(result("gov.no_power", at: 8), isDecided: true) == nil)
        #expect(GroupVote.excuse(result("ok", at: 8), isDecided: true) == nil)
    }
}

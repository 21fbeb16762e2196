import Chain
import Testing

@testable import Consensus

/// The pitfalls of real implementations (consensus.md 2.17) that one engine can fall into. Those
/// that stand in `PaperTests`, in scripts (P01, P02, P08, P13, P25, T8 for P26) or in the tests of
/// the log, the signer and the ledger are not repeated here.
@Suite struct PitfallTests {
    let runner = ScenarioRunner()

    @discardableResult
    func run(_ commands: String...) throws -> [String] {
        try runner.run(commands)
    }

    func start(_ own: String = "D", _ options: String = "") throws {
        try run(
            "node \(own) \(options)", "block h1 view=1", "block x1 view=1 time=5000",
            "block h2 view=2 parent=h1", "block h3 view=3 parent=h1", "block k2 view=3 parent=h1")
    }

    @Test func `P4 what skips a view that was certified here is voted for with its nullification`()
        throws
    {
        try start("D", "leader=9000 advance=20000")
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        try run("proposal h2", "certificate A,B,C notarize 2 h2")
        // The leader left its justification out: it is asked first, then others.
        #expect(try run("proposal h3").contains("fetch nullification 2 from C"))
        let asked = try run("wait 8000").filter { $0.hasPrefix("fetch nullification 2") }
        #expect(Set(asked).count > 1)
    }

    @Test func `P4 a nullification that comes at last makes the proposal acceptable`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        try run("proposal h2", "certificate A,B,C notarize 2 h2", "proposal h3")
        #expect(
            try run("certificate A,B,C nullify 2 from=C").contains("sign notarize 3 h3 on 1"))
    }

    @Test func `P6 a notarized body is asked of every signer until somebody shows it`() throws {
        try start()
        try run("certificate A,B,C notarize 1 h1 from=A")
        let output = try run("wait 30000")
        for signer in ["A", "B", "C"] {
            #expect(output.contains("fetch h1 from \(signer)"))
        }
        #expect(try run("available h1").contains("execute h1"))
    }

    @Test func `P10 SEC-08 two finalizations of one boundary block are no fork`() throws {
        try start("D", "boundary=2")
        try run("proposal h1")
        let output = try run(
            "certificate A,B,C finalize 2 h2", "certificate A,B,C notarize 3 h2 parentView=2",
            "certificate A,B,C finalize 3 h2 parentView=2", "available h2", "state")
        #expect(!output.contains { $0.hasPrefix("report halt") })
        #expect(output.last == "view 4, final 3, height 2, finished")
    }

    @Test func `SEC-08 finalizations of two chains halt only once the chain is known`() throws {
        try start()
        let before = try run(
            "certificate A,B,C finalize 2 h2", "certificate A,B,C finalize 3 k2")
        #expect(!before.contains { $0.hasPrefix("report halt") })
        let after = try run("available k2", "available h1")
        #expect(after.contains { $0.hasPrefix("report halt") })
    }

    @Test func `P17 the floor never falls`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C finalize 1 h1")
        try run("proposal h2", "certificate A,B,C finalize 2 h2")
        #expect(try run("committed 2").contains { $0.hasSuffix("floor 2") })
        #expect(try run("committed 1") == ["(nothing)"])
        #expect(try run("committed 2") == ["(nothing)"])
    }

    @Test func `P19 a proposal that is here goes before a leader's zero timeout`() throws {
        try start()
        try run("excluded B", "proposal h1", "proposal h2")
        let output = try run("certificate A,B,C notarize 1 h1")
        #expect(output.contains("sign notarize 2 h2 on 1"))
        #expect(!output.contains("timed out 2, leader B"))
    }

    @Test func `P21 what is not missing any more is not asked for`() throws {
        try start()
        try run("certificate A,B,C notarize 1 h1 from=A", "wait 100", "unavailable h1 A")
        try run("available h1")
        #expect(!(try run("wait 20000").contains { $0.hasPrefix("fetch h1") }))
    }

    @Test func `P28 timeouts have no memory but the view and the last final one`() {
        let timing = Timing(
            blockInterval: 0, idleInterval: 0, leaderTimeout: 1_000, advanceTimeout: 2_000)
        let late = Backoff.multiplier(current: View(40), lastFinalized: .zero, timing: timing)
        #expect(late > 1_000)
        #expect(
            Backoff.multiplier(current: View(41), lastFinalized: View(40), timing: timing) == 1_000)
        #expect(
            Backoff.multiplier(current: View(140), lastFinalized: View(100), timing: timing) == late
        )
    }

    @Test func `P31 SEC-10 two blocks of one leader are kept apart, reported, and outlived`() throws
    {
        try start()
        #expect(try run("proposal x1").contains("sign notarize 1 x1 on 0"))
        #expect(try run("vote A notarize 1 h1").contains { $0.hasPrefix("report evidence") })
        // The others took the second one.
        try run("certificate A,B,C notarize 1 h1")
        let output = try run("available h1", "proposal h2")
        #expect(output.contains("enter 2, leader B"))
        #expect(output.contains("sign notarize 2 h2 on 1"))
        // It voted for the other block, so that it finalizes neither.
        #expect(!output.contains { $0.hasPrefix("sign finalize 1") })
    }

    @Test func `P32 who disagrees with a quorum says so and votes no more`() throws {
        try start()
        try run("auto off", "certificate A,B,C notarize 1 h1", "available h1")
        #expect(
            try run("executed h1 invalid").contains { $0.hasPrefix("report divergence 1 h1") })
        try run("auto on")
        #expect(!(try run("wait 60000").contains { $0.hasPrefix("sign") }))
    }

    @Test func `P35 a block that is not later than its parent is none`() throws {
        try start()
        try run("block late view=2 parent=h1 time=1001")
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        #expect(try run("proposal late").contains("report invalid 2 of B"))
    }
}

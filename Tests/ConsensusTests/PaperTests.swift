import Testing

/// One claim for each rule of consensus.md 2.6, and for the invariants of 2.7 and 2.16, on one
/// engine. Validators are named by the order in which they lead: A leads view 1.
@Suite struct PaperTests {
    let runner = ScenarioRunner()

    /// The lines that the commands give, in order.
    @discardableResult
    func run(_ commands: String...) throws -> [String] {
        try runner.run(commands)
    }

    static let blocks = [
        "block h1 view=1", "block x1 view=1 time=5000", "block h2 view=2 parent=h1",
        "block g2 view=2",
    ]

    func start(_ own: String = "D", _ options: String = "") throws {
        _ = try runner.run(["node \(own) \(options)"] + Self.blocks)
    }

    // MARK: 2.6

    @Test func `R1 a nullification of a later view is entered past all views between`() throws {
        try start()
        #expect(try run("certificate A,B,C nullify 9").contains("enter 10, leader D") == false)
        #expect(try run("state") == ["view 10, final 0, height 0"])
        // The view never falls.
        try run("certificate A,B,C nullify 3")
        #expect(try run("state") == ["view 10, final 0, height 0"])
    }

    @Test func `R2 a leader proposes once`() throws {
        try start("A")
        #expect(try run("built h1").contains { $0.hasPrefix("propose notarize 1 h1") })
        #expect(try run("built x1") == ["(nothing)"])
    }

    @Test func `R3 a proposal from anyone but the leader is no proposal`() throws {
        try start()
        #expect(try run("wants proposal B notarize 1 h1") == ["drop"])
        let output = try run("vote B notarize 1 h1")
        #expect(!output.contains { $0.hasPrefix("execute") || $0.hasPrefix("fetch") })
    }

    @Test func `R4 an executed block is voted for once, and a result after a nullify is not`()
        throws
    {
        try start()
        try run("auto off")
        try run("proposal h1", "wait 2000", "sync", "sign")
        let output = try run("available h1", "time 1", "executed h1 valid")
        #expect(!output.contains { $0.contains("own notarize") })
    }

    @Test func `R5 P2 certify goes on after the own nullify vote`() throws {
        try start()
        #expect(try run("wait 1000").contains("send nullify 1 to all"))
        try run("certificate A,B,C notarize 1 h1")
        #expect(try run("available h1").contains("enter 2, leader B"))
    }

    @Test func `R6 2_16-2 no finalize follows an own nullify`() throws {
        try start()
        try run("wait 1000", "certificate A,B,C notarize 1 h1", "available h1")
        #expect(!(try run("wait 60000").contains { $0.contains("finalize 1") }))
    }

    @Test func `R6 nothing else than the notarized block is finalized`() throws {
        try start()
        #expect(try run("proposal x1").contains("send notarize 1 x1 on 0 to all"))
        let output = try run("certificate A,B,C notarize 1 h1", "available h1")
        #expect(output.contains { $0.hasPrefix("enter 2") })
        #expect(!output.contains { $0.contains("finalize") })
    }

    @Test func `R7 2_16-2 no nullify follows an own finalize`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        let output = try run("wait 60000")
        #expect(output.contains { $0.contains("own nullify 2") })
        #expect(!output.contains { $0.contains("own nullify 1") })
    }

    @Test func `R8 P1 the own votes are repeated as long as the view lasts`() throws {
        try start()
        try run("wait 1000")
        let output = try run("wait 20000")
        #expect(output.filter { $0 == "send nullify 1 to all" }.count >= 3)
        #expect(output.filter { $0.hasPrefix("sign") }.isEmpty)
    }

    @Test func `R9 a nullification and a certified block of one view stand side by side`() throws {
        try start("C")
        try run("proposal h1", "certificate A,B,D notarize 1 h1", "certificate A,B,D nullify 1")
        // C leads view 3, and may still build on view 1.
        #expect(
            try run("certificate A,B,D nullify 2").contains { $0.hasPrefix("build 3 on h1") })
    }

    @Test func `R10 I18 blocks are told in the order of their heights and once`() throws {
        try start()
        try run("certificate A,B,C finalize 2 h2", "wait 200")
        try run("available h2")
        let told = try run("available h1").filter { $0.hasPrefix("finalized") }
        #expect(told == ["finalized h1 h2 by view 2"])
        #expect(!(try run("certificate A,B,C finalize 1 h1").contains { $0.hasPrefix("final") }))
    }

    @Test func `R11 P3 a finalize vote for an old view is not answered`() throws {
        try start()
        try run("certificate A,B,C nullify 1")
        #expect(try run("frame B finalize 1 h1") == ["(nothing)"])
        #expect(
            try run("frame B nullify 1") == ["send certificate nullify 1 by ABC to B"])
    }

    @Test func `R12 votes alone never make a node enter a view`() throws {
        try start()
        try run("frame A nullify 40", "frame B nullify 40", "frame C nullify 40")
        #expect(try run("state") == ["view 1, final 0, height 0"])
    }

    @Test func `R13 votes for final views are not tallied`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        try run("certificate A,B,C finalize 1 h1")
        let output = try run("vote A nullify 1", "vote B nullify 1", "vote C nullify 1")
        #expect(!output.contains { $0.contains("certificate nullify") })
        #expect(output.filter { $0.hasPrefix("report evidence") }.count == 3)
    }

    // MARK: 2.5, 2.16

    @Test func `2_5 votes that came before the proposal count`() throws {
        try start()
        try run("vote A notarize 1 h1", "vote B notarize 1 h1", "vote C notarize 1 h1")
        #expect(try run("available h1").contains("enter 2, leader B"))
    }

    @Test
    func `2_16-4 a proposal that passes over a certified view without its nullification waits`()
        throws
    {
        try start("A")
        try run("built h1", "certificate B,C,D notarize 1 h1")
        let output = try run("proposal g2")
        #expect(output.contains { $0.hasPrefix("fetch nullification 1") })
        #expect(!output.contains { $0.contains("own notarize 2") })
        #expect(
            try run("certificate B,C,D nullify 1").contains("send notarize 2 g2 on 0 to all"))
    }

    @Test func `2_15 no vote is sent before its record is durable and it is signed`() throws {
        try start()
        try run("auto off")
        let first = try run("wait 1000")
        #expect(first.contains("persist 1: own nullify 1"))
        #expect(!first.contains { $0.hasPrefix("sign") || $0.hasPrefix("send") })
        #expect(try run("sync") == ["sign nullify 1"])
        #expect(try run("sign") == ["send nullify 1 to all"])
    }

    @Test func `2_15 restart asks the signer again for what has no signature`() throws {
        try start()
        try run("auto off")
        try run("wait 1000", "sync")
        #expect(try run("crash").contains("sign nullify 1"))
    }

    @Test func `2_15 without the log the signed votes still bind`() throws {
        try start()
        try run("proposal h1")
        let output = try run("crash log", "proposal x1")
        #expect(!output.contains { $0.hasPrefix("sign notarize") })
    }

    @Test func `2_15 a quorum whose certificate was not durable is one again after a restart`()
        throws
    {
        _ = try runner.run(["node A powers=1", "auto off"] + Self.blocks)
        try run("built h1", "sync", "sign")
        // The vote is in the signer's table; the certificate was lost.
        #expect(try run("crash").contains { $0.hasPrefix("persist 3: certificate notarize 1") })
        #expect(try run("executed h1 valid").contains("enter 2, leader A"))
    }

    @Test func `2_15 a certified block that the disk has lost is fetched and built upon again`()
        throws
    {
        try start()
        let before = try run("proposal h1", "certificate A,B,C notarize 1 h1")
        #expect(before.contains { $0.hasPrefix("send finalize 1 h1") })
        let output = try run("crash blocks", "proposal h2", "wait 200")
        #expect(output.contains { $0.hasPrefix("fetch h1") })
        #expect(!output.contains { $0.hasPrefix("sign notarize 2") })
        let later = try run("available h1", "available h2")
        #expect(later.contains("execute h1"))
        #expect(later.contains { $0.hasPrefix("sign notarize 2 h2") })
        #expect(!later.contains { $0.hasPrefix("sign finalize 1") })
    }

    @Test func `2_9 S49 when every leader is excluded nobody is skipped`() throws {
        try start()
        try run("excluded A B C D")
        let output = try run("certificate A,B,C nullify 1")
        #expect(!output.contains { $0.hasPrefix("timed out") || $0.hasPrefix("skipped") })
        // With one of them excluded the others are a quorum: it is.
        try run("excluded C")
        #expect(try run("certificate A,B,C nullify 2").contains("skipped 3, leader C"))
    }

    // MARK: 2.17

    @Test func `P1 after all crashed the own nullify is in the own tally again`() throws {
        try start("C")
        try run("wait 1000", "crash", "vote B nullify 1")
        #expect(try run("vote D nullify 1").contains("enter 2, leader B"))
    }

    @Test func `P5 two proposals trap nobody, and a certificate overrides both`() throws {
        try start()
        try run("proposal x1", "proposal h1", "vote A notarize 1 x1", "vote A notarize 1 h1")
        try run("certificate A,B,C notarize 1 h1")
        #expect(try run("available h1").contains("enter 2, leader B"))
    }

    @Test func `P7 a view that was given up is not finalized later, not even after a restart`()
        throws
    {
        try start()
        try run("wait 1000", "certificate A,B,C nullify 2", "crash")
        try run("certificate A,B,C notarize 1 h1")
        let output = try run("available h1", "wait 30000")
        #expect(!output.contains { $0.contains("finalize 1") })
    }

    @Test func `P8 the resumed view is the highest that the records imply`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C notarize 1 h1", "certificate A,B,C nullify 7")
        try run("vote A finalize 1 h1", "crash")
        #expect(try run("state") == ["view 8, final 0, height 0"])
    }

    @Test func `P22 results for other views and blocks change nothing`() throws {
        try start()
        #expect(
            try run("executed h2 invalid", "time 9", "available h2", "declined 4", "built h2")
                == ["(nothing)"])
    }

    @Test func `S51 hundreds of nullified views in a row are nothing special`() throws {
        try start()
        for view in 1...300 {
            try run("certificate A,B,C nullify \(view)")
        }
        #expect(try run("state") == ["view 301, final 0, height 0"])
        try run("crash")
        #expect(try run("state") == ["view 301, final 0, height 0"])
        try run("block h301 view=301 parentView=0")
        #expect(try run("proposal h301").contains("sign notarize 301 h301 on 0"))
    }
}

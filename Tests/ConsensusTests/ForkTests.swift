import Testing

/// Leaders that show two blocks, and what a third of the power or more can bring about.
@Suite struct ForkTests {
    let runner = ScenarioRunner()

    private func run(_ commands: String...) throws -> [String] {
        try runner.run(commands)
    }

    private func start() throws {
        _ = try run(
            "node D", "block h1 view=1", "block x1 view=1 time=5000", "block h2 view=2 parent=h1")
    }

    /// Where no half is a quorum no certificate ever has both votes of the leader.
    @Test func `S27 whoever votes for another block is shown the leader's vote`() throws {
        try start()
        _ = try run("proposal h1")
        #expect(
            try run("vote B notarize 1 x1").contains("send partial notarize 1 h1 on 0 by A to B"))
        // Once, and nobody who voted for the same.
        #expect(!(try run("vote B notarize 1 x1").contains { $0.hasPrefix("send partial") }))
        #expect(!(try run("vote C notarize 1 h1").contains { $0.hasPrefix("send partial") }))
    }

    @Test func `S27 the leader's vote is shown to who voted before it came`() throws {
        try start()
        let before = try run("vote B notarize 1 x1")
        #expect(!before.contains { $0.hasPrefix("send partial") })
        #expect(try run("proposal h1").contains("send partial notarize 1 h1 on 0 by A to B"))
    }

    @Test func `S27 who is shown the leader's other vote has evidence`() throws {
        try start()
        _ = try run("proposal x1")
        let output = try run("partial A notarize 1 h1 from=B")
        #expect(output.contains { $0.hasPrefix("report evidence against A") })
    }

    @Test func `S29 the last that leaves a node that stops are the two certificates`() throws {
        try start()
        _ = try run("certificate A,B,C finalize 1 h1 from=A")
        let output = try run("certificate A,B,C nullify 1 from=B")
        #expect(output.contains("send certificate finalize 1 h1 on 0 by ABC to all"))
        #expect(output.contains("send certificate nullify 1 by ABC to all"))
        #expect(output.last?.hasPrefix("report halt") == true)
    }

    /// The other chain is behind in height, so its block does not stand above the final one here.
    @Test func `S29 a later finalization of a block that is no higher is a fork`() throws {
        try start()
        _ = try run("proposal h1", "certificate A,B,C finalize 1 h1", "committed 1")
        _ = try run(
            "block y1 view=3 parentView=0", "certificate A,B,C finalize 3 y1 parentView=0")
        #expect(try run("available y1").contains { $0.hasPrefix("report halt") })
    }

    /// What was built on the sibling of the told block was executed before that was told.
    private func makeSiblings() throws {
        _ = try run(
            "node D", "block h1 view=1", "block x1 view=2 parentView=0",
            "block y2 view=3 parent=x1", "available x1", "available y2", "proposal h1",
            "certificate A,B,C notarize 2 x1 header=x1", "available x1",
            "certificate A,B,C notarize 3 y2 header=y2", "available y2",
            "certificate A,B,C finalize 1 h1", "committed 1")
        #expect(try run("state") == ["view 4, final 1, height 1"])
    }

    @Test func `S29 a later finalization above a sibling of the told block is a fork`() throws {
        try makeSiblings()
        #expect(
            try run("certificate A,B,C finalize 3 y2").contains { $0.hasPrefix("report halt") })
    }

    @Test func `S29 it is a fork too for a node that restarts in between`() throws {
        try makeSiblings()
        _ = try run("crash")
        #expect(
            try run("certificate A,B,C finalize 3 y2").contains { $0.hasPrefix("report halt") })
    }

    /// What lies between the two was pruned, and could not be asked for.
    @Test func `S29 a fork is noticed far above the told block`() throws {
        _ = try run(
            "node D", "block x1 view=1", "block x2 view=2 parent=x1",
            "block h1 view=3 parentView=0", "block y3 view=4 parent=x2",
            "available h1", "certificate A,B,C finalize 3 h1 parentView=0 header=h1",
            "available h1", "committed 1")
        #expect(try run("state") == ["view 4, final 3, height 1"])
        _ = try run("certificate A,B,C notarize 4 y3 header=y3", "available y3")
        let output = try run("certificate A,B,C finalize 4 y3")
        #expect(output.contains { $0.hasPrefix("report halt") }, "\(output)")
    }

    /// The certificates lie below the floor then, and the records of those are history.
    @Test func `S29 a node that stopped does not go on after a new start`() throws {
        try start()
        _ = try run("proposal h1", "certificate A,B,C finalize 1 h1", "committed 1", "proposal h2")
        #expect(
            try run("certificate A,B,C nullify 1").contains { $0.hasPrefix("report halt") })
        #expect(try run("crash").contains { $0.hasPrefix("report halt") })
        #expect(try run("wait 60000") == ["(nothing)"])
    }
}

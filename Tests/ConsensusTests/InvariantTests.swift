import Chain
import Cryptography
import Testing

@testable import Consensus

/// The invariants of consensus.md 2.18 that no script has the name of. The engine asserts them of
/// itself; here each is led to where it would break.
@Suite struct InvariantTests {
    let runner = ScenarioRunner()

    @discardableResult
    func run(_ commands: String...) throws -> [String] {
        try runner.run(commands)
    }

    func start(_ own: String = "D", _ options: String = "") throws {
        try run(
            "node \(own) \(options)", "block h1 view=1", "block x1 view=1 time=5000",
            "block h2 view=2 parent=h1", "block h3 view=3 parent=h2", "block k2 view=2")
    }

    func signs(_ output: [String], _ what: String) -> Bool {
        output.contains { $0.hasPrefix("sign \(what)") }
    }

    @Test func `I1 a second proposal gets no second vote, not even after a restart`() throws {
        try start()
        #expect(signs(try run("proposal h1"), "notarize 1 h1"))
        #expect(!signs(try run("proposal x1", "wait 900"), "notarize"))
        #expect(!signs(try run("crash", "proposal x1", "available x1", "wait 900"), "notarize"))
    }

    @Test func `I2 what is finalized once is never finalized otherwise`() throws {
        try start()
        #expect(signs(try run("proposal h1", "certificate A,B,C notarize 1 h1"), "finalize 1 h1"))
        // No honest quorum can say so: everything stops.
        let output = try run("certificate A,B,C notarize 1 x1", "available x1", "wait 60000")
        #expect(output.contains { $0.hasPrefix("report halt") })
        #expect(!output.contains { $0.hasPrefix("sign") })
    }

    @Test func `I3 a vote is signed after its record is durable, and sent after that`() throws {
        try start()
        try run("auto off", "proposal h1", "available h1", "time 1")
        let cast = try run("executed h1 valid")
        #expect(cast.contains { $0.hasPrefix("persist") && $0.contains("own notarize 1 h1") })
        #expect(!cast.contains { $0.hasPrefix("sign") || $0.hasPrefix("send") })
        let synced = try run("sync")
        #expect(synced == ["sign notarize 1 h1 on 0"])
        #expect(try run("sign").contains("send notarize 1 h1 on 0 to all"))
    }

    @Test func `I4 nullify and finalize exclude each other over a restart, in either order`() throws
    {
        try start()
        #expect(signs(try run("wait 1000"), "nullify 1"))
        let late = try run(
            "crash", "certificate A,B,C notarize 1 h1", "available h1", "wait 60000")
        #expect(late.contains { $0.contains("certified 1 h1") })
        #expect(!signs(late, "finalize 1"))

        let other = InvariantTests()
        try other.start()
        #expect(
            other.signs(
                try other.run("proposal h1", "certificate A,B,C notarize 1 h1"), "finalize 1"))
        #expect(!other.signs(try other.run("crash", "wait 60000"), "nullify 1"))
    }

    @Test func `I5 whoever notarized one block finalizes no other, not even after a restart`()
        throws
    {
        try start()
        #expect(signs(try run("proposal x1"), "notarize 1 x1"))
        let output = try run(
            "crash", "certificate A,B,C notarize 1 h1", "available h1", "wait 60000")
        #expect(output.contains { $0.contains("certified 1 h1") })
        #expect(!signs(output, "finalize 1"))
    }

    @Test func `I6 no vote for a block that is not durable, or not executed`() throws {
        try start("D", "leader=29000 advance=60000")
        try run("auto off")
        // The body is here and not stored; the time is right.
        #expect(!(try run("proposal h1", "time 1").contains { $0.contains("own notarize") }))
        #expect(!(try run("executed h1 valid").contains { $0.contains("own notarize") }))
        #expect(try run("available h1").contains { $0.contains("own notarize 1 h1") })

        let other = InvariantTests()
        try other.start("D", "leader=29000 advance=60000")
        try other.run("auto off", "proposal h1", "time 1")
        #expect(!(try other.run("available h1").contains { $0.contains("own notarize") }))
        #expect(try other.run("executed h1 invalid").contains { $0.contains("own nullify 1") })
    }

    @Test func `I7 above the last final view nothing of the own votes is forgotten`() throws {
        try start()
        #expect(signs(try run("wait 1000"), "nullify 1"))
        for view in 1...400 { try run("certificate A,B,C nullify \(view)") }
        // It is certified, and may be a parent; what was given up stays given up.
        let output = try run("certificate A,B,C notarize 1 h1", "available h1")
        #expect(output.contains { $0.contains("certified 1 h1") })
        #expect(!signs(output, "finalize 1"))
    }

    @Test func `I8 I9 view, last final view and height only rise, the view above the others`()
        throws
    {
        try start()
        try run("proposal h1", "certificate A,B,C finalize 1 h1", "proposal h2")
        try run("certificate A,B,C finalize 2 h2")
        #expect(try run("state") == ["view 3, final 2, height 2"])
        try run("certificate A,B,C nullify 9")
        let state = ["view 10, final 2, height 2"]
        for late in ["finalize 1 h1", "notarize 1 h1", "notarize 2 h2", "nullify 3"] {
            try run("certificate A,B,C \(late)")
            #expect(try run("state") == state, "\(late)")
        }
        try run("crash")
        #expect(try run("state") == state)
        // A finalization far above carries the view along.
        try run("certificate A,B,C finalize 40 h3")
        #expect(try run("state") == ["view 41, final 40, height 2"])
    }

    @Test func `I10 no node stays in a view that is certified or nullified, nor comes back to it`()
        throws
    {
        try start()
        try run("certificate A,B,C notarize 1 h1")
        #expect(try run("state") == ["view 1, final 0, height 0"])
        #expect(try run("available h1").contains("enter 2, leader B"))
        // Nullified before this node came there: it passes by as soon as it may.
        try run("certificate A,B,C nullify 2")
        #expect(try run("crash", "state").last == "view 3, final 0, height 0")
    }

    @Test func `I14 no signer counts twice, however often and in whatever it is heard`() throws {
        try start("D", "leader=29000 advance=60000")
        for _ in 0..<3 {
            try run("vote B nullify 1", "partial B,C nullify 1", "vote C nullify 1")
        }
        #expect(try run("state") == ["view 1, final 0, height 0"])
        #expect(try run("vote A nullify 1").contains { $0.hasPrefix("enter 2") })
    }

    @Test func `I15 a final block that is not on the final chain stops everything`() throws {
        try start()
        try run("proposal h1", "certificate A,B,C finalize 1 h1")
        let output = try run("certificate A,B,C finalize 2 k2", "available k2")
        #expect(output.contains { $0.hasPrefix("report halt") })
        #expect(!output.contains { $0.hasPrefix("finalized") })
    }

    /// What is not above the final chain is not even looked at.
    @Test(arguments: [0, 1, 3, 9, UInt64.max])
    func `I16 a block is one higher than its parent, or none`(height: UInt64) throws {
        try start()
        try run("block odd view=2 parent=h1 height=\(height)")
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        let output = try run("proposal odd")
        #expect(output.contains("report invalid 2 of B") == (height > 0))
        #expect(!signs(output, "notarize"))
        #expect(signs(try run("wait 1000"), "nullify 2") == (height == 0))
    }

    @Test func `I19 a block of another set, and one of another epoch, is none`() throws {
        let instance = TestKeys.instance(powers: [1, 1, 1, 1])
        func answer(_ change: (inout Header) -> Void) -> (isInvalid: Bool, executes: Bool) {
            var schedule = LeaderSchedule(seed: instance.seed, count: 4)
            let leader = schedule.leader(of: View(1))
            var engine = Engine(
                .init(
                    instance: instance, own: leader == 0 ? 1 : 0,
                    timing: Timing(blockInterval: 500, idleInterval: 0)))
            var header = Header(
                genesisHash: instance.base.hash, epoch: instance.epoch, height: Height(1),
                view: View(1), parentView: .zero, parentHash: instance.base.hash,
                timestamp: instance.base.timestamp.advanced(by: 1), proposer: leader,
                transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero,
                setHash: instance.validators.hash, nextSetHash: .zero, evidenceRoot: .zero,
                participationRoot: .zero, gasUsed: 0, gasLimit: 0)
            change(&header)
            let vote = TestKeys.vote(
                leader, view: 1,
                .notarize(Candidate(parentView: .zero, blockHash: header.hash)), in: instance)
            var effects: [Effect] = []
            engine.handle(.start(Recovery()), at: .zero, into: &effects)
            engine.handle(
                .proposal(.restored(vote), header: header, from: leader), at: .zero,
                into: &effects)
            let isInvalid = effects.contains {
                if case .report(.invalidProposal) = $0 { true } else { false }
            }
            let executes = effects.contains {
                if case .execute = $0 { true } else { false }
            }
            return (isInvalid, executes)
        }
        let good = answer { _ in }
        #expect(!good.isInvalid && good.executes)
        let otherSet = answer { $0.setHash = Digest(.block, [1]) }
        #expect(otherSet.isInvalid && !otherSet.executes)
        let otherEpoch = answer { $0.epoch = Epoch(1) }
        #expect(otherEpoch.isInvalid && !otherEpoch.executes)
    }

    @Test func `I22 the same inputs give the same effects and the same state`() throws {
        let commands = [
            "node C powers=4,3,2,2", "block h1 view=1", "block x1 view=1 time=5000",
            "block h2 view=2 parent=h1", "proposal h1", "proposal x1", "vote A nullify 1",
            "wait 2500", "certificate A,B,D notarize 1 h1 from=A", "wait 200", "available h1",
            "proposal h2", "crash keep=1", "vote D notarize 2 h2", "wait 30000",
            "certificate A,B,D finalize 2 h2 from=D", "wait 9000", "state",
        ]
        let first = try commands.map { try runner.run([$0]) }
        let other = ScenarioRunner()
        let second = try commands.map { try other.run([$0]) }
        #expect(first == second)
        #expect(first.joined().count > 60)
        let digests = (runner.digest, other.digest)
        #expect(digests.0 != nil && digests.0 == digests.1)
    }
}

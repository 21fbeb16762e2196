import Chain
import Cryptography
import Foundation
import Testing

@testable import Consensus

/// The pitfalls of real implementations (consensus.md 2.17) that one engine can fall into. Those
/// that stand in `PaperTests`, in scripts (P07, P08, P18, P25, P26) or in the tests of the log, the
/// signer, the replica and the ledger are not repeated here; `TidyTests` finds each by its number.
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

    @Test func `P3 who is one view behind is sent what ended its view, once a second`() throws {
        try start("D", "leader=9000 advance=20000")
        // Half of the validators hold the notarization; B does not and gave the view up.
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        #expect(
            try run("frame B nullify 1") == ["send certificate notarize 1 h1 on 0 by ABC to B"])
        #expect(try run("frame B nullify 1") == ["(nothing)"])
        try run("wait 1000")
        #expect(
            try run("frame B notarize 1 h1")
                == ["send certificate notarize 1 h1 on 0 by ABC to B"])
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
        #expect(!output.contains { $0.hasSuffix(" 2, leader B") && !$0.hasPrefix("enter") })
    }

    @Test func `P20 the engine itself asks for ancestors, and executes each block once`() throws {
        try start("D", "leader=29000 advance=60000")
        #expect(
            try run("certificate A,B,C notarize 3 h3 from=A", "wait 200").contains(
                "fetch h3 from A"))
        // What is executed next must not wait for something that nobody asked for.
        let asked = try run("available h3", "wait 200")
        #expect(asked.contains { $0.hasPrefix("fetch h1 from") })
        #expect(!asked.contains { $0.hasPrefix("execute") })
        let output = try run("available h1", "available h1", "available h3", "wait 20000")
        #expect(
            output.filter { $0.hasPrefix("execute") } == ["execute h1", "execute h3"])
        #expect(output.contains { $0.hasSuffix("certified 3 h3; own finalize 3 h3 on 1") })
    }

    @Test func `P20 a block that could not be executed is executed at the next retry`() throws {
        try start("D", "leader=29000 advance=60000 retry=5000")
        try run("auto off", "certificate A,B,C notarize 1 h1", "available h1")
        #expect(try run("executed h1 unavailable") == ["(nothing)"])
        #expect(try run("wait 5000").contains("execute h1"))
    }

    @Test func `P21 what is not missing any more is not asked for`() throws {
        try start()
        try run("certificate A,B,C notarize 1 h1 from=A", "wait 100", "unavailable h1 A")
        try run("available h1")
        #expect(!(try run("wait 20000").contains { $0.hasPrefix("fetch h1") }))
    }

    @Test func `P23 in a long outage little is sent, and every view has its turn`() throws {
        try start()
        for view in 1...300 { try run("certificate A,B,C nullify \(view)") }
        var rounds: [[String]] = []
        for line in try run("wait 60000") {
            if line.hasSuffix(" standstill") { rounds.append([]) }
            guard line.hasPrefix("send certificate nullify"), !rounds.isEmpty else { continue }
            rounds[rounds.count - 1].append(line)
        }
        // One round every five seconds; the certificate that ended the last view goes out besides.
        #expect(rounds.count >= 9)
        #expect(rounds.allSatisfy { $0.count <= Engine.standstillMessagesMax + 2 })
        let views = Set(rounds.joined()).count
        #expect(views >= Int(Limits.retainedViewsMax), "\(views) views")
    }

    @Test func `P27 what was built for a view that was left is proposed nowhere`() throws {
        try start("A", "leader=1000 advance=2000")
        // Given up while it was being built.
        #expect(try run("wait 3000").contains("cancel build 1"))
        #expect(try run("built h1") == ["(nothing)"])
        // The view is over.
        try run("certificate B,C,D nullify 1")
        #expect(try run("built x1") == ["(nothing)"])
    }

    @Test func `P27 a proposal leaves once, and what is asked is asked of four at most`() throws {
        try start("A")
        try run("built h1")
        let output = try run("built h1", "wait 4000", "vote B notarize 1 h1", "wait 20000")
        #expect(!output.contains { $0.hasPrefix("propose") })
        let other = ScenarioRunner()
        _ = try other.run(["node D leader=29000 advance=60000"])
        for view in 2...8 {
            _ = try other.run([
                "block b\(view) view=\(view)", "certificate A,B,C notarize \(view) b\(view)",
            ])
        }
        let asked = try other.run(["wait 150"]).filter { $0.hasPrefix("fetch") }
        #expect(asked.count == Resolver.inFlightMax)
    }

    /// Ten validators, this one the last to lead; four leaders of the next views have voted for
    /// blocks that do not exist.
    private static func besetByPhantoms() throws -> ScenarioRunner {
        let runner = ScenarioRunner()
        _ = try runner.run(["node J powers=1,1,1,1,1,1,1,1,1,1 leader=29000 advance=60000"])
        for (view, leader) in zip(2..., ["B", "C", "D", "E"]) {
            _ = try runner.run([
                "block x\(view) view=\(view)", "vote \(leader) notarize \(view) x\(view)",
            ])
        }
        _ = try runner.run(["wait 150", "block h1 view=1"])
        return runner
    }

    @Test func `P27 what leaders alone named does not keep back what a quorum named`() throws {
        let runner = try Self.besetByPhantoms()
        // The block's body came neither with the leader's vote nor since.
        let output = try runner.run(["certificate A,F,G,H,I,D,E notarize 1 h1", "wait 150"])
        let asked = output.filter { $0.hasPrefix("fetch h1") }
        #expect(asked.count == 1, "\(output)")
        // Nor does it while they are refused, or nobody answers.
        for view in 2...5 {
            for peer in ["A", "B", "C", "D", "E", "F", "G"] {
                _ = try runner.run(["unavailable x\(view) \(peer)"])
            }
        }
        let later = try runner.run(["wait 60000"]).filter { $0.hasPrefix("fetch h1") }
        #expect(later.count >= 20, "\(later)")
    }

    @Test func `P27 few blocks of coming views are asked for at once`() throws {
        let runner = try Self.besetByPhantoms()
        for _ in 0..<4 {
            // Each of them of one peer after the other, for as long as a peer has.
            let asked = try runner.run(["wait 2000"]).filter { $0.hasPrefix("fetch") }
            #expect(asked.count == Resolver.aheadMax)
            #expect(asked.allSatisfy { $0.hasPrefix("fetch x2 ") || $0.hasPrefix("fetch x3 ") })
        }
    }

    @Test func `P27 the order in which things are asked for is that of their urgency`() {
        func need(_ number: UInt8, isAhead: Bool = false) -> Need {
            Need(subject: .block(Digest(.block, [number])), preferred: [1], isAhead: isAhead)
        }
        var resolver = Resolver()
        var order = PeerOrder(instance: .zero, own: 0, count: 4)
        func ask(_ needs: [Need], _ milliseconds: UInt64) -> [Need.Subject] {
            resolver.update(
                needs, order: &order, own: 0, count: 4,
                at: Instant.zero.advanced(byMilliseconds: milliseconds)
            ).map(\.0)
        }
        let old = (1...6).map { need($0) }
        #expect(ask(old, 0) == old.prefix(4).map(\.subject))
        // What is new and more urgent has the next place that is free, before what waited longer.
        let urgent = need(9)
        #expect(ask([urgent] + old, 10).isEmpty)
        #expect(resolver.deadline == Instant.zero.advanced(byMilliseconds: 2_000))
        resolver.refused(old[0].subject, by: 1, at: Instant.zero.advanced(byMilliseconds: 20))
        #expect(ask([urgent] + old, 20) == [urgent.subject])
        // When all are overdue the most urgent four are asked of others.
        #expect(ask([urgent] + old, 2_020) == ([urgent] + old.prefix(3)).map(\.subject))
        // What is ahead has two of the places, and becomes like all others when its view begins.
        resolver = Resolver()
        let ahead = (1...4).map { need($0, isAhead: true) }
        #expect(ask(ahead, 0) == ahead.prefix(2).map(\.subject))
        #expect(ask([need(1), need(2), ahead[2], ahead[3]], 10) == ahead.suffix(2).map(\.subject))
    }

    @Test func `P27 many certificates leave places for blocks`() {
        let certificates = (1...80).map { view in
            Need(
                subject: .certificate(
                    CertificateRequest(epoch: .zero, view: View(view), want: .nullification)))
        }
        let block = Need(subject: .block(Digest(.block, [1])))
        var resolver = Resolver()
        var order = PeerOrder(instance: .zero, own: 0, count: 4)
        let asked = resolver.update(
            certificates + [block], order: &order, own: 0, count: 4, at: .zero)
        #expect(asked.map(\.0).contains(block.subject))
        #expect(asked.count == Resolver.inFlightMax + 1)
        #expect(resolver.count == Resolver.pendingMax / 2 + 1)
    }

    @Test func `P27 no certificate is acted on before it is durable`() throws {
        try start()
        try run("auto off")
        let output = try run("certificate A,B,C nullify 1")
        #expect(output.last == "persist 1: certificate nullify 1 by ABC")
        #expect(!output.contains { $0.hasPrefix("send") })
        #expect(try run("sync") == ["send certificate nullify 1 by ABC to all"])
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

    @Test func `P30 who signed a certificate decides nothing`() throws {
        func outputs(_ signers: String) throws -> [String] {
            let runner = ScenarioRunner()
            let lines = try runner.run([
                "node C", "block h1 view=1", "block h2 view=2 parent=h1", "proposal h1",
                "certificate \(signers) notarize 1 h1", "proposal h2",
                "certificate \(signers) notarize 2 h2", "certificate \(signers) finalize 2 h2",
                "certificate \(signers) nullify 3", "wait 1500", "state",
            ])
            let names = signers.replacingOccurrences(of: ",", with: "")
            return lines.map { $0.replacingOccurrences(of: " by \(names)", with: "") }
        }
        let three = try outputs("A,B,D")
        #expect(three.last == "view 4, final 2, height 2")
        #expect(try outputs("A,B,C,D") == three)
        #expect(try outputs("B,C,D") == three)
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

    @Test func `SEC-13 a block of the future's height is none, and its votes are evidence`() throws
    {
        try start()
        try run("block far view=2 parent=h1 height=9")
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        #expect(try run("proposal far").contains("report invalid 2 of B"))
        // Votes for a view that nobody has reached are kept: they count as soon as it matters.
        try run("vote A finalize 6 h3")
        #expect(
            try run("vote A nullify 6").contains {
                $0.hasPrefix("report evidence against A: nullify 6; finalize 6")
            })
    }

    @Test func `SEC-24 a build that is declined costs the slot and is not asked for again`() throws
    {
        try start("A", "leader=2000 advance=4000")
        #expect(try run("declined 1") == ["(nothing)"])
        let output = try run("vote B nullify 1", "wait 1999", "built h1")
        #expect(!output.contains { $0.hasPrefix("build") || $0.hasPrefix("propose") })
        #expect(try run("wait 1").contains("timed out 1, leader A"))
    }

    @Test func `SEC-25 a stall ends with the first certificate that gets through`() throws {
        // S15, S16: for an hour nothing came; then the others' certificates do.
        try start()
        try run("proposal h1", "certificate A,B,C notarize 1 h1")
        try run("wait 3600000")
        try run("proposal h2", "certificate A,B,C finalize 2 h2")
        #expect(try run("state") == ["view 3, final 2, height 2"])
        try run("block next view=3 parent=h2")
        #expect(try run("proposal next").contains("sign notarize 3 next on 2"))
    }

    /// Nothing else would ever delete such a block: its height never becomes final.
    @Test(arguments: [
        "height=1152921504606846976", "height=2", "height=41", "parentView=1", "by=B",
    ])
    func `SEC-44 what cannot be a block of this chain is not stored`(fault: String) throws {
        try start("D", "boundary=40")
        try run("block f1 view=1 \(fault)")
        let output = try run("proposal f1")
        #expect(output.first == "report invalid 1 of A", "\(output)")
        #expect(!output.contains { $0.hasPrefix("store") })
        #expect(output.contains("sign nullify 1"))
    }

    /// Views pass without a block, and their blocks may come all at once.
    @Test func `a block is as high as its view allows`() throws {
        try start("D", "boundary=40")
        try run("certificate A,B,C nullify 1", "certificate A,B,C nullify 2")
        try run("block f3 view=3 height=3", "block f4 view=4 height=5")
        #expect(try run("proposal f3").contains { $0.hasPrefix("store") })
        #expect(!(try run("proposal f4").contains { $0.hasPrefix("store") }))
    }

    @Test func `a body that was let go is fetched again`() throws {
        try start("D", "leader=9000 advance=20000")
        try run("auto off", "certificate A,B,C notarize 1 h1 from=A header=h1", "sync")
        try run("available h1")
        let output = try run("executed h1 missing", "wait 200")
        #expect(output.contains { $0.hasPrefix("fetch h1") }, "\(output)")
        try run("available h1", "executed h1 valid", "sync")
        #expect(try run("state") == ["view 2, final 0, height 0"])
    }
}

import Chain
import Consensus
import Cryptography

/// Single situations that random scenarios seldom isolate, because another rule would repair them a
/// moment later.
enum TwinScripts {
    private static func run() -> TwinRun {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        let instance = TwinScenario.instance(of: set, leaders: [0, 1, 2, 3])
        return TwinRun(TwinScenario(instance: instance, twinned: [], partitions: []))
    }

    private static func behind(_ run: TwinRun, _ view: UInt64) -> [Int] {
        run.endpoints.filter { $0.engine.currentView < View(view) }.map(\.index)
    }

    /// R11: whoever votes in a view that the others have left is told at once what ended it.
    static func straggler() -> [Violation] {
        var run = run()
        run.runPhase([0, 0, 0, 1])
        run.groups = [0, 0, 0, 0]
        run.fire(.retry, of: run.endpoints[3])
        run.deliver()
        guard behind(run, 2).isEmpty else {
            return [Violation("R11", "nobody told endpoint 3 that view 1 is over")]
        }
        return run.checker.violations
    }

    /// 2.10: the votes of a view reach one validator only; its certificate must reach all.
    static func selectiveVotes() -> [Violation] {
        var run = run()
        run.isLost = { packet, recipient in
            if case .vote = packet { return recipient != 0 }
            return false
        }
        run.phase = 1
        run.settle()
        let behind = behind(run, 2)
        guard behind.isEmpty else {
            return [Violation("2.10", "\(behind) never saw the certificate of view 1")]
        }
        return run.checker.violations
    }

    /// R5 (P2): one validator sees the notarization, two have given the view up, one is silent.
    static func lateNotarization() -> [Violation] {
        var run = run()
        // Votes for the block reach the leader alone, and its certificate nobody.
        run.isLost = { packet, recipient in
            switch packet {
            case .vote(let vote): vote.value.kind == .notarize && recipient != 0
            case .certificate: true
            default: false
            }
        }
        run.phase = 1
        run.settle()
        run.groups = [0, 1, 1, 2]
        for endpoint in run.endpoints[1...2] { run.fire(.advance, of: endpoint) }
        run.settle()
        run.isLost = { _, _ in false }
        run.groups = [0, 0, 0, 1]
        for endpoint in run.endpoints[0...2] { run.fire(.retry, of: endpoint) }
        run.settle()
        let behind = behind(run, 2).filter { $0 != 3 }
        guard behind.isEmpty else {
            return [Violation("R5", "\(behind) do not certify what they had given up")]
        }
        return run.checker.violations
    }

    /// S29: a fork stops everybody who sees it, with both certificates in the log, and the evidence
    /// names signers of a third of the power.
    static func fork() -> [Violation] {
        let outcome = TwinCampaign.fork()
        var violations: [Violation] = []
        if !outcome.violations.contains(where: { $0.rule == "X1" }) {
            violations.append(Violation("S29", "the checker saw no fork"))
        }
        if outcome.halts.isEmpty || !outcome.halts.allSatisfy(\.isLogged) {
            violations.append(Violation("S29", "a fork and no halt with both certificates"))
        }
        for halt in outcome.halts where culprits(of: halt.first, halt.second) != [0, 1] {
            violations.append(Violation("S29", "the certificates do not name the culprits"))
        }
        return violations
    }

    /// Who signed both of two certificates of one view that cannot both be honest.
    static func culprits(of first: Certificate, _ second: Certificate) -> [UInt16] {
        guard first.view == second.view else { return [] }
        return first.bitmap.signers.filter { second.bitmap.contains($0) }
    }

    /// 2.14: two proposals of one leader that reach everybody are evidence for everybody.
    static func equivocation() -> [Violation] {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        let instance = TwinScenario.instance(of: set, leaders: [0, 1, 2, 3])
        let scenario = TwinScenario(
            instance: instance, twinned: [0], partitions: [[0, 0, 0, 0, 0]])
        let outcome = TwinCampaign.run(scenario)
        guard outcome.culprits == [0] else {
            return [Violation("2.14", "nobody holds evidence against the leader")]
        }
        return outcome.violations
    }

    /// B20 with a shared table: the signer's second guard lets no key speak on two sides.
    static func sharedGuard(seed: UInt64) -> [Violation] {
        var scenario = TwinCampaign.sample(seed)
        scenario.sharesGuard = true
        return TwinCampaign.run(scenario).violations
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// Lives of proposals at random, in the ledger and in a model that recomputes everything from the
/// whole history and shares no code with it.
@Suite struct GovernanceModelTests {
    /// How many lives in each of the ten parts: a tenth of `ALTHING_GOVERNANCE_LIVES`, or few
    /// enough for every run of the suite.
    static var livesPerPart: UInt64 {
        #if canImport(Glibc)
            // Safe because the environment is not changed while tests run.
            if let text = unsafe getenv("ALTHING_GOVERNANCE_LIVES") {
                return max(1, (UInt64(unsafe String(cString: text)) ?? 0) / 10)
            }
        #endif
        return 60
    }

    @Test(arguments: 0..<10)
    func `random lives agree with the model`(part: UInt64) {
        for seed in part * 1_000_000..<part * 1_000_000 + Self.livesPerPart {
            var life = RandomLife(seed: seed)
            life.run()
            if let difference = life.difference {
                Issue.record("seed \(seed): \(difference)")
                return
            }
        }
    }

    @Test func `lives reach every end`() {
        var reached: Set<ProposalStatus> = []
        let ends = Set(ProposalStatus.allCases.filter(\.isFinal))
        for seed in 0..<4_000 as Range<UInt64> where reached != ends {
            var life = RandomLife(seed: seed)
            life.run()
            #expect(life.difference == nil)
            reached.formUnion(life.model.proposals.map(\.status).filter(\.isFinal))
        }
        #expect(reached == ends)
    }

    @Test func `lives meet everything that can happen to a proposal`() {
        var seen: Set<ModelEvent> = []
        for seed in 0..<4_000 as Range<UInt64> where seen.count < ModelEvent.allCases.count {
            var life = RandomLife(seed: seed)
            life.run()
            #expect(life.difference == nil)
            seen.formUnion(life.model.seen)
        }
        let missing = ModelEvent.allCases.filter { !seen.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    /// Swift seeds its hashes anew in each process, so that each run is another one.
    @Test func `G-R36 the same lives of proposals have the same root in every process`() {
        let roots = (1...6).map { (seed: UInt64) in
            var life = RandomLife(seed: seed)
            life.run()
            return life.root.hex
        }
        #expect(roots == Self.recordedRoots)
    }

    private static let recordedRoots = [
        "b0aa6ac29a3e455abde62abad1ec223c46c44d03658dc366ca139bb8c1a09930",
        "1d3f72f96734a9247ad51a7815abec007980648112cc019746114b2da55e2c0c",
        "189b3d2c90001e0288913fde8454275d5e8a4404a49dd3ce5f9228969ccd5046",
        "39f3e928698bd8799dc975121841d79d7a77a5110ac6774def4306fa7d0c1ee8",
        "4293827da58c26fec3c914a269779b1af30f54339b8e3ae3889de90ad9b45799",
        "da5254251ba34e509d7d705e3cba00dba40882a880d9bb2f514ce6bf81a3ca0d",
    ]
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

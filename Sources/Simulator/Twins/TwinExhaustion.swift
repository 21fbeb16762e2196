import Chain
import Consensus
import Cryptography

/// Goes through every sequence of partitions of one case, depth first: each phase is run once for
/// all sequences that begin alike.
///
/// Sequences that have led to the same state of all engines, of all votes ever cast above the last
/// final view and of all messages under way are continued only once; the count of scenarios is that
/// of sequences all the same.
struct TwinExhaustion {
    private struct StateKey: Hashable {
        let phase: UInt64
        let state: Digest
        let isSymmetric: Bool
    }

    private let which: TwinCampaign.Case
    private let partitions: [[UInt8]]
    /// Of each partition, that with the two runs of the key exchanged; nil where it is left out.
    private let mirror: [Int?]
    private let progress: (TwinTotals) -> Void
    private var known: Set<StateKey> = []
    private var steps: [Int] = []
    private(set) var totals = TwinTotals()

    /// More than so many violations are not looked for.
    private static let violationsMax = 16

    /// - Parameter progress: is told what there is so far whenever a branch is done.
    init(
        _ which: TwinCampaign.Case, partitions: [[UInt8]],
        progress: @escaping (TwinTotals) -> Void
    ) {
        self.which = which
        self.partitions = partitions
        self.progress = progress
        mirror = partitions.map { partitions.firstIndex(of: TwinExhaustion.exchanged($0)) }
    }

    /// The partition with the two runs of the key exchanged: endpoints 0 and 4.
    private static func exchanged(_ partition: [UInt8]) -> [UInt8] {
        var swapped = partition
        swapped.swapAt(0, 4)
        var names: [UInt8: UInt8] = [:]
        return swapped.map { group in
            let name = names[group] ?? UInt8(names.count)
            names[group] = name
            return name
        }
    }

    mutating func run() {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        var leaders: [UInt16] = [1, 2, 3]
        leaders.insert(0, at: which.twinLeads - 1)
        var scenario = TwinScenario(
            instance: TwinScenario.instance(of: set, leaders: leaders), twinned: [0],
            partitions: [])
        scenario.isLate = which.isLate
        descend(from: TwinRun(scenario), weight: 1, isSymmetric: true)
    }

    /// - Parameters:
    ///   - weight: how many sequences this one stands for.
    ///   - isSymmetric: whether exchanging the two runs of the key has changed nothing so far.
    private mutating func descend(from run: TwinRun, weight: UInt64, isSymmetric: Bool) {
        for index in partitions.indices {
            guard totals.violations.count <= TwinExhaustion.violationsMax else { return }
            var weight = weight
            var isStillSymmetric = isSymmetric
            if isSymmetric, let other = mirror[index], other != index {
                guard index < other else { continue }
                weight *= 2
                isStillSymmetric = false
            }
            steps.append(index)
            var next = run.forked()
            next.runPhase(partitions[index])
            totals.phases += 1
            totals.inputs += UInt64(next.inputs - run.inputs)
            visit(&next, weight: weight, isSymmetric: isStillSymmetric)
            steps.removeLast()
            if steps.count < 2 { progress(totals) }
        }
    }

    private mutating func visit(_ run: inout TwinRun, weight: UInt64, isSymmetric: Bool) {
        let isBroken = !run.checker.violations.isEmpty
        let key = StateKey(
            phase: run.phase, state: run.fingerprint(), isSymmetric: isSymmetric)
        let isNew = known.insert(key).inserted
        if isNew { totals.states += 1 }
        if isNew, !isBroken, steps.count < which.views {
            descend(from: run, weight: weight, isSymmetric: isSymmetric)
            return
        }
        if isNew || isBroken { heal(&run) }
        var sequences = weight
        for _ in steps.count..<which.views { sequences *= UInt64(partitions.count) }
        totals.scenarios += sequences
    }

    /// What follows once everything is connected; that too is run once for each state.
    private mutating func heal(_ run: inout TwinRun) {
        let before = run.inputs
        let outcome = run.heal { phase, state in
            // Symmetry is of no use any more: one name for all.
            let key = StateKey(phase: phase, state: state, isSymmetric: false)
            return !known.insert(key).inserted
        }
        totals.phases += run.healed
        totals.inputs += UInt64(outcome.inputs - before)
        totals.finalizedViews += UInt64(outcome.finalizedViews)
        let scenario = "\(which): \(steps.map { partitions[$0] })"
        totals.violations += outcome.violations.map { (scenario, $0) }
    }
}

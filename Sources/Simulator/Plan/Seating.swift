import Chain
import Cryptography
import Ledger

/// Who sits in the sets of a simulation, by epoch and with which power: the simulator's own
/// knowledge, from which the election is made and against which the nodes are judged.
struct Seating: Sendable {
    struct Seat: Hashable, Sendable {
        let node: Int
        let power: UInt64
    }

    private let plan: WorldPlan
    /// By node: the stake of the genesis.
    let genesisPowers: [UInt64]

    init(_ plan: WorldPlan) {
        self.plan = plan
        genesisPowers =
            plan.powers
            ?? Seating.powers(plan.stakes, count: plan.validators, seed: plan.seed)
    }

    private static func powers(
        _ stakes: WorldPlan.Stakes, count: Int, seed: UInt64
    ) -> [UInt64] {
        var random = SeededRandom(seed: seed, purpose: "stakes")
        switch stakes {
        case .equal: return [UInt64](repeating: 1_000, count: count)
        case .zipf: return (0..<count).map { 100_000 / UInt64($0 + 1) }
        case .whale:
            guard count > 1 else { return [1_000] }
            // x / (x + rest) = 32 / 100.
            let rest = UInt64(count - 1) * 1_000
            return [rest * 32 / 68] + [UInt64](repeating: 1_000, count: count - 1)
        case .random: return (0..<count).map { _ in random.within(100...10_000) }
        }
    }

    /// The seats of an epoch, in no order.
    func seats(of epoch: Epoch) -> [Seat] {
        guard let epochs = plan.epochs, epoch.value >= 2 else {
            return genesisPowers.enumerated().map { Seat(node: $0, power: $1) }
        }
        let count = UInt64(plan.validators)
        let seats = min(epochs.seats, plan.validators)
        let leaving = UInt64(seats) * (100 - epochs.overlapPercent) / 100
        let first = (epoch.value - 2) * leaving % count
        let nodes = (0..<UInt64(seats)).map { Int((first + $0) % count) }
        let powers = Seating.powers(
            plan.stakes, count: seats, seed: plan.seed &+ epoch.value)
        return zip(nodes, powers).map { Seat(node: $0, power: $1) }
    }

    /// Whether the election into an epoch returns nonsense.
    func isGarbage(_ epoch: Epoch) -> Bool {
        guard let epochs = plan.epochs, epochs.hasGarbage else { return false }
        return epoch.value >= 2 && epoch.value % 3 == 0
    }

    /// The set that must sit in an epoch: after a failed election the one before.
    func expectedSeats(of epoch: Epoch) -> [Seat] {
        var epoch = epoch
        while isGarbage(epoch) { epoch = epoch.lowered(by: 1) }
        return seats(of: epoch)
    }

    /// Whether the nodes that do not follow the protocol, or cannot for want of their records, stay
    /// below a third of the power in every set that a run can reach.
    var isTolerable: Bool {
        var faulty = Set(plan.corrupted.map(\.node)).union(plan.deadNodes)
        for fault in plan.faults where ["lost-log", "lost-signer"].contains(fault.name) {
            faulty.formUnion(fault.nodes)
        }
        let last: UInt64 = plan.epochs == nil ? 0 : 2 * UInt64(plan.validators) + 2
        for epoch in 0...last {
            var total: UInt64 = 0
            var bad: UInt64 = 0
            for seat in seats(of: Epoch(epoch)) {
                total += seat.power
                if faulty.contains(seat.node) { bad += seat.power }
            }
            guard 3 * bad < total else { return false }
        }
        return true
    }
}

extension Seating {
    /// The election that brings these seats into the chain.
    func election(_ cast: Cast) -> Election {
        guard plan.epochs != nil else { return .standing }
        let keys = cast.members.map(\.consensusKey)
        return Election { facts in
            let validators = seats(of: facts.epoch).compactMap { seat in
                keys[seat.node].map { Validator(key: $0, power: seat.power) }
            }
            guard isGarbage(facts.epoch) else { return validators }
            return garbage(validators, epoch: facts.epoch)
        }
    }

    /// Answers that are no set: empty, twice the same key, more power than there can be.
    private func garbage(_ validators: [Validator], epoch: Epoch) -> [Validator] {
        switch epoch.value % 2 {
        case 0: validators + validators
        default:
            validators.map { Validator(key: $0.key, power: .max) }
        }
    }
}

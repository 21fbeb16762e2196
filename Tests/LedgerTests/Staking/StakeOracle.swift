import Chain
import Cryptography

/// A number with forty binary digits behind the point; the oracle's own arithmetic.
struct Exact: Comparable, Sendable {
    var bits: UInt128

    static let zero = Exact(bits: 0)

    init(bits: UInt128) {
        self.bits = bits
    }

    init(_ units: UInt64) {
        bits = UInt128(units) << 40
    }

    static func < (a: Exact, b: Exact) -> Bool { a.bits < b.bits }
    static func + (a: Exact, b: Exact) -> Exact { Exact(bits: a.bits + b.bits) }
    static func += (a: inout Exact, b: Exact) { a.bits += b.bits }

    /// Down to zero.
    static func - (a: Exact, b: Exact) -> Exact {
        Exact(bits: a.bits > b.bits ? a.bits - b.bits : 0)
    }

    func times(_ numerator: UInt128, over denominator: UInt128) -> Exact {
        guard denominator > 0 else { return .zero }
        return Exact(
            bits: denominator.dividingFullWidth(bits.multipliedFullWidth(by: numerator)).quotient)
    }

    func distance(to other: Exact) -> Exact {
        Exact(bits: bits > other.bits ? bits - other.bits : other.bits - bits)
    }

    var units: UInt64 { UInt64(truncatingIfNeeded: bits >> 40) }
}

/// What one slash took, by owner.
struct StakeLoss {
    let tokens: UInt64
    let lost: [Exact]
    let slack: UInt64
    var claimed: Set<Int> = []
}

/// Stake counted by hand: every account's part of every record is a number of its own, and
/// whatever happens to a record is done to each of them. It knows no shares.
struct StakeOracle {
    struct Part {
        var owner: Int
        var holding: StakeHolding
        var amount: Exact
        /// For a part whose rewards are paid.
        var principal: Exact?
    }

    private(set) var parts: [Part] = []
    /// When each epoch ended.
    var ends: [UInt64: UInt64] = [:]
    var now: UInt64 = 0
    let unbonding: UInt64
    /// By how many units a part may differ from what the ledger says: what roundings were so far.
    private(set) var slack: UInt64 = 4

    init(unbonding: UInt64) {
        self.unbonding = unbonding
    }

    func isFree(_ exit: Epoch) -> Bool {
        guard let end = ends[exit.value + 1] else { return false }
        return now > end + unbonding
    }

    func amount(of owner: Int, in holding: StakeHolding) -> Exact {
        index(owner, holding).map { parts[$0].amount } ?? .zero
    }

    func part(of owner: Int, in holding: StakeHolding) -> Part? {
        index(owner, holding).map { parts[$0] }
    }

    func holdings(of owner: Int) -> [StakeHolding] {
        parts.filter { $0.owner == owner }.map(\.holding)
    }

    private func index(_ owner: Int, _ holding: StakeHolding) -> Int? {
        parts.firstIndex { $0.owner == owner && $0.holding == holding }
    }

    mutating func add(_ amount: Exact, to owner: Int, in holding: StakeHolding) {
        slack += 2
        if let index = index(owner, holding) {
            parts[index].amount += amount
            if let principal = parts[index].principal {
                parts[index].principal = principal + amount
            }
        } else {
            parts.append(Part(owner: owner, holding: holding, amount: amount))
        }
    }

    /// Takes an amount, or everything; returns what was taken.
    ///
    /// - Parameter isKept: whether something is left, be it less than a unit: it stays in its mode.
    mutating func take(
        _ amount: UInt64?, from owner: Int, in holding: StakeHolding, isKept: Bool
    ) -> Exact {
        slack += 2
        guard let index = index(owner, holding) else { return .zero }
        let before = parts[index].amount
        guard let amount, isKept || Exact(amount) < before else {
            return parts.remove(at: index).amount
        }
        let taken = min(Exact(amount), before)
        parts[index].amount = before - taken
        if let principal = parts[index].principal {
            parts[index].principal = principal.times(
                parts[index].amount.bits, over: before.bits)
        }
        return taken
    }

    mutating func drop(_ owner: Int, _ holding: StakeHolding) {
        parts.removeAll { $0.owner == owner && $0.holding == holding }
    }

    mutating func setPaying(_ isPaying: Bool, _ owner: Int, _ holding: StakeHolding) {
        slack += 1
        guard let index = index(owner, holding) else { return }
        parts[index].principal = isPaying ? parts[index].amount : nil
    }

    /// Takes what a paying part has above its principal.
    mutating func claim(_ owner: Int, _ holding: StakeHolding) -> Exact {
        slack += 2
        guard let index = index(owner, holding), let principal = parts[index].principal else {
            return .zero
        }
        let gain = parts[index].amount - principal
        parts[index].amount = parts[index].amount - gain
        return gain
    }

    // MARK: What happens to records

    private func rests(_ holding: StakeHolding, with validator: Address) -> Bool {
        if case .place(let place) = holding { return place.validator == validator }
        return false
    }

    func total(with validator: Address) -> Exact {
        parts.reduce(.zero) { rests($1.holding, with: validator) ? $0 + $1.amount : $0 }
    }

    func total(of owner: Int) -> Exact {
        parts.reduce(.zero) { $1.owner == owner ? $0 + $1.amount : $0 }
    }

    /// What of an owner's stake votes.
    func voting(of owner: Int) -> Exact {
        parts.reduce(.zero) { sum, part in
            guard part.owner == owner, case .place = part.holding else { return sum }
            return sum + part.amount
        }
    }

    mutating func reward(_ amount: UInt64, to validator: Address) {
        slack += 1
        let total = total(with: validator)
        for index in parts.indices where rests(parts[index].holding, with: validator) {
            parts[index].amount = parts[index].amount.times(
                (total + Exact(amount)).bits, over: total.bits)
        }
    }

    /// Whether a part is liable for a fault of a validator in an epoch.
    func isLiable(_ holding: StakeHolding, for validator: Address, _ epoch: Epoch) -> Bool {
        func left(_ exit: Epoch) -> Bool { exit.value + 1 >= epoch.value && !isFree(exit) }
        switch holding {
        case .place(.pool(let place)): return place == validator
        case .place(.lot(let id)):
            return id.validator == validator
                || (id.origin.validator == validator && left(id.origin.exit))
        case .bucket(let id):
            if id.validator == validator { return left(id.exit) }
            guard let origin = id.origin, origin.validator == validator else { return false }
            return left(origin.exit) && !isFree(id.exit)
        }
    }

    /// The records that are liable for a fault of a validator in an epoch.
    func liable(for validator: Address, _ epoch: Epoch) -> Set<StakeHolding> {
        Set(parts.map(\.holding).filter { isLiable($0, for: validator, epoch) })
    }

    /// Cuts every liable part; returns what all of them lost.
    mutating func slash(_ validator: Address, _ epoch: Epoch, billionths: UInt64) -> Exact {
        slack += 2
        var lost = Exact.zero
        for index in parts.indices where isLiable(parts[index].holding, for: validator, epoch) {
            let before = parts[index].amount
            let after = before.times(UInt128(1_000_000_000 - billionths), over: 1_000_000_000)
            parts[index].amount = after
            lost += before - after
            // A principal follows the pool's price, not its own.
            if let principal = parts[index].principal {
                parts[index].principal = principal.times(
                    UInt128(1_000_000_000 - billionths), over: 1_000_000_000)
            }
        }
        return lost
    }

    /// A record is given up: its parts are worth nothing.
    mutating func wipe(where isIn: (StakeHolding) -> Bool) -> Exact {
        var lost = Exact.zero
        for part in parts where isIn(part.holding) { lost += part.amount }
        parts.removeAll { isIn($0.holding) }
        return lost
    }
}

import Chain
import Cryptography

/// Somebody who may get a seat, with what the election asks about him.
public struct Contender: Hashable, Sendable {
    /// Why somebody is not eligible, in the order in which gaps are filled with them.
    public enum Standing: UInt8, Comparable, Sendable {
        case eligible = 0
        case jailedForDowntime = 1
        case leaving = 2
        case barred = 3

        public static func < (a: Standing, b: Standing) -> Bool { a.rawValue < b.rawValue }
    }

    public let operatorAddress: Address
    public let consensusKey: PublicKey
    /// The value of all stake behind him.
    public let total: UInt64
    /// The value of his own.
    public let own: UInt64
    public let standing: Standing
    /// Whether he sits in the set before the one that is elected.
    public let isMember: Bool

    /// What counts in the election: nobody has more weight than 20 times what he risks himself.
    public var weight: UInt64 {
        let (bound, overflow) = own.multipliedReportingOverflow(by: 20)
        return overflow ? total : min(total, bound)
    }
}

/// Who gets the seats, and with how much power (staking.md 1).
///
/// Members keep their seats against joiners of the same weight until they are outweighed; the
/// joiners of one election have less than a third of the new power together, so that a set that
/// agreed with the old one can always be checked against it. Total: some set comes out of any
/// contenders of whom one is a member.
enum StakeElection {
    /// A contender with the weight that the powers are made of.
    private struct Entry {
        let contender: Contender
        let weight: UInt64
    }

    /// The seats of the set that is elected, in no particular order; empty only if there is neither
    /// an eligible contender nor a member.
    static func elect(
        _ contenders: [Contender], minimum: Int, maximum: Int
    ) -> [Validator] {
        let ranked = rank(scaled(standing(contenders, minimum: minimum)))
        let chosen = choose(from: ranked, minimum: minimum, maximum: maximum)
        let powers = cappedPowers(chosen.map(\.weight))
        return zip(chosen, powers).map {
            Validator(key: $0.contender.consensusKey, power: $1)
        }
    }

    /// The eligible; with members who are not, if the eligible are too few to go on.
    private static func standing(_ contenders: [Contender], minimum: Int) -> [Entry] {
        var entries: [Entry] = []
        var others: [Entry] = []
        for contender in contenders {
            let weight = contender.weight
            if contender.standing == .eligible, weight >= 1 {
                entries.append(Entry(contender: contender, weight: weight))
            } else if contender.isMember {
                others.append(Entry(contender: contender, weight: max(1, weight)))
            }
        }
        guard entries.count < minimum else { return entries }
        others.sort { a, b in
            let left = a.contender.standing
            let right = b.contender.standing
            return left != right ? left < right : comesFirst(a, b)
        }
        return entries + others.prefix(minimum - entries.count)
    }

    /// Shifts the weights so that their sum stays below 2^60.
    private static func scaled(_ entries: [Entry]) -> [Entry] {
        let sum = entries.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
        let shift = max(0, UInt128.bitWidth - sum.leadingZeroBitCount - 59)
        guard shift > 0 else { return entries }
        return entries.map { Entry(contender: $0.contender, weight: max(1, $0.weight >> shift)) }
    }

    private static func rank(_ entries: [Entry]) -> [Entry] {
        entries.sorted(by: comesFirst)
    }

    /// Greater weight first, then the smaller address.
    private static func comesFirst(_ a: Entry, _ b: Entry) -> Bool {
        a.weight != b.weight
            ? a.weight > b.weight
            : a.contender.operatorAddress.bytes
                .lexicographicallyPrecedes(b.contender.operatorAddress.bytes)
    }

    private static func choose(
        from ranked: [Entry], minimum: Int, maximum: Int
    ) -> [Entry] {
        var current = Array(ranked.filter(\.contender.isMember).prefix(maximum))
        for joiner in ranked where !joiner.contender.isMember {
            let next = Array(rank(current + [joiner]).prefix(maximum))
            guard next.contains(where: { $0.contender == joiner.contender }) else { break }
            let isFirst = current.allSatisfy(\.contender.isMember)
            guard isFirst || current.count < minimum || isChurnBounded(next) else { break }
            current = next
        }
        return current
    }

    /// Whether the joiners would have less than a third of the power.
    private static func isChurnBounded(_ entries: [Entry]) -> Bool {
        var all: UInt128 = 0
        var new: UInt128 = 0
        for (entry, power) in zip(entries, cappedPowers(entries.map(\.weight))) {
            all += UInt128(power)
            if !entry.contender.isMember { new += UInt128(power) }
        }
        return 3 * new < all
    }

    private static let basisPoints: UInt64 = 10_000

    /// No validator has more than its share of the power: 32.5 % of four, 10 % of thirteen and
    /// more. Water-filling: whoever is above the level is lowered to it, and the level falls with
    /// what was cut off.
    ///
    /// - Parameter weights: descending; their sum is below 2^60.
    static func cappedPowers(_ weights: [UInt64]) -> [UInt64] {
        let count = UInt64(weights.count)
        guard count > 0 else { return [] }
        let share = min(basisPoints, max(1_000, 13_000 / count))
        guard count * share >= basisPoints else { return weights }
        var rest = weights.reduce(UInt128(0)) { $0 + UInt128($1) }
        var powers = weights
        for (index, weight) in weights.enumerated() {
            // Positive: the loop has ended before index · share reaches the whole.
            let level = UInt128(share) * rest / UInt128(basisPoints - share * UInt64(index))
            guard UInt128(weight) > level else {
                for above in 0..<index {
                    powers[above] = UInt64(min(UInt128(powers[above]), level))
                }
                break
            }
            rest -= UInt128(weight)
        }
        return powers
    }
}

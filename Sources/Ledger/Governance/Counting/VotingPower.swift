import Chain
import Cryptography
import StateTree

/// Stake as governance counts it (governance.md 2, staking.md 5): shares, prices, representatives
/// and what they were lent are all read at one height, so that nothing bonded, unbonded, moved, cut
/// or lent later counts.
///
/// Every part of a position is valued on its own and rounded down, so that all parts together are
/// never worth more than the whole.
public enum VotingPower {
    /// What the stake of one account was worth, each position as a whole.
    public static func power<Base: StateReader>(
        of account: Address, at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        var prices = StakePrices(at: snapshot)
        let positions = Staking.positions(
            of: account, at: snapshot, in: state, counting: SearchMeter.uncounted)
        return positions.reduce(0) { sum, held in
            sum + (prices.price(of: held.key, in: state)?.value(of: held.shares) ?? 0)
        }
    }

    /// The power of all accounts: what all pools have, whatever their validators' status.
    public static func total<Base: StateReader>(
        at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        Staking.bondedTotal(at: snapshot, in: state)
    }

    /// own(a): the power of an account's own stake, with what it lends, valued by parts.
    public static func own<Base: StateReader>(
        of account: Address, group: TopicGroup, at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        var prices = StakePrices(at: snapshot)
        return held(
            by: account, group, &prices, in: state, counting: SearchMeter.uncounted
        ).own
    }

    /// recv(a): what an account was lent for a group of topics.
    public static func received<Base: StateReader>(
        by account: Address, group: TopicGroup, at snapshot: Height, in state: State<Base>
    ) -> UInt64 {
        var prices = StakePrices(at: snapshot)
        return received(
            by: account, group, &prices, in: state, counting: SearchMeter.uncounted)
    }

    /// part(a, r) for each representative of an account, in their order: what it lends for a group
    /// of topics.
    public static func lent<Base: StateReader>(
        by account: Address, group: TopicGroup, at snapshot: Height, in state: State<Base>
    ) -> [LentPower] {
        var prices = StakePrices(at: snapshot)
        let held = held(
            by: account, group, &prices, in: state, counting: SearchMeter.uncounted)
        return held.lent.map { lent in
            LentPower(representative: lent.representative, power: lent.sum(within: .all))
        }
    }

    // MARK: Counting

    /// The own power of an account, and the parts of it that are lent.
    struct Held {
        var own: UInt64 = 0
        var lent: [Lent] = []
    }

    struct Lent {
        let representative: Representative
        var parts: [(key: ShareKey, power: UInt64)] = []

        func sum(within counted: Received.CountedPlaces) -> UInt64 {
            parts.reduce(0) { counted.contains($1.key) ? $0 + $1.power : $0 }
        }
    }

    /// - Parameter count: told of searches as they are made; it may end them.
    static func held<Base: StateReader, Failure: Error>(
        by account: Address, _ group: TopicGroup, _ prices: inout StakePrices,
        in state: State<Base>, counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> Held {
        let positions = try Staking.positions(
            of: account, at: prices.snapshot, in: state, counting: count)
        guard !positions.isEmpty else { return Held() }
        try count(1)
        let list = Representation.list(of: account, group, at: prices.snapshot, in: state)
        var held = Held(lent: list.entries.map { Lent(representative: $0) })
        for (key, shares) in positions {
            guard let price = prices.price(of: key, in: state) else { continue }
            var rest = shares
            for index in held.lent.indices {
                let part = held.lent[index].representative.part(of: shares)
                guard part > 0 else { continue }
                rest -= part
                let power = price.value(of: part)
                held.lent[index].parts.append((key, power))
                held.own += power
            }
            // All parts together are worth at most what is bonded, which fits 63 bits.
            if rest > 0 { held.own += price.value(of: rest) }
        }
        return held
    }

    /// - Parameter count: told of searches as they are made; it may end them.
    static func received<Base: StateReader, Failure: Error>(
        by account: Address, _ group: TopicGroup, _ prices: inout StakePrices,
        in state: State<Base>, counting count: (Int) throws(Failure) -> Void
    ) throws(Failure) -> UInt64 {
        let traces = try Received.all(
            of: account, group, at: prices.snapshot, in: state, counting: count)
        return traces.reduce(into: UInt64(0)) { sum, trace in
            sum += prices.price(of: trace.key, in: state)?.value(of: trace.shares) ?? 0
        }
    }
}

/// What an account lends to one representative.
public struct LentPower: Hashable, Sendable {
    public let representative: Representative
    public let power: UInt64
}

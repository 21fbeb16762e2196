import Chain
import Cryptography
import StateTree

@testable import Ledger

// Elections over the stake of a history, judged by what an election may give and not by how it is
// held; and the power that votes count.
extension StakeWorld {
    /// Elects as the end of an epoch does, and lets it do to validators what it does.
    ///
    /// - Returns: what no election may give.
    mutating func elect(maximum: Int) -> String? {
        let records = validators.compactMap {
            state.read(.validator($0), as: ValidatorRecord.self)
        }
        let before =
            elected
            ?? records.first.flatMap {
                try? ValidatorSet([Validator(key: $0.consensusKey, power: 1)])
            }
        guard let before else { return nil }
        let contenders = Staking.contenders(records, after: before, in: state)
        let seats = StakeElection.elect(contenders, minimum: 1, maximum: maximum)
        if seats != StakeElection.elect(contenders.reversed(), minimum: 1, maximum: maximum) {
            return "an election depends on the order of validators"
        }
        if let problem = problem(of: seats, contenders, maximum: maximum) { return problem }
        guard let set = try? ValidatorSet(seats) else { return "nobody was elected" }
        Staking.endEpoch(records, elected: set, next: before, clock, in: &state)
        elected = set
        return nil
    }

    private func problem(
        of seats: [Validator], _ contenders: [Contender], maximum: Int
    ) -> String? {
        guard !seats.isEmpty, seats.count <= maximum else { return "\(seats.count) seats" }
        let all = seats.reduce(UInt128(0)) { $0 + UInt128($1.power) }
        guard all < 1 << 60 else { return "a power of \(all)" }
        var joiners = 0
        var joined = UInt128(0)
        for seat in seats {
            guard let contender = contenders.first(where: { $0.consensusKey == seat.key }) else {
                return "a seat for nobody"
            }
            // By hand: what is behind a validator, and at most 20 times what is its own.
            let operatorAddress = contender.operatorAddress
            guard let index = validators.firstIndex(of: operatorAddress) else {
                return "a seat for a stranger"
            }
            let total = oracle.total(with: operatorAddress)
            let own = oracle.amount(of: index, in: .place(.pool(operatorAddress)))
            let slack = Exact(20 * oracle.slack * UInt64(oracle.parts.count + 1) + 1)
            let isEligible = contender.standing == .eligible && contender.weight > 0
            let weight = min(total, own.times(20, over: 1)) + slack
            if isEligible, Exact(seat.power) > weight {
                return "a power of \(seat.power) for a weight of \(weight.units)"
            }
            guard !contender.isMember else { continue }
            guard isEligible else { return "a joiner that is not eligible" }
            joiners += 1
            joined += UInt128(seat.power)
        }
        // One joiner may always come, so that a chain of one validator can grow.
        return joiners <= 1 || 3 * joined < all ? nil : "joiners have \(joined) of \(all)"
    }

    /// Whether what votes is what rests, now and at a height of before.
    func powerProblem() -> String? {
        let slack = Exact(oracle.slack * UInt64(oracle.parts.count + 1))
        for (index, account) in accounts.enumerated() {
            let power = VotingPower.power(of: account, at: height, in: state)
            let byHand = oracle.voting(of: index)
            if Exact(power).distance(to: byHand) > slack {
                return "account \(index) votes with \(power) instead of \(byHand.units)"
            }
        }
        return nil
    }
}

import Chain
import Cryptography
import StateTree

@testable import Ledger

// What slashes cut, returned and claimed, beside what was written down by hand.
extension StakeWorld {
    func escrow(_ number: Int) -> StakeEscrow? {
        Staking.escrow(EscrowID(UInt64(number)), in: state)
    }

    /// What a block does with escrows before its transactions.
    mutating func releaseEscrows() {
        Staking.releaseEscrows(block, rules: rules, in: &state)
    }

    /// A proposal that was accepted returns what an escrow holds.
    ///
    /// - Returns: what the ledger and the oracle see differently.
    mutating func returnStake(_ number: Int) -> String? {
        let id = EscrowID(UInt64(number))
        do throws(Rejection) {
            try Staking.returnStake(id, by: ProposalID(1), clock, in: &state)
        } catch {
            return "escrow \(number) cannot be returned: \(error.code)"
        }
        guard let escrow = escrow(number) else { return "a returned escrow is gone" }
        // Nobody is left out, and nobody gets what others lost.
        let sum = accounts.reduce(0) {
            $0
                + Staking.lost(
                    by: $1, in: id, escrow, state, counting: SearchMeter.uncounted)
        }
        guard sum <= escrow.amount.value else {
            return "\(sum) could be claimed of \(escrow.amount)"
        }
        let loss = losses[number - 1]
        for (account, lost) in loss.lost.enumerated() {
            let found = Staking.lost(
                by: accounts[account], in: id, escrow, state,
                counting: SearchMeter.uncounted)
            guard Exact(found).distance(to: lost) <= slack(of: loss) else {
                return "account \(account) lost \(lost.units) in escrow \(number), not \(found)"
            }
        }
        return nil
    }

    /// Every record may differ by the roundings before, and the claim by one for each.
    private func slack(of loss: StakeLoss) -> Exact {
        Exact((loss.slack + 2) * UInt64(oracle.parts.count + 16))
    }

    /// Claims for an account, whatever the escrow's phase is.
    ///
    /// - Returns: what should not have happened.
    mutating func claimReturn(_ number: Int, by account: Int) -> String? {
        let id = EscrowID(UInt64(number))
        let before = escrow(number)
        let balance = state.balance(of: accounts[account])
        var code = "ok"
        do throws(Rejection) {
            try act { world throws(Rejection) in
                try Staking.claimReturn(from: id, world.context(account), in: &world.state)
            }
        } catch {
            code = error.code
        }
        let paid = state.balance(of: accounts[account]).value - balance.value
        let expected: String
        switch before?.phase {
        case nil, .released?: expected = "staking.return_over"
        case .held?: expected = "staking.not_returned"
        case .returned(_, let until)?:
            if Timestamp(now) >= until {
                expected = "staking.return_over"
            } else if losses[number - 1].claimed.contains(account) {
                expected = "staking.return_claimed"
            } else {
                let loss = losses[number - 1].lost[account]
                if code == "ok" {
                    losses[number - 1].claimed.insert(account)
                    return Exact(paid).distance(to: loss) <= slack(of: losses[number - 1])
                        ? nil : "\(paid) were claimed instead of \(loss.units)"
                }
                return code == "staking.nothing_to_return"
                    && loss <= slack(of: losses[number - 1])
                    ? nil : "a claim of \(loss.units) is refused: \(code)"
            }
        }
        return code == expected && paid == 0 ? nil : "a claim ended with \(code), not \(expected)"
    }

    /// Lets all time pass, so that every escrow goes.
    ///
    /// - Returns: what is left.
    mutating func emptyEscrows() -> String? {
        for wait in [0, Staking.escrowPeriod(.development), Staking.claimPeriod(.development)] {
            advance(by: wait + 1)
            for _ in 0..<(2 * losses.count + 4) {
                releaseEscrows()
                advance(by: 1)
            }
        }
        let left = state.balance(of: ModuleAccounts.slashEscrow)
        guard left == .zero else { return "\(left) are left in the escrow" }
        let number = EscrowID(UInt64(max(1, losses.count)))
        let ranges: [StateKeyRange] = [
            .escrows, .escrows(until: Timestamp(now)), .parts(of: number), .claims(from: number),
        ]
        return ranges.allSatisfy { state.firstEntry(in: $0) == nil }
            ? nil : "records of escrows are left"
    }
}

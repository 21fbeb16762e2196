import Chain
import Cryptography
import StateTree

extension Inflation {
    /// The rate as the last epoch's end left it.
    static func rate<Base: StateReader>(in state: State<Base>) -> UInt64 {
        state.read(.staking(.inflationRate), as: UInt64.self) ?? rateStart
    }
}

// What an epoch's end pays (staking.md 3). The end of epoch e makes the pot of e, and pays that of
// e − 1, whose record of who took part closes with it. All steps are total: pools are paid from
// fees first, and only what is still missing is minted.
extension Rewards {
    // MARK: The end of the epoch

    /// Computes the rate and the pot of an epoch that ends; the treasury gets its part at once.
    static func fund<Base: StateReader>(
        _ record: EpochRecord, down: SignerBitmap, _ parameters: Parameters,
        in state: inout State<Base>, epoch: Epoch
    ) {
        guard let start = record.base?.timestamp, let end = record.endTime else { return }
        let supply = supply(in: state).value
        let elapsed = end.value - min(start.value, end.value)
        let bonded = (state.read(.bondedTotal, as: Amount.self) ?? .zero).value
        let rate = Inflation.rate(
            after: Inflation.rate(in: state), bonded: bonded, supply: supply, elapsed: elapsed,
            rules: Inflation.Rules(parameters))
        let new = Inflation.minted(rate: rate, supply: supply, elapsed: elapsed)
        let fees = state.balance(of: ModuleAccounts.feeCollector).value
        // Both are parts of a supply below 2^63.
        let share = parameters.treasuryShare.parts(of: new + fees)
        let fromFees = min(fees, share)
        move(fromFees, from: ModuleAccounts.feeCollector, to: ModuleAccounts.treasury, &state)
        mint(share - fromFees, to: ModuleAccounts.treasury, &state)
        state.write(.staking(.inflationRate), rate)
        state.write(
            .staking(.rewardPot(epoch)),
            RewardPot(
                fees: Amount(fees - fromFees), mintable: Amount(new - (share - fromFees)),
                down: down))
        state.emit(
            .staking(
                .inflated(
                    epoch: epoch, rate: rate, mintable: Amount(new), fees: Amount(fees),
                    treasury: Amount(share))))
    }

    // MARK: An epoch later

    /// Pays the pot of the epoch before the one that ends, and closes its record.
    static func pay<Base: StateReader>(
        _ clock: StakeClock, known: [ValidatorSet], in state: inout State<Base>
    ) {
        guard clock.epoch > .zero else { return }
        let epoch = clock.epoch.lowered(by: 1)
        let counts: ParticipationCounts? = state.read(.staking(.participation(epoch)))
        let pot: RewardPot? = state.read(.staking(.rewardPot(epoch)))
        state.remove(.staking(.participation(epoch)))
        state.remove(.staking(.rewardPot(epoch)))
        guard let counts, let pot,
            let set = Participations.validators(of: epoch, known: known, in: state),
            set.count == counts.seats.count
        else { return }
        let mintable = min(
            pot.mintable.value, Limits.supplyMax - min(supply(in: state).value, Limits.supplyMax))
        let seats = set.validators.enumerated().map { index, seat in
            let isDown = pot.down.contains(UInt16(index))
            return Seat(
                power: seat.power, done: isDown ? 0 : counts.done(by: index),
                expected: counts.expected(of: index))
        }
        var toPools: UInt64 = 0
        var toTreasury: UInt64 = 0
        let parts = parts(of: pot.fees.value + mintable, among: seats)
        for (seat, part) in zip(set.validators, parts) where part > 0 {
            if pay(part, to: seat.key, for: epoch, clock, in: &state) {
                toPools += part
            } else {
                toTreasury += part
            }
        }
        let spent = toPools + toTreasury
        let left = pot.fees.value - min(pot.fees.value, spent)
        let minted = spent - min(pot.fees.value, spent)
        settle(
            pot.fees.value, minted: minted, toPools: toPools, &state)
        state.emit(
            .staking(
                .rewardsPaid(
                    epoch: epoch, amount: Amount(toPools), minted: Amount(minted),
                    treasury: Amount(toTreasury + left))))
    }

    /// Raises the pool of whoever has a key; false if there is nobody in it.
    private static func pay<Base: StateReader>(
        _ amount: UInt64, to key: PublicKey, for epoch: Epoch, _ clock: StakeClock,
        in state: inout State<Base>
    ) -> Bool {
        guard let validator: Address = state.read(.operatorOfKey(key)),
            let record: ValidatorRecord = state.read(.validator(validator)),
            var pool = Staking.pool(of: validator, in: state), pool.stake.shares > 0
        else { return false }
        let rate = UInt64(min(record.commission, GenesisEntry.commissionMax))
        let commission =
            multiplyDividingDown(amount, rate, by: UInt64(GenesisEntry.commissionMax)) ?? 0
        pool.stake.amount += UInt128(amount - commission)
        let shares = pool.stake.deposit(UInt128(commission))
        // What buys no share stays in the pool.
        if shares == nil { pool.stake.amount += UInt128(commission) }
        Staking.setPool(pool, of: validator, at: clock.height, in: &state)
        // The operator's own part, at the new price.
        if let shares {
            Staking.addPoolShares(
                shares, worth: commission, to: validator, in: validator, pool, at: clock.height,
                &state)
        }
        state.emit(
            .staking(
                .rewarded(
                    validator: validator, epoch: epoch, amount: Amount(amount),
                    commission: shares == nil ? .zero : Amount(commission))))
        return true
    }

    /// The tokens behind what was paid: all of the epoch's fees leave the collector, and the rest
    /// is new.
    private static func settle<Base: StateReader>(
        _ fees: UInt64, minted: UInt64, toPools: UInt64, _ state: inout State<Base>
    ) {
        let feesToPools = min(fees, toPools)
        move(feesToPools, from: ModuleAccounts.feeCollector, to: ModuleAccounts.bondedPool, &state)
        move(
            fees - feesToPools, from: ModuleAccounts.feeCollector, to: ModuleAccounts.treasury,
            &state)
        mint(toPools - feesToPools, to: ModuleAccounts.bondedPool, &state)
        mint(minted - (toPools - feesToPools), to: ModuleAccounts.treasury, &state)
    }

    // MARK: Tokens

    private static func supply<Base: StateReader>(in state: State<Base>) -> Amount {
        state.read(.supply(.native), as: Amount.self) ?? .zero
    }

    private static func mint<Base: StateReader>(
        _ amount: UInt64, to account: Address, _ state: inout State<Base>
    ) {
        guard amount > 0 else { return }
        state.write(.supply(.native), Amount(supply(in: state).value + amount))
        do {
            try state.credit(account, Amount(amount))
        } catch {
            preconditionFailure("the supply is below 2^63: \(error.code)")
        }
    }

    private static func move<Base: StateReader>(
        _ amount: UInt64, from source: Address, to destination: Address,
        _ state: inout State<Base>
    ) {
        guard amount > 0 else { return }
        do {
            try state.move(Amount(amount), from: source, to: destination)
        } catch {
            preconditionFailure("the collector has the fees of two epochs: \(error.code)")
        }
    }
}

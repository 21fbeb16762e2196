import Chain
import Cryptography
import StateTree

// What an equivocation costs (staking.md 4). Validators that offend together lose more: their
// shares of the power add up, and all of one incident lose the same whatever the order in which it
// comes out. A validator counts once, whatever the number of its keys.
extension Staking {
    /// How long offences count together.
    static let incidentWindow = 7 * Milliseconds.day
    /// How long a validator is jailed at least, and on a chain of development as long as stake is
    /// liable.
    static let jailMin = 30 * Milliseconds.day

    /// p, rounded up.
    static func share(_ power: (own: UInt64, total: UInt64)) -> Billionths {
        Billionths(power.own, of: power.total)
    }

    /// The largest share of the power that was proven of the validator of a known offence.
    static func share<Base: StateReader>(
        of known: OffenceRecord, _ block: BlockContext, rules: Rules, in state: State<Base>
    ) -> Billionths {
        let found = penalty(
            of: known.operatorAddress, known: known, StakeClock(block, rules.parameters),
            in: state)
        return Billionths(found?.penalty.share ?? Billionths.whole.value)
    }

    /// The penalty that evidence about a validator belongs to.
    ///
    /// Who is jailed cannot offend anew: whatever comes out then was done before, so that all keys
    /// of a validator together lose what one of them would. An operator that rotates its keys and
    /// signs evidence against each costs its delegators no more. Evidence about a key that is known
    /// belongs to what its offence was counted with, also when its validator has come back and
    /// offended with another one.
    ///
    /// - Complexity: O(penalties since), of which each validator has one.
    private static func penalty<Base: StateReader>(
        of validator: Address, known: OffenceRecord?, _ clock: StakeClock, in state: State<Base>
    ) -> (name: [UInt8], penalty: Penalty)? {
        if let known {
            // A penalty moves to later times only, and is never forgotten.
            return penalties(of: validator, from: known.time, in: state).first
        }
        let record: ValidatorRecord? = state.read(.validator(validator))
        guard record?.isBarred == true else { return nil }
        return penalties(of: validator, from: liableSince(clock), in: state).last
    }

    /// From when on a penalty can matter: a validator sits for two epochs more, and after the
    /// unbonding time no evidence comes.
    private static func liableSince(_ clock: StakeClock) -> Timestamp {
        clock.now.lowered(by: clock.unbonding).lowered(by: incidentWindow)
    }

    private static func penalties<Base: StateReader>(
        of validator: Address, from time: Timestamp, in state: State<Base>
    ) -> [(name: [UInt8], penalty: Penalty)] {
        state.entries(in: .penalties(from: time), limit: .max).compactMap { entry in
            let penalty: Penalty = State<Base>.decode(entry.value)
            return penalty.validator == validator ? (entry.key, penalty) : nil
        }
    }

    /// Up to which epoch stake that leaves a lot now is liable for the lot's origin, as an exit:
    /// up to the same as for where it leaves, so that a bucket for each pair of exits need not be a
    /// record of its own, and never less than before. But stake that was not liable for an epoch
    /// that was cut for must not look as if it had been: if an earlier one comes out, what was cut
    /// so far is cut from just those that were spared.
    static func exit<Base: StateReader>(
        of origin: StakeOrigin, _ clock: StakeClock, in state: State<Base>
    ) -> Epoch {
        var exit = max(origin.exit, clock.exit)
        for (_, penalty) in penalties(of: origin.validator, from: liableSince(clock), in: state)
        where origin.exit.advanced(by: 1) < penalty.epoch {
            exit = min(exit, penalty.epoch.lowered(by: 2))
        }
        return exit
    }

    /// Writes down a proven offence, for which `raisePenalties` cuts. Whatever the order in which
    /// evidence about a validator comes, it counts with the largest share of the power that was
    /// proven, and for the earliest epoch.
    ///
    /// - Parameter known: the offence as it was recorded before; nil for a new one.
    /// - Parameter power: the offender's in the set of the epoch that is proven, of its total.
    static func punish<Base: StateReader>(
        _ offence: OffenceRecord, key: PublicKey, known: OffenceRecord?,
        power: (own: UInt64, total: UInt64), _ block: BlockContext, rules: Rules,
        in state: inout State<Base>
    ) {
        let clock = StakeClock(block, rules.parameters)
        let validator = offence.operatorAddress
        let found = penalty(of: validator, known: known, clock, in: state)
        var penalty =
            found?.penalty
            ?? Penalty(validator: validator, key: key, epoch: offence.epoch, share: 0, cut: 0)
        if offence.epoch < penalty.epoch {
            // Only what is liable for the earlier epoch, and was not for the later one.
            let cut = slash(
                validator, for: offence.epoch, before: penalty.epoch, Billionths(penalty.cut),
                clock, in: &state)
            hold(cut, of: offence, clock, in: &state)
            penalty.epoch = offence.epoch
        }
        let share = share(power).value
        var name = found?.name
        if known == nil || share > penalty.share {
            // It counts from now on, with whatever else comes out now.
            if let name { state.remove(key: name) }
            name = nil
        }
        penalty.share = max(penalty.share, share)
        let time = name.map { StakingKey.penaltyTime($0) } ?? clock.now
        state.write(.staking(.penalty(time, penalty.key)), penalty)
        if known == nil { jail(validator, clock, rules, in: &state) }
    }

    /// Brings every penalty of the window up to F = min(1, max(5 %, (3·Σp)²)), or what holders
    /// decided instead of those 5 %: once in a block, after all of its evidence.
    static func raisePenalties<Base: StateReader>(
        _ block: BlockContext, rules: Rules, in state: inout State<Base>
    ) {
        // What became worse in this block counts from now.
        guard state.firstEntry(in: .penalties(from: block.timestamp)) != nil else { return }
        let clock = StakeClock(block, rules.parameters)
        let least = Billionths(rules.parameters.equivocationCut)
        let range = StateKeyRange.penalties(from: clock.now.lowered(by: incidentWindow))
        var penalties: [(time: Timestamp, Penalty)] = []
        for entry in state.entries(in: range, limit: .max) {
            penalties.append(
                (StakingKey.penaltyTime(entry.key), State<Base>.decode(entry.value)))
        }
        let part = incidentPart(of: shares(of: penalties.map(\.1)), least: least)
        for (time, before) in penalties where before.cut < part.value {
            var penalty = before
            guard var offence = state.read(.offence(penalty.key), as: OffenceRecord.self) else {
                preconditionFailure("a penalty is for an offence: \(penalty.key)")
            }
            offence.epoch = penalty.epoch
            let whole = Billionths.whole.value
            let fraction = Billionths(part.value - penalty.cut, of: whole - penalty.cut)
            penalty.cut = part.value
            state.write(.staking(.penalty(time, penalty.key)), penalty)
            let cut = slash(
                penalty.validator, for: penalty.epoch, fraction, clock, in: &state)
            hold(cut, of: offence, clock, in: &state)
        }
    }

    /// The largest share of each validator. One that came back may have two penalties, where the
    /// window is longer than a jail.
    private static func shares(of penalties: [Penalty]) -> [UInt64] {
        let sorted = penalties.sorted {
            ($0.validator, $0.share) < ($1.validator, $1.share)
        }
        return sorted.indices.compactMap { index in
            let isLast =
                index + 1 == sorted.count
                || sorted[index + 1].validator != sorted[index].validator
            return isLast ? sorted[index].share : nil
        }
    }

    /// F of an incident, rounded up.
    static func incidentPart(of shares: [UInt64], least: Billionths) -> Billionths {
        let whole = Billionths.whole.value
        var sum: UInt64 = 0
        for share in shares { sum = min(whole, sum + share) }
        let tripled = min(whole, 3 * sum)
        return max(least, Billionths(tripled, squaredOver: whole))
    }

    private static func jail<Base: StateReader>(
        _ validator: Address, _ clock: StakeClock, _ rules: Rules, in state: inout State<Base>
    ) {
        guard var record: ValidatorRecord = state.read(.validator(validator)) else { return }
        let least = rules.facts.kind == .development ? 0 : jailMin
        let end = clock.now.advanced(by: max(least, clock.unbonding))
        let until = max(end, record.jail?.until ?? end)
        record.jail = Jail(reason: .equivocation, until: until)
        if record.status != .leaving { record.status = .jailed }
        state.write(.validator(validator), record)
        state.emit(.staking(.jailed(validator: validator, .equivocation, until: until)))
    }
}

extension Billionths {
    /// ⌈a²/whole⌉.
    fileprivate init(_ a: UInt64, squaredOver whole: UInt64) {
        self.init(a * a / whole + (a * a % whole == 0 ? 0 : 1))
    }
}

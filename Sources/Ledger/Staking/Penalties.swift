import Chain
import Cryptography
import StateTree

// What an equivocation costs (staking.md 4). Validators that offend together lose more: their
// shares of the power add up, and all of one incident lose the same whatever the order in which it
// comes out.
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

    /// The largest share of the power that was proven for an offence so far.
    static func share<Base: StateReader>(
        of offence: OffenceRecord, key: PublicKey, in state: State<Base>
    ) -> Billionths {
        let penalty: Penalty? = state.read(.staking(.penalty(offence.time, key)))
        return Billionths(penalty?.share ?? 0)
    }

    /// Punishes a proven offence. Whatever the order in which evidence of a key comes, it counts
    /// with the largest share of the power that was proven, and for the earliest epoch.
    ///
    /// - Parameter known: the offence as it was recorded before; nil for a new one.
    /// - Parameter power: the offender's in the set of the epoch that is proven, of its total.
    static func punish<Base: StateReader>(
        _ offence: OffenceRecord, key: PublicKey, known: OffenceRecord?,
        power: (own: UInt64, total: UInt64), _ block: BlockContext, rules: Rules,
        in state: inout State<Base>
    ) {
        let clock = StakeClock(block, rules.parameters)
        let name = StateKey.staking(.penalty(offence.time, key))
        var penalty =
            state.read(name)
            ?? Penalty(validator: offence.operatorAddress, key: key, share: 0, cut: 0)
        if let known, offence.epoch < known.epoch {
            // Only what is liable for the earlier epoch, and was not for the later one.
            let cut = slash(
                offence.operatorAddress, for: offence.epoch, before: known.epoch,
                Billionths(penalty.cut), clock, in: &state)
            hold(cut, of: offence, clock, in: &state)
        }
        penalty.share = max(penalty.share, share(power).value)
        state.write(name, penalty)
        if known == nil { jail(offence.operatorAddress, clock, rules, in: &state) }
        raiseWindow(clock, Billionths(rules.parameters.equivocationCut), in: &state)
    }

    /// Brings every offence of the window up to F = min(1, max(5 %, (3·Σp)²)).
    ///
    /// - Parameter least: those 5 %, or what holders decided instead.
    private static func raiseWindow<Base: StateReader>(
        _ clock: StakeClock, _ least: Billionths, in state: inout State<Base>
    ) {
        let range = StateKeyRange.penalties(from: clock.now.lowered(by: incidentWindow))
        var penalties: [(time: Timestamp, Penalty)] = []
        for entry in state.entries(in: range, limit: .max) {
            penalties.append(
                (StakingKey.penaltyTime(entry.key), State<Base>.decode(entry.value)))
        }
        let part = incidentPart(of: penalties.map { $0.1.share }, least: least)
        for (time, before) in penalties where before.cut < part.value {
            var penalty = before
            guard let offence = state.read(.offence(penalty.key), as: OffenceRecord.self) else {
                preconditionFailure("a penalty is for an offence: \(penalty.key)")
            }
            let whole = Billionths.whole.value
            let fraction = Billionths(part.value - penalty.cut, of: whole - penalty.cut)
            penalty.cut = part.value
            state.write(.staking(.penalty(time, penalty.key)), penalty)
            let cut = slash(
                penalty.validator, for: offence.epoch, fraction, clock, in: &state)
            hold(cut, of: offence, clock, in: &state)
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

import Chain
import Cryptography
import StateTree

/// Validators that were not there for most of an epoch (staking.md 4): one test at its end, from
/// the epoch's own counts.
enum Downtime {
    /// Who was expected less often is not judged.
    static let expectedMin: UInt64 = 10
    /// Offences of so long count for the next one.
    static let window = 30 * Milliseconds.day
    /// The first jail; each one more within the window doubles it.
    static let jailBase = 10 * Milliseconds.minute
    /// On a chain of development, whose epochs last minutes.
    static let jailBaseOfDevelopment = 10 * Milliseconds.second
    static let doublingsMax = 20
    /// From the third offence in the window on, 0.01 % is cut.
    static let slashFrom = 3

    /// Jails who was down in the epoch that ends, unless the others would have no quorum.
    ///
    /// Who is jailed already is not jailed again for the same absence.
    ///
    /// - Returns: the seats that were down and get no rewards.
    static func judge<Base: StateReader>(
        _ clock: StakeClock, rules: Rules, known: [ValidatorSet], in state: inout State<Base>
    ) -> SignerBitmap {
        guard
            let counts: ParticipationCounts = state.read(.staking(.participation(clock.epoch))),
            let set = Participations.validators(of: clock.epoch, known: known, in: state),
            set.count == counts.seats.count
        else { return SignerBitmap(count: 0) }
        let none = SignerBitmap(count: set.count)
        var down = none
        var offenders: [ValidatorRecord] = []
        var unjailed: UInt64 = 0
        for (seat, validator) in set.validators.enumerated() {
            let record = state.read(.operatorOfKey(validator.key), as: Address.self)
                .flatMap { state.read(.validator($0), as: ValidatorRecord.self) }
            let isJailed = record.map { $0.jail != nil } ?? true
            if isDown(seat, counts) {
                down.insert(UInt16(seat))
                if let record, !isJailed { offenders.append(record) }
            } else if !isJailed {
                unjailed += validator.power
            }
        }
        if !offenders.isEmpty {
            guard set.isQuorum(unjailed) else { return none }
        }
        for record in offenders { punish(record, clock, rules, in: &state) }
        return down
    }

    static func isDown(_ seat: Int, _ counts: ParticipationCounts) -> Bool {
        let expected = counts.expected(of: seat)
        return expected >= expectedMin && 2 * counts.done(by: seat) < expected
    }

    private static func punish<Base: StateReader>(
        _ before: ValidatorRecord, _ clock: StakeClock, _ rules: Rules,
        in state: inout State<Base>
    ) {
        var record = before
        let validator = record.operatorAddress
        let key = StateKey.staking(.downtimes(validator))
        var history = state.read(key) ?? DowntimeHistory()
        history.times.removeAll { $0.advanced(by: window) <= clock.now }
        let earlier = history.times.count
        history.times = history.times.suffix(DowntimeHistory.timesMax - 1) + [clock.now]
        state.write(key, history)

        let base = rules.facts.kind == .development ? jailBaseOfDevelopment : jailBase
        let until = clock.now.advanced(by: base << UInt64(min(earlier, doublingsMax)))
        record.jail = Jail(reason: .downtime, until: until)
        if record.status != .leaving { record.status = .jailed }
        state.write(.validator(validator), record)
        state.emit(.staking(.jailed(validator: validator, .downtime, until: until)))
        guard earlier + 1 >= slashFrom else { return }
        let cut = Billionths(rules.parameters.downtimeCut)
        let lost = Staking.slash(validator, for: clock.epoch, cut, clock, in: &state)
        // The epoch's last transactions were before this.
        Staking.hold(
            lost, of: validator, for: clock.epoch, holders: clock.height, reporter: nil, clock,
            in: &state)
    }
}

import Chain
import Cryptography
import StateTree

/// New rules that come into force when the validators are ready for them, and never stop the chain.
///
/// A decision schedules one upgrade at most. Validators signal in their blocks which version they
/// are ready for; what each seat last signalled counts. At each start of an epoch within the window
/// the version becomes active if ready·5 ≥ 4·total, by the power of the set that begins. A window
/// that ends without this is followed by another of its length, twice; then the upgrade is dropped.
/// Until it is active another decision can drop it.
public enum Upgrades {
    /// The rules that the block after the state follows.
    static func version<Base: StateReader>(in state: State<Base>) -> ProtocolVersion {
        state.read(.enacted(.version)) ?? .initial
    }

    // MARK: Decision

    static func check<Base: StateReader>(
        _ plan: UpgradePlan, in state: State<Base>
    ) throws(Rejection) {
        guard isPlainText(plan.name, bytesMax: UpgradePlan.nameBytesMax) else {
            throw .governance(.enacted(.upgradeName))
        }
        guard plan.version != .zero else {
            throw .governance(.enacted(.upgradeWithoutVersion))
        }
        let current = Epochs.current(in: state)
        let (first, last) = (plan.firstEpoch, plan.lastEpoch)
        guard first <= last, last > current,
            first <= current.advanced(by: UpgradePlan.aheadMax),
            last.value - first.value < UpgradePlan.windowMax
        else {
            throw .governance(
                .enacted(.upgradeWindow(firstEpoch: first, lastEpoch: last, current: current)))
        }
        guard version(in: state).hash != plan.version else {
            throw .governance(.enacted(.upgradeActive))
        }
        if let scheduled: ScheduledUpgrade = state.read(.enacted(.upgrade)) {
            throw .governance(.enacted(.upgradeScheduled(version: scheduled.plan.version)))
        }
    }

    static func schedule<Base: StateReader>(
        _ plan: UpgradePlan, of proposal: ProposalID, in state: inout State<Base>
    ) throws(Rejection) {
        try check(plan, in: state)
        state.write(.enacted(.upgrade), ScheduledUpgrade(plan: plan, proposal: proposal))
        state.emit(.governance(.enacted(proposal, .upgradeScheduled(plan))))
    }

    static func isScheduled<Base: StateReader>(
        _ version: Digest, in state: State<Base>
    ) -> Bool {
        let scheduled: ScheduledUpgrade? = state.read(.enacted(.upgrade))
        return scheduled?.plan.version == version
    }

    /// Drops the upgrade before it is active. What seats have signalled goes with the epoch.
    static func cancel<Base: StateReader>(
        _ version: Digest, by proposal: ProposalID, in state: inout State<Base>
    ) throws(Rejection) {
        guard isScheduled(version, in: state) else {
            throw .governance(.enacted(.upgradeNotScheduled(version: version)))
        }
        state.remove(.enacted(.upgrade))
        state.emit(.governance(.enacted(proposal, .upgradeCancelled(version: version))))
    }

    // MARK: Steps of a block

    /// Writes down what the block's leader signals; an empty header takes it back.
    static func take<Base: StateReader>(
        _ context: BlockContext, in state: inout State<Base>
    ) {
        let key = StateKey.enacted(.readiness(context.epoch))
        let old: ReadinessTable? = state.read(key)
        guard old != nil || context.readiness != nil else { return }
        var table = old ?? ReadinessTable()
        guard table.version(of: context.proposer) != context.readiness else { return }
        table.set(context.readiness, of: context.proposer)
        write(table, of: context.epoch, in: &state)
    }

    private static func write<Base: StateReader>(
        _ table: ReadinessTable, of epoch: Epoch, in state: inout State<Base>
    ) {
        if table.signals.isEmpty {
            state.remove(.enacted(.readiness(epoch)))
        } else {
            state.write(.enacted(.readiness(epoch)), table)
        }
    }

    /// The last block of an epoch decides about the rules of the next one.
    ///
    /// - Parameters:
    ///   - epoch: the one that ends.
    ///   - next: the set of the one that begins.
    static func endEpoch<Base: StateReader>(
        _ epoch: Epoch, next: ValidatorSet, in state: inout State<Base>
    ) {
        let beginning = epoch.advanced(by: 1)
        let old: ReadinessTable? = state.read(.enacted(.readiness(epoch)))
        var table = ReadinessTable()
        if let old {
            state.remove(.enacted(.readiness(epoch)))
            if let set = Epochs.validators(of: epoch, in: state) {
                table = old.moved(from: set, to: next)
            }
        }
        guard let upgrade: ScheduledUpgrade = state.read(.enacted(.upgrade)) else { return }
        // Signals of other versions are nobody's concern.
        table = ReadinessTable(
            signals: table.signals.filter { $0.version == upgrade.plan.version })
        let isDecided = decide(upgrade, table, at: beginning, of: next, in: &state)
        if !isDecided, !table.signals.isEmpty {
            write(table, of: beginning, in: &state)
        }
    }

    /// Whether the upgrade is over, active or dropped.
    private static func decide<Base: StateReader>(
        _ scheduled: ScheduledUpgrade, _ table: ReadinessTable, at epoch: Epoch,
        of set: ValidatorSet, in state: inout State<Base>
    ) -> Bool {
        var upgrade = scheduled
        guard epoch >= upgrade.firstEpoch else { return false }
        let ready = table.power(readyFor: upgrade.plan.version, in: set)
        if epoch <= upgrade.lastEpoch, UInt128(ready) * 5 >= UInt128(set.totalPower) * 4 {
            let before = version(in: state)
            let version = ProtocolVersion(
                // A chain has fewer upgrades than this number has values.
                number: before.number == .max ? .max : before.number + 1,
                hash: upgrade.plan.version, since: epoch)
            state.write(.enacted(.version), version)
            state.remove(.enacted(.upgrade))
            state.emit(.governance(.enacted(upgrade.proposal, .upgradeActivated(version))))
            return true
        }
        guard epoch >= upgrade.lastEpoch else { return false }
        guard upgrade.postponements < ScheduledUpgrade.postponementsMax else {
            state.remove(.enacted(.upgrade))
            state.emit(
                .governance(
                    .enacted(upgrade.proposal, .upgradeDropped(version: upgrade.plan.version))))
            return true
        }
        let length = upgrade.plan.lastEpoch.value - upgrade.plan.firstEpoch.value
        upgrade.postponements += 1
        upgrade.firstEpoch = epoch.advanced(by: 1)
        upgrade.lastEpoch = upgrade.firstEpoch.advanced(by: length)
        state.write(.enacted(.upgrade), upgrade)
        state.emit(
            .governance(
                .enacted(
                    upgrade.proposal,
                    .upgradePostponed(
                        firstEpoch: upgrade.firstEpoch, lastEpoch: upgrade.lastEpoch))))
        return false
    }
}

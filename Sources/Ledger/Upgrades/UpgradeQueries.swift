import Chain
import Cryptography
import StateTree

/// Whether a seat of the present set is ready.
public struct ReadinessView: Hashable, Sendable {
    public let seat: UInt16
    public let key: PublicKey
    public let power: UInt64
    /// What it last signalled.
    public let version: Digest?
}

/// The version of the rules, and the upgrade that is scheduled, as a query shows them.
public struct UpgradeView: Hashable, Sendable {
    /// Of the block after the state.
    public let version: ProtocolVersion
    public let epoch: Epoch
    public let scheduled: ScheduledUpgrade?
    /// Of all seats, by index; empty while nothing is scheduled.
    public let readiness: [ReadinessView]
    public let readyPower: UInt64
    public let totalPower: UInt64

    /// Whether the power that is ready is enough: ready·5 ≥ 4·total.
    public var isReady: Bool { UInt128(readyPower) * 5 >= UInt128(totalPower) * 4 }
}

extension Queries {
    /// The rules that the block after the state follows.
    public static func protocolVersion(over reader: some StateReader) -> ProtocolVersion {
        Upgrades.version(in: State(over: reader))
    }

    public static func scheduledUpgrade(over reader: some StateReader) -> ScheduledUpgrade? {
        State(over: reader).read(.enacted(.upgrade))
    }

    public static func upgrade(over reader: some StateReader) -> UpgradeView {
        let state = State(over: reader)
        let epoch = Epochs.current(in: state)
        let scheduled: ScheduledUpgrade? = state.read(.enacted(.upgrade))
        let set = validatorSet(of: epoch, over: reader)
        let table = state.read(.enacted(.readiness(epoch)), as: ReadinessTable.self)
        let seats = scheduled == nil ? [] : set?.validators ?? []
        var ready: UInt64 = 0
        if let set, let scheduled, let table {
            ready = table.power(readyFor: scheduled.plan.version, in: set)
        }
        return UpgradeView(
            version: Upgrades.version(in: state), epoch: epoch, scheduled: scheduled,
            readiness: seats.enumerated().map { index, seat in
                ReadinessView(
                    seat: UInt16(index), key: seat.key, power: seat.power,
                    version: table?.version(of: UInt16(index)))
            },
            readyPower: ready, totalPower: set?.totalPower ?? 0)
    }
}

import Chain
import Cryptography
import Ledger

/// The version of the rules, and the upgrade that waits, with who is ready for it.
struct UpgradeJSON: Encodable {
    struct SeatJSON: Encodable {
        let seat: UInt16
        let moniker: Nullable<String>
        let publicKey: String
        let power: String
        let ready: Bool
        /// What it last signalled.
        let signalled: Nullable<String>
    }

    let view: UpgradeView
    /// Of each seat that has one.
    let monikers: [UInt16: String]
    /// What this node can follow.
    let software: SoftwareVersions
    let chain: ChainDescription

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        try fields.write("number", view.version.number)
        try fields.write("version", view.version.hash)
        try fields.write("since", view.version.since.value)
        try fields.write("epoch", view.epoch.value)
        try fields.write("known", software.knows(view.version.hash))
        try fields.write("scheduled", Nullable(scheduled))
    }

    private var scheduled: ScheduledJSON? {
        view.scheduled.map { ScheduledJSON(upgrade: $0, owner: self) }
    }

    struct ScheduledJSON: Encodable {
        let upgrade: ScheduledUpgrade
        let owner: UpgradeJSON

        func encode(to encoder: any Encoder) throws {
            let view = owner.view
            var fields = FieldWriter(encoder, owner.chain)
            try fields.write("name", upgrade.plan.name)
            try fields.write("version", upgrade.plan.version)
            try fields.write("proposal", upgrade.proposal)
            try fields.write("firstEpoch", upgrade.firstEpoch.value)
            try fields.write("lastEpoch", upgrade.lastEpoch.value)
            try fields.write("postponements", upgrade.postponements)
            try fields.write("postponementsMax", ScheduledUpgrade.postponementsMax)
            try fields.write("readyPower", String(view.readyPower))
            try fields.write("totalPower", String(view.totalPower))
            try fields.write("isReady", view.isReady)
            // The next start of an epoch that decides.
            try fields.write(
                "nextEpoch", max(upgrade.firstEpoch, view.epoch.advanced(by: 1)).value)
            try fields.write("known", owner.software.knows(upgrade.plan.version))
            try fields.write(
                "seats",
                view.readiness.map { seat in
                    SeatJSON(
                        seat: seat.seat, moniker: Nullable(owner.monikers[seat.seat]),
                        publicKey: seat.key.hex, power: String(seat.power),
                        ready: seat.version == upgrade.plan.version,
                        signalled: Nullable(seat.version?.hex))
                })
        }
    }
}

import Chain
import Cryptography
import Ledger

/// A proven offence: two votes that no honest validator casts together.
struct OffenceJSON: Encodable {
    let publicKey: String
    let `operator`: String
    let epoch: UInt64
    let view: UInt64
    /// The kinds of the two votes.
    let votes: [String]
    /// Of the block that proved it.
    let height: UInt64
    let time: String
    let timeMs: UInt64
    /// Whom that block's proposer named.
    let reporter: String

    init(_ offence: OffenceView, _ chain: ChainDescription) {
        let record = offence.record
        publicKey = offence.key.hex
        `operator` = record.operatorAddress.text(prefix: chain.addressPrefix)
        epoch = record.epoch.value
        view = record.view.value
        votes = [record.first.name, record.second.name]
        height = record.height.value
        time = timeText(record.time)
        timeMs = record.time.milliseconds
        reporter = record.reporter.text(prefix: chain.addressPrefix)
    }
}

/// A validator, elected or not.
struct ValidatorJSON: Encodable {
    struct SeatJSON: Encodable {
        let epoch: UInt64
        let index: UInt16
        let power: String
        /// Of the whole set.
        let totalPower: String
        /// The key that votes in this set.
        let publicKey: String

        init(_ seat: StakeSeat) {
            epoch = seat.epoch.value
            index = seat.index
            power = String(seat.power)
            totalPower = String(seat.totalPower)
            publicKey = seat.key.hex
        }
    }

    struct UptimeJSON: Encodable {
        let epoch: UInt64
        /// Blocks that it voted for, of all; views that it led, of those that it should have led.
        let votes: UInt64
        let blocks: UInt64
        let led: UInt64
        let slots: UInt64
        /// Votes and led, of blocks and slots: what rewards and jail for downtime go by.
        let done: UInt64
        let expected: UInt64

        init(_ uptime: UptimeView) {
            epoch = uptime.epoch.value
            votes = uptime.votes
            blocks = uptime.blocks
            led = uptime.led
            slots = uptime.slots
            done = uptime.done
            expected = uptime.expected
        }
    }

    struct RiseJSON: Encodable {
        /// In basis points.
        let commission: UInt16
        let notBefore: String
        let notBeforeMs: UInt64

        init(_ rise: CommissionRise) {
            commission = rise.rate
            notBefore = timeText(rise.notBefore)
            notBeforeMs = rise.notBefore.milliseconds
        }
    }

    struct JailJSON: Encodable {
        let reason: String
        /// From then on the operator can end it.
        let until: String
        let untilMs: UInt64

        init(_ jail: Jail) {
            reason = jail.reason.name
            until = timeText(jail.until)
            untilMs = jail.until.milliseconds
        }
    }

    let `operator`: String
    /// What the next election gives power to.
    let publicKey: String
    let moniker: String
    let website: String
    let contact: String
    let networkKey: String
    let endpoint: String
    /// All stake.
    let bonded: String
    /// The operator's own.
    let selfBond: String
    /// What an election counts.
    let weight: String
    /// In basis points.
    let commission: UInt16
    let rise: Nullable<RiseJSON>
    let status: String
    let jail: Nullable<JailJSON>
    /// Null where it does not sit.
    let seat: Nullable<SeatJSON>
    let nextSeat: Nullable<SeatJSON>
    /// In the set after the next, if the election were now.
    let forecastSeat: Nullable<SeatJSON>
    /// In this epoch and the one before; null where it did not sit.
    let uptime: Nullable<UptimeJSON>
    let lastUptime: Nullable<UptimeJSON>
    /// When it was found down, as far as that still counts.
    let downtimes: [String]
    let offences: [OffenceJSON]

    init(_ view: ValidatorView, _ chain: ChainDescription) {
        let record = view.record
        `operator` = record.operatorAddress.text(prefix: chain.addressPrefix)
        publicKey = record.consensusKey.hex
        moniker = record.moniker
        website = record.profile.website
        contact = record.profile.contact
        networkKey = record.networkKey.hex
        endpoint = record.endpoint
        bonded = String(view.stake.bonded.value)
        selfBond = String(view.stake.selfBond.value)
        weight = String(view.weight)
        commission = record.commission
        rise = Nullable(record.rise.map { RiseJSON($0) })
        status = record.status.name
        jail = Nullable(record.jail.map { JailJSON($0) })
        seat = Nullable(view.seat.map { SeatJSON($0) })
        nextSeat = Nullable(view.nextSeat.map { SeatJSON($0) })
        forecastSeat = Nullable(view.forecastSeat.map { SeatJSON($0) })
        uptime = Nullable(view.uptime.map { UptimeJSON($0) })
        lastUptime = Nullable(view.lastUptime.map { UptimeJSON($0) })
        downtimes = view.downtimes.map { timeText($0) }
        offences = view.offences.map { OffenceJSON($0, chain) }
    }
}

/// An epoch's heights and sets.
struct EpochJSON: Encodable {
    let epoch: UInt64
    let firstHeight: UInt64
    let lastHeight: UInt64
    /// Null before the first block of the epoch is final.
    let instance: Nullable<String>
    /// The time of the last block; null before it is final.
    let endTime: Nullable<String>

    init(_ epoch: Epoch, _ record: EpochRecord) {
        self.epoch = epoch.value
        firstHeight = record.first.value
        lastHeight = record.last.value
        instance = Nullable(record.instance?.hex)
        endTime = Nullable(record.endTime.map { timeText($0) })
    }
}

extension VoteKind {
    fileprivate var name: String {
        switch self {
        case .notarize: "notarize"
        case .nullify: "nullify"
        case .finalize: "finalize"
        }
    }
}

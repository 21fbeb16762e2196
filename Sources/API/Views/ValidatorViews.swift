import Chain
import Cryptography
import Ledger

/// A seat of the present set.
struct ValidatorJSON: Encodable {
    let index: UInt16
    let publicKey: String
    let power: String
    let `operator`: String
    let moniker: String
    let networkKey: String
    let endpoint: String
    let bonded: String
    /// In basis points.
    let commission: UInt16

    init(_ seat: SeatView, _ chain: ChainDescription) {
        index = seat.index
        publicKey = seat.key.hex
        power = String(seat.power)
        `operator` = seat.record.operatorAddress.text(prefix: chain.addressPrefix)
        moniker = seat.record.moniker
        networkKey = seat.record.networkKey.hex
        endpoint = seat.record.endpoint
        bonded = String(seat.stake.bonded.value)
        commission = seat.record.commission
    }
}

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

/// A validator with its seats and what is proven against it.
struct ValidatorStatusJSON: Encodable {
    struct Seat: Encodable {
        let epoch: UInt64
        let index: UInt16
        let power: String
    }

    let `operator`: String
    let publicKey: String
    let moniker: String
    let networkKey: String
    let endpoint: String
    let bonded: String
    let selfBond: String
    /// In basis points.
    let commission: UInt16
    let status: String
    let epoch: UInt64
    /// Null where it does not sit.
    let seat: Nullable<Seat>
    let nextSeat: Nullable<Seat>
    let offences: [OffenceJSON]

    init(
        _ record: ValidatorRecord, _ stake: ValidatorStake, _ view: EpochView,
        offences: [OffenceView],
        _ chain: ChainDescription
    ) {
        `operator` = record.operatorAddress.text(prefix: chain.addressPrefix)
        publicKey = record.consensusKey.hex
        moniker = record.moniker
        networkKey = record.networkKey.hex
        endpoint = record.endpoint
        bonded = String(stake.bonded.value)
        selfBond = String(stake.selfBond.value)
        commission = record.commission
        status = record.status.name
        epoch = view.epoch.value
        let key = record.consensusKey
        seat = Nullable(ValidatorStatusJSON.seat(of: key, in: view.validators, view.epoch))
        nextSeat = Nullable(
            ValidatorStatusJSON.seat(of: key, in: view.nextValidators, view.epoch.advanced(by: 1)))
        self.offences = offences.map { OffenceJSON($0, chain) }
    }

    private static func seat(of key: PublicKey, in set: ValidatorSet, _ epoch: Epoch) -> Seat? {
        guard let index = set.index(of: key), let seat = set.validator(at: index) else {
            return nil
        }
        return Seat(epoch: epoch.value, index: index, power: String(seat.power))
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

extension ValidatorStatus {
    fileprivate var name: String {
        switch self {
        case .candidate: "candidate"
        case .active: "active"
        case .jailed: "jailed"
        case .leaving: "leaving"
        }
    }
}

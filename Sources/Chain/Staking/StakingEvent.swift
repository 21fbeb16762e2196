import Codec
import Cryptography

/// What happened to stake and to validators.
public enum StakingEvent: CanonicalCodable, Hashable, Sendable {
    case validatorCreated(validator: Address, consensusKey: PublicKey)
    case validatorEdited(validator: Address)
    case commissionAnnounced(validator: Address, rate: UInt16, notBefore: Timestamp)
    case commissionChanged(validator: Address, rate: UInt16)
    case keyRotated(validator: Address, consensusKey: PublicKey)
    case jailed(validator: Address, JailReason, until: Timestamp)
    case unjailed(validator: Address)
    case leaving(validator: Address)
    case removed(validator: Address)
    case delegated(account: Address, validator: Address, amount: Amount)
    /// Will be free when an epoch and the unbonding time after it are over.
    case undelegated(account: Address, validator: Address, amount: Amount, exit: Epoch)
    case cancelled(account: Address, validator: Address, amount: Amount)
    case redelegated(
        account: Address, from: Address, to: Address, amount: Amount, exit: Epoch)
    case modeChanged(account: Address, validator: Address, StakeMode)
    case rewardsClaimed(account: Address, validator: Address, amount: Amount)
    /// What left a validator was paid.
    case unbonded(account: Address, validator: Address, amount: Amount)
    /// What was moved to a validator is no longer liable for the one before.
    case merged(account: Address, validator: Address, amount: Amount)
    /// What all records that were liable for a fault in an epoch lost.
    case slashed(validator: Address, epoch: Epoch, amount: Amount)
    /// What a slash had cut, or what nobody claimed of it, was paid out.
    case escrowReleased(validator: Address, treasury: Amount, reporter: Address?, reward: Amount)
    /// An account got back what a slash had cut of its stake.
    case returnClaimed(account: Address, validator: Address, escrow: EscrowID, amount: Amount)
    /// An escrow that was to be released is not, for this reason; a later block tries again.
    case releaseFailed(validator: Address, escrow: EscrowID, code: String)
    /// A pool got what its validator earned in an epoch; the commission is part of the amount.
    case rewarded(validator: Address, epoch: Epoch, amount: Amount, commission: Amount)
    /// All rewards of an epoch: how much of them is new, and what the treasury got of fees and
    /// parts that nobody was there for.
    case rewardsPaid(epoch: Epoch, amount: Amount, minted: Amount, treasury: Amount)
    /// An epoch ended: the rate in 10⁻¹² a year, what may be minted for it, its fees, and what the
    /// treasury got of both.
    case inflated(epoch: Epoch, rate: UInt64, mintable: Amount, fees: Amount, treasury: Amount)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readULEB128()
        switch tag {
        case 0...8: self = try StakingEvent.ofValidator(tag, from: &reader)
        case 9...18: self = try StakingEvent.ofStake(tag, from: &reader)
        case 19...21: self = try StakingEvent.ofRewards(tag, from: &reader)
        case 22:
            self = .returnClaimed(
                account: try Address(from: &reader), validator: try Address(from: &reader),
                escrow: try EscrowID(from: &reader), amount: try Amount(from: &reader))
        case 23:
            self = .releaseFailed(
                validator: try Address(from: &reader), escrow: try EscrowID(from: &reader),
                code: try reader.readString(limit: StoredReason.codeBytesMax))
        default: throw .unknownTag(type: "StakingEvent", tag: UInt64(tag))
        }
    }

    private static func ofValidator(
        _ tag: UInt32, from reader: inout ByteReader
    ) throws(DecodeError) -> StakingEvent {
        let validator = try Address(from: &reader)
        return switch tag {
        case 0:
            .validatorCreated(validator: validator, consensusKey: try PublicKey(from: &reader))
        case 1: .validatorEdited(validator: validator)
        case 2:
            .commissionAnnounced(
                validator: validator, rate: try reader.readUInt16(),
                notBefore: try Timestamp(from: &reader))
        case 3: .commissionChanged(validator: validator, rate: try reader.readUInt16())
        case 4: .keyRotated(validator: validator, consensusKey: try PublicKey(from: &reader))
        case 5:
            .jailed(
                validator: validator, try JailReason(from: &reader),
                until: try Timestamp(from: &reader))
        case 6: .unjailed(validator: validator)
        case 7: .leaving(validator: validator)
        default: .removed(validator: validator)
        }
    }

    private static func ofStake(
        _ tag: UInt32, from reader: inout ByteReader
    ) throws(DecodeError) -> StakingEvent {
        let first = try Address(from: &reader)
        if tag == 17 {
            return .slashed(
                validator: first, epoch: try Epoch(from: &reader),
                amount: try Amount(from: &reader))
        }
        if tag == 18 {
            return .escrowReleased(
                validator: first, treasury: try Amount(from: &reader),
                reporter: try reader.readOptional(), reward: try Amount(from: &reader))
        }
        let second = try Address(from: &reader)
        if tag == 13 {
            return .modeChanged(
                account: first, validator: second, try StakeMode(from: &reader))
        }
        if tag == 12 {
            return .redelegated(
                account: first, from: second, to: try Address(from: &reader),
                amount: try Amount(from: &reader), exit: try Epoch(from: &reader))
        }
        let amount = try Amount(from: &reader)
        return switch tag {
        case 9: .delegated(account: first, validator: second, amount: amount)
        case 10:
            .undelegated(
                account: first, validator: second, amount: amount,
                exit: try Epoch(from: &reader))
        case 11: .cancelled(account: first, validator: second, amount: amount)
        case 14: .rewardsClaimed(account: first, validator: second, amount: amount)
        case 15: .unbonded(account: first, validator: second, amount: amount)
        default: .merged(account: first, validator: second, amount: amount)
        }
    }

    private static func ofRewards(
        _ tag: UInt32, from reader: inout ByteReader
    ) throws(DecodeError) -> StakingEvent {
        switch tag {
        case 19:
            .rewarded(
                validator: try Address(from: &reader), epoch: try Epoch(from: &reader),
                amount: try Amount(from: &reader), commission: try Amount(from: &reader))
        case 20:
            .rewardsPaid(
                epoch: try Epoch(from: &reader), amount: try Amount(from: &reader),
                minted: try Amount(from: &reader), treasury: try Amount(from: &reader))
        default:
            .inflated(
                epoch: try Epoch(from: &reader), rate: try reader.readUInt64(),
                mintable: try Amount(from: &reader), fees: try Amount(from: &reader),
                treasury: try Amount(from: &reader))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeULEB128(tag)
        switch self {
        case .validatorCreated(let validator, let key), .keyRotated(let validator, let key):
            writer.write(validator)
            writer.write(key)
        case .validatorEdited(let validator), .unjailed(let validator), .leaving(let validator),
            .removed(let validator):
            writer.write(validator)
        case .commissionAnnounced(let validator, let rate, let time):
            writer.write(validator)
            writer.write(rate)
            writer.write(time)
        case .commissionChanged(let validator, let rate):
            writer.write(validator)
            writer.write(rate)
        case .jailed(let validator, let reason, let until):
            writer.write(validator)
            writer.write(reason)
            writer.write(until)
        case .delegated(let account, let validator, let amount),
            .cancelled(let account, let validator, let amount),
            .rewardsClaimed(let account, let validator, let amount),
            .unbonded(let account, let validator, let amount),
            .merged(let account, let validator, let amount):
            writer.write(account, validator, amount)
        case .undelegated(let account, let validator, let amount, let exit):
            writer.write(account, validator, amount)
            writer.write(exit)
        case .redelegated(let account, let from, let to, let amount, let exit):
            writer.write(account)
            writer.write(from)
            writer.write(to)
            writer.write(amount)
            writer.write(exit)
        case .modeChanged(let account, let validator, let mode):
            writer.write(account)
            writer.write(validator)
            writer.write(mode)
        case .slashed(let validator, let epoch, let amount):
            writer.write(validator, epoch, amount)
        case .escrowReleased(let validator, let treasury, let reporter, let reward):
            writer.write(validator)
            writer.write(treasury)
            writer.writeOptional(reporter)
            writer.write(reward)
        case .returnClaimed(let account, let validator, let escrow, let amount):
            writer.write(account)
            writer.write(validator)
            writer.write(escrow)
            writer.write(amount)
        case .releaseFailed(let validator, let escrow, let code):
            writer.write(validator)
            writer.write(escrow)
            writer.writeString(code)
        case .rewarded(let validator, let epoch, let amount, let commission):
            writer.write(validator, epoch, amount)
            writer.write(commission)
        case .rewardsPaid(let epoch, let amount, let minted, let treasury):
            writer.write(epoch)
            writer.write(amount, minted, treasury)
        case .inflated(let epoch, let rate, let mintable, let fees, let treasury):
            writer.write(epoch)
            writer.write(rate)
            writer.write(mintable, fees, treasury)
        }
    }

    private var tag: UInt32 {
        switch self {
        case .validatorCreated: 0
        case .validatorEdited: 1
        case .commissionAnnounced: 2
        case .commissionChanged: 3
        case .keyRotated: 4
        case .jailed: 5
        case .unjailed: 6
        case .leaving: 7
        case .removed: 8
        case .delegated: 9
        case .undelegated: 10
        case .cancelled: 11
        case .redelegated: 12
        case .modeChanged: 13
        case .rewardsClaimed: 14
        case .unbonded: 15
        case .merged: 16
        case .slashed: 17
        case .escrowReleased: 18
        case .rewarded: 19
        case .rewardsPaid: 20
        case .inflated: 21
        case .returnClaimed: 22
        case .releaseFailed: 23
        }
    }

    /// The event's name in the API.
    public var name: String {
        switch self {
        case .validatorCreated: "validatorCreated"
        case .validatorEdited: "validatorEdited"
        case .commissionAnnounced: "commissionAnnounced"
        case .commissionChanged: "commissionChanged"
        case .keyRotated: "keyRotated"
        case .jailed: "validatorJailed"
        case .unjailed: "validatorUnjailed"
        case .leaving: "validatorLeaving"
        case .removed: "validatorRemoved"
        case .delegated: "delegated"
        case .undelegated: "undelegated"
        case .cancelled: "unbondingCancelled"
        case .redelegated: "redelegated"
        case .modeChanged: "stakeModeChanged"
        case .rewardsClaimed: "rewardsClaimed"
        case .unbonded: "unbonded"
        case .merged: "stakeMerged"
        case .slashed: "slashed"
        case .escrowReleased: "slashReleased"
        case .rewarded: "validatorRewarded"
        case .rewardsPaid: "rewardsPaid"
        case .inflated: "inflated"
        case .returnClaimed: "slashReturned"
        case .releaseFailed: "slashReleaseFailed"
        }
    }

    /// The accounts that an index lists the event under.
    public var accounts: [Address] {
        let named: [Address] =
            switch self {
            case .validatorCreated(let validator, _), .validatorEdited(let validator),
                .commissionAnnounced(let validator, _, _), .commissionChanged(let validator, _),
                .keyRotated(let validator, _), .jailed(let validator, _, _),
                .unjailed(let validator), .leaving(let validator), .removed(let validator),
                .slashed(let validator, _, _), .rewarded(let validator, _, _, _),
                .releaseFailed(let validator, _, _):
                [validator]
            case .rewardsPaid, .inflated: []
            case .delegated(let account, let validator, _),
                .undelegated(let account, let validator, _, _),
                .cancelled(let account, let validator, _),
                .modeChanged(let account, let validator, _),
                .rewardsClaimed(let account, let validator, _),
                .unbonded(let account, let validator, _), .merged(let account, let validator, _),
                .returnClaimed(let account, let validator, _, _):
                [account, validator]
            case .redelegated(let account, let from, let to, _, _): [account, from, to]
            case .escrowReleased(let validator, _, let reporter, _):
                [validator] + (reporter.map { [$0] } ?? [])
            }
        // An operator's own stake names the same account twice.
        return named.enumerated().filter { named.firstIndex(of: $1) == $0 }.map(\.element)
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ account: Address, _ validator: Address, _ amount: Amount) {
        write(account)
        write(validator)
        write(amount)
    }

    fileprivate mutating func write(_ validator: Address, _ epoch: Epoch, _ amount: Amount) {
        write(validator)
        write(epoch)
        write(amount)
    }

    fileprivate mutating func write(_ first: Amount, _ second: Amount, _ third: Amount) {
        write(first)
        write(second)
        write(third)
    }
}

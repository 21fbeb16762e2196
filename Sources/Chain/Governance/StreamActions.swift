import Codec
import Cryptography

/// A stream's number, counted from 1.
public struct StreamID: Quantity {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    /// The account that holds what the stream has not paid yet: no key signs for it, and nothing
    /// but claims and a recall moves what it has.
    public var account: Address { Address(module: StreamID.moduleID, number: value) }

    /// The number of the module that owns the accounts of all streams; it has no account itself.
    public static let moduleID: UInt16 = 6
}

/// A part of a stream that is due from a time on.
public struct StreamTranche: CanonicalCodable, Hashable, Sendable {
    public let time: Timestamp
    public let amount: Amount

    public init(time: Timestamp, amount: Amount) {
        self.time = time
        self.amount = amount
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        time = try Timestamp(from: &reader)
        amount = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(time)
        writer.write(amount)
    }
}

/// How much of a stream is due when.
public enum StreamSchedule: CanonicalCodable, Hashable, Sendable {
    /// In proportion to the time from `start` to `end`, and nothing before `cliff`.
    case linear(amount: Amount, start: Timestamp, cliff: Timestamp, end: Timestamp)
    /// Each from its own time on, in ascending order of times.
    case tranches([StreamTranche])

    public static let tranchesMax = 16
    /// How far from now its times may lie, before and after: ten years.
    public static let spanMax = 3_653 * Milliseconds.day

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .linear(
                amount: try Amount(from: &reader), start: try Timestamp(from: &reader),
                cliff: try Timestamp(from: &reader), end: try Timestamp(from: &reader))
        case 1:
            self = .tranches(
                try reader.readList(limit: StreamSchedule.tranchesMax, minimumElementSize: 16))
        case let tag:
            throw .unknownTag(type: "StreamSchedule", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .linear(let amount, let start, let cliff, let end):
            writer.writeULEB128(0)
            writer.write(amount)
            writer.write(start)
            writer.write(cliff)
            writer.write(end)
        case .tranches(let tranches):
            writer.writeULEB128(1)
            writer.writeList(tranches)
        }
    }

    /// The parts that are due at one time or over one time.
    public var amounts: [Amount] {
        switch self {
        case .linear(let amount, _, _, _): [amount]
        case .tranches(let tranches): tranches.map(\.amount)
        }
    }

    /// All of it, or nil above 2^64 − 1.
    public var total: Amount? {
        var total = Amount.zero
        for amount in amounts {
            guard let sum = total.adding(amount) else { return nil }
            total = sum
        }
        return total
    }

    /// From when on something is due.
    public var firstDue: Timestamp {
        switch self {
        case .linear(_, let start, let cliff, _): max(start, cliff)
        case .tranches(let tranches): tranches.first?.time ?? Timestamp(0)
        }
    }

    /// From when on all of it is due.
    public var end: Timestamp {
        switch self {
        case .linear(_, _, _, let end): end
        case .tranches(let tranches): tranches.last?.time ?? Timestamp(0)
        }
    }

    /// When more than at a time will be due; of a linear stream that runs, at once.
    public func nextDue(after time: Timestamp) -> Timestamp {
        switch self {
        case .linear: max(firstDue, time.advanced(by: 1))
        case .tranches(let tranches): tranches.first { $0.time > time }?.time ?? end
        }
    }

    /// What is due at a time, claimed before or not: it never falls, and from `end` on it is all
    /// of it.
    ///
    /// A linear stream gives ⌊amount·(time − start)/(end − start)⌋, with the product in 128 bits.
    ///
    /// - Precondition: the total fits 64 bits.
    public func due(at time: Timestamp) -> Amount {
        switch self {
        case .linear(let amount, let start, let cliff, let end):
            if time >= end { return amount }
            guard time >= cliff, time > start, end > start else { return .zero }
            let part = multiplyDividingDown(
                amount.value, time.value - start.value, by: end.value - start.value)
            // The quotient is at most the amount: the time is before the end.
            return part.map { Amount($0) } ?? amount
        case .tranches(let tranches):
            var due = Amount.zero
            for tranche in tranches where tranche.time <= time {
                guard let sum = due.adding(tranche.amount) else {
                    preconditionFailure("the sum of the tranches was checked")
                }
                due = sum
            }
            return due
        }
    }
}

/// Tokens of the treasury that one account may claim over time.
public struct StreamPlan: CanonicalCodable, Hashable, Sendable {
    public let recipient: Address
    public let asset: AssetID
    public let schedule: StreamSchedule

    public init(recipient: Address, asset: AssetID = .native, schedule: StreamSchedule) {
        self.recipient = recipient
        self.asset = asset
        self.schedule = schedule
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        recipient = try Address(from: &reader)
        asset = try AssetID(from: &reader)
        schedule = try StreamSchedule(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(recipient)
        writer.write(asset)
        writer.write(schedule)
    }

    /// What it takes from the treasury, as payments: a stream counts in full when it is created.
    public var payments: [TreasuryPayment] {
        schedule.amounts.map {
            TreasuryPayment(recipient: recipient, asset: asset, amount: $0)
        }
    }
}

/// What the state keeps of a stream until all of it is paid or it is recalled.
public struct StreamRecord: CanonicalCodable, Hashable, Sendable {
    public let plan: StreamPlan
    /// The decision that made it.
    public let proposal: ProposalID
    public let createdAt: Timestamp
    public let total: Amount
    public var claimed: Amount

    public init(
        plan: StreamPlan, proposal: ProposalID, createdAt: Timestamp, total: Amount,
        claimed: Amount = .zero
    ) {
        self.plan = plan
        self.proposal = proposal
        self.createdAt = createdAt
        self.total = total
        self.claimed = claimed
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        plan = try StreamPlan(from: &reader)
        proposal = try ProposalID(from: &reader)
        createdAt = try Timestamp(from: &reader)
        total = try Amount(from: &reader)
        claimed = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(plan)
        writer.write(proposal)
        writer.write(createdAt)
        writer.write(total)
        writer.write(claimed)
    }

    /// What the recipient could claim at a time.
    public func claimable(at time: Timestamp) -> Amount {
        plan.schedule.due(at: time).subtracting(claimed) ?? .zero
    }
}

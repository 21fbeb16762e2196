import Codec
import Cryptography

/// Where a proposal stands, as people are told (governance.md 1).
///
/// deposit → voting → queued → executed; the others are ends too.
public enum ProposalStatus: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case deposit = 0
    case voting = 1
    case queued = 2
    case executed = 3
    case expired = 4
    case rejected = 5
    case vetoed = 6
    case failed = 7
    case cancelled = 8

    public var name: String {
        switch self {
        case .deposit: "deposit"
        case .voting: "voting"
        case .queued: "queued"
        case .executed: "executed"
        case .expired: "expired"
        case .rejected: "rejected"
        case .vetoed: "vetoed"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }

    public init?(name: String) {
        guard let status = ProposalStatus.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = status
    }

    public var isFinal: Bool {
        switch self {
        case .deposit, .voting, .queued: false
        case .executed, .expired, .rejected, .vetoed, .failed, .cancelled: true
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let status = ProposalStatus(rawValue: tag) else {
            throw .unknownTag(type: "ProposalStatus", tag: UInt64(tag))
        }
        self = status
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// What the actions of a proposal are about; a proposal has one group.
public enum TopicGroup: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case general = 0
    case treasury = 1
    case `protocol` = 2
    case people = 3

    public var name: String {
        switch self {
        case .general: "default"
        case .treasury: "treasury"
        case .protocol: "protocol"
        case .people: "people"
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let group = TopicGroup(rawValue: tag) else {
            throw .unknownTag(type: "TopicGroup", tag: UInt64(tag))
        }
        self = group
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// What is read, hashed, voted on and executed: it never changes after the submission.
public struct ProposalContent: CanonicalCodable, Hashable, Sendable {
    public let id: ProposalID
    public let proposer: Address
    public let title: String
    public let body: String
    /// With the guards that the chain wrote.
    public let actions: [Action]
    public let conditions: [ProposalCondition]

    public init(
        id: ProposalID, proposer: Address, title: String, body: String, actions: [Action],
        conditions: [ProposalCondition] = []
    ) {
        self.id = id
        self.proposer = proposer
        self.title = title
        self.body = body
        self.actions = actions
        self.conditions = conditions
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        id = try ProposalID(from: &reader)
        proposer = try Address(from: &reader)
        title = try reader.readString(limit: ProposalDraft.titleBytesMax)
        body = try reader.readString(limit: ProposalDraft.bodyBytesMax)
        let count = try reader.readLength(limit: ProposalDraft.actionsMax)
        var actions: [Action] = []
        for _ in 0..<count {
            actions.append(try Action.decode(from: &reader, insideProposal: true))
        }
        self.actions = actions
        conditions = try reader.readList(
            limit: ProposalCondition.countMax, minimumElementSize: 9)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(id)
        writer.write(proposer)
        writer.writeString(title)
        writer.writeString(body)
        writer.writeList(actions)
        writer.writeList(conditions)
    }

    /// What a ballot names, so that nobody votes on another text than the one that was read.
    public var hash: Digest { Digest(.proposal, encoding: self) }
}

/// Where a proposal stands, with what is true only there. The deposit stage has two phases:
/// money is missing, or a place is.
public enum ProposalPhase: CanonicalCodable, Hashable, Sendable {
    /// Next: `waiting` when the deposit is met; expired at `until`; cancelled.
    case collecting(until: Timestamp)
    /// Next: `voting`; `collecting` if the deposit rose; expired at `until`; cancelled.
    case waiting(until: Timestamp)
    /// Next: `queued`, rejected or vetoed at the vote's end; cancelled.
    case voting
    /// Next: executed or expired in the first block at or after `eta`, or later if the execution
    /// fails at first; failed if it goes on failing; `voting` or cancelled by a petition; cancelled
    /// by another decision.
    case queued(eta: Timestamp)
    case ended(ProposalStatus)

    public var status: ProposalStatus {
        switch self {
        case .collecting, .waiting: .deposit
        case .voting: .voting
        case .queued: .queued
        case .ended(let status): status
        }
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0: self = .collecting(until: try Timestamp(from: &reader))
        case 1: self = .waiting(until: try Timestamp(from: &reader))
        case 2: self = .voting
        case 3: self = .queued(eta: try Timestamp(from: &reader))
        case 4: self = .ended(try ProposalStatus(from: &reader))
        case let tag: throw .unknownTag(type: "ProposalPhase", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .collecting(let until):
            writer.writeULEB128(0)
            writer.write(until)
        case .waiting(let until):
            writer.writeULEB128(1)
            writer.write(until)
        case .voting:
            writer.writeULEB128(2)
        case .queued(let eta):
            writer.writeULEB128(3)
            writer.write(eta)
        case .ended(let status):
            writer.writeULEB128(4)
            writer.write(status)
        }
    }
}

/// What a depositor may get back.
public enum DepositRefund: UInt8, CanonicalCodable, Hashable, Sendable {
    /// Nothing yet: the proposal lives.
    case held = 0
    case all = 1
    /// A fifth went to the treasury, because the quorum was not met.
    case fourFifths = 2
    /// Nothing ever: the deposits were destroyed.
    case none = 3

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let refund = DepositRefund(rawValue: tag) else {
            throw .unknownTag(type: "DepositRefund", tag: UInt64(tag))
        }
        self = refund
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

/// The money behind a proposal; each depositor's part is a record of its own.
public struct ProposalDeposit: CanonicalCodable, Hashable, Sendable {
    public var required: Amount
    /// What was deposited, whatever became of it.
    public var sum: Amount
    /// What of it is still in the escrow.
    public var escrowed: Amount
    /// How many records of depositors there are.
    public var depositors: UInt16
    public var refund: DepositRefund

    public init(
        required: Amount, sum: Amount, escrowed: Amount, depositors: UInt16,
        refund: DepositRefund = .held
    ) {
        self.required = required
        self.sum = sum
        self.escrowed = escrowed
        self.depositors = depositors
        self.refund = refund
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        required = try Amount(from: &reader)
        sum = try Amount(from: &reader)
        escrowed = try Amount(from: &reader)
        depositors = try reader.readUInt16()
        refund = try DepositRefund(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(required)
        writer.write(sum)
        writer.write(escrowed)
        writer.write(depositors)
        writer.write(refund)
    }

    public var missing: Amount { required.subtracting(sum) ?? .zero }
}

/// The vote on a proposal: what was frozen at its opening, and its tally.
public struct ProposalVote: CanonicalCodable, Hashable, Sendable {
    public let openedHeight: Height
    public let openedAt: Timestamp
    /// The height whose stake votes.
    public let snapshot: Height
    /// The power of all at the snapshot.
    public let totalPower: UInt64
    public let row: TrackRow
    /// The row of what it spends; nil if it spends nothing.
    public let spendTrack: Track?
    /// Whether the vote ends as soon as it passes.
    public var endsEarly: Bool
    /// No ballot counts from this time on; changes of the outcome near it move it.
    public var end: Timestamp
    /// What `end` can never pass.
    public var hardEnd: Timestamp
    public var tally: BallotAmounts
    public var ballots: UInt64
    /// What the outcome would be if the vote ended now.
    public var isPassing: Bool

    public init(
        openedHeight: Height, openedAt: Timestamp, snapshot: Height, totalPower: UInt64,
        row: TrackRow, spendTrack: Track? = nil, endsEarly: Bool = false
    ) {
        self.openedHeight = openedHeight
        self.openedAt = openedAt
        self.snapshot = snapshot
        self.totalPower = totalPower
        self.row = row
        self.spendTrack = spendTrack
        self.endsEarly = endsEarly
        let end = openedAt.advanced(by: row.period)
        self.end = end
        hardEnd = row.hardEnd(after: end)
        tally = .zero
        ballots = 0
        isPassing = false
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        openedHeight = try Height(from: &reader)
        openedAt = try Timestamp(from: &reader)
        snapshot = try Height(from: &reader)
        totalPower = try reader.readUInt64()
        row = try TrackRow(from: &reader)
        spendTrack = try reader.readOptional()
        endsEarly = try reader.readBool()
        end = try Timestamp(from: &reader)
        hardEnd = try Timestamp(from: &reader)
        tally = try BallotAmounts(from: &reader)
        ballots = try reader.readUInt64()
        isPassing = try reader.readBool()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(openedHeight)
        writer.write(openedAt)
        writer.write(snapshot)
        writer.write(totalPower)
        writer.write(row)
        writer.writeOptional(spendTrack)
        writer.write(endsEarly)
        writer.write(end)
        writer.write(hardEnd)
        writer.write(tally)
        writer.write(ballots)
        writer.write(isPassing)
    }

    /// The end before any extension: until then the proposer may cancel.
    public var firstEnd: Timestamp { openedAt.advanced(by: row.period) }
}

extension TrackRow {
    /// What extensions can never move an end beyond: five times C.
    public func hardEnd(after end: Timestamp) -> Timestamp {
        let (extensions, overflow) = confirm.multipliedReportingOverflow(by: 5)
        return end.advanced(by: overflow ? .max : extensions)
    }
}

/// A change of a proposal's status, with why.
public struct ProposalStep: CanonicalCodable, Hashable, Sendable {
    public static let reasonBytesMax = 1_024

    public let status: ProposalStatus
    public let height: Height
    public let timestamp: Timestamp
    /// Empty if the status says it all.
    public let reason: String

    public init(status: ProposalStatus, height: Height, timestamp: Timestamp, reason: String = "") {
        self.status = status
        self.height = height
        self.timestamp = timestamp
        let fits = reason.utf8.count <= ProposalStep.reasonBytesMax
        self.reason =
            fits ? reason : String(String.UnicodeScalarView(reason.unicodeScalars.prefix(256)))
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        status = try ProposalStatus(from: &reader)
        height = try Height(from: &reader)
        timestamp = try Timestamp(from: &reader)
        reason = try reader.readString(limit: ProposalStep.reasonBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(status)
        writer.write(height)
        writer.write(timestamp)
        writer.writeString(reason)
    }
}

/// What is left of a vote once its ballots are gone.
public struct ProposalOutcome: CanonicalCodable, Hashable, Sendable {
    public let tally: BallotAmounts
    public let totalPower: UInt64

    public init(tally: BallotAmounts, totalPower: UInt64) {
        self.tally = tally
        self.totalPower = totalPower
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        tally = try BallotAmounts(from: &reader)
        totalPower = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(tally)
        writer.write(totalPower)
    }
}

/// The record of a proposal; its content and its deposits and ballots have records of their own.
public struct Proposal: CanonicalCodable, Hashable, Sendable {
    public static let stepsMax = 16

    public let id: ProposalID
    public let proposer: Address
    public let contentHash: Digest
    public let group: TopicGroup
    /// Computed at submission and again at opening, then frozen.
    public var track: Track
    public var deposit: ProposalDeposit
    public var phase: ProposalPhase
    /// From the opening on.
    public var vote: ProposalVote?
    /// Of a receipt: what is left of the vote; zero if there was none.
    public private(set) var outcome: ProposalOutcome?
    public var petitions = PetitionTally()
    /// The latest execution that failed.
    public var failure: ExecutionFailure?
    /// Oldest first.
    public private(set) var steps: [ProposalStep]

    public init(
        id: ProposalID, proposer: Address, contentHash: Digest, group: TopicGroup, track: Track,
        deposit: ProposalDeposit, phase: ProposalPhase
    ) {
        self.id = id
        self.proposer = proposer
        self.contentHash = contentHash
        self.group = group
        self.track = track
        self.deposit = deposit
        self.phase = phase
        vote = nil
        outcome = nil
        steps = []
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        id = try ProposalID(from: &reader)
        proposer = try Address(from: &reader)
        contentHash = try Digest(from: &reader)
        group = try TopicGroup(from: &reader)
        track = try Track(from: &reader)
        deposit = try ProposalDeposit(from: &reader)
        phase = try ProposalPhase(from: &reader)
        vote = try reader.readOptional()
        outcome = try reader.readOptional()
        if let signed: PetitionTally = try reader.readOptional() {
            guard signed != PetitionTally() else {
                throw .invalidValue(type: "PetitionTally")
            }
            petitions = signed
        }
        failure = try reader.readOptional()
        steps = try reader.readList(limit: Proposal.stepsMax, minimumElementSize: 18)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(id)
        writer.write(proposer)
        writer.write(contentHash)
        writer.write(group)
        writer.write(track)
        writer.write(deposit)
        writer.write(phase)
        writer.writeOptional(vote)
        writer.writeOptional(outcome)
        writer.writeOptional(petitions == PetitionTally() ? nil : petitions)
        writer.writeOptional(failure)
        writer.writeList(steps)
    }

    public var status: ProposalStatus { phase.status }

    /// Whether only a receipt is left: neither content nor ballots.
    public var isReceipt: Bool { outcome != nil }

    /// Forgets all but how it ended and what is still owed to its depositors.
    public mutating func shrink() {
        outcome = ProposalOutcome(
            tally: vote?.tally ?? .zero, totalPower: vote?.totalPower ?? 0)
        vote = nil
        petitions = PetitionTally()
        failure = nil
        steps = steps.suffix(1).map {
            ProposalStep(status: $0.status, height: $0.height, timestamp: $0.timestamp)
        }
    }

    /// When a decision is executed; nil unless it is queued.
    public var eta: Timestamp? {
        guard case .queued(let eta) = phase else { return nil }
        return eta
    }

    /// Adds to the history; a full one keeps its beginning and its end.
    public mutating func append(_ step: ProposalStep) {
        if steps.count == Proposal.stepsMax {
            steps.removeLast()
        }
        steps.append(step)
    }
}

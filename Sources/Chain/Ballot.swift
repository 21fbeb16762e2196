import Codec
import Cryptography

/// Power by answer: of one ballot, or of all ballots of a proposal.
public struct BallotAmounts: CanonicalCodable, Hashable, Sendable {
    public var yes: UInt64
    public var no: UInt64
    public var abstain: UInt64
    public var veto: UInt64

    public init(yes: UInt64 = 0, no: UInt64 = 0, abstain: UInt64 = 0, veto: UInt64 = 0) {
        self.yes = yes
        self.no = no
        self.abstain = abstain
        self.veto = veto
    }

    public static let zero = BallotAmounts()

    public init(from reader: inout ByteReader) throws(DecodeError) {
        yes = try reader.readUInt64()
        no = try reader.readUInt64()
        abstain = try reader.readUInt64()
        veto = try reader.readUInt64()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(yes)
        writer.write(no)
        writer.write(abstain)
        writer.write(veto)
    }

    /// Y + N + A + V.
    public var cast: UInt128 { nonAbstaining + UInt128(abstain) }

    /// Y + N + V.
    public var nonAbstaining: UInt128 { UInt128(yes) + UInt128(no) + UInt128(veto) }
}

/// The answer of one account to one proposal, as the ledger keeps it.
public struct Ballot: CanonicalCodable, Hashable, Sendable {
    public let weights: BallotWeights
    /// The voter's own power, with what it lends to others.
    public let own: UInt64
    /// What the voter was lent, less what was taken back by who voted.
    public var received: UInt64
    /// The power split by the weights, without a remainder.
    public var amounts: BallotAmounts
    public let height: Height
    public let reason: String

    public init(
        weights: BallotWeights, own: UInt64, received: UInt64 = 0, amounts: BallotAmounts,
        height: Height, reason: String
    ) {
        self.weights = weights
        self.own = own
        self.received = received
        self.amounts = amounts
        self.height = height
        self.reason = reason
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        weights = try BallotWeights(from: &reader)
        own = try reader.readUInt64()
        received = try reader.readUInt64()
        amounts = try BallotAmounts(from: &reader)
        height = try Height(from: &reader)
        reason = try reader.readString(limit: BallotCast.reasonBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(weights)
        writer.write(own)
        writer.write(received)
        writer.write(amounts)
        writer.write(height)
        writer.writeString(reason)
    }

    /// The power that the ballot carries.
    public var power: UInt64 { own + received }
}

import Codec
import Cryptography

/// What signers of petitions have, and what became of it.
public struct PetitionTally: CanonicalCodable, Hashable, Sendable {
    /// The power of those who want the vote to go on.
    public var reopen: UInt64 = 0
    /// The power of those who want the decision dropped.
    public var cancel: UInt64 = 0
    /// When the decision would have been executed that a petition took back; nil if none did. A
    /// vote is reopened once.
    public var reopenedFrom: Timestamp?

    public init() {}

    public init(from reader: inout ByteReader) throws(DecodeError) {
        reopen = try reader.readUInt64()
        cancel = try reader.readUInt64()
        reopenedFrom = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(reopen)
        writer.write(cancel)
        writer.writeOptional(reopenedFrom)
    }

    public subscript(kind: PetitionKind) -> UInt64 {
        get {
            switch kind {
            case .reopen: reopen
            case .cancel: cancel
            }
        }
        set {
            switch kind {
            case .reopen: reopen = newValue
            case .cancel: cancel = newValue
            }
        }
    }
}

/// An execution that failed and may be tried again.
public struct ExecutionFailure: CanonicalCodable, Hashable, Sendable {
    /// How often the chain tries by itself: at the decision's time and at three epoch starts.
    public static let attemptsMax: UInt8 = 4

    /// How often the chain has tried by itself.
    public let attempts: UInt8
    public let reason: StoredReason
    public let height: Height
    /// From this time on nobody can try again: the proposal has failed.
    public let until: Timestamp

    public init(attempts: UInt8, reason: StoredReason, height: Height, until: Timestamp) {
        self.attempts = attempts
        self.reason = reason
        self.height = height
        self.until = until
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        attempts = try reader.readUInt8()
        reason = try StoredReason(from: &reader)
        height = try Height(from: &reader)
        until = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(attempts)
        writer.write(reason)
        writer.write(height)
        writer.write(until)
    }
}

import Codec
import Cryptography

/// A record of a node's write-ahead log: what must be durable before anything rests on it.
public struct LogRecord: Hashable, Sendable {
    /// What the payload is; the log does not look inside.
    public let type: UInt8
    /// Records are numbered without a gap, across the segments of a log.
    public let sequence: UInt64
    public let payload: [UInt8]

    public init(type: UInt8, sequence: UInt64, payload: [UInt8]) {
        self.type = type
        self.sequence = sequence
        self.payload = payload
    }
}

/// What a segment of a log holds.
public struct LogScan: Hashable, Sendable {
    public let records: [LogRecord]
    /// Where the good records end. Bytes behind it are the torn tail of a write that was never
    /// synced, and are cut off before the log goes on.
    public let goodBytes: Int
}

public enum LogFrameError: Error, Equatable, Sendable {
    /// A bad record that no crash explains: good ones follow it, or it is not in the last segment.
    case corrupt(offset: Int)
    /// A good record whose number does not follow the one before it.
    case outOfOrder(offset: Int, expected: UInt64, found: UInt64)
}

/// The bytes of a log record and the way back (consensus.md 2.20).
///
/// magic u16 ‖ type u8 ‖ sequence u64 ‖ payload behind its length ‖ check 16. The check is the
/// first half of `H(logRecord, instance ‖ everything before)`, so that a record of another instance
/// is a bad one here.
public enum LogFrame {
    static let magic: UInt16 = 0x4C41
    public static let payloadBytesMax = 1024 * 1024
    private static let checkBytes = 16

    /// - Precondition: the payload has at most `payloadBytesMax` bytes.
    public static func encode(_ record: LogRecord, instance: Digest) -> [UInt8] {
        precondition(
            record.payload.count <= payloadBytesMax, "a log record has at most a mebibyte")
        var writer = ByteWriter(capacity: record.payload.count + 32)
        writer.write(magic)
        writer.write(record.type)
        writer.write(record.sequence)
        writer.writeByteVector(record.payload)
        let check = check(writer.bytes, instance: instance)
        writer.writeBytes(check)
        return writer.bytes
    }

    private static func check(_ bytes: [UInt8], instance: Digest) -> [UInt8] {
        var hasher = TaggedHasher(.logRecord)
        hasher.update(instance)
        hasher.update(bytes)
        return Array(hasher.finalize().bytes.prefix(checkBytes))
    }

    /// The records of one segment, in order.
    ///
    /// Only the tail of the last segment may be torn. A bad record with a good one anywhere behind
    /// it was damaged after it was written, and what it said is lost: that log is refused.
    ///
    /// - Parameter first: the number of the first record, or nil if any will do.
    public static func scan(
        _ bytes: [UInt8], instance: Digest, isLastSegment: Bool, first: UInt64? = nil
    ) throws(LogFrameError) -> LogScan {
        var records: [LogRecord] = []
        var offset = 0
        var expected = first
        while let (record, size) = parse(bytes, at: offset, instance: instance) {
            if let expected, record.sequence != expected {
                throw .outOfOrder(offset: offset, expected: expected, found: record.sequence)
            }
            records.append(record)
            offset += size
            expected = record.sequence &+ 1
        }
        guard offset < bytes.count else { return LogScan(records: records, goodBytes: offset) }
        guard isLastSegment, !Mutant.isActive(.refusesTornTails) else {
            throw .corrupt(offset: offset)
        }
        for later in (offset + 1)..<max(bytes.count, offset + 2)
        where parse(bytes, at: later, instance: instance) != nil {
            throw .corrupt(offset: offset)
        }
        return LogScan(records: records, goodBytes: offset)
    }

    /// The good record that begins at `offset`, with its size.
    private static func parse(_ bytes: [UInt8], at offset: Int, instance: Digest) -> (
        LogRecord, Int
    )? {
        // Most offsets are no record: two bytes tell.
        guard offset + 2 <= bytes.count else { return nil }
        guard bytes[offset] == UInt8(magic & 0xFF), bytes[offset + 1] == UInt8(magic >> 8) else {
            return nil
        }
        return try? decode(bytes.span.bytes.extracting(offset..<bytes.count), instance: instance)
    }

    private static func decode(_ bytes: RawSpan, instance: Digest) throws(DecodeError) -> (
        LogRecord, Int
    ) {
        var reader = ByteReader(bytes)
        _ = try reader.readUInt16()
        let type = try reader.readUInt8()
        let sequence = try reader.readUInt64()
        let payload = try reader.readByteVector(limit: payloadBytesMax)
        let expected = check(reader.bytesRead(since: 0), instance: instance)
        let found = try reader.readBytes(count: checkBytes)
        guard found == expected || Mutant.isActive(.ignoresLogChecks) else {
            throw .invalidValue(type: "LogRecord")
        }
        return (LogRecord(type: type, sequence: sequence, payload: payload), reader.offset)
    }
}

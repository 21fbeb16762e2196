import Chain
import Codec
import Cryptography

/// One vote that the signer gave away, so that asking for the same again returns the same bytes.
///
/// The whole vote is kept instead of the hash of its sign bytes (consensus.md 2.20), because a
/// restarted engine takes its own votes from here when the log is lost.
public struct SignedVoteRow: CanonicalCodable, Hashable, Sendable {
    public let instance: Digest
    public let vote: Vote

    public init(instance: Digest, vote: Vote) {
        self.instance = instance
        self.vote = vote
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        instance = try Digest(from: &reader)
        vote = try Vote(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(instance)
        writer.write(vote)
    }

    public var view: View { vote.view }
}

/// The durable floor below which the signer knows nothing any more and so refuses everything.
public struct PruneMark: CanonicalCodable, Hashable, Sendable {
    public let instance: Digest
    /// The last view that is refused.
    public let view: View

    public init(instance: Digest, view: View) {
        self.instance = instance
        self.view = view
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        instance = try Digest(from: &reader)
        view = try View(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(instance)
        writer.write(view)
    }
}

/// Since when nothing is known of what the signer signed before: its record was lost.
public struct LossMark: CanonicalCodable, Hashable, Sendable {
    /// The wall clock as the new record was begun.
    public let time: Timestamp

    public init(time: Timestamp) {
        self.time = time
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        time = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(time)
    }
}

/// The signer's own record of every vote it signed (consensus.md 2.15, the second guard). It stands
/// apart from the log and the database, so that losing either cannot make a validator vote twice.
///
/// An append-only file of framed rows (`LogFrame`), read into memory at the start. Each append is
/// synced before it returns.
public struct SignedVoteFile: ~Copyable {
    private static let voteRecord: UInt8 = 1
    private static let markRecord: UInt8 = 2
    private static let lossRecord: UInt8 = 3
    /// Takes the place of the instance in the frames; the rows name their own.
    private static let frame = Digest(.signedVote, [])

    public let path: String
    private let failure: StorageFailureHandler
    private var file: AppendFile
    private var nextSequence: UInt64
    /// Every recorded vote above the marks, in the order of signing.
    public private(set) var rows: [SignedVoteRow]
    /// One for each instance that was pruned.
    public private(set) var marks: [PruneMark]
    /// The last time that the record was lost, if ever.
    public private(set) var loss: LossMark?

    /// - Parameter createIfMissing: false where the file must exist, because a validator whose file
    ///   is lost may have signed what it does not know.
    public init(path: String, createIfMissing: Bool, failure: StorageFailureHandler = .exit)
        throws(StorageError)
    {
        let exists = FileSystem.exists(path)
        guard exists || createIfMissing else { throw .missing(path: path) }
        let scan = exists ? try Self.scan(try FileSystem.read(path), path) : nil
        let content = try Self.content(of: scan?.records ?? [], path)
        let opened = try AppendFile(path: path, failure: failure)
        try opened.truncate(to: scan?.goodBytes ?? 0)
        try FileSystem.syncDirectory(FileSystem.parent(of: path))
        self.path = path
        self.failure = failure
        file = opened
        nextSequence = (scan?.records.last?.sequence ?? 0) + 1
        rows = content.rows
        marks = content.marks
        loss = content.loss
    }

    /// Makes the record of a key whose own was lost: what was signed before `loss` is unknown. The
    /// file comes with its mark or not at all, since an empty one says that nothing was signed.
    public init(path: String, loss: LossMark, failure: StorageFailureHandler = .exit)
        throws(StorageError)
    {
        let record = LogRecord(type: Self.lossRecord, sequence: 1, payload: loss.encoded())
        _ = try Self.replace(
            path, with: LogFrame.encode(record, instance: Self.frame), failure: failure)
        try self.init(path: path, createIfMissing: false, failure: failure)
    }

    /// Puts a file with these bytes in the place of what may be there: after a crash there is
    /// either the old one or the new.
    private static func replace(
        _ path: String, with bytes: [UInt8], failure: StorageFailureHandler
    ) throws(StorageError) -> AppendFile {
        let temporary = path + ".new"
        try FileSystem.remove(temporary)
        let replacement = try AppendFile(path: temporary, failure: failure)
        replacement.append(bytes)
        replacement.sync()
        try FileSystem.replace(path, by: temporary)
        try FileSystem.syncDirectory(FileSystem.parent(of: path))
        // The descriptor follows the file through its new name.
        return replacement
    }

    private static func content(of records: [LogRecord], _ path: String) throws(StorageError) -> (
        rows: [SignedVoteRow], marks: [PruneMark], loss: LossMark?
    ) {
        var rows: [SignedVoteRow] = []
        var marks: [PruneMark] = []
        var loss: LossMark?
        for record in records {
            do {
                switch record.type {
                case voteRecord: rows.append(try SignedVoteRow(decoding: record.payload))
                case markRecord: marks.append(try PruneMark(decoding: record.payload))
                case lossRecord: loss = try LossMark(decoding: record.payload)
                default: throw DecodeError.unknownTag(type: "row", tag: UInt64(record.type))
                }
            } catch {
                throw .corruptLog(
                    path: path, offset: 0, detail: "record \(record.sequence): \(error)")
            }
        }
        return (rows, marks, loss)
    }

    private static func scan(_ bytes: [UInt8], _ path: String) throws(StorageError) -> LogScan {
        do {
            return try LogFrame.scan(bytes, instance: frame, isLastSegment: true)
        } catch {
            throw StorageError(error, path: path)
        }
    }

    /// Whether the bytes of another record of the same key know all that this one knows: a record
    /// may give way to a later one, and never to an earlier one.
    public func isCovered(by bytes: [UInt8]) throws(StorageError) -> Bool {
        let other = try Self.content(of: Self.scan(bytes, path).records, path)
        var floors: [Digest: View] = [:]
        for mark in other.marks { floors[mark.instance] = mark.view }
        let known = Set(other.rows)
        let hasRows = rows.allSatisfy { row in
            known.contains(row) || floors[row.instance].map { row.view <= $0 } ?? false
        }
        let hasMarks = marks.allSatisfy { mark in
            floors[mark.instance].map { mark.view <= $0 } ?? false
        }
        let hasLoss = loss.map { mark in other.loss.map { mark.time <= $0.time } ?? false } ?? true
        return hasRows && hasMarks && hasLoss
    }

    /// Records a vote; it is on the disk when this returns.
    public mutating func append(_ row: SignedVoteRow) {
        file.append(encoded(Self.voteRecord, row))
        file.sync()
        rows.append(row)
    }

    private mutating func encoded(_ type: UInt8, _ row: some CanonicalCodable) -> [UInt8] {
        let record = LogRecord(type: type, sequence: nextSequence, payload: row.encoded())
        nextSequence += 1
        return LogFrame.encode(record, instance: Self.frame)
    }

    /// Forgets the votes of `instance` up to `view` and keeps a mark in their place.
    public mutating func prune(instance: Digest, through view: View) {
        rows.removeAll { $0.instance == instance && $0.view <= view }
        let old = marks.first { $0.instance == instance }
        marks.removeAll { $0.instance == instance }
        marks.append(PruneMark(instance: instance, view: max(old?.view ?? .zero, view)))
        var bytes: [UInt8] = []
        for mark in marks {
            bytes += encoded(Self.markRecord, mark)
        }
        if let loss {
            bytes += encoded(Self.lossRecord, loss)
        }
        for row in rows {
            bytes += encoded(Self.voteRecord, row)
        }
        do {
            file = try Self.replace(path, with: bytes, failure: failure)
        } catch {
            failure.fail("replace", path, error.description)
        }
    }
}

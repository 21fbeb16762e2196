import Chain
import Cryptography

/// The write-ahead log of one instance of consensus: segments of records in a directory named after
/// the instance.
///
/// `append` buffers; `sync` makes everything before it durable with one fdatasync. Opening replays
/// the records and cuts off a torn tail; a log that is damaged elsewhere is refused.
public struct VoteLog: ~Copyable {
    public static let segmentBytesMax = 16 << 20
    /// The buffer is written, though not synced, when it is larger.
    private static let bufferBytesMax = 1 << 20

    private struct Segment {
        let firstSequence: UInt64
        let path: String

        init(directory: String, firstSequence: UInt64) {
            self.firstSequence = firstSequence
            let digits = String(firstSequence, radix: 16)
            let name = String(repeating: "0", count: 16 - digits.count) + digits
            path = "\(directory)/\(name).log"
        }
    }

    public let directory: String
    private let instance: Digest
    private let segmentBytesMax: Int
    private let failure: StorageFailureHandler
    private var closed: [Segment]
    private var active: Segment
    private var file: AppendFile
    /// Bytes in the active segment, those in the buffer included.
    private var activeBytes: Int
    private var buffer: [UInt8] = []
    /// The number that the next record must have.
    public private(set) var nextSequence: UInt64

    /// What was in the log when it was opened, until it is taken.
    public private(set) var replayed: [LogRecord]

    /// - Parameter root: the directory that holds one directory for each instance.
    public init(
        root: String, instance: Digest, segmentBytesMax: Int = VoteLog.segmentBytesMax,
        failure: StorageFailureHandler = .exit
    ) throws(StorageError) {
        self.instance = instance
        self.segmentBytesMax = segmentBytesMax
        self.failure = failure
        directory = "\(root)/\(instance.hex)"
        try FileSystem.makeDirectory(directory)
        // An earlier start may have made them and ended before the sync.
        try FileSystem.syncDirectory(root)
        try FileSystem.syncDirectory(FileSystem.parent(of: root))
        var segments = try Self.segments(in: directory)
        if segments.isEmpty {
            segments = [Segment(directory: directory, firstSequence: 1)]
        }
        let last = segments.removeLast()
        var records: [LogRecord] = []
        var next = segments.first?.firstSequence ?? last.firstSequence
        for segment in segments {
            let scan = try Self.scan(segment, instance, first: next, isLast: false)
            records += scan.records
            next += UInt64(scan.records.count)
        }
        let opened = try AppendFile(path: last.path, failure: failure)
        let scan = try Self.scan(last, instance, first: next, isLast: true)
        records += scan.records
        try opened.truncate(to: scan.goodBytes)
        try FileSystem.syncDirectory(directory)
        file = opened
        closed = segments
        active = last
        activeBytes = scan.goodBytes
        nextSequence = next + UInt64(scan.records.count)
        replayed = records
    }

    private static func segments(in directory: String) throws(StorageError) -> [Segment] {
        var segments: [Segment] = []
        for name in try FileSystem.list(directory) {
            guard name.hasSuffix(".log"), name.utf8.count == 20,
                let first = UInt64(name.dropLast(4), radix: 16)
            else {
                throw .io(path: "\(directory)/\(name)", detail: "no file of a log has such a name")
            }
            segments.append(Segment(directory: directory, firstSequence: first))
        }
        return segments
    }

    private static func scan(
        _ segment: Segment, _ instance: Digest, first: UInt64, isLast: Bool
    ) throws(StorageError) -> LogScan {
        let bytes = try FileSystem.read(segment.path)
        guard segment.firstSequence == first else {
            throw .corruptLog(
                path: segment.path, offset: 0,
                detail: "the segment before it ends at record \(first &- 1)")
        }
        do {
            return try LogFrame.scan(
                bytes, instance: instance, isLastSegment: isLast, first: first)
        } catch {
            throw StorageError(error, path: segment.path)
        }
    }

    /// What was in the log when it was opened, which is not kept in memory after this.
    public mutating func takeReplayed() -> [LogRecord] {
        defer { replayed = [] }
        return replayed
    }

    /// Adds records, which are durable after the next `sync`.
    ///
    /// - Precondition: their numbers go on from `nextSequence` without a gap.
    public mutating func append(_ records: [LogRecord]) {
        for record in records {
            precondition(
                record.sequence == nextSequence,
                "log record \(record.sequence) follows \(nextSequence &- 1)")
            let bytes = LogFrame.encode(record, instance: instance)
            if activeBytes > 0, activeBytes + bytes.count > segmentBytesMax {
                rotate()
            }
            buffer += bytes
            activeBytes += bytes.count
            nextSequence += 1
            if buffer.count > Self.bufferBytesMax {
                flush()
            }
        }
    }

    /// Returns when every appended record is on the disk.
    public mutating func sync() {
        flush()
        file.sync()
    }

    private mutating func flush() {
        guard !buffer.isEmpty else { return }
        file.append(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func rotate() {
        sync()
        closed.append(active)
        active = Segment(directory: directory, firstSequence: nextSequence)
        activeBytes = 0
        do {
            file = try AppendFile(path: active.path, failure: failure)
            try FileSystem.syncDirectory(directory)
        } catch {
            failure.fail("make", active.path, error.description)
        }
    }

    /// Deletes the segments whose records all come before `sequence`; the last one always stays.
    public mutating func deleteSegments(before sequence: UInt64) {
        while let oldest = closed.first {
            let next = closed.count > 1 ? closed[1].firstSequence : active.firstSequence
            guard next <= sequence else { return }
            do {
                try FileSystem.remove(oldest.path)
            } catch {
                failure.fail("delete", oldest.path, error.description)
            }
            closed.removeFirst()
        }
    }

    /// How many segments there are.
    public var segmentCount: Int { closed.count + 1 }

    /// Deletes the whole log of an instance that is over.
    public static func delete(root: String, instance: Digest) throws(StorageError) {
        let directory = "\(root)/\(instance.hex)"
        guard FileSystem.exists(directory) else { return }
        for segment in try segments(in: directory) {
            try FileSystem.remove(segment.path)
        }
        try FileSystem.removeDirectory(directory)
        try FileSystem.syncDirectory(root)
    }

    /// What is in the log of an instance that nobody has open. Nothing is changed: a torn tail is
    /// left out.
    public static func records(
        root: String, instance: Digest
    ) throws(StorageError) -> [LogRecord] {
        let segments = try segments(in: "\(root)/\(instance.hex)")
        var records: [LogRecord] = []
        var next = segments.first?.firstSequence ?? 1
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            let scan = try scan(segment, instance, first: next, isLast: isLast)
            records += scan.records
            next += UInt64(scan.records.count)
        }
        return records
    }

    /// The instances that have a log.
    public static func instances(root: String) throws(StorageError) -> [Digest] {
        guard FileSystem.exists(root) else { return [] }
        return try FileSystem.list(root).compactMap { Digest(hex: $0) }
    }
}

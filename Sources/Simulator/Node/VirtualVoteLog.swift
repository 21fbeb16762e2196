import Chain
import Codec
import Consensus
import Cryptography

/// The write-ahead log of one instance on a virtual disk: the same frames in the same segments as
/// the real one's files.
struct VirtualVoteLog: Sendable {
    private struct Segment: Sendable {
        let first: UInt64
        let name: String
    }

    let instance: Digest
    private let segmentBytesMax: Int
    private var segments: [Segment]
    private var activeBytes: Int
    private var buffer: [UInt8] = []
    private var next: UInt64
    /// What was in the log when it was opened.
    private(set) var replayed: [SafetyRecord] = []
    /// The views of the records that the log holds, to find what lies below a floor.
    private var views: [(sequence: UInt64, view: View)] = []

    var lastSequence: UInt64 { next - 1 }

    /// Opens a log and cuts off a torn tail.
    ///
    /// - Throws: if the log is damaged elsewhere, which no crash explains.
    init(
        instance: Digest, segmentBytesMax: Int, on disk: inout VirtualDisk
    ) throws(LogFrameError) {
        self.instance = instance
        self.segmentBytesMax = segmentBytesMax
        let prefix = VirtualVoteLog.prefix(instance)
        segments = disk.fileNames.filter { $0.hasPrefix(prefix) }.compactMap { name in
            UInt64(name.dropFirst(prefix.count), radix: 16).map { Segment(first: $0, name: name) }
        }.sorted { $0.first < $1.first }
        if segments.isEmpty { segments = [VirtualVoteLog.segment(instance, first: 1)] }
        next = segments[0].first
        activeBytes = 0
        for (index, segment) in segments.enumerated() {
            let bytes = disk.read(segment.name) ?? []
            let isLast = index == segments.count - 1
            guard segment.first == next else {
                throw .outOfOrder(offset: 0, expected: next, found: segment.first)
            }
            let scan = try LogFrame.scan(
                bytes, instance: instance, isLastSegment: isLast, first: next)
            for record in scan.records {
                guard let decoded = try? SafetyRecord(type: record.type, payload: record.payload)
                else { throw .corrupt(offset: 0) }
                replayed.append(decoded)
                views.append((record.sequence, decoded.view))
            }
            next += UInt64(scan.records.count)
            guard isLast else { continue }
            activeBytes = scan.goodBytes
            disk.truncate(segment.name, to: scan.goodBytes)
        }
    }

    private static func prefix(_ instance: Digest) -> String { "votes/\(instance.hex)/" }

    private static func segment(_ instance: Digest, first: UInt64) -> Segment {
        let digits = String(first, radix: 16)
        let zeros = String(repeating: "0", count: 16 - digits.count)
        return Segment(first: first, name: prefix(instance) + zeros + digits)
    }

    /// What a start needs of it, once.
    mutating func takeReplayed() -> [SafetyRecord] {
        defer { replayed = [] }
        return replayed
    }

    /// Adds records behind a gapless sequence; they are on the disk after `flush` and a sync.
    mutating func append(_ records: [SafetyRecord], last: UInt64, to disk: inout VirtualDisk) {
        precondition(
            last - UInt64(records.count) == next - 1,
            "log record \(last - UInt64(records.count) + 1) follows \(next - 1)")
        for record in records {
            let bytes = LogFrame.encode(
                LogRecord(type: record.type, sequence: next, payload: record.payload),
                instance: instance)
            if activeBytes > 0, activeBytes + bytes.count > segmentBytesMax { rotate(on: &disk) }
            buffer += bytes
            activeBytes += bytes.count
            views.append((next, record.view))
            next += 1
            if case .floor(let certificate) = record {
                prune(below: certificate.view, on: &disk)
            }
        }
    }

    private mutating func rotate(on disk: inout VirtualDisk) {
        flush(to: &disk)
        sync(on: &disk)
        let segment = VirtualVoteLog.segment(instance, first: next)
        // The file is there before the older ones may go: its name has the next sequence.
        disk.replace(segment.name, by: [])
        segments.append(segment)
        activeBytes = 0
    }

    /// Writes what is buffered, unsynced.
    mutating func flush(to disk: inout VirtualDisk) {
        guard !buffer.isEmpty else { return }
        disk.append(buffer, to: segments[segments.count - 1].name)
        buffer.removeAll(keepingCapacity: true)
    }

    func sync(on disk: inout VirtualDisk) {
        disk.sync(segments[segments.count - 1].name)
    }

    /// Deletes the segments all of whose records are at or below the floor.
    private mutating func prune(below floor: View, on disk: inout VirtualDisk) {
        // On a paced chain the floor is mostly noted before anything of the next view is.
        let index = views.firstIndex { $0.view > floor } ?? views.count
        let needed = index < views.count ? views[index].sequence : next
        while segments.count > 1, segments[1].first <= needed {
            disk.remove(segments[0].name)
            segments.removeFirst()
        }
        views.removeFirst(index)
    }

    /// The certificates of a view that were asked for, as the real node's block store has them.
    func certificates(_ request: CertificateRequest, on disk: VirtualDisk) -> [Certificate] {
        var found: [Certificate] = []
        for segment in segments {
            guard let bytes = disk.read(segment.name),
                let scan = try? LogFrame.scan(
                    bytes, instance: instance, isLastSegment: true, first: segment.first)
            else { continue }
            for record in scan.records {
                guard
                    case .certificate(let certificate) =
                        try? SafetyRecord(type: record.type, payload: record.payload),
                    certificate.view == request.view, request.names(certificate.kind)
                else { continue }
                found.append(certificate)
            }
        }
        return Array(found.prefix(2))
    }

    /// Deletes the whole log of an instance, as an accident does.
    static func delete(_ instance: Digest, on disk: inout VirtualDisk) {
        for name in disk.fileNames where name.hasPrefix(prefix(instance)) { disk.remove(name) }
    }

    /// Deletes the logs of all instances.
    static func deleteAll(on disk: inout VirtualDisk) {
        for name in disk.fileNames where name.hasPrefix("votes/") { disk.remove(name) }
    }
}

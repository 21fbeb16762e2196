import Chain
import Cryptography
import Foundation
import Testing

@testable import Storage

@Suite struct VoteLogTests {
    private static let instance = Digest(.instance, [1])
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func records(_ range: ClosedRange<UInt64>, bytes: Int = 50) -> [LogRecord] {
        range.map {
            LogRecord(
                type: 1, sequence: $0, payload: [UInt8](repeating: UInt8($0 & 0xFF), count: bytes))
        }
    }

    private func open(_ root: String, segmentBytesMax: Int = 1_000) throws -> VoteLog {
        try VoteLog(
            root: directory.path(root), instance: Self.instance, segmentBytesMax: segmentBytesMax)
    }

    private func segments(_ root: String) throws -> [String] {
        try directory.names("\(root)/\(Self.instance.hex)").map {
            "\(root)/\(Self.instance.hex)/\($0)"
        }
    }

    @Test func `synced records are replayed across segments`() throws {
        do {
            var log = try open("log")
            #expect(log.replayed.isEmpty)
            #expect(log.nextSequence == 1)
            log.append(Self.records(1...30))
            log.append(Self.records(31...60))
            log.sync()
            #expect(log.segmentCount > 3)
        }
        #expect(
            try VoteLog.records(root: directory.path("log"), instance: Self.instance)
                == Self.records(1...60))
        var log = try open("log")
        #expect(log.takeReplayed() == Self.records(1...60))
        #expect(log.replayed.isEmpty)
        #expect(log.nextSequence == 61)
        log.append(Self.records(61...70))
        log.sync()
        #expect(try open("log").replayed == Self.records(1...70))
    }

    @Test func `records that were not synced are lost in a crash, whole`() throws {
        var log = try open("log")
        log.append(Self.records(1...5))
        log.sync()
        log.append(Self.records(6...9))
        try directory.copy("log", to: "crashed")
        #expect(try open("crashed").replayed == Self.records(1...5))
        log.sync()
        #expect(try open("log").replayed == Self.records(1...9))
    }

    @Test func `SEC-50 S12 a tail torn at any byte is cut off and the log goes on`() throws {
        do {
            var log = try open("log", segmentBytesMax: 1 << 20)
            log.append(Self.records(1...4))
            log.sync()
        }
        let segment = try #require(try segments("log").first)
        let bytes = try directory.bytes(segment)
        let record = bytes.count / 4
        for end in (3 * record)..<bytes.count {
            try directory.write(Array(bytes[..<end]), to: segment)
            #expect(
                try VoteLog.records(root: directory.path("log"), instance: Self.instance)
                    == Self.records(1...3))
            #expect(try directory.bytes(segment).count == end)
            do {
                var log = try open("log", segmentBytesMax: 1 << 20)
                #expect(log.replayed == Self.records(1...3))
                log.append(Self.records(4...4))
                log.sync()
            }
            #expect(try directory.bytes(segment) == bytes)
        }
    }

    @Test func `SEC-50 S12 a turned bit in the middle is refused by file and offset`() throws {
        do {
            var log = try open("log", segmentBytesMax: 1 << 20)
            log.append(Self.records(1...4))
            log.sync()
        }
        let segment = try #require(try segments("log").first)
        let bytes = try directory.bytes(segment)
        let record = bytes.count / 4
        for position in [0, record - 1, record + 5, 2 * record + record / 2] {
            var changed = bytes
            changed[position] ^= 0x10
            try directory.write(changed, to: segment)
            let error = #expect(throws: StorageError.self) {
                _ = try open("log", segmentBytesMax: 1 << 20)
            }
            guard case .corruptLog(let path, let offset, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(path == directory.path(segment))
            #expect(offset == position / record * record)
            #expect(try directory.bytes(segment) == changed)
        }
    }

    @Test func `a torn tail of an earlier segment and a lost segment are refused`() throws {
        do {
            var log = try open("log")
            log.append(Self.records(1...60))
            log.sync()
        }
        let names = try segments("log")
        let bytes = try directory.bytes(names[1])
        try directory.write(Array(bytes.dropLast()), to: names[1])
        #expect(throws: StorageError.self) { _ = try open("log") }
        try FileManager.default.removeItem(atPath: directory.path(names[1]))
        let error = #expect(throws: StorageError.self) { _ = try open("log") }
        guard case .corruptLog(let path, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == directory.path(names[2]))
        try directory.write(bytes, to: names[1])
        #expect(try open("log").replayed.count == 60)
    }

    @Test func `segments below the floor are deleted and the rest is replayed`() throws {
        do {
            var log = try open("log")
            log.append(Self.records(1...60))
            log.sync()
            let count = log.segmentCount
            log.deleteSegments(before: 1)
            #expect(log.segmentCount == count)
            log.deleteSegments(before: 30)
            #expect(log.segmentCount < count)
        }
        var log = try open("log")
        let first = try #require(log.replayed.first?.sequence)
        #expect(first <= 30 && first > 15)
        #expect(log.replayed == Self.records(first...60))
        log.deleteSegments(before: .max)
        #expect(log.segmentCount == 1)
        #expect(try segments("log").count == 1)
    }

    @Test func `each instance has a log of its own`() throws {
        let other = Digest(.instance, [2])
        var one = try open("log")
        one.append(Self.records(1...3))
        one.sync()
        let two = try VoteLog(root: directory.path("log"), instance: other)
        #expect(two.replayed.isEmpty)
        #expect(
            Set(try VoteLog.instances(root: directory.path("log"))) == [Self.instance, other])
        try VoteLog.delete(root: directory.path("log"), instance: other)
        #expect(try VoteLog.instances(root: directory.path("log")) == [Self.instance])
    }

    /// A log whose content was synced is lost all the same if a name above it is. A start that was
    /// cut off between a name and its sync may have made some of them.
    @Test(arguments: zip(0...3, [[0], [1], [1, 2], [1, 2]]))
    func `every name on the way to a log is synced, whoever made it`(
        made: Int, synced: [Int]
    ) throws {
        var paths = [directory.path("home")]
        for name in ["data", "log", Self.instance.hex] {
            paths.append("\(paths[paths.count - 1])/\(name)")
        }
        try FileManager.default.createDirectory(
            atPath: paths[made], withIntermediateDirectories: true)
        let expected = synced.map { paths[$0] }
        let watch = try DirectoryWatch(expected)
        _ = try VoteLog(root: paths[2], instance: Self.instance)
        #expect(watch.finish() == Set(expected))
    }

    @Test func `P9 the records of one epoch are none in the log of another`() throws {
        let other = Digest(.instance, [2])
        do {
            var log = try open("log")
            log.append(Self.records(1...3))
            log.sync()
            _ = try VoteLog(root: directory.path("log"), instance: other)
        }
        let segment = try #require(try segments("log").first)
        let foreign = segment.replacingOccurrences(of: Self.instance.hex, with: other.hex)
        try directory.write(try directory.bytes(segment), to: foreign)
        var replayed: [LogRecord] = []
        do throws(StorageError) {
            var log = try VoteLog(root: directory.path("log"), instance: other)
            replayed = log.takeReplayed()
        } catch {
            // To refuse it is as good.
        }
        #expect(replayed.isEmpty)
        #expect(try open("log").replayed == Self.records(1...3))
    }

    @Test func `a foreign file in the log is reported`() throws {
        _ = try open("log")
        try directory.write([], to: "log/\(Self.instance.hex)/notes.txt")
        #expect(throws: StorageError.self) { _ = try open("log") }
    }

    @Test func `a gap between appended records is a broken invariant`() async {
        await #expect(processExitsWith: .failure) { [root = directory.path("exit") as String] in
            var log = try VoteLog(root: root, instance: .zero)
            log.append([LogRecord(type: 1, sequence: 2, payload: [])])
        }
    }

    @Test func `P27 S13 a log on a full disk ends the process with code 74`() async {
        await #expect(processExitsWith: .exitCode(74)) {
            [root = directory.path("exit") as String] in
            var log = try VoteLog(root: root, instance: .zero)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            log.append([
                LogRecord(type: 1, sequence: 1, payload: [UInt8](repeating: 0, count: 500))
            ])
            log.sync()
        }
    }
}

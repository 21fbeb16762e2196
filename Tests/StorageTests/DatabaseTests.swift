import Foundation
import Testing

@testable import Storage

@Suite struct DatabaseTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func put(_ database: Database, _ rows: [([UInt8], [UInt8])], sync: Bool = true) {
        let batch = WriteBatch(database)
        for (key, value) in rows {
            batch.put(.flat, key, value)
        }
        database.write(batch, sync: sync)
    }

    private func keys(_ database: Database, from: [UInt8], to: [UInt8]) -> [[UInt8]] {
        var rows = database.rows(.flat, from: from, to: to)
        var keys: [[UInt8]] = []
        while let row = rows.next() {
            keys.append(row.key)
        }
        return keys
    }

    @Test func `rows come back in each column and after reopening`() throws {
        let path = directory.path("db")
        do {
            let database = try Database(path: path)
            let batch = WriteBatch(database)
            for column in Column.allCases where column != .meta {
                batch.put(column, [UInt8(column.rawValue)], [1, 2, UInt8(column.rawValue)])
                batch.put(column, [9], [])
            }
            #expect(batch.count == 2 * (Column.allCases.count - 1))
            database.write(batch, sync: true)
        }
        let database = try Database(path: path, createIfMissing: false)
        for column in Column.allCases where column != .meta {
            #expect(
                database.get(column, [UInt8(column.rawValue)]) == [1, 2, UInt8(column.rawValue)])
            #expect(database.get(column, [9]) == [])
            #expect(database.get(column, [99]) == nil)
        }
    }

    @Test func `ranges are half open, in byte order, and seek from the end`() throws {
        let database = try Database(path: directory.path("db"))
        put(database, [([1], []), ([1, 0], []), ([2], []), ([3], []), ([255], [])])
        #expect(keys(database, from: [1], to: [3]) == [[1], [1, 0], [2]])
        #expect(keys(database, from: [1, 0], to: [2]) == [[1, 0]])
        #expect(keys(database, from: [4], to: [255]).isEmpty)
        #expect(database.lastRow(.flat, from: [1], to: [3])?.key == [2])
        #expect(database.lastRow(.flat, from: [1], to: [3, 0])?.key == [3])
        #expect(database.lastRow(.flat, from: [4], to: [255])?.key == nil)
        #expect(database.lastRow(.flat, from: [], to: [1])?.key == nil)
        let batch = WriteBatch(database)
        batch.delete(.flat, from: [1, 0], to: [3])
        batch.delete(.flat, [255])
        database.write(batch, sync: false)
        #expect(keys(database, from: [], to: [255, 0]) == [[1], [3]])
    }

    @Test func `a snapshot does not see later writes`() throws {
        let database = try Database(path: directory.path("db"))
        put(database, [([1], [1])])
        let snapshot = database.snapshot()
        put(database, [([1], [2]), ([2], [2])])
        #expect(snapshot.get(.flat, [1]) == [1])
        #expect(snapshot.get(.flat, [2]) == nil)
        var rows = snapshot.rows(.flat, from: [], to: [9])
        #expect(rows.next()?.value == [1])
        #expect(rows.next()?.value == nil)
        #expect(database.get(.flat, [1]) == [2])
    }

    @Test func `a database that is open is locked`() throws {
        let path = directory.path("db")
        let database = try Database(path: path)
        #expect(throws: StorageError.locked(path: path)) { try Database(path: path) }
        put(database, [([1], [1])])
    }

    @Test func `a database that another process has open is locked`() async throws {
        let database = try Database(path: directory.path("db"))
        await #expect(processExitsWith: .exitCode(42)) {
            [path = directory.path("db") as String] in
            do throws(StorageError) {
                _ = try Database(path: path)
            } catch {
                exit(error == .locked(path: path) ? 42 : 1)
            }
        }
        put(database, [([1], [1])])
    }

    @Test func `a damaged table ends the process with code 74 when it is read`() async throws {
        let rows = (UInt8(0)..<200).map { ([$0], [UInt8](repeating: $0, count: 100)) }
        do {
            let database = try Database(path: directory.path("db"))
            put(database, rows)
        }
        // Opening writes what only the log had into a table.
        do {
            let database = try Database(path: directory.path("db"))
            #expect(database.get(.flat, [7]) == rows[7].1)
        }
        let tables = try directory.names("db").filter { $0.hasSuffix(".sst") }
        for table in tables {
            var bytes = try directory.bytes("db/\(table)")
            bytes[20] ^= 1
            try directory.write(bytes, to: "db/\(table)")
        }
        #expect(!tables.isEmpty)
        await #expect(processExitsWith: .exitCode(74)) {
            [path = directory.path("db") as String] in
            let database = try Database(path: path)
            _ = database.get(.flat, [7])
        }
    }

    /// A database with two tables, and rows that are in its log alone.
    private func tables() throws -> [String] {
        for byte in [1, 2] as [UInt8] {
            let database = try Database(path: directory.path("db"))
            put(database, (UInt8(0)..<200).map { ([$0], [UInt8](repeating: byte, count: 100)) })
        }
        let database = try Database(path: directory.path("db"))
        put(database, [([1], [1])])
        return try directory.names("db").filter { $0.hasSuffix(".sst") }
    }

    @Test func `a table whose bits are flipped ends the process whichever way it is read`()
        async throws
    {
        for table in try tables() {
            var bytes = try directory.bytes("db/\(table)")
            bytes[20] ^= 1
            try directory.write(bytes, to: "db/\(table)")
        }
        await #expect(processExitsWith: .exitCode(74)) {
            [path = directory.path("db") as String] in
            var rows = try Database(path: path).rows(.flat, from: [], to: [200])
            while rows.next() != nil {}
        }
        await #expect(processExitsWith: .exitCode(74)) {
            [path = directory.path("db") as String] in
            _ = try Database(path: path).lastRow(.flat, from: [], to: [200])
        }
        await #expect(processExitsWith: .exitCode(74)) {
            [path = directory.path("db") as String] in
            _ = try Database(path: path).snapshot().get(.flat, [7])
        }
    }

    @Test(arguments: ["MANIFEST", ".sst", "CURRENT"])
    func `a database that misses a file is corrupt, and nothing of it is deleted`(
        name: String
    ) throws {
        _ = try tables()
        let names = try directory.names("db")
        let lost = try #require(names.first { $0.contains(name) })
        try FileManager.default.removeItem(atPath: directory.path("db/\(lost)"))
        let tables = names.filter { $0.hasSuffix(".sst") && $0 != lost }
        for _ in 0..<2 {
            let error = #expect(throws: StorageError.self) {
                try Database(path: directory.path("db"))
            }
            guard case .corrupt(let path, _) = error else {
                Issue.record("not reported as corrupt: \(String(describing: error))")
                return
            }
            #expect(path == directory.path("db"))
            #expect(try directory.names("db").filter { $0.hasSuffix(".sst") } == tables)
        }
    }

    @Test func `what a bad record of RocksDB's log leaves is a beginning without a gap`() throws {
        do {
            let database = try Database(path: directory.path("db"))
            for key in 1...9 as ClosedRange<UInt8> {
                put(database, [([key], [UInt8](repeating: key, count: 1_000))])
            }
        }
        let log = try #require(
            try directory.names("db").first { $0.hasSuffix(".log") })
        var bytes = try directory.bytes("db/\(log)")
        bytes[bytes.count / 2] ^= 1
        try directory.write(bytes, to: "db/\(log)")
        let database = try Database(path: directory.path("db"))
        let count = keys(database, from: [], to: [255]).count
        #expect((3...5).contains(count))
        #expect(keys(database, from: [], to: [255]) == (1...UInt8(count)).map { [$0] })
    }

    @Test func `a table that cannot be written in the background ends the process`() async {
        await #expect(processExitsWith: .exitCode(74)) {
            [root = directory.path("exit") as String] in
            let database = try Database(path: root)
            // What stands in the way of every table to come, and of no log.
            for number in 0..<300 {
                let digits = String(number)
                let name = String(repeating: "0", count: 6 - digits.count) + digits
                mkdir("\(root)/\(name).sst", 0o755)
            }
            // Twice what may wait in memory.
            for number in 0..<64 as Range<UInt8> {
                let batch = WriteBatch(database)
                batch.put(.meta, [number], [UInt8](repeating: number, count: 1 << 20))
                database.write(batch, sync: false)
            }
        }
    }

    @Test(arguments: [
        ("read", "IO error: 5", true), ("write", "Corruption: block checksum", true),
        ("write", "IO error: No space left on device", false),
    ])
    func `a damaged database is advised to be moved away, and a full disk is not`(
        operation: String, cause: String, isAdvised: Bool
    ) {
        let failure = StorageFailure(operation: operation, path: "/x", cause: cause)
        #expect(failure.description.contains("move /x away") == isAdvised)
    }

    @Test func `a database that must exist is missing`() {
        let path = directory.path("none")
        #expect(throws: StorageError.missing(path: path)) {
            try Database(path: path, createIfMissing: false)
        }
    }

    /// A crash may come between RocksDB's own files and the first row.
    @Test func `an empty database without its format is a first start`() throws {
        let path = directory.path("db")
        for _ in 0..<2 {
            let database = try Database(path: path)
            #expect(database.get(.meta, MetaKey.format.bytes) == bigEndian(1))
            let batch = WriteBatch(database)
            batch.delete(.meta, MetaKey.format.bytes)
            database.write(batch, sync: true)
        }
        let database = try Database(path: path)
        #expect(database.get(.meta, MetaKey.format.bytes) == bigEndian(1))
    }

    @Test(arguments: Column.allCases)
    func `a database with rows and without its format is refused`(column: Column) throws {
        let path = directory.path("db")
        do {
            let database = try Database(path: path)
            let batch = WriteBatch(database)
            batch.delete(.meta, MetaKey.format.bytes)
            batch.put(column, [254], [])
            database.write(batch, sync: true)
        }
        #expect(throws: StorageError.corrupt(path: path, detail: "the format is not recorded")) {
            try Database(path: path)
        }
    }

    @Test func `the name of the database's own directory is synced`() throws {
        let watch = try DirectoryWatch([directory.path])
        _ = try Database(path: directory.path("db"))
        #expect(watch.finish() == [directory.path])
    }

    @Test func `a newer format is refused by its number`() throws {
        let path = directory.path("db")
        do {
            let database = try Database(path: path)
            let batch = WriteBatch(database)
            batch.put(.meta, MetaKey.format.bytes, bigEndian(UInt64(Database.format) + 6))
            database.write(batch, sync: true)
        }
        #expect(
            throws: StorageError.newerFormat(
                path: path, found: Database.format + 6, supported: Database.format)
        ) { try Database(path: path) }
    }

    @Test func `a damaged manifest or an impossible path is one clear error`() throws {
        do {
            let database = try Database(path: directory.path("db"))
            put(database, [([1], [1])])
        }
        let names = try directory.names("db")
        let manifest = try #require(names.last { $0.hasPrefix("MANIFEST") })
        var bytes = try directory.bytes("db/\(manifest)")
        bytes[bytes.count / 2] ^= 1
        try directory.write(bytes, to: "db/\(manifest)")
        let error = #expect(throws: StorageError.self) { try Database(path: directory.path("db")) }
        guard case .corrupt(let path, _) = error else {
            Issue.record("not reported as corrupt: \(String(describing: error))")
            return
        }
        #expect(path == directory.path("db"))
        try directory.write([1], to: "file")
        let other = #expect(throws: StorageError.self) {
            try Database(path: directory.path("file/db"))
        }
        guard case .io = other else {
            Issue.record("not reported as I/O: \(String(describing: other))")
            return
        }
    }

    @Test func `SEC-50 what was synced survives a copy without closing`() throws {
        let database = try Database(path: directory.path("db"))
        put(database, [([1], [1])], sync: true)
        put(database, [([2], [2])], sync: true)
        try directory.copy("db", to: "copy")
        put(database, [([3], [3])])
        let copy = try Database(path: directory.path("copy"), createIfMissing: false)
        #expect(copy.get(.flat, [1]) == [1])
        #expect(copy.get(.flat, [2]) == [2])
        #expect(copy.get(.flat, [3]) == nil)
    }

    @Test func `a checkpoint opens as a database`() throws {
        let database = try Database(path: directory.path("db"))
        put(database, [([1], [1])])
        try database.checkpoint(at: directory.path("backup"))
        put(database, [([1], [2])])
        let backup = try Database(path: directory.path("backup"), createIfMissing: false)
        #expect(backup.get(.flat, [1]) == [1])
        #expect(throws: StorageError.self) {
            try database.checkpoint(at: directory.path("backup"))
        }
    }

    @Test func `a failed write ends the process with code 74`() async {
        await #expect(processExitsWith: .exitCode(74)) {
            [root = directory.path("exit") as String] in
            let database = try Database(path: root)
            // No file may grow any more, as on a full disk.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let batch = WriteBatch(database)
            batch.put(.flat, [1], [UInt8](repeating: 1, count: 1 << 20))
            database.write(batch, sync: true)
        }
    }

    @Test func `the handler of failures can be another`() async {
        await #expect(processExitsWith: .exitCode(3)) {
            let handler = StorageFailureHandler { failure in
                exit(failure.description.hasPrefix("storage failure: sync /x: ") ? 3 : 4)
            }
            handler.fail("sync", "/x", "Input/output error")
        }
    }
}

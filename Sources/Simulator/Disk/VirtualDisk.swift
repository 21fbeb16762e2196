/// A disk in memory that loses what was not synced: byte files as the log has them, and rows as the
/// database has them.
///
/// A crash keeps everything that was synced. Of the bytes appended since, a beginning may survive,
/// and the last sector of it may be garbage (`Tear`); of the rows written since, the first batches
/// may survive, each whole, as RocksDB promises.
public struct VirtualDisk: Sendable {
    /// What a crash leaves of unsynced work.
    public struct Tear: Sendable {
        /// Of 256: how much of each file's unsynced bytes survives.
        public let keptOf256: UInt8
        /// Whether the last kept sector is overwritten by garbage.
        public let isLastSectorGarbage: Bool

        public init(keptOf256: UInt8, isLastSectorGarbage: Bool) {
            self.keptOf256 = keptOf256
            self.isLastSectorGarbage = isLastSectorGarbage
        }

        /// Everything unsynced is lost.
        public static let clean = Tear(keptOf256: 0, isLastSectorGarbage: false)
    }

    /// One row to write, or to delete if the value is nil.
    public struct RowWrite: Hashable, Sendable {
        /// Below `columns`: the column of the database.
        public let column: Int
        public let key: [UInt8]
        public let value: [UInt8]?

        public init(column: Int = 0, key: [UInt8], value: [UInt8]?) {
            precondition(column < VirtualDisk.columns, "a column is below \(columns): \(column)")
            self.column = column
            self.key = key
            self.value = value
        }
    }

    private struct File: Sendable {
        var bytes: [UInt8] = []
        var syncedCount = 0
    }

    private static let sectorBytes = 512
    public static let columns = 6

    /// In the order in which the files were made.
    private var names: [String] = []
    private var files: [String: File] = [:]
    private var syncedRows = [RowTable](repeating: RowTable(), count: columns)
    private var rows = [RowTable](repeating: RowTable(), count: columns)
    private var unsyncedBatches: [[RowWrite]] = []
    /// How many syncs were made, for the cost model of a simulation.
    public private(set) var syncCount: UInt64 = 0

    public init() {}

    // MARK: Files

    /// The names of the files, in the order in which they were made.
    public var fileNames: [String] { names }

    /// The bytes of a file as the running process sees them; nil if there is none.
    public func read(_ name: String) -> [UInt8]? {
        files[name]?.bytes
    }

    /// Adds bytes at the end of a file, which is made if it is not there.
    public mutating func append(_ bytes: [UInt8], to name: String) {
        if files[name] == nil {
            names.append(name)
        }
        files[name, default: File()].bytes += bytes
    }

    /// Makes every byte of the file durable.
    public mutating func sync(_ name: String) {
        guard let count = files[name]?.bytes.count else { return }
        files[name]?.syncedCount = count
        syncCount += 1
    }

    /// Cuts the file to its first `count` bytes, durably.
    public mutating func truncate(_ name: String, to count: Int) {
        guard let file = files[name], count < file.bytes.count else { return }
        files[name]?.bytes.removeLast(file.bytes.count - count)
        files[name]?.syncedCount = count
    }

    /// Puts a file of these bytes in the place of `name`, durably: after a crash there is either
    /// the old one or the new.
    public mutating func replace(_ name: String, by bytes: [UInt8]) {
        if files[name] == nil {
            names.append(name)
        }
        files[name] = File(bytes: bytes, syncedCount: bytes.count)
        syncCount += 1
    }

    /// Removes the file, durably.
    public mutating func remove(_ name: String) {
        files[name] = nil
        names.removeAll { $0 == name }
    }

    /// Turns one bit of what is on the disk, as a failing disk does.
    public mutating func damage(_ name: String, bit: Int) {
        guard let file = files[name], bit / 8 < file.bytes.count else { return }
        files[name]?.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }

    /// How much the files and the rows hold.
    public var byteCount: Int { byteCounts.reduce(0, +) }

    /// The same by part: all files, then each column.
    public var byteCounts: [Int] {
        let inFiles = names.reduce(0) { $0 + (files[$1]?.bytes.count ?? 0) }
        return [inFiles] + rows.map(\.byteCount)
    }

    // MARK: Rows

    public func row(_ key: [UInt8], in column: Int = 0) -> [UInt8]? {
        rows[column][key]
    }

    /// A column as the running process sees it now; it does not change later.
    public func table(_ column: Int) -> RowTable {
        rows[column]
    }

    /// Writes all rows of the batch or none. A synced batch makes all earlier ones durable too.
    public mutating func write(_ batch: [RowWrite], sync: Bool) {
        Self.apply(batch, to: &rows)
        unsyncedBatches.append(batch)
        if sync {
            syncRows()
        }
    }

    /// Makes every written row durable.
    public mutating func syncRows() {
        syncedRows = rows
        unsyncedBatches.removeAll()
        syncCount += 1
    }

    private static func apply(_ batch: [RowWrite], to rows: inout [RowTable]) {
        for write in batch {
            rows[write.column][write.key] = write.value
        }
    }

    // MARK: Crash

    /// The power fails: what the next process finds.
    public mutating func crash(_ tear: Tear = .clean) {
        for name in names {
            guard let file = files[name] else { continue }
            files[name] = Self.torn(file, tear)
        }
        let keptBatches = unsyncedBatches.count * Int(tear.keptOf256) / 256
        for batch in unsyncedBatches.prefix(keptBatches) {
            Self.apply(batch, to: &syncedRows)
        }
        unsyncedBatches.removeAll()
        rows = syncedRows
    }

    private static func torn(_ file: File, _ tear: Tear) -> File {
        let unsynced = file.bytes.count - file.syncedCount
        let end = file.syncedCount + unsynced * Int(tear.keptOf256) / 256
        var bytes = Array(file.bytes[..<end])
        if tear.isLastSectorGarbage {
            // Only bytes that were never synced can be garbage.
            let first = max(file.syncedCount, end - sectorBytes)
            for index in first..<end {
                bytes[index] = UInt8(truncatingIfNeeded: index &* 0x9D &+ 0x5B)
            }
        }
        return File(bytes: bytes, syncedCount: end)
    }
}

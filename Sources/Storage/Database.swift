import CRocksDB

/// RocksDB behind types: columns, bytes, and nothing that can be forgotten to close.
///
/// Opening reports what is wrong; after that a failed read, write or sync ends the process
/// (`StorageFailureHandler`). Thread-safe, as RocksDB is.
///
/// Memory is bounded: 16 MiB of cache for blocks, indexes and filters together, and 32 MiB of rows
/// not yet in table files.
///
/// The write-ahead log of RocksDB is read up to the first bad record. What was lost so are the last
/// blocks, which are fetched again; votes do not rest on it but on `VoteLog` and `SignedVoteFile`.
public final class Database: @unchecked Sendable {
    public static let format: UInt32 = 1
    static let cacheBytes = 16 << 20
    static let memtableBytesMax = 32 << 20
    private static let openFilesMax: Int32 = 256

    public let path: String
    let failure: StorageFailureHandler
    let handle: OpaquePointer
    /// RocksDB's own column, which stays empty, then ours.
    private let columns: [OpaquePointer]
    private let cache: OpaquePointer
    private let readOptions: ReadOptions
    private let bufferedWrite: OpaquePointer
    private let syncedWrite: OpaquePointer

    /// Opens the database in the directory `path`, and makes it there if `createIfMissing`.
    public init(
        path: String, createIfMissing: Bool = true, failure: StorageFailureHandler = .exit
    ) throws(StorageError) {
        let exists = FileSystem.exists("\(path)/CURRENT")
        guard createIfMissing || exists else { throw .missing(path: path) }
        if !exists { try Self.checkNew(path) }
        self.path = path
        self.failure = failure
        let cache = unsafe DatabaseOptions.cache()
        do {
            let opened = unsafe try Self.open(path, cache, exists: exists)
            unsafe handle = opened.0
            unsafe columns = opened.1
        } catch {
            unsafe rocksdb_cache_destroy(cache)
            throw error
        }
        // Safe because each is made here, owned by the object and destroyed by its deinit.
        unsafe self.cache = cache
        readOptions = ReadOptions()
        unsafe bufferedWrite = rocksdb_writeoptions_create()
        unsafe syncedWrite = rocksdb_writeoptions_create()
        unsafe rocksdb_writeoptions_set_sync(syncedWrite, 1)
        // RocksDB syncs what is in its directory, and not the directory's own name.
        try FileSystem.syncDirectory(FileSystem.parent(of: path))
        try checkFormat()
    }

    deinit {
        // Safe because batches, snapshots and iterators hold the object, so none is left.
        for column in unsafe columns {
            unsafe rocksdb_column_family_handle_destroy(column)
        }
        unsafe rocksdb_close(handle)
        unsafe rocksdb_writeoptions_destroy(bufferedWrite)
        unsafe rocksdb_writeoptions_destroy(syncedWrite)
        unsafe rocksdb_cache_destroy(cache)
    }

    /// RocksDB would begin anew without `CURRENT`, and delete the tables that it does not know.
    private static func checkNew(_ path: String) throws(StorageError) {
        guard FileSystem.exists(path) else { return }
        let names = try FileSystem.list(path)
        if let name = names.first(where: { $0.hasSuffix(".sst") || $0.hasSuffix(".log") }) {
            throw .corrupt(path: path, detail: "CURRENT is missing beside \(name)")
        }
    }

    private static func open(
        _ path: String, _ cache: OpaquePointer, exists: Bool
    ) throws(StorageError) -> (OpaquePointer, [OpaquePointer]) {
        let names = ["default"] + Column.allCases.map(\.name)
        let options = unsafe DatabaseOptions.general()
        let columnOptions =
            unsafe [DatabaseOptions.column(.meta, cache)]
            + Column.allCases.map { unsafe DatabaseOptions.column($0, cache) }
        // Safe because RocksDB copies the options.
        defer {
            unsafe rocksdb_options_destroy(options)
            for option in unsafe columnOptions {
                unsafe rocksdb_options_destroy(option)
            }
        }
        var handles = unsafe [OpaquePointer?](repeating: nil, count: names.count)
        var message: UnsafeMutablePointer<CChar>?
        // Safe because the names live until the call returns and every array has as many elements.
        let handle = unsafe withCStrings(names) { names in
            unsafe rocksdb_open_column_families(
                options, path, Int32(names.count), names, columnOptions.map { unsafe $0 },
                &handles, &message)
        }
        if let text = unsafe takeMessage(&message) {
            throw openError(text, path, exists: exists)
        }
        guard let handle = unsafe handle else {
            throw .io(path: path, detail: "RocksDB returned no database")
        }
        return unsafe (handle, handles.compactMap { unsafe $0 })
    }

    /// What RocksDB's text means.
    ///
    /// - Parameter exists: whether a database was there: a file that it names and misses is damage.
    private static func openError(_ text: String, _ path: String, exists: Bool) -> StorageError {
        if text.contains("lock hold by") || text.contains("While lock file") {
            return .locked(path: path)
        }
        if text.contains("Column families not opened") {
            return .newerFormat(path: path, found: format + 1, supported: format)
        }
        let isFileGone = exists && text.contains("No such file")
        if text.contains("Corruption:") || isFileGone {
            return .corrupt(path: path, detail: text)
        }
        return .io(path: path, detail: text)
    }

    /// A database without any row is a new one, also if the first start ended before it recorded
    /// the format.
    private func checkFormat() throws(StorageError) {
        let recorded = get(.meta, MetaKey.format.bytes)
        if recorded == nil, isEmpty {
            let batch = WriteBatch(self)
            batch.put(.meta, MetaKey.format.bytes, bigEndian(UInt64(Self.format)))
            write(batch, sync: true)
            return
        }
        guard let bytes = recorded, bytes.count == 8 else {
            throw .corrupt(path: path, detail: "the format is not recorded")
        }
        let found = UInt32(truncatingIfNeeded: bigEndian(bytes[...]))
        guard found <= Self.format else {
            throw .newerFormat(path: path, found: found, supported: Self.format)
        }
    }

    private var isEmpty: Bool {
        Column.allCases.allSatisfy { column in
            // No key begins with so many bytes of 255.
            var rows = self.rows(column, from: [], to: [UInt8](repeating: 255, count: 1_024))
            return rows.next() == nil
        }
    }

    func columnHandle(_ column: Column) -> OpaquePointer {
        unsafe columns[1 + column.rawValue]
    }

    /// The value at `key` now.
    public func get(
        _ column: Column, _ key: [UInt8], cache use: CacheUse = .fill
    ) -> [UInt8]? {
        get(column, key, readOptions, use)
    }

    func get(
        _ column: Column, _ key: [UInt8], _ options: ReadOptions, _ use: CacheUse
    ) -> [UInt8]? {
        var message: UnsafeMutablePointer<CChar>?
        // Safe because the slice is copied before it is destroyed.
        let slice = unsafe withCBytes(key) { key, count in
            unsafe rocksdb_get_pinned_cf(
                handle, options.handle(use), columnHandle(column), key, count, &message)
        }
        if let text = unsafe takeMessage(&message) {
            failure.fail("read", path, text)
        }
        guard let slice = unsafe slice else { return nil }
        defer { unsafe rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        let start = unsafe rocksdb_pinnableslice_value(slice, &count)
        return unsafe copyBytes(start, count)
    }

    /// The rows with lower <= key < upper as they are now.
    public func rows(
        _ column: Column, from lower: [UInt8], to upper: [UInt8], cache use: CacheUse = .fill
    ) -> RowIterator {
        RowIterator(self, column, readOptions, use, from: lower, to: upper)
    }

    /// The last row with lower <= key < upper as it is now.
    func lastRow(
        _ column: Column, from lower: [UInt8], to upper: [UInt8], cache use: CacheUse = .fill
    ) -> (key: [UInt8], value: [UInt8])? {
        var rows = RowIterator(self, column, readOptions, use, lastFrom: lower, to: upper)
        return rows.next()
    }

    /// Writes all of the batch or nothing. With `sync` it is on the disk when this returns;
    /// without, a crash of the machine can lose the last batches, but never a part of one and never
    /// an earlier one before a later one.
    public func write(_ batch: borrowing WriteBatch, sync: Bool) {
        var message: UnsafeMutablePointer<CChar>?
        // Safe because the handles are open as long as the objects that hold them.
        unsafe rocksdb_write(
            handle, sync ? syncedWrite : bufferedWrite, batch.handle, &message)
        if let text = unsafe takeMessage(&message) {
            failure.fail("write", path, text)
        }
    }

    /// Returns when everything that was written before is on the disk.
    public func sync() {
        var message: UnsafeMutablePointer<CChar>?
        // Safe because the handle is open as long as the object.
        unsafe rocksdb_flush_wal(handle, 1, &message)
        if let text = unsafe takeMessage(&message) {
            failure.fail("sync", path, text)
        }
    }

    /// The database as it is now, unchanged by later writes.
    public func snapshot() -> DatabaseSnapshot {
        DatabaseSnapshot(self)
    }

    /// Makes a copy in the new directory `path` by hard links, while the database is in use.
    public func checkpoint(at path: String) throws(StorageError) {
        var message: UnsafeMutablePointer<CChar>?
        // Safe because the checkpoint object is destroyed after its one use; there is none to be
        // destroyed after an error.
        let checkpoint = unsafe rocksdb_checkpoint_object_create(handle, &message)
        if let text = unsafe takeMessage(&message) {
            throw .io(path: path, detail: text)
        }
        defer { unsafe rocksdb_checkpoint_object_destroy(checkpoint) }
        unsafe rocksdb_checkpoint_create(checkpoint, path, 0, &message)
        if let text = unsafe takeMessage(&message) {
            throw .io(path: path, detail: text)
        }
    }
}

/// RocksDB's options as the database wants them.
private enum DatabaseOptions {
    // Numbers of RocksDB's enumerations (include/rocksdb/options.h, env.h).
    private static let noCompression: Int32 = 0
    private static let lz4: Int32 = 4
    private static let pointInTimeRecovery: Int32 = 2
    private static let warnings: Int32 = 2

    static func cache() -> OpaquePointer {
        // Safe because the constructor returns an object or ends the process.
        unsafe rocksdb_cache_create_lru(Database.cacheBytes)
    }

    static func general() -> OpaquePointer {
        // Safe because the options outlive every call here.
        let options = unsafe rocksdb_options_create()
        unsafe rocksdb_options_set_create_if_missing(options, 1)
        unsafe rocksdb_options_set_create_missing_column_families(options, 1)
        unsafe rocksdb_options_set_paranoid_checks(options, 1)
        unsafe rocksdb_options_set_max_open_files(options, 256)
        unsafe rocksdb_options_set_db_write_buffer_size(options, Database.memtableBytesMax)
        unsafe rocksdb_options_set_max_total_wal_size(options, 64 << 20)
        unsafe rocksdb_options_set_wal_recovery_mode(options, pointInTimeRecovery)
        unsafe rocksdb_options_set_info_log_level(options, warnings)
        unsafe rocksdb_options_set_max_log_file_size(options, 1 << 20)
        unsafe rocksdb_options_set_keep_log_file_num(options, 2)
        unsafe rocksdb_options_set_stats_dump_period_sec(options, 0)
        unsafe rocksdb_options_set_max_manifest_file_size(options, 4 << 20)
        return unsafe options!
    }

    static func column(_ column: Column, _ cache: OpaquePointer) -> OpaquePointer {
        // Safe because RocksDB copies the table options and takes over the filter policy.
        let table = unsafe rocksdb_block_based_options_create()
        defer { unsafe rocksdb_block_based_options_destroy(table) }
        unsafe rocksdb_block_based_options_set_block_cache(table, cache)
        unsafe rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        unsafe rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
        unsafe rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(10))
        unsafe rocksdb_block_based_options_set_format_version(table, 5)
        let options = unsafe rocksdb_options_create()
        unsafe rocksdb_options_set_block_based_table_factory(options, table)
        unsafe rocksdb_options_set_paranoid_checks(options, 1)
        unsafe rocksdb_options_set_write_buffer_size(options, column.writeBufferBytes)
        unsafe rocksdb_options_set_max_write_buffer_number(options, 2)
        unsafe rocksdb_options_set_compression(
            options, column.isCompressed ? lz4 : noCompression)
        return unsafe options!
    }
}

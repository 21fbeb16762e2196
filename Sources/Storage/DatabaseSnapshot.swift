import CRocksDB

/// The whole database at one moment. Holding it keeps old rows on disk, so it is held briefly.
public final class DatabaseSnapshot: @unchecked Sendable {
    private let database: Database
    private let handle: OpaquePointer
    private let readOptions: ReadOptions

    init(_ database: Database) {
        self.database = database
        // Safe because it is owned by the object and released by its deinit, before the database
        // that it holds.
        unsafe handle = rocksdb_create_snapshot(database.handle)
        unsafe readOptions = ReadOptions(snapshot: handle)
    }

    deinit {
        // Safe because iterators hold the object, so none is left, and no read goes on.
        unsafe rocksdb_release_snapshot(database.handle, handle)
    }

    public func get(
        _ column: Column, _ key: [UInt8], cache use: CacheUse = .fill
    ) -> [UInt8]? {
        database.get(column, key, readOptions, use)
    }

    public func rows(
        _ column: Column, from lower: [UInt8], to upper: [UInt8], cache use: CacheUse = .fill
    ) -> RowIterator {
        RowIterator(database, column, readOptions, use, from: lower, to: upper, holding: self)
    }
}

/// Rows in key order. A failed read ends the process.
public struct RowIterator: ~Copyable {
    private let database: Database
    private let holding: DatabaseSnapshot?
    private let options: ReadOptions
    private let handle: OpaquePointer
    private let upper: [UInt8]
    private var isStarted = false
    private var isEmpty = false

    init(
        _ database: Database, _ column: Column, _ options: ReadOptions, _ use: CacheUse,
        from lower: [UInt8], to upper: [UInt8], holding: DatabaseSnapshot? = nil
    ) {
        self.database = database
        self.options = options
        self.holding = holding
        self.upper = upper
        // Safe because the iterator is destroyed before the objects that it reads from.
        unsafe handle = rocksdb_create_iterator_cf(
            database.handle, options.handle(use), database.columnHandle(column))
        unsafe withCBytes(lower) { unsafe rocksdb_iter_seek(handle, $0, $1) }
    }

    /// Stands on the last row with lower <= key < upper.
    init(
        _ database: Database, _ column: Column, _ options: ReadOptions, _ use: CacheUse,
        lastFrom lower: [UInt8], to upper: [UInt8]
    ) {
        self.database = database
        self.options = options
        self.holding = nil
        self.upper = upper
        // Safe because the iterator is destroyed before the objects that it reads from.
        unsafe handle = rocksdb_create_iterator_cf(
            database.handle, options.handle(use), database.columnHandle(column))
        unsafe withCBytes(upper) { unsafe rocksdb_iter_seek_for_prev(handle, $0, $1) }
        // The seek stops at `upper` itself if there is such a row.
        if let key = currentKey, key == upper {
            unsafe rocksdb_iter_prev(handle)
        }
        isEmpty = currentKey.map { $0.lexicographicallyPrecedes(lower) } ?? true
        reportFailure()
    }

    /// An iterator that stands nowhere is at the end of its rows, or could not read them.
    private func reportFailure() {
        // Safe because the handle lives as long as this.
        guard unsafe rocksdb_iter_valid(handle) == 0 else { return }
        var message: UnsafeMutablePointer<CChar>?
        unsafe rocksdb_iter_get_error(handle, &message)
        if let text = unsafe takeMessage(&message) {
            database.failure.fail("read", database.path, text)
        }
    }

    private var currentKey: [UInt8]? {
        // Safe because the key is copied while the iterator stands on it.
        guard unsafe rocksdb_iter_valid(handle) != 0 else { return nil }
        var count = 0
        let start = unsafe rocksdb_iter_key(handle, &count)
        return unsafe copyBytes(start, count)
    }

    deinit {
        // Safe because nothing else holds the handle.
        unsafe rocksdb_iter_destroy(handle)
    }

    /// The next row, or nil behind the last.
    public mutating func next() -> (key: [UInt8], value: [UInt8])? {
        if isEmpty { return nil }
        // Safe because key and value are copied before the iterator moves.
        if isStarted, unsafe rocksdb_iter_valid(handle) != 0 {
            unsafe rocksdb_iter_next(handle)
        }
        isStarted = true
        guard unsafe rocksdb_iter_valid(handle) != 0 else {
            reportFailure()
            return nil
        }
        var count = 0
        let keyStart = unsafe rocksdb_iter_key(handle, &count)
        let key = unsafe copyBytes(keyStart, count)
        guard key.lexicographicallyPrecedes(upper) else { return nil }
        let valueStart = unsafe rocksdb_iter_value(handle, &count)
        return unsafe (key, copyBytes(valueStart, count))
    }
}

import CRocksDB

/// Rows that are written all at once or not at all.
public struct WriteBatch: ~Copyable {
    private let database: Database
    let handle: OpaquePointer

    public init(_ database: Database) {
        self.database = database
        // Safe because the constructor returns an object or ends the process.
        unsafe handle = rocksdb_writebatch_create()
    }

    deinit {
        // Safe because nothing else holds the handle.
        unsafe rocksdb_writebatch_destroy(handle)
    }

    public func put(_ column: Column, _ key: [UInt8], _ value: [UInt8]) {
        // Safe because RocksDB copies key and value into the batch.
        unsafe withCBytes(key) { key, keyCount in
            unsafe withCBytes(value) { value, valueCount in
                unsafe rocksdb_writebatch_put_cf(
                    handle, database.columnHandle(column), key, keyCount, value, valueCount)
            }
        }
    }

    public func delete(_ column: Column, _ key: [UInt8]) {
        // Safe because RocksDB copies the key into the batch.
        unsafe withCBytes(key) { key, count in
            unsafe rocksdb_writebatch_delete_cf(
                handle, database.columnHandle(column), key, count)
        }
    }

    /// Deletes the rows with lower <= key < upper.
    public func delete(_ column: Column, from lower: [UInt8], to upper: [UInt8]) {
        // Safe because RocksDB copies both keys into the batch.
        unsafe withCBytes(lower) { lower, lowerCount in
            unsafe withCBytes(upper) { upper, upperCount in
                unsafe rocksdb_writebatch_delete_range_cf(
                    handle, database.columnHandle(column), lower, lowerCount, upper, upperCount)
            }
        }
    }

    /// How many operations the batch has.
    public var count: Int {
        // Safe because the handle is open.
        unsafe Int(rocksdb_writebatch_count(handle))
    }
}

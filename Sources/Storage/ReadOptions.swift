import CRocksDB

/// What a read does with RocksDB's cache of blocks, indexes and filters.
public enum CacheUse: Sendable {
    /// What was read stays at hand: the node's own reads.
    case fill
    /// What is in the cache is used, and nothing new is put there: what strangers ask for, of which
    /// they could ask for everything there is.
    case pass
}

/// RocksDB's options of reads, one object for each use of the cache; they outlive every read that
/// is made with them.
final class ReadOptions: @unchecked Sendable {
    private let filling: OpaquePointer
    private let passing: OpaquePointer

    /// - Parameter snapshot: what the reads see; it lives longer than this.
    init(snapshot: OpaquePointer? = nil) {
        // Safe because each is made here, owned by the object and destroyed by its deinit.
        unsafe filling = rocksdb_readoptions_create()
        unsafe passing = rocksdb_readoptions_create()
        unsafe rocksdb_readoptions_set_fill_cache(passing, 0)
        for options in unsafe [filling, passing] {
            unsafe rocksdb_readoptions_set_verify_checksums(options, 1)
            if let snapshot = unsafe snapshot {
                unsafe rocksdb_readoptions_set_snapshot(options, snapshot)
            }
        }
    }

    deinit {
        // Safe because iterators and databases hold the object, so no read goes on.
        unsafe rocksdb_readoptions_destroy(filling)
        unsafe rocksdb_readoptions_destroy(passing)
    }

    func handle(_ use: CacheUse) -> OpaquePointer {
        switch use {
        case .fill: unsafe filling
        case .pass: unsafe passing
        }
    }
}

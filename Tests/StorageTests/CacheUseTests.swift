import CRocksDB
import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Storage

/// Whatever strangers ask for, the cache keeps what the node needs itself.
@Suite struct CacheUseTests {
    private static let count: UInt64 = 64
    private let directory: TemporaryDirectory
    private let database: Database

    /// A chain of blocks of 8 KiB that is in tables, and read by nobody yet.
    init() throws {
        directory = try TemporaryDirectory()
        do {
            let blocks = BlockStore(database: try Database(path: directory.path("db")))
            for height in 1...Self.count {
                let batch = WriteBatch(blocks.database)
                blocks.putBlock(
                    hash: Self.hash(height), height: Height(height), header: [1],
                    body: XorShift.noise(height), in: batch)
                blocks.finalize(
                    height: Height(height), hash: Self.hash(height),
                    receipts: XorShift.noise(height), transactions: [], in: batch)
                blocks.putFinalization(
                    XorShift.noise(height), height: Height(height), in: batch)
                batch.put(.flat, bigEndian(height), XorShift.noise(height))
                batch.put(.nodes, bigEndian(height), XorShift.noise(height))
                blocks.database.write(batch, sync: false)
            }
        }
        // Opening writes what only the log had into tables.
        database = try Database(path: directory.path("db"))
    }

    private static func hash(_ height: UInt64) -> Digest { Digest(.block, bigEndian(height)) }

    private var cachedBytes: UInt64 {
        var bytes: UInt64 = 0
        let status = rocksdb_property_int_cf(
            database.handle, database.columnHandle(.blocks), "rocksdb.block-cache-usage", &bytes)
        #expect(status == 0)
        return bytes
    }

    /// Everything that a stranger can ask for.
    private func readAll(_ blocks: BlockStore) {
        for height in 1...Self.count {
            let hash = blocks.hash(at: Height(height))
            #expect(hash == Self.hash(height))
            #expect(blocks.header(Self.hash(height)) == [1])
            #expect(blocks.body(Self.hash(height)) == XorShift.noise(height))
            #expect(blocks.receipts(at: Height(height)) == XorShift.noise(height))
            #expect(blocks.finalization(from: Height(height))?.height == Height(height))
        }
        #expect(blocks.last?.height == Height(Self.count))
        #expect(blocks.lastFinalization?.height == Height(Self.count))
    }

    private func readAll(_ rows: DatabaseSnapshot, _ use: CacheUse) {
        for column in [.flat, .nodes] as [Column] {
            var all = rows.rows(column, from: [], to: [255], cache: use)
            while all.next() != nil {}
            for height in 1...Self.count {
                #expect(rows.get(column, bigEndian(height), cache: use) != nil)
            }
        }
    }

    @Test func `what others read of blocks takes no room in the cache`() {
        let blocks = BlockStore(database: database)
        let before = cachedBytes
        readAll(blocks.forOthers())
        #expect(cachedBytes == before)
        readAll(blocks)
        // Three columns have such a row for each block.
        #expect(cachedBytes >= before + 3 * 8_192 * Self.count)
    }

    @Test func `what others read of a state takes no room in the cache`() {
        let rows = database.snapshot()
        let before = cachedBytes
        readAll(rows, .pass)
        #expect(cachedBytes == before)
        readAll(rows, .fill)
        #expect(cachedBytes >= before + 2 * 8_192 * Self.count)
    }

    @Test func `what the cache has serves others as well`() {
        let blocks = BlockStore(database: database)
        readAll(blocks)
        let before = cachedBytes
        readAll(blocks.forOthers())
        #expect(cachedBytes == before)
    }

    @Test func `a state for others uses what is remembered and adds nothing`() throws {
        let batch = WriteBatch(database)
        let status = StateStatus(
            version: 5, oldest: 5, tree: TreeRoot(hash: .zero, nodeVersion: nil))
        batch.put(.meta, MetaKey.state.bytes, status.encoded())
        database.write(batch, sync: false)
        let cache = StateCache()
        cache.begin(at: 5)
        let own = try #require(Snapshot(database.snapshot(), path: database, cache: cache))
        let key = bigEndian(UInt64(1))
        #expect(own.forOthers().value(for: key) == XorShift.noise(1))
        #expect(own.forOthers().value(for: [9]) == nil)
        guard case .unknown = cache.value(for: [9], at: 5) else {
            Issue.record("others filled the cache")
            return
        }
        #expect(own.value(for: [9]) == nil)
        guard case .known(nil) = cache.value(for: [9], at: 5) else {
            Issue.record("the own reads are not remembered")
            return
        }
        // A value that only the cache has shows that it was asked.
        cache.found([4], for: [8], at: 5)
        #expect(own.forOthers().value(for: [8]) == [4])
    }
}

extension XorShift {
    /// 8 KiB that no compression makes smaller.
    fileprivate static func noise(_ seed: UInt64) -> [UInt8] {
        var noise = XorShift(seed: seed)
        return noise.bytes(8_192)
    }
}

import Chain
import Cryptography

/// Blocks, certificates and receipts, as bytes: the durable truth from which the state can be made
/// again.
///
/// A block is stored when it arrives, before any vote for it. Which one a height has is written
/// with the commit of its state (`StateStore.commit`, by the functions that take a batch).
public final class BlockStore: Sendable {
    public let database: Database
    private let cache: CacheUse

    public init(database: Database) {
        self.database = database
        cache = .fill
    }

    private init(database: Database, cache: CacheUse) {
        self.database = database
        self.cache = cache
    }

    /// The same store, to answer others from: what they read takes no room in the cache from what
    /// the node needs.
    public func forOthers() -> BlockStore {
        BlockStore(database: database, cache: .pass)
    }

    private func get(_ column: Column, _ key: [UInt8]) -> [UInt8]? {
        database.get(column, key, cache: cache)
    }

    private func rows(_ column: Column, from lower: [UInt8], to upper: [UInt8]) -> RowIterator {
        database.rows(column, from: lower, to: upper, cache: cache)
    }

    private func lastRow(
        _ column: Column, from lower: [UInt8], to upper: [UInt8]
    ) -> (key: [UInt8], value: [UInt8])? {
        database.lastRow(column, from: lower, to: upper, cache: cache)
    }

    // MARK: Blocks

    private enum BlockKey {
        static func header(_ hash: Digest) -> [UInt8] { [UInt8(ascii: "h")] + hash.bytes }
        static func body(_ hash: Digest) -> [UInt8] { [UInt8(ascii: "b")] + hash.bytes }
    }

    /// Stores a block; it is on the disk when this returns.
    public func putBlock(hash: Digest, height: Height, header: [UInt8], body: [UInt8]) {
        let batch = WriteBatch(database)
        putBlock(hash: hash, height: height, header: header, body: body, in: batch)
        database.write(batch, sync: true)
    }

    /// Stores a block with what else the batch has.
    public func putBlock(
        hash: Digest, height: Height, header: [UInt8], body: [UInt8],
        in batch: borrowing WriteBatch
    ) {
        batch.put(.blocks, BlockKey.header(hash), header)
        batch.put(.blocks, BlockKey.body(hash), body)
        batch.put(.index, IndexKey.undecided(height, hash), [])
    }

    public func hasBlock(_ hash: Digest) -> Bool {
        header(hash) != nil
    }

    public func header(_ hash: Digest) -> [UInt8]? {
        get(.blocks, BlockKey.header(hash))
    }

    public func body(_ hash: Digest) -> [UInt8]? {
        get(.blocks, BlockKey.body(hash))
    }

    // MARK: The chain

    private enum IndexKey {
        static func canonical(_ height: Height) -> [UInt8] {
            [UInt8(ascii: "c")] + bigEndian(height.value)
        }
        static func transaction(_ id: Digest) -> [UInt8] { [UInt8(ascii: "t")] + id.bytes }
        static func undecided(_ height: Height, _ hash: Digest) -> [UInt8] {
            [UInt8(ascii: "u")] + bigEndian(height.value) + hash.bytes
        }
        static func undecided(_ height: Height) -> [UInt8] {
            [UInt8(ascii: "u")] + bigEndian(height.value)
        }
    }

    /// Writes that `hash` is the final block of `height`, its receipts and where its transactions
    /// are, and deletes the blocks up to `height` that no one decided for.
    public func finalize(
        height: Height, hash: Digest, receipts: [UInt8], transactions: [Digest],
        in batch: borrowing WriteBatch
    ) {
        batch.put(.index, IndexKey.canonical(height), hash.bytes)
        batch.put(.receipts, bigEndian(height.value), receipts)
        for (index, id) in transactions.enumerated() {
            batch.put(
                .index, IndexKey.transaction(id),
                bigEndian(height.value) + bigEndian(UInt64(index)))
        }
        var rows = self.rows(
            .index, from: IndexKey.undecided(.genesis),
            to: IndexKey.undecided(height.advanced(by: 1)))
        while let row = rows.next() {
            batch.delete(.index, row.key)
            let other = Digest(Array(row.key.suffix(32)))
            // A final block can have been stored once more after its height was decided.
            guard other != hash, self.hash(at: Height(bigEndian(row.key[1..<9]))) != other else {
                continue
            }
            batch.delete(.blocks, BlockKey.header(other))
            batch.delete(.blocks, BlockKey.body(other))
        }
    }

    /// The final block of a height.
    public func hash(at height: Height) -> Digest? {
        get(.index, IndexKey.canonical(height)).map { Digest($0) }
    }

    /// The highest final block.
    public var last: (height: Height, hash: Digest)? {
        guard
            let row = lastRow(
                .index, from: IndexKey.canonical(.genesis), to: [UInt8(ascii: "c") + 1])
        else { return nil }
        return (Height(bigEndian(row.key.suffix(8))), Digest(row.value))
    }

    /// The blocks that are stored and not decided, by height: what a restart executes again.
    public func undecided() -> [(height: Height, hash: Digest)] {
        var rows = self.rows(
            .index, from: [UInt8(ascii: "u")], to: [UInt8(ascii: "u") + 1])
        var blocks: [(height: Height, hash: Digest)] = []
        while let row = rows.next() {
            blocks.append(
                (Height(bigEndian(row.key[1..<9])), Digest(Array(row.key.suffix(32)))))
        }
        return blocks
    }

    /// The encoded receipts of a height.
    public func receipts(at height: Height) -> [UInt8]? {
        get(.receipts, bigEndian(height.value))
    }

    /// Where a transaction is: the height and its place in the block.
    public func transaction(_ id: Digest) -> (height: Height, index: Int)? {
        guard let value = get(.index, IndexKey.transaction(id)) else { return nil }
        return (Height(bigEndian(value[0..<8])), Int(bigEndian(value[8..<16])))
    }

    // MARK: Certificates

    private enum CertificateKey {
        static func finalization(_ height: Height) -> [UInt8] {
            [UInt8(ascii: "f")] + bigEndian(height.value)
        }
        static func view(_ instance: Digest, _ view: View) -> [UInt8] {
            [UInt8(ascii: "v")] + instance.bytes + bigEndian(view.value)
        }
    }

    /// The finalization of a height's own block. A block that is final through a descendant has
    /// none; the next one above it proves it.
    public func putFinalization(
        _ certificate: [UInt8], height: Height, in batch: borrowing WriteBatch
    ) {
        batch.put(.certificates, CertificateKey.finalization(height), certificate)
    }

    public func finalization(at height: Height) -> [UInt8]? {
        get(.certificates, CertificateKey.finalization(height))
    }

    /// The first finalization at `height` or above it.
    public func finalization(from height: Height) -> (height: Height, certificate: [UInt8])? {
        var rows = self.rows(
            .certificates, from: CertificateKey.finalization(height),
            to: [UInt8(ascii: "f") + 1])
        return rows.next().map { (Height(bigEndian($0.key.suffix(8))), $0.value) }
    }

    /// The newest finalization.
    public var lastFinalization: (height: Height, certificate: [UInt8])? {
        lastRow(
            .certificates, from: CertificateKey.finalization(.genesis),
            to: [UInt8(ascii: "f") + 1]
        ).map { (Height(bigEndian($0.key.suffix(8))), $0.value) }
    }

    /// Stores a certificate of an instance; it is on the disk when this returns if `sync`.
    public func putCertificate(
        _ certificate: [UInt8], instance: Digest, view: View, kind: VoteKind, sync: Bool
    ) {
        let batch = WriteBatch(database)
        putCertificate(certificate, instance: instance, view: view, kind: kind, in: batch)
        database.write(batch, sync: sync)
    }

    public func putCertificate(
        _ certificate: [UInt8], instance: Digest, view: View, kind: VoteKind,
        in batch: borrowing WriteBatch
    ) {
        batch.put(
            .certificates, CertificateKey.view(instance, view) + [kind.rawValue], certificate)
    }

    public func certificate(instance: Digest, view: View, kind: VoteKind) -> [UInt8]? {
        get(.certificates, CertificateKey.view(instance, view) + [kind.rawValue])
    }

    /// The certificates of an instance from `view` on, in the order of view and kind, at most
    /// `limit`.
    public func certificates(instance: Digest, from view: View, limit: Int) -> [[UInt8]] {
        var rows = self.rows(
            .certificates, from: CertificateKey.view(instance, view),
            to: CertificateKey.view(instance, View(.max)) + [.max])
        var found: [[UInt8]] = []
        while found.count < limit, let row = rows.next() {
            found.append(row.value)
        }
        return found
    }

    public func deleteCertificate(
        instance: Digest, view: View, kind: VoteKind, in batch: borrowing WriteBatch
    ) {
        batch.delete(.certificates, CertificateKey.view(instance, view) + [kind.rawValue])
    }

    /// Deletes the certificates of an instance below `view`.
    public func deleteCertificates(
        instance: Digest, below view: View, in batch: borrowing WriteBatch
    ) {
        batch.delete(
            .certificates, from: CertificateKey.view(instance, .zero),
            to: CertificateKey.view(instance, view))
    }

    // MARK: Epochs

    private enum SeatsKey {
        static func epoch(_ epoch: Epoch) -> [UInt8] {
            Array("seats".utf8) + bigEndian(epoch.value)
        }
    }

    /// Writes the network keys that an epoch's seats had when it began, encoded, and forgets those
    /// of the epochs before it. They are on the disk before whatever is written after them.
    public func putSeatKeys(_ keys: [UInt8], of epoch: Epoch) {
        let batch = WriteBatch(database)
        batch.delete(.meta, from: SeatsKey.epoch(.zero), to: SeatsKey.epoch(epoch))
        batch.put(.meta, SeatsKey.epoch(epoch), keys)
        database.write(batch, sync: false)
    }

    /// Nil for an epoch that is over, has not begun, or began under a program that kept none.
    public func seatKeys(of epoch: Epoch) -> [UInt8]? {
        database.get(.meta, SeatsKey.epoch(epoch))
    }

    // MARK: Genesis

    /// The genesis that the database belongs to; nil in a new one.
    public var genesisHash: Digest? {
        self.get(.meta, MetaKey.genesis.bytes).map { Digest($0) }
    }

    public func putGenesisHash(_ hash: Digest, in batch: borrowing WriteBatch) {
        batch.put(.meta, MetaKey.genesis.bytes, hash.bytes)
    }
}

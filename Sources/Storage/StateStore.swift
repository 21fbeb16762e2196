import Chain
import Codec
import Cryptography
import StateTree

/// Why a question about the state of a height has no answer.
public enum StateStoreError: Error, Equatable, Sendable {
    /// The height is below what is kept: gone for good here, though other nodes may have it.
    case pruned(height: UInt64, oldest: UInt64)
    /// The height is not final yet.
    case future(height: UInt64, newest: UInt64)
    /// Nothing was ever committed.
    case empty
}

/// Where the committed state stands.
public struct StateStatus: CanonicalCodable, Hashable, Sendable {
    /// The version of the last commit, a height.
    public let version: UInt64
    /// The oldest version that can be asked for.
    public let oldest: UInt64
    public let tree: TreeRoot

    init(version: UInt64, oldest: UInt64, tree: TreeRoot) {
        self.version = version
        self.oldest = oldest
        self.tree = tree
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        version = try reader.readUInt64()
        oldest = try reader.readUInt64()
        tree = TreeRoot(
            hash: try Digest(from: &reader), nodeVersion: try reader.readOptional(of: UInt64.self))
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(version)
        writer.write(oldest)
        writer.write(tree.hash)
        writer.writeOptional(tree.nodeVersion)
    }

    public var height: Height { Height(version) }
}

/// The state of the last finalized block, and the values and proofs of some heights before it.
///
/// `flat` has the latest value of every key. `history` has, for each change of a key, what the key
/// held before: the row (key, version) answers for all heights below that version down to the next
/// older row, so the value at a height is in the first row of the key above that height, or in
/// `flat` if there is none. `stale` has one row for each version with the tree nodes and history
/// rows that nobody needs once the version is out of the retention; pruning reads that row and
/// deletes what it lists, at most two versions with each commit.
public final class StateStore: Sendable {
    /// Versions pruned with one commit, so that a shorter retention is reached over many blocks.
    static let prunedVersionsPerCommitMax = 2

    public let database: Database
    /// How many heights below the newest one can be asked for.
    public let retention: UInt64
    private let cache = StateCache()

    /// - Precondition: at least one height is kept.
    public init(database: Database, retention: UInt64) {
        precondition(retention >= 1, "the state before the newest one is kept")
        self.database = database
        self.retention = retention
        if let status {
            cache.begin(at: status.version)
        }
    }

    public var status: StateStatus? {
        StateStatus.read(database.get(.meta, MetaKey.state.bytes), path: database)
    }

    /// Makes the state of `changes.version` the newest, in one atomic batch with everything that
    /// `extra` adds, and prunes what left the retention.
    ///
    /// With `sync` false the last commits can be lost in a crash of the machine, the newest first;
    /// their blocks are executed again then.
    ///
    /// - Precondition: the changes were made over the newest state; versions follow one another.
    public func commit(
        _ changes: StateChanges, sync: Bool, extra: (borrowing WriteBatch) -> Void = { _ in }
    ) {
        let before = status
        if let before {
            precondition(
                changes.version == before.version + 1,
                "version \(changes.version) follows \(before.version)")
        }
        let batch = WriteBatch(database)
        write(changes, after: before?.version, to: batch)
        let oldest = prune(newest: changes.version, oldest: before?.oldest, in: batch)
        let status = StateStatus(
            version: changes.version, oldest: oldest, tree: changes.tree)
        batch.put(.meta, MetaKey.state.bytes, status.encoded())
        batch.put(.meta, MetaKey.root(changes.version), status.encoded())
        extra(batch)
        database.write(batch, sync: sync)
        cache.commit(changes)
    }

    private func write(
        _ changes: StateChanges, after before: UInt64?, to batch: borrowing WriteBatch
    ) {
        for node in changes.nodes {
            batch.put(.nodes, node.key.bytes, node.bytes)
        }
        // Nothing can be asked below the first version, so it needs no history.
        var history: [[UInt8]] = []
        history.reserveCapacity(before == nil ? 0 : changes.writes.count)
        for write in changes.writes {
            if let before {
                let key = HistoryKey.bytes(write.key, version: changes.version)
                batch.put(.history, key, HistoryValue.bytes(value(for: write.key, before)))
                history.append(key)
            }
            if let value = write.value {
                batch.put(.flat, write.key, value)
            } else {
                batch.delete(.flat, write.key)
            }
        }
        guard before != nil else { return }
        let stale = StaleList(nodes: changes.stale.map(\.bytes), history: history)
        batch.put(.stale, bigEndian(changes.version), stale.encoded())
    }

    /// The newest value, which is that of `version`.
    private func value(for key: [UInt8], _ version: UInt64) -> [UInt8]? {
        switch cache.value(for: key, at: version) {
        case .known(let value): value
        case .unknown: database.get(.flat, key)
        }
    }

    /// Deletes what only heights below the new floor need; the new floor.
    private func prune(newest: UInt64, oldest: UInt64?, in batch: borrowing WriteBatch) -> UInt64 {
        guard var oldest else { return newest }
        let wanted = newest < retention ? 0 : newest - retention
        for _ in 0..<Self.prunedVersionsPerCommitMax where oldest < wanted {
            batch.delete(.meta, MetaKey.root(oldest))
            oldest += 1
            let key = bigEndian(oldest)
            guard let bytes = database.get(.stale, key) else {
                database.failure.fail("read", database.path, "no stale list of version \(oldest)")
            }
            let list = StaleList.read(bytes, path: database)
            for node in list.nodes {
                batch.delete(.nodes, node)
            }
            for row in list.history {
                batch.delete(.history, row)
            }
            batch.delete(.stale, key)
        }
        return oldest
    }

    /// The newest state, unchanged by later commits; nil before the first commit.
    public func snapshot() -> Snapshot? {
        Snapshot(database.snapshot(), path: database, cache: cache)
    }

    /// The value at `key` after the block of `version`.
    public func value(for key: [UInt8], at version: UInt64) throws(StateStoreError) -> [UInt8]? {
        guard let snapshot = snapshot() else { throw .empty }
        return try snapshot.value(for: key, at: version)
    }
}

/// The tree nodes and history rows that become unneeded behind one version.
struct StaleList: CanonicalCodable {
    let nodes: [[UInt8]]
    let history: [[UInt8]]

    init(nodes: [[UInt8]], history: [[UInt8]]) {
        self.nodes = nodes
        self.history = history
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        nodes = try Self.keys(from: &reader)
        history = try Self.keys(from: &reader)
    }

    private static func keys(from reader: inout ByteReader) throws(DecodeError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for _ in 0..<(try reader.readLength(limit: Int(UInt32.max))) {
            keys.append(try reader.readByteVector(limit: 1024))
        }
        return keys
    }

    func encode(into writer: inout ByteWriter) {
        for keys in [nodes, history] {
            writer.writeLength(keys.count)
            for key in keys {
                writer.writeByteVector(key)
            }
        }
    }
}

/// Keys of the column `history`. The length comes first, so that no key's rows stand among those of
/// another that begins with it.
enum HistoryKey {
    static func bytes(_ key: [UInt8], version: UInt64) -> [UInt8] {
        var bytes = [UInt8(key.count >> 8), UInt8(key.count & 0xFF)]
        bytes.reserveCapacity(key.count + 10)
        bytes += key
        bytes += bigEndian(version)
        return bytes
    }
}

/// Values of the column `history`: 1 and the value, or 0 for absence.
enum HistoryValue {
    static func bytes(_ value: [UInt8]?) -> [UInt8] {
        value.map { [1] + $0 } ?? [0]
    }

    static func value(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.first == 1 ? Array(bytes.dropFirst()) : nil
    }
}

extension CanonicalCodable {
    /// A row that this program wrote. One that does not decode ends the process.
    static func read(_ bytes: [UInt8], path database: Database) -> Self {
        do {
            return try Self(decoding: bytes)
        } catch {
            database.failure.fail("read", database.path, "a \(Self.self) does not decode: \(error)")
        }
    }

    static func read(_ bytes: [UInt8]?, path database: Database) -> Self? {
        guard let bytes else { return nil }
        return .some(read(bytes, path: database))
    }
}

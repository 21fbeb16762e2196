import StateTree
import Synchronization

/// Recently used values and tree nodes of the newest state, so that a block does not ask RocksDB
/// for what the block before it wrote.
///
/// Values belong to one version: only a reader of the newest version uses them. Nodes never change
/// under their key, so every reader may. At most about 20 MiB.
final class StateCache: Sendable {
    enum Lookup {
        /// The value, or nil for a key that is known to be absent.
        case known([UInt8]?)
        case unknown
    }

    private struct Content: ~Copyable {
        var version: UInt64?
        var values = Generations<[UInt8], [UInt8]?>(countMax: 16_384)
        var nodes = Generations<NodeKey, [UInt8]>(countMax: 8_192)
    }

    /// Larger values are not worth the memory.
    private static let valueBytesMax = 512

    private let content = Mutex(Content())

    func value(for key: [UInt8], at version: UInt64) -> Lookup {
        content.withLock { content in
            guard content.version == version, let value = content.values[key] else {
                return .unknown
            }
            return .known(value)
        }
    }

    /// Remembers what a reader of `version` found.
    func found(_ value: [UInt8]?, for key: [UInt8], at version: UInt64) {
        guard (value?.count ?? 0) <= Self.valueBytesMax else { return }
        content.withLock { content in
            guard content.version == version else { return }
            content.values.insert(value, for: key)
        }
    }

    func node(_ key: NodeKey) -> [UInt8]? {
        content.withLock { $0.nodes[key] }
    }

    func found(_ node: [UInt8], for key: NodeKey) {
        content.withLock { $0.nodes.insert(node, for: key) }
    }

    /// The state at `version` is the newest, and nothing is known of it yet.
    func begin(at version: UInt64) {
        content.withLock { content in
            content.version = version
            content.values.removeAll()
        }
    }

    /// Goes on to the version that was just written to the database.
    func commit(_ changes: StateChanges) {
        content.withLock { content in
            for write in changes.writes {
                if (write.value?.count ?? 0) <= Self.valueBytesMax {
                    content.values.insert(write.value, for: write.key)
                } else {
                    content.values.remove(write.key)
                }
            }
            for key in changes.stale {
                content.nodes.remove(key)
            }
            for node in changes.nodes {
                content.nodes.insert(node.bytes, for: node.key)
            }
            content.version = changes.version
        }
    }
}

/// The last used entries, in two generations: when the young one is full, it becomes the old one,
/// and what was not used since the last change is forgotten.
struct Generations<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let countMax: Int

    /// - Parameter countMax: entries of one generation.
    init(countMax: Int) {
        self.countMax = countMax
    }

    /// Using an entry makes it young again.
    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(value, for: key)
            return value
        }
    }

    mutating func insert(_ value: Value, for key: Key) {
        if young.count >= countMax {
            old = young
            young = [:]
        }
        young[key] = value
    }

    mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }

    var count: Int { young.count + old.count }
}

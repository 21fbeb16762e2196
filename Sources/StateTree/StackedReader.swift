/// The state after blocks that are not final: a reader and the changes of the blocks above it.
public struct StackedReader<Base: StateReader>: StateReader {
    public let base: Base
    /// Oldest first, each made over the ones before.
    public let changes: [StateChanges]

    public init(base: Base, changes: [StateChanges]) {
        for index in changes.indices.dropFirst() {
            precondition(
                changes[index - 1].version < changes[index].version, "the oldest changes are first")
        }
        self.base = base
        self.changes = changes
    }

    public var root: TreeRoot { changes.last?.tree ?? base.root }

    public func value(for key: [UInt8]) -> [UInt8]? {
        for change in changes.reversed() {
            if let write = change.write(for: key) { return write.value }
        }
        return base.value(for: key)
    }

    public func node(_ key: NodeKey) -> [UInt8]? {
        for change in changes.reversed() where change.version <= key.version {
            guard change.version == key.version else { break }
            return change.node(at: key.path)
        }
        return base.node(key)
    }

    public func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        var lower = lower
        var below = base.firstEntry(from: lower, to: upper)
        while true {
            var least: StateWrite?
            // The newest write of the least key wins.
            for change in changes.reversed() {
                guard let write = change.firstWrite(from: lower, to: upper) else { continue }
                if let other = least, !precedes(write.key, other.key) { continue }
                least = write
            }
            guard let write = least else { return below }
            if let entry = below, precedes(entry.key, write.key) { return entry }
            if let value = write.value { return StateEntry(key: write.key, value: value) }
            lower = successor(of: write.key)
            if below?.key == write.key {
                below = base.firstEntry(from: lower, to: upper)
            }
        }
    }
}

extension StackedReader: Sendable where Base: Sendable {}

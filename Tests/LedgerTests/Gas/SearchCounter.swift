import Codec
import StateTree

/// Counts what is asked of a state: reads and searches alike.
final class SearchCounter {
    var count = 0
}

struct CountedState: StateReader {
    let base: MemoryState
    let counter: SearchCounter

    var root: TreeRoot { base.root }

    func node(_ key: NodeKey) -> [UInt8]? { base.node(key) }

    func value(for key: [UInt8]) -> [UInt8]? {
        counter.count += 1
        return base.value(for: key)
    }

    func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        counter.count += 1
        return base.firstEntry(from: lower, to: upper)
    }
}

import Chain
import Cryptography
import OrderedCollections

/// What agreement knows about one block: its header, and how far its body and execution are.
struct BlockEntry: Sendable {
    enum Body: Comparable, Sendable {
        /// Only the header is here.
        case absent
        /// The replica holds the body in memory.
        case held
        /// The body is stored durably.
        case stored
    }

    enum Execution: Hashable, Sendable {
        /// Next: `running`.
        case notAsked
        /// Next: `valid`, `invalid`, `unavailable`.
        case running
        case valid
        case invalid
        /// Next: `running`, with the next retry.
        case unavailable
    }

    let header: Header
    var body = Body.absent
    var execution = Execution.notAsked

    init(header: Header) {
        self.header = header
    }
}

/// What stands in the way of a block's execution.
enum ExecutionStatus: Hashable, Sendable {
    case valid
    case invalid
    case waiting
    /// This block's body must be fetched first.
    case missing(Digest)
    /// The block does not descend from the last final one.
    case detached
}

/// The blocks above the last final one, by hash.
struct BlockTable: Sendable {
    private var entries: OrderedDictionary<Digest, BlockEntry> = [:]

    subscript(hash: Digest) -> BlockEntry? {
        entries[hash]
    }

    var count: Int { entries.count }

    /// Every block with its hash, in the order in which they came.
    var all: [(hash: Digest, entry: BlockEntry)] {
        entries.map { ($0.key, $0.value) }
    }

    /// Adds the header, if it is new, and raises the body's place.
    mutating func insert(_ header: Header, hash: Digest, body: BlockEntry.Body) {
        var entry = entries[hash] ?? BlockEntry(header: header)
        entry.body = max(entry.body, body)
        if entry.execution == .unavailable, body > .absent {
            entry.execution = .notAsked
        }
        entries[hash] = entry
    }

    mutating func setExecution(_ hash: Digest, _ execution: BlockEntry.Execution) {
        entries[hash]?.execution = execution
    }

    /// The body is not here after all: as if it had never been.
    mutating func lose(_ hash: Digest) {
        entries[hash]?.body = .absent
        entries[hash]?.execution = .notAsked
    }

    /// Lets what was unavailable be asked for again.
    mutating func retryUnavailable() {
        for index in entries.values.indices
        where entries.values[index].execution == .unavailable {
            entries.values[index].execution = .notAsked
        }
    }

    /// Forgets a final block and everything that cannot be above it: on one chain heights and views
    /// rise together.
    mutating func removeAll(through final: BlockSummary) {
        entries.removeAll { _, entry in
            entry.header.height <= final.height || entry.header.view <= final.view
        }
    }
}

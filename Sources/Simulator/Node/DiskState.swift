import Chain
import Codec
import Cryptography
import StateTree

/// The committed state as rows of a virtual disk: what blocks are executed over and queries read. A
/// copy of the tables, so that later commits do not change it.
struct DiskState: StateReader, Sendable {
    let root: TreeRoot
    let height: Height
    private let values: RowTable
    private let nodes: RowTable

    init(root: TreeRoot, height: Height, values: RowTable, nodes: RowTable) {
        self.root = root
        self.height = height
        self.values = values
        self.nodes = nodes
    }

    func value(for key: [UInt8]) -> [UInt8]? { values[key] }

    func node(_ key: NodeKey) -> [UInt8]? { nodes[key.bytes] }

    func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        values.first(from: lower, to: upper).map { StateEntry(key: $0.key, value: $0.value) }
    }

    /// How many entries the state has.
    var count: Int { values.count }
}

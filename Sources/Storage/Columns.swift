/// Every column family of the database.
///
/// Numbers in keys are big-endian, so that byte order is their order.
public enum Column: Int, CaseIterable, Sendable {
    /// Tree nodes by node key: version, nibble count, nibbles.
    case nodes
    /// By version: which nodes and old values that version made unneeded (`StaleList`).
    case stale
    /// The latest value of each state key.
    case flat
    /// What a state key held before a version changed it: key length u16, key, version.
    case history
    /// Headers and bodies by block hash.
    case blocks
    /// Finalizations by height; other certificates by instance, view and kind.
    case certificates
    /// A block's receipts by height.
    case receipts
    /// Block hash by height, transaction place by id, undecided blocks by height.
    case index
    /// What the database says about itself (`MetaKey`).
    case meta

    /// The name on disk.
    var name: String {
        switch self {
        case .nodes: "nodes"
        case .stale: "stale"
        case .flat: "flat"
        case .history: "history"
        case .blocks: "blocks"
        case .certificates: "certificates"
        case .receipts: "receipts"
        case .index: "index"
        case .meta: "meta"
        }
    }

    /// Memory for rows that are not in a table file yet. Busy columns have more of it, and all
    /// together no more than `Database.memtableBytesMax`.
    var writeBufferBytes: Int {
        switch self {
        case .nodes, .flat, .history, .blocks: 8 << 20
        case .stale, .certificates, .receipts, .index: 4 << 20
        case .meta: 1 << 20
        }
    }

    /// Hashes do not shrink; text and repeated fields do.
    var isCompressed: Bool {
        switch self {
        case .nodes, .stale, .certificates, .index, .meta: false
        case .flat, .history, .blocks, .receipts: true
        }
    }
}

/// What the database says about itself.
public enum MetaKey: String, CaseIterable, Sendable {
    /// The format of the whole database, u32.
    case format
    /// The state's height, root and retention floor.
    case state
    /// The hash of the genesis that the database belongs to.
    case genesis

    var bytes: [UInt8] { Array(rawValue.utf8) }

    /// The tree root of a height within the retention.
    static func root(_ version: UInt64) -> [UInt8] {
        Array("root".utf8) + bigEndian(version)
    }
}

func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
}

func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    precondition(bytes.count == 8, "a big-endian number in a key has 8 bytes")
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
}

/// The least key above every key that begins with `prefix`.
///
/// - Precondition: some byte of the prefix is below 255.
func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
    var end = prefix
    while let last = end.popLast() {
        if last < 255 {
            end.append(last + 1)
            return end
        }
    }
    preconditionFailure("a key prefix has an end")
}

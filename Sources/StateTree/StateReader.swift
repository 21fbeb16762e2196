import Codec
import Cryptography

/// A key of the state with its value.
public struct StateEntry: Hashable, Sendable {
    /// Module (u16, little-endian), then the module's own key.
    public let key: [UInt8]
    public let value: [UInt8]

    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// A value to store at a key, or nil to remove what is there.
public struct StateWrite: Hashable, Sendable {
    public let key: [UInt8]
    public let value: [UInt8]?

    public init(key: [UInt8], value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// Where the tree of a state begins.
public struct TreeRoot: Hashable, Sendable {
    /// The root hash, a function of the keys and values only.
    public let hash: Digest
    /// The version that wrote the root node; nil for the empty tree.
    public let nodeVersion: UInt64?

    public init(hash: Digest, nodeVersion: UInt64?) {
        self.hash = hash
        self.nodeVersion = nodeVersion
    }

    public static let empty = TreeRoot(hash: .zero, nodeVersion: nil)
}

/// The tree at one version: what a proof is made from.
///
/// A reader does not change under its user. A failed disk is no error here, because it ends the
/// process.
public protocol TreeReader {
    /// The bytes of a stored tree node.
    func node(_ key: NodeKey) -> [UInt8]?

    var root: TreeRoot { get }
}

/// The state at one version: what a block is executed over.
public protocol StateReader: TreeReader {
    func value(for key: [UInt8]) -> [UInt8]?

    /// The first entry with lower <= key < upper in byte order.
    func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry?
}

extension TreeReader {
    public var rootKey: NodeKey? {
        root.nodeVersion.map { NodeKey(version: $0, path: .empty) }
    }
}

/// Sizes that the state accepts.
public enum StateLimits {
    /// Bytes of a key, the module included (u16 and at most 256 bytes).
    public static let keyBytesMax = 2 + 256
    public static let valueBytesMax = 64 * 1024
}

/// Whether `a` comes before `b` in byte order, a prefix first.
func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    BytesKey(a) < BytesKey(b)
}

/// The least key above `key`.
func successor(of key: [UInt8]) -> [UInt8] {
    key + [0]
}

import Codec
import Cryptography

/// The way from the root to a node: at most 64 nibbles, the first bits of a key's hash.
public struct TreePath: Hashable, Sendable {
    /// The nibbles in the order of `Bytes32`; those behind `count` are zero.
    private var words: Words32
    public private(set) var count: Int

    public static let empty = TreePath(words: Words32(0, 0, 0, 0), count: 0)
    static let nibblesMax = 64

    private init(words: Words32, count: Int) {
        self.words = words
        self.count = count
    }

    func appending(_ nibble: Int) -> TreePath {
        precondition(count < Self.nibblesMax, "a path has at most 64 nibbles")
        precondition(nibble >= 0 && nibble < 16, "a nibble is below 16")
        var path = self
        path.words.insert(nibble: nibble, at: count)
        path.count += 1
        return path
    }

    /// Nibble count, then the nibbles packed two to a byte, the first in the high half.
    func encode(into writer: inout ByteWriter) {
        writer.write(UInt8(count))
        let bytes = Digest(words: words).bytes
        writer.writeBytes(Array(bytes[0..<(count + 1) / 2]))
    }
}

/// The key of a stored tree node. Versions grow, so that new nodes go to the end of the column.
public struct NodeKey: Hashable, Sendable {
    public let version: UInt64
    public let path: TreePath

    public init(version: UInt64, path: TreePath) {
        self.version = version
        self.path = path
    }

    /// version u64 big-endian ‖ nibble count u8 ‖ packed nibbles.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 8 + 1 + 32)
        writer.write(version.byteSwapped)
        path.encode(into: &writer)
        return writer.bytes
    }
}

extension Words32 {
    fileprivate static func shift(ofNibble index: Int) -> UInt64 {
        UInt64(8 * ((index / 2) % 8) + (index % 2 == 0 ? 4 : 0))
    }

    fileprivate mutating func insert(nibble: Int, at index: Int) {
        let bits = UInt64(nibble) << Self.shift(ofNibble: index)
        switch index / 16 {
        case 0: w0 |= bits
        case 1: w1 |= bits
        case 2: w2 |= bits
        default: w3 |= bits
        }
    }

    fileprivate func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: w0
        case 1: w1
        case 2: w2
        default: w3
        }
    }
}

extension Digest {
    /// Nibble `index` of 0..<64, the high half of a byte first.
    func nibble(at index: Int) -> Int {
        Int(words.word(index / 16) >> Words32.shift(ofNibble: index) & 0x0F)
    }

    /// Bit `index` of 0..<256, the high bit of a byte first.
    func bit(at index: Int) -> Bool {
        nibble(at: index / 4) >> (3 - index % 4) & 1 == 1
    }

    /// How many leading bits the two have in common.
    func commonBits(with other: Digest) -> Int {
        for index in 0..<4 {
            let difference = words.word(index) ^ other.words.word(index)
            if difference != 0 {
                return 64 * index + difference.byteSwapped.leadingZeroBitCount
            }
        }
        return 256
    }
}

/// Why bytes from outside are not a value.
///
/// Every case is the fault of whoever made the bytes; waiting cures none.
public enum DecodeError: Error, Equatable, Sendable {
    /// The bytes end before the value does.
    case truncated(needed: Int, available: Int)
    /// The value ends before the bytes do.
    case trailingBytes(count: Int)
    /// A ULEB128 number with a padded form, or one above 32 bits.
    case nonCanonicalLength
    /// A length above the bound that its place declares.
    case lengthOutOfBounds(length: UInt64, limit: Int)
    /// An enumeration tag that no case has.
    case unknownTag(type: String, tag: UInt64)
    /// Bytes of the right length that are no value of the type.
    case invalidValue(type: String)
}

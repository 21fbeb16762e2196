import Codec

/// The chain's name: 3 to 32 characters of a–z, 0–9 and the hyphen.
public struct ChainID: CanonicalCodable, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// nil for any other text.
    public init?(_ text: String) {
        let utf8 = Array(text.utf8)
        guard (3...32).contains(utf8.count) else { return nil }
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            case UInt8(ascii: "-"): continue
            default: return nil
            }
        }
        self.text = text
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        guard let id = ChainID(try reader.readString(limit: 32)) else {
            throw .invalidValue(type: "ChainID")
        }
        self = id
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(text)
    }

    public var description: String { text }
}

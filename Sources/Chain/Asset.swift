import Codec

/// What an asset is called and how its base units are shown.
public struct Asset: CanonicalCodable, Hashable, Sendable {
    public static let symbolBytesMax = 12
    public static let decimalsMax: UInt8 = 9

    /// A letter and then letters or digits, all lower-case, 2 to 12 of them.
    public let symbol: String
    /// How many decimal places a whole token has; at most 9.
    public let decimals: UInt8

    public init(symbol: String, decimals: UInt8) {
        self.symbol = symbol
        self.decimals = decimals
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        symbol = try reader.readString(limit: Asset.symbolBytesMax)
        decimals = try reader.readUInt8()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeString(symbol)
        writer.write(decimals)
    }

    /// What is wrong with the symbol or the decimals, or nil.
    public var problem: String? {
        guard (2...Asset.symbolBytesMax).contains(symbol.utf8.count),
            let first = symbol.utf8.first, isLowercaseLetter(first),
            symbol.utf8.allSatisfy({ isLowercaseLetter($0) || isDigit($0) })
        else {
            return "the symbol is a letter and letters or digits, lower-case, 2 to 12 of them"
        }
        guard decimals <= Asset.decimalsMax else {
            return "at most \(Asset.decimalsMax) decimals are allowed, not \(decimals)"
        }
        return nil
    }
}

func isLowercaseLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}

func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

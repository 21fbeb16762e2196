import Codec

/// What a chain is for. Only a `development` chain may shorten times to seconds.
public enum ChainKind: UInt8, CanonicalCodable, CaseIterable, Hashable, Sendable {
    case main = 1
    case test = 2
    case development = 3

    /// As genesis files write it: `main`, `test`, `dev`.
    public var name: String {
        switch self {
        case .main: "main"
        case .test: "test"
        case .development: "dev"
        }
    }

    public init?(name: String) {
        guard let kind = ChainKind.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        let tag = try reader.readUInt8()
        guard let kind = ChainKind(rawValue: tag) else {
            throw .unknownTag(type: "ChainKind", tag: UInt64(tag))
        }
        self = kind
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}

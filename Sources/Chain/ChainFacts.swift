import Codec
import Cryptography

/// What genesis fixed for ever, as the state keeps it.
public struct ChainFacts: CanonicalCodable, Hashable, Sendable {
    public let chainID: ChainID
    public let genesisHash: Digest
    public let time: Timestamp
    public let kind: ChainKind
    /// Of addresses in text.
    public let prefix: String

    public init(
        chainID: ChainID, genesisHash: Digest, time: Timestamp, kind: ChainKind, prefix: String
    ) {
        self.chainID = chainID
        self.genesisHash = genesisHash
        self.time = time
        self.kind = kind
        self.prefix = prefix
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        chainID = try ChainID(from: &reader)
        genesisHash = try Digest(from: &reader)
        time = try Timestamp(from: &reader)
        kind = try ChainKind(from: &reader)
        prefix = try reader.readString(limit: Genesis.prefixBytesMax)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(chainID)
        writer.write(genesisHash)
        writer.write(time)
        writer.write(kind)
        writer.writeString(prefix)
    }
}

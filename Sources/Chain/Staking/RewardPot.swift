import Codec
import Cryptography

/// What an epoch pays to its validators, from its end until the record of who took part closes one
/// epoch later (staking.md 3).
public struct RewardPot: CanonicalCodable, Hashable, Sendable {
    /// Fees, which the collector holds until then.
    public var fees: Amount
    /// New tokens at most; what nobody gets is not minted.
    public var mintable: Amount
    /// The seats that were found down and get nothing.
    public var down: SignerBitmap

    public init(fees: Amount, mintable: Amount, down: SignerBitmap) {
        self.fees = fees
        self.mintable = mintable
        self.down = down
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        fees = try Amount(from: &reader)
        mintable = try Amount(from: &reader)
        down = try SignerBitmap(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(fees)
        writer.write(mintable)
        writer.write(down)
    }
}

/// When a validator was found down, as far as it still counts.
public struct DowntimeHistory: CanonicalCodable, Hashable, Sendable {
    /// Each jail is longer than all before it together, so that few fit into the time that counts.
    public static let timesMax = 64

    /// Ascending.
    public var times: [Timestamp]

    public init(times: [Timestamp] = []) {
        self.times = times
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        times = try reader.readList(limit: DowntimeHistory.timesMax, minimumElementSize: 8)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.writeList(times)
    }
}

import Codec
import Cryptography

/// What the state keeps of one of the last blocks, so that votes for it can still be named.
public struct RecentBlock: CanonicalCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let height: Height
    public let view: View
    public let parentView: View
    /// nil until the next block is executed: no state holds the hash of its own block.
    public var hash: Digest?
    /// The signers whose votes for it were named so far.
    public var named: SignerBitmap

    public init(
        epoch: Epoch, height: Height, view: View, parentView: View, hash: Digest? = nil,
        named: SignerBitmap
    ) {
        self.epoch = epoch
        self.height = height
        self.view = view
        self.parentView = parentView
        self.hash = hash
        self.named = named
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        epoch = try Epoch(from: &reader)
        height = try Height(from: &reader)
        view = try View(from: &reader)
        parentView = try View(from: &reader)
        hash = try reader.readOptional()
        named = try SignerBitmap(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(epoch)
        writer.write(height)
        writer.write(view)
        writer.write(parentView)
        writer.writeOptional(hash)
        writer.write(named)
    }

    /// What a notarize vote for the block says.
    public var candidate: Candidate? {
        hash.map { Candidate(parentView: parentView, blockHash: $0) }
    }
}

/// What one seat of an epoch did (staking.md 3).
public struct SeatCounts: CanonicalCodable, Hashable, Sendable {
    /// Its notarize votes that blocks have named.
    public var named: UInt32
    /// The blocks that it proposed.
    public var led: UInt32
    /// The views that it should have led.
    public var slots: UInt32

    public init(named: UInt32 = 0, led: UInt32 = 0, slots: UInt32 = 0) {
        self.named = named
        self.led = led
        self.slots = slots
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        named = try reader.readUInt32()
        led = try reader.readUInt32()
        slots = try reader.readUInt32()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(named)
        writer.write(led)
        writer.write(slots)
    }
}

/// What the seats of an epoch did, by index: counted by blocks of the epoch itself and the next.
///
/// Counts belong to an epoch, so that no change of a parameter or a set can make old ones count
/// against somebody (cosmos-sdk #12541). They stop at 2^32 − 1.
public struct ParticipationCounts: CanonicalCodable, Hashable, Sendable {
    /// The blocks of the epoch; one that was proposed again counts once.
    public var blocks: UInt32
    public var seats: [SeatCounts]

    public init(blocks: UInt32 = 0, seats: [SeatCounts]) {
        self.blocks = blocks
        self.seats = seats
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        blocks = try reader.readUInt32()
        seats = try reader.readList(limit: Limits.validatorsMax, minimumElementSize: 12)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(blocks)
        writer.writeList(seats)
    }

    /// Votes named and slots led.
    public func done(by seat: Int) -> UInt64 {
        UInt64(seats[seat].named) + UInt64(seats[seat].led)
    }

    /// What would be all: a vote for each block, and each slot led.
    public func expected(of seat: Int) -> UInt64 {
        UInt64(blocks) + UInt64(seats[seat].slots)
    }
}

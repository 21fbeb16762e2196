import Codec
import Cryptography

/// What the state keeps of an epoch for ever. The record of epoch e + 2 is written together with
/// its set when the last block of epoch e is executed, so that a decided epoch length is felt in
/// the epoch after the next.
public struct EpochRecord: CanonicalCodable, Hashable, Sendable {
    /// What is known once the epoch has begun: written by its first block.
    public struct Start: CanonicalCodable, Hashable, Sendable {
        /// The block that the epoch builds on, as its view zero; genesis for epoch 0.
        public let base: BlockSummary
        /// What the order of leaders follows from (consensus.md 3).
        public let seed: Digest
        /// The id of the instance, which every vote of the epoch is bound to.
        public let instance: Digest

        public init(base: BlockSummary, seed: Digest, instance: Digest) {
            self.base = base
            self.seed = seed
            self.instance = instance
        }

        public init(_ instance: Instance) {
            self.init(base: instance.base, seed: instance.seed, instance: instance.id)
        }

        public init(from reader: inout ByteReader) throws(DecodeError) {
            base = try BlockSummary(from: &reader)
            seed = try Digest(from: &reader)
            instance = try Digest(from: &reader)
        }

        public func encode(into writer: inout ByteWriter) {
            writer.write(base)
            writer.write(seed)
            writer.write(instance)
        }
    }

    public let first: Height
    /// The boundary: the height of the epoch's last block.
    public let last: Height
    public var start: Start?
    /// The time of the last block; nil until it is executed.
    public var endTime: Timestamp?

    public init(first: Height, last: Height, start: Start? = nil, endTime: Timestamp? = nil) {
        self.first = first
        self.last = last
        self.start = start
        self.endTime = endTime
    }

    /// The record of an epoch of `length` heights, which comes right after `previous`.
    public init(after previous: Height, length: UInt64) {
        let first = previous.advanced(by: 1)
        self.init(first: first, last: first.advanced(by: max(length, 1) - 1))
    }

    public var base: BlockSummary? { start?.base }
    public var seed: Digest? { start?.seed }
    public var instance: Digest? { start?.instance }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        first = try Height(from: &reader)
        last = try Height(from: &reader)
        start = try reader.readOptional()
        endTime = try reader.readOptional()
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(last)
        writer.writeOptional(start)
        writer.writeOptional(endTime)
    }
}

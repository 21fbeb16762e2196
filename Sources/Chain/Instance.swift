import Codec
import Cryptography

/// One run of consensus: an epoch of one chain with one validator set. Its id is bound into every
/// vote, so that no vote exists before the epoch's first parent is known, and none can be replayed
/// on another chain, fork, epoch or set.
public struct Instance: Hashable, Sendable {
    public let epoch: Epoch
    public let validators: ValidatorSet
    /// The final block that the epoch builds on: its height, hash and time. Genesis for epoch 0.
    public let base: BlockSummary
    /// The last height of the epoch; `Height(.max)` for an epoch that does not end.
    public let boundary: Height
    public let seed: Digest
    public let id: Digest

    /// - Parameter previousSeed: `seed_{e−1}`; nil for epoch 0, whose seed is the genesis hash's.
    public init(
        chainID: ChainID, epoch: Epoch, base: BlockSummary, validators: ValidatorSet,
        boundary: Height, previousSeed: Digest?
    ) {
        precondition(boundary > base.height, "an epoch has at least one height")
        precondition((previousSeed == nil) == (epoch == .zero), "only epoch 0 has no seed before")
        self.epoch = epoch
        self.validators = validators
        self.base = base
        self.boundary = boundary
        if let previousSeed {
            seed = Digest(.seed, previousSeed, base.hash)
        } else {
            seed = Digest(.seed, base.hash.bytes)
        }
        let name = Array(chainID.text.utf8)
        var hasher = TaggedHasher(.instance)
        hasher.update(UInt8(name.count))
        hasher.update(name)
        hasher.update(epoch.value)
        hasher.update(base.hash)
        hasher.update(validators.hash)
        id = hasher.finalize()
    }
}

/// What the next block needs to know about its parent.
public struct BlockSummary: CanonicalCodable, Hashable, Sendable {
    public let hash: Digest
    public let height: Height
    /// The view in which the block was first proposed; zero for the block an epoch starts from.
    public let view: View
    public let timestamp: Timestamp

    public init(hash: Digest, height: Height, view: View, timestamp: Timestamp) {
        self.hash = hash
        self.height = height
        self.view = view
        self.timestamp = timestamp
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        hash = try Digest(from: &reader)
        height = try Height(from: &reader)
        view = try View(from: &reader)
        timestamp = try Timestamp(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(hash)
        writer.write(height)
        writer.write(view)
        writer.write(timestamp)
    }
}

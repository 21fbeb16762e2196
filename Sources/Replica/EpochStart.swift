import Chain
import Consensus
import Cryptography

/// Everything that the replica needs to know as an epoch begins, or as a node starts in the middle
/// of one. The shell makes it from the committed state and the logs.
public struct EpochStart: Sendable {
    public let instance: Instance
    /// This node's seat, or nil for a node that only follows in this epoch.
    public let ownIndex: UInt16?
    /// The network key of each seat, by index; nil where the state names none.
    public let seats: [PublicKey?]
    public let timing: Timing
    /// What the disk holds of this instance: nothing when the epoch really begins, but a node whose
    /// database was set back comes to it once more.
    public var recovery: Recovery
    /// The block that the epoch builds on, with what made it final: the answer to whoever is still
    /// in the epoch before. nil for epoch 0.
    public let previous: FinalizedHead?
    /// The instance before, about whose votes evidence can still come. The replica knows it by
    /// itself unless the node has just started.
    public let previousInstance: Instance?
    /// The seats that the committed state keeps from leading: jailed or convicted.
    public let excluded: [UInt16]
    /// The account that this node names as the reporter of evidence in its blocks: its validator's
    /// operator, who may have registered since the node started. nil where it puts none into them.
    public let reporter: Address?

    public init(
        instance: Instance, ownIndex: UInt16?, seats: [PublicKey?], timing: Timing,
        recovery: Recovery = Recovery(), previous: FinalizedHead? = nil,
        previousInstance: Instance? = nil, excluded: [UInt16] = [], reporter: Address? = nil
    ) {
        self.instance = instance
        self.ownIndex = ownIndex
        self.seats = seats
        self.timing = timing
        self.recovery = recovery
        self.previous = previous
        self.previousInstance = previousInstance
        self.excluded = excluded
        self.reporter = reporter
    }
}

/// Who sits where in the current epoch, by network key.
struct Roster: Sendable {
    private let keys: [PublicKey?]
    private let indices: [PublicKey: UInt16]
    let own: UInt16?
    /// The network keys of all other seats, in the order of the seats.
    let others: [PublicKey]

    init(seats: [PublicKey?], own: UInt16?) {
        keys = seats
        self.own = own
        var indices: [PublicKey: UInt16] = [:]
        var others: [PublicKey] = []
        for (index, key) in seats.enumerated() {
            guard let key, let index = UInt16(exactly: index), indices[key] == nil else { continue }
            indices[key] = index
            if index != own { others.append(key) }
        }
        self.indices = indices
        self.others = others
    }

    func key(of validator: UInt16) -> PublicKey? {
        Int(validator) < keys.count ? keys[Int(validator)] : nil
    }

    /// The seat of a peer; nil for one that only follows, and for this node itself.
    func seat(of key: PublicKey) -> UInt16? {
        guard let index = indices[key], index != own else { return nil }
        return index
    }
}

import Chain
import Consensus
import Cryptography

/// One case of the Twins campaign (after Bano et al., "Twins: BFT Systems Made Robust", 2021): some
/// validators run twice with one key, and each phase has a partition of all endpoints.
///
/// A phase is the life of one view: its leader may build, messages travel inside the groups, then
/// time passes for whoever is still in it, so that timeouts and retries fire. Messages across
/// groups are lost, or come late. After the last phase everything is connected, and every honest
/// endpoint must finalize.
public struct TwinScenario: Sendable {
    /// The set and the order of leaders, fixed by the seed of its base.
    public var instance: Instance
    /// The validators that run twice, by index. Endpoints 0 ..< n are the validators; the second
    /// runs of the twinned follow in this order.
    public var twinned: [UInt16]
    /// The group of each endpoint, phase by phase.
    public var partitions: [[UInt8]]
    /// What crosses a partition arrives as the next phase begins, instead of never.
    public var isLate = false
    /// Both runs of a key ask one signer with one table.
    public var sharesGuard = false
    /// In permille: messages inside a group that are lost, and endpoints that restart in a phase.
    public var loss: UInt64 = 0
    public var restarts: UInt64 = 0
    /// Draws the order of delivery, losses and restarts; nil: in order, without losses.
    public var seed: UInt64?

    public init(instance: Instance, twinned: [UInt16], partitions: [[UInt8]]) {
        self.instance = instance
        self.twinned = twinned
        self.partitions = partitions
    }

    public var endpoints: Int { instance.validators.count + twinned.count }

    static let epochMilliseconds: UInt64 = 1_000_000

    /// - Parameter number: another one gives another order of leaders.
    public static func instance(of set: ValidatorSet, number: UInt64) -> Instance {
        guard let chainID = ChainID("twins") else {
            preconditionFailure("the name is a chain id")
        }
        var hasher = TaggedHasher(.genesis)
        hasher.update(number)
        let base = BlockSummary(
            hash: hasher.finalize(), height: Height(0), view: .zero,
            timestamp: Timestamp(epochMilliseconds))
        return Instance(
            chainID: chainID, epoch: .zero, base: base, validators: set,
            boundary: Height(.max), previousSeed: nil)
    }

    public static func validators(powers: [UInt64]) -> ValidatorSet {
        let validators = powers.enumerated().map { index, power in
            Validator(
                key: SigningKey(seed: [UInt8](repeating: UInt8(index + 1), count: 32)).publicKey,
                power: power)
        }
        do {
            return try ValidatorSet(validators)
        } catch {
            preconditionFailure("the powers make a set: \(error)")
        }
    }

    /// The instance whose first round has this order of leaders.
    public static func instance(of set: ValidatorSet, leaders: [UInt16]) -> Instance {
        precondition(leaders.sorted() == (0..<set.count).map { UInt16($0) }, "each leads once")
        var number: UInt64 = 1
        while true {
            let instance = instance(of: set, number: number)
            let order = LeaderSchedule.order(of: 0, seed: instance.seed, count: set.count)
            if order == leaders { return instance }
            number += 1
        }
    }
}

/// How a scenario ended.
public struct TwinOutcome: Sendable {
    public let violations: [Violation]
    /// Signers against whom some honest endpoint holds evidence.
    public let culprits: [UInt16]
    /// The two certificates of each honest endpoint that halted, and whether its log has both.
    public let halts: [(first: Certificate, second: Certificate, isLogged: Bool)]
    /// Views that became final before everything was connected.
    public let finalizedViews: Int
    /// Inputs that engines took.
    public let inputs: Int
}

/// The partitions of a set, each as the group of every element, where groups are numbered as they
/// first appear: 52 for five elements (Bell's number).
public enum SetPartitions {
    public static func all(of count: Int) -> [[UInt8]] {
        var result: [[UInt8]] = [[]]
        for _ in 0..<count {
            result = result.flatMap { head in
                let groups = (head.max().map { $0 + 1 } ?? 0)
                return (0...groups).map { head + [$0] }
            }
        }
        return result
    }
}

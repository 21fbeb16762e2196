import Chain
import Consensus

/// What one seed is made of: the set, the times, and which faults are on and how strong. Every seed
/// draws its own mixture, so that rare combinations occur.
public struct Scenario: Sendable {
    public static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    public var powers: [UInt64]
    public var timing: Timing
    /// A validator of less than a third of the power, and what is wrong with it.
    public var faulty: Int?
    /// nil: the faulty validator is switched off in the end and never comes back.
    public var adversary: Adversary?

    // The network, in milliseconds and permille.
    public var latency: UInt64
    public var jitter: UInt64
    public var loss: UInt64
    public var duplication: UInt64
    public var partitions: Bool
    /// Two endpoints that never reach each other, not even after the faults.
    public var lastingCut: Bool

    // The machines.
    /// The mean time between crashes of one node; zero: none.
    public var crashInterval: UInt64
    /// Whether a restart of the first endpoint finds its log deleted; the signer's table stays.
    public var losesLog: Bool
    public var syncLatency: UInt64
    public var executionLatency: UInt64
    public var clockSkew: UInt64
    /// Whether there is work all the time, now and then, or never.
    public var workInterval: UInt64

    /// Whether work reaches all nodes together and is done by the block that contains it, as with
    /// gossiped transactions; otherwise each node has its own, which no block does away with.
    public var sharesWork = false

    /// How many events the faults last.
    public var faultEvents: Int
    /// How far every honest node's last final view must rise after the faults.
    public var progressViews: UInt64 = 10

    /// - Parameter validators: how many; nil draws 1 to 7.
    public init(random: inout SeededRandom, validators: Int? = nil) {
        let count = validators ?? Int(random.within(1...7))
        powers = Scenario.powers(count: count, random: &random)
        latency = [1, 5, 20, 50, 100][Int(random.below(5))]
        jitter = random.chance(500) ? latency * random.within(1...3) : 0
        loss = random.chance(500) ? random.within(0...300) : 0
        duplication = random.chance(300) ? random.within(0...200) : 0
        partitions = random.chance(300)
        lastingCut = count >= 4 && random.chance(100)
        losesLog = count >= 4 && random.chance(100)
        crashInterval = random.chance(500) ? random.within(1_000...30_000) : 0
        syncLatency = random.chance(800) ? random.within(0...10) : random.within(10...300)
        executionLatency = random.within(0...30)
        clockSkew = random.chance(300) ? random.within(0...250) : 0
        workInterval = random.chance(500) ? 0 : random.within(100...3_000)
        let block = random.chance(300) ? random.within(1...500) : 0
        let idle = random.chance(500) ? random.within(0...2_000) : 0
        let leader = block + 2 * syncLatency + executionLatency + 1_000
        timing = Timing(
            blockInterval: block, idleInterval: idle, leaderTimeout: leader,
            advanceTimeout: leader + 1_000, retryInterval: random.within(2_000...5_000))
        faultEvents = Int(random.within(400...1_600))
        guard count >= 4 else { return }
        let candidate = Int(random.below(UInt64(count)))
        guard 3 * powers[candidate] < powers.reduce(0, +) else { return }
        guard random.chance(600) else { return }
        faulty = candidate
        guard random.chance(850) else { return }
        adversary = Adversary.allCases[Int(random.below(UInt64(Adversary.allCases.count)))]
    }

    private static func powers(count: Int, random: inout SeededRandom) -> [UInt64] {
        switch random.below(4) {
        case 0, 1: return [UInt64](repeating: 1, count: count)
        case 2: return (0..<count).map { 2_520 / UInt64($0 + 1) }
        default: return (0..<count).map { _ in random.within(1...100) }
        }
    }

    /// Turns every fault off; latencies and times stay.
    public mutating func makeFaultless() {
        faulty = nil
        adversary = nil
        lastingCut = false
        losesLog = false
        jitter = 0
        loss = 0
        duplication = 0
        partitions = false
        crashInterval = 0
        clockSkew = 0
    }

    /// How long after the faults every honest node must have made progress (the bound H of
    /// testing.md 3, four times over: a model of the protocol saw 1.85 times).
    public var healMilliseconds: UInt64 {
        let round =
            2 * (latency + jitter) + 3 * syncLatency + 2 * executionLatency
            + timing.blockInterval + timing.idleInterval
        let bound =
            2 * timing.retryInterval + 5 * 2 * timing.leaderTimeoutMax
            + progressViews * UInt64(powers.count) * round
        return 4 * bound
    }
}

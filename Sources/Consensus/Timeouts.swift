import Chain

/// The times that a node's timers are made of (consensus.md 2.1), in milliseconds. They never
/// decide what is valid.
public struct Timing: Hashable, Sendable {
    public var blockInterval: UInt64
    /// Zero: idle blocks are paced like all others.
    public var idleInterval: UInt64
    /// t_l: how long a view waits for its leader's proposal.
    public var leaderTimeout: UInt64
    /// t_a: how long a view may last before it is given up.
    public var advanceTimeout: UInt64
    /// t_r: how often what may have been lost is repeated.
    public var retryInterval: UInt64
    /// What t_l may grow to.
    public var leaderTimeoutMax: UInt64
    /// How many views a leader must be silent to be skipped.
    public var skipWindow: UInt64

    public init(
        blockInterval: UInt64, idleInterval: UInt64, leaderTimeout: UInt64,
        advanceTimeout: UInt64, retryInterval: UInt64 = 5_000,
        leaderTimeoutMax: UInt64 = 30_000, skipWindow: UInt64 = 32
    ) {
        self.blockInterval = blockInterval
        self.idleInterval = idleInterval
        self.leaderTimeout = leaderTimeout
        self.advanceTimeout = advanceTimeout
        self.retryInterval = retryInterval
        self.leaderTimeoutMax = leaderTimeoutMax
        self.skipWindow = skipWindow
    }

    /// The defaults of consensus.md 2.1 for a block interval.
    public init(blockInterval: UInt64, idleInterval: UInt64) {
        self.init(
            blockInterval: blockInterval, idleInterval: idleInterval,
            leaderTimeout: blockInterval + 1_000, advanceTimeout: blockInterval + 2_000)
    }

    /// How long to ask one peer for something before the next is asked (2.12).
    public static let requestTimeout: UInt64 = 2_000
    /// How often one peer gets an answer to a stale vote (R11), and one is asked for the highest
    /// certificate (R12).
    public static let replyInterval: UInt64 = 1_000
    /// What one interval can be at most: an hour; sums of them fit.
    public static let intervalMax: UInt64 = 3_600_000

    /// The relation that does not hold, or nil.
    public var violation: TimingViolation? {
        let all = [
            blockInterval, idleInterval, leaderTimeout, advanceTimeout, retryInterval,
            leaderTimeoutMax,
        ]
        guard all.allSatisfy({ $0 <= Timing.intervalMax }) else { return .aboveHour }
        // A leader that keeps the interval must not be timed out.
        guard leaderTimeout > blockInterval else { return .leaderTimeoutWithinInterval }
        guard advanceTimeout > leaderTimeout else { return .advanceBeforeLeader }
        guard leaderTimeoutMax >= leaderTimeout else { return .maximumBelowBase }
        guard retryInterval > 0 else { return .noRetry }
        // Standstill would begin on a chain that only idles.
        guard idleInterval <= 2 * retryInterval else { return .idleBeyondRetry }
        guard skipWindow > 0 else { return .noSkipWindow }
        return nil
    }

    /// What the idle interval adds to a view without work.
    var idleExtra: UInt64 { idleInterval > blockInterval ? idleInterval - blockInterval : 0 }
}

/// Which relation between times does not hold.
public enum TimingViolation: Error, Hashable, Sendable {
    case aboveHour
    case leaderTimeoutWithinInterval
    case advanceBeforeLeader
    case maximumBelowBase
    case noRetry
    case idleBeyondRetry
    case noSkipWindow
}

/// How timeouts grow while nothing becomes final (2.8). They are derived from the current view and
/// the last final one alone: there is no back-off state to forget to reset.
public enum Backoff {
    /// Views without growth.
    public static let grace: UInt64 = 4

    /// 1.2^k in thousandths, for k = 0...40, rounded down; integers, so that nodes agree.
    static let growth: [UInt64] = {
        var table: [UInt64] = [1_000]
        // Six more digits while multiplying keep the rounding below a thousandth.
        var value: UInt64 = 1_000_000_000
        for _ in 0..<40 {
            value = value * 12 / 10
            table.append(value / 1_000_000)
        }
        return table
    }()

    /// The multiplier in thousandths: max(1, min(1.2^k, cap/t_l)) with
    /// k = max(0, current − last final − 1 − grace).
    public static func multiplier(current: View, lastFinalized: View, timing: Timing) -> UInt64 {
        let gap = current.lowered(by: lastFinalized.value).lowered(by: 1).value
        let k = gap > grace ? gap - grace : 0
        let grown = growth[Int(min(k, UInt64(growth.count - 1)))]
        let cap = timing.leaderTimeoutMax * 1_000 / max(1, timing.leaderTimeout)
        return max(1_000, min(grown, cap))
    }

    /// `interval · multiplier`, saturating.
    static func scaled(_ interval: UInt64, by multiplier: UInt64) -> UInt64 {
        let (product, overflow) = interval.multipliedReportingOverflow(by: multiplier)
        return overflow ? .max / 1_000 : product / 1_000
    }
}

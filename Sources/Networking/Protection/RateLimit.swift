import NIOCore

/// A token bucket over integers; the time is the caller's.
struct TokenBucket: Sendable {
    private let rate: Rate
    /// Billionths of a unit, so that no elapsed nanosecond is lost.
    private var level: UInt64
    private var last: NIODeadline

    private static let unit: UInt64 = 1_000_000_000

    /// - Precondition: the burst and the rate, in billionths, fit 64 bits.
    init(_ rate: Rate, at now: NIODeadline) {
        precondition(rate.perSecond > 0 && rate.perSecond <= 1 << 32, "a rate of \(rate)")
        precondition(rate.burst > 0 && rate.burst <= 1 << 33, "a burst of \(rate)")
        self.rate = rate
        level = rate.burst * Self.unit
        last = now
    }

    func holds(_ count: UInt64, at now: NIODeadline) -> Bool {
        let (needed, overflow) = count.multipliedReportingOverflow(by: Self.unit)
        return !overflow && level(at: now) >= needed
    }

    /// Takes `count` units if they are there.
    mutating func take(_ count: UInt64, at now: NIODeadline) -> Bool {
        guard holds(count, at: now) else { return false }
        level = level(at: now) - count * Self.unit
        last = max(last, now)
        return true
    }

    private func level(at now: NIODeadline) -> UInt64 {
        let full = rate.burst * Self.unit
        guard now > last else { return level }
        let elapsed = UInt64((now - last).nanoseconds)
        let (gained, overflow) = elapsed.multipliedReportingOverflow(by: rate.perSecond)
        guard !overflow, gained < full - level else { return full }
        return level + gained
    }
}

/// Limits what one peer may send on all channels.
///
/// A message above twice its channel's rate is dropped. A peer that goes on so for ten seconds is
/// at fault: single bursts are not.
struct RateLimiter: Sendable {
    enum Verdict: Equatable {
        case admit
        case drop
        case dropAndPenalise
    }

    private struct Buckets {
        var messages: TokenBucket
        var bytes: TokenBucket?
    }

    static let excess: UInt64 = 2
    static let patience = TimeAmount.seconds(10)
    /// Drops that lie further apart than this are separate matters.
    static let calm = TimeAmount.seconds(1)

    private var buckets: [Buckets]
    private var excessSince: NIODeadline?
    private var lastDrop: NIODeadline

    init(channels: ChannelTable, at now: NIODeadline) {
        buckets = Channel.allCases.map { channel in
            let limits = channels[channel]
            return Buckets(
                messages: TokenBucket(Self.doubled(limits.messageRate), at: now),
                bytes: limits.byteRate.map { TokenBucket(Self.doubled($0), at: now) })
        }
        lastDrop = now
    }

    mutating func admit(_ channel: Channel, bytes: Int, at now: NIODeadline) -> Verdict {
        let index = Int(channel.rawValue)
        let count = UInt64(bytes)
        if buckets[index].bytes?.holds(count, at: now) ?? true,
            buckets[index].messages.take(1, at: now)
        {
            _ = buckets[index].bytes?.take(count, at: now)
            return .admit
        }
        defer { lastDrop = now }
        guard let since = excessSince, now - lastDrop <= Self.calm else {
            excessSince = now
            return .drop
        }
        guard now - since >= Self.patience else { return .drop }
        excessSince = now
        return .dropAndPenalise
    }

    private static func doubled(_ rate: Rate) -> Rate {
        Rate(perSecond: excess * rate.perSecond, burst: excess * rate.burst)
    }
}

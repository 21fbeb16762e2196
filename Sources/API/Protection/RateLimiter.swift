/// A token bucket for each address, and its count of open streams.
///
/// Time is milliseconds of a clock that never goes back, given as an argument.
struct RateLimiter: Sendable {
    struct Limits: Sendable, Equatable {
        /// Requests at once after a pause.
        var burst: Int64
        /// Requests a second over a longer time.
        var perSecond: Int64
    }

    /// How many addresses are kept apart; beyond that, newcomers share one bucket.
    static let addressesMax = 4_096
    static let streamsMax = 64

    private struct Bucket {
        /// In thousandths of a request.
        var tokens: Int64
        var updated: Int64
        var streams = 0
    }

    private let loopback: Limits
    private let others: Limits
    private var buckets: [String: Bucket] = [:]

    init(loopback: Limits, others: Limits) {
        self.loopback = loopback
        self.others = others
    }

    /// Takes one request's token; false if there is none.
    mutating func takeRequest(from address: String, at now: Int64) -> Bool {
        let key = key(for: address, at: now)
        let limits = limits(of: key)
        var bucket = buckets[key] ?? Bucket(tokens: limits.burst * 1_000, updated: now)
        RateLimiter.refill(&bucket, limits, at: now)
        let isAllowed = bucket.tokens >= 1_000
        if isAllowed {
            bucket.tokens -= 1_000
        }
        buckets[key] = bucket
        return isAllowed
    }

    /// Counts a stream; false if the address has as many as it may.
    mutating func openStream(from address: String, at now: Int64) -> Bool {
        let key = key(for: address, at: now)
        let limits = limits(of: key)
        var bucket = buckets[key] ?? Bucket(tokens: limits.burst * 1_000, updated: now)
        guard bucket.streams < RateLimiter.streamsMax else { return false }
        bucket.streams += 1
        buckets[key] = bucket
        return true
    }

    mutating func closeStream(from address: String) {
        for key in [RateLimiter.network(of: address), RateLimiter.sharedKey] {
            guard let bucket = buckets[key], bucket.streams > 0 else { continue }
            buckets[key]?.streams = bucket.streams - 1
            return
        }
    }

    var streamCount: Int { buckets.values.reduce(0) { $0 + $1.streams } }

    private static let sharedKey = "*"

    private func limits(of key: String) -> Limits {
        RateLimiter.isLoopback(key) ? loopback : others
    }

    private static func refill(_ bucket: inout Bucket, _ limits: Limits, at now: Int64) {
        let elapsed = min(max(0, now - bucket.updated), 86_400_000)
        bucket.tokens = min(limits.burst * 1_000, bucket.tokens + elapsed * limits.perSecond)
        bucket.updated = now
    }

    /// The bucket of an address, after making room for it if the table is full.
    private mutating func key(for address: String, at now: Int64) -> String {
        let network = RateLimiter.network(of: address)
        if buckets[network] != nil || buckets.count < RateLimiter.addressesMax { return network }
        // A bucket that would be full again says nothing.
        buckets = buckets.filter { key, bucket in
            var refilled = bucket
            RateLimiter.refill(&refilled, limits(of: key), at: now)
            return bucket.streams > 0 || refilled.tokens < limits(of: key).burst * 1_000
        }
        return buckets.count < RateLimiter.addressesMax ? network : RateLimiter.sharedKey
    }

    static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1"
    }

    /// The address itself, or of an IPv6 address its network of 64 bits, all of which one customer
    /// of a provider has.
    static func network(of address: String) -> String {
        guard address.contains(":") else { return address }
        if address == "::1" { return address }
        let halves = address.split(
            separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        var groups = halves[0].split(separator: ":")
        if halves.count == 2 {
            let tail = halves[1].split(separator: ":").count
            for _ in 0..<max(0, 8 - groups.count - tail) {
                groups.append("0")
            }
        }
        return groups.prefix(4).joined(separator: ":") + "/64"
    }
}

import Testing

@testable import API

@Suite
struct HostRuleTests {
    private let rule = HostRule(names: ["node.example", "0.0.0.0"])

    @Test(arguments: [
        "localhost", "LOCALHOST:7070", "127.0.0.1", "127.0.0.1:80", "192.168.1.7:7070", "[::1]",
        "[::1]:7070", "node.example", "Node.Example:443", "0.0.0.0:1",
    ])
    func `a known name or any address is allowed`(authority: String) {
        #expect(rule.allows(authority))
    }

    @Test(arguments: [
        "", "evil.example", "evil.example:7070", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1x", "1.2.3", "1.2.3.4.5", "1.2.3.256", "+1.2.3.4", "[::1", "node.example.",
        "xnode.example", String(repeating: "1", count: 301),
    ])
    func `any other name is refused`(authority: String) {
        #expect(!rule.allows(authority))
    }

    @Test func `a request without a host is refused`() {
        #expect(!rule.allows(nil))
    }
}

@Suite
struct RateLimiterTests {
    private func limiter() -> RateLimiter {
        RateLimiter(
            loopback: RateLimiter.Limits(burst: 1_000, perSecond: 1_000),
            others: RateLimiter.Limits(burst: 3, perSecond: 2))
    }

    /// How many of `count` requests at one time are allowed.
    private func allowed(
        _ limiter: inout RateLimiter, _ count: Int, from address: String, at now: Int64
    ) -> Int {
        (0..<count).filter { _ in limiter.takeRequest(from: address, at: now) }.count
    }

    private func opens(_ limiter: inout RateLimiter, from address: String) -> Bool {
        limiter.openStream(from: address, at: 0)
    }

    @Test func `a burst is allowed, then so many a second`() {
        var limiter = limiter()
        #expect(allowed(&limiter, 10, from: "10.0.0.1", at: 0) == 3)
        #expect(allowed(&limiter, 10, from: "10.0.0.1", at: 499) == 0)
        #expect(allowed(&limiter, 10, from: "10.0.0.1", at: 500) == 1)
        #expect(allowed(&limiter, 10, from: "10.0.0.1", at: 1_500) == 2)
        #expect(allowed(&limiter, 10, from: "10.0.0.1", at: 900_000_000) == 3)
    }

    @Test func `addresses do not share a bucket, networks of IPv6 do`() {
        var limiter = limiter()
        #expect(allowed(&limiter, 9, from: "10.0.0.1", at: 0) == 3)
        #expect(allowed(&limiter, 9, from: "10.0.0.2", at: 0) == 3)
        #expect(allowed(&limiter, 9, from: "2001:db8:1:2::1", at: 0) == 3)
        #expect(allowed(&limiter, 9, from: "2001:db8:1:2:9:8:7:6", at: 0) == 0)
        #expect(allowed(&limiter, 9, from: "2001:db8:1:3::1", at: 0) == 3)
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("2001:db8::1", "2001:db8:0:0/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2/64"), ("fe80::", "fe80:0:0:0/64"),
    ])
    func `an IPv6 address counts by its network`(address: String, network: String) {
        #expect(RateLimiter.network(of: address) == network)
    }

    @Test func `this machine may ask more`() {
        var limiter = limiter()
        #expect(allowed(&limiter, 2_000, from: "127.0.0.1", at: 0) == 1_000)
        #expect(allowed(&limiter, 2_000, from: "::1", at: 0) == 1_000)
    }

    @Test func `a clock that goes back gives nothing`() {
        var limiter = limiter()
        #expect(allowed(&limiter, 3, from: "10.0.0.1", at: 5_000) == 3)
        #expect(allowed(&limiter, 3, from: "10.0.0.1", at: 0) == 0)
    }

    @Test func `streams are counted by address`() {
        var limiter = limiter()
        for _ in 0..<RateLimiter.streamsMax {
            #expect(opens(&limiter, from: "10.0.0.1"))
        }
        #expect(!opens(&limiter, from: "10.0.0.1"))
        #expect(opens(&limiter, from: "10.0.0.2"))
        limiter.closeStream(from: "10.0.0.1")
        #expect(limiter.streamCount == RateLimiter.streamsMax)
        #expect(opens(&limiter, from: "10.0.0.1"))
    }

    @Test func `a flood of addresses shares one bucket and frees its memory later`() {
        var limiter = limiter()
        for index in 0..<RateLimiter.addressesMax {
            let address = "10.\(index / 256).\(index % 256).1"
            #expect(allowed(&limiter, 1, from: address, at: 0) == 1)
        }
        let late = (0..<100).filter { limiter.takeRequest(from: "11.0.0.\($0)", at: 0) }
        #expect(late.count == 3)
        // When the buckets are full again, newcomers have their own.
        let later = (0..<100).filter { limiter.takeRequest(from: "12.0.0.\($0)", at: 10_000) }
        #expect(later.count == 100)
    }
}

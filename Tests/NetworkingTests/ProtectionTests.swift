import NIOCore
import Testing

@testable import Networking

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

@Suite struct TokenBucketTests {
    @Test func `the burst is there at once and no more`() {
        var bucket = TokenBucket(Rate(perSecond: 2, burst: 3), at: start)
        #expect((0..<4).map { _ in bucket.take(1, at: start) } == [true, true, true, false])
    }

    @Test func `it fills at its rate, to the nanosecond, and not above the burst`() {
        var bucket = TokenBucket(Rate(perSecond: 2, burst: 3), at: start)
        #expect(bucket.take(3, at: start) == true)
        #expect(bucket.take(1, at: start + .nanoseconds(499_999_999)) == false)
        #expect(bucket.take(1, at: start + .nanoseconds(500_000_000)) == true)
        #expect(bucket.take(4, at: start + .hours(10_000)) == false)
        #expect(bucket.take(3, at: start + .hours(10_000)) == true)
    }

    @Test func `time that goes back and counts of any size do no harm`() {
        var bucket = TokenBucket(Rate(perSecond: 1 << 32, burst: 1 << 33), at: start)
        #expect(bucket.take(.max, at: start) == false)
        #expect(bucket.take(1 << 33, at: start) == true)
        #expect(bucket.take(1, at: start - .seconds(5)) == false)
        #expect(bucket.take(1 << 33, at: .distantFuture) == true)
    }
}

@Suite struct RateLimiterTests {
    private static func table() -> ChannelTable {
        var table = ChannelTable()
        table[.evidence].messageRate = Rate(perSecond: 1, burst: 2)
        table[.transactions].byteRate = Rate(perSecond: 100, burst: 1_000)
        return table
    }

    @Test func `what is above twice the rate is dropped`() {
        var limiter = RateLimiter(channels: Self.table(), at: start)
        let verdicts = (0..<5).map { _ in limiter.admit(.evidence, bytes: 1, at: start) }
        #expect(verdicts == [.admit, .admit, .admit, .admit, .drop])
        #expect(limiter.admit(.evidence, bytes: 1, at: start + .milliseconds(500)) == .admit)
    }

    @Test func `bytes are limited as messages are, and channels apart`() {
        var limiter = RateLimiter(channels: Self.table(), at: start)
        #expect(limiter.admit(.transactions, bytes: 1_999, at: start) == .admit)
        #expect(limiter.admit(.transactions, bytes: 2, at: start) == .drop)
        #expect(limiter.admit(.transactions, bytes: 1, at: start) == .admit)
        #expect(limiter.admit(.votes, bytes: 128, at: start) == .admit)
    }

    @Test func `ten seconds of excess are a fault, and a burst is none`() {
        var limiter = RateLimiter(channels: Self.table(), at: start)
        var penalties: [Int64] = []
        for step in 0..<210 as Range<Int64> {
            let now = start + .milliseconds(100 * step)
            if limiter.admit(.evidence, bytes: 1, at: now) == .dropAndPenalise {
                penalties.append(step)
            }
        }
        #expect(penalties.count == 1 || penalties.count == 2)
        #expect(penalties.allSatisfy { $0 >= 100 })

        var patient = RateLimiter(channels: Self.table(), at: start)
        for round in 0..<20 as Range<Int64> {
            for _ in 0..<100 {
                let verdict = patient.admit(
                    .evidence, bytes: 1, at: start + .seconds(2 * round))
                #expect(verdict != .dropAndPenalise)
            }
        }
    }
}

@Suite struct PeerScoreTests {
    @Test func `one forgery bans a peer, for longer each time`() {
        var score = PeerScore(at: start)
        let bans = (0..<7).map { _ in score.note(.forged, isReserved: false, at: start) }
        #expect(
            bans == [1, 2, 4, 8, 16, 24, 24].map { .ban(.hours($0)) })
    }

    @Test func `a reserved peer backs off for what is not forged`() {
        var score = PeerScore(at: start)
        #expect(score.note(.malformed, isReserved: true, at: start) == .backOff(.seconds(30)))
        #expect(score.note(.oversized, isReserved: true, at: start) == .backOff(.seconds(30)))
        #expect(score.note(.forged, isReserved: true, at: start) == .ban(.hours(1)))
    }

    @Test func `small faults add up`() {
        var score = PeerScore(at: start)
        for _ in 0..<9 {
            #expect(score.note(.unsolicited, isReserved: false, at: start) == .none)
        }
        #expect(score.points == -90)
        #expect(score.note(.unsolicited, isReserved: false, at: start) == .ban(.hours(1)))
    }

    @Test func `half is left after ten minutes, and nothing after a day`() {
        var score = PeerScore(at: start)
        for _ in 0..<9 { _ = score.note(.unsolicited, isReserved: false, at: start) }
        score.decay(to: start + .minutes(10))
        #expect((-46 ... -40).contains(score.points))
        score.decay(to: start + .hours(24))
        #expect(score.points == 0)
        #expect(score.isBlank)
    }

    @Test func `good conduct has its limit`() {
        var score = PeerScore(at: start)
        for _ in 0..<100 { _ = score.note(.useful, isReserved: false, at: start) }
        #expect(score.points == 50)
    }

    @Test func `an old score costs no long loop`() {
        var score = PeerScore(at: start)
        _ = score.note(.timeout, isReserved: false, at: start)
        score.decay(to: .distantFuture)
        #expect(score.points == 0)
        _ = score.note(.timeout, isReserved: false, at: .distantFuture)
        #expect(score.points == -2)
    }
}

@Suite struct KeepaliveTests {
    @Test func `a silent peer is asked each interval and then given up`() {
        var keepalive = Keepalive(pingAfter: .seconds(5), deadAfter: .seconds(15), now: start)
        #expect(keepalive.tick(at: start + .seconds(4)) == .none)
        #expect(keepalive.tick(at: start + .seconds(5)) == .ping(1))
        #expect(keepalive.tick(at: start + .seconds(6)) == .none)
        #expect(keepalive.tick(at: start + .seconds(10)) == .ping(2))
        #expect(keepalive.tick(at: start + .seconds(15)) == .giveUp)
    }

    @Test func `a peer that speaks is left alone`() {
        var keepalive = Keepalive(pingAfter: .seconds(5), deadAfter: .seconds(15), now: start)
        for second in 1...60 as ClosedRange<Int64> {
            keepalive.received(at: start + .seconds(second))
            #expect(keepalive.tick(at: start + .seconds(second)) == .none)
        }
    }
}

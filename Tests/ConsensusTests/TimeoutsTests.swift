import Chain
import Consensus
import Testing

@Suite struct TimeoutsTests {
    static let timing = Timing(blockInterval: 500, idleInterval: 5_000)

    func multiplier(_ current: UInt64, final: UInt64, _ timing: Timing = timing) -> UInt64 {
        Backoff.multiplier(current: View(current), lastFinalized: View(final), timing: timing)
    }

    @Test func `the first four views after a final one do not grow`() {
        for current in 11...15 as ClosedRange<UInt64> {
            #expect(multiplier(current, final: 10) == 1_000)
        }
        #expect(multiplier(16, final: 10) == 1_200)
        #expect(multiplier(17, final: 10) == 1_440)
        #expect(multiplier(18, final: 10) == 1_728)
        #expect(multiplier(19, final: 10) == 2_073)
    }

    @Test func `growth ends at the cap`() {
        // 30 s over 1.5 s.
        #expect(multiplier(1_000, final: 10) == 20_000)
        #expect(multiplier(.max, final: 0) == 20_000)
        let small = Timing(
            blockInterval: 0, idleInterval: 0, leaderTimeout: 1, advanceTimeout: 2)
        #expect(multiplier(46, final: 0, small) == 1_469_771)
        #expect(multiplier(.max, final: 0, small) == 1_469_771)
    }

    @Test func `a view at or below the last final one does not trap`() {
        #expect(multiplier(0, final: 0) == 1_000)
        #expect(multiplier(5, final: 9) == 1_000)
    }

    @Test func `P34 times that contradict each other are named`() {
        #expect(Self.timing.violation == nil)
        var timing = Self.timing
        timing.leaderTimeout = timing.blockInterval
        #expect(timing.violation == .leaderTimeoutWithinInterval)
        timing = Self.timing
        timing.advanceTimeout = timing.leaderTimeout
        #expect(timing.violation == .advanceBeforeLeader)
        timing = Self.timing
        timing.leaderTimeoutMax = timing.leaderTimeout - 1
        #expect(timing.violation == .maximumBelowBase)
        timing = Self.timing
        timing.idleInterval = 2 * timing.retryInterval
        #expect(timing.violation == nil)
        timing.idleInterval += 1
        #expect(timing.violation == .idleBeyondRetry)
        timing = Self.timing
        timing.retryInterval = 0
        #expect(timing.violation == .noRetry)
        timing = Self.timing
        timing.skipWindow = 0
        #expect(timing.violation == .noSkipWindow)
        timing = Self.timing
        timing.retryInterval = .max
        #expect(timing.violation == .aboveHour)
    }

    @Test func `an instant never passes the distant future`() {
        let start = Instant(nanoseconds: .max - 1)
        #expect(start.advanced(byMilliseconds: 1) == .distantFuture)
        #expect(Instant.zero.advanced(byMilliseconds: .max) == .distantFuture)
        #expect(Instant.zero.advanced(byMilliseconds: 2).nanoseconds == 2_000_000)
    }
}

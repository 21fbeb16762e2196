import CDispatch
import Chain
import Consensus
import Dispatch
import Glibc

/// The monotonic clock: for deadlines; nobody can set it.
enum MonotonicClock {
    static func now() -> Instant {
        Instant(nanoseconds: DispatchTime.now().uptimeNanoseconds)
    }
}

/// The wall clock: for header times only, never for deadlines.
struct WallClock: Sendable {
    /// What a development chain adds to the time of the machine, to try what a wrong clock does;
    /// at most a year (`NodeConfiguration`).
    var offsetMilliseconds: Int64 = 0

    func now() -> Timestamp {
        var time = timespec()
        // Safe because the call fills the one structure that it is given.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        return Timestamp(UInt64(max(0, milliseconds + offsetMilliseconds)))
    }
}

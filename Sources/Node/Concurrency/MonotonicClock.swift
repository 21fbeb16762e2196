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
enum WallClock {
    static func now() -> Timestamp {
        var time = timespec()
        // Safe because the call fills the one structure that it is given.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000)
    }
}

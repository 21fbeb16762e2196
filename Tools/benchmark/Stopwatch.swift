/// Time since it was made.
struct Stopwatch {
    private let start = ContinuousClock.now

    var microseconds: Int64 { nanoseconds / 1_000 }

    var nanoseconds: Int64 {
        let (seconds, attoseconds) = start.duration(to: .now).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

/// `count` events in `microseconds`, as a rate in whole events a second.
func perSecond(_ count: Int, _ microseconds: Int64) -> Int64 {
    Int64(count) * 1_000_000 / max(microseconds, 1)
}

/// A small generator whose numbers follow from its seed (SplitMix64), so that runs are alike.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

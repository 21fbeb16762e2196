import Glibc

/// A line to standard error about every half minute: how far a long run is.
final class Progress {
    private static let interval = Duration.seconds(30)
    private let clock = ContinuousClock()
    private let name: String
    private let seeds: UInt64
    private let start: ContinuousClock.Instant
    private var spoke: ContinuousClock.Instant

    init(_ name: String, seeds: UInt64) {
        self.name = name
        self.seeds = seeds
        start = clock.now
        spoke = start
    }

    /// - Parameter virtualMilliseconds: how far the seed is that runs now.
    func note(done: UInt64, violations: Int, seed: UInt64, virtualMilliseconds: UInt64) {
        let now = clock.now
        guard now - spoke >= Progress.interval else { return }
        spoke = now
        let line =
            "\(name): \((now - start).components.seconds) s, \(done) of \(seeds) seeds done, "
            + "violations so far: \(violations), seed \(seed) is at "
            + "\(virtualMilliseconds / 1_000) virtual seconds\n"
        // Of standard error, which nothing buffers: also what is piped shows it at once.
        let bytes = Array(line.utf8)
        // Safe because the buffer is the array's own for the time of the call.
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

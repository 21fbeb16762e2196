import Chain
import Cryptography

/// Figures of one run, for tables.
struct Measurements: Sendable {
    var submitted = 0
    var admitted = 0
    var refused = 0
    var rejected = 0
    var evidence = 0
    var invalidProposals = 0
    private(set) var transactions = 0
    private(set) var blocks = 0

    /// When a block was built, until it is old.
    private var builtAt: [Digest: (time: UInt64, height: Height)] = [:]
    /// Nanoseconds from the leader's block to its finality, of each node that saw it.
    private(set) var finality = Histogram()
    /// Nanoseconds that a node spent in a view.
    private(set) var viewTime = Histogram()
    private var enteredAt: [Int: (view: View, epoch: Epoch, time: UInt64)] = [:]
    private var highestCommitted = Height.genesis
    private(set) var highestView: [UInt64: View] = [:]

    mutating func built(_ block: Block, at now: UInt64) {
        builtAt[block.hash] = (now, block.header.height)
    }

    /// How long it took since the block was built, if that is remembered.
    @discardableResult
    mutating func finalized(
        _ header: Header, _ node: SimulatedNode, at now: UInt64
    ) -> UInt64? {
        guard let built = builtAt[header.hash] else { return nil }
        finality.add(now - built.time)
        return now - built.time
    }

    mutating func entered(_ view: View, _ node: SimulatedNode, at now: UInt64) {
        let epoch = node.instance.epoch
        if let last = enteredAt[node.endpoint], last.epoch == epoch, last.view < view {
            viewTime.add((now - last.time) / (view.value - last.view.value))
        }
        enteredAt[node.endpoint] = (view, epoch, now)
        highestView[epoch.value] = max(highestView[epoch.value] ?? view, view)
    }

    mutating func committed(_ block: Block, _ node: SimulatedNode) {
        guard block.header.height > highestCommitted else { return }
        highestCommitted = block.header.height
        blocks += 1
        transactions += block.body.transactions.count
        guard highestCommitted.value % 256 == 0 else { return }
        let floor = highestCommitted.lowered(by: 256)
        builtAt = builtAt.filter { $0.value.height > floor }
    }

    /// How many views there were, over all epochs.
    var views: UInt64 { highestView.reduce(0) { $0 + $1.value.value } }
}

/// Times in buckets that grow by a 64th, so that a run of any length stays small.
public struct Histogram: Sendable {
    private var counts = [UInt64](repeating: 0, count: 3_840)
    public private(set) var count: UInt64 = 0
    public private(set) var max: UInt64 = 0

    public init() {}

    /// 64 buckets for each power of two.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 64 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let fraction = Int(value >> UInt64(exponent - 6)) & 63
        return min(3_839, (exponent - 5) * 64 + fraction)
    }

    /// The upper end of a bucket.
    private static func bound(_ bucket: Int) -> UInt64 {
        guard bucket >= 64 else { return UInt64(bucket) }
        let exponent = bucket / 64 + 5
        guard exponent < 63 else { return .max }
        let step: UInt64 = 1 << UInt64(exponent - 6)
        return (1 << UInt64(exponent)) + UInt64(bucket % 64 + 1) * step - 1
    }

    mutating func add(_ value: UInt64) {
        counts[Histogram.bucket(value)] += 1
        count += 1
        max = Swift.max(max, value)
    }

    /// The value below which so many of a thousand lie, to a 64th; zero without any.
    public func value(permille: UInt64) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = Swift.max(1, count * permille / 1_000)
        var seen: UInt64 = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return Swift.min(Histogram.bound(bucket), max) }
        }
        return max
    }
}

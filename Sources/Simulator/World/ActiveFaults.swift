/// The strengths of a plan's faults, as the world looks them up; they end with the healing.
struct ActiveFaults: Sendable {
    var partitionsMax: UInt64 = 0
    var crashesPerMinuteThousandths: UInt64 = 0
    /// Milliseconds.
    var slowSync: UInt64 = 0
    /// Per million.
    var syncErrors: UInt64 = 0
    var readErrors: UInt64 = 0
    var clockSkew: UInt64 = 0
    var clockDrift: UInt64 = 0
    var lostLogs: Set<Int> = []
    /// By member: when it may lose its signer's record, in milliseconds.
    var lostSigners: [Int: UInt64] = [:]
    /// By member, in milliseconds; zero: it never starts.
    private(set) var deadFrom: [Int: UInt64] = [:]
    var crashesAt: [(step: Step, node: Int, count: Int)] = []

    init(_ plan: WorldPlan) {
        for fault in plan.faults {
            switch fault {
            case .partitions(let most): partitionsMax = most
            case .crashes(let rate): crashesPerMinuteThousandths = rate
            case .slowSyncs(let most): slowSync = most
            case .syncErrors(let rate): syncErrors = rate
            case .readErrors(let rate): readErrors = rate
            case .clockSkew(let most): clockSkew = most
            case .clockDrift(let most): clockDrift = most
            case .lostLog(let node): lostLogs.insert(node)
            case .lostSigner(let node, let from): lostSigners[node] = from
            case .dead(let node, let start): deadFrom[node] = start
            case .crashAt(let step, let node, let count): crashesAt.append((step, node, count))
            case .jitter, .loss, .duplication, .bandwidth, .partition, .lastingCut, .clockStep,
                .crash, .slowNode, .scripted:
                continue
            }
        }
    }

    /// Nothing goes wrong any more; the dead stay dead.
    mutating func end() {
        partitionsMax = 0
        crashesPerMinuteThousandths = 0
        slowSync = 0
        syncErrors = 0
        readErrors = 0
        lostLogs = []
        lostSigners = [:]
        crashesAt = []
    }
}

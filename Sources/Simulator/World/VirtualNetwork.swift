import Chain
import Replica

/// What travels: the bytes of one message, as on a real connection.
struct Frame: Sendable {
    let channel: PeerMessage.Channel
    let bytes: [UInt8]
}

/// Links between endpoints that delay, lose, repeat, reorder and queue what they carry, and
/// partitions that come and go.
struct VirtualNetwork: Sendable {
    /// When copies of a frame arrive, and how long the sender's queue is by then.
    struct Delivery {
        var times: [UInt64] = []
    }

    /// What waits on a link for longer is dropped, as a full send queue does.
    private static let queueNanosecondsMax: UInt64 = 20_000_000_000

    private let endpoints: Int
    /// Nanoseconds one way, by (from, to).
    private var latencies: [UInt64]
    private var jitter: UInt64 = 0
    private var loss: UInt64 = 0
    private var duplication: UInt64 = 0
    /// Nanoseconds for a byte on a link, in thousandths; zero: no limit.
    private var linkPerByte: UInt64 = 0
    private var uplinkPerByte: [UInt64]
    /// When a link or a node's uplink has sent what it has.
    private var linkFree: [UInt64]
    private var uplinkFree: [UInt64]
    /// (from, to) that carry nothing now.
    private var blocked: [Bool]
    private var lastingCuts: [(Int, Int)] = []
    private var random: SeededRandom
    private(set) var isPartitioned = false

    init(_ plan: WorldPlan, endpoints: Int) {
        self.endpoints = endpoints
        let pairs = endpoints * endpoints
        latencies = (0..<pairs).map { pair in
            plan.hasRegions
                ? Regions.nanoseconds(pair / endpoints, pair % endpoints)
                : plan.latency * WorldPlan.nanosecondsPerMillisecond
        }
        linkFree = [UInt64](repeating: 0, count: pairs)
        uplinkFree = [UInt64](repeating: 0, count: endpoints)
        blocked = [Bool](repeating: false, count: pairs)
        uplinkPerByte = [UInt64](
            repeating: plan.uplink.map { 8_000_000 / max(1, $0) } ?? 0, count: endpoints)
        random = SeededRandom(seed: plan.seed, purpose: "network")
        for fault in plan.faults {
            switch fault {
            case .jitter(let milliseconds):
                jitter = milliseconds * WorldPlan.nanosecondsPerMillisecond
            case .loss(let permille): loss = permille
            case .duplication(let permille): duplication = permille
            case .bandwidth(let megabits): linkPerByte = 8_000_000 / max(1, megabits)
            case .lastingCut(let a, let b): lastingCuts.append((a, b))
            case .scripted(.slowLink(let node, let milliseconds, let megabits)):
                slowDown(node, milliseconds: milliseconds, megabits: megabits)
            case .scripted, .partitions, .partition, .clockSkew, .clockDrift, .clockStep,
                .crashes, .crash, .crashAt, .dead, .slowSyncs, .syncErrors, .readErrors, .lostLog,
                .lostSigner, .slowNode:
                continue
            }
        }
        applyLastingCuts()
    }

    /// One machine that is further away than the others, or has little bandwidth.
    private mutating func slowDown(_ node: Int, milliseconds: UInt64, megabits: UInt64?) {
        guard node < endpoints else { return }
        let extra = milliseconds * WorldPlan.nanosecondsPerMillisecond
        for other in 0..<endpoints where other != node {
            latencies[node * endpoints + other] += extra
            latencies[other * endpoints + node] += extra
        }
        if let megabits { uplinkPerByte[node] = 8_000_000 / max(1, megabits) }
    }

    /// The longest way, in milliseconds.
    var latencyMax: UInt64 {
        (latencies.max() ?? 0) / WorldPlan.nanosecondsPerMillisecond
    }

    func latency(from: Int, to: Int) -> UInt64 {
        latencies[from * endpoints + to]
    }

    func isBlocked(from: Int, to: Int) -> Bool {
        blocked[from * endpoints + to]
    }

    /// Whether a connection can be made.
    func areCut(_ a: Int, _ b: Int) -> Bool {
        isBlocked(from: a, to: b) || isBlocked(from: b, to: a)
    }

    /// When copies of a frame arrive: none, one or two times.
    mutating func deliveries(from: Int, to: Int, bytes: Int, now: UInt64) -> [UInt64] {
        let link = from * endpoints + to
        var sent = now
        if uplinkPerByte[from] > 0 {
            sent = max(now, uplinkFree[from]) + uplinkPerByte[from] * UInt64(bytes) / 1_000
            uplinkFree[from] = sent
        }
        if linkPerByte > 0 {
            let start = max(sent, linkFree[link])
            guard start - now < VirtualNetwork.queueNanosecondsMax else { return [] }
            sent = start + linkPerByte * UInt64(bytes) / 1_000
            linkFree[link] = sent
        }
        guard !blocked[link] else { return [] }
        if loss > 0, random.chance(loss) { return [] }
        let arrival = sent + latencies[link]
        var times = [arrival + (jitter > 0 ? random.below(jitter + 1) : 0)]
        if duplication > 0, random.chance(duplication) {
            times.append(arrival + random.below(2 * jitter + 1_000_000))
        }
        return times
    }

    // MARK: Partitions

    /// Draws a partition: two groups, one alone, one that is not heard, or a ring.
    mutating func drawPartition() -> Partition {
        switch random.below(4) {
        case 0: .halves
        case 1: .isolated(random.below(endpoints))
        case 2: .mute(random.below(endpoints))
        default: endpoints > 4 ? .ring : .split(firstGroup: endpoints / 2)
        }
    }

    mutating func partition(_ partition: Partition) {
        reconnect()
        isPartitioned = true
        var groups = [Int](repeating: 0, count: endpoints)
        switch partition {
        case .split(let first): groups = (0..<endpoints).map { $0 < first ? 0 : 1 }
        case .halves: groups = groups.map { _ in random.below(2) }
        case .isolated(let node):
            if node < endpoints { groups[node] = 1 }
        case .mute(let node):
            guard node < endpoints else { return }
            for other in 0..<endpoints { blocked[node * endpoints + other] = true }
            return
        case .ring:
            for a in 0..<endpoints {
                for b in 0..<endpoints {
                    let distance = (a + endpoints - b) % endpoints
                    blocked[a * endpoints + b] = distance > 1 && distance < endpoints - 1
                }
            }
            return
        }
        for a in 0..<endpoints {
            for b in 0..<endpoints where groups[a] != groups[b] {
                blocked[a * endpoints + b] = true
            }
        }
    }

    /// Every link carries again, but for those that never do.
    mutating func reconnect() {
        isPartitioned = false
        blocked = [Bool](repeating: false, count: blocked.count)
        applyLastingCuts()
    }

    private mutating func applyLastingCuts() {
        for (a, b) in lastingCuts where a < endpoints && b < endpoints {
            blocked[a * endpoints + b] = true
            blocked[b * endpoints + a] = true
        }
    }

    /// The faults end; latency and the width of uplinks stay.
    mutating func heal() {
        reconnect()
        loss = 0
        duplication = 0
        linkPerByte = 0
        jitter = 0
    }
}

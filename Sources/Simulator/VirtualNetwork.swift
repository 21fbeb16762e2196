import Chain
import Consensus
import Cryptography

/// What one simulated node sends another. Signatures are not checked again: only nodes make them.
public enum Packet: Sendable {
    case vote(Verified<Vote>)
    case certificate(Verified<Certificate>, Header?)
    case proposal(Verified<Vote>, Header?, [Verified<Certificate>])
    case push(Header)
    case blockRequest(Digest)
    case blockResponse(Digest, Header?)
    case certificateRequest(CertificateRequest)
    case certificateResponse(CertificateResponse)
    case rangeRequest(from: Height, to: Height)
    case rangeResponse([Header])
}

/// Links between endpoints that delay, lose, repeat and reorder what they carry, and partitions
/// that come and go.
struct VirtualNetwork: Sendable {
    let latency: UInt64
    let jitter: UInt64
    var loss: UInt64
    var duplication: UInt64
    /// The group of each endpoint; endpoints of different groups do not reach each other.
    private var groups: [Int]
    /// A link that carries nothing in one direction.
    private var cut: (from: Int, to: Int)?
    private let hasLastingCut: Bool

    init(scenario: Scenario, endpoints: Int) {
        latency = scenario.latency
        jitter = scenario.jitter
        loss = scenario.loss
        duplication = scenario.duplication
        groups = [Int](repeating: 0, count: endpoints)
        hasLastingCut = scenario.lastingCut
    }

    /// After how many milliseconds copies of a packet arrive: none, one or two.
    mutating func deliveries(
        from: Int, to: Int, random: inout SeededRandom
    ) -> [UInt64] {
        guard groups[from] == groups[to], cut.map({ $0 != (from, to) }) ?? true else { return [] }
        if hasLastingCut, min(from, to) == 1, max(from, to) == 2 { return [] }
        guard !random.chance(loss) else { return [] }
        var times = [latency + random.below(jitter + 1)]
        if random.chance(duplication) {
            times.append(latency + random.below(2 * jitter + 1))
        }
        return times
    }

    /// Draws a new partition: none, two halves, one alone, or one link in one direction.
    mutating func repartition(random: inout SeededRandom) {
        heal()
        let count = UInt64(groups.count)
        switch random.below(4) {
        case 0: return
        case 1: groups = groups.map { _ in Int(random.below(2)) }
        case 2: groups[Int(random.below(count))] = 1
        default: cut = (Int(random.below(count)), Int(random.below(count)))
        }
    }

    mutating func heal() {
        groups = [Int](repeating: 0, count: groups.count)
        cut = nil
    }
}

import Chain
import Codec
import Consensus
import Cryptography

@testable import Replica

/// Several replicas with virtual time, links that can be cut and disks that outlive a restart.
/// Blocks execute to nothing; the epochs, their sets and everything about agreement are real.
final class ReplicaNetwork {
    /// What waits for its time.
    private struct Event {
        let time: Instant
        let order: UInt64
        let node: Int
        let input: ReplicaInput
    }

    let length: UInt64
    let set: (Epoch) -> [Int]
    private(set) var nodes: [TestNode] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var events: [Event] = []
    private var order: UInt64 = 0
    /// Links that carry nothing.
    private var cut: Set<[Int]> = []
    var timing = Timing(
        blockInterval: 50, idleInterval: 50, leaderTimeout: 500, advanceTimeout: 1_000,
        retryInterval: 2_000)
    var delay: (_ from: Int, _ to: Int, PeerMessage) -> UInt64? = { _, _, _ in 10 }

    /// - Parameters:
    ///   - count: the nodes, with a seat or without.
    ///   - length: the heights of an epoch.
    ///   - set: the nodes that have a seat in an epoch.
    init(count: Int, length: UInt64 = 3, set: @escaping (Epoch) -> [Int]) {
        self.length = length
        self.set = set
        nodes = (0..<count).map { TestNode(number: $0, network: self) }
    }

    static func consensusKey(_ node: Int) -> SigningKey {
        SigningKey(seed: [UInt8](repeating: UInt8(node + 1), count: 32))
    }

    static func networkKey(_ node: Int) -> PublicKey {
        SigningKey(seed: [UInt8](repeating: UInt8(node + 101), count: 32)).publicKey
    }

    let publicKeys: [PublicKey] = (0..<24).map { ReplicaNetwork.consensusKey($0).publicKey }
    let networkKeys: [PublicKey] = (0..<24).map { ReplicaNetwork.networkKey($0) }

    // MARK: The chain's rules

    static let genesis = BlockSummary(
        hash: Digest(.genesis, [7]), height: .genesis, view: .zero, timestamp: Timestamp(1_000))

    func validators(of epoch: Epoch) -> ValidatorSet {
        let seats = set(epoch).map { Validator(key: publicKeys[$0], power: 1) }
        guard let set = try? ValidatorSet(seats) else {
            preconditionFailure("the test's sets are valid")
        }
        return set
    }

    func boundary(of epoch: Epoch) -> Height { Height((epoch.value + 1) * length) }

    func instance(_ epoch: Epoch, base: BlockSummary, previousSeed: Digest?) -> Instance {
        guard let chainID = ChainID("epochs") else { preconditionFailure("a chain id") }
        return Instance(
            chainID: chainID, epoch: epoch,
            base: BlockSummary(
                hash: base.hash, height: base.height, view: .zero, timestamp: base.timestamp),
            validators: validators(of: epoch), boundary: boundary(of: epoch),
            previousSeed: previousSeed)
    }

    // MARK: Running

    var wall: Timestamp { Timestamp(2_000 + now.nanoseconds / 1_000_000) }

    var moment: Moment { Moment(monotonic: now, wall: wall) }

    func schedule(_ input: ReplicaInput, for node: Int, after milliseconds: UInt64 = 0) {
        let time = now.advanced(byMilliseconds: milliseconds)
        order += 1
        let event = Event(time: time, order: order, node: node, input: input)
        let place = events.lastIndex { $0.time <= time }.map { $0 + 1 } ?? 0
        events.insert(event, at: place)
    }

    /// Runs until `condition` holds, or for so long; whether it came to hold.
    @discardableResult
    func run(
        milliseconds: UInt64 = 60_000, until condition: () -> Bool = { false }
    ) -> Bool {
        let end = now.advanced(byMilliseconds: milliseconds)
        while !condition() {
            let timer = nodes.compactMap(\.nextTimer).min()
            guard let next = [events.first?.time, timer].compactMap({ $0 }).min(), next <= end
            else {
                now = end
                return condition()
            }
            now = max(now, next)
            if let event = events.first, event.time <= now {
                events.removeFirst()
                nodes[event.node].give(event.input)
            } else {
                for node in nodes { node.fireTimers() }
            }
        }
        return true
    }

    // MARK: Links

    func start(_ numbers: [Int]) {
        for number in numbers { nodes[number].start() }
        for number in numbers {
            for other in nodes.indices where other != number && nodes[other].isRunning {
                guard !numbers.contains(other) || other > number else { continue }
                connect(number, other)
            }
        }
    }

    func stop(_ number: Int) {
        for other in nodes.indices { disconnect(number, other) }
        nodes[number].stop()
        events.removeAll { $0.node == number }
    }

    func connect(_ a: Int, _ b: Int) {
        guard !cut.contains([min(a, b), max(a, b)]) else { return }
        nodes[a].connect(b)
        nodes[b].connect(a)
    }

    func disconnect(_ a: Int, _ b: Int) {
        nodes[a].disconnect(b)
        nodes[b].disconnect(a)
    }

    /// No messages between the groups until `heal`.
    func partition(_ left: [Int], _ right: [Int]) {
        for a in left {
            for b in right {
                cut.insert([min(a, b), max(a, b)])
                disconnect(a, b)
            }
        }
    }

    func heal() {
        let links = cut.sorted { $0.lexicographicallyPrecedes($1) }
        cut = []
        for link in links where nodes[link[0]].isRunning && nodes[link[1]].isRunning {
            connect(link[0], link[1])
        }
    }

    /// What a peer says that no honest node would.
    func inject(_ message: PeerMessage, from: Int, to: Int) {
        schedule(.received(message, from: Peer(key: networkKeys[from])), for: to)
    }

    func send(_ message: PeerMessage, from: Int, to: Int) {
        guard nodes[from].connected.contains(to), let delay = delay(from, to, message) else {
            return
        }
        let bytes = message.encoded()
        guard let copy = try? PeerMessage(channel: message.channel, decoding: bytes) else {
            preconditionFailure("a message can be read: \(message)")
        }
        schedule(.received(copy, from: Peer(key: networkKeys[from])), for: to, after: delay)
    }
}

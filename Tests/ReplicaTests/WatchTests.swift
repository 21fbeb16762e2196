import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

/// A consensus key on two hosts: the one that starts later hears the other and never votes.
@Suite struct WatchTests {
    private static func network() -> ReplicaNetwork {
        // Node 4 has no seat of its own.
        let network = ReplicaNetwork(count: 5, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 6 }
        return network
    }

    /// Makes node 4 the second host of node 1.
    private static func startCopy(_ network: ReplicaNetwork, watch: UInt64) {
        network.nodes[4].copyDisk(of: network.nodes[1])
        network.nodes[4].member = 1
        network.nodes[4].watch = watch
        network.start([4])
    }

    private static func votes(_ node: TestNode, after count: Int = 0) -> Int {
        node.sent.dropFirst(count).filter {
            switch $0 {
            case .vote, .proposal: true
            default: false
            }
        }.count
    }

    @Test func `a second host with a copied home hears the first one and never votes`() {
        let network = Self.network()
        Self.startCopy(network, watch: 2_000)
        let height = network.nodes[0].height
        // A round of four views is enough: its key leads one of them.
        network.run(milliseconds: 2_000) { !network.nodes[4].usedElsewhere.isEmpty }
        #expect(network.nodes[4].usedElsewhere.count == 1)
        #expect(network.nodes[0].height <= height + 10)
        network.run(milliseconds: 20_000)
        #expect(Self.votes(network.nodes[4]) == 0)
        #expect(network.nodes[4].usedElsewhere.count == 1)
        // It follows as before, and the first one does not care.
        #expect(network.nodes[4].height + 6 >= network.nodes[0].height)
        #expect(network.nodes[1].usedElsewhere.isEmpty)
        #expect(network.nodes.allSatisfy { $0.waitingEvidence == 0 })
    }

    @Test func `a host that puts back an old record finds what it signed later`() {
        let network = Self.network()
        network.nodes[4].copyDisk(of: network.nodes[1])
        let height = network.nodes[0].height
        network.run { network.nodes[0].height >= height + 10 }
        network.stop(1)
        network.nodes[1].copyDisk(of: network.nodes[4])
        let before = network.nodes[1].sent.count
        network.nodes[1].watch = 2_000
        network.start([1])
        network.run(milliseconds: 2_000) { !network.nodes[1].usedElsewhere.isEmpty }
        #expect(network.nodes[1].usedElsewhere.count == 1)
        network.run(milliseconds: 10_000)
        #expect(Self.votes(network.nodes[1], after: before) == 0)
    }

    @Test func `a validator that is alone with its key votes after the watch`() {
        let network = Self.network()
        network.stop(2)
        let before = network.nodes[2].sent.count
        network.nodes[2].watch = 3_000
        network.start([2])
        network.run(milliseconds: 2_990)
        #expect(Self.votes(network.nodes[2], after: before) == 0)
        #expect(network.nodes[2].facts?.isWatching == true)
        network.run(milliseconds: 1_000)
        #expect(Self.votes(network.nodes[2], after: before) > 0)
        #expect(network.nodes[2].facts?.isWatching == false)
        EpochTests.check(network)
    }

    @Test func `all validators that start at once vote after the watch`() {
        let network = Self.network()
        for number in 0..<4 {
            network.stop(number)
            network.nodes[number].watch = 5_000
        }
        network.start([0, 1, 2, 3])
        let height = network.nodes[0].height
        network.run(milliseconds: 4_900)
        #expect(network.nodes[0].height <= height + 1)
        #expect(network.run(milliseconds: 5_000) { network.nodes[0].height >= height + 4 })
        EpochTests.check(network)
    }

    @Test func `the watch goes on in the next epoch`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 4 }
        network.stop(3)
        let before = network.nodes[3].sent.count
        network.nodes[3].watch = 4_000
        network.start([3])
        let epoch = network.nodes[3].epoch
        network.run(milliseconds: 3_900)
        #expect(network.nodes[3].epoch.value > epoch.value + 2)
        #expect(Self.votes(network.nodes[3], after: before) == 0)
        network.run(milliseconds: 2_000)
        #expect(Self.votes(network.nodes[3], after: before) > 0)
        EpochTests.check(network)
    }
}

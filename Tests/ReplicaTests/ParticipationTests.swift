import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

/// What leaders hand to their builders of the votes that they hold (staking.md 3).
@Suite struct ParticipationTests {
    /// Who was handed for a block, by any leader.
    private static func handed(_ network: ReplicaNetwork) -> [Candidate: Set<UInt16>] {
        var handed: [Candidate: Set<UInt16>] = [:]
        for job in network.nodes.flatMap(\.jobs) {
            for votes in job.participation.map(\.value) {
                #expect(votes.kind == .notarize && votes.isPartial)
                guard let candidate = votes.statement.candidate else { continue }
                handed[candidate, default: []].formUnion(votes.bitmap.signers)
            }
        }
        return handed
    }

    @Test func `leaders hold the votes of all for every block, over boundaries too`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        #expect(network.run { network.nodes.allSatisfy { $0.height >= 14 } })
        let handed = Self.handed(network)
        // Epochs of three blocks: four boundaries.
        for block in network.nodes[0].chain.prefix(12) {
            #expect(
                handed[block.header.candidate] == [0, 1, 2, 3], "height \(block.header.height)")
        }
    }

    @Test func `a node that is not there is in no votes`() {
        let network = ReplicaNetwork(count: 4, length: 40) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2])
        #expect(network.run { network.nodes[0].height >= 10 })
        let handed = Self.handed(network)
        let absent = network.validators(of: .zero).index(of: network.publicKeys[3])
        for block in network.nodes[0].chain.prefix(8) {
            let signers = handed[block.header.candidate] ?? []
            #expect(signers.count == 3 && absent.map { signers.contains($0) } == false)
        }
    }

    @Test func `a vote that comes late is handed later, and few blocks are named`() {
        let network = ReplicaNetwork(count: 4, length: 40) { _ in [0, 1, 2, 3] }
        // Node 3 is heard two blocks later, so that nobody needs it.
        network.delay = { from, _, _ in from == 3 ? 130 : 10 }
        network.start([0, 1, 2, 3])
        #expect(network.run { network.nodes[0].height >= 30 })
        let handed = Self.handed(network)
        let signers = network.nodes[0].chain.prefix(20).map {
            handed[$0.header.candidate]?.count ?? 0
        }
        #expect(signers.filter { $0 == 4 }.count >= 15)
        for job in network.nodes.flatMap(\.jobs) {
            #expect(job.participation.count <= Replica.lateBlocksMax + 1)
        }
    }

    @Test func `participation alone makes no block busy`() {
        let network = ReplicaNetwork(count: 4, length: 100) { _ in [0, 1, 2, 3] }
        network.timing = Timing(
            blockInterval: 50, idleInterval: 400, leaderTimeout: 500, advanceTimeout: 1_000,
            retryInterval: 2_000)
        network.start([0, 1, 2, 3])
        network.run(milliseconds: 8_000)
        // One idle block in 400 ms, and not one in 50.
        #expect((10...20).contains(network.nodes[0].height), "\(network.nodes[0].height)")
    }
}

import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

@Suite struct EvidenceTests {
    /// Two votes of a node that conflict: it gives a view up and finalizes it.
    static func pair(
        of node: Int, in instance: Instance, view: View, block: UInt8 = 1
    ) -> [Vote] {
        guard
            let signer = instance.validators.index(of: ReplicaNetwork.consensusKey(node).publicKey)
        else { return [] }
        let candidate = Candidate(parentView: .zero, blockHash: Digest(.block, [block]))
        return [Statement.nullify, .finalize(candidate)].map { statement in
            Vote(
                epoch: instance.epoch, view: view, signer: signer, statement: statement,
                signature: ReplicaNetwork.consensusKey(node).sign(
                    statement.signBytes(instance: instance.id, view: view)))
        }
    }

    private static func network(length: UInt64 = 40) -> ReplicaNetwork {
        let network = ReplicaNetwork(count: 5, length: length) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3, 4])
        network.run { network.nodes[0].height >= 2 }
        return network
    }

    private static func blocks(_ network: ReplicaNetwork) -> [Block] {
        network.nodes[0].chain.filter { !$0.body.evidence.isEmpty }
    }

    @Test func `evidence is found, told to all, put into one block, and waits no more`() throws {
        // S27, for one equivocator.
        let network = Self.network()
        let instance = try #require(network.nodes[0].instance)
        let view = try #require(network.nodes[0].facts).view
        for vote in Self.pair(of: 3, in: instance, view: view) {
            network.inject(.vote(vote), from: 3, to: 0)
        }
        let found = network.nodes[0].height
        network.run(milliseconds: 30)
        #expect(network.nodes[1].waitingEvidence == 1)
        #expect(network.nodes[4].waitingEvidence == 1)
        #expect(network.run { !Self.blocks(network).isEmpty })
        let block = try #require(Self.blocks(network).first)
        // Two rounds of four views.
        #expect(block.header.height.value <= found + 8)
        let height = network.nodes[0].height
        network.run { network.nodes.allSatisfy { $0.height >= height + 6 } }
        #expect(Self.blocks(network).flatMap(\.body.evidence).count == 1)
        #expect(network.nodes.allSatisfy { $0.waitingEvidence == 0 })
        EpochTests.check(network)
    }

    @Test func `who registers after its node has started names itself in the next epoch`() throws {
        let network = ReplicaNetwork(count: 5, length: 8) { _ in [0, 1, 2, 3] }
        for node in network.nodes { node.isRegistered = false }
        network.start([0, 1, 2, 3, 4])
        network.run { network.nodes[0].height >= 2 }
        let first = try #require(network.nodes[0].instance)
        let early = Self.pair(of: 3, in: first, view: View(1))
        network.inject(.evidence(try #require(Evidence(early[0], early[1]))), from: 4, to: 0)
        // Nobody is there who could be named.
        network.run { network.nodes[0].height >= 6 }
        #expect(network.nodes[0].waitingEvidence == 1)
        #expect(Self.blocks(network).isEmpty)
        for node in network.nodes { node.isRegistered = true }
        #expect(network.run { !Self.blocks(network).isEmpty })
        let block = try #require(Self.blocks(network).first)
        #expect(block.header.epoch > .zero)
        let reporters = network.publicKeys.map { Address($0) }
        #expect(block.body.evidence.allSatisfy { reporters.contains($0.reporter) })
    }

    @Test func `a pair is told on once`() throws {
        let network = Self.network()
        let instance = try #require(network.nodes[0].instance)
        let votes = Self.pair(of: 3, in: instance, view: View(1))
        let evidence = try #require(Evidence(votes[0], votes[1]))
        for _ in 0..<5 {
            network.inject(.evidence(evidence), from: 4, to: 0)
            network.run(milliseconds: 50)
        }
        let told = network.nodes[1].sent.filter {
            if case .evidence = $0 { true } else { false }
        }
        #expect(told.count == 1)
    }

    @Test func `who was convicted leads no more`() throws {
        let network = Self.network(length: 400)
        let instance = try #require(network.nodes[0].instance)
        let votes = Self.pair(of: 3, in: instance, view: View(1))
        let evidence = try #require(Evidence(votes[0], votes[1]))
        network.inject(.evidence(evidence), from: 4, to: 0)
        network.run { !Self.blocks(network).isEmpty }
        network.run(milliseconds: 500)
        let height = Int(network.nodes[0].height)
        network.run { network.nodes[0].height >= UInt64(height) + 12 }
        let leaders = network.nodes[0].chain.dropFirst(height).map(\.header.proposer)
        #expect(!leaders.contains(evidence.signer))
    }

    @Test func `evidence about the epoch before is taken`() throws {
        let network = ReplicaNetwork(count: 4, length: 6) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 2 }
        let old = try #require(network.nodes[0].instance)
        network.run { network.nodes[0].epoch.value == 1 && network.nodes[0].height >= 7 }
        let votes = Self.pair(of: 3, in: old, view: View(1))
        let evidence = try #require(Evidence(votes[0], votes[1]))
        network.inject(.evidence(evidence), from: 1, to: 0)
        #expect(network.run { !Self.blocks(network).isEmpty })
        EpochTests.check(network)
    }

    @Test func `SEC-12 evidence of unknown epochs and views harms nothing`() throws {
        let network = Self.network()
        let instance = try #require(network.nodes[0].instance)
        for epoch in [1, 2, UInt64(1) << 63, .max] {
            for view in [0, UInt64(1) << 63, .max] {
                let votes = Self.pair(of: 3, in: instance, view: View(view)).map {
                    Vote(
                        epoch: Epoch(epoch), view: $0.view, signer: $0.signer,
                        statement: $0.statement, signature: $0.signature)
                }
                let evidence = try #require(Evidence(votes[0], votes[1]))
                network.inject(.evidence(evidence), from: 4, to: 0)
            }
        }
        network.run(milliseconds: 100)
        #expect(network.nodes[0].penalties.isEmpty)
        #expect(network.nodes[0].waitingEvidence == 0)
        let height = network.nodes[0].height
        #expect(network.run { network.nodes[0].height > height })
    }

    @Test func `a forged pair is its sender's fault`() throws {
        let network = Self.network()
        let instance = try #require(network.nodes[0].instance)
        let votes = Self.pair(of: 3, in: instance, view: View(1)).map {
            Vote(
                epoch: $0.epoch, view: $0.view, signer: 1, statement: $0.statement,
                signature: $0.signature)
        }
        let evidence = try #require(Evidence(votes[0], votes[1]))
        network.inject(.evidence(evidence), from: 4, to: 0)
        network.run(milliseconds: 100)
        #expect(network.nodes[0].penalties.map(\.offence) == [.forged])
        #expect(network.nodes[0].waitingEvidence == 0)
    }

    // MARK: The pool

    private static func evidence(epoch: UInt64, signer: UInt16, view: UInt64 = 1) -> Evidence? {
        let signature = Signature([UInt8](repeating: 1, count: 64))
        let candidate = Candidate(parentView: .zero, blockHash: .zero)
        return Evidence(
            Vote(
                epoch: Epoch(epoch), view: View(view), signer: signer, statement: .nullify,
                signature: signature),
            Vote(
                epoch: Epoch(epoch), view: View(view), signer: signer,
                statement: .finalize(candidate), signature: signature))
    }

    @Test func `the pool holds one pair for each signer and epoch`() throws {
        var pool = EvidencePool()
        let results = try [(1, 1), (1, 2), (2, 1)].map { epoch, view in
            pool.insert(
                try #require(Self.evidence(epoch: epoch, signer: 0, view: view)), in: .zero)
        }
        #expect(results == [true, false, true])
        #expect(pool.count == 2)
    }

    @Test func `the pool is bounded, and what was settled does not come back`() throws {
        var pool = EvidencePool()
        for epoch in 0..<2 as Range<UInt64> {
            for signer in 0..<200 as Range<UInt16> {
                _ = pool.insert(
                    try #require(Self.evidence(epoch: epoch, signer: signer)), in: .zero)
            }
        }
        #expect(pool.count == EvidencePool.countMax)
        let first = try #require(Self.evidence(epoch: 0, signer: 0))
        pool.settle([first])
        let isBack = pool.insert(first, in: .zero)
        #expect(!isBack)
        #expect(pool.count == EvidencePool.countMax - 1)
        pool.drop(pool.evidence.map(\.id))
        #expect(pool.count == 0)
    }

    @Test func `a block takes at most sixteen, and none about its own epoch if it is the first`()
        throws
    {
        var pool = EvidencePool()
        for signer in 0..<20 as Range<UInt16> {
            _ = pool.insert(try #require(Self.evidence(epoch: 1, signer: signer)), in: View(5))
        }
        let all = pool.candidates(of: Epoch(1), without: [], isFirst: false, since: .zero)
        #expect(all.count == Limits.evidencePerBlockMax)
        #expect(
            pool.candidates(of: Epoch(1), without: [], isFirst: true, since: .zero).isEmpty)
        #expect(pool.candidates(of: Epoch(2), without: [], isFirst: true, since: .zero).count == 16)
        #expect(pool.candidates(of: Epoch(0), without: [], isFirst: false, since: .zero).isEmpty)
        #expect(
            pool.candidates(of: Epoch(1), without: all, isFirst: false, since: .zero).count == 4)
        #expect(pool.candidates(of: Epoch(2), without: [], isFirst: true, since: View(6)).isEmpty)
    }
}

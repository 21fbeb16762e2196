import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

@Suite struct EpochTests {
    /// The same chain everywhere, and nobody was found at fault (X1, X7).
    static func check(_ network: ReplicaNetwork) {
        let longest = network.nodes.max { $0.height < $1.height }
        for node in network.nodes {
            let same = zip(node.chain, longest?.chain ?? []).allSatisfy { $0.hash == $1.hash }
            #expect(same, "node \(node.number)")
            #expect(node.penalties.isEmpty, "node \(node.number)")
            // Nobody takes an own vote for somebody else's.
            #expect(node.usedElsewhere.isEmpty, "node \(node.number)")
        }
    }

    private static func heights(_ network: ReplicaNetwork) -> [UInt64] {
        network.nodes.map(\.height)
    }

    @Test func `epochs follow one another on every node`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= 10 } })
        Self.check(network)
        for node in network.nodes {
            #expect(node.epochs.map(\.value).prefix(4) == [0, 1, 2, 3])
            #expect(node.chain.prefix(9).map(\.header.epoch.value) == [0, 0, 0, 1, 1, 1, 2, 2, 2])
        }
    }

    @Test(arguments: [0, 2, 4, 6])
    func `sets of six that share all, two thirds, a third or no seat follow one another`(
        shift: Int
    ) {
        let network = ReplicaNetwork(count: 12) { epoch in
            (0..<6).map { (Int(epoch.value) * shift + $0) % 12 }
        }
        network.start(Array(0..<12))
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= 10 } })
        Self.check(network)
        // S20: nothing stood still at a boundary.
        let chain = network.nodes[0].chain
        for (parent, child) in zip(chain, chain.dropFirst()) {
            let passed = child.header.timestamp.value - parent.header.timestamp.value
            #expect(passed <= 2 * 50 + 100, "at height \(child.header.height)")
        }
    }

    @Test(arguments: [1, 2, 10])
    func `a validator that was away for some epochs catches up and votes again`(away: UInt64) {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { Self.heights(network).allSatisfy { $0 >= 4 } }
        let left = network.nodes[3].epoch.value
        network.stop(3)
        network.run(milliseconds: 600_000) { network.nodes[0].epoch.value >= left + away }
        network.start([3])
        let isBack = network.run(milliseconds: 30_000) {
            network.nodes[3].epoch == network.nodes[0].epoch
                && network.nodes[3].height + 1 >= network.nodes[0].height
        }
        #expect(isBack, "at \(network.nodes[3].height) of \(network.nodes[0].height)")
        let before = network.nodes[3].sent.count
        let height = network.nodes[0].height
        network.run { network.nodes[0].height >= height + 4 }
        let votes = network.nodes[3].sent.dropFirst(before).filter {
            if case .vote = $0 { true } else { false }
        }
        #expect(!votes.isEmpty)
        Self.check(network)
    }

    @Test(arguments: [1, 2, 10])
    func `a follower that was away for some epochs catches up`(away: UInt64) {
        let network = ReplicaNetwork(count: 5) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run(milliseconds: 600_000) { network.nodes[0].epoch.value >= away }
        network.start([4])
        let isHere = network.run(milliseconds: 30_000) {
            network.nodes[4].height + 1 >= network.nodes[0].height
        }
        #expect(isHere, "at \(network.nodes[4].height) of \(network.nodes[0].height)")
        let height = network.nodes[0].height
        #expect(network.run { network.nodes[4].height >= height + 4 })
        Self.check(network)
    }

    @Test func `P25 S23 whoever was away walks ten epochs as fast as their blocks come`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { Self.heights(network).allSatisfy { $0 >= 4 } }
        let left = network.nodes[3].epoch.value
        network.stop(3)
        network.run(milliseconds: 600_000) { network.nodes[0].epoch.value >= left + 11 }
        let start = network.now
        network.start([3])
        network.run(milliseconds: 30_000) { network.nodes[3].epoch.value >= left + 10 }
        // A question, a hint, a request and a range for each, 10 ms one way: nothing waits for a
        // timer or for somebody's next second.
        #expect(network.now <= start.advanced(byMilliseconds: 10 * 4 * 10 + 50))
        let asked = network.nodes[3].sent.filter {
            if case .rangeRequest = $0 { true } else { false }
        }
        #expect(asked.count <= 11)
        Self.check(network)
    }

    @Test func `P25 S23 the walk goes on at the next second where a hint is lost`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { Self.heights(network).allSatisfy { $0 >= 4 } }
        let left = network.nodes[3].epoch.value
        network.stop(3)
        network.run(milliseconds: 600_000) { network.nodes[0].epoch.value >= left + 11 }
        // Two of three peers never answer with a hint, and the third loses every other one.
        var count = 0
        network.delay = { from, _, message in
            guard case .epochHint = message else { return 10 }
            count += from == 0 ? 1 : 0
            return from == 0 && count.isMultiple(of: 2) ? 10 : nil
        }
        network.start([3])
        let isHere = network.run(milliseconds: 12_000) {
            network.nodes[3].epoch.value >= left + 10
        }
        #expect(isHere, "at \(network.nodes[3].epoch)")
        Self.check(network)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `SEC-09 S10 nodes that are killed at random never vote against themselves`(seed: UInt64) {
        let network = ReplicaNetwork(count: 4, length: 6) { _ in [0, 1, 2, 3] }
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        network.start([0, 1, 2, 3])
        for _ in 0..<60 {
            network.run(milliseconds: next(160))
            let victims = (0..<4).filter { _ in next(3) == 0 }
            for victim in victims { network.stop(victim) }
            network.run(milliseconds: next(200))
            network.start(victims)
        }
        let height = Self.heights(network).max() ?? 0
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= height + 4 } })
        var said: [String: Set<Statement>] = [:]
        for node in network.nodes {
            for case .vote(let vote) in node.sent {
                said["\(node.number) \(vote.epoch) \(vote.view)", default: []].insert(
                    vote.statement)
            }
            for case .proposal(let proposal) in node.sent {
                let vote = proposal.vote
                said["\(node.number) \(vote.epoch) \(vote.view)", default: []].insert(
                    vote.statement)
            }
        }
        #expect(said.count > 60)
        for (view, statements) in said {
            let candidates = Set(statements.compactMap(\.candidate))
            #expect(candidates.count <= 1, "\(view)")
            let isBoth =
                statements.contains(.nullify)
                && statements.contains { $0.kind == .finalize }
            #expect(!isBoth, "\(view)")
        }
        Self.check(network)
    }

    @Test func `a joiner finds its way after the old set has left`() {
        // S24: the first epochs' validators stop as soon as theirs is over.
        let network = ReplicaNetwork(count: 9) { epoch in
            epoch.value < 2 ? [0, 1, 2, 3] : [4, 5, 6, 7, 8]
        }
        network.start(Array(0..<8))
        network.run { network.nodes[4].epoch.value >= 2 }
        for old in 0..<4 { network.stop(old) }
        network.start([8])
        let isHere = network.run(milliseconds: 30_000) {
            network.nodes[8].height > 6
                && network.nodes[8].height + 1 >= network.nodes[4].height
        }
        #expect(isHere, "at \(network.nodes[8].height) of \(network.nodes[4].height)")
        let height = network.nodes[4].height
        #expect(network.run { network.nodes[8].height >= height + 4 })
        for node in network.nodes { #expect(node.penalties.isEmpty) }
    }

    @Test func `a validator that leaves the set goes on as a follower`() {
        let network = ReplicaNetwork(count: 5) { epoch in
            epoch.value < 1 ? [0, 1, 2, 3] : [1, 2, 3, 4]
        }
        network.start(Array(0..<5))
        #expect(network.run { network.nodes[0].height >= 9 })
        let votes = network.nodes[0].sent.filter {
            if case .vote(let vote) = $0 { vote.epoch > .zero } else { false }
        }
        #expect(votes.isEmpty)
        Self.check(network)
    }

    @Test func `a boundary block whose finalize votes are lost is shown again`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.delay = { _, _, message in
            // View 3 notarizes the last block of epoch 0; nothing of its finalization arrives.
            switch message {
            case .vote(let vote):
                vote.kind == .finalize && vote.epoch == .zero && vote.view == View(3) ? nil : 10
            default: 10
            }
        }
        network.start([0, 1, 2, 3])
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= 6 } })
        Self.check(network)
        let again = network.nodes.flatMap(\.sent).filter {
            if case .proposal(let proposal) = $0 { proposal.isReproposal } else { false }
        }
        #expect(!again.isEmpty)
        #expect(network.nodes[0].chain[2].header.view == View(3))
        #expect(network.nodes[0].chain[3].header.epoch == Epoch(1))
    }

    @Test func `what comes early for the next epoch is held until the disk is done`() {
        let network = ReplicaNetwork(count: 4, length: 12) { _ in [0, 1, 2, 3] }
        network.nodes[3].isBoundaryHeld = true
        network.start([0, 1, 2, 3])
        network.run { network.nodes[3].height == 12 && network.nodes[0].epoch.value == 1 }
        // The others vote in view 1 of the next epoch meanwhile.
        network.run(milliseconds: 300)
        network.nodes[3].releaseBoundary()
        let released = network.now
        #expect(network.run { network.nodes[3].height >= 13 })
        #expect(network.now < released.advanced(byMilliseconds: 50))
        Self.check(network)
    }

    @Test func `a node whose disk takes long at the boundary asks nobody in vain`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.nodes[3].isBoundaryHeld = true
        network.start([0, 1, 2, 3])
        network.run { network.nodes[3].height == 3 }
        let before = network.nodes[3].sent.count
        network.run(milliseconds: 2_500)
        let asked = network.nodes[3].sent.dropFirst(before).filter {
            if case .certificateRequest = $0 { true } else { false }
        }
        #expect(asked.isEmpty)
        network.nodes[3].releaseBoundary()
        let height = network.nodes[0].height
        #expect(network.run(milliseconds: 10_000) { network.nodes[3].height >= height })
        Self.check(network)
    }

    @Test(arguments: 0..<8)
    func `SEC-16 all nodes restart around the boundary at once, and the chain goes on`(moment: Int)
    {
        // S22: every 15 ms of the time in which the boundary block becomes final.
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 2 }
        network.run(milliseconds: 15 * UInt64(moment) + 40)
        for number in 0..<4 { network.stop(number) }
        network.start([0, 1, 2, 3])
        let height = network.nodes[0].height
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= height + 4 } })
        Self.check(network)
    }

    @Test func `a partition over a boundary heals`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes[0].height >= 2 }
        network.partition([3], [0, 1, 2])
        network.run { network.nodes[0].epoch.value >= 4 }
        network.heal()
        #expect(
            network.run(milliseconds: 20_000) {
                network.nodes[3].height + 1 >= network.nodes[0].height
            })
        Self.check(network)
    }

    @Test func `S51 a chain goes on after 264 nullified views, and after a restart of all`() {
        let network = ReplicaNetwork(count: 4) { _ in [0, 1, 2, 3] }
        network.timing.leaderTimeoutMax = 500
        var isBlocked = true
        network.delay = { _, _, message in
            // A notarize vote alone would do: the block is asked for by its hash.
            let isProposed =
                switch message {
                case .proposal: true
                case .vote(let vote): vote.kind == .notarize
                case .certificate(let certificate): certificate.kind == .notarize
                default: false
                }
            return isProposed && isBlocked ? nil : 10
        }
        network.start([0, 1, 2, 3])
        let isFar = network.run(milliseconds: 600_000) {
            network.nodes.allSatisfy { ($0.facts?.view ?? .zero) > View(270) }
        }
        #expect(isFar)
        for number in 0..<4 { network.stop(number) }
        isBlocked = false
        network.start([0, 1, 2, 3])
        #expect(network.nodes.allSatisfy { ($0.facts?.view ?? .zero) > View(270) })
        #expect(network.run { Self.heights(network).allSatisfy { $0 >= 4 } })
        Self.check(network)
    }

    @Test func `a range ends at the boundary, and anybody may serve it`() {
        let network = ReplicaNetwork(count: 6, length: 60) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3, 4])
        network.run(milliseconds: 600_000) { network.nodes[4].height >= 70 }
        // Only the follower is left.
        for number in 0..<4 { network.stop(number) }
        network.start([5])
        #expect(network.run(milliseconds: 60_000) { network.nodes[5].height >= 70 })
        for message in network.nodes[5].sent {
            guard case .rangeRequest(let request) = message else { continue }
            #expect(request.last <= Height(60) || request.first > Height(60))
        }
        Self.check(network)
    }
}

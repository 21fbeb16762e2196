import Chain
import Consensus
import Cryptography
import Testing

@testable import Replica

/// Messages and results of epochs other than the one at work.
@Suite struct OtherEpochsTests {
    private static func network() -> ReplicaNetwork {
        let network = ReplicaNetwork(count: 4, length: 12) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.epoch.value == 2 } }
        return network
    }

    private static func vote(epoch: UInt64, view: UInt64 = 1) -> PeerMessage {
        .vote(
            Vote(
                epoch: Epoch(epoch), view: View(view), signer: 3, statement: .nullify,
                signature: Signature([UInt8](repeating: 1, count: 64))))
    }

    private static func hints(_ node: TestNode, after count: Int) -> [Epoch] {
        node.sent.dropFirst(count).compactMap {
            if case .epochHint(let hint) = $0 { hint.finalization.epoch } else { nil }
        }
    }

    private static func questions(_ node: TestNode, after count: Int) -> Int {
        node.sent.dropFirst(count).filter {
            if case .certificateRequest = $0 { true } else { false }
        }.count
    }

    @Test func `P25 a straggler is told how its epoch ended, once a second`() {
        let network = Self.network()
        let before = network.nodes[0].sent.count
        for view in 1...20 as ClosedRange<UInt64> {
            network.inject(Self.vote(epoch: 1, view: view), from: 3, to: 0)
        }
        network.run(milliseconds: 100)
        #expect(Self.hints(network.nodes[0], after: before) == [Epoch(1)])
        network.run(milliseconds: 1_000)
        network.inject(Self.vote(epoch: 1), from: 3, to: 0)
        network.run(milliseconds: 100)
        #expect(Self.hints(network.nodes[0], after: before) == [Epoch(1), Epoch(1)])
        EpochTests.check(network)
    }

    @Test func `P25 older epochs are answered from the disk, and a later one at once`() {
        let network = Self.network()
        let before = network.nodes[0].sent.count
        network.inject(Self.vote(epoch: 0), from: 3, to: 0)
        network.inject(Self.vote(epoch: 1), from: 3, to: 0)
        network.inject(Self.vote(epoch: 0), from: 3, to: 0)
        network.run(milliseconds: 100)
        #expect(Self.hints(network.nodes[0], after: before) == [.zero, Epoch(1)])
    }

    @Test func `who claims a later epoch is asked once a second, and is at no fault`() {
        let network = Self.network()
        network.partition([1, 2], [0])
        network.run(milliseconds: 100)
        let before = network.nodes[0].sent.count
        for view in 1...20 as ClosedRange<UInt64> {
            network.inject(Self.vote(epoch: 1 << 63, view: view), from: 3, to: 0)
        }
        network.run(milliseconds: 900)
        #expect(Self.questions(network.nodes[0], after: before) <= 1)
        network.run(milliseconds: 4_000)
        #expect(Self.questions(network.nodes[0], after: before) <= 12)
        #expect(network.nodes[0].penalties.isEmpty)
    }

    @Test func `P12 a hint whose header is another block's is its sender's fault`() throws {
        let network = Self.network()
        let finalization = DoorTests.certificate(
            .finalize(Candidate(parentView: .zero, blockHash: .zero)), view: 5,
            signers: [0, 1, 2], in: DoorTests.first, claiming: Epoch(2))
        var header = DoorTests.header(height: 36, parent: .zero)
        header.epoch = Epoch(2)
        let hint = EpochHint(finalization: finalization, header: header)
        network.inject(.epochHint(hint), from: 3, to: 0)
        network.run(milliseconds: 50)
        #expect(network.nodes[0].penalties.map(\.offence) == [.forged])
    }

    @Test func `P22 results of another instance change nothing`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let digest = node.digest
        let committed = try #require(node.committedHeight)
        let old = DoorTests.first
        let vote = Vote(
            epoch: Epoch(2), view: View(1), signer: 3, statement: .nullify,
            signature: Signature([UInt8](repeating: 1, count: 64)))
        let peer = Peer(key: network.networkKeys[3])
        let block = Block(
            header: DoorTests.header(height: 25, parent: .zero), body: BlockBody(transactions: []))
        node.give(.verified(.vote(.restored(vote)), instance: old.id, from: peer))
        node.give(.durable(instance: old.id, sequence: 1 << 40))
        node.give(.built(instance: old.id, view: View(1), block, dropped: []))
        node.give(.buildFailed(instance: old.id, view: View(1)))
        node.give(.executed(instance: old.id, hash: block.hash, .invalid))
        node.give(.refused(instance: old.id, kind: .nullify, view: View(1)))
        node.give(.replayed([block]))
        #expect(node.digest == digest)
        #expect(node.committedHeight == committed)
        // Forged is forged in every epoch.
        node.give(.verificationFailed(.badSignature, instance: old.id, from: peer))
        #expect(node.penalties.map(\.offence) == [.forged])
    }

    @Test func `a range that is done late does not set the node back`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let epoch = node.epoch
        network.run { node.chain.filter { $0.header.epoch == epoch }.count >= 3 }
        let committed = try #require(node.committedHeight)
        let late = try #require(node.chain.first { $0.header.epoch == epoch })
        #expect(late.header.height < committed)
        node.give(.replayed([late]))
        #expect(node.committedHeight == committed)
    }

    @Test func `early frames go also where their sender says nothing more`() throws {
        var peers = Peers()
        let key = ReplicaNetwork.networkKey(1)
        peers.insert(Peer(key: key))
        let now = Instant(nanoseconds: 5_000_000_000)
        peers.hold(Self.vote(epoch: 3, view: 1), from: key, at: now)
        peers.forgetEarly(at: now.advanced(byMilliseconds: EarlyFrames.milliseconds))
        #expect(try #require(peers[key]).early.count == 1)
        peers.forgetEarly(at: now.advanced(byMilliseconds: EarlyFrames.milliseconds + 1))
        #expect(try #require(peers[key]).early.count == 0)
    }

    @Test func `early frames go with a peer that gets another name`() throws {
        var peers = Peers()
        let (old, new) = (ReplicaNetwork.networkKey(1), ReplicaNetwork.networkKey(2))
        let now = Instant(nanoseconds: 5_000_000_000)
        peers.insert(Peer(key: old))
        peers.note(Epoch(3), of: old)
        peers.hold(Self.vote(epoch: 3, view: 1), from: old, at: now)
        var both = peers
        peers.rename(Peer(key: old), to: Peer(key: new), remains: false)
        #expect(peers.keys == [new])
        #expect(peers.above(Epoch(2)) == [new])
        #expect(peers.beginEpoch(at: now).map(\.from.key) == [new])
        // Of two connections one keeps the name; which of them sent it is not known.
        both.insert(Peer(key: new))
        both.hold(Self.vote(epoch: 3, view: 2), from: new, at: now)
        both.rename(Peer(key: old), to: Peer(key: new), remains: true)
        #expect(both.beginEpoch(at: now).map(\.from.key) == [old, new, new])
    }

    @Test func `P15 early frames are few, and forgotten after a second`() {
        var frames = EarlyFrames()
        let now = Instant(nanoseconds: 5_000_000_000)
        for view in 1...200 as ClosedRange<UInt64> {
            frames.hold(Self.vote(epoch: 3, view: view), at: now)
        }
        var later = frames
        #expect(frames.take(at: now).count == EarlyFrames.framesMax)
        #expect(frames.take(at: now).isEmpty)
        #expect(later.take(at: now.advanced(byMilliseconds: 1_001)).isEmpty)
    }

    @Test func `P15 questions that nobody answered are bounded`() {
        var questions = Questions<UInt64>()
        let peer = ReplicaNetwork.networkKey(1)
        for subject in 0..<1_000 as Range<UInt64> {
            questions.ask(subject, of: 1, through: peer)
        }
        let open = (0..<1_000 as Range<UInt64>).filter { questions.contains($0) }
        #expect(open == Array(1_000 - UInt64(Questions<UInt64>.countMax)..<1_000))
    }

    @Test func `SEC-24 a node that is cut off and behind does nearly nothing`() {
        let network = Self.network()
        network.partition([3], [0, 1, 2])
        for number in 0..<3 { network.stop(number) }
        network.run(milliseconds: 100)
        let before = network.nodes[3].inputs
        network.run(milliseconds: 60_000)
        #expect(network.nodes[3].inputs - before < 240)
    }
}

import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

/// What hostile peers say to a whole replica, and what becomes of it.
@Suite struct HostileMessagesTests {
    private static func network() -> ReplicaNetwork {
        let network = ReplicaNetwork(count: 5, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3, 4])
        network.run { network.nodes[0].height >= 2 }
        return network
    }

    /// A block with two pieces of evidence in its body.
    private static func block() throws -> Block {
        let instance = DoorTests.first
        let evidence = try ([5, 6] as [UInt64]).map { view in
            let votes = EvidenceTests.pair(of: 1, in: instance, view: View(view))
            return ReportedEvidence(
                evidence: try #require(Evidence(votes[0], votes[1])),
                reporter: Address(ReplicaNetwork.networkKey(1)))
        }
        let body = BlockBody(transactions: [], evidence: evidence)
        var header = DoorTests.header(height: 9, parent: .zero)
        header.evidenceRoot = body.evidenceRoot
        return Block(header: header, body: body)
    }

    @Test func `SEC-04 a part in another place makes another block, or none`() throws {
        let block = try Self.block()
        let swapped = Block(
            header: block.header,
            body: BlockBody(transactions: [], evidence: block.body.evidence.reversed()))
        try DoorTests.check(.block(block.hash, block.encoded()), in: DoorTests.first)
        #expect(throws: VerificationError.badSignature) {
            try DoorTests.check(.block(block.hash, swapped.encoded()), in: DoorTests.first)
        }
        var other = block.header
        other.evidenceRoot = swapped.body.evidenceRoot
        let honest = Block(header: other, body: swapped.body)
        #expect(throws: VerificationError.badSignature) {
            try DoorTests.check(.block(block.hash, honest.encoded()), in: DoorTests.first)
        }
    }

    @Test func `SEC-04 what fails its check is stored nowhere and told to nobody`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let block = try Self.block()
        let before = node.sent.count
        // As if it had been asked for: the check is what stands between.
        node.give(
            .verificationFailed(
                .badSignature, instance: try #require(node.instance).id,
                from: Peer(key: network.networkKeys[4])))
        network.inject(
            .blockResponse(BlockResponse(hash: block.hash, block: block.encoded())), from: 4,
            to: 0)
        network.run(milliseconds: 300)
        #expect(node.penalties.map(\.offence) == [.forged])
        let relayed = node.sent.dropFirst(before).filter {
            if case .blockResponse(let response) = $0 {
                response.hash == block.hash
            } else {
                false
            }
        }
        #expect(relayed.isEmpty)
    }

    @Test func `SEC-26 votes without a good signature count nowhere`() throws {
        let network = Self.network()
        // Node 0 hears nobody but the forger's messages.
        network.partition([0], [1, 2, 3, 4])
        network.run(milliseconds: 10)
        let facts = try #require(network.nodes[0].facts)
        for node in 1...3 {
            network.nodes[0].connect(node)
            let instance = try #require(network.nodes[0].instance)
            let key = ReplicaNetwork.consensusKey(node).publicKey
            let signer = try #require(instance.validators.index(of: key))
            network.inject(
                .vote(
                    Vote(
                        epoch: instance.epoch, view: facts.view, signer: signer,
                        statement: .nullify,
                        signature: Signature([UInt8](repeating: 3, count: 64)))),
                from: node, to: 0)
        }
        network.run(milliseconds: 50)
        #expect(network.nodes[0].facts?.view == facts.view)
        #expect(network.nodes[0].penalties.map(\.offence) == [.forged, .forged, .forged])
    }

    /// The vote of a node to give a view up, as a partial certificate.
    private static func partial(
        of member: Int, in instance: Instance, view: View
    ) throws -> Certificate {
        let vote = try #require(EvidenceTests.pair(of: member, in: instance, view: view).first)
        var bitmap = SignerBitmap(count: instance.validators.count)
        bitmap.insert(vote.signer)
        return Certificate(
            epoch: instance.epoch, view: view, statement: vote.statement, isPartial: true,
            bitmap: bitmap, signatures: [vote.signature])
    }

    private static func certificatesChecked(_ node: TestNode, after count: Int) -> [Certificate] {
        node.checks.dropFirst(count).flatMap { job in
            switch job {
            case .certificates(let certificates, _): certificates
            case .proposal(let proposal): proposal.justification
            default: [Certificate]()
            }
        }.filter(\.isPartial)
    }

    @Test func `a transaction that stands twice in a message is checked once`() throws {
        let network = ReplicaNetwork(count: 4, length: 400) { _ in [0, 1, 2, 3] }
        network.start([0, 1, 2, 3])
        network.run(milliseconds: 1_000) { network.nodes[0].height >= 1 }
        let (first, second) = (
            try MempoolTests.transaction(1, 0).value, try MempoolTests.transaction(2, 0).value
        )
        network.nodes[0].give(
            .received(
                .transactions([first, second, first, first]),
                from: Peer(key: ReplicaNetwork.networkKey(1))))
        guard case .transactions(let checked) = try #require(network.nodes[0].checks.last) else {
            Issue.record("transactions are checked")
            return
        }
        #expect(checked.map(\.id) == [first.id, second.id])
    }

    @Test func `2.10 a vote that is told again and again is checked twice at most`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let instance = try #require(node.instance)
        let view = try #require(node.facts).view.advanced(by: 6)
        let before = node.checks.count
        // All before the first of them is here, as in one burst.
        let partial = try Self.partial(of: 3, in: instance, view: view)
        for _ in 0..<100 {
            node.give(.received(.certificate(partial), from: Peer(key: network.networkKeys[3])))
        }
        #expect(Self.certificatesChecked(node, after: before).count == 2)
        // Another validator that tells it too.
        node.give(.received(.certificate(partial), from: Peer(key: network.networkKeys[2])))
        #expect(Self.certificatesChecked(node, after: before).count == 3)
        network.run(milliseconds: 1)
        // It is known now, whoever tells it, with any other good signature.
        let count = node.checks.count
        for member in 1...3 {
            node.give(
                .received(.certificate(partial), from: Peer(key: network.networkKeys[member])))
        }
        #expect(Self.certificatesChecked(node, after: count).isEmpty)
        #expect(node.penalties.isEmpty)
    }

    @Test func `2.10 of a partial certificate only what is new is checked`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let instance = try #require(node.instance)
        let view = try #require(node.facts).view.advanced(by: 6)
        let known = try Self.partial(of: 3, in: instance, view: view)
        node.give(.received(.certificate(known), from: Peer(key: network.networkKeys[3])))
        network.run(milliseconds: 1)
        let other = try Self.partial(of: 2, in: instance, view: view)
        var bitmap = known.bitmap
        bitmap.formUnion(other.bitmap)
        // In the order of the seats.
        let first = try #require(known.bitmap.signers.first)
        let second = try #require(other.bitmap.signers.first)
        let signatures = known.signatures + other.signatures
        let both = Certificate(
            epoch: instance.epoch, view: view, statement: .nullify, isPartial: true,
            bitmap: bitmap, signatures: first < second ? signatures : signatures.reversed())
        let before = node.checks.count
        node.give(.received(.certificate(both), from: Peer(key: network.networkKeys[1])))
        #expect(Self.certificatesChecked(node, after: before) == [other])
    }

    @Test func `partial certificates justify nothing, and a proposal is looked at four times`()
        throws
    {
        let network = Self.network()
        let node = network.nodes[0]
        let instance = try #require(node.instance)
        let view = try #require(node.facts).view
        let before = node.checks.count
        for distance in 1...8 as ClosedRange<UInt64> {
            let view = view.advanced(by: distance)
            let pair = EvidenceTests.pair(of: 3, in: instance, view: view)
            let signer = try #require(pair.first).signer
            let statement = Statement.notarize(
                Candidate(parentView: view.lowered(by: 1), blockHash: Digest(.block, [9])))
            let vote = Vote(
                epoch: instance.epoch, view: view, signer: signer, statement: statement,
                signature: ReplicaNetwork.consensusKey(3).sign(
                    statement.signBytes(instance: instance.id, view: view)))
            let partial = try Self.partial(of: 3, in: instance, view: view)
            let proposal = BlockProposal(
                vote: vote, header: nil, body: [],
                justification: [Certificate](repeating: partial, count: 256))
            for _ in 0..<50 {
                node.give(.received(.proposal(proposal), from: Peer(key: network.networkKeys[3])))
            }
        }
        // Of eight views in a row a validator of four leads two, each view's at most four times.
        let proposals = node.checks.dropFirst(before).filter {
            if case .proposal = $0 { true } else { false }
        }
        #expect((4...12).contains(proposals.count))
        #expect(Self.certificatesChecked(node, after: before).isEmpty)
    }

    @Test func `SEC-26 a vote in another's name is not looked at`() throws {
        let network = Self.network()
        let node = network.nodes[0]
        let instance = try #require(node.instance)
        let view = try #require(node.facts).view
        let pair = EvidenceTests.pair(of: 1, in: instance, view: view)
        for vote in pair { network.inject(.vote(vote), from: 4, to: 0) }
        for vote in pair { network.inject(.vote(vote), from: 2, to: 0) }
        network.run(milliseconds: 20)
        #expect(node.waitingEvidence == 0)
        // Whoever has no seat may have one soon; a seat that speaks for another one lies.
        #expect(node.penalties.map(\.offence) == [.unsolicited, .unsolicited])
        #expect(node.penalties.allSatisfy { $0.peer == network.networkKeys[2] })
    }

    @Test func `SEC-18 a node that ended again and again proposes only after the next block`() {
        let network = Self.network()
        for number in 0..<4 { network.stop(number) }
        network.nodes[1].isCautious = true
        let before = network.nodes[1].sent.count
        func proposals() -> Int {
            network.nodes[1].sent.dropFirst(before).filter {
                if case .proposal = $0 { true } else { false }
            }.count
        }
        network.start([1])
        network.run(milliseconds: 3_000)
        #expect(proposals() == 0)
        let height = network.nodes[1].height
        network.start([0, 2, 3])
        #expect(network.run { network.nodes[1].height > height + 8 })
        #expect(proposals() > 0)
        EpochTests.check(network)
    }

    @Test func `SEC-18 where all nodes ended so, one proposes after a minute`() {
        let network = ReplicaNetwork(count: 4, length: 400) { _ in [0, 1, 2, 3] }
        for node in network.nodes { node.isCautious = true }
        network.start([0, 1, 2, 3])
        network.run(milliseconds: 59_900)
        #expect(network.nodes[0].height == 0)
        #expect(network.run(milliseconds: 60_000) { network.nodes[0].height >= 4 })
        EpochTests.check(network)
    }

    @Test func `SEC-13 a block from the future gets no vote before its time`() throws {
        let network = Self.network()
        // Its views last a second at most: five are too far ahead, and a tenth is within the drift.
        network.nodes[2].builtAhead = 5_000
        network.nodes[3].builtAhead = 100
        let height = network.nodes[0].height
        #expect(network.run { network.nodes[0].height >= height + 12 })
        let later = network.nodes[0].chain.dropFirst(Int(height) + 2)
        let seats = try #require(network.nodes[0].instance).validators
        func blocks(of node: Int) -> Int {
            let seat = seats.index(of: network.publicKeys[node])
            return later.filter { $0.header.proposer == seat }.count
        }
        #expect(blocks(of: 2) == 0)
        #expect(blocks(of: 3) > 0)
        #expect(later.allSatisfy { $0.header.timestamp <= network.wall.advanced(by: 500) })
        #expect(network.nodes.allSatisfy { $0.penalties.isEmpty })
    }

    /// A leader of the next views names a block, and shows it to whoever asks.
    private static func show(_ height: Height, to node: TestNode, in network: ReplicaNetwork) throws
        -> (hash: Digest, isAsked: Bool)
    {
        let instance = try #require(node.instance)
        let view = try #require(node.facts).view.advanced(by: 3)
        var schedule = LeaderSchedule(seed: instance.seed, count: 4)
        let leader = schedule.leader(of: view)
        var header = DoorTests.header(height: 1, parent: Digest(.block, [1]))
        header.height = height
        header.view = view
        header.parentView = view.lowered(by: 1)
        header.proposer = leader
        header.setHash = instance.validators.hash
        let block = Block(header: header, body: BlockBody(transactions: []))
        var named = block.header
        named.transactionsRoot = block.body.transactionsRoot
        named.evidenceRoot = block.body.evidenceRoot
        named.participationRoot = block.body.participationRoot
        let shown = Block(header: named, body: block.body)
        let statement = Statement.notarize(
            Candidate(parentView: header.parentView, blockHash: shown.hash))
        let key = try #require(instance.validators.validator(at: leader)?.key)
        let sender = try #require(network.publicKeys.firstIndex(of: key))
        let before = node.sent.count
        network.inject(
            .vote(
                Vote(
                    epoch: instance.epoch, view: view, signer: leader, statement: statement,
                    signature: ReplicaNetwork.consensusKey(sender).sign(
                        statement.signBytes(instance: instance.id, view: view)))),
            from: sender, to: 0)
        network.run(milliseconds: 150)
        let isAsked = node.sent.dropFirst(before).contains(
            .blockRequest(BlockRequest(hash: shown.hash)))
        for other in 1...4 {
            network.inject(
                .blockResponse(BlockResponse(hash: shown.hash, block: shown.encoded())),
                from: other, to: 0)
        }
        network.run(milliseconds: 20)
        return (shown.hash, isAsked)
    }

    @Test func `SEC-44 a block that was asked for is stored only if this chain can have it`() throws
    {
        let network = Self.network()
        let node = network.nodes[0]
        // Nobody but the liar is heard, and node 0 is no leader of its own block.
        network.delay = { _, _, _ in nil }
        network.run(milliseconds: 100)
        let far = try Self.show(Height(1 << 60), to: node, in: network)
        #expect(far.isAsked)
        #expect(!node.hasStored(far.hash))
        let other = Self.network()
        other.delay = { _, _, _ in nil }
        other.run(milliseconds: 100)
        let near = try Self.show(
            Height(other.nodes[0].height + 1), to: other.nodes[0], in: other)
        #expect(near.isAsked)
        #expect(other.nodes[0].hasStored(near.hash))
    }
}

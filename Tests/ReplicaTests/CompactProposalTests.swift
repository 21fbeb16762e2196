import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

/// Proposals that name their transactions.
@Suite struct CompactProposalTests {
    private static func network(wholeBodyBytesMax: Int = 0) -> ReplicaNetwork {
        let network = ReplicaNetwork(count: 4, length: 400) { _ in [0, 1, 2, 3] }
        for node in network.nodes { node.wholeBodyBytesMax = wholeBodyBytesMax }
        return network
    }

    private static func submit(
        _ transactions: [Verified<SignedTransaction>], to node: Int, of network: ReplicaNetwork
    ) {
        for transaction in transactions {
            network.schedule(
                .transaction(
                    transaction, AdmissionFacts(nextSequence: 0, source: nil), ticket: nil),
                for: node)
        }
    }

    private static func hasAll(
        _ transactions: [Verified<SignedTransaction>], _ node: TestNode
    ) -> Bool {
        let included = node.chain.flatMap { $0.body.transactions.map(\.id) }
        return transactions.allSatisfy { included.contains($0.value.id) }
    }

    private static func requests(_ node: TestNode) -> [BlockTransactionsRequest] {
        node.sent.compactMap {
            if case .blockTransactionsRequest(let request) = $0 { request } else { nil }
        }
    }

    private static func wholeRequests(_ node: TestNode) -> Int {
        node.sent.count { if case .blockRequest = $0 { true } else { false } }
    }

    private static func forms(_ network: ReplicaNetwork) -> [BlockProposal.Form] {
        network.nodes.flatMap(\.sent).compactMap {
            if case .proposal(let proposal) = $0 { proposal.form } else { nil }
        }
    }

    private static func eight() throws -> [Verified<SignedTransaction>] {
        try (0..<8).map { try MempoolTests.transaction(UInt64($0), 0) }
    }

    @Test func `what is named is taken from the pool, and nobody asks for anything`() throws {
        let network = Self.network()
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { network.nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        #expect(Self.forms(network).contains(.compact))
        for node in network.nodes {
            #expect(Self.requests(node).isEmpty)
            #expect(Self.wholeRequests(node) == 0)
            #expect(node.penalties.isEmpty)
        }
        let named = network.nodes.reduce(0) { $0 + ($1.facts?.compact.transactions ?? 0) }
        #expect(named >= 24, "three nodes were told eight names")
    }

    @Test func `a small body travels whole`() throws {
        let network = Self.network(wholeBodyBytesMax: 8 * 1024)
        network.start([0, 1, 2, 3])
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { network.nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        #expect(!Self.forms(network).contains(.compact))
    }

    @Test func `what is missing is asked of the leader, once, and the node goes on voting`() throws
    {
        let network = Self.network()
        network.delay = { _, to, message in
            if case .transactions = message, to == 3 { nil } else { 10 }
        }
        // Without the third there is no quorum.
        network.start([0, 1, 3])
        let nodes = [0, 1, 3].map { network.nodes[$0] }
        network.run { nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        let requests = Self.requests(network.nodes[3])
        #expect(requests.reduce(0) { $0 + $1.positions.count } == 8)
        #expect(Set(requests.map(\.hash)).count == requests.count)
        for node in nodes.prefix(2) { #expect(Self.requests(node).isEmpty) }
        #expect(Self.wholeRequests(network.nodes[3]) == 0)
        #expect(network.nodes[3].facts?.compact.missing == 8)
        #expect(network.nodes[3].facts?.compact.givenUp == 0)
        // It voted for the very blocks.
        for request in requests {
            let voted = network.nodes[3].sent.contains {
                guard case .vote(let vote) = $0, vote.kind == .notarize else { return false }
                return vote.statement.candidate?.blockHash == request.hash
            }
            #expect(voted)
        }
    }

    @Test func `what comes within the grace is not asked for`() throws {
        let network = Self.network()
        network.delay = { from, to, message in
            // From the submitter to one node the way is as long as the leader's detour.
            if case .transactions = message, to == 3 { 75 } else { 10 }
        }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { network.nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        let counts = try #require(network.nodes[3].facts?.compact)
        let asked = Self.requests(network.nodes[3]).reduce(0) { $0 + $1.positions.count }
        #expect(counts.givenUp == 0)
        #expect(asked <= Int(counts.missing))
    }

    @Test func `if the leader does not answer, others give the whole block`() throws {
        let network = Self.network()
        network.delay = { _, to, message in
            switch message {
            case .transactions where to == 3: nil
            case .blockTransactionsResponse where to == 3: nil
            default: 10
            }
        }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { network.nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        let node = network.nodes[3]
        #expect(!Self.requests(node).isEmpty)
        #expect(Self.wholeRequests(node) > 0 || (node.facts?.compact.givenUp ?? 0) > 0)
        let height = node.height
        #expect(network.run { node.height >= height + 5 })
        #expect(node.penalties.isEmpty)
    }

    @Test func `a leader that answers with less is asked for no more, and others are`() throws {
        let network = Self.network()
        var changed = 0
        network.delay = { from, to, message in
            switch message {
            case .transactions where to == 3: return nil
            case .blockTransactionsResponse(let response)
            where to == 3 && response.transactions.count > 1:
                changed += 1
                let less = BlockTransactionsResponse(
                    hash: response.hash, transactions: Array(response.transactions.dropLast()))
                network.inject(.blockTransactionsResponse(less), from: from, to: to)
                return nil
            default: return 10
            }
        }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { network.nodes.allSatisfy { Self.hasAll(transactions, $0) } })
        #expect(changed > 0)
        #expect(network.nodes[3].facts?.compact.givenUp == UInt64(changed))
        #expect(network.nodes[3].penalties.isEmpty)
    }

    @Test func `of two for one sequence the loser is known to whoever is shown a block`() throws {
        let network = Self.network()
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        // Each half of the nodes hears another one first.
        for sender in 0..<8 as Range<UInt64> {
            Self.submit(
                [try MempoolTests.transaction(sender, 0, fee: 100)], to: 0, of: network)
            Self.submit(
                [try MempoolTests.transaction(sender, 0, fee: 101)], to: 1, of: network)
        }
        #expect(
            network.run {
                network.nodes.allSatisfy { node in
                    node.chain.reduce(0) { $0 + $1.body.transactions.count } == 8
                }
            })
        #expect(Self.forms(network).contains(.compact))
        for node in network.nodes {
            #expect(Self.requests(node).isEmpty)
            #expect(Self.wholeRequests(node) == 0)
        }
    }

    @Test func `an answer that nobody asked for changes nothing`() throws {
        let network = Self.network()
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        let response = BlockTransactionsResponse(
            hash: Digest(.block, [1]), transactions: transactions.map(\.value))
        let before = network.nodes[0].facts?.compact
        network.inject(.blockTransactionsResponse(response), from: 1, to: 0)
        network.run(milliseconds: 1_000)
        #expect(network.nodes[0].facts?.compact == before)
        #expect(network.nodes[0].facts?.mempoolCount == 0)
    }

    @Test func `whoever asks for places that a block does not have gets nothing`() throws {
        let network = Self.network()
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let request = BlockTransactionsRequest(hash: Digest(.block, [1]), positions: [0, 65_535])
        network.inject(.blockTransactionsRequest(request), from: 1, to: 0)
        network.run(milliseconds: 100)
        #expect(
            network.nodes[0].sent.contains(
                .blockTransactionsResponse(
                    BlockTransactionsResponse(hash: request.hash, transactions: []))))
        #expect(network.nodes[0].penalties.isEmpty)
    }

    @Test func `whoever connects is told what clients submitted here`() throws {
        let network = Self.network()
        network.start([0])
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        network.run(milliseconds: 100)
        network.start([1])
        network.run(milliseconds: 100)
        #expect(network.nodes[1].facts?.mempoolCount == 8)
        // What came from a peer is its submitter's to tell.
        network.nodes[0].stop()
        network.start([2])
        network.run(milliseconds: 100)
        #expect(network.nodes[2].facts?.mempoolCount == 0)
    }

    // MARK: Leaders that withhold

    /// Node 0 is silent but for its proposals, names what it tells the third nobody, and gives it
    /// nothing; nor does anybody push a block that was not asked for.
    private static func withholding(
        _ network: ReplicaNetwork, from liar: Int, to victim: Int,
        seen: @escaping (BlockProposal) -> Void
    ) {
        network.delay = { from, to, message in
            switch message {
            case .proposal(let proposal) where from == liar && to == victim:
                if proposal.isCompact { seen(proposal) }
                return 10
            case .blockResponse(let response) where to == victim:
                let isAsked = network.nodes[victim].sent.contains {
                    if case .blockRequest(let request) = $0 {
                        request.hash == response.hash
                    } else {
                        false
                    }
                }
                return isAsked && from != liar ? 10 : nil
            case .blockTransactionsResponse where from == liar && to == victim: return nil
            case .vote, .certificate, .certificateResponse, .transactions, .blockResponse:
                // Its certificates have its votes.
                return from == liar ? nil : 10
            default: return 10
            }
        }
    }

    @Test func `a leader that shows a block again and again keeps nobody from asking for it`()
        throws
    {
        let network = Self.network()
        var repeated: BlockProposal?
        Self.withholding(network, from: 0, to: 3) { repeated = $0 }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        Self.submit(try Self.eight(), to: 0, of: network)
        #expect(network.run { repeated != nil })
        let proposal = try #require(repeated)
        let hash = try #require(proposal.header).hash
        let height = network.nodes[1].height
        // For half a minute, always before the time is over that the leader has for its answer.
        for _ in 0..<60 {
            network.inject(.proposal(proposal), from: 0, to: 3)
            network.run(milliseconds: 500)
        }
        #expect(network.nodes[3].sent.contains(.blockRequest(BlockRequest(hash: hash))))
        // Without it there is no quorum.
        for node in network.nodes.dropFirst() { #expect(node.height >= height + 20) }
        let counts = try #require(network.nodes[3].facts?.compact)
        #expect(counts.givenUp > 0)
        // Each copy was one proposal, and asked for once.
        let requests = Self.requests(network.nodes[3]).map(\.hash)
        #expect(requests.contains(hash))
        #expect(Set(requests).count == requests.count)
        #expect(network.nodes[3].penalties.isEmpty)
    }

    @Test
    func `what comes late is stored at once if it was asked for, whatever became of its view`()
        throws
    {
        let network = Self.network()
        network.delay = { _, to, message in
            switch message {
            case .transactions where to == 3: nil
            // The others make it final meanwhile.
            case .blockTransactionsResponse where to == 3: 700
            case .blockResponse where to == 3: nil
            default: 10
            }
        }
        network.start([0, 1, 2, 3])
        network.run { network.nodes.allSatisfy { $0.height >= 2 } }
        let transactions = try Self.eight()
        Self.submit(transactions, to: 0, of: network)
        #expect(network.run { Self.hasAll(transactions, network.nodes[0]) })
        let isSoon = network.run(milliseconds: 1_200) {
            Self.hasAll(transactions, network.nodes[3])
        }
        #expect(isSoon)
        #expect(Self.wholeRequests(network.nodes[3]) == 0)
        #expect(network.nodes[3].facts?.compact.givenUp == 0)
    }

    // MARK: The parts

    private static func partial(
        _ named: [SignedTransaction], pool: Mempool, height: UInt64 = 1, deadline: UInt64 = 0,
        view: UInt64? = nil
    ) throws -> PartialProposal {
        var header = DoorTests.header(height: height, parent: ReplicaNetwork.genesis.hash)
        let body = BlockBody(transactions: named)
        header.transactionsRoot = body.transactionsRoot
        let vote = Vote(
            epoch: .zero, view: View(view ?? height), signer: 1,
            statement: .notarize(header.candidate), signature: PeerMessageTests.signature)
        return PartialProposal(
            vote: .restored(vote), header: header, body: CompactBody(body),
            peer: ReplicaNetwork.networkKey(1), pool: pool,
            deadline: Instant(nanoseconds: deadline))
    }

    @Test func `a block is complete with its last transaction, in the leader's order`() throws {
        var pool = Mempool()
        let all = try Self.eight()
        try MempoolTests.admit(&pool, all[5])
        var partial = try Self.partial(all.map(\.value), pool: pool)
        #expect(partial.missingPositions == [0, 1, 2, 3, 4, 6, 7])
        for index in [7, 0, 6, 1, 4, 3] {
            let isTaken = partial.take(all[index].value)
            let isTakenAgain = partial.take(all[index].value)
            #expect(isTaken && !isTakenAgain)
            #expect(partial.block == nil)
        }
        let isKnownTaken = partial.take(all[5].value)
        let isLastTaken = partial.take(all[2].value)
        #expect(!isKnownTaken && isLastTaken)
        let block = try #require(partial.block)
        #expect(block.body.transactions == all.map(\.value))
        #expect(block.hasMatchingRoots)
    }

    @Test(arguments: [6, 7])
    func `a block that is larger than a block may be is none`(count: Int) throws {
        // Each has 833 signatures, 80 kB of them.
        let signature = TransactionSignature(
            key: ReplicaNetwork.networkKey(0), signature: PeerMessageTests.signature)
        let large = try (0..<count).map { sender in
            SignedTransaction(
                transaction: try MempoolTests.transaction(UInt64(sender), 0).value.transaction,
                signatures: [TransactionSignature](repeating: signature, count: 833))
        }
        var partial = try Self.partial(large, pool: Mempool())
        for transaction in large { _ = partial.take(transaction) }
        let isTooLarge =
            BlockBody(transactions: large).encoded().count > BlockProposal.bodyBytesMax
        #expect(isTooLarge == (count == 7))
        #expect((partial.block == nil) == isTooLarge)
    }

    @Test func `few are held, and the last view goes`() throws {
        var held = CompactProposals()
        let named = try Self.eight().map(\.value)
        for height in 2...UInt64(CompactProposals.countMax) + 1 {
            let partial = try Self.partial(named, pool: Mempool(), height: height)
            let other = held.insert(partial)
            #expect(other == nil)
        }
        // One that is nearer takes the place of the last; one that is further finds none.
        let last = UInt64(CompactProposals.countMax) + 1
        let nearer = held.insert(try Self.partial(named, pool: Mempool(), height: 1))
        #expect(nearer?.view == View(last))
        let further = held.insert(try Self.partial(named, pool: Mempool(), height: 100))
        #expect(further?.view == View(100))
        #expect(held.count == CompactProposals.countMax)
        held.removeAll(through: View(5))
        #expect(held.count == CompactProposals.countMax - 5)
    }

    @Test func `of a view one proposal is waited for, and once`() throws {
        var held = CompactProposals()
        let named = try Self.eight().map(\.value)
        let first = try Self.partial(named, pool: Mempool(), height: 3)
        #expect(!held.isTaken(View(3)))
        _ = held.insert(first)
        #expect(held.isTaken(View(3)) && !held.isTaken(View(2)) && !held.isTaken(View(4)))
        #expect(held.isRepeated(first.header.candidate, in: View(3)))
        // Another block of the leader is something new: evidence, but nothing to wait for.
        let second = try Self.partial(named, pool: Mempool(), height: 4, view: 3)
        #expect(!held.isRepeated(second.header.candidate, in: View(3)))
        #expect(!held.isRepeated(first.header.candidate, in: View(4)))
        // Given up, or complete: it does not come back.
        held[first.header.hash] = nil
        #expect(held.isEmpty && held.isTaken(View(3)))
        // Not even where so many views came after it that it is not remembered by itself.
        for view in 4...UInt64(CompactProposals.viewsMax) + 3 {
            let other = held.insert(try Self.partial(named, pool: Mempool(), height: view))
            if let other { held[other.header.hash] = nil }
        }
        #expect(held.isTaken(View(3)) && held.isTaken(View(1)))
        #expect(!held.isRepeated(first.header.candidate, in: View(3)))
        held.removeAll(through: View(90))
        #expect(held.isTaken(View(90)) && !held.isTaken(View(91)))
        held.removeAll()
        #expect(!held.isTaken(View(3)))
    }

    @Test func `the engine's first question waits for the leader, the second does not`() throws {
        var held = CompactProposals()
        let partial = try Self.partial(try Self.eight().map(\.value), pool: Mempool())
        let hash = partial.header.hash
        let isUnknown = !held.defers(hash, to: 2)
        _ = held.insert(partial)
        let waits = [held.defers(hash, to: 2), held.defers(hash, to: 3)]
        #expect(isUnknown)
        #expect(waits == [true, false])
        #expect(held[hash]?.deferred == 2)
    }
}

import Chain
import Consensus
import Cryptography
import Foundation
import Networking
import Replica
import Testing

@testable import Node

/// What peers may ask for is no work of the threads that votes and blocks wait for.
@Suite struct ReplicaLoopTests {
    /// The mailboxes around a loop that nobody empties.
    private struct Surroundings {
        let inputs = Mailbox<LoopInput>(capacity: 4_096)
        let blocks = Mailbox<BlockDisk.Job>(capacity: 1_024)
        let executor = Mailbox<Executor.Job>(capacity: 1_024)
        let votes = Mailbox<VoteDisk.Job>(capacity: 1_024)
        let questions = QuestionQueue()
        let tickets = TicketOffice()

        /// The loop of a node that follows and has no blocks.
        func loop(_ network: TestNetwork) throws -> ReplicaLoop {
            let data = try DataFolder.open(network.members[0].home, genesis: network.genesis)
            let instance = data.view.instance
            let view = StateView(data.view)
            let machinery = ReplicaLoop.Machinery(
                network: Network(
                    configuration: NetworkConfiguration(
                        listenHost: "127.0.0.1", listenPort: 0, networkID: network.genesis.hash),
                    key: TestNetwork.networkKey(9), logger: network.logger),
                votes: votes, blocks: blocks, executor: executor, questions: questions,
                verifier: Verifier(
                    genesisHash: network.genesis.hash, view: view, cache: SignatureCache(),
                    loop: inputs),
                tickets: tickets, clock: WallClock(), metrics: NodeMetrics(),
                logger: network.logger)
            let replica = Replica(
                configuration: Replica.Configuration(),
                epoch: EpochStart(
                    instance: instance, ownIndex: nil, seats: [nil],
                    timing: Timing(network.genesis.parameters)),
                committed: instance.base)
            return ReplicaLoop(inputs: inputs, machinery: machinery, replica: replica)
        }
    }

    private static func stranger(_ index: UInt8) -> Peer {
        Peer(key: TestNetwork.networkKey(index).publicKey)
    }

    @Test func `whoever submitted just before a node abstains is answered at once`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let around = Surroundings()
        let loop = try around.loop(network)
        let version = ProtocolVersion(number: 2, hash: Digest(.block, [2]), since: Epoch(1))
        let transaction = NodeTests.transfer(network, from: 0, sequence: 0, amount: 1)
        let batch = around.tickets.open(count: 2)
        let facts = AdmissionFacts(nextSequence: 0, source: nil)
        around.inputs.send(.replica(.start(blocks: [])))
        around.inputs.send(
            .replica(
                .transaction(.restored(transaction), facts, ticket: batch.ticket(at: 0))))
        around.inputs.send(.outdated(version))
        around.inputs.send(
            .replica(
                .transaction(.restored(transaction), facts, ticket: batch.ticket(at: 1))))
        around.inputs.send(.stop)
        await #expect(throws: NodeFailure.self) { try await loop.run() }
        // What is open waits for the end of the process.
        #expect(around.tickets.openCount == 0)
        around.tickets.closeAll()
        let answers = await batch.all()
        guard case .accepted = answers[0], case .abstains(.outdated(let told)) = answers[1],
            told == version
        else {
            Issue.record("\(answers)")
            return
        }
    }

    @Test func `questions of strangers go to no thread that the own blocks wait for`() async throws
    {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let around = Surroundings()
        let loop = try around.loop(network)
        around.inputs.send(.replica(.start(blocks: [])))
        let range = try #require(RangeRequest(first: Height(1), last: Height(32)))
        for index in 10..<14 as Range<UInt8> {
            around.inputs.send(.replica(.connected(Self.stranger(index))))
            for number in 0..<200 as Range<UInt8> {
                let block = BlockRequest(hash: Digest(.block, [number]))
                for message in [PeerMessage.blockRequest(block), .rangeRequest(range)] {
                    around.inputs.send(
                        .replica(.received(message, from: Self.stranger(index))))
                }
            }
        }
        around.inputs.send(.stop)
        try await loop.run()
        #expect(around.blocks.count == 0)
        #expect(around.executor.count == 0)
        // And no stranger has more under way than its share.
        let share = QuestionQueue.questionsPerPeerMax + QuestionQueue.rangesPerPeerMax
        #expect(around.questions.count == 4 * share)
    }
}

import API
import Chain
import Cryptography
import Ledger
import Networking
import Replica
import Testing

@testable import Node

@Suite struct BlockDiskTests {
    /// The engine notes the end of a range as its floor, which must be durable.
    @Test func `a range that was committed before is synced before it counts`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let data = try DataFolder.open(network.members[0].home, genesis: network.genesis)
        let start = data.view
        let software = SoftwareVersions()
        var executor = BlockExecutor(
            genesisHash: network.genesis.hash, instance: start.instance, committed: start.head,
            base: start.snapshot, past: [], signatures: KnownSignatures().check,
            election: .byStake, software: software)
        let job = BuildJob(
            instance: start.instance.id, epoch: .zero, view: View(1), parentView: .zero,
            parent: start.head, timestamp: Timestamp(start.head.timestamp.milliseconds + 1_000),
            proposer: 0, candidates: [])
        let block = try #require(executor.build(job, shouldStop: { false })?.block)
        let node = try #require(executor.execution(of: block.hash))
        let loop = Mailbox<LoopInput>(capacity: 16)
        let jobs = Mailbox<BlockDisk.Job>(capacity: 16)
        let disk = BlockDisk(
            jobs: jobs, loop: loop, executor: Mailbox(capacity: 16), votes: Mailbox(capacity: 16),
            epochs: EpochSource(
                blocks: data.blocks, consensusKey: nil,
                networkKey: TestNetwork.networkKey(9).publicKey, silentSince: nil),
            blocks: data.blocks, states: data.states, view: StateView(start),
            network: Network(
                configuration: NetworkConfiguration(
                    listenHost: "127.0.0.1", listenPort: 0, networkID: network.genesis.hash),
                key: TestNetwork.networkKey(9), logger: network.logger),
            feed: FinalityFeed(), metrics: NodeMetrics())
        // Its sync is so short ago that the commit behind it has none of its own.
        jobs.send(.store(block))
        jobs.send(.commit(block, node.execution, certificate: nil, mustSync: false))
        jobs.send(.commit(block, node.execution, certificate: nil, mustSync: true))
        jobs.send(.replayed([block]))
        jobs.close()
        await disk.run()
        let inputs = try #require(loop.receive(until: nil))
        let steps = inputs.map { input in
            switch input {
            case .replica(.stored, _): "stored"
            case .replica(.committed(Height(1)), _): "committed"
            case .replica(.replayed, _): "replayed"
            default: "\(input)"
            }
        }
        #expect(steps == ["stored", "committed", "replayed"])
    }
}

import API
import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Logging
import Networking
import Replica
import ServiceLifecycle
import Storage

/// A node: the replica plugged into sockets and a disk.
///
/// Started in this order: the data is opened and checked, the log replayed, then the threads of the
/// loop, the executor and the disks run, then peers connect and the API answers. Stopped in the
/// reverse order; what was promised is durable before, so that stopping is only tidier than a
/// crash.
public final class Node: Service {
    public static let version = "0.1.0"

    private let logger: Logger
    private let configuration: NodeConfiguration
    private let network: Network
    private let server: Server
    private let loop: ReplicaLoop
    private let executor: Executor
    private let blockDisk: BlockDisk
    private let voteDisk: VoteDisk
    private let peerServer: PeerServer

    private let inputs = Mailbox<LoopInput>(capacity: 65_536)
    private let executorJobs = Mailbox<Executor.Job>(capacity: 1_024)
    private let blockJobs = Mailbox<BlockDisk.Job>(capacity: 1_024)
    private let voteJobs = Mailbox<VoteDisk.Job>(capacity: 1_024)
    private let questions = QuestionQueue()
    private let tickets = TicketOffice()
    private let starts: StartCount
    private let divergence: DivergenceFile
    private let dataLock: DirectoryLock

    /// Opens everything; nothing runs yet.
    ///
    /// - Parameters:
    ///   - consensusKey: the key of a validator; nil for a node that only follows.
    ///   - networkKey: the key by which peers know the node.
    ///   - lostSignerRecord: whether the operator says that the record of what the key signed is
    ///     lost, and that nothing else uses the key: it signs nothing until the next epoch begins.
    ///   - onListening: is told the port of the API once it listens.
    public init(
        configuration: NodeConfiguration, home: HomeFolder, genesis: Genesis,
        consensusKey: consuming SigningKey?, networkKey: consuming SigningKey, logger: Logger,
        lostSignerRecord: Bool = false,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws(NodeError) {
        Limits.check()
        let clock = try Node.clock(configuration, genesis, logger)
        let data = try DataFolder.open(home, genesis: genesis)
        let instance = data.view.instance
        let publicKey = Node.publicKey(of: consensusKey)
        let signer = try Node.signer(
            consensusKey, home: home,
            lostAt: lostSignerRecord ? max(WallClock().now(), data.view.head.timestamp) : nil)
        let epochs = EpochSource(
            blocks: data.blocks, consensusKey: publicKey, networkKey: networkKey.publicKey,
            silentSince: signer?.silentSince, software: try Node.software(configuration, genesis))
        var recovery = data.recovery
        signer?.complete(&recovery, of: instance.id)

        self.logger = logger
        self.configuration = configuration
        let metrics = NodeMetrics()
        let feed = FinalityFeed()
        let view = StateView(data.view)
        network = Network(
            configuration: Node.networkConfiguration(
                configuration, genesis: genesis, view: data.view, epochs: epochs,
                ownKey: networkKey.publicKey, isValidator: signer != nil),
            key: networkKey, logger: logger)
        let verifier = Verifier(
            genesisHash: genesis.hash, view: view, cache: SignatureCache(), loop: inputs)
        executor = Executor(
            jobs: executorJobs, loop: inputs, disk: blockJobs, verifier: verifier,
            genesisHash: genesis.hash, instance: instance, committed: data.view.head,
            base: data.view.snapshot, past: data.past.map(\.hash), software: epochs.software)
        blockDisk = BlockDisk(
            jobs: blockJobs, loop: inputs, executor: executorJobs, votes: voteJobs, epochs: epochs,
            blocks: data.blocks, states: data.states, view: view, network: network, feed: feed,
            metrics: metrics)
        peerServer = PeerServer(
            questions: questions, blocks: data.blocks.forOthers(), view: view,
            answers: PeerServer.Answers(over: network))
        starts = StartCount(path: home.starts)
        divergence = DivergenceFile(path: home.divergence)
        let halt = Node.halt(data.halt, divergence, at: data.view, inputs, logger)
        let replica = Node.replica(
            data.view, epochs: epochs, recovery: recovery, configuration, genesis,
            isCautious: Node.isLooping(starts, at: data.view.head.height, logger))
        let machinery = ReplicaLoop.Machinery(
            network: network, votes: voteJobs, blocks: blockJobs, executor: executorJobs,
            questions: questions, verifier: verifier, tickets: tickets, clock: clock,
            metrics: metrics, logger: logger)
        loop = ReplicaLoop(inputs: inputs, machinery: machinery, replica: replica)
        let access = NodeAccess(
            parts: AccessParts(
                genesis: genesis, nodeID: network.localID.description, epochs: epochs, view: view,
                blocks: data.blocks.forOthers(), network: network, questions: questions,
                inputs: inputs, tickets: tickets, clock: clock, verifier: verifier,
                metrics: metrics, dataPath: home.data, halt: halt))
        server = Server(
            configuration: configuration.server, node: access, feed: feed, logger: logger,
            onListening: onListening)
        voteDisk = VoteDisk(
            jobs: voteJobs, loop: inputs, signer: signer, root: home.voteLog,
            instance: instance.id, log: data.log, shelf: data.shelf, views: data.logViews)
        dataLock = data.lock
        Node.start(inputs, data.view, blocks: data.past + data.undecided, epochs)
    }

    /// What an earlier run ended with, which is said at once.
    private static func halt(
        _ safety: SafetyHalt?, _ file: DivergenceFile, at view: StateView.Published,
        _ inputs: Mailbox<LoopInput>, _ logger: Logger
    ) -> EarlierHalt? {
        let halt = EarlierHalt.find(safety, file, at: view)
        switch halt {
        case .safety(let halt): inputs.send(.halted(halt))
        case .divergence(let divergence):
            logger.critical(
                """
                This node's last run ended because it disagreed with a quorum; it executes the \
                block again now, and stops again if it still disagrees.
                """,
                metadata: ["halt": "\(divergence)", "advice": "\(divergence.advice)"])
        case nil: break
        }
        return halt
    }

    /// The first inputs of the loop.
    private static func start(
        _ inputs: Mailbox<LoopInput>, _ view: StateView.Published, blocks: [Block],
        _ epochs: EpochSource
    ) {
        if let version = epochs.unknownVersion(over: view.snapshot) {
            inputs.send(.outdated(version))
        }
        if let key = epochs.recordedNetworkKey(over: view.snapshot) {
            inputs.send(.misnamed(key))
        }
        inputs.send(.newKeys(epochs.newKeys(in: view.instance, over: view.snapshot)))
        inputs.send(.replica(.start(blocks: blocks)))
    }

    private static func replica(
        _ view: StateView.Published, epochs: EpochSource, recovery: Consensus.Recovery,
        _ configuration: NodeConfiguration, _ genesis: Genesis, isCautious: Bool
    ) -> Replica {
        let instance = view.instance
        epochs.keepNetworkKeys(of: instance, over: view.snapshot)
        return Replica(
            configuration: Replica.Configuration(
                watchMilliseconds: configuration.watch(of: genesis.kind), isCautious: isCautious),
            epoch: epochs.start(instance, over: view.snapshot, recovery: recovery),
            committed: view.head.height == instance.base.height ? instance.base : view.head)
    }

    /// Whether the last starts ended before the next block.
    private static func isLooping(
        _ starts: StartCount, at height: Height, _ logger: Logger
    ) -> Bool {
        let count = starts.begin(at: height)
        guard count >= StartCount.loopMin else { return false }
        logger.error(
            "The node ended again and again at one height; it proposes nothing until the next.",
            metadata: ["height": "\(height)", "starts": "\(count)"])
        return true
    }

    private static func clock(
        _ configuration: NodeConfiguration, _ genesis: Genesis, _ logger: Logger
    ) throws(NodeError) -> WallClock {
        let offset = configuration.clockOffsetMilliseconds
        guard offset != 0 else { return WallClock() }
        guard genesis.kind == .development else {
            throw .developmentOnly(setting: "development.clockOffsetMilliseconds")
        }
        logger.warning(
            "The wall clock is not the machine's.", metadata: ["milliseconds": "\(offset)"])
        return WallClock(offsetMilliseconds: offset)
    }

    private static func software(
        _ configuration: NodeConfiguration, _ genesis: Genesis
    ) throws(NodeError) -> SoftwareVersions {
        guard configuration.knownVersions.isEmpty || genesis.kind == .development else {
            throw .developmentOnly(setting: NodeConfiguration.knownKey)
        }
        return SoftwareVersions(
            alsoKnown: configuration.knownVersions,
            signalsReadiness: configuration.signalsReadiness)
    }

    private static func publicKey(of key: borrowing SigningKey?) -> PublicKey? {
        switch key {
        case .some(let key): key.publicKey
        case .none: nil
        }
    }

    private static func signer(
        _ key: consuming SigningKey?, home: HomeFolder, lostAt: Timestamp?
    ) throws(NodeError) -> LocalSigner? {
        guard let key else { return nil }
        // Blocks may be half a second ahead of their time, and this clock behind.
        let missing = lostAt.map {
            LocalSigner.MissingRecord.beginSilent(Timestamp($0.milliseconds + 10_000))
        }
        do throws(StorageError) {
            // Apart from the data's: with an empty folder in the place of the data in use, two
            // processes would each know half of what the key has signed.
            return try LocalSigner(
                key: key, path: home.signedVotes, lock: DirectoryLock(home.signer),
                missing: missing ?? .refuse)
        } catch .missing(let path) {
            throw .signerRecordMissing(path: path)
        } catch .corruptLog(let path, let offset, let detail) {
            throw .signerRecordDamaged(.corruptLog(path: path, offset: offset, detail: detail))
        } catch {
            throw .storage(error)
        }
    }

    /// Peers of the configuration, and the validators where the chain says they listen.
    private static func networkConfiguration(
        _ configuration: NodeConfiguration, genesis: Genesis, view: StateView.Published,
        epochs: EpochSource, ownKey: PublicKey, isValidator: Bool
    ) -> NetworkConfiguration {
        let neighbours = epochs.neighbours(in: view.instance, over: view.snapshot)
        let own = PeerID(ownKey)
        var peers = configuration.peers.map {
            PeerAddress(id: PeerID($0.id), host: $0.endpoint.host, port: $0.endpoint.port)
        }
        let known = Set(peers.compactMap(\.id)).union([own])
        peers += neighbours.addresses.filter { !known.contains($0.id ?? own) }
        return NetworkConfiguration(
            listenHost: configuration.listen.host, listenPort: configuration.listen.port,
            networkID: genesis.hash, peers: peers, reserved: neighbours.ids.subtracting([own]),
            role: isValidator ? .validator : .full, limits: configuration.networkLimits)
    }

    // MARK: Running

    /// Runs until the service group stops gracefully, the task is cancelled, or something fails.
    ///
    /// - Throws: `NodeFailure`, `NetworkError` or the server's error.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [executor] in await executor.run() }
            group.addTask { [blockDisk] in await blockDisk.run() }
            group.addTask { [voteDisk] in await voteDisk.run() }
            group.addTask { [peerServer] in await peerServer.run() }
            group.addTask { [loop] in try await loop.run() }
            group.addTask { [self] in
                try await network.run { [self] event in receive(event) }
            }
            group.addTask { [server] in try await server.run() }
            group.addTask { try? await gracefulShutdown() }
            var failure: (any Error)?
            do {
                try await group.next()
            } catch {
                failure = error
            }
            stop()
            // At a graceful shutdown the server ends by itself, with its streams and requests.
            if !Task.isShuttingDownGracefully {
                group.cancelAll()
            }
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) {
                    failure = failure ?? error
                }
            }
            if case .divergence(let value)? = failure as? NodeFailure { divergence.write(value) }
            if let failure { throw failure }
            starts.end()
        }
    }

    private func stop() {
        logger.info("The node stops.")
        network.shutDown()
        inputs.send(.stop)
        executorJobs.close()
        voteJobs.close()
        blockJobs.close()
        questions.close()
        tickets.closeAll()
    }

    // MARK: The network's events

    private func receive(_ event: NetworkEvent) {
        switch event {
        case .listening:
            break
        case .connected(let id, _):
            logger.info("A peer is connected.", metadata: ["peer": "\(id)"])
            inputs.send(.replica(.connected(Peer(key: id.publicKey))))
        case .disconnected(let id):
            logger.info("A peer is gone.", metadata: ["peer": "\(id)"])
            inputs.send(.replica(.disconnected(Peer(key: id.publicKey))))
        case .received(let id, let channel, let message, let credit):
            guard let channel = PeerMessage.Channel(rawValue: channel.rawValue) else { return }
            do throws(DecodeError) {
                let message = try PeerMessage(channel: channel, decoding: message)
                inputs.send(.message(message, from: Peer(key: id.publicKey), credit: credit))
            } catch {
                network.report(.malformed, by: id)
            }
        }
    }
}

extension NodeConfiguration {
    fileprivate var server: Server.Configuration {
        Server.Configuration(host: api.host, port: api.port, allowedHosts: apiHosts)
    }

    var networkLimits: NetworkLimits {
        var limits = NetworkLimits()
        limits.connectionsPerHostMax = connectionsPerHost
        limits.connectionsPerSubnetMax = connectionsPerSubnet
        return limits
    }
}

import API
import Chain
import Codec
import Consensus
import Cryptography
import Glibc
import Ledger
import Networking
import Replica
import StateTree
import Storage

/// What the API's view of a node is made of.
struct AccessParts: Sendable {
    let genesis: Genesis
    let nodeID: String
    let epochs: EpochSource
    let view: StateView
    let blocks: BlockStore
    let network: Network
    let questions: QuestionQueue
    let inputs: Mailbox<LoopInput>
    let tickets: TicketOffice
    let clock: WallClock
    let verifier: Verifier
    let metrics: NodeMetrics
    let dataPath: String
    /// What an earlier run ended with.
    let halt: EarlierHalt?

    /// How many transactions may be at the door at once.
    static let submissionsMax = 20_000
    /// A node with less room than this on its disk says so.
    static let diskBytesMin: UInt64 = 256 * 1024 * 1024

    func status() -> NodeStatus {
        let current = view.current
        let head = current.head
        let values = metrics.current
        return NodeStatus(
            version: Node.version, nodeID: nodeID, isStarted: values.isStarted,
            isSyncing: values.isSyncing, networkHeight: max(values.networkHeight, head.height),
            height: head.height, hash: head.hash, timestamp: head.timestamp, view: values.view,
            epoch: current.instance.epoch, finalizedView: values.finalizedView,
            peerCount: network.connectedPeers.count, mempoolCount: values.mempoolCount,
            mempoolByteCount: values.mempoolByteCount, isDiskLow: isDiskLow,
            validatorIndex: epochs.seat(in: current.instance),
            validatorKey: epochs.consensusKey, finalityAge: finalityAge(of: head),
            isWatching: values.isWatching,
            isOutdated: epochs.unknownVersion(over: current.snapshot) != nil,
            halt: halt?.notice(at: current))
    }

    /// Milliseconds since the time of the last final block.
    private func finalityAge(of head: BlockSummary) -> UInt64 {
        clock.now().lowered(by: head.timestamp.value).value
    }

    private var isDiskLow: Bool {
        var facts = statvfs()
        guard statvfs(dataPath, &facts) == 0 else { return false }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < AccessParts.diskBytesMin
    }

    func block(at height: Height) -> FinalizedBlock? {
        guard let hash = blocks.hash(at: height), let block = blocks.block(hash),
            let receipts = receipts(at: height)
        else { return nil }
        let finalization = blocks.finalization(at: height).flatMap {
            try? Certificate(decoding: $0)
        }
        return FinalizedBlock(
            block: block, storedReceipts: receipts, finalization: finalization)
    }

    private func receipts(at height: Height) -> [Receipt]? {
        guard let bytes = blocks.receipts(at: height) else { return nil }
        var reader = ByteReader(bytes.span.bytes)
        return try? reader.readList(
            of: Receipt.self, limit: Limits.blockTransactionsMax + 1)
    }

    func blockHead(at height: Height) -> BlockHead? {
        guard let hash = blocks.hash(at: height), let header = blocks.header(hash),
            let body = blocks.body(hash)
        else { return nil }
        return try? BlockHead(frontOf: header + body.prefix(8))
    }

    func heightOfBlock(_ hash: Digest) -> Height? {
        guard let bytes = blocks.header(hash), let header = try? Header(decoding: bytes),
            blocks.hash(at: header.height) == hash
        else { return nil }
        return header.height
    }

    /// Why the node takes part in nothing, if so.
    private var abstention: NodeFailure? {
        if case .safety(let halt)? = halt { return .safetyHalt(halt) }
        return epochs.unknownVersion(over: view.current.snapshot).map { .outdated($0) }
    }

    func submit(_ transactions: [SignedTransaction]) async -> [API.Admission] {
        if let abstention {
            return transactions.map { _ in .refused(Refusal(abstention)) }
        }
        guard tickets.openCount + transactions.count <= AccessParts.submissionsMax else {
            let refusal = Refusal(
                code: "pool.busy", message: "Too many transactions are being checked.",
                hint: "Send it again in a moment.", mayBeCuredByWaiting: true)
            return transactions.map { _ in .refused(refusal) }
        }
        let batch = tickets.open(count: transactions.count)
        verifier.check(transactions, source: nil, tickets: batch, credit: nil)
        let results = await batch.all()
        tickets.close(batch, count: transactions.count)
        return results.map { API.Admission($0) }
    }

    func metricFamilies() -> [MetricFamily] {
        let values = metrics.current
        let head = view.current.head
        let validators = view.current.instance.validators
        return [
            .gauge("consensus_height", "Height of the last final block.", .init(head.height.value)),
            .gauge(
                "consensus_finality_age_seconds", "Seconds since the time of the last final block.",
                .init(finalityAge(of: head) / 1_000)),
            .gauge(
                "consensus_watching", "1 while the validator listens before it votes.",
                .init(UInt64(values.isWatching ? 1 : 0))),
            .gauge(
                "consensus_halted", "1 after a safety halt or an open local divergence.",
                .init(UInt64(halt?.notice(at: view.current) == nil ? 0 : 1))),
            .gauge("consensus_view", "View that consensus is in.", .init(values.view.value)),
            .gauge(
                "consensus_finalized_view", "Last final view.",
                .init(values.finalizedView.value)),
            .gauge(
                "consensus_validators", "Validators of this epoch.",
                .init(UInt64(validators.count))),
            .gauge(
                "consensus_validators_power", "Their total power.",
                .init(validators.totalPower)),
            .gauge("consensus_epoch", "Epoch.", .init(view.current.instance.epoch.value)),
            .counter(
                "consensus_view_timeouts_total", "Views that timed out here.",
                .init(values.timeouts)),
            .counter(
                "consensus_leaders_skipped_total",
                "Views given up at once, as their leaders were silent or may not lead.",
                .init(values.skippedLeaders)),
            .counter(
                "consensus_leaders_failed_total",
                "Views given up at once, as their leaders gave up or proposed what is not valid.",
                .init(values.failedLeaders)),
            .counter(
                "consensus_invalid_proposals_total", "Invalid blocks that leaders proposed.",
                .init(values.invalidProposals)),
            .counter(
                "consensus_refused_votes_total", "Votes that the signer refused.",
                .init(values.refusedVotes)),
            .counter(
                "consensus_total_txs", "Transactions committed since the start.",
                .init(values.transactions)),
            .counter(
                "consensus_blocks_total", "Blocks committed since the start.",
                .init(values.blocks)),
            .counter(
                "consensus_block_size_bytes_total", "Bytes of those blocks.",
                .init(values.blockBytes)),
            .gauge(
                "p2p_peers", "Connected peers.",
                .init(UInt64(network.connectedPeers.count))),
            .gauge(
                "mempool_size", "Transactions that wait.",
                .init(UInt64(values.mempoolCount))),
            .gauge(
                "mempool_size_bytes", "Their bytes.",
                .init(UInt64(values.mempoolByteCount))),
        ] + compactFamilies(values.compact) + peerFamilies()
    }

    private func peerFamilies() -> [MetricFamily] {
        let statistics = network.statistics
        return [
            .counter(
                "p2p_questions_dropped_total",
                "Questions of peers that were dropped, as too many of theirs waited.",
                .init(questions.droppedCount)),
            .counter(
                "p2p_transactions_dropped_total",
                "Transactions of peers that were dropped, as too many of theirs were refused.",
                .init(verifier.droppedCount)),
            .counter(
                "p2p_messages_dropped_outbound_total",
                "Messages to peers that their queues had no room for.",
                .init(statistics.outboundDropped)),
            .counter(
                "p2p_messages_dropped_inbound_total",
                "Messages of peers above a rate, or that there was no room for.",
                .init(statistics.inboundDropped)),
            .counter(
                "p2p_faults_total", "Connections refused or ended by what the peer did.",
                .init(statistics.faults)),
        ]
    }

    private func compactFamilies(_ counts: CompactCounts) -> [MetricFamily] {
        [
            .counter(
                "consensus_compact_proposals_total",
                "Proposals of others that named their transactions.", .init(counts.proposals)),
            .counter(
                "consensus_compact_transactions_total", "Transactions that they named.",
                .init(counts.transactions)),
            .counter(
                "consensus_compact_missing_total",
                "Named transactions that were not in the pool yet.", .init(counts.missing)),
            .counter(
                "consensus_compact_given_up_total",
                "Proposals whose blocks were fetched as a whole.", .init(counts.givenUp)),
        ]
    }
}

extension API.Admission {
    init(_ result: SubmissionResult) {
        switch result {
        case .accepted: self = .accepted
        case .rejected(let rejection): self = .refused(Refusal(rejection))
        case .refused(let error):
            self = .refused(
                Refusal(
                    code: error.code, message: error.message, hint: error.hint,
                    mayBeCuredByWaiting: error.mayBeCuredByWaiting))
        case .abstains(let reason): self = .refused(Refusal(reason))
        case .stopped: self = .refused(.stopping)
        }
    }
}

extension Refusal {
    /// Of a node that ends.
    fileprivate static let stopping = Refusal(
        code: "node.stopping", message: "The node stops.", hint: "Send it to another node.",
        mayBeCuredByWaiting: true)

    /// Of a node that takes part in nothing.
    fileprivate init(_ reason: NodeFailure) {
        switch reason {
        case .safetyHalt(let halt):
            self.init(
                code: "node.halted", message: "The node takes part in nothing: \(halt).",
                hint: "Send it to another node.", mayBeCuredByWaiting: false)
        case .outdated(let version):
            self.init(
                code: "node.outdated",
                message: "The chain follows version \(version.number), which this node does not "
                    + "know.",
                hint: "Send it to another node.", mayBeCuredByWaiting: false)
        case .divergence, .keyInUse, .storage: self = .stopping
        }
    }
}

extension NodeAccess {
    init(parts: AccessParts) {
        self.init(
            chain: ChainDescription(parts.genesis),
            status: { parts.status() },
            state: { parts.view.current.snapshot.forOthers() },
            block: { parts.block(at: $0) },
            blockHead: { parts.blockHead(at: $0) },
            heightOfBlock: { parts.heightOfBlock($0) },
            transactionPlace: { id in
                parts.blocks.transaction(id).map {
                    TransactionPlace(height: $0.height, index: $0.index)
                }
            },
            oldestHeight: { Height(1) },
            submit: { await parts.submit($0) },
            simulate: { transaction in
                SimulationAnswer(
                    transaction, after: parts.status(), at: parts.clock.now(),
                    over: parts.view.current.snapshot.forOthers())
            },
            pending: { id in
                await withCheckedContinuation { continuation in
                    guard parts.inputs.send(.waiting(id, continuation)) else {
                        return continuation.resume(returning: nil)
                    }
                }
            },
            nextSequence: { sender, lane in
                await withCheckedContinuation { continuation in
                    let input = LoopInput.nextSequence(sender, lane: lane, continuation)
                    guard parts.inputs.send(input) else {
                        return continuation.resume(returning: nil)
                    }
                }
            },
            peers: {
                parts.network.peers.map {
                    PeerDescription(
                        nodeID: $0.id.description, address: $0.remoteAddress,
                        isInbound: !$0.isOutbound, height: Height($0.headHeight))
                }
            },
            metrics: { parts.metricFamilies() })
        software = parts.epochs.software
    }
}

import Chain
import Consensus
import Cryptography
import Ledger
import Replica
import StateTree

extension World {
    /// A commit is synced by itself if none was for so long; else the next block's sync covers it.
    private static let syncNanoseconds: UInt64 = 500_000_000

    // MARK: The block disk

    func enqueue(_ job: BlockMachine.Job, at node: SimulatedNode) {
        node.blocks.waiting.append(job)
        if node.blocks.current == nil { workOnBlocks(of: node) }
    }

    private func workOnBlocks(of node: SimulatedNode) {
        while node.blocks.current == nil, !node.blocks.waiting.isEmpty {
            let job = node.blocks.waiting.removeFirst()
            switch job {
            case .store(let block):
                node.storage.put(block)
                node.blocks.current = job
                guard !reach(.blockWritten, by: node, with: block.header.height) else { return }
                schedule(.blocksDone, to: node, after: syncTime(at: node))
            case .commit(let block, let execution, let certificate, let mustSync):
                commit(block, execution, certificate, mustSync: mustSync, by: node)
            case .replayed(let blocks):
                schedule(.input(.replayed(blocks)), to: node, after: 0)
            case .begin: beginInstance(at: node)
            case .serve(let request, let key): serve(request, to: key, by: node)
            }
        }
    }

    private func commit(
        _ block: Block, _ execution: BlockExecution, _ certificate: Certificate?, mustSync: Bool,
        by node: SimulatedNode
    ) {
        let header = block.header
        // A block that became final through two finalizations is committed once.
        guard header.height > node.head.height else { return }
        let isBoundary = header.height == node.instance.boundary
        let hint =
            isBoundary ? certificate.map { EpochHint(finalization: $0, header: header) } : nil
        if isBoundary, hint == nil {
            checker.fail("2.13", "node \(node.member) commits a boundary without its certificate")
        }
        node.storage.commit(
            block, execution.changes, certificate: certificate, boundary: hint)
        node.head = header.summary
        node.published = node.storage.state
        node.rules = Rules(over: node.published)
        node.blocks.unsynced = header.height
        checker.finalized(header, block.body.transactions, by: node.member)
        checker.committed(header.height, root: node.published.root.hash, by: node.member)
        measurements.committed(block, node)
        endHail(header.height)
        if timeline.isKept {
            timeline.commits.append(
                Timeline.Commit(
                    at: now, node: node.endpoint, height: header.height.value,
                    epoch: header.epoch.value, view: header.view.value,
                    transactions: block.body.transactions.count, hash: header.hash))
            noteConvictions(of: block)
        }
        checkSupply(of: node)
        enqueue(.committed(header.summary, node.published), at: node)
        guard !reach(.stateWritten, by: node) else { return }
        let isDue = now > node.blocks.lastSync + World.syncNanoseconds
        guard mustSync || isBoundary || isDue else { return }
        node.blocks.current = .commit(block, execution, certificate: certificate, mustSync: true)
        schedule(.blocksDone, to: node, after: syncTime(at: node))
    }

    /// Whom a block convicts, if nobody committed it before.
    private func noteConvictions(of block: Block) {
        let header = block.header
        for entry in block.body.evidence {
            let evidence = entry.evidence
            guard let offender = checker.node(of: evidence.signer, in: evidence.epoch),
                !timeline.convictions.contains(where: {
                    $0.height == header.height.value && $0.node == offender
                })
            else { continue }
            timeline.convictions.append(
                Timeline.Conviction(
                    at: now, node: offender, epoch: header.epoch.value,
                    view: header.view.value, height: header.height.value))
        }
    }

    /// The sync of what is at hand came back.
    func finishBlocks(of node: SimulatedNode) {
        guard !syncFails(at: node), let job = node.blocks.current else { return }
        node.storage.disk.syncRows()
        node.blocks.current = nil
        node.blocks.lastSync = now
        if let height = node.blocks.unsynced {
            node.blocks.unsynced = nil
            checker.promised(height, by: node.member)
            schedule(.input(.committed(height)), to: node, after: 0)
        }
        switch job {
        case .store(let block):
            guard !reach(.blockSynced, by: node, with: block.header.height) else { return }
            schedule(.input(.stored(block.hash)), to: node, after: 0)
        case .commit:
            guard !reach(.stateSynced, by: node) else { return }
        case .replayed, .begin, .serve: break
        }
        workOnBlocks(of: node)
    }

    // MARK: Epochs

    /// The boundary's state and certificate are durable: the next instance begins.
    private func beginInstance(at node: SimulatedNode) {
        guard !reach(.boundarySynced, by: node), !stopsOutdated(node) else { return }
        let start = epochStart(of: node)
        guard start.instance.epoch > node.instance.epoch else { return }
        node.instance = start.instance
        node.ownIndex = start.ownIndex
        checker.begun(start.instance, by: node.member)
        enqueue(.begin(start.instance), at: node)
        trace.note("\(now / 1_000_000) \(node.endpoint) epoch \(start.instance.epoch)")
        schedule(.input(.epochBegan(start)), to: node, after: 0)
        note(.epoch, of: node)
        guard !leavesForGood(node) else { return }
        _ = reach(.instanceBegun, by: node)
    }

    // MARK: Reading

    private func serve(_ request: ServeRequest, to key: PublicKey, by node: SimulatedNode) {
        // A damaged row shows by its checksum and is as good as none.
        let isDamaged = faults.readErrors > 0 && chances.machines.chance(faults.readErrors)
        switch request {
        case .block(let request):
            let bytes = isDamaged ? nil : node.storage.blockBytes(request.hash)
            send(
                .blockResponse(BlockResponse(hash: request.hash, block: bytes)),
                to: .peer(key), by: node)
        case .range(let request):
            let response =
                isDamaged
                ? RangeResponse(
                    first: request.first, blocks: [], finalization: nil, headers: [])
                : range(request, of: node)
            send(.rangeResponse(response), to: .peer(key), by: node)
        case .certificates(let request, let instance):
            guard let index = node.log(of: instance) else { return }
            let found = node.logs[index].certificates(request, on: node.storage.disk)
            send(
                .certificateResponse(
                    CertificateResponse(request: request, certificates: found, header: nil)),
                to: .peer(key), by: node)
        case .boundary(let epoch):
            guard !isDamaged, let hint = node.storage.boundary(of: epoch) else { return }
            send(.epochHint(hint), to: .peer(key), by: node)
        case .held, .transactions:
            preconditionFailure("what is held is answered without the disk: \(request)")
        }
    }

    /// Blocks from the first height on, the next finalization, and the headers up to its block.
    private func range(_ request: RangeRequest, of node: SimulatedNode) -> RangeResponse {
        var encoded: [[UInt8]] = []
        var size = 0
        var height = request.first
        while height <= request.last, let hash = node.storage.hash(at: height),
            let block = node.storage.blockBytes(hash)
        {
            guard encoded.isEmpty || size + block.count <= Limits.rangeBytesMax - 65_536 else {
                break
            }
            encoded.append(block)
            size += block.count
            height = height.advanced(by: 1)
        }
        var finalization: Certificate?
        var headers: [Header] = []
        let last = height.lowered(by: 1)
        if !encoded.isEmpty, let found = node.storage.finalization(from: last),
            found.height.value - last.value <= UInt64(RangeResponse.headersMax)
        {
            finalization = found.certificate
            while height <= found.height, let header = node.storage.header(at: height) {
                headers.append(header)
                height = height.advanced(by: 1)
            }
        }
        return RangeResponse(
            first: request.first, blocks: finalization == nil ? [] : encoded,
            finalization: finalization, headers: headers)
    }

    // MARK: Checks

    /// Now and then: the sum of everything that anybody has.
    private func checkSupply(of node: SimulatedNode) {
        guard node.head.height.value % 64 == UInt64(node.endpoint % 64) else { return }
        checker.checked(
            Invariants.violations(over: node.published), at: node.head.height, of: node.member)
    }
}

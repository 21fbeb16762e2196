import Chain
import Consensus
import Cryptography
import OrderedCollections

extension World {
    // MARK: What happens to a node

    mutating func happen(_ occurrence: Occurrence, to node: SimulatedNode) {
        switch occurrence {
        case .crash: crash(node)
        case .restart:
            guard node.signer != deadSeat else { return }
            if !node.isUp { start(node) }
            scheduleCrash(of: node)
        case .work(let isPending):
            node.hasWork = isPending
            if node.isUp {
                give(.workPending(isPending), to: node)
                if isPending { scheduleBuild(of: node) }
            }
            if !scenario.sharesWork { scheduleWork(of: node) }
        case .sharedWork: scheduleSharedWork()
        case .repartition:
            guard !isHealing else { return }
            network.repartition(random: &random)
            scheduleRepartition()
        case .arrival(let packet, let sender):
            guard node.isUp else { return }
            arrived(packet, from: nodes[sender], at: node)
        case .timer(let id, let instant):
            guard node.timers[id] == instant else { return }
            node.timers[id] = nil
            give(.timer(id), to: node)
        case .logSynced(let sequence):
            node.disk.sync(through: sequence)
            give(.durable(sequence: sequence), to: node)
        case .voteSigned(let intent): finishSigning(intent, by: node)
        case .blockStored(let header):
            node.disk.blocks[header.hash] = header
            give(.blockAvailable(header), to: node)
        case .blockExecuted(let request):
            let result =
                node.block(request.hash) == nil ? .unavailable : node.execute(request.header)
            give(
                .executed(instance: request.instance, hash: request.hash, result: result),
                to: node)
            finishWork(of: request.header, at: node)
        case .buildDue(let view): beginBuild(of: view, by: node)
        case .blockBuilt(let view, let header): finishBuild(of: view, header, by: node)
        case .timeReached(let view):
            give(.timeReached(instance: node.instance.id, view: view), to: node)
        case .committed(let height): commit(height, by: node)
        case .rangeCommitted(let head):
            checker.restarted(node.endpoint, at: head.header.height)
            node.pendingCommits.removeAll { $0.head.header.height <= head.header.height }
            give(.synced(head), to: node)
        case .rangeTimeout(let height):
            guard node.rangeTarget?.header.height == height else { return }
            node.rangeTarget = nil
            give(.syncFailed, to: node)
        }
    }

    private mutating func crash(_ node: SimulatedNode) {
        guard !isHealing, node.isUp else { return }
        crashes += 1
        trace.note("\(now / 1_000_000) \(node.endpoint) crash")
        node.isUp = false
        // The signer's record may have reached the disk before its answer was heard.
        if let intent = node.signing, random.chance(500) {
            _ = record(intent, by: node)
        }
        node.disk.crash(random: &random)
        if scenario.losesLog, node.endpoint == 0 { node.disk.log = [] }
        let delay = random.within(10...5_000)
        schedule(.restart, to: node, afterMilliseconds: delay, outlivesProcess: true)
    }

    private mutating func finishSigning(_ intent: VoteIntent, by node: SimulatedNode) {
        node.signing = nil
        if let vote = record(intent, by: node) {
            give(.signed(.restored(vote)), to: node)
        } else {
            give(
                .refused(
                    instance: intent.instance, kind: intent.statement.kind, view: intent.view),
                to: node)
        }
        signNext(of: node)
    }

    /// What the signer's table does with an intent; nil: it refuses.
    private mutating func record(_ intent: VoteIntent, by node: SimulatedNode) -> Vote? {
        switch node.disk.signingGuard.judge(intent) {
        case .repeated(let vote): return vote
        case .refused: return nil
        case .sign:
            let vote = Vote(
                epoch: intent.epoch, view: intent.view, signer: intent.signer,
                statement: intent.statement,
                signature: Signature([UInt8](repeating: UInt8(intent.signer), count: 64)))
            node.disk.signingGuard.record(vote, instance: intent.instance)
            node.disk.signedVotes.append(vote)
            checker.signed(view: vote.view, signer: vote.signer, statement: vote.statement)
            return vote
        }
    }

    // MARK: Building

    private mutating func beginBuild(of view: View, by node: SimulatedNode) {
        guard let request = node.building, request.view == view else { return }
        node.building = nil
        guard let header = node.makeBlock(request, wallMilliseconds: wallMilliseconds(of: node))
        else {
            give(.buildDeclined(instance: node.instance.id, view: view), to: node)
            return
        }
        let delay = random.below(scenario.executionLatency + scenario.syncLatency + 1)
        schedule(.blockBuilt(view, header), to: node, afterMilliseconds: delay)
    }

    private mutating func finishBuild(of view: View, _ header: Header, by node: SimulatedNode) {
        let hash = header.hash
        node.held[hash] = header
        node.disk.blocks[hash] = header
        node.executed[hash] = header.stateRoot
        give(.built(instance: node.instance.id, view: view, header: header), to: node)
        finishWork(of: header, at: node)
    }

    /// What a block contains is not waiting any more.
    private mutating func finishWork(of header: Header, at node: SimulatedNode) {
        guard scenario.sharesWork, node.hasWork, header.transactionsRoot != .zero else { return }
        node.hasWork = false
        give(.workPending(false), to: node)
    }

    private mutating func commit(_ height: Height, by node: SimulatedNode) {
        while let next = node.pendingCommits.first, next.head.header.height <= height {
            node.pendingCommits.removeFirst()
            node.disk.commit(next.headers, floor: next.head)
            let view = next.head.certificate.value.view
            node.disk.signingGuard.prune(instance: node.instance.id, through: view)
            node.disk.signedVotes.removeAll { $0.view <= view }
        }
        node.held.removeAll { $0.value.height <= height }
        node.executed.removeAll {
            node.disk.blocks[$0.key] == nil && node.held[$0.key] == nil
        }
        give(.committed(height), to: node)
    }

    // MARK: Packets

    private mutating func arrived(
        _ packet: Packet, from peer: SimulatedNode, at node: SimulatedNode
    ) {
        let sender = peer.signer
        switch packet {
        case .vote(let vote):
            let summary = MessageSummary(vote.value)
            give(.frame(summary, from: sender), to: node)
            guard node.engine.wants(summary) != .drop else { return }
            give(.vote(vote, from: sender), to: node)
        case .certificate(let certificate, let header):
            received(certificate, header, from: sender, at: node)
        case .proposal(let vote, let header, let justification):
            for certificate in justification {
                received(certificate, nil, from: sender, at: node)
            }
            let summary = MessageSummary(proposal: vote.value)
            give(.frame(summary, from: sender), to: node)
            guard node.engine.wants(summary) != .drop else { return }
            if let header { node.held[header.hash] = header }
            give(.proposal(vote, header: header, from: sender), to: node)
        case .push(let header):
            guard node.engine.wantsBlock(header.hash, view: header.view) else { return }
            store(header, at: node)
        case .blockRequest(let hash):
            send(.blockResponse(hash, node.block(hash)), to: peer, by: node)
        case .blockResponse(let hash, let header):
            if let header {
                if node.engine.wantsBlock(hash, view: header.view) { store(header, at: node) }
            } else {
                give(.blockUnavailable(hash, from: sender), to: node)
            }
        case .certificateRequest(let request):
            let response = node.engine.response(to: request)
            send(.certificateResponse(response), to: peer, by: node)
        case .certificateResponse(let response): received(response, from: sender, at: node)
        case .rangeRequest(let first, let last):
            guard last.value <= UInt64(node.disk.chain.count), first <= last, first.value > 0
            else { return }
            send(
                .rangeResponse(Array(node.disk.chain[Int(first.value) - 1..<Int(last.value)])),
                to: peer, by: node)
        case .rangeResponse(let headers): received(range: headers, by: node)
        }
    }

    private mutating func store(_ header: Header, at node: SimulatedNode) {
        node.held[header.hash] = header
        schedule(
            .blockStored(header), to: node,
            afterMilliseconds: random.below(scenario.syncLatency + 1))
    }

    private mutating func received(
        _ certificate: Verified<Certificate>, _ header: Header?, from sender: UInt16,
        at node: SimulatedNode
    ) {
        let summary = MessageSummary(certificate.value)
        give(.frame(summary, from: sender), to: node)
        guard node.engine.wants(summary) != .drop || header != nil else { return }
        give(.certificate(certificate, header: header, from: sender), to: node)
    }

    private mutating func received(
        _ response: CertificateResponse, from sender: UInt16, at node: SimulatedNode
    ) {
        guard !response.certificates.isEmpty else {
            give(.certificateUnavailable(response.request, from: sender), to: node)
            return
        }
        for certificate in response.certificates {
            let names = certificate.statement.candidate?.blockHash == response.header?.hash
            received(
                .restored(certificate), names ? response.header : nil, from: sender, at: node)
        }
    }
}

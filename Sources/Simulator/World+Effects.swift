import Chain
import Consensus
import Cryptography
import OrderedCollections

extension World {
    // MARK: What an engine asks for

    mutating func perform(_ effect: Effect, by node: SimulatedNode) {
        trace.note("\(now / 1_000_000) \(node.endpoint) > \(World.describe(effect))")
        switch effect {
        case .persist(let records, let sequence): persist(records, sequence, by: node)
        case .sign(let intent): sign(intent, by: node)
        case .send(let message, let recipients): send(message, to: recipients, by: node)
        case .propose(let vote, let header, let justification):
            guard !distort(vote, header, justification, by: node) else { return }
            for other in others(than: node) {
                send(.proposal(vote, header, justification), to: other, by: node)
            }
        case .pushBlock(let hash, let signer):
            guard let header = node.block(hash) else { return }
            send(.push(header), toSigner: signer, by: node)
        case .setTimer(let id, let instant):
            node.timers[id] = instant
            schedule(.timer(id, instant), to: node, at: instant.nanoseconds)
        case .cancelTimer(let id): node.timers[id] = nil
        case .build(let request): build(request, by: node)
        case .cancelBuild(let view):
            if node.building?.view == view { node.building = nil }
        case .storeBlock(let hash):
            guard let header = node.held[hash] else { return }
            schedule(.blockStored(header), to: node, afterMilliseconds: syncDelay())
        case .execute(let request):
            schedule(
                .blockExecuted(request), to: node,
                afterMilliseconds: random.below(scenario.executionLatency + 1))
        case .awaitTime(let view, let timestamp):
            let wall = wallMilliseconds(of: node) + Limits.clockDriftMillisecondsMax
            let wait = timestamp.value > wall ? timestamp.value - wall : 0
            schedule(.timeReached(view), to: node, afterMilliseconds: wait)
        case .fetchBlock(let hash, let signer):
            send(.blockRequest(hash), toSigner: signer, by: node)
        case .fetchCertificate(let request, let signer):
            send(.certificateRequest(request), toSigner: signer, by: node)
        case .syncRange(let head, let signer): syncRange(to: head, from: signer, by: node)
        case .finalized(let headers, let certificate):
            finalized(headers, certificate, by: node)
        case .report(let report): note(report, by: node)
        }
    }

    private mutating func syncDelay() -> UInt64 {
        random.below(scenario.syncLatency + 1)
    }

    private mutating func persist(
        _ records: [SafetyRecord], _ sequence: UInt64, by node: SimulatedNode
    ) {
        node.disk.unsynced.append((sequence, records))
        schedule(.logSynced(sequence), to: node, afterMilliseconds: syncDelay())
    }

    /// The signer works on one vote at a time: record, sync, answer.
    private mutating func sign(_ intent: VoteIntent, by node: SimulatedNode) {
        node.intents.append(intent)
        signNext(of: node)
    }

    mutating func signNext(of node: SimulatedNode) {
        guard node.signing == nil, let intent = node.intents.first else { return }
        node.intents.removeFirst()
        node.signing = intent
        schedule(.voteSigned(intent), to: node, afterMilliseconds: syncDelay())
    }

    private mutating func build(_ request: BuildRequest, by node: SimulatedNode) {
        node.building = request
        scheduleBuild(of: node)
    }

    /// The pacing of 2.8: the earlier of the two clocks, and longer without work.
    mutating func scheduleBuild(of node: SimulatedNode) {
        guard let request = node.building else { return }
        let isBusy =
            node.hasWork || request.isNeverIdle || request.idleIntervalMilliseconds == 0
        let interval =
            isBusy
            ? request.blockIntervalMilliseconds
            : max(request.blockIntervalMilliseconds, request.idleIntervalMilliseconds)
        let due = request.parent.timestamp.value + interval
        let wall = wallMilliseconds(of: node)
        let byWall = now + (due > wall ? due - wall : 0) * Scenario.nanosecondsPerMillisecond
        let monotonic = isBusy ? request.notBefore : request.notBeforeIdle
        schedule(.buildDue(request.view), to: node, at: min(byWall, monotonic.nanoseconds))
    }

    private mutating func finalized(
        _ headers: [Header], _ certificate: Verified<Certificate>, by node: SimulatedNode
    ) {
        checker.finalized(at: node.endpoint, headers, by: certificate.value)
        guard let last = headers.last else { return }
        node.pendingCommits.append(
            (headers, FinalizedHead(header: last, certificate: certificate)))
        schedule(.committed(last.height), to: node, afterMilliseconds: syncDelay())
    }

    private mutating func note(_ report: Report, by node: SimulatedNode) {
        let isHonest = node.signer != byzantineSeat
        switch report {
        case .safetyHalt(let a, let b):
            checker.fail("halt", "endpoint \(node.endpoint): \(a.value) and \(b.value)")
        case .localDivergence(let view, _):
            checker.fail("divergence", "endpoint \(node.endpoint) in view \(view)")
        case .invalidProposal(let view, let leader):
            if leader != byzantineSeat, isHonest {
                checker.fail("X7", "honest \(leader) proposed what is invalid in \(view)")
            }
        case .evidence(let evidence):
            if evidence.signer != byzantineSeat {
                checker.fail("X3", "evidence against honest \(evidence.signer)")
            }
        case .voteRefused(let kind, let view):
            // The table is pruned with the committed state: a late finalize is moot then.
            if isHonest, view > node.engine.lastFinalizedView {
                checker.fail("guard", "\(node.endpoint) refused \(kind) of \(view)")
            }
        case .entered(let view, _): entered(view, by: node)
        case .timedOut: return
        }
    }

    // MARK: Sending

    func others(than node: SimulatedNode) -> [SimulatedNode] {
        nodes.filter { $0.signer != node.signer }
    }

    private mutating func send(
        _ message: Message, to recipients: Recipients, by node: SimulatedNode
    ) {
        let packet: Packet
        switch message {
        case .vote(let vote):
            guard !distort(vote, by: node) else { return }
            packet = .vote(vote)
        case .certificate(let certificate):
            checker.sent(certificate.value)
            packet = .certificate(certificate, nil)
        }
        let signers: [UInt16]
        switch recipients {
        case .all:
            for other in others(than: node) { send(packet, to: other, by: node) }
            return
        case .one(let signer): signers = [signer]
        case .some(let several): signers = several
        }
        for signer in signers { send(packet, toSigner: signer, by: node) }
    }

    mutating func send(_ packet: Packet, toSigner signer: UInt16, by node: SimulatedNode) {
        let targets = nodes.filter { $0.signer == signer && $0.endpoint != node.endpoint }
        guard !targets.isEmpty else { return }
        send(packet, to: targets[Int(random.below(UInt64(targets.count)))], by: node)
    }

    mutating func send(_ packet: Packet, to other: SimulatedNode, by node: SimulatedNode) {
        for delay in network.deliveries(
            from: node.endpoint, to: other.endpoint, random: &random)
        {
            schedule(
                .arrival(packet, from: node.endpoint), to: other, afterMilliseconds: delay,
                outlivesProcess: true)
        }
    }

    // MARK: Range sync

    private mutating func syncRange(
        to head: FinalizedHead, from signer: UInt16, by node: SimulatedNode
    ) {
        node.rangeTarget = head
        send(
            .rangeRequest(from: Height(UInt64(node.disk.chain.count) + 1), to: head.header.height),
            toSigner: signer, by: node)
        schedule(.rangeTimeout(head.header.height), to: node, afterMilliseconds: 2_000)
    }

    mutating func received(range headers: [Header], by node: SimulatedNode) {
        guard let head = node.rangeTarget, let last = headers.last, last == head.header else {
            return
        }
        var parent = node.disk.chain.last?.hash ?? node.instance.base.hash
        for header in headers {
            guard
                header.height.value <= UInt64(node.disk.chain.count) || header.parentHash == parent
            else { return }
            if header.height.value > UInt64(node.disk.chain.count) { parent = header.hash }
        }
        node.disk.commit(headers, floor: head)
        node.rangeTarget = nil
        schedule(.rangeCommitted(head), to: node, afterMilliseconds: syncDelay())
    }
}

import Chain
import Codec
import Consensus
import Cryptography

/// Runs one scenario, phase by phase.
struct TwinRun {
    private let scenario: TwinScenario
    private(set) var checker: TwinChecker
    private(set) var endpoints: [TwinEndpoint]
    private var random: SeededRandom
    var groups: [UInt8]
    /// Scripts say here what is lost besides.
    var isLost: (TwinPacket, Int) -> Bool = { _, _ in false }
    private var queue: [Delivery] = []
    private var queueHead = 0
    /// What crossed a partition and comes late.
    private var late: [Delivery] = []
    private var guards: [SigningGuard]
    private var culprits: UInt64 = 0
    private var halts: [(Int, Certificate, Certificate)] = []
    private(set) var inputs = 0
    var phase: UInt64 = 0
    /// Nothing is lost and nobody restarts any more.
    private var isHealing = false
    /// How many of the phases were of the healing.
    private(set) var healed: UInt64 = 0

    private struct Delivery {
        let packet: TwinPacket
        let from: Int
        let to: Int
    }

    /// A scenario that needs more inputs than this has a storm in it.
    private static let inputsMax = 100_000
    /// Phases with everything connected within which every honest endpoint must finalize.
    private static let healPhases: UInt64 = 8

    private static let timing = Timing(
        blockInterval: 0, idleInterval: 0, leaderTimeout: 1_000, advanceTimeout: 2_000)

    init(_ scenario: TwinScenario) {
        self.scenario = scenario
        let instance = scenario.instance
        let count = scenario.endpoints
        let owners = (0..<instance.validators.count).map { UInt16($0) } + scenario.twinned
        checker = TwinChecker(
            powers: instance.validators.validators.map(\.power), twinned: scenario.twinned,
            endpoints: count)
        endpoints = owners.enumerated().map { index, signer in
            TwinEndpoint(
                index: index, signer: signer, instance: instance, timing: TwinRun.timing)
        }
        guards = [SigningGuard](repeating: SigningGuard(), count: instance.validators.count)
        groups = [UInt8](repeating: 0, count: count)
        random = SeededRandom(seed: scenario.seed ?? 0)
        for endpoint in endpoints { give(.start(Recovery()), to: endpoint) }
    }

    /// The same run once more, in the same state: both go on by themselves.
    func forked() -> TwinRun {
        var copy = self
        copy.endpoints = endpoints.map { TwinEndpoint(copying: $0) }
        return copy
    }

    // MARK: Phases

    /// All phases of the scenario, then everything connected.
    mutating func run() -> TwinOutcome {
        for partition in scenario.partitions { runPhase(partition) }
        return heal()
    }

    /// The next phase, with the endpoints in these groups.
    mutating func runPhase(_ partition: [UInt8]) {
        phase += 1
        groups = partition
        queue = late
        queueHead = 0
        late = []
        for endpoint in endpoints {
            // Whatever limits a rate has had its time.
            endpoint.clock = endpoint.clock.advanced(byMilliseconds: 3_000)
            guard scenario.seed != nil, !isHealing else { continue }
            if random.chance(scenario.restarts) { restart(endpoint) }
        }
        settle()
        for endpoint in endpoints where isBehind(endpoint) {
            fire(endpoint.timers[0] == nil ? .advance : .leader, of: endpoint)
        }
        settle()
        for endpoint in endpoints where isBehind(endpoint) { fire(.retry, of: endpoint) }
        settle()
    }

    /// Everything is connected and nothing is lost: every honest endpoint must finalize a view
    /// above the scenario's.
    ///
    /// - Parameter isKnown: whether it is known what follows from the state after a phase.
    mutating func heal(
        unless isKnown: (_ phase: UInt64, _ state: Digest) -> Bool = { _, _ in false }
    ) -> TwinOutcome {
        isHealing = true
        let finalizedViews = checker.finalizedViews
        let goal = phase + 1
        let all = [UInt8](repeating: 0, count: endpoints.count)
        while checker.violations.isEmpty, !isFinal(above: goal) {
            guard healed < TwinRun.healPhases, inputs < TwinRun.inputsMax else {
                failProgress(goal)
                break
            }
            runPhase(all)
            healed += 1
            if checker.violations.isEmpty, isKnown(phase, fingerprint()) { break }
        }
        // A fork becomes known to all.
        if !checker.violations.isEmpty, healed == 0 { runPhase(all) }
        return outcome(finalizedViews)
    }

    private func outcome(_ finalizedViews: Int) -> TwinOutcome {
        TwinOutcome(
            violations: checker.violations,
            culprits: (0..<UInt16(scenario.instance.validators.count)).filter {
                culprits & (1 << UInt64($0)) != 0
            },
            halts: halts.map { index, first, second in
                let log = endpoints[index].log
                let isLogged =
                    log.contains(.certificate(first)) && log.contains(.certificate(second))
                return (first, second, isLogged)
            },
            finalizedViews: finalizedViews, inputs: inputs)
    }

    private func isHonest(_ endpoint: TwinEndpoint) -> Bool { checker.isHonest(endpoint.signer) }

    private func isFinal(above goal: UInt64) -> Bool {
        endpoints.allSatisfy {
            !isHonest($0) || $0.engine.finalizedHead?.certificate.value.view ?? .zero >= View(goal)
        }
    }

    private mutating func failProgress(_ goal: UInt64) {
        let states = endpoints.map {
            "\($0.index): view \($0.engine.currentView), final \($0.engine.lastFinalizedView)"
        }
        checker.fail("X8", "no progress to view \(goal): \(states.joined(separator: "; "))")
    }

    private func isBehind(_ endpoint: TwinEndpoint) -> Bool {
        endpoint.engine.currentView.value <= phase
    }

    private mutating func restart(_ endpoint: TwinEndpoint) {
        let view = endpoint.engine.currentView
        let recovery = endpoint.restart()
        checker.restarted(endpoint.index, at: recovery.floor?.header.height ?? .genesis)
        give(.start(recovery), to: endpoint)
        if endpoint.engine.currentView < view {
            checker.fail("I8", "endpoint \(endpoint.index) fell back below view \(view)")
        }
    }

    // MARK: Delivering

    /// Until nobody has anything to say: messages, blocks to build, questions to ask again.
    mutating func settle() {
        var rounds = 0
        while rounds <= scenario.instance.validators.count + 1 {
            deliver()
            var isQuiet = true
            for endpoint in endpoints {
                if let request = endpoint.building, request.view.value <= phase {
                    isQuiet = false
                    build(request, by: endpoint)
                }
            }
            if isQuiet {
                for endpoint in endpoints where endpoint.timers[4] != nil {
                    isQuiet = false
                    fire(.requests, of: endpoint)
                }
            }
            if isQuiet { return }
            rounds += 1
        }
        deliver()
    }

    mutating func deliver() {
        while queueHead < queue.count, inputs < TwinRun.inputsMax {
            if scenario.seed != nil {
                let span = min(queue.count - queueHead, 16)
                queue.swapAt(queueHead, queueHead + random.below(span))
            }
            let delivery = queue[queueHead]
            queueHead += 1
            arrived(delivery.packet, from: endpoints[delivery.from], at: endpoints[delivery.to])
        }
        queue.removeAll(keepingCapacity: true)
        queueHead = 0
    }

    mutating func fire(_ id: TimerID, of endpoint: TwinEndpoint) {
        let slot = TwinEndpoint.slot(id)
        guard let deadline = endpoint.timers[slot] else { return }
        endpoint.timers[slot] = nil
        endpoint.clock = max(endpoint.clock, deadline)
        give(.timer(id), to: endpoint)
    }

    private mutating func build(_ request: BuildRequest, by endpoint: TwinEndpoint) {
        endpoint.building = nil
        let header = endpoint.build(request)
        endpoint.store(header)
        _ = endpoint.execute(header, hash: header.hash)
        give(
            .built(instance: endpoint.instance.id, view: request.view, header: header),
            to: endpoint)
    }

    private mutating func send(_ packet: TwinPacket, to index: Int, by endpoint: TwinEndpoint) {
        let delivery = Delivery(packet: packet, from: endpoint.index, to: index)
        guard groups[endpoint.index] == groups[index] else {
            if scenario.isLate { late.append(delivery) }
            return
        }
        if scenario.seed != nil, !isHealing, random.chance(scenario.loss) { return }
        guard !isLost(packet, index) else { return }
        queue.append(delivery)
    }

    private mutating func send(
        _ packet: TwinPacket, toSigner signer: UInt16, by endpoint: TwinEndpoint
    ) {
        for other in endpoints where other.signer == signer && other.signer != endpoint.signer {
            send(packet, to: other.index, by: endpoint)
        }
    }

    private mutating func sendToAll(_ packet: TwinPacket, by endpoint: TwinEndpoint) {
        for other in endpoints where other.signer != endpoint.signer {
            send(packet, to: other.index, by: endpoint)
        }
    }

    // MARK: Inputs

    /// Hands an input to an engine, does what it asks for, and hands it the answers.
    private mutating func give(_ input: Input, to endpoint: TwinEndpoint) {
        endpoint.answers.append(input)
        var next = 0
        while next < endpoint.answers.count {
            let input = endpoint.answers[next]
            next += 1
            inputs += 1
            var effects: [Effect] = []
            endpoint.engine.handle(input, at: endpoint.clock, into: &effects)
            for effect in effects { perform(effect, by: endpoint) }
        }
        endpoint.answers.removeAll(keepingCapacity: true)
    }

    private mutating func arrived(
        _ packet: TwinPacket, from peer: TwinEndpoint, at endpoint: TwinEndpoint
    ) {
        let sender = peer.signer
        switch packet {
        case .vote(let vote):
            let summary = MessageSummary(vote.value)
            give(.frame(summary, from: sender), to: endpoint)
            guard endpoint.engine.wants(summary) != .drop else { return }
            give(.vote(vote, from: sender), to: endpoint)
        case .certificate(let certificate, let header):
            received(certificate, header, from: sender, at: endpoint)
        case .proposal(let vote, let header, let justification):
            for certificate in justification {
                received(certificate, nil, from: sender, at: endpoint)
            }
            let summary = MessageSummary(proposal: vote.value)
            give(.frame(summary, from: sender), to: endpoint)
            guard endpoint.engine.wants(summary) != .drop else { return }
            if let header { endpoint.hold(header) }
            give(.proposal(vote, header: header, from: sender), to: endpoint)
        case .block(let header):
            guard endpoint.engine.wantsBlock(header.hash, view: header.view) else { return }
            endpoint.store(header)
            give(.blockAvailable(header), to: endpoint)
        case .blockRequest(let hash):
            let answer = endpoint.blocks[hash].map { TwinPacket.block($0) } ?? .noBlock(hash)
            send(answer, to: peer.index, by: endpoint)
        case .noBlock(let hash): give(.blockUnavailable(hash, from: sender), to: endpoint)
        case .certificateRequest(let request):
            let response = endpoint.engine.response(to: request)
            if response.certificates.isEmpty {
                send(.noCertificate(request), to: peer.index, by: endpoint)
            }
            for certificate in response.certificates {
                let names = certificate.statement.candidate?.blockHash == response.header?.hash
                send(
                    .certificate(.restored(certificate), names ? response.header : nil),
                    to: peer.index, by: endpoint)
            }
        case .noCertificate(let request):
            give(.certificateUnavailable(request, from: sender), to: endpoint)
        }
    }

    private mutating func received(
        _ certificate: Verified<Certificate>, _ header: Header?, from sender: UInt16,
        at endpoint: TwinEndpoint
    ) {
        let summary = MessageSummary(certificate.value)
        give(.frame(summary, from: sender), to: endpoint)
        guard endpoint.engine.wants(summary) != .drop || header != nil else { return }
        give(.certificate(certificate, header: header, from: sender), to: endpoint)
    }

    // MARK: Effects

    private mutating func perform(_ effect: Effect, by endpoint: TwinEndpoint) {
        let instance = endpoint.instance.id
        switch effect {
        case .persist(let records, let sequence):
            for record in records { check(record, of: endpoint) }
            endpoint.append(records, sequence: sequence)
            endpoint.answers.append(.durable(sequence: sequence))
        case .sign(let intent): sign(intent, by: endpoint)
        case .send(.vote(let vote), let recipients):
            send(.vote(vote), to: recipients, by: endpoint)
        case .send(.certificate(let certificate), let recipients):
            checker.sent(certificate.value)
            send(.certificate(certificate, nil), to: recipients, by: endpoint)
        case .propose(let vote, let header, let justification):
            sendToAll(.proposal(vote, header, justification), by: endpoint)
        case .pushBlock(let hash, let signer):
            guard let header = endpoint.blocks[hash] else { return }
            send(.block(header), toSigner: signer, by: endpoint)
        case .setTimer(let id, let deadline): endpoint.timers[TwinEndpoint.slot(id)] = deadline
        case .cancelTimer(let id): endpoint.timers[TwinEndpoint.slot(id)] = nil
        case .build(let request): endpoint.building = request
        case .cancelBuild(let view):
            if endpoint.building?.view == view { endpoint.building = nil }
        case .storeBlock(let hash):
            guard let header = endpoint.blocks[hash] else { return }
            endpoint.store(header)
            endpoint.answers.append(.blockAvailable(header))
        case .execute(let request):
            let result = endpoint.execute(request.header, hash: request.hash)
            endpoint.answers.append(
                .executed(instance: instance, hash: request.hash, result: result))
        case .awaitTime(let view, _):
            endpoint.answers.append(.timeReached(instance: instance, view: view))
        case .fetchBlock(let hash, let signer):
            send(.blockRequest(hash), toSigner: signer, by: endpoint)
        case .fetchCertificate(let request, let signer):
            send(.certificateRequest(request), toSigner: signer, by: endpoint)
        case .syncRange: endpoint.answers.append(.syncFailed)
        case .finalized(let headers, let certificate):
            checker.finalized(at: endpoint.index, headers, by: certificate.value)
            guard let head = headers.last else { return }
            endpoint.floor = FinalizedHead(header: head, certificate: certificate)
            endpoint.answers.append(.committed(head.height))
        case .report(let report): note(report, by: endpoint)
        }
    }

    private mutating func send(
        _ packet: TwinPacket, to recipients: Recipients, by endpoint: TwinEndpoint
    ) {
        switch recipients {
        case .all: sendToAll(packet, by: endpoint)
        case .one(let signer): send(packet, toSigner: signer, by: endpoint)
        case .some(let signers):
            for signer in signers { send(packet, toSigner: signer, by: endpoint) }
        }
    }

    /// What must lie behind a record, as the machine saw it.
    private mutating func check(_ record: SafetyRecord, of endpoint: TwinEndpoint) {
        switch record {
        case .ownVote(let view, .notarize(let candidate)):
            let hash = candidate.blockHash
            if !endpoint.isStored(hash) || !endpoint.isExecuted(hash) {
                checker.fail("I6", "\(endpoint.index) notarized in \(view) what it lacks")
            }
        case .certified(let view, let hash):
            if !endpoint.isStored(hash) || !endpoint.isExecuted(hash) {
                checker.fail("R5", "\(endpoint.index) certified in \(view) what it lacks")
            }
        case .floor(let certificate):
            for case .floor(let earlier) in endpoint.log where earlier.view > certificate.view {
                checker.fail("I8", "the floor of \(endpoint.index) fell to \(certificate.view)")
            }
        case .ownVote, .certificate, .builtBlock, .entered, .evidence, .halted: return
        }
    }

    private mutating func sign(_ intent: VoteIntent, by endpoint: TwinEndpoint) {
        let signer = endpoint.signer
        let vote = Vote(
            epoch: intent.epoch, view: intent.view, signer: signer, statement: intent.statement,
            signature: Signature([UInt8](repeating: UInt8(signer), count: 64)))
        if scenario.sharesGuard {
            switch guards[Int(signer)].judge(intent) {
            case .sign: guards[Int(signer)].record(vote, instance: intent.instance)
            case .repeated: break
            case .refused:
                if isHonest(endpoint) {
                    checker.fail("guard", "\(signer) refused \(intent.statement)")
                }
                endpoint.answers.append(
                    .refused(
                        instance: intent.instance, kind: intent.statement.kind,
                        view: intent.view))
                return
            }
        }
        checker.signed(intent.statement, in: intent.view, by: signer)
        if !endpoint.signedVotes.contains(vote) { endpoint.signedVotes.append(vote) }
        endpoint.answers.append(.signed(.restored(vote)))
    }

    private mutating func note(_ report: Report, by endpoint: TwinEndpoint) {
        switch report {
        case .evidence(let evidence):
            culprits |= 1 << UInt64(evidence.signer)
            if checker.isHonest(evidence.signer) {
                checker.fail("X3", "evidence against honest \(evidence.signer)")
            }
            if scenario.sharesGuard {
                checker.fail("guard", "\(evidence.signer) signed two sides with one table")
            }
        case .safetyHalt(let first, let second):
            let first = first ?? second
            if isHonest(endpoint) { halts.append((endpoint.index, first.value, second.value)) }
            checker.fail("halt", "\(endpoint.index): \(first.value.view), \(second.value.view)")
        case .localDivergence(let view, _):
            checker.fail("divergence", "endpoint \(endpoint.index) in view \(view)")
        case .invalidProposal(let view, let leader):
            if checker.isHonest(leader) {
                checker.fail("X7", "honest \(leader) proposed what is invalid in \(view)")
            }
        case .voteRefused, .entered, .gaveUp: return
        }
    }

    // MARK: States

    /// A digest of everything that decides how the scenario can go on.
    func fingerprint() -> Digest {
        var hasher = TaggedHasher(.logRecord)
        var lowest = View(.max)
        for endpoint in endpoints {
            hasher.update(endpoint.engine.stateDigest)
            hasher.update(endpoint.building?.view.value ?? 0)
            hasher.update(endpoint.building?.parent.hash ?? .zero)
            lowest = min(lowest, endpoint.engine.lastFinalizedView)
        }
        checker.mix(into: &hasher, above: lowest)
        for delivery in late { mix(delivery, into: &hasher) }
        return hasher.finalize()
    }

    private func mix(_ delivery: Delivery, into hasher: inout TaggedHasher) {
        hasher.update(UInt64(delivery.from) << 32 | UInt64(delivery.to))
        switch delivery.packet {
        case .vote(let vote): hasher.update(vote.value.encoded())
        case .certificate(let certificate, let header):
            hasher.update(certificate.value.encoded())
            hasher.update(header?.hash ?? .zero)
        case .proposal(let vote, _, let justification):
            hasher.update(vote.value.encoded())
            for certificate in justification { hasher.update(certificate.value.encoded()) }
        case .block(let header): hasher.update(header.hash)
        case .blockRequest(let hash), .noBlock(let hash): hasher.update(hash)
        case .certificateRequest(let request), .noCertificate(let request):
            hasher.update(request.encoded())
        }
    }
}

import Chain
import Codec
import Consensus
import Cryptography

@testable import Replica

/// One node of a `ReplicaNetwork`: a replica, and a shell that does at once what it asks for.
final class TestNode {
    let number: Int
    private let network: ReplicaNetwork
    private var replica: Replica?
    private(set) var connected: [Int] = []
    private var timers: [ReplicaTimer: Instant] = [:]

    // What the disk holds.
    private var stored: [Digest: Block] = [:]
    private(set) var chain: [Block] = []
    private var finalizations: [Height: Certificate] = [:]
    private var boundaries: [Epoch: FinalizedHead] = [:]
    private var seeds: [Epoch: Digest] = [:]
    private var logs: [Digest: (records: [SafetyRecord], sequence: UInt64)] = [:]
    private var signer = SigningGuard()
    private var votes: [Digest: [Vote]] = [:]

    // What the tests look at.
    private(set) var reports: [Report] = []
    private(set) var penalties: [(peer: PublicKey, offence: Offence)] = []
    private(set) var sent: [PeerMessage] = []
    private(set) var checks: [VerificationJob] = []
    private(set) var epochs: [Epoch] = []
    private(set) var inputs = 0
    private(set) var jobs: [BuildJob] = []
    /// Views in which it saw its key used by somebody else.
    private(set) var usedElsewhere: [View] = []
    var execution: (Block) -> ExecutionResult = { _ in .valid }
    /// Whose consensus key it has: another host's, where a key was copied.
    var member: Int
    /// How long it listens before it votes; nil: it does not look for its key at all.
    var watch: UInt64? = 0
    var isCautious = false
    /// Whether the state knows its validator as an epoch begins.
    var isRegistered = true
    /// How many bytes of transactions it proposes whole.
    var wholeBodyBytesMax = 8 * 1024
    /// What the builder adds to the time of its blocks, in milliseconds.
    var builtAhead: UInt64 = 0
    var isBoundaryHeld = false
    /// At a start the disk says which blocks it has, and nobody reads them.
    var losesBodies = false
    private var heldStart: EpochStart?

    init(number: Int, network: ReplicaNetwork) {
        self.number = number
        member = number
        self.network = network
    }

    var isRunning: Bool { replica != nil }

    var height: UInt64 { UInt64(chain.count) }

    var facts: ReplicaFacts? { replica?.facts }

    var epoch: Epoch { epochs.last ?? .zero }

    var instance: Instance? { replica?.instance }

    /// What the engine will do next, as a digest.
    var digest: Digest? { replica?.engine.stateDigest }

    /// The height that the replica builds and syncs from.
    var committedHeight: Height? { replica?.committed.height }

    /// How much evidence waits for a block.
    var waitingEvidence: Int { replica?.pool.count ?? 0 }

    // MARK: Starting

    func start() {
        let head = chain.last?.header
        let isAtBoundary = head.map { $0.height == network.boundary(of: $0.epoch) } ?? false
        let epoch = head.map { isAtBoundary ? $0.epoch.advanced(by: 1) : $0.epoch } ?? .zero
        let start = epochStart(epoch)
        epochs.append(epoch)
        replica = Replica(
            configuration: Replica.Configuration(
                watchMilliseconds: watch, isCautious: isCautious,
                wholeBodyBytesMax: wholeBodyBytesMax),
            epoch: start,
            committed: isAtBoundary ? start.instance.base : head?.summary ?? start.instance.base)
        let undecided = stored.values.filter { $0.header.height.value > height }
            .sorted { ($0.header.height, $0.hash.hex) < ($1.header.height, $1.hash.hex) }
        give(.start(blocks: losesBodies ? [] : undecided))
    }

    /// The process ended before the signer wrote a signature down.
    func loseSignatures() {
        votes = [:]
        signer = SigningGuard()
    }

    func hasStored(_ hash: Digest) -> Bool { stored[hash] != nil }

    func stop() {
        replica = nil
        connected = []
        timers = [:]
        heldStart = nil
    }

    private func epochStart(_ epoch: Epoch) -> EpochStart {
        let previous = epoch == .zero ? nil : boundaries[epoch.lowered(by: 1)]
        let instance = network.instance(
            epoch, base: previous?.header.summary ?? ReplicaNetwork.genesis,
            previousSeed: epoch == .zero ? nil : seeds[epoch.lowered(by: 1)])
        seeds[epoch] = instance.seed
        let seats = instance.validators.validators.map { seat in
            network.publicKeys.firstIndex(of: seat.key).map { network.networkKeys[$0] }
        }
        let log = logs[instance.id] ?? ([], 0)
        let last = finalizations.keys.max().flatMap { height in
            finalizations[height].map { (chain[Int(height.value) - 1].header, $0) }
        }
        let floor = last.flatMap { header, certificate in
            header.epoch == epoch
                ? FinalizedHead(header: header, certificate: .restored(certificate)) : nil
        }
        return EpochStart(
            instance: instance,
            ownIndex: instance.validators.index(of: network.publicKeys[member]), seats: seats,
            timing: network.timing,
            recovery: Recovery(
                floor: floor, records: log.records,
                signedVotes: (votes[instance.id] ?? []).map { .restored($0) },
                headers: stored.values.map(\.header)
                    .filter { $0.epoch == epoch && $0.height.value > height }
                    .sorted { ($0.height, $0.hash.hex) < ($1.height, $1.hash.hex) },
                lastSequence: log.sequence), previous: previous,
            reporter: isRegistered ? Address(network.publicKeys[member]) : nil)
    }

    /// Takes over what the disk of another node holds, as a copied home does.
    func copyDisk(of other: TestNode) {
        stored = other.stored
        chain = other.chain
        finalizations = other.finalizations
        boundaries = other.boundaries
        seeds = other.seeds
        logs = other.logs
        signer = other.signer
        votes = other.votes
    }

    // MARK: Running

    var nextTimer: Instant? { timers.values.min() }

    func fireTimers() {
        let due = timers.filter { $0.value <= network.now }
            .sorted { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }
        for (timer, _) in due { timers[timer] = nil }
        for (timer, _) in due { give(.timer(timer)) }
    }

    func give(_ input: ReplicaInput) {
        var effects: [ReplicaEffect] = []
        inputs += 1
        replica?.handle(input, at: network.moment, into: &effects)
        for effect in effects { perform(effect) }
    }

    func connect(_ other: Int) {
        guard isRunning, !connected.contains(other) else { return }
        connected.append(other)
        network.schedule(.connected(Peer(key: network.networkKeys[other])), for: number)
    }

    func disconnect(_ other: Int) {
        guard connected.contains(other) else { return }
        connected.removeAll { $0 == other }
        network.schedule(.disconnected(Peer(key: network.networkKeys[other])), for: number)
    }

    // MARK: The shell

    private func later(_ input: ReplicaInput) {
        network.schedule(input, for: number)
    }

    private func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .persist(let records, let instance, let sequence):
            var log = logs[instance] ?? ([], 0)
            log.records += records
            log.sequence = sequence
            logs[instance] = log
            later(.durable(instance: instance, sequence: sequence))
        case .sign(let intent): sign(intent)
        case .send(let message, let destination): send(message, to: destination)
        case .setTimer(let timer, let deadline): timers[timer] = deadline
        case .cancelTimer(let timer): timers[timer] = nil
        case .verify(let job, let instance, let peer): verify(job, in: instance, from: peer)
        case .build(let job):
            jobs.append(job)
            later(
                .built(
                    instance: job.instance, view: job.view, block(for: job), dropped: []))
        case .store(let block):
            stored[block.hash] = block
            later(.stored(block.hash))
        case .execute(let request, let block):
            later(
                .executed(
                    instance: request.instance, hash: request.hash, execution(block)))
        case .commit(let headers, let certificate):
            for header in headers where header.height.value > height {
                guard let block = stored[header.hash] else {
                    preconditionFailure("a final block is stored: \(header.height)")
                }
                chain.append(block)
            }
            guard let last = headers.last else { return }
            finalizations[last.height] = certificate.value
            later(.committed(last.height))
            endEpoch(FinalizedHead(header: last, certificate: certificate))
        case .replay(let blocks, let head): replay(blocks, head)
        case .serve(let request, let peer): serve(request, to: peer)
        case .penalize(let peer, let offence): penalties.append((peer, offence))
        case .report(let report): reports.append(report)
        case .keyInUse(let view): usedElsewhere.append(view)
        case .admitted, .refused: return
        }
    }

    private func replay(_ blocks: [Block], _ head: FinalizedHead) {
        for block in blocks where block.header.height.value > height {
            precondition(
                block.header.parentHash == chain.last?.hash ?? ReplicaNetwork.genesis.hash,
                "a range follows the chain")
            stored[block.hash] = block
            chain.append(block)
        }
        later(.replayed(blocks))
        guard let last = blocks.last, last.hash == head.header.hash else { return }
        finalizations[last.header.height] = head.certificate.value
        endEpoch(head)
    }

    private func endEpoch(_ head: FinalizedHead) {
        let epoch = head.header.epoch
        guard head.header.height == network.boundary(of: epoch) else { return }
        boundaries[epoch] = head
        let start = epochStart(epoch.advanced(by: 1))
        if isBoundaryHeld {
            heldStart = start
        } else {
            begin(start)
        }
    }

    private func begin(_ start: EpochStart) {
        epochs.append(start.instance.epoch)
        later(.epochBegan(start))
    }

    /// The disk is done after all.
    func releaseBoundary() {
        isBoundaryHeld = false
        guard let start = heldStart else { return }
        heldStart = nil
        begin(start)
    }

    private func sign(_ intent: VoteIntent) {
        switch signer.judge(intent) {
        case .refused:
            later(
                .refused(
                    instance: intent.instance, kind: intent.statement.kind, view: intent.view))
        case .repeated(let vote):
            later(.signed(.restored(vote)))
        case .sign:
            let message = intent.statement.signBytes(
                instance: intent.instance, view: intent.view)
            let vote = Vote(
                epoch: intent.epoch, view: intent.view, signer: intent.signer,
                statement: intent.statement,
                signature: ReplicaNetwork.consensusKey(member).sign(message))
            signer.record(vote, instance: intent.instance)
            votes[intent.instance, default: []].append(vote)
            later(.signed(.restored(vote)))
        }
    }

    private func verify(_ job: VerificationJob, in instance: Instance, from peer: Peer) {
        checks.append(job)
        if case .transactions(let transactions) = job {
            for transaction in transactions {
                later(
                    .transaction(
                        .restored(transaction),
                        AdmissionFacts(nextSequence: 0, source: peer.key), ticket: nil))
            }
            return
        }
        do throws(VerificationError) {
            let message = try Door.verified(
                job, in: instance, genesisHash: ReplicaNetwork.genesis.hash)
            later(.verified(message, instance: instance.id, from: peer))
        } catch {
            later(.verificationFailed(error, instance: instance.id, from: peer))
        }
    }

    private func send(_ message: PeerMessage, to destination: Destination) {
        sent.append(message)
        let keys: [PublicKey]
        switch destination {
        case .peer(let key): keys = [key]
        case .peers(let list): keys = list
        case .everyone(let except):
            keys = connected.map { network.networkKeys[$0] }.filter { $0 != except }
        }
        for key in keys {
            guard let other = network.networkKeys.firstIndex(of: key) else { continue }
            network.send(message, from: number, to: other)
        }
    }

    // MARK: Blocks

    private func block(for job: BuildJob) -> Block {
        let body = BlockBody(
            transactions: job.candidates.map(\.value), evidence: job.evidence)
        return Block(
            header: Header(
                genesisHash: ReplicaNetwork.genesis.hash, epoch: job.epoch,
                height: job.parent.height.advanced(by: 1), view: job.view,
                parentView: job.parentView, parentHash: job.parent.hash,
                timestamp: job.timestamp.advanced(by: builtAhead), proposer: job.proposer,
                transactionsRoot: body.transactionsRoot, stateRoot: .zero, receiptsRoot: .zero,
                setHash: network.validators(of: job.epoch).hash,
                nextSetHash: network.validators(of: job.epoch.advanced(by: 1)).hash,
                evidenceRoot: body.evidenceRoot, participationRoot: body.participationRoot,
                gasUsed: 0, gasLimit: 1),
            body: body)
    }

    private func serve(_ request: ServeRequest, to peer: PublicKey) {
        switch request {
        case .block(let request):
            let response = BlockResponse(
                hash: request.hash, block: stored[request.hash]?.encoded())
            send(.blockResponse(response), to: .peer(peer))
        case .range(let request):
            send(.rangeResponse(range(request)), to: .peer(peer))
        case .certificates(let request, let instance):
            var found: [Certificate] = []
            for case .certificate(let certificate) in logs[instance]?.records ?? []
            where certificate.view == request.view && request.names(certificate.kind) {
                found.append(certificate)
            }
            let response = CertificateResponse(
                request: request, certificates: found, header: nil)
            send(.certificateResponse(response), to: .peer(peer))
        case .boundary(let epoch):
            guard let head = boundaries[epoch] else { return }
            let hint = EpochHint(finalization: head.certificate.value, header: head.header)
            send(.epochHint(hint), to: .peer(peer))
        case .held, .transactions:
            guard let answer = request.heldAnswer else { return }
            send(answer, to: .peer(peer))
        }
    }

    private func range(_ request: RangeRequest) -> RangeResponse {
        let heights = (request.first.value...request.last.value).filter { $0 <= height }
        let certified = finalizations.keys.sorted().first { $0.value >= heights.last ?? .max }
        guard let last = heights.last, let certified else {
            return RangeResponse(
                first: request.first, blocks: [], finalization: nil, headers: [])
        }
        let above = last < certified.value ? Array(last + 1...certified.value) : []
        return RangeResponse(
            first: request.first, blocks: heights.map { chain[Int($0) - 1].encoded() },
            finalization: finalizations[certified],
            headers: above.map { chain[Int($0) - 1].header })
    }
}

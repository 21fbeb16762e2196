import Chain
import Consensus
import Cryptography

/// Runs one script against one engine and prints what the engine asks for.
///
/// A script is a list of blocks: commands, a line `----`, the expected output, an empty line. The
/// commands are listed in Scenarios/README.md. Validators are named A, B, C… in the order in which
/// they lead the first round, so A leads view 1.
final class ScenarioRunner {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private var engine: Engine?
    private var instance = ScenarioRunner.makeInstance(powers: [1, 1, 1, 1])
    private var names: [String] = []
    private var timing = Timing(
        blockInterval: 0, idleInterval: 0, leaderTimeout: 1_000, advanceTimeout: 2_000)
    private var own: UInt16? = 0
    private var now = Instant.zero
    private var output: [String] = []

    // What the shell around the engine does by itself.
    private var isAutomatic = true
    /// How long it listens after a start, in milliseconds.
    private var watch: UInt64 = 0
    private var showsTimers = false
    private var timers: [TimerID: Instant] = [:]
    private var intents: [VoteIntent] = []
    private var unsynced: [(records: [SafetyRecord], sequence: UInt64)] = []
    private var queue: [Input] = []

    // What the disk holds.
    private var log: [SafetyRecord] = []
    private var sequence: UInt64 = 0
    private var signed: [Vote] = []
    private var stored: [Header] = []
    private var floor: FinalizedHead?
    private var lastFinalized: FinalizedHead?

    private var blocks: [(name: String, header: Header)] = []

    /// The output of one block of commands.
    func run(_ commands: [String]) throws -> [String] {
        output = []
        for line in commands {
            let words = line.split(separator: " ").map(String.init)
            guard let command = words.first, !command.hasPrefix("#") else { continue }
            try execute(command, Array(words.dropFirst()))
            drain()
        }
        return output.isEmpty ? ["(nothing)"] : output
    }

    /// Of the engine's state; nil before there is one.
    var digest: Digest? { engine?.stateDigest }

    static func makeInstance(powers: [UInt64]) -> Instance {
        let validators = powers.enumerated().map { index, power in
            Validator(key: TestKeys.publicKey(index), power: power)
        }
        return TestKeys.instance(validators)
    }

    // MARK: Commands

    private func execute(_ command: String, _ words: [String]) throws {
        let arguments = Arguments(words)
        switch command {
        case "node": try makeNode(arguments)
        case "auto": isAutomatic = words.first == "on"
        case "timers": showsTimers = words.first == "on"
        case "block": try makeBlock(arguments)
        case "vote":
            let signer = try signer(arguments, 0)
            for vote in try votes([signer], arguments, from: 1) {
                give(.frame(MessageSummary(vote), from: signer))
                give(.vote(.restored(vote), from: signer))
            }
        case "frame":
            let signer = try signer(arguments, 0)
            for vote in try votes([signer], arguments, from: 1) {
                give(.frame(MessageSummary(vote), from: signer))
            }
        case "wants": try wants(arguments)
        case "certificate", "partial":
            let certificate = try certificate(arguments, isPartial: command == "partial")
            try giveCertificate(certificate, arguments)
        case "proposal": try propose(arguments)
        case "reproposal": try repropose(arguments)
        case "built":
            let header = try header(arguments, 0)
            stored.append(header)
            give(.built(instance: instance.id, view: header.view, header: header))
        case "declined": give(.buildDeclined(instance: instance.id, view: try view(arguments, 0)))
        case "available":
            let header = try header(arguments, 0)
            stored.append(header)
            give(.blockAvailable(header))
        case "unavailable":
            give(
                .blockUnavailable(
                    try header(arguments, 0).hash, from: try signer(arguments, 1)))
        case "executed": try finishExecution(arguments)
        case "time":
            give(.timeReached(instance: instance.id, view: try view(arguments, 0)))
        case "wait": try wait(arguments)
        case "sync": sync()
        case "sign": signNext()
        case "refuse":
            guard let intent = intents.first else { throw Failure(description: "no intent") }
            intents.removeFirst()
            give(
                .refused(
                    instance: intent.instance, kind: intent.statement.kind, view: intent.view))
        case "work": give(.workPending(words.first == "on"))
        case "excluded": give(.excluded(try words.map { try signer($0) }))
        case "committed":
            floor = lastFinalized
            give(.committed(Height(try number(arguments, 0))))
        case "synced":
            let header = try header(arguments, 0)
            let certificate = Verified<Certificate>.restored(
                try certificate(arguments.dropping(1), isPartial: false))
            give(.synced(FinalizedHead(header: header, certificate: certificate)))
        case "crash": crash(arguments)
        case "state": describeState()
        default: throw Failure(description: "unknown command \(command)")
        }
    }

    private func finishExecution(_ arguments: Arguments) throws {
        let results: [String: ExecutionResult] = [
            "valid": .valid, "invalid": .invalid, "unavailable": .unavailable,
            "missing": .missing,
        ]
        guard let result = results[arguments.word(1)] else {
            throw Failure(description: "what result: \(arguments.word(1))")
        }
        give(
            .executed(
                instance: instance.id, hash: try header(arguments, 0).hash, result: result))
    }

    private func makeNode(_ arguments: Arguments) throws {
        if let text = arguments["powers"] {
            instance = ScenarioRunner.makeInstance(
                powers: text.split(separator: ",").compactMap { UInt64($0) })
        }
        if let boundary = arguments.number("boundary") {
            instance = TestKeys.instance(
                instance.validators.validators, boundary: Height(boundary))
        }
        timing.blockInterval = arguments.number("interval") ?? timing.blockInterval
        timing.idleInterval = arguments.number("idle") ?? timing.idleInterval
        timing.leaderTimeout = arguments.number("leader") ?? timing.leaderTimeout
        timing.advanceTimeout = arguments.number("advance") ?? timing.advanceTimeout
        timing.retryInterval = arguments.number("retry") ?? timing.retryInterval
        timing.skipWindow = arguments.number("skip") ?? timing.skipWindow
        watch = arguments.number("watch") ?? 0
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        names = (0..<instance.validators.count).map { _ in "" }
        for slot in 0..<names.count {
            let leader = schedule.leader(of: View(UInt64(slot) + 1))
            names[Int(leader)] = String(UnicodeScalar(UInt8(65 + slot)))
        }
        own = arguments.word(0) == "-" ? nil : try signer(arguments.word(0))
        boot()
    }

    private func boot() {
        engine = Engine(.init(instance: instance, own: own, timing: timing))
        timers = [:]
        intents = []
        unsynced = []
        if watch > 0 { give(.watch(until: now.advanced(byMilliseconds: watch))) }
        let floorView = floor?.certificate.value.view ?? .zero
        give(
            .start(
                Recovery(
                    floor: floor, records: log,
                    signedVotes: signed.filter { $0.view > floorView }.map { .restored($0) },
                    headers: stored, lastSequence: sequence)))
    }

    /// Loses what is not synced but for the first `keep` records; `log` and `blocks` lose even what
    /// is.
    private func crash(_ arguments: Arguments) {
        let kept = unsynced.flatMap(\.records).prefix(Int(arguments.number("keep") ?? 0))
        log += kept
        sequence += UInt64(kept.count)
        if arguments.words.contains("log") { log = [] }
        if arguments.words.contains("blocks") { stored = [] }
        boot()
    }

    private func makeBlock(_ arguments: Arguments) throws {
        let name = arguments.word(0)
        let view = View(arguments.number("view") ?? 1)
        let parent = arguments["parent"].flatMap { parent in
            blocks.first { $0.name == parent }?.header
        }
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        let height = arguments.number("height") ?? (parent?.height.value ?? 0) + 1
        let header = Header(
            genesisHash: instance.base.hash, epoch: .zero, height: Height(height), view: view,
            parentView: arguments.number("parentView").map { View($0) } ?? parent?.view ?? .zero,
            parentHash: parent?.hash ?? instance.base.hash,
            timestamp: Timestamp(
                arguments.number("time") ?? (parent?.timestamp ?? instance.base.timestamp).value
                    + 1),
            proposer: try arguments["by"].map { try signer($0) } ?? schedule.leader(of: view),
            transactionsRoot: arguments["with"] == "transactions" ? instance.id : .zero,
            stateRoot: Digest(.treeNode, Array(name.utf8)), receiptsRoot: .zero,
            setHash: instance.validators.hash, nextSetHash: instance.validators.hash,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 0)
        blocks.append((name, header))
    }

    private func propose(_ arguments: Arguments) throws {
        let header = try header(arguments, 0)
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        let view = arguments.number("view").map { View($0) } ?? header.view
        let leader = schedule.leader(of: view)
        let vote = vote(
            leader, view,
            .notarize(Candidate(parentView: header.parentView, blockHash: header.hash)))
        give(.frame(MessageSummary(proposal: vote), from: leader))
        give(.proposal(.restored(vote), header: header, from: leader))
    }

    /// The leader of a view shows a block again: its vote alone.
    private func repropose(_ arguments: Arguments) throws {
        let header = try header(arguments, 0)
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        let view = View(arguments.number("view") ?? 0)
        let parentView = View(arguments.number("parentView") ?? header.view.value)
        let leader = schedule.leader(of: view)
        let vote = vote(
            leader, view, .notarize(Candidate(parentView: parentView, blockHash: header.hash)))
        give(.frame(MessageSummary(proposal: vote), from: leader))
        give(.proposal(.restored(vote), header: nil, from: leader))
    }

    /// `from=-` is a peer without a seat; `header=h1` comes with the certificate.
    private func giveCertificate(_ certificate: Certificate, _ arguments: Arguments) throws {
        let from = arguments["from"] ?? name(1)
        let header = try arguments["header"].map { try self.header(Arguments([$0]), 0) }
        give(
            .certificate(
                .restored(certificate), header: header, from: from == "-" ? nil : try signer(from)))
    }

    private func wants(_ arguments: Arguments) throws {
        let signers = try arguments.word(1).split(separator: ",").map { try signer(String($0)) }
        let verdict: Admission?
        switch arguments.word(0) {
        case "vote":
            let vote = try votes(signers, arguments, from: 2)[0]
            verdict = engine?.wants(MessageSummary(vote))
        case "proposal":
            let vote = try votes(signers, arguments, from: 2)[0]
            verdict = engine?.wants(MessageSummary(proposal: vote))
        default:
            let certificate = try certificate(
                arguments.dropping(1), isPartial: arguments.word(0) == "partial")
            verdict = engine?.wants(MessageSummary(certificate))
        }
        output.append("\(verdict ?? .drop)")
    }

    private func wait(_ arguments: Arguments) throws {
        let end = now.advanced(byMilliseconds: try number(arguments, 0))
        while let next = timers.values.min(), next <= end {
            now = max(now, next)
            for id in TimerID.allCases where timers[id] == next {
                timers[id] = nil
                output.append("\(now) \(id)")
                give(.timer(id))
                drain()
            }
        }
        now = end
    }

    private func describeState() {
        guard engine != nil else { return }
        let view = engine?.currentView ?? .zero
        let final = engine?.lastFinalizedView ?? .zero
        let height = engine?.finalizedSummary.height ?? Height(0)
        let isFinished = engine?.isFinished ?? false
        output.append(
            "view \(view), final \(final), height \(height)" + (isFinished ? ", finished" : ""))
    }

    // MARK: The shell

    private func give(_ input: Input) {
        var effects: [Effect] = []
        engine?.handle(input, at: now, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func drain() {
        while !queue.isEmpty {
            let input = queue.removeFirst()
            give(input)
        }
    }

    private func sync() {
        for batch in unsynced {
            log += batch.records
            sequence = batch.sequence
            give(.durable(sequence: batch.sequence))
        }
        unsynced = []
    }

    private func signNext() {
        guard let intent = intents.first else { return }
        intents.removeFirst()
        let vote = vote(intent.signer, intent.view, intent.statement)
        if !signed.contains(vote) { signed.append(vote) }
        give(.signed(.restored(vote)))
    }

    private func perform(_ effect: Effect) {
        if let line = describe(effect) { output.append(line) }
        switch effect {
        case .persist(let records, let sequence):
            unsynced.append((records, sequence))
            guard isAutomatic else { return }
            log += records
            self.sequence = sequence
            unsynced = []
            queue.append(.durable(sequence: sequence))
        case .sign(let intent):
            intents.append(intent)
            guard isAutomatic else { return }
            intents.removeLast()
            let vote = vote(intent.signer, intent.view, intent.statement)
            if !signed.contains(vote) { signed.append(vote) }
            queue.append(.signed(.restored(vote)))
        case .storeBlock(let hash):
            guard isAutomatic, let header = blocks.first(where: { $0.header.hash == hash })?.header
            else { return }
            stored.append(header)
            queue.append(.blockAvailable(header))
        case .execute(let request):
            guard isAutomatic else { return }
            queue.append(
                .executed(instance: request.instance, hash: request.hash, result: .valid))
        case .awaitTime(let view, _):
            guard isAutomatic else { return }
            queue.append(.timeReached(instance: instance.id, view: view))
        case .setTimer(let id, let instant): timers[id] = instant
        case .cancelTimer(let id): timers[id] = nil
        case .finalized(let headers, let certificate):
            guard let last = headers.last else { return }
            lastFinalized = FinalizedHead(header: last, certificate: certificate)
        case .send, .propose, .pushBlock, .build, .cancelBuild, .fetchBlock, .fetchCertificate,
            .syncRange, .report:
            return
        }
    }

    // MARK: Words

    private func number(_ arguments: Arguments, _ index: Int) throws -> UInt64 {
        guard let number = UInt64(arguments.word(index)) else {
            throw Failure(description: "a number is missing: \(arguments.words)")
        }
        return number
    }

    private func view(_ arguments: Arguments, _ index: Int) throws -> View {
        View(try number(arguments, index))
    }

    private func signer(_ name: String) throws -> UInt16 {
        guard let index = names.firstIndex(of: name) else {
            throw Failure(description: "unknown validator \(name)")
        }
        return UInt16(index)
    }

    private func signer(_ arguments: Arguments, _ index: Int) throws -> UInt16 {
        try signer(arguments.word(index))
    }

    private func header(_ arguments: Arguments, _ index: Int) throws -> Header {
        guard let block = blocks.first(where: { $0.name == arguments.word(index) }) else {
            throw Failure(description: "unknown block in \(arguments.words)")
        }
        return block.header
    }

    private func vote(_ signer: UInt16, _ view: View, _ statement: Statement) -> Vote {
        Vote(
            epoch: .zero, view: view, signer: signer, statement: statement,
            signature: Signature([UInt8](repeating: UInt8(signer), count: 64)))
    }

    /// `KIND VIEW [BLOCK]` from word `index` on.
    private func votes(_ signers: [UInt16], _ arguments: Arguments, from index: Int) throws
        -> [Vote]
    {
        let view = try view(arguments, index + 1)
        let statement: Statement
        switch arguments.word(index) {
        case "nullify": statement = .nullify
        case "notarize", "finalize":
            let header = try header(arguments, index + 2)
            let parentView = arguments.number("parentView").map { View($0) } ?? header.parentView
            let candidate = Candidate(parentView: parentView, blockHash: header.hash)
            statement =
                arguments.word(index) == "notarize" ? .notarize(candidate) : .finalize(candidate)
        default: throw Failure(description: "unknown kind in \(arguments.words)")
        }
        return signers.map { vote($0, view, statement) }
    }

    private func certificate(_ arguments: Arguments, isPartial: Bool) throws -> Certificate {
        let signers = try arguments.word(0).split(separator: ",").map { try signer(String($0)) }
        let votes = try votes(signers.sorted(), arguments, from: 1)
        return Verified<Certificate>(
            assembling: votes.map { .restored($0) }, validatorCount: instance.validators.count,
            isPartial: isPartial
        ).value
    }

    // MARK: Printing

    private func name(_ hash: Digest) -> String {
        if hash == instance.base.hash { return "base" }
        return blocks.first { $0.header.hash == hash }?.name ?? String(hash.hex.prefix(6))
    }

    private func name(_ signer: UInt16) -> String {
        Int(signer) < names.count ? names[Int(signer)] : "\(signer)"
    }

    private func text(_ statement: Statement, _ view: View) -> String {
        guard let candidate = statement.candidate else { return "\(statement.kind) \(view)" }
        return "\(statement.kind) \(view) \(name(candidate.blockHash)) on \(candidate.parentView)"
    }

    private func text(_ certificate: Certificate) -> String {
        let signers = certificate.bitmap.signers.map { name($0) }.sorted().joined()
        let kind = certificate.isPartial ? "partial" : "certificate"
        return "\(kind) \(text(certificate.statement, certificate.view)) by \(signers)"
    }

    private func text(_ recipients: Recipients) -> String {
        switch recipients {
        case .all: "all"
        case .one(let signer): name(signer)
        case .some(let signers): signers.map { name($0) }.joined(separator: ",")
        }
    }

    private func text(_ record: SafetyRecord) -> String {
        switch record {
        case .ownVote(let view, let statement): "own \(text(statement, view))"
        case .certificate(let certificate): text(certificate)
        case .certified(let view, let hash): "certified \(view) \(name(hash))"
        case .floor(let certificate): "floor \(certificate.view)"
        case .builtBlock(let view, _, let parent, let hash):
            "built \(view) \(name(hash)) on \(name(parent))"
        case .entered(let view): "entered \(view)"
        case .halted(let first, let second):
            "halted by \((first ?? second).view) and \(second.view)"
        case .evidence(let evidence): text(evidence)
        }
    }

    private func text(_ evidence: Evidence) -> String {
        "evidence against \(name(evidence.signer)): "
            + "\(text(evidence.first.statement, evidence.view)); "
            + text(evidence.second.statement, evidence.view)
    }

    private func describe(_ effect: Effect) -> String? {
        switch effect {
        case .persist(let records, let sequence):
            "persist \(sequence): \(records.map { text($0) }.joined(separator: "; "))"
        case .sign(let intent): "sign \(text(intent.statement, intent.view))"
        case .send(.vote(let vote), let to):
            "send \(text(vote.value.statement, vote.value.view)) to \(text(to))"
        case .send(.certificate(let certificate), let to):
            "send \(text(certificate.value)) to \(text(to))"
        case .propose(let vote, _, let justification):
            ["propose \(text(vote.value.statement, vote.value.view))"]
                .appending(justification.map { "  with \(text($0.value))" })
                .joined(separator: "\n")
        case .pushBlock(let hash, let to): "push \(name(hash)) to \(name(to))"
        case .setTimer(let id, let instant): showsTimers ? "set \(id) \(instant)" : nil
        case .cancelTimer(let id): showsTimers ? "cancel \(id)" : nil
        case .build(let request):
            "build \(request.view) on \(name(request.parent.hash)) not before \(request.notBefore)"
                + (request.isNeverIdle ? ", never idle" : ", idle \(request.notBeforeIdle)")
                + (request.mustBeEmpty ? ", empty" : "")
        case .cancelBuild(let view): "cancel build \(view)"
        case .storeBlock(let hash): "store \(name(hash))"
        case .execute(let request): "execute \(name(request.hash))"
        case .awaitTime(let view, _): "await time of \(view)"
        case .fetchBlock(let hash, let from): "fetch \(name(hash)) from \(name(from))"
        case .fetchCertificate(let request, let from):
            "fetch \(request.want) \(request.view) from \(name(from))"
        case .syncRange(let head, let from):
            "range to \(head.header.height) from \(name(from))"
        case .finalized(let headers, let certificate):
            "finalized \(headers.map { name($0.hash) }.joined(separator: " ")) "
                + "by view \(certificate.value.view)"
        case .report(let report): text(report)
        }
    }

    private func text(_ report: Report) -> String {
        switch report {
        case .entered(let view, let leader): "enter \(view), leader \(name(leader))"
        case .evidence(let evidence): "report \(text(evidence))"
        case .invalidProposal(let view, let leader): "report invalid \(view) of \(name(leader))"
        case .localDivergence(let view, let hash): "report divergence \(view) \(name(hash))"
        case .safetyHalt(let a, let b):
            "report halt: \(a.map { text($0.value) } ?? "the log"); \(text(b.value))"
        case .voteRefused(let kind, let view): "report refused \(kind) \(view)"
        case .gaveUp(let view, let leader, .timedOut): "timed out \(view), leader \(name(leader))"
        case .gaveUp(let view, let leader, .skipped): "skipped \(view), leader \(name(leader))"
        case .gaveUp(let view, let leader, .failed): "gave up \(view), leader \(name(leader))"
        }
    }
}

/// Words of a command, some of them `key=value`.
struct Arguments {
    let words: [String]
    private let options: [(String, String)]

    init(_ all: [String]) {
        words = all.filter { !$0.contains("=") }
        options = all.filter { $0.contains("=") }.map { word in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
    }

    func word(_ index: Int) -> String { index < words.count ? words[index] : "" }

    subscript(key: String) -> String? { options.first { $0.0 == key }?.1 }

    func number(_ key: String) -> UInt64? { self[key].flatMap { UInt64($0) } }

    func dropping(_ count: Int) -> Arguments {
        Arguments(Array(words.dropFirst(count)) + options.map { "\($0.0)=\($0.1)" })
    }
}

extension [String] {
    fileprivate func appending(_ more: [String]) -> [String] { self + more }
}

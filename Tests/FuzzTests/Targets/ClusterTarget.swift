import Chain
import Consensus
import Cryptography

extension FuzzTarget {
    /// Three honest engines and one Byzantine validator under a hostile network: order, loss and
    /// repetition of messages, crashes, slow disks and clocks are the program's choice. The honest
    /// never finalize two blocks at one height, never halt, and never disagree with a quorum.
    static let cluster = FuzzTarget(
        name: "cluster", summary: "three engines, one Byzantine, a hostile network: agreement",
        bytesMax: 768,
        seeds: {
            [
                [0] + [UInt8](repeating: 0, count: 40),
                [1, 0, 0, 6, 3, 1, 0, 0, 7, 1, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0],
                [2] + (0..<160).map { UInt8($0 % 17) },
                [5] + [UInt8](repeating: 0, count: 40),
                [
                    6, 0, 0, 17, 0, 4, 0, 4, 0, 4, 0, 7, 7, 0, 0, 0, 9, 2, 0, 0, 0xFF, 0, 0, 7, 0,
                    0, 0,
                ],
                [3, 0, 0, 9, 2, 0, 0, 10, 1, 0, 0, 4, 2, 3, 1, 5, 1, 3, 2, 0, 0, 0, 0],
            ]
        },
        run: { (bytes) throws(FuzzFailure) in _ = try finalHeights(of: bytes) })

    /// Runs a program; how many blocks became final.
    static func finalHeights(of bytes: [UInt8]) throws(FuzzFailure) -> Int {
        var program = ByteProgram(bytes)
        let cluster = Cluster(form: program.byte())
        for host in cluster.hosts { try host.start() }
        while !program.isAtEnd {
            try cluster.step(&program)
            try cluster.check()
        }
        return cluster.final.count
    }
}

private final class Cluster {
    private enum Item {
        case vote(Vote)
        case certificate(Verified<Certificate>, Header?, from: UInt16)
        case proposal(Verified<Vote>, Header?)
    }

    private static let inboxMax = 256
    /// The mark of a block that executes to what it says.
    private static let valid: UInt8 = 1

    private let byzantine: UInt16
    let hosts: [EngineHost]
    private var inboxes: [[Item]]
    private var headers = HeaderPool()
    private var votes: [Vote] = []
    private var knownVotes: Set<Vote> = []
    private var collectedVotes: [Int]
    /// What was final anywhere, by height from 1 on.
    private(set) var final: [Digest] = []
    private var checkedFinals: [Int]
    private let instance: Instance

    /// An epoch that does not end, and one whose last block may have to be shown again.
    private static let instances = [Fixture.four, Fixture.instance([1, 1, 1, 1], boundary: 3)]

    /// - Parameter form: the Byzantine seat, and above it the length of the epoch.
    init(form: UInt8) {
        let byzantine = UInt16(form % 4)
        let instance = Cluster.instances[Int(form / 4) % Cluster.instances.count]
        self.byzantine = byzantine
        self.instance = instance
        hosts = (0..<4 as Range<UInt16>).filter { $0 != byzantine }.map {
            EngineHost(instance: instance, own: $0)
        }
        inboxes = [[Item]](repeating: [], count: 3)
        checkedFinals = [0, 0, 0]
        collectedVotes = [0, 0, 0]
    }

    // MARK: What must hold

    func check() throws(FuzzFailure) {
        for (index, host) in hosts.enumerated() {
            try require(host.alarms.isEmpty, "an honest engine raises \(host.alarms)")
            for header in host.final[checkedFinals[index]...] {
                let position = Int(header.height.value) - 1
                try require(position <= final.count, "heights have no gap")
                if position == final.count { final.append(header.hash) }
                try require(
                    final[position] == header.hash, "two final blocks of height \(header.height)")
            }
            checkedFinals[index] = host.final.count
        }
    }

    // MARK: Steps

    func step(_ program: inout ByteProgram) throws(FuzzFailure) {
        let kind = program.byte() % 20
        if kind == 0 {
            for index in hosts.indices { try settle(index, deliveries: 6) }
            return
        }
        let index = program.choice(of: hosts.count)
        let host = hosts[index]
        switch kind {
        case 1: try settle(index, deliveries: program.choice(of: 8))
        case 2, 3: try deliver(program.choice(of: max(1, inboxes[index].count)), to: index)
        case 4: if !inboxes[index].isEmpty { inboxes[index].removeFirst() }
        case 5: if let item = inboxes[index].first { enqueue(item, to: index) }
        case 6: try host.pass(milliseconds: UInt64(program.byte()) * 20)
        case 7: for host in hosts { try host.pass(milliseconds: 1_050) }
        case 8: try castVote(&program, to: index)
        case 9: try propose(&program, to: index)
        case 10: try formCertificate(&program, to: index)
        case 11: try host.sync()
        case 12: try host.sign()
        case 13: try execute(host)
        case 14: try answerBuild(host)
        case 15: try answerFetches(index, isThere: program.flag())
        case 16: try host.commit()
        case 17: try crash(index, keep: program.choice(of: 3))
        case 18: try answerRange(host, isThere: program.flag())
        default: try host.give(.connected(UInt16(program.choice(of: 4))))
        }
        collect(index)
    }

    private func crash(_ index: Int, keep: Int) throws(FuzzFailure) {
        inboxes[index] = []
        try hosts[index].crash(keep: keep)
    }

    /// A machine that is neither slow nor hindered.
    private func settle(_ index: Int, deliveries: Int) throws(FuzzFailure) {
        let host = hosts[index]
        for _ in 0...deliveries {
            try deliver(0, to: index)
            while !host.unsynced.isEmpty { try host.sync() }
            while !host.intents.isEmpty { try host.sign() }
            try answerBuild(host)
            while !host.stores.isEmpty { try store(host) }
            while !host.awaited.isEmpty {
                try host.give(.timeReached(instance: instance.id, view: host.awaited.removeFirst()))
            }
            while !host.executions.isEmpty { try execute(host) }
            try answerFetches(index, isThere: true)
            collect(index)
        }
    }

    private func enqueue(_ item: Item, to index: Int) {
        if inboxes[index].count >= Cluster.inboxMax { inboxes[index].removeFirst() }
        inboxes[index].append(item)
    }

    /// Takes what a host has said to the others.
    private func collect(_ index: Int) {
        let host = hosts[index]
        let said = host.outbox
        host.outbox = []
        guard let own = host.own else { return }
        for vote in host.signed[collectedVotes[index]...] { learn(vote) }
        collectedVotes[index] = host.signed.count
        for outgoing in said {
            let item: Item
            var recipients = Recipients.all
            switch outgoing {
            case .message(.vote(let vote), let to):
                item = .vote(vote.value)
                recipients = to
            case .message(.certificate(let certificate), let to):
                item = .certificate(certificate, nil, from: own)
                recipients = to
            case .proposal(let vote, let header, let justification):
                for certificate in justification { send(.certificate(certificate, nil, from: own)) }
                item = .proposal(vote, header)
            }
            switch recipients {
            case .all: send(item)
            case .one(let validator): send(item, to: [validator])
            case .some(let validators): send(item, to: validators)
            }
        }
    }

    private func learn(_ vote: Vote) {
        if knownVotes.insert(vote).inserted { votes.append(vote) }
    }

    private func send(_ item: Item, to validators: [UInt16] = [0, 1, 2, 3]) {
        for (index, host) in hosts.enumerated() {
            guard let own = host.own, validators.contains(own) else { continue }
            enqueue(item, to: index)
        }
    }

    private func deliver(_ position: Int, to index: Int) throws(FuzzFailure) {
        guard position < inboxes[index].count else { return }
        let host = hosts[index]
        switch inboxes[index].remove(at: position) {
        case .vote(let vote):
            guard vote.signer != host.own else { return }
            let summary = MessageSummary(vote)
            try host.give(.frame(summary, from: vote.signer))
            guard host.wants(summary) != .drop else { return }
            try host.give(.vote(.restored(vote), from: vote.signer))
        case .certificate(let certificate, let header, let from):
            guard from != host.own else { return }
            let summary = MessageSummary(certificate.value)
            try host.give(.frame(summary, from: from))
            guard host.wants(summary) != .drop else { return }
            try host.give(.certificate(certificate, header: header, from: from))
        case .proposal(let vote, let header):
            guard vote.value.signer != host.own else { return }
            let summary = MessageSummary(proposal: vote.value)
            try host.give(.frame(summary, from: vote.value.signer))
            guard host.wants(summary) != .drop else { return }
            try host.give(.proposal(vote, header: header, from: vote.value.signer))
        }
        collect(index)
    }

    // MARK: Honest answers

    private func execute(_ host: EngineHost) throws(FuzzFailure) {
        guard let request = host.executions.first else { return }
        let isValid = request.header.stateRoot == Fixture.digest(Cluster.valid)
        try host.execute(isValid ? .valid : .invalid)
    }

    private func answerBuild(_ host: EngineHost) throws(FuzzFailure) {
        guard let request = host.builds.first, let own = host.own else { return }
        let header = EngineHost.header(
            instance, height: request.parent.height.value + 1, view: request.view,
            parentView: request.parentView, parent: request.parent.hash,
            time: request.parent.timestamp.value + 1, proposer: own, mark: Cluster.valid)
        headers.insert(header)
        try host.build(header)
    }

    private func store(_ host: EngineHost) throws(FuzzFailure) {
        guard !host.stores.isEmpty else { return }
        let hash = host.stores.removeFirst()
        guard let header = headers[hash] else { return }
        try host.store(header)
    }

    private func answerFetches(_ index: Int, isThere: Bool) throws(FuzzFailure) {
        let host = hosts[index]
        if !host.blockFetches.isEmpty {
            let fetch = host.blockFetches.removeFirst()
            if isThere, let header = headers[fetch.hash] {
                try host.store(header)
            } else {
                try host.give(.blockUnavailable(fetch.hash, from: fetch.from))
            }
        }
        guard !host.certificateFetches.isEmpty else { return }
        let fetch = host.certificateFetches.removeFirst()
        let response = hosts.first { $0.own == fetch.from }?.response(to: fetch.request)
        guard isThere, let response, !response.certificates.isEmpty else {
            return try host.give(.certificateUnavailable(fetch.request, from: fetch.from))
        }
        for certificate in response.certificates {
            let isNamed = certificate.statement.candidate?.blockHash == response.header?.hash
            enqueue(
                .certificate(
                    .restored(certificate), isNamed ? response.header : nil, from: fetch.from),
                to: index)
        }
    }

    private func answerRange(_ host: EngineHost, isThere: Bool) throws(FuzzFailure) {
        guard !host.ranges.isEmpty else { return }
        let head = host.ranges.removeFirst()
        guard isThere else { return try host.give(.syncFailed) }
        try host.synchronize(with: head)
    }

    // MARK: The Byzantine validator

    private func candidate(_ program: inout ByteProgram) -> Candidate? {
        program.element(of: headers.all)?.candidate
    }

    private func view(_ program: inout ByteProgram) -> View {
        let highest = hosts.map(\.currentView.value).max() ?? 1
        return View(program.near(highest))
    }

    private func castVote(_ program: inout ByteProgram, to index: Int) throws(FuzzFailure) {
        guard let vote = byzantineVote(&program) else { return }
        enqueue(.vote(vote), to: index)
        if program.flag() { try deliver(inboxes[index].count - 1, to: index) }
    }

    private func byzantineVote(_ program: inout ByteProgram) -> Vote? {
        let view = view(&program)
        let statement: Statement
        switch (program.choice(of: 3), candidate(&program)) {
        case (0, let candidate?): statement = .notarize(candidate)
        case (1, let candidate?): statement = .finalize(candidate)
        default: statement = .nullify
        }
        let vote = EngineHost.vote(byzantine, view, statement)
        learn(vote)
        return vote
    }

    /// A block of its own, on any parent; two of one view differ by their time.
    private func propose(_ program: inout ByteProgram, to index: Int) throws(FuzzFailure) {
        let parent = program.flag() ? headers.all.last : program.element(of: headers.all)
        let view = view(&program)
        guard headers.all.count < 96 else { return }
        let header = EngineHost.header(
            instance, height: (parent?.height.value ?? 0) + 1, view: view,
            parentView: parent?.view ?? .zero, parent: parent?.hash ?? instance.base.hash,
            time: (parent?.timestamp ?? instance.base.timestamp).value + 1
                + UInt64(program.choice(of: 3)),
            proposer: byzantine, mark: program.byte() > 0xC0 ? 0 : Cluster.valid)
        headers.insert(header)
        let vote = EngineHost.vote(byzantine, view, .notarize(header.candidate))
        learn(vote)
        let item = Item.proposal(.restored(vote), header)
        if program.byte() > 0xD0, let shown = program.element(of: headers.all) {
            // Or it shows a block again that is there.
            let again = Candidate(parentView: shown.view, blockHash: shown.hash)
            let vote = EngineHost.vote(byzantine, view, .notarize(again))
            learn(vote)
            send(.proposal(.restored(vote), nil))
        }
        enqueue(item, to: index)
        if program.flag() { send(item) }
    }

    /// A certificate of votes that were really cast, with its own added.
    private func formCertificate(_ program: inout ByteProgram, to index: Int) throws(FuzzFailure) {
        guard let model = program.element(of: votes) else { return }
        let mine = EngineHost.vote(byzantine, model.view, model.statement)
        learn(mine)
        let same = votes.filter { $0.view == model.view && $0.statement == model.statement }
            .sorted { $0.signer < $1.signer }
        let certificate = Verified<Certificate>(
            assembling: same.map { .restored($0) }, validatorCount: 4, isPartial: same.count < 3)
        let header = model.statement.candidate.flatMap { headers[$0.blockHash] }
        enqueue(
            .certificate(certificate, program.flag() ? header : nil, from: byzantine), to: index)
    }
}

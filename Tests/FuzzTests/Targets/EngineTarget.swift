import Chain
import Consensus
import Cryptography

extension FuzzTarget {
    /// One engine among validators that do anything at all.
    ///
    /// The first byte chooses the set, each further byte an input. Signatures are not checked here:
    /// what an honest check would refuse (a vote in the name of this node, a quorum that is none)
    /// is never given.
    static let engine = FuzzTarget(
        name: "engine",
        summary: "one engine, everybody else hostile: no trap, no act against rules",
        bytesMax: 2_048,
        seeds: {
            [
                [0] + [UInt8](repeating: 0, count: 64),
                [0, 0, 1, 0, 6, 0, 1, 2, 0, 0, 3, 0, 7, 4, 0, 5, 6, 7, 0, 0, 8, 8, 9],
                [1] + (0..<200).map { UInt8($0 % 23) },
                [2, 0, 8, 8, 9, 9, 8, 14, 0, 8, 9, 8, 15, 17, 3],
            ]
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            let world = HostileWorld(&program)
            try world.host.start()
            while !program.isAtEnd { try world.step(&program) }
        })
}

/// The surroundings of one engine: blocks that anybody may have made, and the hostile validators.
private final class HostileWorld {
    private static let sets: [[UInt64]] = [
        [1, 1, 1, 1], [5, 3, 2, 1], [1], [1, 1, 1, 1, 1, 1, 1], [1, 1], [1 << 59, 1 << 58, 1],
    ]
    /// Each set with an epoch that does not end, and with two that end soon.
    private static let instances = ([.max, 1, 3] as [UInt64]).flatMap { boundary in
        sets.map { Fixture.instance($0, boundary: boundary) }
    }

    let host: EngineHost
    private let instance: Instance
    private var headers = HeaderPool()

    init(_ program: inout ByteProgram) {
        instance = HostileWorld.instances[program.choice(of: HostileWorld.instances.count)]
        let seat = program.choice(of: instance.validators.count + 1)
        let own = seat < instance.validators.count ? UInt16(seat) : nil
        host = EngineHost(instance: instance, own: own)
    }

    func step(_ program: inout ByteProgram) throws(FuzzFailure) {
        switch program.byte() % 26 {
        case 0: makeHeader(&program)
        case 1, 2: try vote(&program)
        case 3, 4: try certificate(&program)
        case 5, 6: try propose(&program)
        case 7, 8: try host.pass(milliseconds: UInt64(program.byte()) * 50)
        case 9, 10: try host.sync()
        case 11: try host.sign()
        case 12: try host.refuse()
        case 13: try answerBuild(&program)
        case 14: try answerStore()
        case 15:
            let results: [ExecutionResult] = [.valid, .valid, .invalid, .unavailable, .missing]
            try host.execute(results[program.choice(of: 5)])
        case 16: try answerTime()
        case 17: try answerFetches(&program)
        case 18: try host.commit()
        case 19: try answerRange(&program)
        case 20: try host.crash(keep: program.choice(of: 4))
        case 21: try host.give(.connected(signer(&program)))
        case 22: try frame(&program)
        case 23: try host.give(.workPending(program.flag()))
        case 24: try host.give(.excluded([signer(&program), program.uint16()]))
        default: try settle(&program)
        }
    }

    // MARK: Choices

    private func signer(_ program: inout ByteProgram) -> UInt16 {
        UInt16(program.choice(of: instance.validators.count))
    }

    private func view(_ program: inout ByteProgram) -> View {
        View(program.near(host.currentView.value))
    }

    private func candidate(_ program: inout ByteProgram) -> Candidate {
        guard let header = program.element(of: headers.all) else {
            return Candidate(parentView: .zero, blockHash: Fixture.digest(program.byte()))
        }
        let isHonest = program.byte() < 0xF0
        return isHonest
            ? header.candidate
            : Candidate(parentView: view(&program), blockHash: header.hash)
    }

    private func statement(_ program: inout ByteProgram) -> Statement {
        switch program.choice(of: 3) {
        case 0: .notarize(candidate(&program))
        case 1: .nullify
        default: .finalize(candidate(&program))
        }
    }

    /// A block in the name of a view's leader, mostly well formed.
    private func makeHeader(_ program: inout ByteProgram) {
        guard headers.all.count < 48 else { return }
        let parent = program.flag() ? headers.all.last : program.element(of: headers.all)
        let odd = program.byte()
        let view = view(&program)
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        let proposer = odd & 1 == 1 && odd > 0x80 ? signer(&program) : schedule.leader(of: view)
        let height = (parent?.height.value ?? 0).saturatingAdd(odd > 0xF0 ? program.uint64() : 1)
        let time = (parent?.timestamp ?? instance.base.timestamp).value
        headers.insert(
            EngineHost.header(
                instance, height: height, view: view,
                parentView: odd > 0xC0 ? self.view(&program) : parent?.view ?? .zero,
                parent: parent?.hash ?? instance.base.hash,
                time: odd > 0xE0 ? program.uint64() : time.saturatingAdd(1), proposer: proposer,
                mark: UInt8(headers.all.count)))
    }

    // MARK: Messages

    private func vote(_ program: inout ByteProgram) throws(FuzzFailure) {
        let from = signer(&program)
        guard from != host.own else { return }
        let vote = EngineHost.vote(from, view(&program), statement(&program))
        try host.give(.frame(MessageSummary(vote), from: from))
        guard host.wants(MessageSummary(vote)) != .drop || program.byte() > 0xC0 else { return }
        try host.give(.vote(.restored(vote), from: from))
    }

    /// A certificate by chosen signers; this node is among them only if it signed just that.
    private func certificate(_ program: inout ByteProgram) throws(FuzzFailure) {
        let view = view(&program)
        let statement = statement(&program)
        let mask = program.byte()
        let isPartial = mask & 0x80 != 0
        var votes: [Verified<Vote>] = []
        for index in 0..<UInt16(instance.validators.count) {
            let isIn = isPartial ? mask & 1 << UInt8(index % 7) != 0 : mask & 0x0F != index + 1
            let vote = EngineHost.vote(index, view, statement)
            guard isIn, index != host.own || host.signed.contains(vote) else { continue }
            votes.append(.restored(vote))
        }
        guard !votes.isEmpty else { return }
        let certificate = Verified<Certificate>(
            assembling: votes, validatorCount: instance.validators.count, isPartial: isPartial)
        let power = certificate.value.power(in: instance.validators) ?? 0
        guard isPartial || instance.validators.isQuorum(power) else { return }
        let from = signer(&program)
        let summary = MessageSummary(certificate.value)
        try host.give(.frame(summary, from: from))
        guard host.wants(summary) != .drop || program.byte() > 0xC0 else { return }
        let header = statement.candidate.flatMap { headers[$0.blockHash] }
        try host.give(
            .certificate(certificate, header: program.flag() ? header : nil, from: from))
    }

    private func propose(_ program: inout ByteProgram) throws(FuzzFailure) {
        if program.flag() { makeHeader(&program) }
        guard let header = program.flag() ? headers.all.last : program.element(of: headers.all)
        else {
            return
        }
        let view = program.byte() > 0xE0 ? self.view(&program) : header.view
        var schedule = LeaderSchedule(seed: instance.seed, count: instance.validators.count)
        let leader = program.byte() > 0xE0 ? signer(&program) : schedule.leader(of: view)
        guard leader != host.own else { return }
        let candidate = program.byte() > 0xE0 ? candidate(&program) : header.candidate
        let vote = EngineHost.vote(leader, view, .notarize(candidate))
        let summary = MessageSummary(proposal: vote)
        try host.give(.frame(summary, from: leader))
        guard host.wants(summary) != .drop || program.byte() > 0xC0 else { return }
        // The door compares the header with the vote, unless the proposal has none.
        let named = candidate.blockHash == header.hash && program.byte() < 0xF0 ? header : nil
        try host.give(.proposal(.restored(vote), header: named, from: leader))
    }

    /// A summary of nothing that exists.
    private func frame(_ program: inout ByteProgram) throws(FuzzFailure) {
        let kinds: [MessageSummary.Kind] = [
            .vote(.notarize), .vote(.nullify), .vote(.finalize), .proposal, .other,
            .certificate(.finalize, isPartial: false), .certificate(.nullify, isPartial: true),
        ]
        let summary = MessageSummary(
            kind: kinds[program.choice(of: kinds.count)], epoch: Epoch(program.near(0)),
            view: view(&program), signer: program.flag() ? program.uint16() : signer(&program),
            candidate: program.flag() ? candidate(&program) : nil)
        _ = host.wants(summary)
        try host.give(.frame(summary, from: program.flag() ? program.uint16() : signer(&program)))
        _ = host.wants(summary)
        let wants = CertificateRequest.Want.allCases
        _ = host.response(
            to: CertificateRequest(
                epoch: summary.epoch, view: summary.view,
                want: wants[program.choice(of: wants.count)]))
    }

    // MARK: Answers

    private func answerBuild(_ program: inout ByteProgram) throws(FuzzFailure) {
        guard let request = host.builds.first else { return }
        guard program.byte() < 0xE0 else { return try host.build(nil) }
        let header = EngineHost.header(
            instance, height: request.parent.height.value + 1, view: request.view,
            parentView: request.parentView, parent: request.parent.hash,
            time: request.parent.timestamp.value + 1, proposer: host.own ?? 0,
            mark: UInt8(truncatingIfNeeded: headers.all.count))
        headers.insert(header)
        try host.build(header)
    }

    private func answerStore() throws(FuzzFailure) {
        guard !host.stores.isEmpty else { return }
        let hash = host.stores.removeFirst()
        guard let header = headers[hash] else { return }
        try host.store(header)
    }

    private func answerTime() throws(FuzzFailure) {
        guard !host.awaited.isEmpty else { return }
        let view = host.awaited.removeFirst()
        try host.give(.timeReached(instance: instance.id, view: view))
    }

    private func answerFetches(_ program: inout ByteProgram) throws(FuzzFailure) {
        if !host.blockFetches.isEmpty {
            let fetch = host.blockFetches.removeFirst()
            let header = headers[fetch.hash]
            if let header, program.flag() {
                try host.store(header)
            } else {
                try host.give(.blockUnavailable(fetch.hash, from: fetch.from))
            }
        }
        if !host.certificateFetches.isEmpty {
            let fetch = host.certificateFetches.removeFirst()
            try host.give(.certificateUnavailable(fetch.request, from: fetch.from))
        }
    }

    private func answerRange(_ program: inout ByteProgram) throws(FuzzFailure) {
        guard !host.ranges.isEmpty else { return }
        let head = host.ranges.removeFirst()
        guard program.flag() else { return try host.give(.syncFailed) }
        try host.synchronize(with: head)
    }

    /// Answers everything that waits, as a fast and honest machine would.
    private func settle(_ program: inout ByteProgram) throws(FuzzFailure) {
        for _ in 0..<4 {
            while !host.unsynced.isEmpty { try host.sync() }
            while !host.intents.isEmpty { try host.sign() }
            try answerBuild(&program)
            try answerStore()
            try answerTime()
            try host.execute(.valid)
        }
    }
}

extension EngineHost {
    static func header(
        _ instance: Instance, height: UInt64, view: View, parentView: View, parent: Digest,
        time: UInt64, proposer: UInt16, mark: UInt8
    ) -> Header {
        Header(
            genesisHash: instance.base.hash, epoch: .zero, height: Height(height), view: view,
            parentView: parentView, parentHash: parent, timestamp: Timestamp(time),
            proposer: proposer, transactionsRoot: .zero, stateRoot: Fixture.digest(mark),
            receiptsRoot: .zero, setHash: instance.validators.hash,
            nextSetHash: instance.validators.hash, evidenceRoot: .zero, participationRoot: .zero,
            gasUsed: 0, gasLimit: 0)
    }
}

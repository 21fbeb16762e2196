import Chain
import Codec
import Consensus
import Cryptography
import Replica

extension FuzzTarget {
    /// One node that gets any decodable message from any peer. Each message goes through the door,
    /// where everybody's signature is good but the node's own; so epochs pass as well.
    static let replica = FuzzTarget(
        name: "replica", summary: "one node and any decodable message from any peer, over epochs",
        bytesMax: 2_048,
        seeds: {
            let sent = WireSeeds.messages.flatMap { message in
                let bytes = message.encoded()
                let length = UInt16(bytes.count)
                return [0, 2, message.channel.rawValue, UInt8(length >> 8), UInt8(length & 0xFF)]
                    + bytes
            }
            return [
                sent, [1, 1, 2, 2, 3, 3, 4, 4] + (0..<120).map { UInt8($0 % 15) },
                finalProgram(blocks: 8),
            ]
        },
        run: { (bytes) throws(FuzzFailure) in _ = try epochReached(by: bytes) })

    /// Runs a program; the epoch that the node came to.
    static func epochReached(by bytes: [UInt8]) throws(FuzzFailure) -> Epoch {
        var program = ByteProgram(bytes)
        var host = ReplicaHost()
        try host.give(.start(blocks: []))
        for key in ReplicaHost.keys.dropFirst().prefix(4) {
            try host.give(.connected(Peer(key: key)))
        }
        while !program.isAtEnd, !host.isStopped { try step(&program, &host) }
        return host.instance.epoch
    }

    /// Blocks that are made, finalized by the others, fetched and committed.
    static func finalProgram(blocks: UInt8) -> [UInt8] {
        (0..<blocks).flatMap { number -> [UInt8] in
            let make: [UInt8] = [12, 0, 0, 0, 0, 0]
            let finalize: [UInt8] = [2, 0, 1, 1, 0, 0]
            return make + finalize + [14, 4, 0, number, 1, 14, 14]
        }
    }

    private static func step(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) throws(FuzzFailure) {
        let kind = program.byte() % 16
        switch kind {
        case 0: try receiveBytes(&program, &host)
        case 1...9:
            let peer = anyPeer(&program, &host)
            guard let message = message(kind, &program, &host) else { return }
            try host.give(.received(message, from: peer))
        case 10: try host.give(.connected(anyPeer(&program, &host)))
        case 11: try host.give(.disconnected(anyPeer(&program, &host)))
        case 12: makeBlock(&program, &host)
        case 13: try host.pass(milliseconds: UInt64(program.byte()) * 20)
        case 14:
            var left = 64
            while host.hasWork, left > 0 {
                try host.perform(isWell: true)
                left -= 1
            }
        default: try host.perform(isWell: program.flag())
        }
    }

    private static func receiveBytes(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) throws(FuzzFailure) {
        let peer = anyPeer(&program, &host)
        let channels = PeerMessage.Channel.allCases
        let number = program.byte()
        let channel =
            PeerMessage.Channel(rawValue: number) ?? channels[Int(number) % channels.count]
        let content = program.take(Int(program.uint16() % 4_096))
        guard let message = try? PeerMessage(channel: channel, decoding: content) else { return }
        try host.give(.received(message, from: peer))
    }

    // MARK: Choices

    private static func anyPeer(_ program: inout ByteProgram, _ host: inout ReplicaHost) -> Peer {
        Peer(key: ReplicaHost.keys[1 + program.choice(of: ReplicaHost.keys.count - 1)])
    }

    private static func anyEpoch(_ program: inout ByteProgram, _ host: inout ReplicaHost) -> Epoch {
        let byte = program.byte()
        return byte < 0xE0 ? host.instance.epoch : Epoch(program.near(host.instance.epoch.value))
    }

    private static func anyView(_ program: inout ByteProgram, _ host: inout ReplicaHost) -> View {
        View(program.near(host.view.value))
    }

    private static func anyStatement(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> (View, Statement) {
        let kind = program.choice(of: 5)
        guard kind < 4,
            let block = program.flag() ? host.known.last : program.element(of: host.known)
        else { return (anyView(&program, &host), .nullify) }
        let view = kind < 2 ? block.header.view : anyView(&program, &host)
        let candidate = block.header.candidate
        return (view, kind % 2 == 0 ? .notarize(candidate) : .finalize(candidate))
    }

    private static func makeBlock(_ program: inout ByteProgram, _ host: inout ReplicaHost) {
        guard host.known.count < 64 else { return }
        let choice = program.byte()
        let parent: BlockSummary
        if choice < 0x80 {
            parent = host.known.last?.header.summary ?? host.instance.base
        } else if choice < 0xC0 {
            parent = program.element(of: host.known)?.header.summary ?? host.instance.base
        } else {
            parent = program.element(of: host.heads) ?? host.instance.base
        }
        let view = anyView(&program, &host)
        var schedule = LeaderSchedule(seed: host.instance.seed, count: 4)
        let parentView = parent.hash == host.instance.base.hash ? .zero : parent.view
        let hasTransaction = program.byte() > 0xC0
        host.learn(
            ReplicaHost.block(
                anyEpoch(&program, &host), on: parent, view: view, parentView: parentView,
                proposer: schedule.leader(of: view), time: parent.timestamp.advanced(by: 1),
                body: hasTransaction ? Fixture.body : BlockBody(transactions: []),
                mark: program.byte() > 0xF0 ? 0 : UInt8(host.known.count + 2)))
    }

    // MARK: Messages

    private static func message(
        _ kind: UInt8, _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> PeerMessage? {
        switch kind {
        case 1:
            let signer = program.byte()
            let (view, statement) = anyStatement(&program, &host)
            return .vote(
                vote(UInt16(signer % 4), anyEpoch(&program, &host), view, statement, signer))
        case 2: return .certificate(anyCertificate(&program, &host))
        case 3: return proposal(&program, &host)
        case 4:
            guard let block = program.element(of: host.known) else { return nil }
            let isThere = program.flag()
            return .blockResponse(
                BlockResponse(hash: block.hash, block: isThere ? block.encoded() : nil))
        case 5: return request(&program, &host)
        case 6:
            let header = program.flag() ? program.element(of: host.known)?.header : nil
            let certificates = (0..<program.choice(of: 3)).map { _ in
                anyCertificate(&program, &host)
            }
            return .certificateResponse(
                CertificateResponse(
                    request: certificateRequest(&program, &host), certificates: certificates,
                    header: header))
        case 7: return range(&program, &host)
        case 8: return hint(&program, &host)
        default:
            let signer = program.byte()
            let (view, statement) = anyStatement(&program, &host)
            let other = anyStatement(&program, &host).1
            let epoch = anyEpoch(&program, &host)
            let number = UInt16(signer % 4)
            return Evidence(
                vote(number, epoch, view, statement, signer),
                vote(number, epoch, view, other, signer)
            ).map { .evidence($0) }
        }
    }

    /// - Parameter mark: 0xFF is the one signature that is not good.
    private static func vote(
        _ signer: UInt16, _ epoch: Epoch, _ view: View, _ statement: Statement, _ mark: UInt8
    ) -> Vote {
        Vote(
            epoch: epoch, view: view, signer: signer, statement: statement,
            signature: Signature([UInt8](repeating: mark == 0xFF ? 0xFF : 1, count: 64)))
    }

    private static func anyCertificate(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> Certificate {
        let (view, statement) = anyStatement(&program, &host)
        let mask = program.byte()
        let own = host.signed.first { $0.view == view && $0.statement == statement }
        var bitmap = SignerBitmap(count: 4)
        var signatures: [Signature] = []
        for signer in 0..<4 as Range<UInt16> {
            // Few bits leave somebody out, most inputs are a quorum.
            guard mask & 0x0F != signer + 1 else { continue }
            guard signer != ReplicaHost.own || own != nil || mask > 0xF0 else { continue }
            bitmap.insert(signer)
            let isOwn = signer == ReplicaHost.own
            signatures.append(
                isOwn
                    ? own?.signature ?? vote(0, .zero, view, statement, 1).signature
                    : vote(signer, .zero, view, statement, mask).signature)
        }
        return Certificate(
            epoch: anyEpoch(&program, &host), view: view, statement: statement,
            isPartial: mask & 0x40 != 0, bitmap: bitmap, signatures: signatures)
    }

    private static func proposal(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> PeerMessage? {
        if program.flag() { makeBlock(&program, &host) }
        guard let block = program.flag() ? host.known.last : program.element(of: host.known) else {
            return nil
        }
        let form = program.byte()
        let view = form < 0xD0 ? block.header.view : anyView(&program, &host)
        var schedule = LeaderSchedule(seed: host.instance.seed, count: 4)
        let justification = (0..<program.choice(of: 3)).map { _ in anyCertificate(&program, &host) }
        let leaderVote = vote(
            schedule.leader(of: view), anyEpoch(&program, &host), view,
            .notarize(
                Candidate(
                    parentView: form < 0xE0 ? block.header.parentView : anyView(&program, &host),
                    blockHash: block.hash)), form)
        let isReproposal = form % 8 == 7
        let isCompact = form % 8 == 6
        let body = isCompact ? CompactBody(block.body).encoded() : block.body.encoded()
        return .proposal(
            BlockProposal(
                vote: leaderVote, header: isReproposal ? nil : block.header,
                body: isReproposal ? [] : body, isCompact: isCompact,
                justification: justification))
    }

    private static func certificateRequest(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> CertificateRequest {
        let wants = CertificateRequest.Want.allCases
        return CertificateRequest(
            epoch: anyEpoch(&program, &host), view: anyView(&program, &host),
            want: wants[program.choice(of: wants.count)])
    }

    private static func request(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> PeerMessage? {
        switch program.choice(of: 5) {
        case 3:
            let hash = program.element(of: host.known)?.hash ?? Fixture.digest(program.byte())
            return .blockTransactionsRequest(
                BlockTransactionsRequest(hash: hash, positions: [0, UInt16(program.byte()) + 1]))
        case 4:
            let block = program.element(of: host.known)
            return .blockTransactionsResponse(
                BlockTransactionsResponse(
                    hash: block?.hash ?? Fixture.digest(program.byte()),
                    transactions: block?.body.transactions ?? []))
        case 0: return .certificateRequest(certificateRequest(&program, &host))
        case 1:
            let hash = program.element(of: host.known)?.hash ?? Fixture.digest(program.byte())
            return .blockRequest(BlockRequest(hash: hash))
        default:
            let first = Height(program.near(1))
            return RangeRequest(first: first, last: Height(program.near(first.value)))
                .map { .rangeRequest($0) }
        }
    }

    private static func range(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> PeerMessage? {
        let first = Height(program.near((host.heads.last?.height.value ?? 0) + 1))
        let blocks = (0..<program.choice(of: 4)).compactMap { _ in program.element(of: host.known) }
        let certificate = program.flag() ? nil : anyCertificate(&program, &host)
        return .rangeResponse(
            RangeResponse(
                first: first, blocks: blocks.map { $0.encoded() }, finalization: certificate,
                headers: program.byte() > 0xC0 ? host.known.prefix(2).map(\.header) : []))
    }

    private static func hint(
        _ program: inout ByteProgram, _ host: inout ReplicaHost
    ) -> PeerMessage? {
        let block = program.element(of: host.known)
        guard let block else { return nil }
        var bitmap = SignerBitmap(count: 4)
        for signer in 1..<4 as Range<UInt16> { bitmap.insert(signer) }
        let statement = Statement.finalize(block.header.candidate)
        let signature = vote(1, .zero, .zero, statement, 1).signature
        return .epochHint(
            EpochHint(
                finalization: Certificate(
                    epoch: block.header.epoch, view: block.header.view, statement: statement,
                    isPartial: false, bitmap: bitmap,
                    signatures: [Signature](repeating: signature, count: 3)),
                header: block.header))
    }
}

import Chain
import Codec
import Consensus
import Cryptography
import OrderedCollections

extension Replica {
    mutating func connect(
        _ peer: Peer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        peers.insert(peer)
        greet(peer, at: now, into: &effects)
    }

    mutating func disconnect(
        _ peer: Peer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        peers.remove(peer.key)
        // No answer of it can come any more; what came is at work.
        if range.askedPeer == peer.key { rangeFailed(at: now, into: &effects) }
    }

    /// What was held and asked for goes with the connection.
    mutating func rename(
        _ old: Peer, to new: Peer, remains: Bool, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        peers.rename(old, to: new, remains: remains)
        if !remains {
            range.rename(old.key, to: new.key)
        } else if range.servingPeer == old.key {
            // Which of the two connections serves is not known here.
            rangeFailed(at: now, into: &effects)
        }
        greet(new, at: now, into: &effects)
    }

    private mutating func greet(
        _ peer: Peer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        if let seat = roster.seat(of: peer.key) {
            step(.connected(seat), at: now, into: &effects)
        }
        // Whoever was away learns at once where the others are.
        ask(peer.key, at: now, into: &effects)
        tellEvidence(to: peer, into: &effects)
        // What clients gave to this node while it knew nobody, or not this one.
        let submitted = mempool.submittedHere()
        guard !submitted.isEmpty else { return }
        effects.append(.send(.transactions(submitted), to: .peer(peer.key)))
    }

    /// A decoded message: asks the engine whether it is worth a signature check.
    mutating func receive(
        _ message: PeerMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard isCurrent(message, from: peer, at: now, into: &effects) else { return }
        switch message {
        case .vote(let vote):
            // It may have a seat whose network key is about to change, or one of another epoch.
            guard let validator = roster.seat(of: peer.key) else { return }
            // Votes are not relayed: a validator sends its own only (consensus.md 2.3).
            guard vote.signer == validator else {
                effects.append(.penalize(peer.key, .unsolicited))
                return
            }
            guard isWanted(MessageSummary(vote), from: validator, at: now, into: &effects) else {
                return
            }
            effects.append(.verify(.vote(vote), in: instance, from: peer))
        case .certificate(let certificate):
            receiveCertificate(certificate, from: peer, at: now, into: &effects)
        case .proposal(let proposal):
            receiveProposal(proposal, from: peer, at: now, into: &effects)
        case .blockRequest(let request):
            let held = tree[request.hash].map { ServeRequest.held($0.block) }
            effects.append(.serve(held ?? .block(request), to: peer.key))
        case .blockResponse(let response):
            receiveBlock(response, from: peer, at: now, into: &effects)
        case .blockTransactionsRequest(let request):
            serve(request, to: peer, into: &effects)
        case .blockTransactionsResponse(let response):
            receive(response, from: peer, into: &effects)
        case .certificateRequest(let request):
            guard !engine.isOnDisk(request) else {
                effects.append(
                    .serve(.certificates(request, instance: instance.id), to: peer.key))
                return
            }
            let response = engine.response(to: request)
            effects.append(.send(.certificateResponse(response), to: .peer(peer.key)))
        case .certificateResponse(let response):
            receiveCertificates(response, from: peer, at: now, into: &effects)
        case .evidence(let evidence):
            receive(evidence, from: peer, into: &effects)
        case .transactions(let transactions):
            var ids: Set<Digest> = []
            let unknown = transactions.filter {
                !mempool.contains($0.id) && ids.insert($0.id).inserted
            }
            guard !unknown.isEmpty else { return }
            effects.append(.verify(.transactions(unknown), in: instance, from: peer))
        case .rangeRequest(let request):
            effects.append(.serve(.range(request), to: peer.key))
        case .rangeResponse(let response):
            receiveRange(response, from: peer, at: now, into: &effects)
        case .epochHint(let hint):
            receive(hint, from: peer, at: now, into: &effects)
        }
    }

    private mutating func receiveCertificate(
        _ certificate: Certificate, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        let summary = MessageSummary(certificate)
        var certificate = certificate
        if let validator = roster.seat(of: peer.key) {
            guard isWanted(summary, from: validator, at: now, into: &effects) else { return }
            if certificate.isPartial {
                let subject = MessageTurns.Subject.partial(certificate.kind, certificate.view)
                guard let lacking = engine.lacking(certificate),
                    turns.take(subject, of: validator, at: now.monotonic)
                else { return }
                certificate = lacking
            }
        } else {
            // Without a seat one passes on what is final, and nothing else (network.md 6.3).
            guard certificate.kind == .finalize, !certificate.isPartial,
                engine.wants(summary) != .drop
            else { return }
        }
        effects.append(
            .verify(.certificates([certificate], header: nil), in: instance, from: peer))
    }

    /// Tells the engine of the frame, then asks whether to check its signatures.
    private mutating func isWanted(
        _ summary: MessageSummary, from validator: UInt16, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) -> Bool {
        step(.frame(summary, from: validator), at: now, into: &effects)
        return engine.wants(summary) != .drop
    }

    private mutating func receiveProposal(
        _ proposal: BlockProposal, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard let validator = roster.seat(of: peer.key) else { return }
        guard proposal.vote.signer == validator else {
            effects.append(.penalize(peer.key, .unsolicited))
            return
        }
        let summary = MessageSummary(proposal: proposal.vote)
        guard isWanted(summary, from: validator, at: now, into: &effects) else { return }
        guard !proposal.isCompact || !compact.isRepeated(summary.candidate, in: summary.view)
        else { return }
        guard turns.take(.proposal(summary.view), of: validator, at: now.monotonic) else { return }
        let needed = wanted(proposal.justification)
        let trimmed = BlockProposal(
            vote: proposal.vote, header: proposal.header, body: proposal.body,
            isCompact: proposal.isCompact, justification: needed)
        effects.append(.verify(.proposal(trimmed), in: instance, from: peer))
    }

    private mutating func receiveBlock(
        _ response: BlockResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        let isAskedFor = blockQuestions.contains(response.hash)
        // No fault of the sender: a second answer to an old question looks like this, and so does a
        // push that overtakes the check of the certificate before it.
        guard isAskedFor || isWantedPush(response) else { return }
        guard let bytes = response.block else {
            if let validator = blockQuestions.validator(behind: peer.key, for: response.hash) {
                step(
                    .blockUnavailable(response.hash, from: validator), at: now, into: &effects)
            }
            return
        }
        effects.append(.verify(.block(response.hash, bytes), in: instance, from: peer))
    }

    /// Whether a block that nobody asked for is one whose notarization is held here (2.10).
    private func isWantedPush(_ response: BlockResponse) -> Bool {
        guard let bytes = response.block else { return false }
        var reader = ByteReader(bytes.span.bytes)
        guard let header = try? Header(from: &reader), header.hash == response.hash else {
            return false
        }
        return engine.wantsBlock(response.hash, view: header.view)
    }

    private mutating func receiveCertificates(
        _ response: CertificateResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        let wanted = wanted(response.certificates)
        guard !wanted.isEmpty else {
            let question = response.request
            if let validator = certificateQuestions.validator(behind: peer.key, for: question) {
                step(.certificateUnavailable(question, from: validator), at: now, into: &effects)
            }
            return
        }
        effects.append(
            .verify(
                .certificates(wanted, header: response.header), in: instance, from: peer))
    }

    /// The certificates of an answer or a justification that are worth a check: full ones, and of
    /// each view and kind one. Partial ones prove no parent and answer no question.
    private func wanted(_ certificates: [Certificate]) -> [Certificate] {
        var summaries: OrderedSet<MessageSummary> = []
        return certificates.filter { certificate in
            let summary = MessageSummary(certificate)
            return !certificate.isPartial && engine.wants(summary) == .verify
                && summaries.append(summary).inserted
        }
    }

    /// A message whose signatures are good in the instance `id`.
    mutating func accept(
        _ message: VerifiedMessage, of id: Digest, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        if case .evidence(let evidence) = message {
            return accept(evidence, of: id, from: peer, into: &effects)
        }
        // P22: what was checked for another epoch says nothing in this one.
        guard id == instance.id else { return }
        let seat = roster.seat(of: peer.key)
        switch message {
        case .vote(let vote):
            guard let seat else { return }
            step(.vote(vote, from: seat), at: now, into: &effects)
        case .certificates(let certificates, let header):
            look(at: certificates, into: &effects)
            for certificate in certificates {
                let named = certificate.value.statement.candidate?.blockHash
                let matching = header.flatMap { $0.hash == named ? $0 : nil }
                step(
                    .certificate(certificate, header: matching, from: seat), at: now,
                    into: &effects)
            }
        case .proposal(let vote, let block, let justification):
            guard let seat else { return }
            take(justification, from: seat, at: now, into: &effects)
            if let block, isPlausible(block.header, of: vote) {
                tree.insert(block)
            }
            step(.proposal(vote, header: block?.header, from: seat), at: now, into: &effects)
        case .compactProposal(let vote, let header, let body, let justification):
            guard let seat else { return }
            take(justification, from: seat, at: now, into: &effects)
            accept(vote, header, body, from: peer, seat: seat, at: now, into: &effects)
        case .block(let block):
            blockQuestions.close(block.hash)
            compact[block.hash] = nil
            guard engine.isPlausible(block.header) else { return }
            tree.insert(block)
            give(block, into: &effects)
        case .range(let blocks, let head):
            // Its server failed in the meantime: another one has been asked.
            guard range.servingPeer == peer.key, !blocks.isEmpty else { return }
            look(at: blocks.map(\.header), into: &effects)
            look(at: [head.certificate], into: &effects)
            effects.append(.replay(blocks, head: head))
        case .blockTransactions(let response):
            accept(response, from: peer, at: now, into: &effects)
        case .evidence:
            return
        }
    }

    /// Whether a header can be what its leader proposed.
    func isPlausible(_ header: Header, of vote: Verified<Vote>) -> Bool {
        header.view == vote.value.view && header.proposer == vote.value.signer
            && engine.isPlausible(header)
    }

    /// What a proposal's parent rests on, before the proposal.
    private mutating func take(
        _ justification: [Verified<Certificate>], from seat: UInt16, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        look(at: justification, into: &effects)
        for certificate in justification {
            step(.certificate(certificate, header: nil, from: seat), at: now, into: &effects)
        }
    }

    // MARK: Ranges

    /// What is asked for next: from above the committed block, and never beyond the boundary, since
    /// a finalization of the next epoch cannot be checked in this one.
    private var wantedRange: RangeRequest? {
        guard let target = range.target, committed.height < target.header.height else { return nil }
        let first = committed.height.advanced(by: 1)
        let last = min(
            target.header.height, instance.boundary,
            first.advanced(by: Limits.rangeBlocksMax - 1))
        return RangeRequest(first: first, last: last)
    }

    mutating func askRange(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let peer = range.askedPeer else { return }
        guard let request = wantedRange else { return finishRange(at: now, into: &effects) }
        range.asked(request, at: now.monotonic)
        effects.append(.send(.rangeRequest(request), to: .peer(peer)))
        effects.append(
            .setTimer(
                .range,
                now.monotonic.advanced(byMilliseconds: RangeSync.timeoutMilliseconds)))
    }

    private mutating func receiveRange(
        _ response: RangeResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard range.askedPeer == peer.key, let request = wantedRange else { return }
        let first = request.first
        let count = request.last.value - first.value + 1
        guard response.first == first, !response.blocks.isEmpty, response.finalization != nil,
            UInt64(response.blocks.count) <= count
        else {
            return rangeFailed(at: now, into: &effects)
        }
        range.beginWork(
            blocks: response.blocks.count,
            bytes: response.blocks.reduce(0) { $0 + $1.count }, at: now.monotonic)
        effects.append(.cancelTimer(.range))
        effects.append(
            .verify(
                .range(response, first: first, parent: committed.hash), in: instance,
                from: peer))
    }

    /// Whoever serves ranges failed; the next one is asked, or nobody is left.
    mutating func rangeFailed(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard range.isActive else { return }
        if range.failed(nextOf: peers.keys) {
            askRange(at: now, into: &effects)
        } else {
            effects.append(.cancelTimer(.range))
            step(.syncFailed, at: now, into: &effects)
        }
    }

    mutating func takeReplayed(
        _ blocks: [Block], at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        // P22: a new epoch begins from its own base.
        guard let last = blocks.last, last.header.epoch == instance.epoch else { return }
        proposesFrom = nil
        for block in blocks {
            settle(block.body, height: block.header.height)
        }
        // Blocks may have been committed one by one while a range of them was at work.
        if last.header.height > committed.height { committed = last.header.summary }
        if committed.height > finalized.height {
            finalized = committed
            isWorkStale = true
        }
        tree.prune(through: committed.height)
        range.advance(of: peers.keys)
        askRange(at: now, into: &effects)
    }

    private mutating func finishRange(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let target = range.target else { return }
        range.finish()
        effects.append(.cancelTimer(.range))
        step(.synced(target), at: now, into: &effects)
    }
}

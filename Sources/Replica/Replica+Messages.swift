import Chain
import Codec
import Consensus
import Cryptography
import OrderedCollections

extension Replica {
    mutating func connect(
        _ peer: Peer, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        connected[peer.key] = peer
        guard let validator = peer.validator else { return }
        step(.connected(validator), at: now, into: &effects)
        // Whoever was away learns at once where the others are.
        let request = CertificateRequest(
            epoch: configuration.instance.epoch, view: finalized.view, want: .highest)
        effects.append(.send(.certificateRequest(request), to: .peer(peer.key)))
    }

    /// A decoded message: asks the engine whether it is worth a signature check.
    mutating func receive(
        _ message: PeerMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        switch message {
        case .vote(let vote):
            // Votes are not relayed: a validator sends its own only (consensus.md 2.3).
            guard let validator = peer.validator, vote.signer == validator else {
                effects.append(.penalize(peer.key, .unsolicited))
                return
            }
            guard isWanted(MessageSummary(vote), from: validator, at: now, into: &effects) else {
                return
            }
            effects.append(.verify(.vote(vote), from: peer))
        case .certificate(let certificate):
            guard let validator = peer.validator else { return }
            let summary = MessageSummary(certificate)
            guard isWanted(summary, from: validator, at: now, into: &effects) else { return }
            effects.append(.verify(.certificates([certificate], header: nil), from: peer))
        case .proposal(let proposal):
            receiveProposal(proposal, from: peer, at: now, into: &effects)
        case .blockRequest(let request):
            guard let block = tree[request.hash]?.block else {
                effects.append(.serve(.block(request), to: peer.key))
                return
            }
            let response = BlockResponse(hash: request.hash, block: block.encoded())
            effects.append(.send(.blockResponse(response), to: .peer(peer.key)))
        case .blockResponse(let response):
            receiveBlock(response, from: peer, at: now, into: &effects)
        case .certificateRequest(let request):
            let response = engine.response(to: request)
            effects.append(.send(.certificateResponse(response), to: .peer(peer.key)))
        case .certificateResponse(let response):
            receiveCertificates(response, from: peer, at: now, into: &effects)
        case .evidence:
            // Every validator detects conflicting votes by itself; what others found is taken
            // once blocks carry evidence.
            return
        case .transactions(let transactions):
            let unknown = transactions.filter { !mempool.contains($0.id) }
            guard !unknown.isEmpty else { return }
            effects.append(.verify(.transactions(unknown), from: peer))
        case .rangeRequest(let request):
            effects.append(.serve(.range(request), to: peer.key))
        case .rangeResponse(let response):
            receiveRange(response, from: peer, at: now, into: &effects)
        }
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
        guard let validator = peer.validator, proposal.vote.signer == validator else {
            effects.append(.penalize(peer.key, .unsolicited))
            return
        }
        let summary = MessageSummary(proposal: proposal.vote)
        guard isWanted(summary, from: validator, at: now, into: &effects) else { return }
        let needed = proposal.justification.filter {
            engine.wants(MessageSummary($0)) == .verify
        }
        let trimmed = BlockProposal(
            vote: proposal.vote, header: proposal.header, body: proposal.body,
            justification: needed)
        effects.append(.verify(.proposal(trimmed), from: peer))
    }

    private mutating func receiveBlock(
        _ response: BlockResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        let isAskedFor = requestedBlocks.contains(response.hash)
        // No fault of the sender: a second answer to an old question looks like this, and so does a
        // push that overtakes the check of the certificate before it.
        guard isAskedFor || isWantedPush(response) else { return }
        guard let bytes = response.block else {
            if let validator = peer.validator {
                step(
                    .blockUnavailable(response.hash, from: validator), at: now, into: &effects)
            }
            return
        }
        effects.append(.verify(.block(response.hash, bytes), from: peer))
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
        guard let validator = peer.validator else { return }
        let wanted = response.certificates.filter {
            engine.wants(MessageSummary($0)) == .verify
        }
        guard !wanted.isEmpty else {
            step(
                .certificateUnavailable(response.request, from: validator), at: now,
                into: &effects)
            return
        }
        effects.append(.verify(.certificates(wanted, header: response.header), from: peer))
    }

    /// A message whose signatures are good.
    mutating func accept(
        _ message: VerifiedMessage, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard let validator = peer.validator else { return }
        switch message {
        case .vote(let vote):
            step(.vote(vote, from: validator), at: now, into: &effects)
        case .certificates(let certificates, let header):
            for certificate in certificates {
                let named = certificate.value.statement.candidate?.blockHash
                let matching = header.flatMap { $0.hash == named ? $0 : nil }
                step(
                    .certificate(certificate, header: matching, from: validator), at: now,
                    into: &effects)
            }
        case .proposal(let vote, let block, let justification):
            for certificate in justification {
                step(
                    .certificate(certificate, header: nil, from: validator), at: now,
                    into: &effects)
            }
            if let block {
                tree.insert(block)
            }
            step(
                .proposal(vote, header: block?.header, from: validator), at: now,
                into: &effects)
        case .block(let block):
            requestedBlocks.remove(block.hash)
            tree.insert(block)
            effects.append(.store(block))
        case .range(let blocks, let head):
            guard range.isActive, !blocks.isEmpty else { return }
            effects.append(.replay(blocks, head: head))
        }
    }

    // MARK: Ranges

    func connectedValidators() -> [UInt16] {
        connected.values.compactMap(\.validator).sorted()
    }

    mutating func askRange(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let target = range.target, let peer = range.askedPeer else { return }
        guard committed.height < target.header.height else {
            return finishRange(at: now, into: &effects)
        }
        let first = committed.height.advanced(by: 1)
        let last = min(
            target.header.height, first.advanced(by: Limits.rangeBlocksMax - 1))
        guard let request = RangeRequest(first: first, last: last) else {
            preconditionFailure("a range of 1 to 32 heights: \(first)...\(last)")
        }
        effects.append(.send(.rangeRequest(request), to: .validator(peer)))
        effects.append(
            .setTimer(
                .range,
                now.monotonic.advanced(byMilliseconds: RangeSync.timeoutMilliseconds)))
    }

    private mutating func receiveRange(
        _ response: RangeResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard let validator = peer.validator, range.askedPeer == validator else { return }
        let first = committed.height.advanced(by: 1)
        guard response.first == first, !response.blocks.isEmpty, response.finalization != nil
        else {
            return rangeFailed(at: now, into: &effects)
        }
        range.beginWork()
        effects.append(.cancelTimer(.range))
        effects.append(
            .verify(.range(response, first: first, parent: committed.hash), from: peer))
    }

    /// Whoever serves ranges failed; the next one is asked, or nobody is left.
    mutating func rangeFailed(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard range.isActive else { return }
        if range.failed(nextOf: connectedValidators()) {
            askRange(at: now, into: &effects)
        } else {
            effects.append(.cancelTimer(.range))
            step(.syncFailed, at: now, into: &effects)
        }
    }

    mutating func takeReplayed(
        _ blocks: [Block], at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard let last = blocks.last else { return }
        for block in blocks {
            mempool.blockFinalized(block.body.transactions, height: block.header.height)
        }
        committed = last.header.summary
        if committed.height > finalized.height {
            finalized = committed
            isWorkStale = true
        }
        tree.prune(through: committed.height)
        range.advance()
        askRange(at: now, into: &effects)
    }

    private mutating func finishRange(at now: Moment, into effects: inout [ReplicaEffect]) {
        guard let target = range.target else { return }
        range.finish()
        effects.append(.cancelTimer(.range))
        step(.synced(target), at: now, into: &effects)
    }
}

import Chain
import Codec
import Consensus
import Cryptography

extension Replica {
    // MARK: As leader

    /// The body of the own block as it travels: whole if it is small, else by name. What this node
    /// has not told its peers yet it tells them first, so that they know what is named.
    mutating func travellingBody(
        of block: Block, at now: Moment, into effects: inout [ReplicaEffect]
    ) -> (bytes: [UInt8], isCompact: Bool) {
        let size = block.body.transactions.reduce(0) { $0 + $1.encodedByteCount }
        guard size > configuration.wholeBodyBytesMax else {
            return (block.body.encoded(), false)
        }
        flushGossip(at: now, into: &effects)
        return (CompactBody(block.body).encoded(), true)
    }

    /// Answers whoever lacks transactions of the own block.
    func serve(
        _ request: BlockTransactionsRequest, to peer: Peer, into effects: inout [ReplicaEffect]
    ) {
        if let block = tree[request.hash]?.block {
            effects.append(.serve(.transactions(request, of: block), to: peer.key))
        } else {
            let nothing = BlockTransactionsResponse(hash: request.hash, transactions: [])
            effects.append(.send(.blockTransactionsResponse(nothing), to: .peer(peer.key)))
        }
    }

    // MARK: As receiver

    /// A verified compact proposal: completes it from the pool, or waits for what is missing, if it
    /// is the first one of its view. A copy must not begin anew: its leader could go on for ever
    /// like that, while the engine's question for the block waits.
    mutating func accept(
        _ vote: Verified<Vote>, _ header: Header, _ body: CompactBody, from peer: Peer,
        seat: UInt16, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        let hash = header.hash
        // Nothing is waited for that cannot be the leader's block: the engine refuses it.
        guard tree[hash] == nil, isPlausible(header, of: vote) else {
            step(.proposal(vote, header: header, from: seat), at: now, into: &effects)
            return
        }
        guard !compact.isTaken(vote.value.view) else {
            step(.proposal(vote, header: nil, from: seat), at: now, into: &effects)
            return
        }
        let entry = PartialProposal(
            vote: vote, header: header, body: body, peer: peer.key, pool: mempool,
            deadline: now.monotonic.advanced(byMilliseconds: CompactProposals.graceMilliseconds))
        compact.counts.proposals += 1
        compact.counts.transactions += UInt64(body.transactions.count)
        compact.counts.missing += UInt64(entry.missingCount)
        guard entry.missingCount > 0 else {
            complete(entry, at: now, into: &effects)
            return
        }
        if let other = compact.insert(entry) { giveUp(other, at: now, into: &effects) }
        armCompact(into: &effects)
        // The leader's vote counts at once.
        step(.proposal(vote, header: nil, from: seat), at: now, into: &effects)
    }

    /// A transaction that may be missing in a proposal, whether the pool takes it or not.
    mutating func offer(
        _ transaction: SignedTransaction, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard !compact.isEmpty else { return }
        for hash in compact.take(transaction) {
            guard let entry = compact[hash] else { continue }
            compact[hash] = nil
            complete(entry, at: now, into: &effects)
        }
    }

    /// The leader's answer: its signatures are checked on the way, as those of whole blocks are.
    func receive(
        _ response: BlockTransactionsResponse, from peer: Peer,
        into effects: inout [ReplicaEffect]
    ) {
        guard isAsked(of: peer, for: response.hash) else { return }
        effects.append(.verify(.blockTransactions(response), in: instance, from: peer))
    }

    /// A late answer, or one that its block has overtaken, is no fault.
    private func isAsked(of peer: Peer, for hash: Digest) -> Bool {
        compact[hash].map { $0.peer == peer.key && $0.isAsked } ?? false
    }

    mutating func accept(
        _ response: BlockTransactionsResponse, from peer: Peer, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        guard isAsked(of: peer, for: response.hash) else { return }
        for transaction in response.transactions {
            offer(transaction, at: now, into: &effects)
        }
        // The leader has no more to give.
        guard let incomplete = compact[response.hash] else { return }
        compact[response.hash] = nil
        giveUp(incomplete, at: now, into: &effects)
    }

    /// Asks the leaders for what has not come by itself, and others for blocks of leaders that do
    /// not answer.
    mutating func compactTimeIsOver(at now: Moment, into effects: inout [ReplicaEffect]) {
        for hash in compact.due(at: now.monotonic) {
            guard var entry = compact[hash] else { continue }
            guard !entry.isAsked, peers.contains(entry.peer) else {
                compact[hash] = nil
                giveUp(entry, at: now, into: &effects)
                continue
            }
            entry.isAsked = true
            entry.deadline = now.monotonic.advanced(
                byMilliseconds: CompactProposals.answerMilliseconds)
            compact[hash] = entry
            let request = BlockTransactionsRequest(
                hash: hash, positions: entry.missingPositions)
            effects.append(.send(.blockTransactionsRequest(request), to: .peer(entry.peer)))
        }
        armCompact(into: &effects)
    }

    private func armCompact(into effects: inout [ReplicaEffect]) {
        guard let deadline = compact.deadline else { return }
        effects.append(.setTimer(.compact, deadline))
    }

    private mutating func complete(
        _ entry: PartialProposal, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        guard let block = entry.block else {
            // Larger than a block may be: nobody can take it whole either.
            effects.append(.penalize(entry.peer, .forged))
            return
        }
        let isPlausible = engine.isPlausible(block.header)
        if isPlausible { tree.insert(block) }
        guard let seat = roster.seat(of: entry.peer) else { return }
        step(
            .proposal(entry.vote, header: entry.header, from: seat), at: now, into: &effects)
        // Where the proposal has become of no use, the block may still be what was asked for.
        guard entry.deferred != nil, isPlausible, !engine.hasBody(of: block.hash) else { return }
        give(block, into: &effects)
    }

    /// The engine looks for the whole block.
    private mutating func giveUp(
        _ entry: PartialProposal, at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        compact.counts.givenUp += 1
        guard let validator = entry.deferred else { return }
        step(
            .blockUnavailable(entry.header.hash, from: validator), at: now, into: &effects)
    }
}

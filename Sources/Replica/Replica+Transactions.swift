import Chain
import Consensus
import Cryptography
import OrderedCollections

/// Transactions that peers have not been told of.
struct Outbox: Sendable {
    /// How long a transaction waits for company before it is told.
    static let delayMilliseconds: UInt64 = 2

    var transactions: [SignedTransaction] = []
    var byteCount = 0
    var isTimerSet = false
}

extension Replica {
    mutating func admit(
        _ transaction: Verified<SignedTransaction>, facts: AdmissionFacts, ticket: UInt64?,
        at now: Moment, into effects: inout [ReplicaEffect]
    ) {
        let id = transaction.value.id
        offer(transaction.value, at: now, into: &effects)
        let leads: Bool
        do throws(MempoolError) {
            leads = try mempool.admit(
                transaction, facts: facts, height: finalized.height, view: currentView)
        } catch {
            guard let ticket else { return }
            // Submitting the same transaction again is no mistake: its fate is asked for by its id.
            let effect: ReplicaEffect =
                error == .known
                ? .admitted(id, ticket: ticket) : .refused(id, error, ticket: ticket)
            effects.append(effect)
            return
        }
        if let ticket {
            effects.append(.admitted(id, ticket: ticket))
        }
        // What waits behind a gap is no work, and must cost none.
        if !isWorkPending, leads || followsUnfinalized(transaction.value) {
            isWorkStale = true
        }
        tell(transaction.value, source: facts.source, at: now, into: &effects)
    }

    /// Whether the blocks above the last final one leave a lane where this transaction stands.
    private func followsUnfinalized(_ signed: SignedTransaction) -> Bool {
        let content = signed.transaction
        return tree.contains(
            LaneAdvance(
                sender: content.sender, lane: content.lane, nextSequence: content.sequence),
            to: engine.highestCertified, above: finalized.height)
    }

    /// Whoever got a transaction from a client tells all peers; whoever got it from a peer passes
    /// it on only where not every validator is connected to every other.
    private mutating func tell(
        _ transaction: SignedTransaction, source: PublicKey?, at now: Moment,
        into effects: inout [ReplicaEffect]
    ) {
        let others = instance.validators.count - (roster.own == nil ? 0 : 1)
        guard source == nil || connectedSeatCount < others else { return }
        guard !peers.isEmpty else { return }
        if outbox.byteCount + transaction.encodedByteCount
            > PeerMessage.transactionBatchBytesMax - 64
            || outbox.transactions.count >= PeerMessage.transactionBatchCountMax
        {
            flushGossip(at: now, into: &effects)
        }
        outbox.transactions.append(transaction)
        outbox.byteCount += transaction.encodedByteCount
        guard !outbox.isTimerSet else { return }
        outbox.isTimerSet = true
        effects.append(
            .setTimer(
                .gossip, now.monotonic.advanced(byMilliseconds: Outbox.delayMilliseconds)))
    }

    private var connectedSeatCount: Int {
        peers.keys.reduce(0) { $0 + (roster.seat(of: $1) == nil ? 0 : 1) }
    }

    mutating func flushGossip(at now: Moment, into effects: inout [ReplicaEffect]) {
        let waiting = outbox
        outbox = Outbox()
        guard !waiting.transactions.isEmpty else { return }
        effects.append(.send(.transactions(waiting.transactions), to: .everyone(except: nil)))
    }
}

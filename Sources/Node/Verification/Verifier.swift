import Chain
import Codec
import Consensus
import Cryptography
import Dispatch
import Ledger
import Networking
import Replica
import Synchronization

/// The door: decodes, checks and verifies what comes from outside, on every core, before the core
/// sees it. What is urgent (votes, certificates, proposals) goes before transactions.
final class Verifier: Sendable {
    /// How many transactions one job checks; the jobs of a batch run side by side.
    private static let chunk = 64

    private let genesisHash: Digest
    private let view: StateView
    private let cache: SignatureCache
    /// For votes and certificates, here and where blocks name votes.
    let signatures = KnownSignatures().check
    private let loop: Mailbox<LoopInput>
    private let budget = Mutex(RefusalBudget())
    private let urgent = DispatchQueue(
        label: "althing.verify.urgent", qos: .userInitiated, attributes: .concurrent)
    private let bulk = DispatchQueue(
        label: "althing.verify.bulk", qos: .utility, attributes: .concurrent)
    /// How many bulk jobs may be at work at once.
    private let bulkSlots = DispatchSemaphore(value: 2)
    private let bulkOrder = DispatchQueue(label: "althing.verify.order", qos: .utility)

    init(
        genesisHash: Digest, view: StateView, cache: SignatureCache, loop: Mailbox<LoopInput>
    ) {
        self.genesisHash = genesisHash
        self.view = view
        self.cache = cache
        self.loop = loop
    }

    /// - Parameter credit: the room in the peer's inbox, held until the loop has the result.
    func verify(
        _ job: VerificationJob, in instance: Instance, from peer: Peer, credit: InboxCredit?
    ) {
        if case .transactions(let transactions) = job {
            check(transactions, source: peer.key, tickets: nil, credit: credit)
            return
        }
        urgent.async { [self] in
            do throws(VerificationError) {
                let message = try Door.verified(
                    job, in: instance, genesisHash: genesisHash, signatures: signatures)
                verifyTransactions(in: message)
                loop.send(
                    .replica(
                        .verified(message, instance: instance.id, from: peer), credit: credit))
            } catch {
                loop.send(
                    .replica(.verificationFailed(error, instance: instance.id, from: peer)))
            }
        }
    }

    /// Blocks are executed next: their transactions' signatures are checked while they arrive.
    private func verifyTransactions(in message: VerifiedMessage) {
        switch message {
        case .proposal(_, let block, _):
            if let block { verifySignatures(of: block.body.transactions) }
        case .block(let block):
            verifySignatures(of: block.body.transactions)
        case .range(let blocks, _):
            for block in blocks {
                verifySignatures(of: block.body.transactions)
            }
        case .blockTransactions(let response):
            verifySignatures(of: response.transactions)
        // What it names was verified on its way into the pool.
        case .compactProposal, .vote, .certificates, .evidence: return
        }
    }

    // MARK: Transactions

    /// Puts the signatures of a block's transactions that are not known yet into the cache; one
    /// that is wrong stays out, and the executor finds it.
    private func verifySignatures(of transactions: [SignedTransaction]) {
        let unknown = transactions.filter { !cache.contains($0.id) }
        guard !unknown.isEmpty else { return }
        let chunks = unknown.chunks(of: Verifier.chunk)
        DispatchQueue.concurrentPerform(iterations: chunks.count) { index in
            for transaction in chunks[index] {
                _ = verifiedTransaction(transaction)
            }
        }
    }

    /// The transaction with its signatures checked, from the cache if they were before.
    func verifiedTransaction(_ transaction: SignedTransaction) -> Verified<SignedTransaction>? {
        if cache.contains(transaction.id) { return .restored(transaction) }
        guard let verified = try? Verified(transaction, genesisHash: genesisHash) else {
            return nil
        }
        cache.insert(transaction.id)
        return verified
    }

    /// Checks transactions on their way into the mempool: against the state first, the signatures
    /// last, because they cost most.
    ///
    /// - Parameter tickets: one for each transaction, if somebody waits.
    func check(
        _ transactions: [SignedTransaction], source: PublicKey?, tickets: TicketBatch?,
        credit: InboxCredit?
    ) {
        let chunks = Array(transactions.enumerated()).chunks(of: Verifier.chunk)
        for chunk in chunks {
            bulkOrder.async { [self] in
                bulkSlots.wait()
                bulk.async { [self] in
                    checkChunk(chunk, source: source, tickets: tickets, credit: credit)
                    bulkSlots.signal()
                }
            }
        }
    }

    private func checkChunk(
        _ chunk: [(offset: Int, element: SignedTransaction)], source: PublicKey?,
        tickets: TicketBatch?, credit: InboxCredit?
    ) {
        if let source {
            let now = MonotonicClock.now()
            guard budget.withLock({ $0.admits(chunk.count, of: source, at: now) }) else { return }
        }
        var refusedCount = 0
        let current = view.current
        let height = current.head.height.advanced(by: 1)
        var inputs: [LoopInput] = []
        inputs.reserveCapacity(chunk.count)
        var isForgeryReported = false
        for (index, transaction) in chunk {
            do throws(Rejection) {
                try Ledger.admit(
                    transaction, at: height, over: current.snapshot, rules: current.rules)
                guard let verified = verifiedTransaction(transaction) else {
                    // An honest node passes on only what it has verified itself.
                    if let source, !isForgeryReported {
                        isForgeryReported = true
                        inputs.append(.replica(.forgedTransaction(from: Peer(key: source))))
                    }
                    throw .badSignature
                }
                let content = transaction.transaction
                let facts = AdmissionFacts(
                    nextSequence: Queries.nextSequence(
                        of: content.sender, lane: content.lane, at: height,
                        over: current.snapshot),
                    source: source)
                inputs.append(
                    .replica(
                        .transaction(verified, facts, ticket: tickets?.ticket(at: index)),
                        credit: credit))
            } catch {
                refusedCount += 1
                tickets?.resolve(at: index, .rejected(error))
            }
        }
        if let source, refusedCount > 0 { note(refused: refusedCount, of: source) }
        loop.send(contentsOf: inputs)
    }

    /// What became of transactions that a peer sent.
    func note(refused: Int = 0, taken: Int = 0, of peer: PublicKey) {
        let now = MonotonicClock.now()
        budget.withLock { $0.note(refused: refused, taken: taken, of: peer, at: now) }
    }

    /// Transactions of peers that were dropped unread, as too many of theirs were refused.
    var droppedCount: UInt64 { budget.withLock { $0.droppedCount } }
}

extension Array {
    /// The elements in order, at most `size` at a time.
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map {
            Array(self[$0..<Swift.min($0 + size, count)])
        }
    }
}

import Chain
import Codec
import Consensus
import Cryptography
import Dispatch
import Ledger
import Networking
import Replica

/// The door: decodes, checks and verifies what comes from outside, on every core, before the core
/// sees it. What is urgent (votes, certificates, proposals) goes before transactions.
final class Verifier: Sendable {
    /// How many transactions one job checks; the jobs of a batch run side by side.
    private static let chunk = 64

    private let instance: Instance
    private let genesisHash: Digest
    private let view: StateView
    private let cache: SignatureCache
    private let loop: Mailbox<LoopInput>
    private let urgent = DispatchQueue(
        label: "althing.verify.urgent", qos: .userInitiated, attributes: .concurrent)
    private let bulk = DispatchQueue(
        label: "althing.verify.bulk", qos: .utility, attributes: .concurrent)
    /// How many bulk jobs may be at work at once.
    private let bulkSlots = DispatchSemaphore(value: 2)
    private let bulkOrder = DispatchQueue(label: "althing.verify.order", qos: .utility)

    init(
        instance: Instance, genesisHash: Digest, view: StateView, cache: SignatureCache,
        loop: Mailbox<LoopInput>
    ) {
        self.instance = instance
        self.genesisHash = genesisHash
        self.view = view
        self.cache = cache
        self.loop = loop
    }

    /// - Parameter credit: the room in the peer's inbox, held until the work is done.
    func verify(_ job: VerificationJob, from peer: Peer, credit: InboxCredit?) {
        if case .transactions(let transactions) = job {
            check(transactions, source: peer.key, tickets: nil, credit: credit)
            return
        }
        urgent.async { [self] in
            do throws(VerificationError) {
                let message = try verified(job)
                loop.send(.replica(.verified(message, from: peer)))
            } catch {
                loop.send(.replica(.verificationFailed(error, from: peer)))
            }
            withExtendedLifetime(credit) {}
        }
    }

    private func verified(_ job: VerificationJob) throws(VerificationError) -> VerifiedMessage {
        switch job {
        case .vote(let vote):
            return .vote(try Verified(vote, in: instance))
        case .certificates(let certificates, let header):
            return .certificates(try verified(certificates), header: header)
        case .proposal(let proposal):
            return try verified(proposal)
        case .block(let hash, let bytes):
            guard let block = decodeBlock(bytes), block.hash == hash else { throw .badSignature }
            verifySignatures(of: block)
            return .block(block)
        case .range(let response, let first, let parent):
            return try verified(response, first: first, parent: parent)
        case .transactions:
            preconditionFailure("transactions are checked in bulk")
        }
    }

    private func verified(
        _ certificates: [Certificate]
    ) throws(VerificationError) -> [Verified<Certificate>] {
        var result: [Verified<Certificate>] = []
        for certificate in certificates {
            result.append(try Verified(certificate, in: instance, allowingPartial: true))
        }
        return result
    }

    private func verified(_ proposal: BlockProposal) throws(VerificationError) -> VerifiedMessage {
        let vote = try Verified(proposal.vote, in: instance)
        let justification = try verified(proposal.justification)
        guard let header = proposal.header else {
            return .proposal(vote, nil, justification: justification)
        }
        guard let body = try? BlockBody(decoding: proposal.body) else { throw .badSignature }
        let block = Block(header: header, body: body)
        guard vote.value.statement.candidate?.blockHash == block.hash, block.hasMatchingRoots
        else { throw .badSignature }
        verifySignatures(of: block)
        return .proposal(vote, block, justification: justification)
    }

    private func decodeBlock(_ bytes: [UInt8]) -> Block? {
        guard let block = try? Block(decoding: bytes), block.hasMatchingRoots else { return nil }
        return block
    }

    /// Checks a range from its proof down: the finalization, then the chain of hashes under it.
    private func verified(
        _ response: RangeResponse, first: Height, parent: Digest
    ) throws(VerificationError) -> VerifiedMessage {
        guard let finalization = response.finalization, finalization.kind == .finalize else {
            throw .partialNotExpected
        }
        let certificate = try Verified(finalization, in: instance)
        var blocks: [Block] = []
        var previous = parent
        for (index, bytes) in response.blocks.enumerated() {
            guard let block = decodeBlock(bytes), block.header.parentHash == previous,
                block.header.height == first.advanced(by: UInt64(index))
            else { throw .badSignature }
            blocks.append(block)
            previous = block.hash
        }
        guard let last = blocks.last else { throw .tooFewSignatures }
        var head = last.header
        for header in response.headers {
            guard header.parentHash == head.hash else { throw .badSignature }
            head = header
        }
        guard certificate.value.statement.candidate?.blockHash == head.hash else {
            throw .badSignature
        }
        for block in blocks {
            verifySignatures(of: block)
        }
        return .range(blocks, head: FinalizedHead(header: head, certificate: certificate))
    }

    // MARK: Transactions

    /// Puts the signatures of a block's transactions that are not known yet into the cache; one
    /// that is wrong stays out, and the executor finds it.
    private func verifySignatures(of block: Block) {
        let unknown = block.body.transactions.filter { !cache.contains($0.id) }
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
                    checkChunk(chunk, source: source, tickets: tickets)
                    bulkSlots.signal()
                    withExtendedLifetime(credit) {}
                }
            }
        }
    }

    private func checkChunk(
        _ chunk: [(offset: Int, element: SignedTransaction)], source: PublicKey?,
        tickets: TicketBatch?
    ) {
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
                    // An honest node passes on only what it has verified itself. As somebody
                    // without a seat, because a lie about a transaction says nothing of ranges.
                    if let source, !isForgeryReported {
                        isForgeryReported = true
                        let peer = Peer(key: source, validator: nil)
                        inputs.append(.replica(.verificationFailed(.badSignature, from: peer)))
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
                        .transaction(verified, facts, ticket: tickets?.ticket(at: index))))
            } catch {
                tickets?.resolve(at: index, .rejected(error))
            }
        }
        loop.send(contentsOf: inputs)
    }
}

extension Array {
    /// The elements in order, at most `size` at a time.
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map {
            Array(self[$0..<Swift.min($0 + size, count)])
        }
    }
}

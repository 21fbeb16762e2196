import Chain
import Codec
import Consensus
import Cryptography
import OrderedCollections

/// How proposals whose transactions were only named fared here.
public struct CompactCounts: Hashable, Sendable {
    public var proposals: UInt64 = 0
    /// What they named, together.
    public var transactions: UInt64 = 0
    /// What of it was not in the pool when its proposal came.
    public var missing: UInt64 = 0
    /// Proposals that stayed incomplete: their blocks were fetched as a whole.
    public var givenUp: UInt64 = 0

    public init() {}
}

/// A proposal whose transactions are not all here yet.
struct PartialProposal: Sendable {
    let vote: Verified<Vote>
    let header: Header
    let body: CompactBody
    /// Who sent it: its leader.
    let peer: PublicKey
    /// In the body's order; nil: not here yet.
    private var transactions: [SignedTransaction?]
    /// The places of what is not here yet.
    private var missing: [Digest: Int] = [:]
    /// Whether the leader was asked for what is missing.
    var isAsked = false
    /// Until then what is missing may come: by itself, then as the leader's answer.
    var deadline: Instant
    /// Of whom the engine has asked the whole block meanwhile.
    var deferred: UInt16?

    init(
        vote: Verified<Vote>, header: Header, body: CompactBody, peer: PublicKey,
        pool: borrowing Mempool, deadline: Instant
    ) {
        self.vote = vote
        self.header = header
        self.body = body
        self.peer = peer
        self.deadline = deadline
        transactions = []
        transactions.reserveCapacity(body.transactions.count)
        for (place, id) in body.transactions.enumerated() {
            let known = pool.verified(id)
            transactions.append(known)
            if known == nil { missing[id] = place }
        }
    }

    var missingCount: Int { missing.count }

    /// The places of what is not here yet, ascending.
    var missingPositions: [UInt16] {
        transactions.indices.compactMap { transactions[$0] == nil ? UInt16($0) : nil }
    }

    /// - Returns: whether it was missing.
    mutating func take(_ transaction: SignedTransaction) -> Bool {
        guard let place = missing.removeValue(forKey: transaction.id) else { return false }
        transactions[place] = transaction
        return true
    }

    /// The block once everything is here; nil before, and if it is larger than a block may be.
    var block: Block? {
        let all = transactions.compactMap(\.self)
        guard all.count == transactions.count else { return nil }
        // The two forms differ by the ids, 32 bytes each, in the place of the transactions.
        let size = all.reduce(body.encoded().count) { $0 + $1.encodedByteCount - 32 }
        guard size <= BlockProposal.bodyBytesMax else { return nil }
        return Block(
            header: header,
            body: BlockBody(
                transactions: all, evidence: body.evidence, participation: body.participation))
    }
}

/// The proposals that wait for their transactions, by the hashes of their blocks.
struct CompactProposals: Sendable {
    /// Beyond it the oldest is let go: views are few ahead (consensus.md 2.11).
    static let countMax = 8
    /// How long what is under way has before the leader is asked for it.
    static let graceMilliseconds: UInt64 = 10
    /// How long the leader has for its answer, before others are asked for the whole block.
    static let answerMilliseconds: UInt64 = 1_000

    private var entries: OrderedDictionary<Digest, PartialProposal> = [:]
    var counts = CompactCounts()

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    subscript(hash: Digest) -> PartialProposal? {
        get { entries[hash] }
        set { entries[hash] = newValue }
    }

    /// - Returns: one that was let go for it.
    mutating func insert(_ proposal: PartialProposal) -> PartialProposal? {
        entries[proposal.header.hash] = proposal
        return entries.count > CompactProposals.countMax ? entries.removeFirst().value : nil
    }

    /// Gives everybody who waits for it a transaction.
    ///
    /// - Returns: the hashes of the blocks that are complete with it.
    mutating func take(_ transaction: SignedTransaction) -> [Digest] {
        var complete: [Digest] = []
        for index in entries.values.indices
        where entries.values[index].take(transaction) && entries.values[index].missingCount == 0 {
            complete.append(entries.keys[index])
        }
        return complete
    }

    /// Whether the engine's question for a block can wait for its compact proposal. Only the first
    /// one can.
    mutating func defers(_ hash: Digest, to validator: UInt16) -> Bool {
        guard let entry = entries[hash], entry.deferred == nil else { return false }
        entries[hash]?.deferred = validator
        return true
    }

    var deadline: Instant? { entries.values.map(\.deadline).min() }

    /// The hashes of the blocks whose time is over.
    func due(at now: Instant) -> [Digest] {
        entries.filter { $0.value.deadline <= now }.map(\.key)
    }

    mutating func removeAll(through height: Height) {
        entries.removeAll { $0.value.header.height <= height }
    }

    mutating func removeAll() {
        entries.removeAll()
    }
}

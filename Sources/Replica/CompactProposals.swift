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

    /// The view that its leader proposed it in, whatever the header says.
    var view: View { vote.value.view }

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

/// The proposals that wait for their transactions, by the hashes of their blocks: one of each view,
/// and each once. A leader that shows a block again, or others beside it, gains no more time by it
/// and takes nobody's place.
struct CompactProposals: Sendable {
    /// As many as there are views that proposals are taken of. Where earlier ones want a place too,
    /// the last view loses its own: it is the least urgent.
    static let countMax = Int(Limits.futureViewsMax) + 1
    /// How many views are remembered one by one; below them nothing more is taken.
    static let viewsMax = 64
    /// How long what is under way has before the leader is asked for it.
    static let graceMilliseconds: UInt64 = 10
    /// How long the leader has for its answer, before others are asked for the whole block.
    static let answerMilliseconds: UInt64 = 1_000

    private var entries: OrderedDictionary<Digest, PartialProposal> = [:]
    /// What was waited for in each view, whether it still is or not.
    private var taken: OrderedDictionary<View, Candidate> = [:]
    /// Of this view and those below nothing more is taken.
    private var closed = View.zero
    var counts = CompactCounts()

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    subscript(hash: Digest) -> PartialProposal? {
        get { entries[hash] }
        set { entries[hash] = newValue }
    }

    /// Whether a proposal of the view was waited for: no other one is, nor that one again.
    func isTaken(_ view: View) -> Bool {
        guard !Mutant.isActive(.waitsAnew) else { return false }
        return view <= closed || taken[view] != nil
    }

    /// Whether a message brings the proposal that the view has had.
    func isRepeated(_ candidate: Candidate?, in view: View) -> Bool {
        guard let candidate, !Mutant.isActive(.waitsAnew) else { return false }
        return taken[view] == candidate
    }

    /// - Precondition: the view is not taken.
    /// - Returns: one that was let go for it, perhaps itself.
    mutating func insert(_ proposal: PartialProposal) -> PartialProposal? {
        let view = proposal.view
        precondition(!isTaken(view), "one proposal of a view is waited for: \(view)")
        taken[view] = proposal.header.candidate
        if taken.count > CompactProposals.viewsMax, let lowest = taken.keys.min() {
            taken[lowest] = nil
            closed = max(closed, lowest)
        }
        entries[proposal.header.hash] = proposal
        guard entries.count > CompactProposals.countMax else { return nil }
        let last = entries.values.indices.max { entries.values[$0].view < entries.values[$1].view }
        return last.map { entries.remove(at: $0).value }
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

    /// Everything up to a final view is over.
    mutating func removeAll(through view: View) {
        entries.removeAll { $0.value.view <= view }
        taken.removeAll { $0.key <= view }
        closed = max(closed, view)
    }

    /// The views of another epoch begin at one again.
    mutating func removeAll() {
        entries.removeAll()
        taken.removeAll()
        closed = .zero
    }
}

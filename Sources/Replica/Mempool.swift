import Chain
import Codec
import Cryptography

/// What the door knows of a transaction's lane when it lets the transaction in.
public struct AdmissionFacts: Hashable, Sendable {
    /// The next sequence of (sender, lane) in the finalized state.
    public let nextSequence: UInt64
    /// The peer that sent the transaction; nil if it was submitted here.
    public let source: PublicKey?

    public init(nextSequence: UInt64, source: PublicKey?) {
        self.nextSequence = nextSequence
        self.source = source
    }
}

/// Why the pool does not take a transaction.
public enum MempoolError: Error, Equatable, Sendable {
    /// The very same transaction is in the pool, or was in a recent block.
    case known
    case sequenceTooLow(next: UInt64)
    case sequenceTooFarAhead(next: UInt64)
    case laneFull(limit: Int)
    case accountFull(limit: Int)
    case sourceFull
    /// Another transaction has this sequence, and a replacement must offer an eighth more.
    case replacementUnderpriced
    /// Everything in the pool offers at least as much.
    case poolFull
    case expired(validUntil: Height, height: Height)

    /// A stable code, as receipts and the API have them.
    public var code: String {
        switch self {
        case .known: "tx.known"
        case .sequenceTooLow: "tx.sequence_too_low"
        case .sequenceTooFarAhead: "tx.sequence_too_far"
        case .laneFull: "pool.lane_full"
        case .accountFull: "pool.account_full"
        case .sourceFull: "pool.source_full"
        case .replacementUnderpriced: "pool.replacement_underpriced"
        case .poolFull: "pool.full"
        case .expired: "tx.expired"
        }
    }

    /// What the sender can do about it.
    public var hint: String {
        switch self {
        case .known: "Ask for its fate by its hash."
        case .sequenceTooLow: "Read the account's sequence and sign again."
        case .sequenceTooFarAhead: "Send the transactions before it first."
        case .laneFull, .accountFull: "Wait for some to be included, or use another lane."
        case .sourceFull, .poolFull: "Offer more, or wait."
        case .replacementUnderpriced: "Raise the maximum fee by an eighth."
        case .expired: "Sign it again with a later height."
        }
    }

    /// Whether another node, whose pool has another past, may have taken it and name it in a block.
    var leavesItToOthers: Bool {
        switch self {
        case .known, .sequenceTooLow, .expired: false
        case .sequenceTooFarAhead, .laneFull, .accountFull, .sourceFull, .poolFull,
            .replacementUnderpriced:
            true
        }
    }

    /// Whether the same transaction may be taken later.
    public var mayBeCuredByWaiting: Bool {
        switch self {
        case .sequenceTooFarAhead, .laneFull, .accountFull, .sourceFull, .poolFull: true
        case .known, .sequenceTooLow, .replacementUnderpriced, .expired: false
        }
    }

    public var message: String {
        switch self {
        case .known: "the transaction is known"
        case .sequenceTooLow(let next): "the sequence was used; the next one is \(next)"
        case .sequenceTooFarAhead(let next):
            "the sequence is too far ahead; the next one is \(next)"
        case .laneFull(let limit): "the lane has \(limit) transactions waiting"
        case .accountFull(let limit): "the account has \(limit) transactions waiting"
        case .sourceFull: "the peer has used its share of the pool"
        case .replacementUnderpriced:
            "a transaction with this sequence waits; a replacement must offer 12.5 % more"
        case .poolFull: "the pool is full of transactions that offer more"
        case .expired(let validUntil, let height):
            "the transaction was valid until height \(validUntil); the chain is at \(height)"
        }
    }
}

/// The transactions that wait for a block: ordered by price, in sequence within each lane.
///
/// One structure with one owner, so that its index and its queues cannot disagree. Nothing here
/// looks into the state: whether a sender can still pay is found out when a block is built, and
/// what it then drops is reported back.
public struct Mempool: Sendable {
    public struct Limits: Sendable {
        public var bytes = 64 * 1024 * 1024
        public var transactions = 20_000
        public var perLane = 64
        public var perAccount = 1_024
        /// How many recently included ids are remembered.
        public var remembered = 65_536

        public init() {}
    }

    struct Lane: Hashable {
        let sender: Address
        let number: UInt16
    }

    struct Entry {
        let transaction: Verified<SignedTransaction>
        let lane: Lane
        let arrival: UInt64
        let view: View
        let source: PublicKey?

        var sequence: UInt64 { transaction.value.transaction.sequence }
        var bytes: Int { transaction.value.encodedByteCount }
        var deadline: Height { transaction.value.transaction.validUntil }
    }

    /// A place in the order of prices; a stale one (its entry gone) is skipped and swept later.
    struct Rank {
        let maxFee: UInt64
        let gasLimit: UInt64
        let arrival: UInt64
        let id: Digest

        /// Whether this one goes first: the higher price, then the earlier arrival.
        func precedes(_ other: Rank) -> Bool {
            let a = maxFee.multipliedFullWidth(by: other.gasLimit)
            let b = other.maxFee.multipliedFullWidth(by: gasLimit)
            if a.high != b.high { return a.high > b.high }
            if a.low != b.low { return a.low > b.low }
            return arrival < other.arrival
        }
    }

    private struct LaneQueue {
        /// The next sequence that a block can contain.
        var next: UInt64
        /// The waiting sequences, ascending, with their ids.
        var waiting: [(sequence: UInt64, id: Digest)]
    }

    public let limits: Limits
    private var entries: [Digest: Entry] = [:]
    private var lanes: [Lane: LaneQueue] = [:]
    private(set) var ready = ReadyLanes()
    private var accountCounts: [Address: Int] = [:]
    private var sourceBytes: [PublicKey: Int] = [:]
    private var order: [Rank] = []
    /// The entries by the last height that may contain them.
    private var deadlines: [Height: Set<Digest>] = [:]
    /// No deadline is at or below this height.
    private var expiredTo = Height.genesis
    private var nextArrival: UInt64 = 0
    /// What came before this arrival came in an earlier epoch.
    private var firstOfEpoch: UInt64 = 0
    private var recent: RecentIDs
    private var finalizedNext: RecentSequences
    private var spare = SpareTransactions()
    public private(set) var byteCount = 0

    public init(limits: Limits = Limits()) {
        self.limits = limits
        recent = RecentIDs(capacity: limits.remembered)
        finalizedNext = RecentSequences(capacity: limits.remembered)
    }

    public var count: Int { entries.count }

    public func contains(_ id: Digest) -> Bool { entries[id] != nil }

    public func transaction(_ id: Digest) -> Verified<SignedTransaction>? {
        entries[id]?.transaction
    }

    /// A transaction that was verified here not long ago, whether or not it waits in the pool.
    public func verified(_ id: Digest) -> SignedTransaction? {
        entries[id]?.transaction.value ?? spare[id]
    }

    /// What clients have submitted here and still waits, the best offers first, as much as one
    /// message holds.
    func submittedHere() -> [SignedTransaction] {
        var found: [SignedTransaction] = []
        var bytes = 0
        for rank in order where found.count < PeerMessage.transactionBatchCountMax {
            guard let entry = entries[rank.id], entry.arrival == rank.arrival, entry.source == nil
            else { continue }
            bytes += entry.bytes
            guard bytes <= PeerMessage.transactionBatchBytesMax - 64 else { break }
            found.append(entry.transaction.value)
        }
        return found
    }

    /// The sequence that a client should use next: after what waits without a gap.
    public func nextSequence(sender: Address, lane number: UInt16, chain: UInt64) -> UInt64 {
        guard let queue = lanes[Lane(sender: sender, number: number)] else { return chain }
        var next = max(queue.next, chain)
        for (sequence, _) in queue.waiting where sequence == next {
            next += 1
        }
        return next
    }

    // MARK: Admission

    /// Takes a transaction whose signatures and state checks have passed.
    ///
    /// - Returns: whether the lane now goes on with another transaction than before. If not, there
    ///   is no more for a block on top of the finalized one than there was.
    @discardableResult
    public mutating func admit(
        _ transaction: Verified<SignedTransaction>, facts: AdmissionFacts, height: Height,
        view: View
    ) throws(MempoolError) -> Bool {
        let content = transaction.value.transaction
        let lane = Lane(sender: content.sender, number: content.lane)
        let head = ready.head(of: lane)
        do throws(MempoolError) {
            try take(transaction, facts: facts, height: height, view: view)
            guard let newHead = ready.head(of: lane) else { return false }
            return newHead != head
        } catch {
            if error.leavesItToOthers { spare.insert(transaction.value) }
            throw error
        }
    }

    private mutating func take(
        _ transaction: Verified<SignedTransaction>, facts: AdmissionFacts, height: Height,
        view: View
    ) throws(MempoolError) {
        let signed = transaction.value
        let content = signed.transaction
        guard entries[signed.id] == nil, !recent.contains(signed.id) else { throw .known }
        guard content.validUntil > height else {
            throw .expired(validUntil: content.validUntil, height: height)
        }
        if entries.isEmpty { expiredTo = max(expiredTo, height) }
        let lane = Lane(sender: content.sender, number: content.lane)
        let queue = lanes[lane]
        // The door reads a state that may lag behind the last finalized block: the pool's own
        // memory of what was included keeps a lane from waiting for it for ever.
        let next = max(queue?.next ?? 0, facts.nextSequence, finalizedNext[lane] ?? 0)
        guard content.sequence >= next else { throw .sequenceTooLow(next: next) }
        guard content.sequence - next < UInt64(limits.perLane) else {
            throw .sequenceTooFarAhead(next: next)
        }
        let rank = Rank(
            maxFee: content.maxFee.value, gasLimit: content.gasLimit, arrival: nextArrival,
            id: signed.id)
        let replaced = queue?.waiting.first { $0.sequence == content.sequence }?.id
        if let replaced {
            guard offersAnEighthMore(rank, than: replaced) else { throw .replacementUnderpriced }
        } else {
            guard (queue?.waiting.count ?? 0) < limits.perLane else {
                throw .laneFull(limit: limits.perLane)
            }
            guard accountCounts[content.sender, default: 0] < limits.perAccount else {
                throw .accountFull(limit: limits.perAccount)
            }
        }
        if let source = facts.source {
            let used = sourceBytes[source, default: 0]
            guard used + signed.encodedByteCount <= limits.bytes / 4 else { throw .sourceFull }
        }
        try makeRoom(for: rank, bytes: signed.encodedByteCount, replacing: replaced != nil)
        if let replaced {
            spare(replaced)
        }
        insert(
            Entry(
                transaction: transaction, lane: lane, arrival: nextArrival, view: view,
                source: facts.source), rank: rank, next: next)
        nextArrival += 1
        // Between two blocks as well: what is evicted leaves a stale place.
        sweepOrder()
    }

    private func offersAnEighthMore(_ rank: Rank, than id: Digest) -> Bool {
        guard let old = entries[id]?.transaction.value.transaction else { return true }
        // new.fee / new.gas ≥ 9/8 · old.fee / old.gas, cross-multiplied in 128 bits and compared
        // eightfold; the products of two 64-bit numbers leave no room, so they are split.
        let a = UInt128(rank.maxFee) * UInt128(old.gasLimit)
        let b = UInt128(old.maxFee.value) * UInt128(rank.gasLimit)
        let (eighth, remainder) = b.quotientAndRemainder(dividingBy: 8)
        let (needed, overflow) = b.addingReportingOverflow(eighth + (remainder > 0 ? 1 : 0))
        return !overflow && a >= needed
    }

    /// Evicts what offers least until the newcomer fits.
    private mutating func makeRoom(
        for rank: Rank, bytes: Int, replacing: Bool
    ) throws(MempoolError) {
        while byteCount + bytes > limits.bytes
            || (!replacing && entries.count >= limits.transactions)
        {
            while let last = order.last, entries[last.id]?.arrival != last.arrival {
                order.removeLast()
            }
            guard let worst = order.last, rank.precedes(worst), let entry = entries[worst.id] else {
                throw .poolFull
            }
            // The last of the lane goes, so that no gap opens before what stays.
            guard let victim = lanes[entry.lane]?.waiting.last?.id else {
                preconditionFailure("an entry stands in its lane: \(worst.id)")
            }
            spare(victim)
        }
    }

    /// Takes a transaction out of the pool that another node's pool may still have.
    private mutating func spare(_ id: Digest) {
        if let entry = entries[id] { spare.insert(entry.transaction.value) }
        remove(id)
    }

    private mutating func insert(_ entry: Entry, rank: Rank, next: UInt64) {
        let id = entry.transaction.value.id
        entries[id] = entry
        deadlines[entry.deadline, default: []].insert(id)
        // The door's height may lag behind the last finalized block's.
        expiredTo = min(expiredTo, entry.deadline.lowered(by: 1))
        byteCount += entry.bytes
        accountCounts[entry.lane.sender, default: 0] += 1
        if let source = entry.source {
            sourceBytes[source, default: 0] += entry.bytes
        }
        var queue = lanes[entry.lane] ?? LaneQueue(next: next, waiting: [])
        lanes[entry.lane] = nil
        queue.next = max(queue.next, next)
        let place =
            queue.waiting.firstIndex { $0.sequence > entry.sequence } ?? queue.waiting.endIndex
        queue.waiting.insert((entry.sequence, id), at: place)
        lanes[entry.lane] = queue
        refreshHead(of: entry.lane)
        order.insert(rank, at: insertionIndex(of: rank))
    }

    private func insertionIndex(of rank: Rank) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if rank.precedes(order[middle]) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    private mutating func remove(_ id: Digest) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        deadlines[entry.deadline]?.remove(id)
        if deadlines[entry.deadline]?.isEmpty == true { deadlines[entry.deadline] = nil }
        byteCount -= entry.bytes
        if let count = accountCounts[entry.lane.sender] {
            accountCounts[entry.lane.sender] = count > 1 ? count - 1 : nil
        }
        if let source = entry.source, let bytes = sourceBytes[source] {
            sourceBytes[source] = bytes > entry.bytes ? bytes - entry.bytes : nil
        }
        guard var queue = lanes[entry.lane] else {
            preconditionFailure("an entry stands in its lane: \(id)")
        }
        lanes[entry.lane] = nil
        queue.waiting.removeAll { $0.id == id }
        if !queue.waiting.isEmpty {
            lanes[entry.lane] = queue
        }
        refreshHead(of: entry.lane)
    }

    /// Follows a change of what waits in a lane or of its next sequence.
    private mutating func refreshHead(of lane: Lane) {
        let entry = lanes[lane].flatMap { waiting(in: $0, at: $0.next) }
        let id = entry?.transaction.value.id
        guard id != ready.head(of: lane) else { return }
        ready.remove(lane)
        guard let entry, let id else { return }
        ready.insert(
            ReadyLanes.Head(lane: lane, sequence: entry.sequence, id: id, deadline: entry.deadline),
            view: view(of: entry))
    }

    private func waiting(in queue: LaneQueue, at sequence: UInt64) -> Entry? {
        queue.waiting.first { $0.sequence == sequence }.flatMap { entries[$0.id] }
    }

    /// The view in which it came, as the views of this epoch count.
    private func view(of entry: Entry) -> View {
        entry.arrival < firstOfEpoch ? .zero : entry.view
    }

    // MARK: Blocks

    /// Candidates for a block, best price first and in sequence within each lane, that follow on
    /// what the unfinalized `ancestors` contain.
    ///
    /// A transaction that cannot use all of its gas limit after what those before it use at least
    /// is passed over, with what follows on it: it would have no room, and must not keep others
    /// out. What they really use only the ledger knows, so that it passes over some of these.
    ///
    /// - Parameters:
    ///   - byteLimit: of all candidates, of which there are as many as a block may have at most;
    ///     more than a block holds, so that it is filled where some have no room.
    ///   - gasLimit: of the block.
    /// - Complexity: O(transactions in the pool).
    public func candidates(
        after ancestors: [LaneAdvance], byteLimit: Int, gasLimit: UInt64, height: Height
    ) -> [Verified<SignedTransaction>] {
        var next: [Lane: UInt64] = [:]
        for advance in ancestors {
            next[Lane(sender: advance.sender, number: advance.lane)] = advance.nextSequence
        }
        var chosen: [Verified<SignedTransaction>] = []
        var bytes = 0
        var gasUsedMin: UInt64 = 0
        // A lane whose cheaper predecessor was met after its dearer successor continues from here.
        var passedOver: [Lane: [UInt64: Digest]] = [:]
        for rank in order where Self.hasRoom(rank.gasLimit, after: gasUsedMin, of: gasLimit) {
            var following = entries[rank.id].flatMap { $0.arrival == rank.arrival ? $0 : nil }
            while let entry = following {
                following = nil
                guard entry.transaction.value.transaction.validUntil >= height else { break }
                let expected = max(next[entry.lane] ?? 0, lanes[entry.lane]?.next ?? 0)
                guard entry.sequence >= expected else { break }
                guard entry.sequence == expected else {
                    passedOver[entry.lane, default: [:]][entry.sequence] =
                        entry.transaction.value.id
                    break
                }
                let limit = entry.transaction.value.transaction.gasLimit
                guard Self.hasRoom(limit, after: gasUsedMin, of: gasLimit) else { break }
                guard bytes + entry.bytes <= byteLimit,
                    chosen.count < Chain.Limits.blockTransactionsMax
                else { return chosen }
                chosen.append(entry.transaction)
                bytes += entry.bytes
                let least =
                    Chain.Limits.transactionGasMin
                    + UInt64(entry.bytes) * Chain.Limits.transactionByteGas
                gasUsedMin += min(limit, least)
                next[entry.lane] = expected + 1
                following = passedOver[entry.lane]?[expected + 1].flatMap { entries[$0] }
            }
        }
        return chosen
    }

    /// Whether all of a transaction's gas limit fits a block of which so much is used. A limit that
    /// no block has room for passes: the ledger drops it.
    private static func hasRoom(
        _ limit: UInt64, after used: UInt64, of blockLimit: UInt64
    ) -> Bool {
        limit > blockLimit || used <= blockLimit - limit
    }

    /// Whether a block after `ancestors` would contain anything that entered the pool in
    /// `oldestView` or later (consensus.md 2.8: what nobody includes must not hold up the pacing).
    ///
    /// - Complexity: O(ancestors, and heads of lanes that are past their deadline at `height`),
    ///   however much waits behind gaps.
    public func hasCandidates(
        after ancestors: [LaneAdvance], height: Height, oldestView: View
    ) -> Bool {
        guard !entries.isEmpty else { return false }
        var next: [Lane: UInt64] = [:]
        for advance in ancestors {
            next[Lane(sender: advance.sender, number: advance.lane)] = advance.nextSequence
        }
        let isHeadOffered = ready.contains(since: oldestView) { head in
            head.deadline >= height && next[head.lane] ?? 0 <= head.sequence
        }
        if isHeadOffered { return true }
        // Where the ancestors have moved a lane on, it continues from there.
        return ancestors.contains { advance in
            let lane = Lane(sender: advance.sender, number: advance.lane)
            guard let queue = lanes[lane], let expected = next[lane], expected > queue.next,
                let entry = waiting(in: queue, at: expected)
            else { return false }
            return entry.deadline >= height && view(of: entry) >= oldestView
        }
    }

    /// Views begin anew: what waits counts as if it had come in the first one.
    public mutating func beginEpoch() {
        firstOfEpoch = nextArrival
        ready.beginEpoch()
    }

    /// Lets go of what a finalized block contains and of what can no longer be included.
    ///
    /// - Complexity: O(transactions that go), and heights since the last block.
    public mutating func blockFinalized(
        _ transactions: [SignedTransaction], height: Height
    ) {
        for signed in transactions {
            recent.insert(signed.id)
            remove(signed.id)
            let content = signed.transaction
            let lane = Lane(sender: content.sender, number: content.lane)
            finalizedNext.raise(lane, to: content.sequence &+ 1)
            guard var queue = lanes[lane] else { continue }
            queue.next = max(queue.next, content.sequence &+ 1)
            lanes[lane] = queue
            for (sequence, id) in queue.waiting where sequence < queue.next {
                remove(id)
            }
            refreshHead(of: lane)
        }
        while expiredTo < height {
            expiredTo = deadlines.isEmpty ? height : expiredTo.advanced(by: 1)
            for id in deadlines[expiredTo]?.sorted() ?? [] {
                remove(id)
            }
        }
        sweepOrder()
    }

    /// Lets go of stale places once they are many, so that each costs the same however large the
    /// pool is.
    private mutating func sweepOrder() {
        let stale = order.count - entries.count
        guard stale > 256 + entries.count / 2 else { return }
        order.removeAll { entries[$0.id]?.arrival != $0.arrival }
    }

    /// Lets go of transactions that the ledger refused while a block was built.
    public mutating func drop(_ ids: [Digest]) {
        for id in ids {
            remove(id)
        }
        sweepOrder()
    }

    /// How many places the order of prices has, the stale ones with them.
    var placeCount: Int { order.count }

    /// Whether index, queues, order and counts describe the same transactions; for tests.
    public var isConsistent: Bool {
        let live = order.filter { entries[$0.id]?.arrival == $0.arrival }
        guard live.count == entries.count, Set(live.map(\.id)).count == entries.count else {
            return false
        }
        var bytes = 0
        for rank in live {
            guard let entry = entries[rank.id] else { return false }
            bytes += entry.bytes
            guard let queue = lanes[entry.lane],
                queue.waiting.filter({ $0.id == rank.id }).count == 1
            else { return false }
        }
        let heads = entries.values.count { $0.sequence == lanes[$0.lane]?.next }
        guard heads == ready.count else { return false }
        let due = deadlines.mapValues(\.count).values.reduce(0, +)
        return bytes == byteCount && due == entries.count
            && entries.values.allSatisfy { $0.deadline > expiredTo }
    }
}

/// How far the transactions of unfinalized blocks have moved one lane.
public struct LaneAdvance: Hashable, Sendable {
    public let sender: Address
    public let lane: UInt16
    public let nextSequence: UInt64

    public init(sender: Address, lane: UInt16, nextSequence: UInt64) {
        self.sender = sender
        self.lane = lane
        self.nextSequence = nextSequence
    }
}

import Chain
import Codec
import Cryptography
import Testing

@testable import Replica

@Suite struct MempoolTests {
    static func address(_ index: UInt64) -> Address {
        Address(Digest(.address, [UInt8(index & 0xFF), UInt8(index >> 8)]).bytes)
    }

    /// A transaction whose price is `fee` for 100 gas.
    static func transaction(
        _ sender: UInt64, _ sequence: UInt64, lane: UInt16 = 0, fee: UInt64 = 100,
        gas: UInt64 = 100, validUntil: UInt64 = 1_000, memo: Int = 0
    ) throws -> Verified<SignedTransaction> {
        let transaction = Transaction(
            chainID: try #require(ChainID("pool-tests")), sender: address(sender),
            sequence: sequence, lane: lane, validUntil: Height(validUntil), maxFee: Amount(fee),
            gasLimit: gas,
            actions: [.transfer(to: address(99), asset: .native, amount: Amount(1))],
            memo: [UInt8](repeating: 0, count: memo))
        return .restored(SignedTransaction(transaction: transaction, signatures: []))
    }

    static func facts(_ next: UInt64 = 0, source: PublicKey? = nil) -> AdmissionFacts {
        AdmissionFacts(nextSequence: next, source: source)
    }

    static func admit(
        _ pool: inout Mempool, _ transaction: Verified<SignedTransaction>,
        facts: AdmissionFacts = MempoolTests.facts()
    ) throws {
        try pool.admit(transaction, facts: facts, height: Height(10), view: View(1))
        #expect(pool.isConsistent)
    }

    static func sequences(_ pool: Mempool, after ancestors: [LaneAdvance] = []) -> [UInt64] {
        pool.candidates(
            after: ancestors, byteLimit: 1_000_000, gasLimit: .max, height: Height(11)
        ).map(\.value.transaction.sequence)
    }

    @Test func `the dearest goes first, then the earliest`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0, fee: 100))
        try Self.admit(&pool, Self.transaction(2, 0, fee: 300))
        try Self.admit(&pool, Self.transaction(3, 0, fee: 100))
        let senders = pool.candidates(
            after: [], byteLimit: 1_000_000, gasLimit: .max, height: Height(11)
        ).map(\.value.transaction.sender)
        #expect(senders == [Self.address(2), Self.address(1), Self.address(3)])
    }

    @Test func `prices are compared as fractions without rounding`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0, fee: .max - 1, gas: .max))
        try Self.admit(&pool, Self.transaction(2, 0, fee: .max, gas: .max))
        let first = pool.candidates(
            after: [], byteLimit: 1_000_000, gasLimit: .max, height: Height(11)
        ).first
        #expect(first?.value.transaction.sender == Self.address(2))
    }

    @Test func `a dear successor waits for its cheap predecessor and then follows at once`() throws
    {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 1, fee: 900))
        try Self.admit(&pool, Self.transaction(2, 0, fee: 500))
        try Self.admit(&pool, Self.transaction(1, 0, fee: 100))
        let order = pool.candidates(
            after: [], byteLimit: 1_000_000, gasLimit: .max, height: Height(11)
        ).map { ($0.value.transaction.sender, $0.value.transaction.sequence) }
        #expect(order.map(\.0) == [Self.address(2), Self.address(1), Self.address(1)])
        #expect(order.map(\.1) == [0, 0, 1])
    }

    @Test func `a gap holds back what lies behind it`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0))
        try Self.admit(&pool, Self.transaction(1, 2))
        #expect(Self.sequences(pool) == [0])
        try Self.admit(&pool, Self.transaction(1, 1))
        #expect(Self.sequences(pool) == [0, 1, 2])
    }

    @Test func `lanes do not wait for one another`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 5, lane: 1), facts: Self.facts(5))
        try Self.admit(&pool, Self.transaction(1, 0))
        #expect(Set(Self.sequences(pool)) == [0, 5])
    }

    @Test func `what unfinalized ancestors contain is not offered again`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0))
        try Self.admit(&pool, Self.transaction(1, 1))
        let ancestors = [LaneAdvance(sender: Self.address(1), lane: 0, nextSequence: 1)]
        #expect(Self.sequences(pool, after: ancestors) == [1])
        let all = [LaneAdvance(sender: Self.address(1), lane: 0, nextSequence: 2)]
        #expect(Self.sequences(pool, after: all) == [])
        #expect(!pool.hasCandidates(after: all, height: Height(11), oldestView: .zero))
        #expect(pool.hasCandidates(after: ancestors, height: Height(11), oldestView: .zero))
    }

    @Test func `what entered long ago no longer hurries the chain`() throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0))
        #expect(pool.hasCandidates(after: [], height: Height(11), oldestView: View(1)))
        #expect(!pool.hasCandidates(after: [], height: Height(11), oldestView: View(2)))
        // Views begin anew with each epoch.
        pool.beginEpoch()
        #expect(pool.hasCandidates(after: [], height: Height(11), oldestView: .zero))
        #expect(!pool.hasCandidates(after: [], height: Height(11), oldestView: View(1)))
    }

    @Test func `the same transaction is known while it waits and after it was included`() throws {
        var pool = Mempool()
        let transaction = try Self.transaction(1, 0)
        try Self.admit(&pool, transaction)
        #expect(throws: MempoolError.known) { try Self.admit(&pool, transaction) }
        pool.blockFinalized([transaction.value], height: Height(11))
        #expect(pool.count == 0)
        #expect(throws: MempoolError.known) { try Self.admit(&pool, transaction) }
    }

    @Test func `a lane goes on after its block although the door's state lags behind`() throws {
        var pool = Mempool()
        let first = try Self.transaction(1, 0)
        try Self.admit(&pool, first)
        pool.blockFinalized([first.value], height: Height(11))
        try Self.admit(&pool, Self.transaction(1, 1), facts: Self.facts(0))
        #expect(Self.sequences(pool) == [1])
    }

    @Test(arguments: [(4, false), (5, true), (68, true), (69, false)])
    func `a sequence is taken within the window of 64`(sequence: UInt64, isTaken: Bool) throws {
        var pool = Mempool()
        let transaction = try Self.transaction(1, sequence)
        if isTaken {
            try Self.admit(&pool, transaction, facts: Self.facts(5))
        } else {
            #expect(throws: MempoolError.self) {
                try Self.admit(&pool, transaction, facts: Self.facts(5))
            }
        }
        #expect(pool.count == (isTaken ? 1 : 0))
    }

    @Test(arguments: [(112, false), (113, true)])
    func `a replacement offers an eighth more, rounded up`(fee: UInt64, isTaken: Bool) throws {
        var pool = Mempool()
        try Self.admit(&pool, Self.transaction(1, 0, fee: 100))
        let replacement = try Self.transaction(1, 0, fee: fee, memo: 1)
        if isTaken {
            try Self.admit(&pool, replacement)
            #expect(pool.contains(replacement.value.id))
        } else {
            #expect(throws: MempoolError.replacementUnderpriced) {
                try Self.admit(&pool, replacement)
            }
        }
        #expect(pool.count == 1)
    }

    @Test func `an expired transaction is refused, and leaves when its height is past`() throws {
        var pool = Mempool()
        #expect(throws: MempoolError.self) {
            try Self.admit(&pool, Self.transaction(1, 0, validUntil: 10))
        }
        try Self.admit(&pool, Self.transaction(1, 0, validUntil: 11))
        pool.blockFinalized([], height: Height(11))
        #expect(pool.count == 0)
        #expect(pool.isConsistent)
    }

    @Test func `limits of an account and of a source are kept`() throws {
        var limits = Mempool.Limits()
        limits.perAccount = 3
        limits.bytes = 4_000
        var pool = Mempool(limits: limits)
        for lane in 0..<3 {
            try Self.admit(&pool, Self.transaction(1, 0, lane: UInt16(lane)))
        }
        #expect(throws: MempoolError.accountFull(limit: 3)) {
            try Self.admit(&pool, Self.transaction(1, 0, lane: 3))
        }
        let source = PublicKey([UInt8](repeating: 3, count: 32))
        var taken = 0
        #expect(throws: MempoolError.sourceFull) {
            for sender in 2..<40 {
                try Self.admit(
                    &pool, Self.transaction(UInt64(sender), 0),
                    facts: Self.facts(source: source))
                taken += 1
            }
        }
        #expect(taken > 0)
    }

    @Test func `SEC-55 a full pool lets the cheapest go, never for something cheaper`() throws {
        var limits = Mempool.Limits()
        limits.transactions = 3
        var pool = Mempool(limits: limits)
        try Self.admit(&pool, Self.transaction(1, 0, fee: 200))
        try Self.admit(&pool, Self.transaction(1, 1, fee: 900))
        try Self.admit(&pool, Self.transaction(2, 0, fee: 300))
        #expect(throws: MempoolError.poolFull) {
            try Self.admit(&pool, Self.transaction(3, 0, fee: 200))
        }
        try Self.admit(&pool, Self.transaction(3, 0, fee: 400))
        // The cheapest one's lane loses its last, so that what stays can be included.
        #expect(Self.sequences(pool).sorted() == [0, 0, 0])
    }

    @Test func `bytes and gas bound a block's candidates`() throws {
        var pool = Mempool()
        for sender in 1...5 {
            try Self.admit(&pool, Self.transaction(UInt64(sender), 0, gas: 100))
        }
        let size = try Self.transaction(1, 0).value.encodedByteCount
        let byBytes = pool.candidates(
            after: [], byteLimit: 3 * size, gasLimit: .max, height: Height(11))
        #expect(byBytes.count == 3)
        let byGas = pool.candidates(
            after: [], byteLimit: .max, gasLimit: 299, height: Height(11))
        #expect(byGas.count == 2)
    }

    @Test func `a gas limit that has no room after what others use keeps nobody out`() throws {
        var pool = Mempool()
        let block: UInt64 = 60_000_000
        // The dearest could use the whole block, each for itself.
        for sender in 1...40 as ClosedRange<UInt64> {
            try Self.admit(&pool, Self.transaction(sender, 0, fee: 600_000_000, gas: block))
        }
        try Self.admit(&pool, Self.transaction(41, 0, fee: 100_000, gas: 100_000))
        // The first one follows on what waits, the others on a limit that fits.
        try Self.admit(&pool, Self.transaction(2, 1, fee: 100_000, gas: 100_000))
        try Self.admit(&pool, Self.transaction(41, 1, fee: 100_000, gas: 100_000))
        func senders(gasLimit: UInt64) -> [Address] {
            pool.candidates(
                after: [], byteLimit: 1_000_000, gasLimit: gasLimit, height: Height(11)
            ).map(\.value.transaction.sender)
        }
        #expect(senders(gasLimit: block) == [1, 41, 41].map(Self.address))
        // Two have room if the first may use so little.
        #expect(senders(gasLimit: block + 20_000) == [1, 2, 41, 2, 41].map(Self.address))
        // Limits above the block's are for the ledger to drop.
        #expect(senders(gasLimit: block - 1).count == 43)
    }

    /// SEC-53: index and queues cannot disagree, whatever happens in whatever order.
    @Test(arguments: 0..<20)
    func `SEC-53 random operations leave every view of the pool equal`(seed: UInt64) throws {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % bound
        }
        var limits = Mempool.Limits()
        limits.transactions = 40
        limits.perLane = 8
        limits.perAccount = 20
        limits.remembered = 16
        var pool = Mempool(limits: limits)
        var chain: [UInt64: UInt64] = [:]
        var height: UInt64 = 10
        for _ in 0..<400 {
            switch next(10) {
            case 0:
                let chosen = pool.candidates(
                    after: [], byteLimit: 2_000, gasLimit: .max, height: Height(height + 1))
                for transaction in chosen {
                    let content = transaction.value.transaction
                    let key = next(1) + UInt64(content.lane)
                    chain[key] = max(chain[key] ?? 0, content.sequence)
                }
                height += 1
                pool.blockFinalized(chosen.map(\.value), height: Height(height))
                for transaction in chosen {
                    #expect(!pool.contains(transaction.value.id))
                }
            case 1:
                let chosen = pool.candidates(
                    after: [], byteLimit: 500, gasLimit: .max, height: Height(height + 1))
                pool.drop(chosen.map(\.value.id))
            default:
                let transaction = try Self.transaction(
                    next(6), next(10), lane: UInt16(next(3)), fee: 100 + next(200),
                    validUntil: height + 1 + next(6))
                _ = try? pool.admit(
                    transaction, facts: Self.facts(), height: Height(height), view: View(1))
            }
            #expect(pool.isConsistent)
            #expect(pool.count <= 40)
        }
    }

    @Test func `what lost its place is still known to proposals that name it`() throws {
        var pool = Mempool()
        let cheap = try Self.transaction(1, 0, fee: 100)
        let dear = try Self.transaction(1, 0, fee: 200)
        let late = try Self.transaction(1, 0, fee: 150)
        try Self.admit(&pool, cheap)
        try Self.admit(&pool, dear)
        #expect(throws: MempoolError.replacementUnderpriced) { try Self.admit(&pool, late) }
        for transaction in [cheap, dear, late] {
            #expect(pool.verified(transaction.value.id) == transaction.value)
        }
        #expect(pool.count == 1)
        #expect(pool.contains(dear.value.id))
    }

    @Test func `what can be in no block is not remembered`() throws {
        var pool = Mempool()
        let expired = try Self.transaction(1, 0, validUntil: 10)
        let past = try Self.transaction(1, 0)
        #expect(throws: MempoolError.self) { try Self.admit(&pool, expired) }
        #expect(throws: MempoolError.sequenceTooLow(next: 1)) {
            try Self.admit(&pool, past, facts: Self.facts(1))
        }
        #expect(pool.verified(expired.value.id) == nil)
        #expect(pool.verified(past.value.id) == nil)
    }

    @Test func `the memory of what lost its place has a limit, and the newest stay`() throws {
        var spare = SpareTransactions()
        let all = try (0..<30_000).map {
            try Self.transaction($0, 0, memo: Limits.memoBytesMax).value
        }
        let bytes = all.reduce(0) { $0 + $1.encodedByteCount }
        #expect(bytes > 2 * SpareTransactions.bytesMax)
        for transaction in all { spare.insert(transaction) }
        let kept = all.filter { spare[$0.id] != nil }
        let keptBytes = kept.reduce(0) { $0 + $1.encodedByteCount }
        #expect(keptBytes <= SpareTransactions.bytesMax)
        #expect(keptBytes >= SpareTransactions.bytesMax / 2 - 1_024)
        #expect(kept == Array(all.suffix(kept.count)))
    }
}

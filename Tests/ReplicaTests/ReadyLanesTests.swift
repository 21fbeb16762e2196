import Chain
import Codec
import Cryptography
import Testing

@testable import Replica

/// 2.8: whether there is something for a block, without a look at everything that waits.
@Suite struct ReadyLanesTests {
    /// The pool's contents as the test knows them, and the question answered by a look at all.
    struct Model {
        struct Waiting {
            let transaction: SignedTransaction
            var view: View
        }

        var waiting: [Waiting] = []
        /// The next sequences as the door's state has them.
        var chain: [Mempool.Lane: UInt64] = [:]

        static func lane(_ transaction: SignedTransaction) -> Mempool.Lane {
            Mempool.Lane(
                sender: transaction.transaction.sender, number: transaction.transaction.lane)
        }

        /// Everything that stands where its lane goes on, behind no gap.
        func hasCandidates(
            after ancestors: [LaneAdvance], height: Height, oldestView: View
        ) -> Bool {
            waiting.contains { entry in
                let lane = Model.lane(entry.transaction)
                var next = chain[lane] ?? 0
                for advance in ancestors
                where advance.sender == lane.sender && advance.lane == lane.number {
                    next = max(next, advance.nextSequence)
                }
                return entry.transaction.transaction.sequence == next
                    && entry.view >= oldestView
                    && entry.transaction.transaction.validUntil >= height
            }
        }

        /// What the pool let go of by itself is gone from here too.
        mutating func follow(_ pool: Mempool) {
            waiting.removeAll { !pool.contains($0.transaction.id) }
        }

        mutating func finalize(_ transactions: [SignedTransaction]) {
            for transaction in transactions {
                let lane = Model.lane(transaction)
                chain[lane] = max(chain[lane] ?? 0, transaction.transaction.sequence + 1)
            }
        }
    }

    struct Random {
        var state: UInt64

        mutating func next(_ bound: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % bound
        }
    }

    struct History: ~Copyable {
        var random: Random
        var pool: Mempool
        var model = Model()
        var height: UInt64 = 10
        var view: UInt64 = 1
        /// How often the answer was yes, and how often an admission made it so.
        var found = 0
        var began = 0

        init(seed: UInt64) {
            random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
            var limits = Mempool.Limits()
            limits.transactions = 40
            limits.perLane = 8
            limits.perAccount = 20
            limits.remembered = 1_024
            pool = Mempool(limits: limits)
        }

        /// Blocks that are not final yet, with the lanes' next transactions, waiting here or not.
        mutating func ancestors() -> [LaneAdvance] {
            var next = model.chain
            return (0..<random.next(4)).map { _ in
                let sender = MempoolTests.address(random.next(4))
                let lane = Mempool.Lane(sender: sender, number: UInt16(random.next(2)))
                let sequence = next[lane] ?? 0
                next[lane] = sequence + 1
                return LaneAdvance(
                    sender: sender, lane: lane.number, nextSequence: sequence + 1)
            }
        }

        mutating func step() throws {
            switch random.next(16) {
            case 0, 1: try finalize()
            case 2:
                let chosen = candidates(byteLimit: 400)
                pool.drop(chosen.map(\.id))
            case 3: view += 1 + random.next(3)
            case 4 where random.next(4) == 0:
                pool.beginEpoch()
                view = 0
                for index in model.waiting.indices { model.waiting[index].view = .zero }
            default: try admit()
            }
            model.follow(pool)
            #expect(pool.isConsistent)
            try compare()
        }

        private func candidates(byteLimit: Int) -> [SignedTransaction] {
            pool.candidates(
                after: [], byteLimit: byteLimit, gasLimit: .max, height: Height(height + 1)
            ).map(\.value)
        }

        /// A block of what waits here, or of what another node's pool had.
        private mutating func finalize() throws {
            var transactions = candidates(byteLimit: Int(random.next(2_000)))
            if random.next(2) == 0 {
                let sender = random.next(4)
                let lane = Mempool.Lane(sender: MempoolTests.address(sender), number: 0)
                if !transactions.contains(where: { Model.lane($0) == lane }) {
                    transactions.append(
                        try MempoolTests.transaction(
                            sender, model.chain[lane] ?? 0, fee: 1_000, memo: 3
                        ).value)
                }
            }
            height += 1
            pool.blockFinalized(transactions, height: Height(height))
            model.finalize(transactions)
        }

        /// A transaction anywhere in its window; it comes to stand first only if the pool says so.
        private mutating func admit() throws {
            let ancestors = ancestors()
            let oldest = View(view.subtractingReportingOverflow(random.next(4)).partialValue % 99)
            let before = pool.hasCandidates(
                after: ancestors, height: Height(height + 1), oldestView: oldest)
            let sender = random.next(4)
            let lane = Mempool.Lane(
                sender: MempoolTests.address(sender), number: UInt16(random.next(2)))
            let next = model.chain[lane] ?? 0
            let transaction = try MempoolTests.transaction(
                sender, next + random.next(6), lane: lane.number, fee: 100 + random.next(200),
                validUntil: height + 1 + random.next(6))
            let facts = AdmissionFacts(
                nextSequence: random.next(4) == 0 ? 0 : next, source: nil)
            let leads: Bool
            do throws(MempoolError) {
                leads = try pool.admit(
                    transaction, facts: facts, height: Height(height), view: View(view))
            } catch {
                return
            }
            model.waiting.append(
                Model.Waiting(transaction: transaction.value, view: View(view)))
            let after = pool.hasCandidates(
                after: ancestors, height: Height(height + 1), oldestView: oldest)
            guard after, !before else { return }
            began += 1
            // Nothing else needs to be asked whether there is work now.
            let follows = ancestors.contains {
                $0.sender == lane.sender && $0.lane == lane.number
                    && $0.nextSequence == transaction.value.transaction.sequence
            }
            #expect(leads || follows)
        }

        private mutating func compare() throws {
            for _ in 0..<4 {
                let ancestors = ancestors()
                let height = Height(height + 1 + random.next(3))
                let oldest = View(view > 3 ? view - random.next(4) : random.next(view + 1))
                let expected = model.hasCandidates(
                    after: ancestors, height: height, oldestView: oldest)
                let answer = pool.hasCandidates(
                    after: ancestors, height: height, oldestView: oldest)
                #expect(answer == expected)
                if answer { found += 1 }
            }
        }
    }

    @Test(arguments: 0..<40)
    func `random histories are judged as by a look at all that waits`(seed: UInt64) throws {
        var history = History(seed: seed)
        for _ in 0..<400 { try history.step() }
        let (found, began) = (history.found, history.began)
        #expect(found > 100)
        #expect(found < 1_500)
        #expect(began > 0)
    }

    /// They pay for nothing, so that they must cost nothing.
    @Test func `what waits behind gaps is never looked at`() throws {
        var pool = Mempool()
        for sender in 0..<100 as Range<UInt64> {
            for sequence in 1..<64 as Range<UInt64> {
                let leads = try pool.admit(
                    MempoolTests.transaction(sender, sequence), facts: MempoolTests.facts(),
                    height: Height(10), view: View(1))
                #expect(!leads)
            }
        }
        #expect(pool.count == 6_300)
        #expect(pool.ready.count == 0)
        // The one that fills a gap makes its lane ready, and only its lane.
        let leads = try pool.admit(
            MempoolTests.transaction(7, 0), facts: MempoolTests.facts(), height: Height(10),
            view: View(1))
        #expect(leads)
        #expect(pool.ready.count == 1)
        #expect(pool.hasCandidates(after: [], height: Height(11), oldestView: View(1)))
        // Its successor adds nothing to that.
        let follows = try pool.admit(
            MempoolTests.transaction(8, 0, lane: 1), facts: MempoolTests.facts(),
            height: Height(10), view: View(1))
        #expect(follows)
        #expect(
            try !pool.admit(
                MempoolTests.transaction(8, 1, lane: 1), facts: MempoolTests.facts(),
                height: Height(10), view: View(1)))
    }

    /// Each newcomer evicts one whose place in the order is not the last.
    @Test func `evictions between two blocks leave no places behind`() throws {
        var limits = Mempool.Limits()
        limits.transactions = 100
        var pool = Mempool(limits: limits)
        for sender in 0..<50 as Range<UInt64> {
            for (sequence, fee) in [(0, 100), (1, 100_000)] as [(UInt64, UInt64)] {
                try pool.admit(
                    MempoolTests.transaction(sender, sequence, fee: fee),
                    facts: MempoolTests.facts(), height: Height(10), view: View(1))
            }
        }
        for round in 0..<2_000 as Range<UInt64> {
            _ = try? pool.admit(
                MempoolTests.transaction(
                    60 + round % 40, 1 + round / 40 % 60, fee: 200_000 + round,
                    memo: Int(round % 7)),
                facts: MempoolTests.facts(), height: Height(10), view: View(1))
            #expect(pool.placeCount <= 100 + 256 + 50 + 1)
        }
        #expect(pool.count == 100)
        #expect(pool.isConsistent)
    }

    @Test func `what waits behind a gap is no work until the gap is filled`() throws {
        var node = try OneValidator()
        node.give(.start(blocks: []))
        node.give(
            .transaction(
                try MempoolTests.transaction(1, 1), MempoolTests.facts(), ticket: 1))
        let isPendingBehindGap = node.replica.isWorkPending
        #expect(!isPendingBehindGap)
        node.give(
            .transaction(
                try MempoolTests.transaction(1, 0), MempoolTests.facts(), ticket: 2))
        let isPending = node.replica.isWorkPending
        #expect(isPending)
        // An empty block may be under way.
        while node.committed.count < 3 { node.wait() }
        let builds = node.builds
        #expect(builds.contains { $0.candidates.count == 2 })
    }
}

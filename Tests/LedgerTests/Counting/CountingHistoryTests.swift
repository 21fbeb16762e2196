import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// Random histories of stake, representatives and votes, in the ledger and counted by hand
/// (governance.md 2). A failure prints its seed.
@Suite struct CountingHistoryTests {
    /// How many histories: `ALTHING_COUNTING_HISTORIES`, or few.
    private static var count: UInt64 {
        #if canImport(Glibc)
            // Safe because the environment is not changed while tests run.
            if let text = unsafe getenv("ALTHING_COUNTING_HISTORIES") {
                return UInt64(unsafe String(cString: text)) ?? 60
            }
        #endif
        return 60
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `random histories count each share once, to the unit`(part: UInt64) throws {
        for seed in (part * 1_000_000)..<(part * 1_000_000 + Self.count) {
            var history = try CountingHistory(seed: seed, isExact: false)
            let problem = try history.run()
            #expect(problem == nil, "seed \(seed)")
            if problem != nil { return }
        }
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func `random histories agree with tokens that are counted one by one`(part: UInt64) throws {
        for seed in (part * 1_000_000)..<(part * 1_000_000 + Self.count) {
            var history = try CountingHistory(seed: seed, isExact: true)
            let problem = try history.run()
            #expect(problem == nil, "seed \(seed)")
            if problem != nil { return }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `histories with room for two lots count the largest ones, to the unit`(
        part: UInt64
    ) throws {
        var waiting = 0
        for seed in (part * 1_000_000)..<(part * 1_000_000 + Self.count) {
            var history = try CountingHistory(seed: seed, isExact: false, lotSlots: 2)
            let problem = try history.run()
            #expect(problem == nil, "seed \(seed)")
            if problem != nil { return }
            waiting += history.seen.waiting
        }
        #expect(waiting > 100)
    }

    /// Swift seeds its hashes anew in each process, so that each run is another one.
    @Test func `G-R36 the same history of votes has the same root in every process`() throws {
        var roots: [String] = []
        for seed in 1...4 as ClosedRange<UInt64> {
            var history = try CountingHistory(seed: seed, isExact: false)
            #expect(try history.run() == nil)
            roots.append(history.root.hex)
        }
        #expect(roots == Self.recordedRoots)
    }

    private static let recordedRoots = [
        "c67b503a3793f0d72bcc9b39fb71f2771c8fd59349d8d60e903472e6fb3a2444",
        "31998e145eb53f26b83b4d353643a4f7d10f5d71cacbcce8e03e1db73ef42c93",
        "421d12037c039f217ad90d9ebfb67cd223d953af0ec1985703b959d6378777c5",
        "8c50d148b73a27b9304e650bfa327b61db2c20f0a5bcacb67b31937776372c12",
    ]

    @Test func `histories vote, lend, take back, change and refuse`() throws {
        var seen = CountingHistory.Seen()
        for seed in 0..<40 as Range<UInt64> {
            var history = try CountingHistory(seed: seed, isExact: false)
            _ = try history.run()
            seen.merge(history.seen)
        }
        #expect(seen.ballots > 100)
        #expect(seen.takenBack > 10)
        #expect(seen.receivedOnly > 5)
        #expect(seen.noPower > 5)
        #expect(seen.lots > 5)
        #expect(seen.deadGenerations > 0)
    }
}

/// One history. In an exact one nothing is earned or cut and all numbers are round, so that each
/// unit of stake can be a token with an owner.
struct CountingHistory {
    struct Seen {
        var ballots = 0
        var takenBack = 0
        var receivedOnly = 0
        var noPower = 0
        var lots = 0
        var deadGenerations = 0
        /// Lots that waited for a slot at the ends of blocks.
        var waiting = 0

        mutating func merge(_ other: Seen) {
            ballots += other.ballots
            takenBack += other.takenBack
            receivedOnly += other.receivedOnly
            noPower += other.noPower
            lots += other.lots
            deadGenerations += other.deadGenerations
        }
    }

    private var random: SeededGenerator
    private var world: CountingWorld
    private let isExact: Bool
    private(set) var seen = Seen()
    /// Tens of tokens that vote, by account, at the end of each block.
    private var tens: [UInt64: [UInt64]] = [:]

    init(
        seed: UInt64, isExact: Bool, lotSlots: Int = ReceivedSlots.countOfEach
    ) throws {
        var random = SeededGenerator(seed: seed)
        let warmUp: UInt64 = random.below(2) == 0 ? 0 : 2_500
        world = try CountingWorld(
            validators: 3, accounts: 5, warmUp: warmUp,
            selfBond: isExact ? 10 * (1 + random.next() % 8) : 1 + random.next() % (1 << 30),
            lotSlots: lotSlots)
        self.random = random
        self.isExact = isExact
    }

    mutating func run() throws -> String? {
        for _ in 0..<30 + random.below(30) {
            for _ in 0...random.below(3) {
                try step()
                if let problem = problem() { return problem }
            }
            if let problem = closeBlock() { return problem }
        }
        return world.sumsDifference()
    }

    /// The root of everything that the history left behind.
    var root: Digest {
        var state = world.stake.state
        return StateTree.apply(state.takeWrites(), version: 1, over: MemoryState()).tree.hash
    }

    private mutating func step() throws {
        do throws(Rejection) {
            if areSlotsFew, random.below(3) == 0 { return try moveToLot() }
            switch random.below(20) {
            case 0...5: try moveStake()
            case 6...9: try nameRepresentatives()
            case 10: if world.proposals.count < 6 { try submit() }
            case 11: try cutOrEarn()
            default: try vote()
            }
        } catch {
            switch error {
            case .governance(.noPower): seen.noPower += 1
            case .staking, .insufficientFunds, .governance(.notVoting): break
            default: throw error
            }
        }
    }

    private func problem() -> String? {
        for id in world.proposals {
            if let difference = world.difference(on: id) { return difference }
            if let difference = tokenDifference(on: id) { return difference }
        }
        return nil
    }

    private mutating func closeBlock() -> String? {
        tens[world.stake.height.value] = world.accounts.indices.map(bonded)
        if random.below(5) == 0 {
            world.endEpoch()
        } else {
            world.advance()
        }
        return problem() ?? orderProblem()
    }

    /// Where slots are few, everything about their order is looked at after each block.
    private mutating func orderProblem() -> String? {
        guard areSlotsFew else { return nil }
        let height = world.stake.height.lowered(by: 1).value
        guard let copy = world.copies[height] else { return "no copy of \(height)" }
        for account in world.accounts {
            for group in TopicGroup.allCases {
                let waiting = copy.waiting(for: account, group)
                let slots: ReceivedSlots? = world.state.read(
                    .representation(.receivedSlots(account, group)))
                guard slots?.refused == UInt32(waiting) else {
                    return "\(slots?.refused ?? 0) wait, by hand \(waiting)"
                }
                seen.waiting += waiting
            }
        }
        return world.sumsDifference()
    }

    // MARK: Steps

    private mutating func amount() -> UInt64 {
        if isExact { return 10 * UInt64(1 + random.below(9)) }
        let bits = UInt64(random.below(40))
        return 1 + random.next() % (1 << bits)
    }

    private mutating func moveStake() throws(Rejection) {
        let account = random.below(world.accounts.count)
        let validator = random.below(world.stake.validators.count)
        let target = world.stake.validators[validator]
        let holdings = world.stake.holdings(of: account)
        let part: StakeAmount = random.below(3) == 0 ? .all : .tokens(Amount(amount()))
        guard !holdings.isEmpty else {
            return try world.delegate(amount(), to: validator, by: account)
        }
        switch (random.below(8), random.pick(holdings)) {
        case (0...2, _):
            try world.delegate(amount(), to: validator, by: account)
        case (3, .place(let place)):
            try world.perform(.undelegate(from: place, amount: part), by: account)
        case (4...6, .place(let place)):
            try world.perform(
                .redelegate(from: place, to: target, amount: part), by: account)
            seen.lots += 1
        case (_, .place(.pool(let pool))):
            try world.perform(
                .setMode(validator: pool, random.below(2) == 0 ? .paying : .compounding),
                by: account)
        case (_, .bucket(let bucket)):
            try world.perform(.cancel(bucket, amount: part), by: account)
        default:
            try world.perform(.claim, by: account)
        }
    }

    private var areSlotsFew: Bool { world.lotSlots < ReceivedSlots.countOfEach }

    /// A part of a position, or all of it, goes to another validator.
    private mutating func moveToLot() throws(Rejection) {
        let account = random.below(world.accounts.count)
        let target = random.pick(world.stake.validators)
        let holdings = world.stake.holdings(of: account).filter {
            if case .place(let place) = $0 { place.validator != target } else { false }
        }
        guard !holdings.isEmpty else { return }
        let holding = random.pick(holdings)
        guard case .place(let place) = holding else { return }
        let worth = world.stake.worth(of: account, in: holding)
        guard worth > 0 else { return }
        let part = 1 + random.next() % worth
        try world.perform(
            .redelegate(
                from: place, to: target,
                amount: random.below(4) == 0 ? .all : .tokens(Amount(part))), by: account)
        seen.lots += 1
    }

    private mutating func group() -> TopicGroup {
        random.pick([.general, .general, .treasury, .protocol, .people])
    }

    private mutating func nameRepresentatives() throws(Rejection) {
        let account = random.below(world.accounts.count)
        var left = isExact ? 10 : 10_000
        var list: [(Int, UInt16)] = []
        for _ in 0..<random.below(5) where left > 0 {
            let other = random.below(world.accounts.count)
            guard other != account, !list.contains(where: { $0.0 == other }) else { continue }
            let weight = random.below(4) == 0 ? left : 1 + random.below(left)
            left -= weight
            list.append((other, UInt16(isExact ? 1_000 * weight : weight)))
        }
        try world.represent(account, by: list, group())
    }

    private mutating func submit() throws(Rejection) {
        let group = group()
        do {
            _ = try world.submit(group)
        } catch let error as Rejection {
            throw error
        } catch {
            preconditionFailure("a rejection: \(error)")
        }
    }

    private mutating func cutOrEarn() throws(Rejection) {
        guard !isExact else { return }
        let validator = random.below(world.stake.validators.count)
        guard random.below(2) == 0 else {
            return world.stake.reward(1 + random.next() % (1 << 20), to: validator)
        }
        let isAll = random.below(3) == 0
        let cut = Staking.slash(
            world.stake.validators[validator], for: world.stake.epoch,
            Billionths(isAll ? 1_000_000_000 : random.next() % 500_000_000),
            world.stake.clock, in: &world.stake.state)
        if isAll, cut.records > 0 { seen.deadGenerations += 1 }
        // The operator's bond begins the next generation.
        try? world.delegate(amount(), to: validator, by: validator)
    }

    private mutating func vote() throws(Rejection) {
        guard !world.proposals.isEmpty else { return }
        let id = random.pick(world.proposals)
        let account = random.below(world.accounts.count)
        var weights: [UInt16] = [0, 0, 0, 0]
        var left: UInt16 = 10_000
        while left > 0 {
            let part = random.below(2) == 0 ? left : 1 + UInt16(random.below(Int(left)))
            weights[random.below(4)] += part
            left -= part
        }
        try world.vote(
            account,
            BallotWeights(
                yes: weights[0], no: weights[1], abstain: weights[2], veto: weights[3]), on: id)
        seen.ballots += 1
        if let ballot = world.ballot(account, id), ballot.own == 0 { seen.receivedOnly += 1 }
        for event in world.stake.state.takeEvents() {
            if case .governance(.takenBack) = event { seen.takenBack += 1 }
        }
    }

    // MARK: Tokens

    /// What rests in pools and lots, in tens. Nothing is earned or cut in an exact history.
    private func bonded(_ account: Int) -> UInt64 {
        guard isExact else { return 0 }
        return world.stake.holdings(of: account).reduce(0) { sum, holding in
            guard case .place = holding else { return sum }
            return sum + world.stake.worth(of: account, in: holding) / 10
        }
    }

    /// Each token belongs to somebody who lends it to one or to nobody, and is counted where its
    /// owner voted, else where its borrower did, else nowhere.
    private func tokenDifference(on id: ProposalID) -> String? {
        guard isExact, let vote = world.proposal(id).vote,
            let copy = world.copies[vote.snapshot.value], let ballots = world.ballots[id.value],
            let tens = tens[vote.snapshot.value]
        else { return nil }
        let group = world.proposal(id).group
        let accounts = world.accounts
        let hasVoted = accounts.map { ballots[$0] != nil }
        var counted = [UInt64](repeating: 0, count: accounts.count)
        for (owner, count) in tens.enumerated() {
            var borrowers = [Int](repeating: owner, count: 10)
            var place = 0
            for representative in copy.representatives(of: accounts[owner], group) {
                let index = accounts.firstIndex(of: representative.account) ?? owner
                for _ in 0..<representative.weight / 1_000 {
                    borrowers[place] = index
                    place += 1
                }
            }
            for token in 0..<10 * count {
                let borrower = borrowers[Int(token % 10)]
                if hasVoted[owner] {
                    counted[owner] += 1
                } else if hasVoted[borrower] {
                    counted[borrower] += 1
                }
            }
        }
        var sums: [UInt64] = [0, 0, 0, 0]
        for (voter, weights) in ballots {
            let amounts = CountingCopy.split(
                accounts.firstIndex(of: voter).map { counted[$0] } ?? 0, weights)
            for option in 0..<4 { sums[option] += amounts[option] }
        }
        let tally = [vote.tally.yes, vote.tally.no, vote.tally.abstain, vote.tally.veto]
        return tally == sums ? nil : "the tally of \(id) is \(tally), in tokens \(sums)"
    }
}

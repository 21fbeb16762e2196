import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Representatives and votes (governance.md 2), with numbers that can be followed by hand.
///
/// Accounts 0 to 2 are the validators; 3 to 7 are the others.
@Suite struct RepresentationTests {
    private static let alice = 3
    private static let bob = 4
    private static let carol = 5
    private static let dave = 6

    /// Alice has 1,000, bob 500 and carol 300 of 5,000; each validator has a bond of 1,000.
    private func world(warmUp: UInt64 = 0) throws -> CountingWorld {
        var world = try CountingWorld(warmUp: warmUp)
        try world.delegate(1_000, to: 0, by: Self.alice)
        try world.delegate(500, to: 1, by: Self.bob)
        try world.delegate(300, to: 2, by: Self.carol)
        return world
    }

    // MARK: Lending

    @Test func `a representative votes with what it was lent, and its client takes it back`()
        throws
    {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 6_000), (Self.carol, 3_000)])
        let id = try world.open()
        try world.vote(Self.bob, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_100))
        #expect(world.ballot(Self.bob, id)?.own == 500)
        #expect(world.ballot(Self.bob, id)?.received == 600)
        try world.vote(Self.carol, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_100, no: 600))

        try world.vote(Self.alice, .allVeto, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500, no: 300, veto: 1_000))
        #expect(world.ballot(Self.bob, id)?.received == 0)
        let events = world.stake.state.events
        #expect(
            events.contains(
                .governance(
                    .takenBack(
                        id, representative: world.accounts[Self.bob],
                        by: world.accounts[Self.alice], power: 600,
                        amounts: BallotAmounts(yes: 500)))))
        // What it took back stays with it when it changes its mind, and so does what bob has left.
        try world.vote(Self.alice, .allYes, on: id)
        try world.vote(Self.bob, .allAbstain, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_000, no: 300, abstain: 500))
        #expect(world.difference(on: id) == nil)
    }

    @Test func `a client that votes first leaves its representatives nothing`() throws {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 10_000)])
        let id = try world.open()
        try world.vote(Self.alice, .allNo, on: id)
        try world.vote(Self.bob, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500, no: 1_000))
        #expect(world.difference(on: id) == nil)
    }

    @Test func `who has received power alone may vote, until it is taken back`() throws {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.dave, 10_000)])
        let id = try world.open()
        try world.vote(Self.dave, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_000))
        try world.vote(Self.alice, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(no: 1_000))
        let noPower = Rejection.governance(
            .noPower(
                voter: world.accounts[Self.dave],
                snapshot: try #require(world.proposal(id).vote?.snapshot)))
        #expect(throws: noPower) { try world.vote(Self.dave, .allYes, on: id) }
        let next = try world.open()
        try world.vote(Self.alice, .allNo, on: next)
        #expect(throws: Rejection.self) { try world.vote(Self.dave, .allYes, on: next) }
        #expect(world.tally(next) == BallotAmounts(no: 1_000))
        #expect(world.proposal(next).vote?.ballots == 1)
    }

    @Test func `what is lent for one topic counts for no other`() throws {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 10_000)], .treasury)
        let text = try world.open()
        let spend = try world.open(.treasury)
        try world.vote(Self.bob, .allYes, on: text)
        try world.vote(Self.bob, .allYes, on: spend)
        #expect(world.tally(text) == BallotAmounts(yes: 500))
        #expect(world.tally(spend) == BallotAmounts(yes: 1_500))
    }

    @Test func `representation is not passed on, and circles are harmless`() throws {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 10_000)])
        try world.represent(Self.bob, by: [(Self.carol, 10_000)])
        try world.represent(Self.carol, by: [(Self.alice, 10_000)])
        let id = try world.open()
        // Bob's own stake is with carol, but not what alice lends to bob.
        try world.vote(Self.carol, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 800))
        try world.vote(Self.bob, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 300, no: 1_500))
        try world.vote(Self.alice, .allVeto, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 300, no: 500, veto: 1_000))
        #expect(world.difference(on: id) == nil)
    }

    @Test func `the order of votes does not change the tally`() throws {
        var tallies: Set<BallotAmounts> = []
        let weights = [
            Self.alice: BallotWeights(yes: 3_333, no: 3_333, abstain: 3_334),
            Self.bob: .allNo, Self.carol: BallotWeights(yes: 1, veto: 9_999),
            Self.dave: .allAbstain,
        ]
        for order in permutations(of: [Self.alice, Self.bob, Self.carol, Self.dave]) {
            var world = try world()
            try world.represent(
                Self.alice, by: [(Self.bob, 3_333), (Self.carol, 3_333), (Self.dave, 1_111)])
            try world.represent(Self.bob, by: [(Self.alice, 777), (Self.dave, 9_001)])
            try world.represent(Self.carol, by: [(Self.dave, 1)])
            let id = try world.open()
            for voter in order { try? world.vote(voter, .allYes, on: id) }
            for voter in order { try? world.vote(voter, weights[voter] ?? .allNo, on: id) }
            #expect(world.difference(on: id) == nil)
            tallies.insert(world.tally(id))
        }
        #expect(tallies.count == 1)
    }

    @Test func `parts are rounded down each, and all of them together are not above the whole`()
        throws
    {
        var world = try CountingWorld()
        try world.delegate(7, to: 0, by: Self.alice)
        try world.represent(
            Self.alice,
            by: [(Self.bob, 3_333), (Self.carol, 3_333), (Self.dave, 3_333), (7, 1)])
        let id = try world.open()
        // 2.3331 each; what the last one and nobody have is far below one.
        for voter in [Self.bob, Self.carol, Self.dave] {
            try world.vote(voter, .allYes, on: id)
            #expect(world.ballot(voter, id)?.power == 2)
        }
        #expect(throws: Rejection.self) { try world.vote(7, .allYes, on: id) }
        try world.vote(Self.alice, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(no: 6))
    }

    // MARK: Rows of governance.md 7

    @Test func `G-R1 ballots stay when a proposal's class would be another one now`() throws {
        var world = try world()
        let id = try world.open(.treasury)
        try world.vote(Self.alice, .allYes, on: id)
        let row = try #require(world.proposal(id).vote?.row)
        // The treasury has a thousandth of what it had: the same spend would be of another row.
        world.stake.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000))
        world.advance()
        try world.vote(Self.bob, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_000, no: 500))
        #expect(world.proposal(id).vote?.row == row)
        #expect(world.proposal(id).vote?.ballots == 2)
    }

    @Test(arguments: [1, 40])
    func `G-R2 a close writes the same few records whatever the number of ballots`(
        voters: Int
    ) throws {
        var world = GovernanceWorld(powers: [UInt64](repeating: 10, count: 50))
        let id = try world.openProposal()
        for voter in 0..<voters { try world.vote(voter, .allYes, on: id) }
        let before = world.state.writtenByteCount
        world.advance(by: 20_000)
        #expect(world.status(id).isFinal || world.status(id) == .queued)
        #expect(world.state.writtenByteCount - before < 4_000)
    }

    @Test func `G-R6 stake and representatives of after the snapshot do not count`() throws {
        var world = try world(warmUp: 1_500)
        for _ in 0..<4 { world.endEpoch() }
        try world.delegate(10_000, to: 0, by: Self.dave)
        try world.delegate(10_000, to: 0, by: Self.bob)
        try world.represent(Self.alice, by: [(Self.carol, 10_000)])
        let early = try world.open()
        try world.vote(Self.bob, .allYes, on: early)
        try world.vote(Self.carol, .allNo, on: early)
        #expect(world.tally(early) == BallotAmounts(yes: 500, no: 300))
        #expect(throws: Rejection.self) { try world.vote(Self.dave, .allYes, on: early) }
        for _ in 0..<3 { world.endEpoch() }
        let late = try world.open()
        try world.vote(Self.bob, .allYes, on: late)
        try world.vote(Self.carol, .allNo, on: late)
        try world.vote(Self.dave, .allAbstain, on: late)
        #expect(world.tally(late) == BallotAmounts(yes: 10_500, no: 1_300, abstain: 10_000))
        #expect(world.difference(on: early) == nil)
        #expect(world.difference(on: late) == nil)
    }

    @Test func `G-R8 stake counts once whatever is redelegated and lent anew during the vote`()
        throws
    {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 5_000)])
        let id = try world.open()
        try world.vote(Self.bob, .allYes, on: id)
        let pool = StakePlace.pool(world.stake.validators[0])
        try world.perform(
            .redelegate(from: pool, to: world.stake.validators[1], amount: .all), by: Self.alice)
        try world.represent(Self.alice, by: [(Self.carol, 10_000)])
        try world.delegate(5_000, to: 0, by: Self.alice)
        world.advance()
        try world.vote(Self.carol, .allNo, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 1_000, no: 300))
        try world.vote(Self.alice, .allVeto, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500, no: 300, veto: 1_000))
        #expect(world.difference(on: id) == nil)
        // The next vote sees the lot, with carol.
        let next = try world.open()
        try world.vote(Self.carol, .allYes, on: next)
        #expect(world.tally(next) == BallotAmounts(yes: 6_300))
        #expect(world.sumsDifference() == nil)
    }

    @Test func `G-R40 naming somebody a representative takes nothing from him`() throws {
        var world = try world()
        try world.represent(Self.bob, by: [(Self.carol, 2_000)])
        let alone = try world.open()
        for client in [0, 1, 2, Self.alice, Self.carol] {
            try world.represent(client, by: [(Self.bob, 10_000)])
        }
        let id = try world.open()
        // Its own power, and whom it lends it to, are what they were.
        let group = TopicGroup.general
        for proposal in [alone, id] {
            let snapshot = try #require(world.proposal(proposal).vote?.snapshot)
            let own = VotingPower.own(
                of: world.accounts[Self.bob], group: group, at: snapshot, in: world.state)
            #expect(own == 500)
            let lent = VotingPower.lent(
                by: world.accounts[Self.bob], group: group, at: snapshot, in: world.state)
            #expect(lent.map(\.power) == [100])
        }
        // Everybody else votes, and bob still has its own.
        for client in [0, 1, 2, Self.alice, Self.carol] {
            try world.vote(client, .allNo, on: id)
        }
        try world.vote(Self.bob, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500, no: 4_300))
        #expect(world.difference(on: id) == nil)
    }

    @Test func `G-R41 shares of a dead generation have no vote, lent or not`() throws {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 4_000)])
        _ = Staking.slash(
            world.stake.validators[0], for: world.stake.epoch, .whole, world.stake.clock,
            in: &world.stake.state)
        try world.delegate(2_000, to: 0, by: 0)
        world.advance()
        let id = try world.open()
        #expect(throws: Rejection.self) { try world.vote(Self.alice, .allYes, on: id) }
        try world.vote(Self.bob, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500))
        // Shares of the new generation are lent and vote as any.
        try world.delegate(100, to: 0, by: Self.alice)
        let next = try world.open()
        try world.vote(Self.bob, .allYes, on: next)
        #expect(world.tally(next) == BallotAmounts(yes: 540))
        try world.vote(Self.alice, .allNo, on: next)
        #expect(world.tally(next) == BallotAmounts(yes: 500, no: 100))
        #expect(world.difference(on: next) == nil)
        #expect(world.sumsDifference() == nil)
    }

    // MARK: Bad input

    @Test func `oneself, five, duplicates, nothing and more than all are refused`() throws {
        var world = try world()
        let people = [Self.alice, Self.bob, Self.carol, Self.dave, 7]
        let five = people.map { ($0, UInt16(100)) }
        let cases: [([(Int, UInt16)], GovernanceRejection)] = [
            (Array(five), .tooManyRepresentatives(5)),
            ([(0, 100)], .representsItself),
            ([(4, 1), (4, 2)], .duplicateRepresentative(world.accounts[4])),
            ([(4, 0)], .representativeWithoutWeight(world.accounts[4])),
            ([(4, 9_999), (5, 2)], .representativeWeights(sum: 10_001)),
            ([(4, .max), (5, .max)], .representativeWeights(sum: 131_070)),
        ]
        for (list, rejection) in cases {
            let before = world.state.writtenByteCount
            #expect(throws: Rejection.governance(rejection)) {
                try world.represent(0, by: list)
            }
            #expect(world.state.writtenByteCount == before)
            #expect(rejection.code.hasPrefix("gov."))
            #expect(!rejection.hint.isEmpty)
            #expect(!rejection.mayBeCuredByWaiting)
        }
        try world.represent(0, by: [(4, 9_999), (5, 1)])
    }

    @Test func `an empty list removes, and leaves nothing behind`() throws {
        var world = try world()
        let alice = world.accounts[Self.alice]
        try world.represent(Self.alice, by: [(Self.bob, 6_000)])
        #expect(world.state.contains(.representation(.representatives(alice))))
        try world.represent(Self.alice, by: [])
        #expect(!world.state.contains(.representation(.representatives(alice))))
        #expect(world.sumsDifference() == nil)
        #expect(world.state.firstEntry(in: .received) == nil)
        let id = try world.open()
        try world.vote(Self.bob, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500))
    }

    // MARK: Bounds

    /// So many others name bob, each with a lot of its own, and all of one size.
    private struct Crowd {
        var world: CountingWorld
        let bob: Address

        init(_ world: CountingWorld, count: Int) throws {
            self.world = world
            bob = world.accounts[RepresentationTests.bob]
            for number in 0..<count { try name(number) }
            for number in 0..<count { try add(2, number) }
        }

        func other(_ number: Int) -> Address {
            Address(
                [UInt8](repeating: 0xee, count: 30) + [UInt8(number >> 8), UInt8(number & 0xff)])
        }

        private func context(_ number: Int) -> ActionContext {
            ActionContext(
                sender: other(number), block: world.stake.block, rules: world.stake.rules)
        }

        private func lot(_ number: Int) -> LotID {
            LotID(
                validator: world.stake.validators[0],
                origin: StakeOrigin(
                    validator: world.stake.validators[1], exit: Epoch(UInt64(number))))
        }

        mutating func name(_ number: Int) throws {
            let list = [Representative(account: bob, weight: 10_000)]
            try Representation.set(
                RepresentationAction(group: .general, representatives: list), context(number),
                in: &world.stake.state)
        }

        mutating func add(_ tokens: UInt64, _ number: Int) throws {
            try world.stake.state.credit(ModuleAccounts.bondedPool, Amount(tokens))
            try Staking.deposit(
                tokens, of: other(number), into: lot(number), at: world.stake.height,
                in: &world.stake.state)
        }

        mutating func leave(_ tokens: StakeAmount, _ number: Int) throws {
            _ = try Staking.withdraw(
                tokens, of: other(number), from: .lot(lot(number)), at: world.stake.height,
                in: &world.stake.state)
        }

        mutating func vote(_ number: Int, on id: ProposalID) throws {
            try Governance.cast(
                BallotCast(
                    proposal: id, contentHash: world.proposal(id).contentHash, weights: .allNo),
                context(number), in: &world.stake.state)
        }

        var refused: UInt32? {
            let slots: ReceivedSlots? = world.state.read(
                .representation(.receivedSlots(bob, .general)))
            return slots?.refused
        }

        var problems: [InvariantViolation] { Representation.violations(in: world.state) }
    }

    private static let room = ReceivedSlots.countOfEach

    @Test func `places beyond the slots do not count with the representative, but with the owner`()
        throws
    {
        var world = try world()
        try world.represent(Self.alice, by: [(Self.bob, 10_000)])
        try world.delegate(1_000_000, to: 0, by: Self.alice)
        var crowd = try Crowd(world, count: Self.room + 3)
        #expect(crowd.refused == 3)
        #expect(crowd.problems == [])
        let id = try crowd.world.open()
        try crowd.world.vote(Self.bob, .allYes, on: id)
        let counted = UInt64(2 * Self.room)
        #expect(crowd.world.tally(id) == BallotAmounts(yes: 500 + 1_001_000 + counted))
        // One that counts and one that does not take their parts back: of lots of one size those
        // with later exits count.
        for number in [Self.room + 1, 0] {
            try crowd.vote(number, on: id)
            #expect(crowd.world.tally(id).yes == 500 + 1_001_000 + counted - 2)
        }
        #expect(crowd.world.tally(id).no == 4)
    }

    @Test func `a larger lot takes the slot of the smallest, from its own block on`() throws {
        var crowd = try Crowd(try world(), count: Self.room)
        #expect(crowd.refused == 0)
        let counted = UInt64(2 * Self.room)
        let early = try crowd.world.open()
        // One that holds more comes after so much dust.
        let late = Self.room + 7
        try crowd.name(late)
        try crowd.add(1_000, late)
        #expect(crowd.refused == 1)
        #expect(crowd.problems == [])
        let id = try crowd.world.open()
        for proposal in [early, id] { try crowd.world.vote(Self.bob, .allYes, on: proposal) }
        #expect(crowd.world.tally(early) == BallotAmounts(yes: 500 + counted))
        #expect(crowd.world.tally(id) == BallotAmounts(yes: 500 + counted - 2 + 1_000))
        // The smallest, of the earliest exit, counted then and votes for itself now.
        for proposal in [early, id] { try crowd.vote(0, on: proposal) }
        #expect(crowd.world.tally(early) == BallotAmounts(yes: 500 + counted - 2, no: 2))
        #expect(crowd.world.tally(id) == BallotAmounts(yes: 500 + counted - 2 + 1_000, no: 2))
        try crowd.vote(late, on: id)
        #expect(crowd.world.tally(id) == BallotAmounts(yes: 500 + counted - 2, no: 1_002))
        #expect(crowd.problems == [])
    }

    @Test func `what waits gets a slot as one of the larger ones shrinks or goes`() throws {
        var crowd = try Crowd(try world(), count: Self.room + 2)
        #expect(crowd.refused == 2)
        // Of those that wait the one with the later exit comes first.
        try crowd.leave(.tokens(Amount(1)), 100)
        #expect(crowd.refused == 2)
        #expect(crowd.problems == [])
        let id = try crowd.world.open()
        try crowd.leave(.all, 101)
        #expect(crowd.refused == 1)
        try crowd.leave(.all, 102)
        #expect(crowd.refused == 0)
        #expect(crowd.problems == [])
        let next = try crowd.world.open()
        try crowd.leave(.all, 103)
        #expect(crowd.refused == 0)
        let last = try crowd.world.open()
        for id in [id, next, last] { try crowd.world.vote(Self.bob, .allYes, on: id) }
        let counted = UInt64(2 * Self.room)
        #expect(crowd.world.tally(id).yes == 500 + counted)
        #expect(crowd.world.tally(next).yes == 500 + counted - 1)
        #expect(crowd.world.tally(last).yes == 500 + counted - 3)
        // 100 waited at the first snapshot, and at the next one it had a slot again.
        for id in [id, next] { try crowd.vote(100, on: id) }
        #expect(crowd.world.tally(id) == BallotAmounts(yes: 500 + counted, no: 1))
        #expect(crowd.world.tally(next) == BallotAmounts(yes: 500 + counted - 2, no: 1))
        #expect(crowd.problems == [])
    }
}

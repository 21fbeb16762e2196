import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// R34: what becomes of ballots when nobody needs them any more.
@Suite struct RetentionTests {
    private static let period = Retention.developmentPeriod

    /// Everything that governance has stored.
    private func entries(_ world: GovernanceWorld) -> [StateEntry] {
        (0..<UInt8(64)).flatMap {
            world.state.entries(in: StateKeyRange(.governance, kind: $0), limit: .max)
        }
    }

    private func bytes(_ world: GovernanceWorld) -> Int {
        entries(world).reduce(0) { $0 + $1.key.count + $1.value.count }
    }

    private func ballots(_ world: GovernanceWorld, _ id: ProposalID) -> Int {
        world.state.entries(in: .ballots(of: id), limit: .max).count
    }

    @Test func `G-R34 after the retention the state is what it was, but for a receipt`() throws {
        var world = GovernanceWorld(powers: [UInt64](repeating: 10, count: 40))
        let first = try world.openProposal()
        try world.vote(0, .allYes, on: first)
        world.advance(by: 20_000)
        let before = bytes(world)
        let id = try world.submit(title: "Long", body: String(repeating: "text ", count: 1_000))
        world.advance()
        for voter in 0..<40 { try world.vote(voter, .allNo, on: id, reason: "because") }
        let tally = world.tally(id)
        let end = try #require(world.proposal(id).vote?.end)
        world.advance(to: end)
        #expect(world.status(id) == .rejected)
        #expect(bytes(world) - before > 5_000)

        world.advance(by: Self.period - 1)
        #expect(ballots(world, id) == 40)
        world.advance(by: 1)
        #expect(ballots(world, id) == 0)
        let receipt = world.proposal(id)
        #expect(receipt.isReceipt)
        #expect(receipt.status == .rejected)
        #expect(receipt.outcome == ProposalOutcome(tally: tally, totalPower: 400))
        // The one before became a receipt of its own, which is smaller than it was.
        let grown = bytes(world) - before
        #expect(grown <= 220, "\(grown) bytes")
        let view = try #require(GovernanceQueries.proposal(id, over: committed(world)))
        #expect(view.content == nil)
        #expect(view.tally == tally)
        #expect(GovernanceQueries.ballots(of: id, limit: 9, over: committed(world)).isEmpty)
    }

    private func committed(_ world: GovernanceWorld) -> MemoryState {
        var state = world.state
        var memory = MemoryState()
        memory.apply(StateTree.apply(state.takeWrites(), version: 1, over: memory))
        return memory
    }

    @Test func `a receipt with its index has about 200 bytes`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        world.advance()
        let before = bytes(world)
        world.advance(by: Self.period)
        #expect(world.proposal(id).isReceipt)
        #expect(bytes(world) < before)
        let size = entries(world)
            .filter { $0.key.count > 3 && $0.key[2] != 3 }
            .reduce(0) { $0 + $1.key.count + $1.value.count }
        #expect(size <= 260, "\(size) bytes")
    }

    @Test func `no block removes more than 256 records, and the next one goes on`() throws {
        var world = GovernanceWorld()
        let first = try world.openProposal()
        let second = try world.openProposal()
        for id in [first, second] {
            try world.vote(0, .allYes, on: id)
            for number in 1..<300 {
                let voter = Address(
                    [UInt8(number >> 8), UInt8(number & 0xff)] + [UInt8](repeating: 3, count: 30))
                world.state.write(
                    .ballot(id, voter),
                    Ballot(
                        weights: .allYes, own: 0, amounts: .zero, height: Height(1), reason: ""))
            }
        }
        world.advance(by: 20_000)
        world.advance()
        var left = ballots(world, first) + ballots(world, second)
        #expect(left == 600)
        world.advance(by: Self.period)
        var blocks = 1
        while blocks < 10 {
            let now = ballots(world, first) + ballots(world, second)
            #expect(left - now <= Retention.recordsPerBlock)
            #expect(left > now)
            left = now
            if left == 0 { break }
            world.advance()
            blocks += 1
        }
        #expect(blocks == 3)
        world.advance()
        #expect(world.proposal(first).isReceipt)
        #expect(world.proposal(second).isReceipt)
    }

    @Test func `what was not claimed stays claimable, what was destroyed goes`() throws {
        var world = GovernanceWorld()
        let rejected = try world.openProposal()
        let vetoed = try world.openProposal()
        try world.vote(0, .allYes, on: rejected)
        try world.vote(1, .allNo, on: rejected)
        try world.vote(2, .allNo, on: rejected)
        for voter in 0..<4 { try world.vote(voter, .allVeto, on: vetoed) }
        world.advance(by: 20_000)
        world.advance()
        #expect(world.status(rejected) == .rejected)
        #expect(world.status(vetoed) == .vetoed)
        world.advance(by: Self.period)
        world.advance()
        #expect(world.proposal(rejected).isReceipt)
        #expect(world.proposal(vetoed).isReceipt)
        #expect(world.state.entries(in: .deposits(of: vetoed), limit: 9).isEmpty)
        #expect(world.state.entries(in: .deposits(of: rejected), limit: 9).count == 1)
        let before = world.balance(world.voters[0])
        try world.claim(rejected, by: world.voters[0])
        #expect(world.balance(world.voters[0]) == before + 10_000_000)
        #expect(world.proposal(rejected).deposit.depositors == 0)
        #expect(world.state.entries(in: .deposits(of: rejected), limit: 9).isEmpty)
        #expect(world.proposal(rejected).isReceipt)
        #expect(throws: Rejection.governance(.nothingToClaim(rejected))) {
            try world.claim(rejected, by: world.voters[0])
        }
        #expect(throws: Rejection.self) { try world.vote(0, .allYes, on: rejected) }
        #expect(world.isSound)
    }

    @Test func `what lives is never touched, and an end without a vote leaves a receipt too`()
        throws
    {
        var world = GovernanceWorld()
        let waiting = try world.submit(deposit: Amount(2_000_000))
        try world.cancel(waiting, by: world.voters[0])
        let open = try world.openProposal([.set("gov.textPeriod", 36_000_000)])
        try world.vote(0, .allYes, on: open)
        world.advance(by: 10_000)
        #expect(!world.proposal(waiting).isReceipt)
        world.advance(by: Self.period)
        world.advance(by: Self.period)
        #expect(world.proposal(waiting).isReceipt)
        #expect(world.proposal(waiting).status == .cancelled)
        #expect(Retention.period(of: .main) == 90 * 86_400_000)
        #expect(Retention.period(of: .test) == 90 * 86_400_000)
    }

    // MARK: The horizon (staking.md 5)

    @Test func `the past is kept for votes that are open, and trimmed after them`() throws {
        var world = try CountingWorld()
        try world.delegate(1_000, to: 0, by: 3)
        try world.represent(3, by: [(4, 5_000)])
        let id = try world.open()
        let snapshot = try #require(world.proposal(id).vote?.snapshot)
        for _ in 0..<10 {
            try world.delegate(1, to: 0, by: 3)
            world.stake.now -= StakeWorld.epochMilliseconds - 10
            world.endEpoch()
        }
        #expect(Staking.horizon(in: world.state) <= snapshot)
        try world.vote(4, .allYes, on: id)
        #expect(world.tally(id) == BallotAmounts(yes: 500))
        let slots = StateKeyRange.receivedTraces(of: world.accounts[4], .general)
        let many = world.state.entries(in: slots, limit: .max).count
        #expect(many > 9)

        world.advance(by: 20_000)
        for _ in 0..<8 {
            world.endEpoch()
            try world.delegate(1, to: 0, by: 3)
        }
        #expect(Staking.horizon(in: world.state) > snapshot)
        #expect(world.state.entries(in: slots, limit: .max).count < many)
        let next = try world.open()
        try world.vote(4, .allYes, on: next)
        #expect(world.difference(on: next) == nil)
    }

    @Test func `the past is kept as long as the escrow of a slash`() throws {
        var world = try CountingWorld()
        try world.delegate(1_000_000, to: 0, by: 3)
        for _ in 0..<3 { world.endEpoch() }
        let height = world.stake.height
        let cut = Staking.slash(
            world.stake.validators[0], for: world.stake.epoch, Billionths(100_000_000),
            world.stake.clock, in: &world.stake.state)
        Staking.hold(
            cut, of: world.stake.validators[0], for: world.stake.epoch,
            holders: height.lowered(by: 1), reporter: nil, world.stake.clock,
            in: &world.stake.state)
        for _ in 0..<6 { world.endEpoch() }
        #expect(Staking.horizon(in: world.state) == height.lowered(by: 1))
        world.stake.now += Staking.escrowPeriod(.development)
        Staking.releaseEscrows(world.stake.block, rules: world.stake.rules, in: &world.stake.state)
        world.endEpoch()
        #expect(Staking.horizon(in: world.state) > height)
    }

    @Test func `a longer warm-up never reaches back to what is forgotten`() throws {
        var world = try CountingWorld(warmUp: 1_000)
        try world.delegate(1_000, to: 0, by: 3)
        for _ in 0..<8 {
            try world.delegate(1, to: 0, by: 3)
            world.endEpoch()
        }
        let horizon = Staking.horizon(in: world.state)
        #expect(horizon > .genesis)
        #expect(Staking.snapshot(at: world.stake.block, warmUp: 60_000, in: world.state) == horizon)
    }
}

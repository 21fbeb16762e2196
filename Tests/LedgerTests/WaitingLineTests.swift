import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Who opens while a track's line waits (governance.md 1 and 5).
@Suite struct WaitingLineTests {
    private static let day = Milliseconds.day

    /// Votes of this track take 30 days, and five of them may be open.
    private func world() throws -> GovernanceWorld {
        var parameters = Parameters.development
        try parameters.set("gov.paramPeriod", to: .integer(30 * Self.day))
        return GovernanceWorld(parameters: parameters)
    }

    private let change = [Action.set("staking.minDelegation", 2)]

    /// A new asset needs one of five places; what it spends besides needs one of the first three.
    private func greedy(_ symbol: String = "gold") -> [Action] {
        let asset = AssetCreation(
            name: "Gold", asset: Asset(symbol: symbol, decimals: 2), mintAuthority: .governance,
            allotments: [])
        return [.createAsset(asset), .pay(50_000_000)]
    }

    private func status(
        _ ids: [ProposalID], in world: GovernanceWorld
    ) -> [ProposalStatus] {
        ids.map { world.status($0) }
    }

    @Test func `a head that needs more free places lets others go first`() throws {
        var world = try world()
        let first = try (0..<3).map { _ in try world.submit(change) }
        world.advance()
        #expect(status(first, in: world) == [.voting, .voting, .voting])
        let head = try world.submit(greedy())
        #expect(world.proposal(head).track == world.proposal(first[0]).track)
        let next = try (0..<3).map { _ in try world.submit(change) }
        world.advance()
        #expect(world.status(head) == .deposit)
        #expect(status(next, in: world) == [.voting, .voting, .deposit])
        #expect(world.isSound)
    }

    @Test func `nobody is passed for ever`() throws {
        var world = try world()
        for _ in 0..<3 { try world.submit(change) }
        world.advance()
        let head = try world.submit(greedy())
        let quarter = Governance.waitingPeriod / 4
        let since = world.block.timestamp
        // In the last millisecond, and not one later.
        world.advance(to: since.advanced(by: quarter - 2))
        let early = try world.submit(change)
        world.advance()
        #expect(world.status(early) == .voting)
        let late = try world.submit(change)
        world.advance()
        #expect(status([head, late], in: world) == [.deposit, .deposit])
        world.advance(by: Self.day)
        #expect(status([head, late], in: world) == [.deposit, .deposit])
        // The first three end, and both have room.
        world.advance(by: 15 * Self.day)
        #expect(status([head, late], in: world) == [.voting, .voting])
        #expect(world.isSound)
    }

    @Test func `a few that find no place are passed in one block and no more`() throws {
        var world = try world()
        for _ in 0..<3 { try world.submit(change) }
        world.advance()
        for number in 0..<3 {
            try world.submit(greedy("gold\(number)"))
        }
        let behind = try world.submit(change)
        world.advance()
        #expect(world.status(behind) == .voting)
        try world.submit(greedy("silver"))
        let last = try world.submit(change)
        world.advance()
        #expect(world.status(last) == .deposit)
    }
}

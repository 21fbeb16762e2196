import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// The keys that a state was asked for, and the ranges.
private final class AskedKeys {
    var keys: [[UInt8]] = []
    var ranges: [(lower: [UInt8], upper: [UInt8])] = []
}

/// A state that remembers what it is asked.
private struct WatchedState: StateReader {
    let base: MemoryState
    let asked = AskedKeys()

    var root: TreeRoot { base.root }

    func node(_ key: NodeKey) -> [UInt8]? { base.node(key) }

    func value(for key: [UInt8]) -> [UInt8]? {
        asked.keys.append(key)
        return base.value(for: key)
    }

    func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
        asked.ranges.append((lower, upper))
        return base.firstEntry(from: lower, to: upper)
    }
}

/// How a vote ends, and what it costs the block.
@Suite struct ClosingCostTests {
    enum Ending: CaseIterable {
        case passed, withoutQuorum, rejected, vetoed, burned
    }

    private struct Cost: Hashable {
        var asked: [[UInt8]]
        var written: [[UInt8]]
        var bytes: UInt64
    }

    /// A vote that is due, with so many ballots besides those that decide, so many depositors, and
    /// so many signers and retracted parts.
    private func world(_ ending: Ending, many: Int) throws -> (GovernanceWorld, ProposalID) {
        var world = GovernanceWorld(powers: [40, 30, 20, 10])
        let id = try world.openProposal()
        func vote(_ votes: [BallotWeights]) throws {
            for (voter, weights) in votes.enumerated() { try world.vote(voter, weights, on: id) }
        }
        switch ending {
        case .passed: try vote([.allYes])
        case .withoutQuorum: break
        case .rejected: try vote([.allYes, .allNo, .allNo])
        case .vetoed: try vote([.allYes, .allVeto])
        case .burned: try vote([.allNo, .allNo])
        }
        for number in 0..<many {
            let account = Address(
                [UInt8](repeating: 7, count: 30) + [UInt8(number >> 8), UInt8(number & 0xff)])
            world.state.write(
                .ballot(id, account),
                Ballot(weights: .allYes, own: 0, amounts: .zero, height: Height(1), reason: ""))
            world.state.write(.representation(.retracted(id, account)), UInt64(1))
            world.state.write(.deposit(id, account), Amount(1))
            world.state.write(.decision(.petition(id, .reopen, account)), UInt64(1))
        }
        var proposal = world.proposal(id)
        proposal.vote?.ballots = UInt64(many)
        world.state.write(.proposal(id), proposal)
        return (world, id)
    }

    /// What the block that closes the vote asks the state for, and what it writes.
    private func cost(_ ending: Ending, many: Int) throws -> Cost {
        var (world, id) = try world(ending, many: many)
        let isOpen = world.status(id) == .voting
        #expect(isOpen)
        var base = MemoryState()
        base.apply(StateTree.apply(world.state.takeWrites(), version: 1, over: base))
        let watched = WatchedState(base: base)
        var state = State(over: watched)
        var block = world.block
        block.timestamp = block.timestamp.advanced(by: 20_000)
        block.height = block.height.advanced(by: 1)
        Governance.beginBlock(&state, block: block, rules: world.rules)
        let closed: Proposal? = state.read(.proposal(id))
        #expect(closed?.status != .voting)
        let perVoter: [StateKeyRange] = [
            .ballots(of: id), .retracted(of: id), .deposits(of: id), .petitions(of: id),
        ]
        for range in perVoter {
            let isAsked = watched.asked.ranges.contains { asked in
                asked.lower.lexicographicallyPrecedes(range.upper)
                    && range.lower.lexicographicallyPrecedes(asked.upper)
            }
            #expect(!isAsked, "a close scans what each voter has")
            let isRead = watched.asked.keys.contains { key in
                !key.lexicographicallyPrecedes(range.lower)
                    && key.lexicographicallyPrecedes(range.upper)
            }
            #expect(!isRead, "a close reads what a voter has")
        }
        let bytes = state.writtenByteCount
        return Cost(
            asked: watched.asked.keys + watched.asked.ranges.map(\.lower),
            written: state.takeWrites().map(\.key), bytes: bytes)
    }

    /// That no key of a ballot is looked at makes the number of ballots no part of the costs; that
    /// it is the same list of keys is seen besides.
    @Test(arguments: Ending.allCases)
    func `G-R2 a close touches the same records with ten ballots and with thousands`(
        ending: Ending
    ) throws {
        let few = try cost(ending, many: 10)
        #expect(few.asked.count < 120)
        #expect(few.written.count < 16)
        for many in [0, 3_000] {
            let cost = try cost(ending, many: many)
            #expect(cost == few)
        }
    }
}

import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// An execution that fails at first.
@Suite struct ExecutionRetryTests {
    /// Spends of 60 % of the treasury each: the first is executed, the others fail.
    private func failed(
        _ world: inout GovernanceWorld, count: Int = 1
    ) throws -> [ProposalID] {
        let ids = try (0...count).map { _ in try world.submit([.pay(600_000_000)]) }
        world.advance()
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        while ids.dropFirst().contains(where: { world.proposal($0).failure == nil }) {
            world.advance()
        }
        #expect(world.status(ids[0]) == .executed)
        return Array(ids.dropFirst())
    }

    private func refill(_ world: inout GovernanceWorld) {
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000_000_000))
        let taken = world.balance(world.outsider)
        world.state.write(
            .balance(world.outsider, .native), Amount(taken - 600_000_000))
    }

    @Test func `a failure keeps the proposal queued with its error`() throws {
        var world = GovernanceWorld()
        let id = try failed(&world)[0]
        let failure = try #require(world.proposal(id).failure)
        #expect(world.status(id) == .queued)
        #expect(failure.attempts == 1)
        #expect(failure.reason.code == "bank.insufficient_funds")
        #expect(failure.height == world.block.height)
        let eta = try #require(world.proposal(id).eta)
        #expect(failure.until == eta.advanced(by: world.rules.parameters.executionWindow))
        #expect(
            world.state.events.contains(
                .governance(
                    .decision(id, .executionFailed(code: "bank.insufficient_funds")))))
        // No block but the first of an epoch tries again by itself.
        for _ in 0..<5 { world.advance() }
        #expect(world.proposal(id).failure == failure)
    }

    @Test func `an epoch's start tries again and succeeds if the cause is gone`() throws {
        var world = GovernanceWorld()
        let id = try failed(&world)[0]
        refill(&world)
        world.advance()
        #expect(world.status(id) == .queued)
        world.advance(hasNewEpoch: true)
        #expect(world.status(id) == .executed)
        #expect(world.balance(GovernanceWorld.address(50)) == 1_200_000_000)
        try world.claim(id, by: world.voters[0])
        #expect(world.isSound)
    }

    @Test func `three epoch starts try again and the fourth does not`() throws {
        var world = GovernanceWorld()
        let id = try failed(&world)[0]
        for attempts in 2...4 {
            world.advance(hasNewEpoch: true)
            #expect(world.proposal(id).failure?.attempts == UInt8(attempts))
        }
        refill(&world)
        world.advance(hasNewEpoch: true)
        #expect(world.status(id) == .queued)
        #expect(world.proposal(id).failure?.attempts == 4)
        try world.perform(.executeProposal(id), by: world.outsider)
        #expect(world.status(id) == .executed)
    }

    @Test func `two are tried again in each block in the order of their ids`() throws {
        var world = GovernanceWorld(treasury: 1_000_000_000)
        var parameters = world.rules.parameters
        try parameters.set("gov.constitutionPlaces", to: .integer(10))
        world.state.write(.parameters, parameters)
        world.advance()
        let ids = try (0..<6).map { _ in try world.submit([.pay(600_000_000)]) }
        for _ in 0..<2 { world.advance() }
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 21_000)
        world.advance(by: 6_000)
        for _ in 0..<4 { world.advance() }
        func attempts() -> [UInt8] {
            ids.dropFirst().map { world.proposal($0).failure?.attempts ?? 0 }
        }
        #expect(attempts() == [1, 1, 1, 1, 1])
        world.advance(hasNewEpoch: true)
        #expect(attempts() == [2, 2, 1, 1, 1])
        world.advance()
        #expect(attempts() == [2, 2, 2, 2, 1])
        world.advance()
        #expect(attempts() == [2, 2, 2, 2, 2])
        world.advance()
        #expect(attempts() == [2, 2, 2, 2, 2])
    }

    @Test func `what fails in an epoch's first block waits for the next epoch`() throws {
        var world = GovernanceWorld()
        let ids = try (0..<2).map { _ in try world.submit([.pay(600_000_000)]) }
        world.advance()
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance(by: 5_000, hasNewEpoch: true)
        for _ in 0..<3 { world.advance() }
        #expect(world.proposal(ids[1]).failure?.attempts == 1)
        world.advance(hasNewEpoch: true)
        #expect(world.proposal(ids[1]).failure?.attempts == 2)
    }

    @Test func `until the window's last millisecond somebody may execute it`() throws {
        var world = GovernanceWorld()
        let id = try failed(&world)[0]
        let until = try #require(world.proposal(id).failure).until
        world.advance(to: until.lowered(by: 1))
        let error = #expect(throws: Rejection.self) {
            try world.perform(.executeProposal(id), by: world.outsider)
        }
        #expect(error?.code == "bank.insufficient_funds")
        #expect(world.proposal(id).failure?.attempts == 1)
        refill(&world)
        var other = world
        try other.perform(.executeProposal(id), by: other.outsider)
        #expect(other.status(id) == .executed)
        #expect(throws: Rejection.governance(.decision(.notExecutable(id)))) {
            try other.perform(.executeProposal(id), by: other.outsider)
        }

        world.advance(to: until)
        #expect(world.status(id) == .failed)
        #expect(world.reason(id).hasPrefix("bank.insufficient_funds"))
        #expect(throws: Rejection.governance(.decision(.notExecutable(id)))) {
            try world.perform(.executeProposal(id), by: world.outsider)
        }
        try world.claim(id, by: world.voters[0])
        // Nothing of it is left in an index.
        #expect(world.state.firstEntry(in: .retries) == nil)
        #expect(world.state.firstEntry(in: .snapshots) == nil)
        for _ in 0..<3 { world.advance(by: 1_000_000, hasNewEpoch: true) }
        #expect(world.status(id) == .failed)
    }

    @Test func `nobody executes what was not tried`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal()
        for _ in 0..<2 {
            #expect(throws: Rejection.governance(.decision(.notExecutable(id)))) {
                try world.perform(.executeProposal(id), by: world.outsider)
            }
            if world.status(id) == .voting {
                try world.vote(0, .allYes, on: id)
                world.advance(by: 20_000)
                #expect(world.status(id) == .queued)
            }
        }
        #expect(throws: Rejection.governance(.unknownProposal(ProposalID(9)))) {
            try world.perform(.executeProposal(ProposalID(9)), by: world.outsider)
        }
    }

    @Test func `a guard that is false at a retry expires the proposal`() throws {
        var world = GovernanceWorld()
        let condition = ProposalCondition.heightAtMost(world.block.height.advanced(by: 5))
        let ids = [
            try world.submit([.pay(600_000_000)]),
            try world.submit([.pay(600_000_000)], conditions: [condition]),
        ]
        world.advance()
        for id in ids { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.proposal(ids[1]).failure != nil)
        for _ in 0..<3 { world.advance() }
        try world.perform(.executeProposal(ids[1]), by: world.outsider)
        #expect(world.status(ids[1]) == .expired)
        #expect(world.reason(ids[1]).hasPrefix("gov.condition_false"))
        try world.claim(ids[1], by: world.voters[0])
    }

    /// What is broken in the state so that a step of a proposal must fail there (R3).
    enum Fault: CaseIterable {
        case firstPayment, lastPayment, parameter, invariant
    }

    @Test(arguments: Fault.allCases)
    func `G-R3 an error at any action fails that proposal alone`(fault: Fault) throws {
        var world = GovernanceWorld()
        let actions: [Action] =
            fault == .parameter
            ? [.set("gov.depositPeriod", 700_000), .set("gov.textPeriod", 8_000)]
            : [.pay(600_000_000), .pay(1)]
        let broken = try world.submit(actions)
        let healthy = try world.submit([.set("staking.minDelegation", 2_000_000)])
        world.advance()
        for id in [broken, healthy] { try world.vote(0, .allYes, on: id) }
        world.advance(by: 20_000)
        switch fault {
        case .firstPayment:
            world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(599_999_999))
        case .lastPayment:
            world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(600_000_000))
        case .parameter:
            // The change was valid when it was voted on, not with the other values of now.
            var parameters = world.rules.parameters
            try parameters.set("gov.textConfirm", to: .integer(5_000))
            world.state.write(.parameters, parameters)
        case .invariant:
            world.state.write(.balance(ModuleAccounts.depositEscrow, .native), Amount(1))
        }
        world.advance(by: 5_000)
        #expect(world.status(broken) == .queued)
        #expect(world.proposal(broken).failure != nil)
        #expect(world.balance(GovernanceWorld.address(50)) == 0)
        #expect(world.rules.parameters.depositPeriod == 600_000)
        if fault != .invariant { #expect(world.status(healthy) == .executed) }
        world.advance(by: world.rules.parameters.executionWindow, hasNewEpoch: true)
        world.advance()
        #expect(world.status(broken) == .failed)
        #expect(world.proposal(broken).deposit.refund == .all)
        #expect(world.rules.parameters.row(.text).period == 20_000)
    }
}

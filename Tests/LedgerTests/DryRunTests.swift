import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct DryRunTests {
    private let recipient = GovernanceWorld.address(50)

    @Test func `a submission stores what would change`() throws {
        var world = GovernanceWorld()
        let id = try world.submit([.pay(1_000)])
        let run = world.dryRun(id)
        #expect(run.failure == nil)
        #expect(run.falseGuard == nil)
        #expect(run.height == world.block.height)
        #expect(run.gas > 0)
        #expect(
            run.changes.contains(
                .balance(recipient, asset: .native, from: .zero, to: Amount(1_000))))
        #expect(
            run.changes.contains(
                .balance(
                    ModuleAccounts.treasury, asset: .native, from: Amount(1_000_000_000),
                    to: Amount(999_999_000))))
        #expect(run.changesOmitted == 0)
        // Nothing of it happened.
        #expect(world.balance(recipient) == 0)
        #expect(world.isSound)
    }

    @Test func `a change of a parameter is shown as old and new`() throws {
        var world = GovernanceWorld()
        let id = try world.submit([.set("gov.spendSmallDelay", 7_200_000)])
        #expect(
            world.dryRun(id).changes == [
                .parameter(
                    name: "gov.spendSmallDelay", from: .integer(5_000), to: .integer(7_200_000))
            ])
        let text = try world.submit()
        #expect(world.dryRun(text).changes == [])
        #expect(world.dryRun(text).digest != world.dryRun(id).digest)
    }

    @Test func `the execution does what the last dry run showed`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal([.set("gov.spendSmallDelay", 7_200_000)])
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        let before = world.dryRun(id)
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)
        let after = world.dryRun(id)
        #expect(after.changes == before.changes)
        #expect(after.digest == before.digest)
        #expect(after.gas == before.gas)
        #expect(after.height == world.block.height)
    }

    @Test func `a submission that fails today is refused with its reason`() throws {
        // Everything but the limiter is fine: 3 % of 100 tokens is below the spends.
        var world = GovernanceWorld(treasury: 1_000_000_000_000)
        try world.submit([.pay(1_000_000_000)])
        world.state.write(
            .decision(
                .outflow(.native, day: world.now / Milliseconds.day)), Amount(29_999_999_999))
        let error = #expect(throws: Rejection.self) { try world.submit([.pay(1_000_000_000)]) }
        #expect(error?.code == "gov.outflow_limit")
        #expect(GovernanceQueries.lastProposal(in: world.state) == ProposalID(1))
    }

    @Test func `G-R11 a spend to an account that nobody used is flagged`() throws {
        // R11.
        var world = GovernanceWorld()
        let unknown = try world.submit([.pay(1), .pay(2)])
        #expect(world.dryRun(unknown).flags == .unknownRecipient)
        #expect(world.dryRun(unknown).unknownRecipients == [recipient])
        let known = try world.submit([.pay(1, to: world.outsider)])
        #expect(world.dryRun(known).flags == [])
        // It is known once it has tokens or a record.
        world.state.write(.balance(recipient, AssetID(3)), Amount(1))
        let owner = try world.submit([.pay(1)])
        #expect(world.dryRun(owner).flags == [])
        world.state.remove(.balance(recipient, AssetID(3)))
        world.state.write(.account(recipient), Account(sequence: 1, authority: .module(9)))
        let user = try world.submit([.pay(1)])
        #expect(world.dryRun(user).flags == [])
    }

    @Test func `a dry run that begins to fail raises a flag and tells it once`() throws {
        var world = GovernanceWorld()
        let id = try world.openProposal([.pay(600_000_000, to: world.outsider)])
        #expect(world.dryRun(id).flags == [])
        // The treasury shrinks behind its back.
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000))
        _ = world.state.takeEvents()
        world.advance(hasNewEpoch: true)
        #expect(world.dryRun(id).flags == .failing)
        #expect(world.dryRun(id).failure?.code == "bank.insufficient_funds")
        #expect(world.dryRun(id).changes == [])
        let told = Event.governance(.decision(id, .flagsChanged(.failing)))
        #expect(world.state.takeEvents().filter { $0 == told }.count == 1)
        world.advance(hasNewEpoch: true)
        #expect(world.state.takeEvents().filter { $0 == told }.isEmpty)
        world.state.write(.balance(ModuleAccounts.treasury, .native), Amount(1_000_000_000))
        world.advance(hasNewEpoch: true)
        #expect(world.dryRun(id).flags == [])
        #expect(
            world.state.takeEvents().contains(.governance(.decision(id, .flagsChanged([])))))
    }

    @Test func `a guard that becomes false raises a flag`() throws {
        var world = GovernanceWorld()
        let change = Action.set("gov.textPeriod", 30_000)
        let ids = [try world.submit([change]), try world.submit([change])]
        world.advance()
        try world.vote(0, .allYes, on: ids[0])
        try world.vote(0, .allYes, on: ids[1])
        world.advance(by: 19_999)
        var parameters = world.rules.parameters
        try parameters.set("gov.textPeriod", to: .integer(40_000))
        world.state.write(.parameters, parameters)
        world.advance(by: 1)
        // At queueing.
        #expect(ids.map { world.status($0) } == [.queued, .queued])
        #expect(ids.map { world.dryRun($0).flags } == [.falseGuard, .falseGuard])
        #expect(world.dryRun(ids[0]).falseGuard?.code == "gov.expected_differs")
        #expect(world.dryRun(ids[0]).failure == nil)
    }

    @Test func `one block makes four dry runs and the next ones the rest`() throws {
        var world = GovernanceWorld()
        let ids = try (0..<9).map { _ in try world.submit() }
        // Four open in each block; each opening makes a dry run.
        for _ in 0..<3 { world.advance() }
        #expect(ids.map { world.status($0) } == [ProposalStatus](repeating: .voting, count: 9))
        world.advance()
        let before = world.block.height
        world.advance(hasNewEpoch: true)
        func fresh() -> Int { ids.filter { world.dryRun($0).height > before }.count }
        #expect(fresh() == 4)
        world.advance()
        #expect(fresh() == 8)
        world.advance()
        #expect(fresh() == 9)
        let done = ids.map { world.dryRun($0) }
        for _ in 0..<5 { world.advance() }
        #expect(ids.map { world.dryRun($0) } == done)
    }

    @Test func `the opening makes a dry run`() throws {
        var world = GovernanceWorld()
        let id = try world.submit()
        let submitted = world.dryRun(id).height
        world.advance()
        #expect(world.status(id) == .voting)
        #expect(world.dryRun(id).height == submitted.advanced(by: 1))
    }

    @Test func `too many changes are counted and not kept`() {
        let changes = (0..<100).map {
            DryRunChange.proposal(ProposalID(UInt64($0)), from: .queued, to: .cancelled)
        }
        let run = DryRun(
            height: Height(1), timestamp: Timestamp(1), gas: 1, failure: nil, falseGuard: nil,
            unknownRecipients: [], digest: .zero, changes: changes)
        #expect(run.changes.count == DryRun.changesMax)
        #expect(run.changesOmitted == 36)
    }

    @Test func `what a branch changed is what differs at its end`() {
        var state = State(over: MemoryState())
        state.write(.lastProposal, ProposalID(1))
        state.beginRecording()
        state.checkpoint()
        state.write(.depositsTotal, Amount(1))
        state.revert()
        state.write(.lastProposal, ProposalID(2))
        state.write(.lastProposal, ProposalID(1))
        state.write(.supply(.native), Amount(5))
        state.write(.supply(.native), Amount(6))
        #expect(
            state.recordedChanges() == [
                RecordedChange(
                    key: StateKey.supply(.native).bytes, old: nil, new: Amount(6).encoded())
            ])
        state.endRecording()
    }

    @Test func `actions that use more gas than a proposal may are undone`() throws {
        // 10 M gas are 500,000 bytes.
        let world = GovernanceWorld()
        var state = world.state
        var gas = GasSchedule.proposalLimit - 1
        let error = #expect(throws: Rejection.self) {
            try Enactment.perform(
                [.pay(1)], of: ProposalID(1), at: world.block, gas: &gas, in: &state)
        }
        #expect(error == .outOfGas(limit: GasSchedule.proposalLimit))
    }
}

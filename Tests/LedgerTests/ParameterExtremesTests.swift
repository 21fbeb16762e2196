import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// SEC-14: no value of any parameter stops the chain, whether it is refused or applied.
@Suite struct ParameterExtremesTests {
    private static func values(
        of id: ParameterID, now: ParameterValue
    ) -> [ParameterValue] {
        let numbers: [UInt64] = [0, 1, 2, 3, 1 << 20, 1 << 32, 1 << 62, 1 << 63, .max - 1, .max]
        let halves: [UInt32] = [0, 1, 2, .max - 1, .max]
        var values = numbers.map { ParameterValue.integer($0) }
        for numerator in halves {
            for denominator in halves {
                values.append(.ratio(numerator: numerator, denominator: denominator))
            }
        }
        if case .integer(let number) = now {
            values += [number, number &+ 1, number &- 1].map { .integer($0) }
        }
        switch id.definition.bounds {
        case .integer(let range, let least):
            for number in [range.lowerBound, range.upperBound, least] {
                values.append(.integer(number))
                values.append(.integer(number &+ 1))
                values.append(.integer(number &- 1))
            }
        case .ratio(let least, let most):
            values.append(ParameterValue(least))
            values.append(ParameterValue(most))
        }
        return values
    }

    /// Epochs of two blocks, so that every block is the first or the last of one.
    private func chain(epochLength: UInt64 = 2) throws -> TestChain {
        TestChain(
            try EpochWorld(validators: 2, epochLength: epochLength) {
                try $0.set("staking.minValidators", to: .integer(1))
            }.genesis)
    }

    /// What the check at submission and the one at execution say of changes; they agree. The state
    /// is the one after.
    private func apply(
        _ changes: [ParameterChange], to chain: inout TestChain
    ) -> Bool {
        let actions = changes.map { Action.setParameter($0) }
        let block = chain.context
        let isPrepared =
            (try? Enactment.prepared(actions, at: block, in: State(over: chain.state))) != nil
        var isApplied = false
        chain.edit { state in
            state.checkpoint()
            do throws(Rejection) {
                var gas: UInt64 = 0
                try Enactment.perform(
                    actions, of: ProposalID(1), at: block, gas: &gas, in: &state)
                state.commit()
                isApplied = true
            } catch {
                // What fails is a step that does nothing.
                state.revert()
            }
        }
        #expect(isPrepared == isApplied)
        return isApplied
    }

    /// Blocks with a transfer and a proposal, over two ends of epochs.
    private func goOn(
        _ chain: inout TestChain, _ name: String, to epoch: Epoch = Epoch(2)
    ) throws {
        for _ in 0..<3 {
            let people = EpochWorld.people
            var candidates: [SignedTransaction] = []
            for (index, action) in actions().enumerated() {
                let sender = people[index]
                let sequence = Queries.account(sender.address, over: chain.state).sequence
                var transaction = chain.transfer(from: sender, sequence: sequence)
                transaction.actions = [action]
                transaction.gasLimit = 1_000_000
                transaction.maxFee = Amount(200_000)
                candidates.append(chain.signed(transaction, by: [sender]))
            }
            let epoch = Queries.epoch(over: chain.state)
            var context = chain.context
            context.epoch = epoch
            let built = Ledger.build(
                candidates.map { Verified.restored($0) }, context: context, over: chain.state,
                bytesMax: .max, shouldStop: { false })
            let executed = try Ledger.execute(
                built.included, context: context, over: chain.state)
            #expect(executed.outcome == built.execution.outcome, "\(name)")
            chain.state.apply(executed.changes)
            chain.height = chain.height.advanced(by: 1)
        }
        #expect(Queries.epoch(over: chain.state) >= epoch, "\(name)")
        #expect(Invariants.violations(over: chain.state).isEmpty, "\(name)")
    }

    private func actions() -> [Action] {
        [
            .transfer(to: EpochWorld.people[1].address, asset: .native, amount: Amount(5)),
            .submitProposal(
                ProposalDraft(
                    title: "t", body: "b", actions: [], deposit: Amount(2_000_000_000))),
            .castBallot(
                BallotCast(
                    proposal: ProposalID(1), contentHash: .zero,
                    weights: BallotWeights(yes: 10_000))),
        ]
    }

    @Test(arguments: ParameterID.allCases)
    func `SEC-14 any value is refused or lived with`(_ id: ParameterID) throws {
        let fresh = try chain()
        var appliedCount = 0
        let now = Queries.parameters(over: fresh.state)[id]
        for value in ParameterExtremesTests.values(of: id, now: now) {
            var chain = fresh
            let change = ParameterChange(name: id.name, value: value)
            let before = Queries.parameters(over: chain.state)
            let isApplied = apply([change], to: &chain)
            let after = Queries.parameters(over: chain.state)
            #expect(isApplied ? after[id] == value : after == before)
            guard isApplied else { continue }
            appliedCount += 1
            try goOn(&chain, "\(id.name) = \(value)")
        }
        #expect(appliedCount > 0, "\(id.name)")
    }

    @Test func `SEC-14 many changes at once are refused together or lived with`() throws {
        var random = SeededGenerator(seed: 14)
        var appliedCount = 0
        let fresh = try chain()
        for round in 0..<300 {
            var chain = fresh
            let ids = ParameterID.allCases.shuffled(using: &random)
                .prefix(Int.random(in: 2...4, using: &random))
            let changes = ids.map { id in
                let value: ParameterValue
                switch id.definition.bounds {
                case .integer(let range, let least):
                    let ends = [least, range.lowerBound, range.upperBound, least + 1]
                    value = .integer(ends.randomElement(using: &random) ?? least)
                case .ratio(let least, let most):
                    value = ParameterValue(Bool.random(using: &random) ? least : most)
                }
                return ParameterChange(name: id.name, value: value)
            }
            guard apply(changes, to: &chain) else { continue }
            appliedCount += 1
            try goOn(&chain, "round \(round)")
        }
        #expect(appliedCount > 20)
    }

    @Test func `SEC-14 a change that became wrong while it waited does nothing`() throws {
        var chain = try chain(epochLength: 3)
        // Valid alone: the greatest minimum, and then a maximum below it.
        let minimum = ParameterChange(name: "staking.minValidators", value: .integer(21))
        let maximum = ParameterChange(name: "staking.maxValidators", value: .integer(20))
        let isFirstApplied = apply([minimum], to: &chain)
        #expect(isFirstApplied)
        let before = Queries.parameters(over: chain.state)
        let isSecondApplied = apply([maximum], to: &chain)
        #expect(!isSecondApplied)
        #expect(Queries.parameters(over: chain.state) == before)
        // Two validators below a minimum of 21: the set stands.
        for _ in 0..<2 {
            try goOn(&chain, "minimum above the validators", to: Epoch(1))
        }
    }
}

import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// A transaction that has not enough gas pays for all that it has, and does no more work than that
/// is worth.
@Suite struct GasBudgetTests {
    /// What became of one transaction, and what it asked of the state and wrote meanwhile.
    struct Outcome {
        let receipt: Receipt
        let searches: Int
        let writtenBytes: UInt64
    }

    private static let places = 350

    private func transaction(
        _ action: Action, by person: Person, gasLimit: UInt64, in chain: TestChain
    ) -> SignedTransaction {
        var transaction = chain.transfer(
            from: person,
            sequence: Queries.account(person.address, over: chain.state).sequence)
        transaction.actions = [action]
        transaction.gasLimit = gasLimit
        transaction.maxFee = Amount(gasLimit)
        return chain.signed(transaction, by: [person])
    }

    /// The least gas limit with which the transaction may be in a block.
    private func intrinsic(_ action: Action, by person: Person, in chain: TestChain) -> UInt64 {
        // Numbers have a fixed width, so that the limit does not change the size.
        let signed = transaction(action, by: person, gasLimit: 1, in: chain)
        return GasSchedule.intrinsic(
            signed.transaction, byteCount: signed.encodedByteCount, signatureCount: 1)
    }

    private func run(
        _ action: Action, by person: Person, gasLimit: UInt64, in chain: TestChain
    ) throws -> Outcome {
        let signed = transaction(action, by: person, gasLimit: gasLimit, in: chain)
        let counter = SearchCounter()
        var execution = Execution(
            chain.context, over: CountedState(base: chain.state, counter: counter))
        execution.begin()
        let searchesBefore = counter.count
        let bytesBefore = execution.state.writtenByteCount
        try execution.apply(signed)
        let receipt = try #require(execution.receipts.last)
        return Outcome(
            receipt: receipt, searches: counter.count - searchesBefore,
            writtenBytes: execution.state.writtenByteCount - bytesBefore)
    }

    private func code(_ outcome: Outcome) -> String {
        switch outcome.receipt.status {
        case .ok: "ok"
        case .failed(let code, _): code
        }
    }

    /// With the least limit, with half of what it takes, with one unit less, and with all of it.
    private func outcomes(
        of action: Action, by person: Person, in chain: TestChain
    ) throws -> (least: Outcome, half: Outcome, short: Outcome, whole: Outcome) {
        let least = intrinsic(action, by: person, in: chain)
        let free = try run(action, by: person, gasLimit: 30_000_000, in: chain)
        #expect(code(free) == "ok")
        let used = free.receipt.gasUsed
        let whole = try run(action, by: person, gasLimit: used, in: chain)
        #expect(whole.receipt.status == .ok)
        #expect(whole.receipt.gasUsed == used)
        #expect(whole.receipt.events == free.receipt.events)
        #expect(whole.searches == free.searches)
        let limits = [least, (least + used) / 2, used - 1]
        let failed = try limits.map { limit in
            let outcome = try run(action, by: person, gasLimit: limit, in: chain)
            #expect(outcome.receipt.status == .failed(.outOfGas(limit: limit)))
            #expect(outcome.receipt.gasUsed == limit)
            #expect(outcome.receipt.events.isEmpty)
            return outcome
        }
        return (failed[0], failed[1], failed[2], whole)
    }

    // MARK: Votes

    /// Alice was lent to from many places, and a vote is open.
    private func crowdedVote() throws -> (chain: TestChain, action: Action) {
        var chain = TestChain()
        let alice = TestChain.alice.address
        let validator = try #require(chain.genesis.validators.first).operatorAddress
        chain.edit { state in
            for number in 0..<UInt64(Self.places) {
                // Lots first, as many as there are slots for them.
                let place: StakePlace =
                    number < 256
                    ? .lot(
                        LotID(
                            validator: validator,
                            origin: StakeOrigin(
                                validator: TestChain.bob.address, exit: Epoch(number))))
                    : .pool(GovernanceWorld.address(UInt8(number - 256)))
                Received.change(
                    of: alice, .general, ShareKey(place: place, generation: 1), from: 0,
                    to: 1_000, at: .genesis, in: &state)
            }
        }
        let draft = ProposalDraft(
            title: "A text", body: "", actions: [],
            deposit: try Tracks.classify(
                [], parameters: chain.rules.parameters, in: State(over: chain.state)
            ).requiredDeposit)
        let submission = transaction(
            .submitProposal(draft), by: TestChain.bob, gasLimit: 3_000_000, in: chain)
        #expect(try chain.append([submission]).receipts.map(\.status) == [.ok])
        try chain.append()
        let view = try #require(GovernanceQueries.proposal(ProposalID(1), over: chain.state))
        #expect(view.proposal.status == .voting)
        let cast = BallotCast(
            proposal: ProposalID(1), contentHash: view.proposal.contentHash, weights: .allYes)
        return (chain, .castBallot(cast))
    }

    @Test func `a vote without gas for what it was lent looks at no more than it pays for`() throws
    {
        let (chain, action) = try crowdedVote()
        let outcomes = try outcomes(of: action, by: TestChain.alice, in: chain)
        // As before: 1 + 4 for each place, and its own.
        #expect(outcomes.whole.receipt.gasUsed > UInt64(4 * Self.places) * GasSchedule.search)
        #expect(outcomes.whole.searches > 2 * Self.places)
        #expect(outcomes.least.searches < 40)
        #expect(outcomes.half.searches < outcomes.whole.searches * 2 / 3)
    }

    @Test func `a vote that is no vote fails for its gas first, as ever`() throws {
        let (chain, action) = try crowdedVote()
        guard case .castBallot(let cast) = action else { return }
        let wrong = Action.castBallot(
            BallotCast(
                proposal: cast.proposal, contentHash: cast.contentHash,
                weights: BallotWeights(yes: 1)))
        let least = intrinsic(wrong, by: TestChain.alice, in: chain)
        // Nothing was spent besides what the action costs by itself.
        let outcome = try run(wrong, by: TestChain.alice, gasLimit: least, in: chain)
        #expect(code(outcome) == "gov.weights_incomplete")
        #expect(outcome.receipt.gasUsed == least)
    }

    // MARK: Representatives

    /// Alice has stake with many validators, and four representatives.
    private func crowdedStake() throws -> (chain: TestChain, action: Action) {
        var chain = TestChain()
        let alice = TestChain.alice.address
        chain.edit { state in
            for number in 0..<UInt8(Staking.positionsMax - 1) {
                let validator = GovernanceWorld.address(100 + number)
                let profile = ValidatorProfile(
                    networkKey: Person(100 + number).key, endpoint: "", moniker: "validator")
                Staking.register(
                    ValidatorRecord(
                        operatorAddress: validator, consensusKey: Person(150 + number).key,
                        profile: profile, commission: 0, status: .active),
                    in: &state)
                try? Staking.deposit(1_000, of: alice, into: validator, at: .genesis, in: &state)
            }
        }
        func naming(_ first: UInt8) -> Action {
            .representation(
                RepresentationAction(
                    group: .general,
                    representatives: (first..<first + 4).map {
                        Representative(account: GovernanceWorld.address($0), weight: 2_500)
                    }))
        }
        let named = transaction(naming(1), by: TestChain.alice, gasLimit: 5_000_000, in: chain)
        #expect(try chain.append([named]).receipts.map(\.status) == [.ok])
        return (chain, naming(5))
    }

    @Test func `naming others without gas writes no more sums than it pays for`() throws {
        let (chain, action) = try crowdedStake()
        let outcomes = try outcomes(of: action, by: TestChain.alice, in: chain)
        // 16 places, and 8 sums of each with its past.
        #expect(outcomes.whole.writtenBytes > 16 * 8 * 100)
        #expect(outcomes.least.writtenBytes < outcomes.whole.writtenBytes / 20)
        #expect(outcomes.half.writtenBytes < outcomes.whole.writtenBytes * 2 / 3)
    }

    // MARK: Proposals

    private func manyPayments() -> Action {
        let spends = (0..<16 as Range<UInt8>).map { first in
            Action.spend(
                TreasurySpend(
                    payments: (0..<16 as Range<UInt8>).map { second in
                        TreasuryPayment(
                            recipient: GovernanceWorld.address(16 * first + second),
                            asset: .native, amount: Amount(1))
                    }))
        }
        return .submitProposal(
            ProposalDraft(
                title: "Many payments", body: "", actions: spends, deposit: Amount(10_000_000)))
    }

    @Test func `a proposal without gas for its trial tries no more than it pays for`() throws {
        let chain = TestChain()
        let outcomes = try outcomes(of: manyPayments(), by: TestChain.alice, in: chain)
        #expect(outcomes.whole.writtenBytes > 256 * 40)
        #expect(outcomes.least.writtenBytes < outcomes.whole.writtenBytes / 10)
        #expect(outcomes.least.searches < outcomes.whole.searches / 10)
        #expect(outcomes.half.searches < outcomes.whole.searches * 2 / 3)
    }

    // MARK: Petitions and claims

    /// The vote's proposal waits for its execution, and so many places and slots are remembered of
    /// alice.
    private func petition(places: Int) throws -> (chain: TestChain, action: Action) {
        var (chain, _) = try crowdedVote()
        chain.edit { state in
            for number in 0..<places {
                let place = StakePlace.pool(GovernanceWorld.address(UInt8(number)))
                state.write(
                    .staking(.positionTrace(TestChain.alice.address, place, .genesis)),
                    // Every third one it has left.
                    PositionTrace(generation: 1, shares: number % 3 == 0 ? 0 : 1_000))
            }
            guard let old: Proposal = state.read(.proposal(ProposalID(1))) else { return }
            var proposal = old
            proposal.phase = .queued(eta: Timestamp(.max))
            Governance.store(proposal, replacing: old, in: &state)
        }
        return (
            chain, .signPetition(PetitionSignature(proposal: ProposalID(1), kind: .cancel))
        )
    }

    @Test func `a signature of a petition pays for every place that is looked at`() throws {
        let (small, action) = try petition(places: 0)
        let (large, _) = try petition(places: 60)
        let few = try run(action, by: TestChain.alice, gasLimit: 5_000_000, in: small)
        let outcomes = try outcomes(of: action, by: TestChain.alice, in: large)
        let searches = 40 * 3 + 20 * 2
        #expect(
            outcomes.whole.receipt.gasUsed
                == few.receipt.gasUsed + UInt64(searches) * GasSchedule.search)
        #expect(outcomes.least.searches < 20)
        #expect(outcomes.half.searches < outcomes.whole.searches * 2 / 3)
        // Whoever has no power pays for having been looked for.
        let nobody = try run(action, by: TestChain.bob, gasLimit: 5_000_000, in: large)
        #expect(code(nobody) == "gov.no_power")
        #expect(
            nobody.receipt.gasUsed
                == intrinsic(action, by: TestChain.bob, in: large) + GasSchedule.search)
    }

    /// What a slash cut of alice's stake is returned, and so many buckets are remembered of her.
    private func claim(buckets: Int) throws -> (chain: TestChain, action: Action) {
        var chain = TestChain()
        let validator = try #require(chain.genesis.validators.first).operatorAddress
        let clock = StakeClock(chain.context, chain.rules.parameters)
        chain.edit { state in
            let cut = Staking.slash(
                validator, for: .zero, Billionths(500_000_000), clock, in: &state)
            Staking.hold(
                cut, of: validator, for: .zero, holders: .genesis, reporter: nil, clock,
                in: &state)
            for number in 0..<buckets {
                let bucket = BucketID(validator: validator, exit: Epoch(UInt64(number)))
                state.write(
                    .staking(.bucketTrace(TestChain.alice.address, bucket, .genesis)),
                    PositionTrace(generation: 1, shares: 1_000))
            }
            do throws(Rejection) {
                try Staking.returnStake(EscrowID(1), by: ProposalID(1), clock, in: &state)
            } catch {
                Issue.record("what was cut cannot be returned: \(error.code)")
            }
        }
        return (chain, .staking(.claimReturn(EscrowID(1))))
    }

    @Test func `a claim pays for every place and bucket that is looked at`() throws {
        let (small, action) = try claim(buckets: 0)
        let (large, _) = try claim(buckets: 1_600)
        let few = try run(action, by: TestChain.alice, gasLimit: 5_000_000, in: small)
        #expect(code(few) == "ok")
        #expect(few.receipt.gasUsed < 200_000)
        let outcomes = try outcomes(of: action, by: TestChain.alice, in: large)
        #expect(
            outcomes.whole.receipt.gasUsed
                == few.receipt.gasUsed + 1_600 * 3 * GasSchedule.search)
        #expect(outcomes.least.searches < 30)
        #expect(outcomes.half.searches < outcomes.whole.searches * 2 / 3)
    }

    @Test func `slots that have nothing any more are paid for as they are looked at`() throws {
        let (chain, action) = try crowdedVote()
        let whole = try run(action, by: TestChain.alice, gasLimit: 5_000_000, in: chain)
        var left = chain
        left.edit { state in
            // Of what she was lent from pools nothing is left; the slots remember it.
            for number in 0..<UInt64(Self.places - 256) {
                let place = StakePlace.pool(GovernanceWorld.address(UInt8(number)))
                Received.change(
                    of: TestChain.alice.address, .general, ShareKey(place: place, generation: 1),
                    from: 1_000, to: 0, at: .genesis, in: &state)
            }
        }
        let less = try run(action, by: TestChain.alice, gasLimit: 5_000_000, in: left)
        #expect(
            less.receipt.gasUsed
                == whole.receipt.gasUsed - UInt64(2 * (Self.places - 256)) * GasSchedule.search)
    }
}

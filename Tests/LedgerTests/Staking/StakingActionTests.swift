import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// Actions with stake in transactions of blocks.
@Suite struct StakingActionTests {
    private static let alice = TestChain.alice
    private static let bob = TestChain.bob

    /// Executes one transaction of one action; returns its code.
    @discardableResult
    private func send(
        _ action: StakingAction, by person: Person = alice, on chain: inout TestChain
    ) throws -> String {
        var transaction = chain.transfer(
            from: person,
            sequence: Queries.account(person.address, over: chain.state).sequence)
        transaction.actions = [.staking(action)]
        transaction.gasLimit = 2_000_000
        transaction.maxFee = Amount(2_000_000)
        let execution = try chain.append([chain.signed(transaction, by: [person])])
        #expect(Invariants.violations(over: chain.state).isEmpty)
        return execution.receipts[0].status.code
    }

    private func operatorAddress(_ chain: TestChain) -> Address {
        chain.genesis.validators[0].operatorAddress
    }

    private func proof(
        _ number: UInt8, of person: Person, chain: String = "test-chain"
    ) throws -> ProvenKey {
        let key = SigningKey(seed: [UInt8](repeating: number, count: 32))
        let chainID = try #require(ChainID(chain))
        return ProvenKey(key, chainID: chainID, operatorAddress: person.address)
    }

    private func draft(
        _ number: UInt8 = 150, of person: Person = alice, network: UInt8 = 151,
        commission: UInt16 = 1_000, bond: UInt64 = 200_000_000, moniker: String = "new",
        chain: String = "test-chain"
    ) throws -> ValidatorDraft {
        ValidatorDraft(
            consensusKey: try proof(number, of: person, chain: chain),
            profile: ValidatorProfile(
                networkKey: Person(network).key, endpoint: "127.0.0.1:1", moniker: moniker),
            commission: commission, selfBond: Amount(bond))
    }

    @Test func `a validator is created, takes stake, and gives it back`() throws {
        var chain = TestChain()
        let address = Self.alice.address
        #expect(try send(.createValidator(try draft()), on: &chain) == "ok")
        let record = try #require(Queries.validator(operator: address, over: chain.state))
        #expect(record.status == .candidate)
        #expect(Queries.stake(of: address, over: chain.state).selfBond == Amount(200_000_000))
        let stake = StakingAction.delegate(validator: address, amount: Amount(50_000_000))
        #expect(try send(stake, by: Self.bob, on: &chain) == "ok")
        #expect(Queries.stake(of: address, over: chain.state).bonded == Amount(250_000_000))
        #expect(
            Queries.account(Self.bob.address, over: chain.state).bonded == Amount(50_000_000))
        let exit = StakingAction.undelegate(from: .pool(address), amount: .all)
        #expect(try send(exit, by: Self.bob, on: &chain) == "ok")
        #expect(Queries.account(Self.bob.address, over: chain.state).bonded == .zero)
        #expect(try send(exit, by: Self.bob, on: &chain) == "staking.no_position")
    }

    @Test func `what a new validator must be`() throws {
        var chain = TestChain()
        let taken = chain.genesis.validators[0]
        let key = SigningKey(seed: [UInt8](repeating: 201, count: 32))
        let cases: [(ValidatorDraft, String)] = [
            (try draft(bond: 99_999_999), "staking.self_bond_too_low"),
            (try draft(bond: 0), "staking.self_bond_too_low"),
            (try draft(bond: .max), "bank.insufficient_funds"),
            (try draft(commission: 10_001), "staking.commission_too_high"),
            (try draft(moniker: ""), "staking.invalid_field"),
            (try draft(moniker: "a\nb"), "staking.invalid_field"),
            (try draft(of: Self.bob), "staking.bad_proof"),
            (try draft(chain: "other-chain"), "staking.bad_proof"),
            (try draft(150, network: 150), "staking.key_taken"),
            (try draft(network: 202), "staking.key_taken"),
            (
                ValidatorDraft(
                    consensusKey: ProvenKey(
                        key, chainID: chain.genesis.chainID,
                        operatorAddress: Self.alice.address),
                    profile: try draft().profile, commission: 0, selfBond: Amount(200_000_000)),
                "staking.key_taken"
            ),
            (
                ValidatorDraft(
                    consensusKey: ProvenKey(
                        key: PublicKey(Digest.zero.bytes), proof: taken.proofOfPossession),
                    profile: try draft().profile, commission: 0, selfBond: Amount(200_000_000)),
                "staking.invalid_key"
            ),
        ]
        for (draft, code) in cases {
            let before = Queries.stake(of: Self.alice.address, over: chain.state)
            #expect(try send(.createValidator(draft), on: &chain) == code)
            #expect(Queries.validator(operator: Self.alice.address, over: chain.state) == nil)
            #expect(Queries.stake(of: Self.alice.address, over: chain.state) == before)
        }
        #expect(try send(.createValidator(try draft()), on: &chain) == "ok")
        let again = try draft(160, network: 161)
        #expect(try send(.createValidator(again), on: &chain) == "staking.validator_exists")
    }

    @Test func `only an operator acts for its validator`() throws {
        var chain = TestChain()
        for action in [
            .unjail, .leave, .editValidator(ValidatorEdit(commission: 1)),
            .rotateKey(try proof(150, of: Self.alice)),
        ] as [StakingAction] {
            #expect(try send(action, on: &chain) == "staking.not_an_operator")
        }
        let nobody = TestChain.nobody.address
        #expect(
            try send(.delegate(validator: nobody, amount: Amount(2_000_000)), on: &chain)
                == "staking.unknown_validator")
    }

    @Test func `a commission falls at once and rises by one point after a week`() throws {
        var chain = TestChain()
        try send(.createValidator(try draft(commission: 1_000)), on: &chain)
        func edit(_ rate: UInt16) -> StakingAction {
            .editValidator(ValidatorEdit(commission: rate))
        }
        func record() throws -> ValidatorRecord {
            try #require(Queries.validator(operator: Self.alice.address, over: chain.state))
        }
        #expect(try send(edit(1_101), on: &chain) == "staking.commission_too_high")
        #expect(try send(edit(1_100), on: &chain) == "ok")
        #expect(try record().commission == 1_000)
        #expect(try record().rise?.rate == 1_100)
        // A fall ends the rise that was announced.
        #expect(try send(edit(900), on: &chain) == "ok")
        #expect(try record().commission == 900)
        #expect(try record().rise == nil)
        #expect(try send(edit(900), on: &chain) == "staking.nothing_to_change")
        #expect(
            try send(.editValidator(ValidatorEdit()), on: &chain) == "staking.nothing_to_change")
    }

    @Test func `nobody begins below the floor of commissions, or falls below it`() throws {
        var chain = TestChain()
        chain.edit { state in
            guard var parameters: Parameters = state.read(.parameters) else { return }
            try? parameters.set(
                "staking.commissionFloor", to: .ratio(numerator: 1, denominator: 30))
            state.write(.parameters, parameters)
        }
        // A thirtieth is 333.3 basis points.
        let low = try draft(commission: 333)
        #expect(
            try send(.createValidator(low), on: &chain) == "staking.commission_too_low")
        #expect(try send(.createValidator(try draft(commission: 400)), on: &chain) == "ok")
        func edit(_ rate: UInt16) throws -> String {
            try send(.editValidator(ValidatorEdit(commission: rate)), on: &chain)
        }
        #expect(try edit(333) == "staking.commission_too_low")
        #expect(try edit(334) == "ok")
        // Whoever is below a floor that rose later may stay and rise.
        chain.edit { state in
            guard var parameters: Parameters = state.read(.parameters) else { return }
            try? parameters.set(
                "staking.commissionFloor", to: .ratio(numerator: 1, denominator: 10))
            state.write(.parameters, parameters)
        }
        #expect(try edit(333) == "staking.commission_too_low")
        #expect(try edit(400) == "ok")
    }

    @Test func `a key is rotated once, and its old one stays taken`() throws {
        var chain = TestChain()
        try send(.createValidator(try draft()), on: &chain)
        let old = try proof(150, of: Self.alice)
        let new = try proof(160, of: Self.alice)
        #expect(try send(.rotateKey(new), on: &chain) == "ok")
        let found = Queries.validator(key: old.key, over: chain.state)
        #expect(found?.consensusKey == new.key)
        #expect(Queries.validator(key: new.key, over: chain.state) == found)
        #expect(try send(.rotateKey(old), on: &chain) == "staking.key_taken")
    }

    @Test func `a jail is left by its operator, in time, with a bond and a living key`() throws {
        var chain = TestChain()
        try send(.createValidator(try draft()), on: &chain)
        #expect(try send(.unjail, on: &chain) == "staking.not_jailed")
        let address = Self.alice.address
        func jail(_ reason: JailReason, until: Timestamp) {
            chain.edit { state in
                guard var record: ValidatorRecord = state.read(.validator(address)) else { return }
                record.status = .jailed
                record.jail = Jail(reason: reason, until: until)
                state.write(.validator(address), record)
            }
        }
        jail(.downtime, until: chain.context.timestamp.advanced(by: 3_600_000))
        #expect(try send(.unjail, on: &chain) == "staking.jailed")
        // Stake may still come.
        let stake = StakingAction.delegate(validator: address, amount: Amount(2_000_000))
        #expect(try send(stake, by: Self.bob, on: &chain) == "ok")
        jail(.downtime, until: chain.context.timestamp)
        #expect(try send(.unjail, on: &chain) == "ok")

        jail(.equivocation, until: chain.context.timestamp)
        #expect(try send(stake, by: Self.bob, on: &chain) == "staking.validator_barred")
        // The operator can bond what is missing, once the time is over.
        #expect(try send(stake, on: &chain) == "ok")
        chain.edit { state in
            state.write(
                .offence(SigningKey(seed: [UInt8](repeating: 150, count: 32)).publicKey),
                OffenceRecord(
                    operatorAddress: address, evidence: StakeSample.evidence, height: Height(1),
                    time: Timestamp(1), reporter: address))
        }
        #expect(try send(.unjail, on: &chain) == "staking.key_dead")
        #expect(try send(.rotateKey(try proof(160, of: Self.alice)), on: &chain) == "ok")
        #expect(try send(.unjail, on: &chain) == "ok")
    }

    @Test func `a failed action changes nothing and pays its fee`() throws {
        var chain = TestChain()
        let before = chain.balance(Self.alice)
        let address = operatorAddress(chain)
        let code = try send(
            .delegate(validator: address, amount: Amount(.max)), on: &chain)
        #expect(code == "bank.insufficient_funds")
        #expect(chain.balance(Self.alice) < before)
        #expect(chain.balance(Self.alice) >= before - 2_000_000)
        #expect(
            Queries.stake(of: address, over: chain.state).bonded == Amount(1_005_000_000))
    }

    @Test func `stake is no action of a proposal`() throws {
        var chain = TestChain()
        var transaction = chain.transfer()
        transaction.actions = [
            .submitProposal(
                ProposalDraft(
                    title: "Stake", body: "", actions: [.staking(.claim)],
                    deposit: Amount(20_000_000)))
        ]
        let execution = try chain.append([chain.signed(transaction)])
        #expect(execution.receipts[0].status.code == "gov.action_not_allowed")
    }

    @Test func `the same history has the same root in every process`() throws {
        // Swift seeds its hashes anew in each process, so that each run is another one.
        var chain = TestChain()
        let address = operatorAddress(chain)
        try send(.createValidator(try draft()), on: &chain)
        for number in 0..<4 as Range<UInt64> {
            let stake = StakingAction.delegate(
                validator: number % 2 == 0 ? address : Self.alice.address,
                amount: Amount(3_000_000 + number))
            try send(stake, by: Self.bob, on: &chain)
        }
        let move = StakingAction.redelegate(
            from: .pool(address), to: Self.alice.address, amount: .all)
        try send(move, by: Self.bob, on: &chain)
        try send(.setMode(validator: Self.alice.address, .paying), by: Self.bob, on: &chain)
        try send(
            .undelegate(from: .pool(Self.alice.address), amount: .tokens(Amount(1_500_000))),
            by: Self.bob, on: &chain)
        #expect(chain.state.root.hash.hex == StakingActionTests.recordedRoot)
    }

    private static let recordedRoot =
        "ba135f67417acde3098e8902518233ee07ffbe1a498dfabbcfc035847a750ae3"
}

/// Evidence whose signatures nobody checks.
enum StakeSample {
    static let evidence: Evidence = {
        func vote(_ digest: UInt8) -> Vote {
            Vote(
                epoch: .zero, view: View(1), signer: 0,
                statement: .finalize(
                    Candidate(
                        parentView: View(0),
                        blockHash: Digest([UInt8](repeating: digest, count: 32)))),
                signature: Signature([UInt8](repeating: 1, count: 64)))
        }
        guard let evidence = Evidence(vote(1), vote(2)) else {
            preconditionFailure("two blocks in one view conflict")
        }
        return evidence
    }()
}

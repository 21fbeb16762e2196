import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct GenesisStateTests {
    let chain = TestChain()

    @Test func `the first state holds what the genesis says`() throws {
        let genesis = chain.genesis
        let state = chain.state
        #expect(Queries.chainFacts(over: state) == genesis.facts)
        #expect(Queries.parameters(over: state) == genesis.parameters)
        #expect(Queries.asset(.native, over: state) == genesis.nativeAsset)
        #expect(Queries.supply(over: state) == genesis.supply)
        #expect(
            Queries.treasury(over: state) == [AssetBalance(amount: Amount(1_000_000_000_000))])
        #expect(chain.balance(TestChain.alice) == TestChain.fortune.value)
        #expect(Queries.bondedTotal(over: state) == Amount(1_005_000_000))
        #expect(
            Queries.balance(of: ModuleAccounts.bondedPool, over: state)
                == Amount(1_005_000_000))
        #expect(Invariants.violations(over: state).isEmpty)
    }

    @Test func `a seat leads to its operator and network key`() throws {
        let entry = chain.genesis.validators[0]
        let seats = Queries.seats(of: .zero, over: chain.state)
        #expect(seats.count == 1)
        #expect(seats[0].record.operatorAddress == entry.operatorAddress)
        #expect(seats[0].record.networkKey == entry.networkKey)
        #expect(seats[0].power == 1_005_000_000)
        #expect(seats[0].stake.bonded == Amount(1_005_000_000))
        #expect(seats[0].stake.selfBond == Amount(1_000_000_000))
        #expect(
            Queries.validator(operator: entry.operatorAddress, over: chain.state)
                == seats[0].record)
        #expect(Queries.validators(over: chain.state) == [seats[0].record])
        #expect(Queries.seats(of: Epoch(1), over: chain.state) == seats)
        #expect(Queries.seats(of: Epoch(2), over: chain.state).isEmpty)
        #expect(Queries.validator(key: TestChain.alice.key, over: chain.state) == nil)
    }

    @Test func `the sets of epochs 0 and 1 are the genesis set`() throws {
        let set = try chain.genesis.validatorSet()
        #expect(Queries.validatorSet(of: .zero, over: chain.state) == set)
        #expect(Queries.validatorSet(of: Epoch(1), over: chain.state) == set)
        #expect(Ledger.genesis(chain.genesis).validators == set)
    }

    @Test func `the same genesis gives the same root, another gives another`() {
        let root = Ledger.genesis(chain.genesis).changes.root
        #expect(root == chain.state.root.hash)
        #expect(Ledger.genesis(TestChain.genesis(chain: "other")).changes.root != root)
    }

    @Test func `voting power is the bonded stake`() {
        let state = State(over: chain.state)
        let operatorAddress = chain.genesis.validators[0].operatorAddress
        #expect(VotingPower.total(at: .genesis, in: state) == 1_005_000_000)
        #expect(
            VotingPower.power(of: TestChain.alice.address, at: .genesis, in: state) == 5_000_000)
        #expect(VotingPower.power(of: operatorAddress, at: .genesis, in: state) == 1_000_000_000)
        #expect(VotingPower.power(of: TestChain.bob.address, at: .genesis, in: state) == 0)
    }

    @Test func `a broken invariant is found`() {
        var chain = chain
        chain.edit { $0.write(.balance(TestChain.alice.address, .native), Amount(0)) }
        #expect(
            Invariants.violations(over: chain.state).contains(
                .zeroBalance(TestChain.alice.address, .native)))
        #expect(
            Invariants.violations(over: chain.state).contains {
                if case .supply(.native, _, _) = $0 { true } else { false }
            })
        chain.edit { $0.write(.bondedTotal, Amount(1)) }
        #expect(
            Invariants.violations(over: chain.state).contains(
                .bonded(recorded: 1, pools: 1_005_000_000)))
    }
}

import Chain
import Cryptography
import StateTree

extension Ledger {
    /// The state that a chain starts from, at version 0 over an empty state, and the validators of
    /// its epochs 0 and 1.
    ///
    /// - Precondition: `genesis.check()` found nothing.
    public static func genesis(
        _ genesis: Genesis
    ) -> (changes: StateChanges, validators: ValidatorSet) {
        let problems = genesis.check()
        precondition(problems.isEmpty, "the genesis was checked: \(problems)")
        let empty = MemoryState()
        var state = State(over: empty)
        let validators: ValidatorSet
        do {
            validators = try genesis.validatorSet()
            try GenesisState.write(genesis, validators: validators, into: &state)
        } catch {
            preconditionFailure("a genesis without problems is a state: \(error)")
        }
        let changes = StateTree.apply(
            state.takeWrites(), version: Height.genesis.value, over: empty)
        return (changes, validators)
    }
}

private enum GenesisState {
    static func write<Base: StateReader>(
        _ genesis: Genesis, validators: ValidatorSet, into state: inout State<Base>
    ) throws {
        state.write(.chainFacts, genesis.facts)
        state.write(.parameters, genesis.parameters)
        state.write(.asset(.native), genesis.nativeAsset)
        guard let supply = genesis.supply, let bonds = genesis.bonds else {
            preconditionFailure("the sums of a checked genesis fit")
        }
        state.write(.supply(.native), supply)
        for module in ModuleID.allCases {
            state.write(
                .account(module.address),
                Account(sequence: 0, authority: .module(module.rawValue)))
        }
        for account in genesis.accounts {
            for balance in account.balances {
                try state.credit(account.address, balance.amount, asset: balance.asset)
            }
        }
        for balance in genesis.treasury {
            try state.credit(ModuleAccounts.treasury, balance.amount, asset: balance.asset)
        }
        Epochs.writeGenesis(genesis, validators: validators, into: &state)
        for (entry, bond) in zip(genesis.validators, bonds) {
            write(entry, bonded: bond, into: &state)
            try addBond(
                entry.selfBond, of: entry.operatorAddress, with: entry.operatorAddress,
                in: &state)
        }
        for delegation in genesis.delegations {
            try addBond(
                delegation.amount, of: delegation.delegator, with: delegation.validator,
                in: &state)
        }
    }

    private static func write<Base: StateReader>(
        _ entry: GenesisEntry, bonded: Amount, into state: inout State<Base>
    ) {
        let account = entry.operatorAddress
        state.write(
            .validator(account),
            ValidatorRecord(
                operatorAddress: account, consensusKey: entry.consensusKey,
                networkKey: entry.networkKey, endpoint: entry.endpoint, moniker: entry.moniker,
                commission: entry.commission, status: .active, selfBond: entry.selfBond,
                bonded: bonded))
        state.write(.operatorOfKey(entry.consensusKey), account)
    }

    /// Puts new tokens into the bonded pool on behalf of an account.
    private static func addBond<Base: StateReader>(
        _ amount: Amount, of delegator: Address, with validator: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        try state.credit(ModuleAccounts.bondedPool, amount)
        for key in [
            StateKey.delegation(delegator: delegator, validator: validator), .bonded(delegator),
            .bondedTotal,
        ] {
            let before = state.read(key, as: Amount.self) ?? .zero
            guard let sum = before.adding(amount) else {
                throw .balanceOverflow(account: delegator, asset: .native)
            }
            state.write(key, sum)
        }
    }
}

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
        guard let supply = genesis.supply else {
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
        try writeStake(genesis, into: &state)
    }

    /// Self-bonds come first, so that every pool begins with its operator's. All of it is new
    /// tokens.
    private static func writeStake<Base: StateReader>(
        _ genesis: Genesis, into state: inout State<Base>
    ) throws(Rejection) {
        for entry in genesis.validators {
            Staking.register(
                ValidatorRecord(
                    operatorAddress: entry.operatorAddress, consensusKey: entry.consensusKey,
                    profile: entry.profile, commission: entry.commission, status: .active),
                in: &state)
            try bond(
                entry.selfBond, of: entry.operatorAddress, with: entry.operatorAddress,
                in: &state)
        }
        for delegation in genesis.delegations {
            try bond(
                delegation.amount, of: delegation.delegator, with: delegation.validator,
                in: &state)
        }
    }

    private static func bond<Base: StateReader>(
        _ amount: Amount, of delegator: Address, with validator: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard amount > .zero else { return }
        try state.credit(ModuleAccounts.bondedPool, amount)
        try Staking.deposit(
            amount.value, of: delegator, into: validator, at: .genesis, in: &state)
    }
}

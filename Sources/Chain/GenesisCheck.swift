import Cryptography

extension Genesis {
    /// Every rule that the genesis breaks, each with its path, in the order of the file; empty if
    /// a chain can start from it.
    public func check() -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        if time == Timestamp(0) {
            problems.append(GenesisProblem("time", "is not set"))
        }
        if !(1...Genesis.prefixBytesMax).contains(prefix.utf8.count)
            || !prefix.utf8.allSatisfy(isLowercaseLetter)
        {
            problems.append(
                GenesisProblem(
                    "prefix", "must have 1 to \(Genesis.prefixBytesMax) letters from a to z"))
        }
        if let problem = nativeAsset.problem {
            problems.append(GenesisProblem("nativeAsset", problem))
        }
        for problem in parameters.validate(supply: supply) {
            problems.append(
                GenesisProblem("parameters.\(problem.parameter)", problem.message))
        }
        problems += accountProblems()
        problems += balanceProblems(of: treasury, at: "treasury")
        problems += entryProblems()
        problems += delegationProblems()
        problems += totalProblems()
        return problems
    }

    private func accountProblems() -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        var addresses = Duplicates<Address>()
        var names = Duplicates<String>()
        let modules = ModuleID.allCases.map(\.address)
        for (index, account) in accounts.enumerated() {
            let path = "accounts[\(index)]"
            if let first = addresses.insert(account.address, at: index) {
                problems.append(
                    GenesisProblem("\(path).address", "is that of accounts[\(first)]"))
            }
            if modules.contains(account.address) {
                problems.append(
                    GenesisProblem("\(path).address", "belongs to the ledger itself"))
            }
            problems += balanceProblems(of: account.balances, at: "\(path).balances")
            guard let name = account.name else { continue }
            if kind != .development {
                problems.append(
                    GenesisProblem("\(path).name", "only a dev genesis names accounts"))
            }
            if !isPlainText(name, bytesMax: GenesisAccount.nameBytesMax) {
                problems.append(
                    GenesisProblem(
                        "\(path).name",
                        "must have 1 to \(GenesisAccount.nameBytesMax) bytes, "
                            + "no control characters"))
            }
            if let first = names.insert(name, at: index) {
                problems.append(GenesisProblem("\(path).name", "is that of accounts[\(first)]"))
            }
        }
        if accounts.count > Genesis.accountsMax {
            problems.append(
                GenesisProblem("accounts", "has more than \(Genesis.accountsMax) accounts"))
        }
        return problems
    }

    private func balanceProblems(
        of balances: [AssetBalance], at path: String
    ) -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        var assets = Duplicates<AssetID>()
        for (index, balance) in balances.enumerated() {
            if balance.asset != .native {
                problems.append(
                    GenesisProblem(
                        "\(path)[\(index)].asset", "there is no asset \(balance.asset)"))
            }
            if assets.insert(balance.asset, at: index) != nil {
                problems.append(
                    GenesisProblem("\(path)[\(index)].asset", "appears for the second time"))
            }
            if balance.amount == .zero {
                problems.append(GenesisProblem("\(path)[\(index)].amount", "is 0"))
            }
        }
        return problems
    }

    private func entryProblems() -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        var keys = Duplicates<PublicKey>()
        var monikers = Duplicates<String>()
        for (index, entry) in validators.enumerated() {
            let path = "validators[\(index)]"
            for problem in entry.problems(chainID: chainID) {
                problems.append(GenesisProblem("\(path).\(problem.path)", problem.message))
            }
            for (name, key) in [
                ("operatorKey", entry.operatorKey), ("consensusKey", entry.consensusKey),
                ("networkKey", entry.networkKey),
            ] {
                if let first = keys.insert(key, at: index), first != index {
                    problems.append(
                        GenesisProblem(
                            "\(path).\(name)", "is a key of validators[\(first)] already"))
                }
            }
            if let first = monikers.insert(entry.moniker, at: index) {
                problems.append(
                    GenesisProblem("\(path).moniker", "is that of validators[\(first)]"))
            }
            if entry.selfBond < parameters.minSelfBond {
                problems.append(
                    GenesisProblem(
                        "\(path).selfBond",
                        "is \(entry.selfBond), below staking.minSelfBond "
                            + "(\(parameters.minSelfBond))"))
            } else if entry.selfBond == .zero {
                problems.append(GenesisProblem("\(path).selfBond", "is 0"))
            }
        }
        let count = UInt64(validators.count)
        if count < max(1, parameters.minValidators) {
            problems.append(
                GenesisProblem(
                    "validators",
                    "has \(count); staking.minValidators is \(max(1, parameters.minValidators))"))
        }
        if count > parameters.maxValidators {
            problems.append(
                GenesisProblem(
                    "validators",
                    "has \(count); staking.maxValidators is \(parameters.maxValidators)"))
        }
        return problems
    }

    private func delegationProblems() -> [GenesisProblem] {
        var problems: [GenesisProblem] = []
        var pairs = Duplicates<[Address]>()
        let operators = Set(validators.map(\.operatorAddress))
        let modules = ModuleID.allCases.map(\.address)
        for (index, delegation) in delegations.enumerated() {
            let path = "delegations[\(index)]"
            let pair = [delegation.delegator, delegation.validator]
            if let first = pairs.insert(pair, at: index) {
                problems.append(
                    GenesisProblem(path, "has the accounts of delegations[\(first)]"))
            }
            if !operators.contains(delegation.validator) {
                problems.append(
                    GenesisProblem("\(path).validator", "is no operator of this genesis"))
            }
            if delegation.delegator == delegation.validator {
                problems.append(
                    GenesisProblem("\(path).delegator", "an operator's own stake is its self-bond"))
            }
            if modules.contains(delegation.delegator) {
                problems.append(
                    GenesisProblem("\(path).delegator", "belongs to the ledger itself"))
            }
            if delegation.amount < parameters.minDelegation || delegation.amount == .zero {
                problems.append(
                    GenesisProblem(
                        "\(path).amount",
                        "is \(delegation.amount), below staking.minDelegation "
                            + "(\(parameters.minDelegation))"))
            }
        }
        if delegations.count > Genesis.delegationsMax {
            problems.append(
                GenesisProblem(
                    "delegations", "has more than \(Genesis.delegationsMax) delegations"))
        }
        return problems
    }

    /// The sums: supply and power.
    private func totalProblems() -> [GenesisProblem] {
        guard supply != nil else {
            return [
                GenesisProblem(
                    "", "balances, treasury and bonds sum to more than \(Limits.supplyMax)")
            ]
        }
        guard let bonds else { return [] }
        var total = Amount.zero
        for (index, bond) in bonds.enumerated() {
            guard let sum = total.adding(bond), sum.value <= Limits.totalPowerMax else {
                return [
                    GenesisProblem(
                        "validators[\(index)].power",
                        "the power of all validators is above \(Limits.totalPowerMax)")
                ]
            }
            total = sum
        }
        return []
    }
}

/// Finds the second appearance of a value.
private struct Duplicates<Value: Hashable> {
    private var firstIndex: [Value: Int] = [:]

    /// The index at which the value came first, or nil if it is new.
    mutating func insert(_ value: Value, at index: Int) -> Int? {
        if let first = firstIndex[value] { return first }
        firstIndex[value] = index
        return nil
    }
}

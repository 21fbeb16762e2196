import Chain
import Cryptography

extension Genesis {
    /// The form for people (state.md 8): the same value always gives the same text.
    public var json: JSON {
        .object([
            .init("chainID", .string(chainID.text)),
            .init("kind", .string(kind.name)),
            .init("time", .string(TimeText.print(time))),
            .init("timeMs", .number(time.milliseconds)),
            .init("prefix", .string(prefix)),
            .init(
                "nativeAsset",
                .object([
                    .init("symbol", .string(nativeAsset.symbol)),
                    .init("decimals", .number(nativeAsset.decimals)),
                ])),
            .init("parameters", .object(parameterMembers)),
            .init("accounts", .array(accounts.map { $0.json(prefix: prefix) })),
            .init("treasury", .array(treasury.map(\.json))),
            .init("validators", .array(validators.map(\.json))),
            .init("delegations", .array(delegations.map { $0.json(prefix: prefix) })),
        ])
    }

    private var parameterMembers: [JSON.Member] {
        parameters.all.map { id, value in
            let text = ParameterText.print(
                value, for: id, symbol: nativeAsset.symbol, decimals: nativeAsset.decimals)
            return .init(id.name, .string(text))
        }
    }
}

extension AssetBalance {
    var json: JSON {
        .object([
            .init("asset", .number(asset.value)),
            .init("amount", .string(String(amount.value))),
        ])
    }
}

extension GenesisAccount {
    func json(prefix: String) -> JSON {
        var members: [JSON.Member] = [
            .init("address", .string(address.text(prefix: prefix))),
            .init("balances", .array(balances.map(\.json))),
        ]
        if let name {
            members.append(.init("name", .string(name)))
        }
        return .object(members)
    }
}

extension GenesisDelegation {
    func json(prefix: String) -> JSON {
        .object([
            .init("delegator", .string(delegator.text(prefix: prefix))),
            .init("validator", .string(validator.text(prefix: prefix))),
            .init("amount", .string(String(amount.value))),
        ])
    }
}

extension GenesisEntry {
    /// The form in which operators exchange their entries, and in which a genesis lists them.
    public var json: JSON {
        // What an operator does not say is not in the file.
        let details = [("website", website), ("contact", contact)].filter { !$0.1.isEmpty }
        return .object(
            [
                .init("operatorKey", .string(operatorKey.hex)),
                .init("consensusKey", .string(consensusKey.hex)),
                .init("proofOfPossession", .string(proofOfPossession.bytes.hex)),
                .init("networkKey", .string(networkKey.hex)),
                .init("endpoint", .string(endpoint)),
                .init("moniker", .string(moniker)),
            ] + details.map { .init($0.0, .string($0.1)) } + [
                .init("commission", .number(commission)),
                .init("selfBond", .string(String(selfBond.value))),
                .init("signature", .string(signature.bytes.hex)),
            ])
    }
}

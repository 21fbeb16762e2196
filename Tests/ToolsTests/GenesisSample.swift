import Chain
import Cryptography
import GenesisTool

/// A small valid genesis out of fixed keys, and ways to spoil its text.
enum GenesisSample {
    static let chainID = ChainID("sample-1") ?? Self.impossible()

    private static func impossible() -> ChainID {
        preconditionFailure("the sample's name is a chain id")
    }

    static func key(_ number: UInt8) -> SigningKey {
        SigningKey(seed: [UInt8](repeating: number, count: 32))
    }

    static func entry(
        _ number: UInt8, selfBond: UInt64 = 1_000_000_000, website: String = ""
    ) -> GenesisEntry {
        GenesisEntry(
            chainID: chainID, operatorKey: key(number), consensusKey: key(number + 100),
            networkKey: key(number + 200).publicKey, endpoint: "127.0.0.1:2665\(number)",
            moniker: "validator\(number)", website: website, commission: 500,
            selfBond: Amount(selfBond))
    }

    static var genesis: Genesis {
        Genesis(
            chainID: chainID, time: Timestamp(1_795_255_200_000), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: .development,
            accounts: [
                GenesisAccount(
                    address: Address(key(50).publicKey),
                    balances: [AssetBalance(amount: Amount(5_000_000_000_000))], name: "alice")
            ],
            treasury: [AssetBalance(amount: Amount(1_000_000_000_000))],
            validators: [entry(1), entry(2)])
    }
}

extension JSON {
    /// The value with the member at `path` (names and indices) changed; nil removes it.
    func changing(_ path: [String], to value: JSON?) -> JSON {
        guard let step = path.first else { return value ?? .null }
        let rest = Array(path.dropFirst())
        switch self {
        case .object(var members):
            let index = members.firstIndex { $0.name == step }
            guard let index else {
                return .object(members + [Member(step, value ?? .null)])
            }
            if rest.isEmpty, value == nil {
                members.remove(at: index)
            } else {
                members[index] = Member(
                    step, members[index].value.changing(rest, to: value))
            }
            return .object(members)
        case .array(var items):
            guard let index = Int(step), items.indices.contains(index) else { return self }
            items[index] = items[index].changing(rest, to: value)
            return .array(items)
        case .null, .bool, .number, .string:
            return self
        }
    }
}

import Codec
import Cryptography

/// A rule that a genesis breaks, with the place in the file.
public struct GenesisProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// As in `validators[2].selfBond`; empty for the whole.
    public let path: String
    public let message: String

    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// An amount of one asset.
public struct AssetBalance: CanonicalCodable, Hashable, Sendable {
    public let asset: AssetID
    public let amount: Amount

    public init(asset: AssetID = .native, amount: Amount) {
        self.asset = asset
        self.amount = amount
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        asset = try AssetID(from: &reader)
        amount = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(asset)
        writer.write(amount)
    }
}

/// An account that has something from the first block on.
public struct GenesisAccount: CanonicalCodable, Hashable, Sendable {
    public static let nameBytesMax = 32
    public static let balancesMax = 16

    public let address: Address
    public let balances: [AssetBalance]
    /// Development chains only, whose keys are public.
    public let name: String?

    public init(address: Address, balances: [AssetBalance], name: String? = nil) {
        self.address = address
        self.balances = balances
        self.name = name
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        address = try Address(from: &reader)
        balances = try reader.readList(limit: GenesisAccount.balancesMax, minimumElementSize: 16)
        name = try reader.readBool() ? reader.readString(limit: GenesisAccount.nameBytesMax) : nil
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(address)
        writer.writeList(balances)
        writer.write(name != nil)
        if let name {
            writer.writeString(name)
        }
    }
}

/// Stake of somebody else behind a validator from the first block on.
public struct GenesisDelegation: CanonicalCodable, Hashable, Sendable {
    public let delegator: Address
    /// The operator's address.
    public let validator: Address
    /// In base units of the native asset; new tokens, beside the delegator's balance.
    public let amount: Amount

    public init(delegator: Address, validator: Address, amount: Amount) {
        self.delegator = delegator
        self.validator = validator
        self.amount = amount
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        delegator = try Address(from: &reader)
        validator = try Address(from: &reader)
        amount = try Amount(from: &reader)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(delegator)
        writer.write(validator)
        writer.write(amount)
    }
}

/// What a chain starts from (state.md 8). Its hash is over this value's encoding, so that the form
/// of the file does not matter; the hash is bound into every signature made on the chain.
///
/// A decoded or parsed genesis has the right form and nothing more: `check` says what is wrong.
public struct Genesis: CanonicalCodable, Hashable, Sendable {
    public static let prefixBytesMax = 16
    public static let accountsMax = 100_000
    public static let delegationsMax = 100_000

    public var chainID: ChainID
    public var time: Timestamp
    /// Of addresses in text: `alth`.
    public var prefix: String
    public var nativeAsset: Asset
    public var parameters: Parameters
    public var accounts: [GenesisAccount]
    public var treasury: [AssetBalance]
    public var validators: [GenesisEntry]
    public var delegations: [GenesisDelegation]

    public init(
        chainID: ChainID, time: Timestamp, prefix: String, nativeAsset: Asset,
        parameters: Parameters, accounts: [GenesisAccount] = [], treasury: [AssetBalance] = [],
        validators: [GenesisEntry] = [], delegations: [GenesisDelegation] = []
    ) {
        self.chainID = chainID
        self.time = time
        self.prefix = prefix
        self.nativeAsset = nativeAsset
        self.parameters = parameters
        self.accounts = accounts
        self.treasury = treasury
        self.validators = validators
        self.delegations = delegations
    }

    public init(from reader: inout ByteReader) throws(DecodeError) {
        chainID = try ChainID(from: &reader)
        time = try Timestamp(from: &reader)
        prefix = try reader.readString(limit: Genesis.prefixBytesMax)
        nativeAsset = try Asset(from: &reader)
        parameters = try Parameters(from: &reader)
        accounts = try reader.readList(limit: Genesis.accountsMax, minimumElementSize: 34)
        treasury = try reader.readList(
            limit: GenesisAccount.balancesMax, minimumElementSize: 16)
        validators = try reader.readList(limit: Limits.validatorsMax, minimumElementSize: 236)
        delegations = try reader.readList(limit: Genesis.delegationsMax, minimumElementSize: 72)
    }

    public func encode(into writer: inout ByteWriter) {
        writer.write(chainID)
        writer.write(time)
        writer.writeString(prefix)
        writer.write(nativeAsset)
        writer.write(parameters)
        writer.writeList(accounts)
        writer.writeList(treasury)
        writer.writeList(validators)
        writer.writeList(delegations)
    }

    /// What everybody compares.
    public var hash: Digest { Digest(.genesis, encoding: self) }

    /// Main, test or development: as the parameters were made for.
    public var kind: ChainKind { parameters.kind }

    /// The block that the first block builds on.
    public var summary: BlockSummary {
        BlockSummary(hash: hash, height: .genesis, view: .zero, timestamp: time)
    }

    public var facts: ChainFacts {
        ChainFacts(
            chainID: chainID, genesisHash: hash, time: time, kind: kind, prefix: prefix)
    }

    /// All tokens of the native asset, or nil above 2^63 − 1.
    public var supply: Amount? {
        var amounts = accounts.flatMap(\.balances).map(\.amount)
        amounts += treasury.map(\.amount)
        amounts += validators.map(\.selfBond)
        amounts += delegations.map(\.amount)
        var sum = Amount.zero
        for amount in amounts {
            guard let next = sum.adding(amount), next.value <= Limits.supplyMax else { return nil }
            sum = next
        }
        return sum
    }

    /// The stake behind each validator, in the order of `validators`, or nil on overflow.
    public var bonds: [Amount]? {
        var delegated: [Address: Amount] = [:]
        for delegation in delegations {
            let sum = (delegated[delegation.validator] ?? .zero).adding(delegation.amount)
            guard let sum else { return nil }
            delegated[delegation.validator] = sum
        }
        var bonds: [Amount] = []
        for entry in validators {
            let bond = entry.selfBond.adding(delegated[entry.operatorAddress] ?? .zero)
            guard let bond else { return nil }
            bonds.append(bond)
        }
        return bonds
    }

    /// The validators of epochs 0 and 1: power is self-bond and delegations.
    ///
    /// - Throws: what `check` reports too.
    public func validatorSet() throws(ValidatorSetError) -> ValidatorSet {
        guard let bonds else { throw .powerOverflow(limit: Limits.totalPowerMax) }
        return try ValidatorSet(
            zip(validators, bonds).map { Validator(key: $0.consensusKey, power: $1.value) })
    }

    /// The lists in one order, whatever order they were collected in: accounts by address,
    /// validators by operator, delegations by delegator and validator.
    public var sorted: Genesis {
        var result = self
        result.accounts.sort { $0.address < $1.address }
        result.validators.sort { $0.operatorAddress < $1.operatorAddress }
        result.delegations.sort {
            $0.delegator != $1.delegator
                ? $0.delegator < $1.delegator : $0.validator < $1.validator
        }
        return result
    }
}

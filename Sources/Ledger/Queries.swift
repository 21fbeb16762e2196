import Chain
import Cryptography
import StateTree

/// An account as a query shows it.
public struct AccountView: Hashable, Sendable {
    public let address: Address
    /// The next sequence of lane 0.
    public let sequence: UInt64
    /// nil while the account has signed nothing: its key is not known yet.
    public let authority: Authority?
    /// Only assets of which it has something.
    public let balances: [AssetBalance]
    /// What its shares of pools and lots are worth.
    public let bonded: Amount
}

/// A seat of the present set with the record behind it.
public struct SeatView: Hashable, Sendable {
    public let index: UInt16
    public let power: UInt64
    /// The consensus key in this set; the record may have another one by now.
    public let key: PublicKey
    public let record: ValidatorRecord
    public let stake: ValidatorStake
}

/// What is behind a validator.
public struct ValidatorStake: Hashable, Sendable {
    /// All stake.
    public let bonded: Amount
    /// What the operator's own shares are worth.
    public let selfBond: Amount
}

/// Reads for the API and the command line: functions of a state, which one request reads at one
/// height.
public enum Queries {
    /// Assets listed for one account.
    public static let balancesMax = 100

    public static func account(
        _ address: Address, over reader: some StateReader
    ) -> AccountView {
        let state = State(over: reader)
        let account = state.read(.account(address), as: Account.self)
        return AccountView(
            address: address, sequence: account?.sequence ?? 0, authority: account?.authority,
            balances: balances(of: address, in: state),
            bonded: Staking.bonded(of: address, in: state))
    }

    public static func balance(
        of address: Address, asset: AssetID = .native, over reader: some StateReader
    ) -> Amount {
        State(over: reader).balance(of: address, asset: asset)
    }

    private static func balances<Base: StateReader>(
        of address: Address, in state: State<Base>
    ) -> [AssetBalance] {
        let range = StateKeyRange(
            from: .balance(address, .native), to: .balance(address, AssetID(.max)))
        return state.entries(in: range, limit: balancesMax).map { entry in
            AssetBalance(
                asset: AssetID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }),
                amount: State<Base>.decode(entry.value))
        }
    }

    /// The sequence that the next transaction of a lane has in a block of `height`.
    public static func nextSequence(
        of address: Address, lane: UInt16 = 0, at height: Height, over reader: some StateReader
    ) -> UInt64 {
        Lanes.nextSequence(of: address, lane: lane, at: height, in: State(over: reader))
    }

    /// The lanes other than 0 that are in use in a block of `height`.
    public static func liveLaneCount(
        of address: Address, at height: Height, over reader: some StateReader
    ) -> Int {
        let table = State(over: reader).read(.lanes(address), as: LaneTable.self)
        return table?.liveCount(at: height) ?? 0
    }

    public static func chainFacts(over reader: some StateReader) -> ChainFacts {
        Rules(over: reader).facts
    }

    public static func parameters(over reader: some StateReader) -> Parameters {
        Rules(over: reader).parameters
    }

    public static func asset(_ asset: AssetID, over reader: some StateReader) -> Asset? {
        State(over: reader).read(.asset(asset))
    }

    public static func supply(
        of asset: AssetID = .native, over reader: some StateReader
    ) -> Amount {
        State(over: reader).read(.supply(asset)) ?? .zero
    }

    public static func bondedTotal(over reader: some StateReader) -> Amount {
        State(over: reader).read(.bondedTotal) ?? .zero
    }

    public static func treasury(over reader: some StateReader) -> [AssetBalance] {
        balances(of: ModuleAccounts.treasury, in: State(over: reader))
    }

    public static func validatorSet(
        of epoch: Epoch, over reader: some StateReader
    ) -> ValidatorSet? {
        Epochs.validators(of: epoch, in: State(over: reader))
    }

    /// The hash of an epoch's set; kept for ever, unlike the set.
    public static func validatorSetHash(
        of epoch: Epoch, over reader: some StateReader
    ) -> Digest? {
        State(over: reader).read(.validatorSetHash(epoch))
    }

    public static func validator(
        operator address: Address, over reader: some StateReader
    ) -> ValidatorRecord? {
        State(over: reader).read(.validator(address))
    }

    /// The record of the validator that votes with a consensus key.
    public static func validator(
        key: PublicKey, over reader: some StateReader
    ) -> ValidatorRecord? {
        let state = State(over: reader)
        guard let address: Address = state.read(.operatorOfKey(key)) else { return nil }
        return state.read(.validator(address))
    }

    /// The seats of an epoch's set by index, each with its operator and network key.
    public static func seats(of epoch: Epoch, over reader: some StateReader) -> [SeatView] {
        guard let set = validatorSet(of: epoch, over: reader) else { return [] }
        return set.validators.enumerated().compactMap { index, seat in
            validator(key: seat.key, over: reader).map { record in
                SeatView(
                    index: UInt16(index), power: seat.power, key: seat.key, record: record,
                    stake: stake(of: record.operatorAddress, over: reader))
            }
        }
    }

    /// What is behind a validator; nothing for an unknown one.
    public static func stake(
        of operatorAddress: Address, over reader: some StateReader
    ) -> ValidatorStake {
        let state = State(over: reader)
        return ValidatorStake(
            bonded: Staking.bonded(with: operatorAddress, in: state),
            selfBond: Staking.selfBond(of: operatorAddress, in: state))
    }

    /// All validators by the order of their operators' addresses, elected or not.
    public static func validators(
        over reader: some StateReader, limit: Int = Limits.validatorsMax
    ) -> [ValidatorRecord] {
        let state = State(over: reader)
        return state.entries(in: .validators, limit: limit).map { entry in
            decoded(entry, in: state)
        }
    }

    private static func decoded<Base: StateReader>(
        _ entry: StateEntry, in state: State<Base>
    ) -> ValidatorRecord {
        State<Base>.decode(entry.value)
    }
}

import Chain
import Cryptography
import StateTree

/// Something that must never be true of a state.
public enum InvariantViolation: Hashable, Sendable, CustomStringConvertible {
    case supply(asset: AssetID, recorded: UInt64, sum: UInt128)
    /// What all pools have, and what the account has that holds their tokens and the buckets'.
    case bonded(recorded: UInt64, pools: UInt128)
    case bondedPool(balance: UInt64, pools: UInt128, buckets: UInt128)
    case slashEscrow(balance: UInt64, held: UInt128)
    /// The shares of a record, and those of its positions and lots.
    case shares(String, recorded: UInt128, sum: UInt128)
    /// An account's summary is not what its positions say.
    case stakeAccount(Address)
    case zeroBalance(Address, AssetID)
    /// What a stream's account has, and what it may still have to pay.
    case stream(StreamID, balance: UInt64, owed: UInt64)
    /// What a representative was lent from one place, and the parts of all who lend it.
    case lent(recorded: UInt128, sum: UInt128)
    /// What is wrong with the order of the lots that representatives are lent from.
    case lentLots(String)

    public var description: String {
        switch self {
        case .supply(let asset, let recorded, let sum):
            "the supply of asset \(asset) is \(recorded), all balances sum to \(sum)"
        case .bonded(let recorded, let pools):
            "bonded are \(recorded), the pools sum to \(pools)"
        case .bondedPool(let balance, let pools, let buckets):
            "the bonded pool has \(balance), its pools \(pools) and its buckets \(buckets)"
        case .slashEscrow(let balance, let held):
            "the escrow of slashes has \(balance) and holds \(held)"
        case .shares(let record, let recorded, let sum):
            "\(record) has \(recorded) shares, its positions and lots sum to \(sum)"
        case .stakeAccount(let account):
            "the summary of the stake of \(account) is not what its positions say"
        case .stream(let id, let balance, let owed):
            "the account of stream \(id) has \(balance) and owes \(owed)"
        case .zeroBalance(let account, let asset):
            "the balance 0 of \(account) in asset \(asset) has an entry"
        case .lent(let recorded, let sum):
            "a representative was lent \(recorded) shares, the parts sum to \(sum)"
        case .lentLots(let problem): "lots that a representative is lent from: \(problem)"
        }
    }
}

/// What must hold after every block, recomputed from all entries: for tests and on demand.
public enum Invariants {
    /// - Complexity: O(accounts), with a search for each.
    public static func violations(over reader: some StateReader) -> [InvariantViolation] {
        let state = State(over: reader)
        return supplyViolations(in: state) + Staking.violations(in: state)
            + Streams.violations(in: state) + Representation.violations(in: state)
    }

    private static func supplyViolations<Base: StateReader>(
        in state: State<Base>
    ) -> [InvariantViolation] {
        var violations: [InvariantViolation] = []
        var sums: [AssetID: UInt128] = [:]
        forEachAmount(in: .balances, of: state) { key, amount in
            // Module u16, kind u8, address, asset (big-endian).
            let account = Address(Array(key[3..<35]))
            let asset = AssetID(key[35...].reduce(0) { $0 << 8 | UInt64($1) })
            if amount == .zero { violations.append(.zeroBalance(account, asset)) }
            sums[asset, default: 0] += UInt128(amount.value)
        }
        for asset in sums.keys.sorted() {
            let recorded = (state.read(.supply(asset), as: Amount.self) ?? .zero).value
            let sum = sums[asset] ?? 0
            if UInt128(recorded) != sum {
                violations.append(.supply(asset: asset, recorded: recorded, sum: sum))
            }
        }
        return violations
    }

    private static func forEachAmount<Base: StateReader>(
        in range: StateKeyRange, of state: State<Base>, _ body: ([UInt8], Amount) -> Void
    ) {
        var lower = range.lower
        while let entry = state.firstEntry(from: lower, to: range.upper) {
            body(entry.key, State<Base>.decode(entry.value))
            lower = entry.key + [0]
        }
    }
}

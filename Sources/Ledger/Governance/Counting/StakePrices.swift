import Chain
import Cryptography
import StateTree

/// What shares of places were worth at one height; each record is looked up once.
struct StakePrices {
    let snapshot: Height
    private var known: [ShareKey: StakePrice?] = [:]
    private var pools: [Address: ShareRecord?] = [:]

    init(at snapshot: Height) {
        self.snapshot = snapshot
    }

    /// val_k(s); nil if the place had no such generation then.
    mutating func price<Base: StateReader>(
        of key: ShareKey, in state: State<Base>
    ) -> StakePrice? {
        if let price = known[key] { return price }
        let price = look(key, in: state)
        known[key] = .some(price)
        return price
    }

    private mutating func look<Base: StateReader>(
        _ key: ShareKey, in state: State<Base>
    ) -> StakePrice? {
        guard let pool = pool(of: key.place.validator, in: state), pool.shares > 0 else {
            return nil
        }
        switch key.place {
        case .pool:
            guard pool.generation == key.generation else { return nil }
            return StakePrice(pool: pool, lot: nil)
        case .lot(let id):
            let lot: StakeLot? = Staking.past(snapshot, in: state) {
                .staking(.lotTrace(id, $0))
            }
            guard let lot, lot.stake.generation == key.generation,
                lot.poolGeneration == pool.generation
            else { return nil }
            return StakePrice(pool: pool, lot: lot.stake)
        }
    }

    private mutating func pool<Base: StateReader>(
        of validator: Address, in state: State<Base>
    ) -> ShareRecord? {
        if let pool = pools[validator] { return pool }
        let pool: ShareRecord? = Staking.past(snapshot, in: state) {
            .staking(.poolTrace(validator, $0))
        }
        pools[validator] = .some(pool)
        return pool
    }
}

/// A record at a height, and that of the lot within it.
struct StakePrice {
    let pool: ShareRecord
    let lot: ShareRecord?

    /// ⌊s·T/S⌋ of a pool, ⌊⌊s·N/S⌋·T/S⌋ of a lot.
    func value(of shares: UInt128) -> UInt64 {
        var shares = shares
        if let lot { shares = lot.value(of: min(shares, lot.shares)) }
        // A part of what is bonded, which fits 63 bits.
        return UInt64(truncatingIfNeeded: pool.value(of: min(shares, pool.shares)))
    }
}

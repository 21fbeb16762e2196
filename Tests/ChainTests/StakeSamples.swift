import Chain
import Cryptography

/// Keys and values of stake for tests.
enum StakeSamples {
    static func bucket(_ a: Address, _ exit: UInt64, from b: Address? = nil) -> BucketID {
        BucketID(
            validator: a, exit: Epoch(exit),
            origin: b.map { StakeOrigin(validator: $0, exit: Epoch(5)) })
    }

    static func lot(_ a: Address, _ b: Address) -> LotID {
        LotID(validator: a, origin: StakeOrigin(validator: b, exit: Epoch(9)))
    }

    static func holdings(_ a: Address, _ b: Address) -> [StakeHolding] {
        [
            .place(.pool(a)), .place(.pool(b)), .place(.lot(lot(a, b))), .place(.lot(lot(b, a))),
            .bucket(bucket(a, 7)), .bucket(bucket(a, 8)), .bucket(bucket(a, 7, from: b)),
            .bucket(bucket(b, 7, from: a)),
        ]
    }

    static func keys(_ a: Address, _ b: Address) -> [StakingKey] {
        let origin = StakeOrigin(validator: b, exit: Epoch(5))
        var keys: [StakingKey] = [
            .pool(a), .pool(b), .bucket(bucket(a, 7)), .bucket(bucket(a, 7, from: b)),
            .bucket(bucket(b, 7)), .lot(lot(a, b)), .lot(lot(b, a)),
            .bucketOfOrigin(origin, bucket(a, 7, from: b)), .account(a), .account(b),
            .poolTrace(a, Height(1)), .poolTrace(a, Height(2)), .lotTrace(lot(a, b), Height(1)),
            .bondedTrace(Height(1)), .bondedTrace(Height(2)), .lastGeneration,
            .operatorOfNetworkKey(PublicKey(words: a.words)), .traceHorizon,
            .recentBlock(0), .recentBlock(255), .participation(Epoch(1)),
            .participation(Epoch(256)), .inflationRate, .rewardPot(Epoch(1)),
            .rewardPot(Epoch(256)), .downtimes(a), .downtimes(b),
            .positionTrace(a, .pool(b), Height(1)), .positionTrace(a, .lot(lot(a, b)), Height(1)),
        ]
        keys += holdings(a, b).map { .position(a, $0) }
        keys += holdings(a, b).map { .position(b, $0) }
        return keys
    }
}

import Chain
import Codec
import Cryptography
import Testing

@Suite struct StateKeyTests {
    private let a = GoldenValues.address(0x11)
    private let b = GoldenValues.address(0x22)

    @Test func `different keys have different bytes`() {
        let keys: [StateKey] =
            [
                .chainFacts, .account(a), .account(b), .lanes(a), .laneExpiry(Height(1), a),
                .laneExpiry(Height(1), b), .balance(a, .native), .balance(a, AssetID(1)),
                .asset(.native), .supply(.native), .parameters, .validator(a),
                .operatorOfKey(PublicKey(words: a.words)), .validatorSet(.zero),
                .validatorSetHash(.zero), .bondedTotal, .currentEpoch, .epoch(.zero),
                .epoch(Epoch(1)), .offence(PublicKey(words: a.words)),
            ] + StakeSamples.keys(a, b).map { .staking($0) } + representation
        #expect(Set(keys.map(\.bytes)).count == keys.count)
        for key in keys {
            #expect(Array(key.bytes.prefix(2)) == [UInt8(key.module.rawValue), 0])
            #expect(key.bytes.count <= Limits.stateKeyBytesMax)
        }
    }

    private var representation: [StateKey] {
        let pool = StakePlace.pool(b)
        let lot = StakePlace.lot(
            LotID(validator: a, origin: StakeOrigin(validator: b, exit: Epoch(9))))
        let keys: [RepresentationKey] = [
            .representatives(a), .representatives(b),
            .representativesTrace(a, .general, Height(1)),
            .representativesTrace(a, .people, Height(1)),
            .representativesTrace(a, .general, Height(2)),
            .received(a, .general, ShareKey(place: pool, generation: 1)),
            .received(a, .general, ShareKey(place: pool, generation: 2)),
            .received(a, .treasury, ShareKey(place: pool, generation: 1)),
            .received(a, .general, ShareKey(place: lot, generation: 1)),
            .receivedTrace(a, .general, slot: 0, Height(1)),
            .receivedTrace(a, .general, slot: 256, Height(1)),
            .receivedTrace(a, .general, slot: 1, Height(1)),
            .receivedTrace(a, .general, slot: 1, Height(2)),
            .receivedSlots(a, .general), .receivedSlots(a, .treasury),
            .retracted(ProposalID(1), a), .retracted(ProposalID(2), a),
            .ended(Timestamp(1), ProposalID(1)), .ended(Timestamp(1), ProposalID(2)),
        ]
        return keys.map { .representation($0) }
    }

    @Test func `the slot in a key of what was lent is read back`() {
        for slot in [0, 1, 255, 256, 511, .max] as [UInt16] {
            let key = StateKey.representation(.receivedTrace(a, .people, slot: slot, Height(7)))
            #expect(RepresentationKey.slot(key.bytes) == slot)
            #expect(StakingKey.traceHeight(key.bytes) == Height(7))
        }
    }

    @Test func `numbers inside keys sort as numbers`() {
        let heights: [UInt64] = [0, 1, 255, 256, 65_536, 1 << 40, .max]
        let keys = heights.map { StateKey.laneExpiry(Height($0), b).bytes }
        for (lower, upper) in zip(keys, keys.dropFirst()) {
            #expect(lower.lexicographicallyPrecedes(upper))
        }
    }

    @Test func `a range holds the keys of its kind alone`() {
        let range = StateKeyRange.balances
        func contains(_ key: StateKey) -> Bool {
            !key.bytes.lexicographicallyPrecedes(range.lower)
                && key.bytes.lexicographicallyPrecedes(range.upper)
        }
        #expect(contains(.balance(a, .native)))
        #expect(contains(.balance(Address([UInt8](repeating: 255, count: 32)), AssetID(.max))))
        #expect(!contains(.asset(.native)))
        #expect(!contains(.account(a)))
    }
}

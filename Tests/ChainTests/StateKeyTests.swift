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
        let size = LotSize(shares: 1 << 70, key: ShareKey(place: lot, generation: 1))
        let larger = LotSize(shares: 1 << 70, key: ShareKey(place: lot, generation: 2))
        let sizes: [RepresentationKey] = [size, larger].flatMap { size in
            [
                .lentLot(a, .general, isCounted: true, size),
                .lentLot(a, .general, isCounted: false, size),
                .lentLot(b, .general, isCounted: true, size),
                .lentLot(a, .people, isCounted: true, size),
            ]
        }
        return (keys + sizes).map { .representation($0) }
    }

    @Test func `lots that count are in ascending order, those that wait in descending order`() {
        func size(_ shares: UInt128, _ exit: UInt64, _ generation: UInt64) -> LotSize {
            let origin = StakeOrigin(validator: b, exit: Epoch(exit))
            let lot = StakePlace.lot(LotID(validator: a, origin: origin))
            return LotSize(shares: shares, key: ShareKey(place: lot, generation: generation))
        }
        let sizes = [
            size(1, .max, .max), size(255, 9, 1), size(256, 2, 3), size(256, 3, 1), size(256, 3, 2),
            size(1 << 64, 1, 1), size(1 << 64 + 1, 0, 0), size(.max, 0, 0),
        ]
        #expect(sizes.shuffled().sorted() == sizes)
        for isCounted in [true, false] {
            let keys = sizes.map {
                StateKey.representation(.lentLot(a, .general, isCounted: isCounted, $0)).bytes
            }
            let sorted = keys.shuffled().sorted { $0.lexicographicallyPrecedes($1) }
            #expect(sorted == (isCounted ? keys : keys.reversed()))
            let range = StateKeyRange.lentLots(of: a, .general, areCounted: isCounted)
            let other = StateKeyRange.lentLots(of: a, .general, areCounted: !isCounted)
            for key in keys {
                #expect(!key.lexicographicallyPrecedes(range.lower))
                #expect(key.lexicographicallyPrecedes(range.upper))
                #expect(
                    key.lexicographicallyPrecedes(other.lower)
                        || !key.lexicographicallyPrecedes(other.upper))
            }
        }
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

import Testing

@testable import StateTree

@Suite struct OverlayTests {
    /// The same as a plain dictionary with copies for checkpoints.
    private struct Model {
        var values: [[UInt8]: [UInt8]]
        var checkpoints: [[[UInt8]: [UInt8]]] = []

        func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
            values.filter {
                !$0.key.lexicographicallyPrecedes(lower) && $0.key.lexicographicallyPrecedes(upper)
            }.min { $0.key.lexicographicallyPrecedes($1.key) }
                .map { StateEntry(key: $0.key, value: $0.value) }
        }
    }

    private static func key(_ random: inout XorShift) -> [UInt8] {
        // Some keys are prefixes of others.
        [1, UInt8(random.next(below: 12))]
            + (random.next(below: 4) == 0 ? [] : [UInt8(random.next(below: 6))])
    }

    @Test(arguments: [UInt64(3), 8, 21]) func `it reads as a plain dictionary does`(seed: UInt64) {
        var random = XorShift(seed: seed)
        var state = MemoryState()
        var initial = Overlay(base: state)
        for _ in 0..<40 {
            initial.set(Self.key(&random), to: [0])
        }
        state.apply(StateTree.apply(initial.takeWrites(), version: 1, over: state))
        var overlay = Overlay(base: state)
        var model = Model(
            values: Dictionary(uniqueKeysWithValues: state.entries.map { ($0.key, $0.value) }))
        for _ in 0..<4_000 {
            let key = Self.key(&random)
            switch random.next(below: 10) {
            case 0, 1, 2:
                let value = random.bytes(2)
                overlay.set(key, to: value)
                model.values[key] = value
            case 3, 4, 5:
                overlay.remove(key)
                model.values[key] = nil
            case 6:
                overlay.checkpoint()
                model.checkpoints.append(model.values)
            case 7:
                guard let last = model.checkpoints.popLast() else { continue }
                overlay.revert()
                model.values = last
            case 8:
                guard model.checkpoints.popLast() != nil else { continue }
                overlay.commit()
            default:
                let upper = Self.key(&random)
                #expect(
                    overlay.firstEntry(from: key, to: upper)
                        == model.firstEntry(from: key, to: upper))
            }
            #expect(overlay.value(for: key) == model.values[key])
        }
        while model.checkpoints.popLast() != nil {
            overlay.commit()
        }
        let changes = StateTree.apply(overlay.takeWrites(), version: 2, over: state)
        state.apply(changes)
        let expected = model.values.map { StateEntry(key: $0.key, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(state.entries == expected)
        #expect(overlay.takeWrites().isEmpty)
    }

    @Test func `writes are taken in byte order with reverted ones left out`() {
        var overlay = Overlay(base: MemoryState())
        overlay.set([2], to: [1])
        overlay.checkpoint()
        overlay.set([1], to: [1])
        overlay.set([2], to: [2])
        overlay.revert()
        overlay.set([1, 0], to: [])
        overlay.remove([3])
        #expect(
            overlay.takeWrites() == [
                StateWrite(key: [1, 0], value: []), StateWrite(key: [2], value: [1]),
                StateWrite(key: [3], value: nil),
            ])
    }

    @Test func `an inner commit is undone by an outer revert`() {
        var overlay = Overlay(base: MemoryState())
        overlay.checkpoint()
        overlay.set([1], to: [1])
        overlay.checkpoint()
        overlay.set([1], to: [2])
        overlay.commit()
        #expect(overlay.value(for: [1]) == [2])
        overlay.revert()
        #expect(overlay.value(for: [1]) == nil)
        #expect(overlay.takeWrites().isEmpty)
    }

    @Test(arguments: [127, 128, 129, 1_000]) func `the order of many keys is kept`(count: Int) {
        var random = XorShift(seed: 12)
        var order = KeyOrder()
        var keys = (0..<count).map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        random.shuffle(&keys)
        for key in keys {
            order.insert(key)
        }
        for key in keys.prefix(count / 2) {
            order.remove(key)
        }
        let expected = keys.dropFirst(count / 2).sorted { $0.lexicographicallyPrecedes($1) }
        var found: [[UInt8]] = []
        var position = order.position(from: [])
        while let key = order.key(at: position) {
            found.append(key)
            order.advance(&position)
        }
        #expect(found == expected)
    }

    @Test func `a revert without a checkpoint is a broken invariant`() async {
        await #expect(processExitsWith: .failure) {
            var overlay = Overlay(base: MemoryState())
            overlay.revert()
        }
    }
}

import Testing

@testable import StateTree

@Suite struct StackedReaderTests {
    private static func writes(_ random: inout XorShift) -> [StateWrite] {
        var overlay = Overlay(base: MemoryState())
        for _ in 0..<(1 + random.next(below: 25)) {
            let key = [UInt8(1), 0, UInt8(random.next(below: 60))]
            if random.next(below: 2) == 0 {
                overlay.remove(key)
            } else {
                overlay.set(key, to: random.bytes(3))
            }
        }
        return overlay.takeWrites()
    }

    @Test(arguments: [UInt64(2), 9, 400]) func `a stack reads as the flat state`(seed: UInt64) {
        var random = XorShift(seed: seed)
        var base = MemoryState()
        var flat = MemoryState()
        var changes: [StateChanges] = []
        for version in UInt64(1)...40 {
            let writes = Self.writes(&random)
            let stack = StackedReader(base: base, changes: changes)
            let change = StateTree.apply(writes, version: version, over: stack)
            let expected = StateTree.apply(writes, version: version, over: flat)
            #expect(change.tree == expected.tree)
            #expect(change.nodes == expected.nodes)
            #expect(change.stale == expected.stale)
            #expect(change.writes == expected.writes)
            flat.apply(expected)
            changes.append(change)
            Self.compare(StackedReader(base: base, changes: changes), flat, &random)
            // The oldest block becomes final.
            if changes.count > 5 {
                base.apply(changes.removeFirst())
                Self.compare(StackedReader(base: base, changes: changes), flat, &random)
            }
        }
    }

    private static func compare(
        _ stack: StackedReader<MemoryState>, _ flat: MemoryState, _ random: inout XorShift
    ) {
        #expect(stack.root == flat.root)
        for _ in 0..<20 {
            let key = [UInt8(1), 0, UInt8(random.next(below: 60))]
            let upper = [UInt8(1), 0, UInt8(random.next(below: 60))]
            #expect(stack.value(for: key) == flat.value(for: key))
            #expect(
                stack.firstEntry(from: key, to: upper) == flat.firstEntry(from: key, to: upper))
            let proof = StateTree.prove(key, in: stack)
            #expect(proof.verify(root: flat.root.hash, key: key, value: flat.value(for: key)))
        }
    }

    @Test func `siblings of one height do not see each other`() {
        var base = MemoryState()
        base.apply(
            StateTree.apply([StateWrite(key: [1], value: [0])], version: 1, over: base))
        let left = StateTree.apply([StateWrite(key: [1], value: [1])], version: 2, over: base)
        let right = StateTree.apply([StateWrite(key: [2], value: [2])], version: 2, over: base)
        let onLeft = StackedReader(base: base, changes: [left])
        let onRight = StackedReader(base: base, changes: [right])
        #expect(onLeft.value(for: [1]) == [1])
        #expect(onLeft.value(for: [2]) == nil)
        #expect(onRight.value(for: [1]) == [0])
        #expect(onRight.value(for: [2]) == [2])
        #expect(onLeft.root != onRight.root)
    }
}

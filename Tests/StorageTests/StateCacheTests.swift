import StateTree
import Testing

@testable import Storage

@Suite struct StateCacheTests {
    @Test func `the last used entries stay and the number is bounded`() {
        var entries = Generations<Int, Int>(countMax: 10)
        for number in 0..<1_000 {
            entries.insert(number, for: number)
            #expect(entries[0] == 0)
            #expect(entries.count <= 20)
        }
        #expect(entries[999] == 999)
        #expect(entries[500] == nil)
        entries.remove(0)
        #expect(entries[0] == nil)
        entries.removeAll()
        #expect(entries.count == 0)
    }

    private static func isKnown(_ cache: StateCache, _ key: [UInt8], _ version: UInt64) -> Bool {
        switch cache.value(for: key, at: version) {
        case .known: true
        case .unknown: false
        }
    }

    @Test func `only readers of the newest version use its values`() throws {
        let cache = StateCache()
        cache.begin(at: 4)
        cache.found([1], for: [1], at: 4)
        cache.found(nil, for: [2], at: 4)
        cache.found([3], for: [3], at: 3)
        #expect(Self.isKnown(cache, [1], 4))
        #expect(Self.isKnown(cache, [2], 4))
        #expect(!Self.isKnown(cache, [3], 4))
        #expect(!Self.isKnown(cache, [1], 3))
        let changes = StateTree.apply(
            [
                StateWrite(key: [1], value: [9]),
                StateWrite(key: [4], value: [UInt8](repeating: 1, count: 60_000)),
            ], version: 5, over: MemoryState())
        cache.commit(changes)
        #expect(!Self.isKnown(cache, [1], 4))
        guard case .known([9]) = cache.value(for: [1], at: 5) else {
            Issue.record("the written value is known")
            return
        }
        #expect(Self.isKnown(cache, [2], 5))
        #expect(!Self.isKnown(cache, [4], 5))
        // A reader that is late does not bring back an old value.
        cache.found([1], for: [1], at: 4)
        guard case .known([9]) = cache.value(for: [1], at: 5) else {
            Issue.record("the written value stays")
            return
        }
    }
}

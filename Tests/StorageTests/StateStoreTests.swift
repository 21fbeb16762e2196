import Chain
import Cryptography
import StateTree
import Testing

@testable import Storage

@Suite struct StateStoreTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(_ name: String = "db", retention: UInt64 = 10) throws -> StateStore {
        StateStore(database: try Database(path: directory.path(name)), retention: retention)
    }

    private static func randomWrites(_ random: inout XorShift) -> [StateWrite] {
        var overlay = Overlay(base: MemoryState())
        for _ in 0..<(1 + random.next(below: 40)) {
            // Some keys are prefixes of others.
            let key =
                [1, 0, UInt8(random.next(below: 60))] + (random.next(below: 4) == 0 ? [0] : [])
            if random.next(below: 3) == 0 {
                overlay.remove(key)
            } else {
                overlay.set(key, to: random.bytes(random.next(below: 4)))
            }
        }
        return overlay.takeWrites()
    }

    private func commit(_ writes: [StateWrite], version: UInt64, to store: StateStore) {
        guard let snapshot = store.snapshot() else {
            store.commit(
                StateTree.apply(writes, version: version, over: MemoryState()), sync: false)
            return
        }
        store.commit(StateTree.apply(writes, version: version, over: snapshot), sync: false)
    }

    @Test func `a state is the same on disk and in memory, and after reopening`() throws {
        var random = XorShift(seed: 11)
        var memory = MemoryState()
        for phase in UInt64(0)..<3 {
            let store = try open()
            #expect(store.snapshot()?.root == (phase == 0 ? nil : memory.root))
            for version in (20 * phase)..<(20 * phase + 20) {
                let writes = Self.randomWrites(&random)
                commit(writes, version: version, to: store)
                memory.apply(StateTree.apply(writes, version: version, over: memory))
                let snapshot = try #require(store.snapshot())
                #expect(snapshot.root == memory.root)
                #expect(snapshot.height == Height(version))
                Self.compare(snapshot, memory, &random)
            }
        }
    }

    private static func compare(
        _ snapshot: Snapshot, _ memory: MemoryState, _ random: inout XorShift
    ) {
        for _ in 0..<10 {
            let key = [1, 0, UInt8(random.next(below: 60))]
            let upper = [1, 0, UInt8(random.next(below: 60))]
            #expect(snapshot.value(for: key) == memory.value(for: key))
            #expect(
                snapshot.firstEntry(from: key, to: upper)
                    == memory.firstEntry(from: key, to: upper))
            #expect(
                StateTree.prove(key, in: snapshot)
                    .verify(root: memory.root.hash, key: key, value: memory.value(for: key)))
        }
    }

    @Test func `values and proofs of kept heights are answered and others refused`() throws {
        var random = XorShift(seed: 5)
        let store = try open(retention: 7)
        var memory = MemoryState()
        var states: [MemoryState] = []
        for version in UInt64(0)...40 {
            let writes = Self.randomWrites(&random)
            commit(writes, version: version, to: store)
            memory.apply(StateTree.apply(writes, version: version, over: memory))
            states.append(memory)
        }
        let snapshot = try #require(store.snapshot())
        #expect(snapshot.status.oldest == 33)
        for version in UInt64(33)...40 {
            let state = states[Int(version)]
            let tree = try snapshot.tree(at: version)
            for last in UInt8(0)..<60 {
                for key in [[1, 0, last], [1, 0, last, 0]] {
                    let value = state.value(for: key)
                    #expect(try snapshot.value(for: key, at: version) == value)
                    #expect(
                        StateTree.prove(key, in: tree)
                            .verify(root: state.root.hash, key: key, value: value))
                }
            }
        }
        #expect(throws: StateStoreError.pruned(height: 32, oldest: 33)) {
            try store.value(for: [1], at: 32)
        }
        #expect(throws: StateStoreError.future(height: 41, newest: 40)) {
            try store.value(for: [1], at: 41)
        }
        #expect(throws: StateStoreError.pruned(height: 0, oldest: 33)) {
            _ = try snapshot.tree(at: 0)
        }
    }

    @Test func `pruning leaves exactly what the kept heights need`() throws {
        var random = XorShift(seed: 6)
        let store = try open(retention: 1)
        for version in UInt64(0)...30 {
            commit(Self.randomWrites(&random), version: version, to: store)
        }
        // Without another write, the last version's stale nodes leave with the next two.
        commit([], version: 31, to: store)
        commit([], version: 32, to: store)
        let found = try store.check()
        let check = try #require(found)
        #expect(check.status.oldest == 31)
        #expect(rowCount(.nodes, store) == check.nodeCount)
        #expect(rowCount(.flat, store) == check.entryCount)
        #expect(rowCount(.history, store) == 0)
        #expect(rowCount(.stale, store) == 1)
    }

    private func rowCount(_ column: Column, _ store: StateStore) -> Int {
        var rows = store.database.rows(column, from: [], to: [UInt8](repeating: 255, count: 300))
        var count = 0
        while rows.next() != nil {
            count += 1
        }
        return count
    }

    @Test func `a shorter retention is reached over several commits`() throws {
        var random = XorShift(seed: 7)
        let path = directory.path("db")
        do {
            let store = StateStore(database: try Database(path: path), retention: 100)
            for version in UInt64(0)...20 {
                commit(Self.randomWrites(&random), version: version, to: store)
            }
            #expect(store.status?.oldest == 0)
        }
        let store = StateStore(database: try Database(path: path), retention: 2)
        commit([], version: 21, to: store)
        #expect(store.status?.oldest == 2)
        for version in UInt64(22)...45 {
            commit([], version: version, to: store)
        }
        #expect(store.status?.oldest == 43)
        #expect(try store.check() != nil)
    }

    @Test func `the check finds a changed value, a lost value and a lost node`() throws {
        let store = try open()
        let writes = (UInt8(0)..<50).map { StateWrite(key: [1, 0, $0], value: [$0]) }
        commit(writes, version: 0, to: store)
        let found = try store.check()
        let sound = try #require(found)
        #expect(sound.entryCount == 50)
        let root = sound.status.tree.hash
        for (value, key): ([UInt8]?, [UInt8]) in [([7, 7], [1, 0, 3]), (nil, [1, 0, 4])] {
            let before = try #require(store.database.get(.flat, key))
            change(.flat, key, to: value, in: store)
            let fault = #expect(throws: TreeFault.self) { try store.check() }
            guard case .wrongRoot(let tree, let entries) = fault else {
                Issue.record("\(String(describing: fault))")
                return
            }
            #expect(tree == root)
            #expect(entries != root)
            change(.flat, key, to: before, in: store)
        }
        var rows = store.database.rows(.nodes, from: [], to: [255])
        let first = rows.next()
        let node = try #require(first)
        change(.nodes, node.key, to: nil, in: store)
        #expect(throws: TreeFault.self) { try store.check() }
        change(.nodes, node.key, to: node.value, in: store)
        #expect(try store.check() == sound)
    }

    private func change(
        _ column: Column, _ key: [UInt8], to value: [UInt8]?, in store: StateStore
    ) {
        let batch = WriteBatch(store.database)
        if let value {
            batch.put(column, key, value)
        } else {
            batch.delete(column, key)
        }
        store.database.write(batch, sync: false)
    }

    @Test func `a snapshot stays while commits go on`() throws {
        let store = try open(retention: 1)
        commit([StateWrite(key: [1], value: [1])], version: 0, to: store)
        let snapshot = try #require(store.snapshot())
        for version in UInt64(1)...20 {
            commit(
                [
                    StateWrite(key: [1], value: [UInt8(version), 9]),
                    StateWrite(key: [2, UInt8(version)], value: [1]),
                ], version: version, to: store)
        }
        #expect(snapshot.value(for: [1]) == [1])
        #expect(snapshot.entries(from: [], to: [9], limit: 100).count == 1)
        #expect(try snapshot.check().entryCount == 1)
        let later = try #require(store.snapshot())
        #expect(later.entries(from: [2], to: [3], limit: 5).count == 5)
    }

    @Test func `extra rows are in the same batch`() throws {
        let store = try open()
        let changes = StateTree.apply(
            [StateWrite(key: [1], value: [1])], version: 0, over: MemoryState())
        store.commit(changes, sync: true) { batch in
            batch.put(.receipts, [5], [6])
        }
        try directory.copy("db", to: "copy")
        let copy = try open("copy")
        #expect(copy.status == store.status)
        #expect(copy.database.get(.receipts, [5]) == [6])
    }

    @Test func `a gap between versions is a broken invariant`() async {
        await #expect(processExitsWith: .failure) { [root = directory.path("exit") as String] in
            let store = StateStore(
                database: try Database(path: root), retention: 1)
            store.commit(StateTree.apply([], version: 0, over: MemoryState()), sync: false)
            store.commit(StateTree.apply([], version: 2, over: MemoryState()), sync: false)
        }
    }
}

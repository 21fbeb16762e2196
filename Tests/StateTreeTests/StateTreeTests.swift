import Codec
import Cryptography
import Testing

@testable import StateTree

@Suite struct StateTreeTests {
    private static func value(_ number: UInt8) -> Digest {
        Digest(.stateValue, [number])
    }

    private static func key(_ name: String) -> Digest {
        Digest(.stateKey, Array(name.utf8))
    }

    @Test func `the empty tree has the root of zeros`() {
        let state = MemoryState()
        #expect(StateTree.root(of: state) == .zero)
        #expect(StateTree.apply([], version: 1, over: state).root == .zero)
    }

    @Test(arguments: 1...3) func `small trees have the root of the definition`(count: Int) {
        var tree = HashTree()
        let keys = (0..<count).map { Self.key("key \($0)") }
        tree.apply(keys.map { ($0, Self.value(1)) })
        #expect(tree.root.hash == tree.expectedRoot)
        for key in keys {
            tree.apply([(key, nil)])
            #expect(tree.root.hash == tree.expectedRoot)
        }
        #expect(tree.root == .empty)
        #expect(tree.nodeCount == 0)
    }

    @Test func `the roots are those of the published vectors`() {
        var state = MemoryState()
        var roots: [String] = [state.root.hash.hex]
        for number in UInt8(0)..<3 {
            let write = StateWrite(key: [1, 0, number], value: [number])
            state.apply(StateTree.apply([write], version: UInt64(number) + 1, over: state))
            roots.append(state.root.hash.hex)
        }
        #expect(roots == goldenRoots)
    }

    @Test(arguments: [0, 1, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 128, 251, 252, 253, 254, 255])
    func `two keys with a shared prefix part and meet again`(bits: Int) {
        var tree = HashTree()
        let one = Self.key("one")
        let other = digest(one, turning: bits)
        tree.apply([(one, Self.value(1))])
        tree.apply([(other, Self.value(2))])
        #expect(tree.root.hash == tree.expectedRoot)
        #expect(tree.nodeCount == bits / 4 + 1)
        tree.apply([(one, Self.value(3))])
        #expect(tree.root.hash == tree.expectedRoot)
        tree.apply([(one, nil)])
        #expect(tree.root.hash == tree.expectedRoot)
        #expect(tree.nodeCount == 1)
    }

    @Test func `a removal collapses every level that is left with one leaf`() {
        var tree = HashTree()
        let base = Self.key("base")
        let deep = digest(base, turning: 255)
        let middle = digest(base, turning: 130)
        let far = digest(base, turning: 0)
        let all = [base, deep, middle, far].map { ($0, Optional(Self.value(7))) }
        tree.apply(all)
        #expect(tree.root.hash == tree.expectedRoot)
        #expect(tree.nodeCount == 64)
        tree.apply([(deep, nil)])
        #expect(tree.root.hash == tree.expectedRoot)
        #expect(tree.nodeCount == 130 / 4 + 1)
        tree.apply([(base, nil), (far, nil)])
        #expect(tree.root.hash == tree.expectedRoot)
        #expect(tree.nodeCount == 1)
        tree.apply([(middle, nil), (deep, nil)])
        #expect(tree.root == .empty)
    }

    @Test(arguments: [UInt64(1), 77, 4_242]) func `random batches follow the definition`(
        seed: UInt64
    ) {
        var random = XorShift(seed: seed)
        var state = MemoryState()
        var operations = 0
        var version: UInt64 = 0
        while operations < 3_400 {
            version += 1
            var overlay = Overlay(base: state)
            for _ in 0..<(1 + random.next(below: 100)) {
                operations += 1
                let key = [UInt8(1), 0] + [UInt8(random.next(below: 250))]
                if random.next(below: 3) == 0 {
                    overlay.remove(key)
                } else {
                    overlay.set(key, to: random.bytes(random.next(below: 3)))
                }
            }
            let changes = StateTree.apply(overlay.takeWrites(), version: version, over: state)
            state.apply(changes)
            #expect(state.root.hash == oracleRoot(of: state.entries), "seed \(seed)")
        }
        #expect(reachableNodes(of: state).count == state.nodeCount)
    }

    @Test func `random hashes with long common prefixes follow the definition`() {
        var random = XorShift(seed: 99)
        var tree = HashTree()
        let base = Self.key("base")
        for _ in 0..<150 {
            var batch: [Digest: Digest?] = [:]
            for _ in 0..<(1 + random.next(below: 8)) {
                let one = digest(base, turning: random.next(below: 256))
                let key = random.next(below: 2) == 0 ? one : digest(one, turning: 255)
                batch[key] = .some(
                    random.next(below: 2) == 0 ? nil : Self.value(UInt8(random.next(below: 3))))
            }
            tree.apply(batch.map { ($0.key, $0.value) })
            #expect(tree.root.hash == tree.expectedRoot)
        }
    }

    @Test func `any order and any batching gives the same root`() {
        var random = XorShift(seed: 5)
        let final = (0..<200).map { StateWrite(key: [2, 0, UInt8($0)], value: random.bytes(9)) }
        let temporary = (0..<100).map { StateWrite(key: [3, 0, UInt8($0)], value: [1]) }
        var expected: Digest?
        for _ in 0..<5 {
            var writes = final + temporary
            random.shuffle(&writes)
            var state = MemoryState()
            var version: UInt64 = 0
            while !writes.isEmpty {
                let batch = writes.suffix(1 + random.next(below: 40))
                writes.removeLast(batch.count)
                version += 1
                let sorted = batch.sorted { precedes($0.key, $1.key) }
                state.apply(StateTree.apply(sorted, version: version, over: state))
            }
            let removals = temporary.map { StateWrite(key: $0.key, value: nil) }
            state.apply(StateTree.apply(removals, version: version + 1, over: state))
            #expect(state.root.hash == expected ?? state.root.hash)
            expected = state.root.hash
        }
    }

    @Test func `a write of what is there changes nothing`() {
        var state = MemoryState()
        let writes = (0..<50).map { StateWrite(key: [1, 0, UInt8($0)], value: [UInt8($0)]) }
        state.apply(StateTree.apply(writes, version: 1, over: state))
        let again = StateTree.apply(
            writes + [StateWrite(key: [9, 9], value: nil)], version: 2, over: state)
        #expect(again.writes.isEmpty)
        #expect(again.nodes.isEmpty)
        #expect(again.stale.isEmpty)
        #expect(again.tree == state.root)
    }

    @Test func `an empty value is not absence`() {
        var state = MemoryState()
        state.apply(
            StateTree.apply([StateWrite(key: [1, 0], value: [])], version: 1, over: state))
        #expect(state.value(for: [1, 0]) == [])
        #expect(state.root.hash == oracleRoot(of: [StateEntry(key: [1, 0], value: [])]))
    }

    @Test func `the stale list names each node once that is no longer used`() {
        var random = XorShift(seed: 31)
        var state = MemoryState()
        var live: Set<NodeKey> = []
        for version in UInt64(1)...60 {
            var overlay = Overlay(base: state)
            for _ in 0..<30 {
                let key = [UInt8(1), 0, UInt8(random.next(below: 200))]
                if random.next(below: 2) == 0 {
                    overlay.remove(key)
                } else {
                    overlay.set(key, to: random.bytes(4))
                }
            }
            let changes = StateTree.apply(overlay.takeWrites(), version: version, over: state)
            #expect(Set(changes.stale).count == changes.stale.count)
            let keys = changes.nodes.map(\.key.bytes)
            #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) })
            #expect(live.isSuperset(of: changes.stale))
            live.subtract(changes.stale)
            live.formUnion(changes.nodes.map(\.key))
            state.apply(changes)
            #expect(reachableNodes(of: state) == live)
        }
    }

    @Test func `node keys order by version, then by path`() {
        let path = TreePath.empty.appending(0xA).appending(0xB).appending(0xC)
        let key = NodeKey(version: 0x0102, path: path)
        #expect(key.bytes == [0, 0, 0, 0, 0, 0, 1, 2, 3, 0xAB, 0xC0])
    }

    @Test func `a stored node is decoded to what it was`() throws {
        var branch = TreeBranch()
        branch.children[3] = .leaf(TreeLeaf(key: Self.key("a"), value: Self.value(1)))
        branch.children[9] = .branch(hash: Self.key("b"), version: 77)
        for node in [
            TreeNode.branch(branch),
            .leaf(TreeLeaf(key: Self.key("c"), value: Self.value(2))),
        ] {
            #expect(try TreeNode(decoding: node.encoded()) == node)
        }
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 67),
        [1, 0, 2, 0] + [UInt8](repeating: 0, count: 64),
        [1, 0, 1, 0] + [UInt8](repeating: 0, count: 64),
        [1, 0, 0, 0] + [UInt8](repeating: 0, count: 41),
    ]) func `bytes that are no node are refused`(bytes: [UInt8]) {
        #expect(throws: DecodeError.self) { try TreeNode(decoding: bytes) }
    }

    @Test func `unsorted writes are a broken invariant`() async {
        await #expect(processExitsWith: .failure) {
            let writes = [StateWrite(key: [2], value: []), StateWrite(key: [1], value: [])]
            _ = StateTree.apply(writes, version: 1, over: MemoryState())
        }
    }
}

/// Roots after the writes [1, 0, n] = [n] for n = 0, 1, 2, one version each.
private let goldenRoots = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "61b40271f821a4da33942137be88580c0961652eb3aa8ca1a1cd147499b4f89a",
    "8b3c76220f8156ecec3cf775ce1be26382125544d4e4012e8e98475c6641723d",
    "65c46858b96bb42d8601dcb28b4ff36894d6872ada174a70424938239d169005",
]

import Cryptography
import Testing

@testable import StateTree

@Suite struct TreeCheckTests {
    private static func state(count: Int) -> MemoryState {
        var state = MemoryState()
        let writes = (0..<count).map { StateWrite(key: [1, 0, UInt8($0)], value: [UInt8($0)]) }
        state.apply(StateTree.apply(writes, version: 1, over: state))
        return state
    }

    @Test(arguments: [0, 1, 2, 3, 17, 200]) func `a sound tree passes`(count: Int) throws {
        let state = Self.state(count: count)
        #expect(StateTree.root(of: state.entries.map(HashedEntry.init)) == state.root.hash)
        #expect(try StateTree.checkNodes(of: state) == state.nodeCount)
    }

    /// A tree with one node replaced or taken away.
    private struct Damaged: TreeReader {
        let base: MemoryState
        let key: NodeKey
        let bytes: [UInt8]?

        var root: TreeRoot { base.root }

        func node(_ key: NodeKey) -> [UInt8]? {
            key == self.key ? bytes : base.node(key)
        }
    }

    @Test func `a damaged node is found wherever it is`() throws {
        let state = Self.state(count: 100)
        for key in reachableNodes(of: state) {
            #expect(throws: TreeFault.missing(key)) {
                try StateTree.checkNodes(of: Damaged(base: state, key: key, bytes: nil))
            }
            var bytes = try #require(state.node(key))
            bytes[10] ^= 1
            #expect(throws: TreeFault.wrongHash(key)) {
                try StateTree.checkNodes(of: Damaged(base: state, key: key, bytes: bytes))
            }
        }
    }
}

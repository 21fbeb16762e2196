import Codec
import Cryptography
import Testing

@testable import StateTree

@Suite struct StateProofTests {
    private static func state(count: Int) -> MemoryState {
        var state = MemoryState()
        let writes = (0..<count).map {
            StateWrite(
                key: [1, 0, UInt8($0 >> 8), UInt8($0 & 0xFF)], value: [UInt8($0 & 0xFF), 7])
        }
        state.apply(StateTree.apply(writes, version: 1, over: state))
        return state
    }

    @Test(arguments: [0, 1, 2, 3, 16, 17, 300])
    func `presence and absence are proven`(count: Int) {
        let state = Self.state(count: count)
        let root = state.root.hash
        for entry in state.entries {
            let proof = StateTree.prove(entry.key, in: state)
            #expect(proof.verify(root: root, key: entry.key, value: entry.value))
            #expect(!proof.verify(root: root, key: entry.key, value: nil))
            #expect(!proof.verify(root: root, key: entry.key, value: entry.value + [0]))
            #expect(!proof.verify(root: root, key: entry.key + [0], value: entry.value))
        }
        for number in UInt8(0)..<100 {
            let key: [UInt8] = [9, 9, number]
            let proof = StateTree.prove(key, in: state)
            #expect(proof.verify(root: root, key: key, value: nil))
            #expect(!proof.verify(root: root, key: key, value: []))
        }
    }

    @Test func `SEC-48 both kinds of absence occur and are proven`() {
        let state = Self.state(count: 40)
        var kinds: Set<Bool> = []
        for number in UInt8(0)..<200 {
            let proof = StateTree.prove([9, number], in: state)
            kinds.insert(proof.end == .empty)
            #expect(proof.verify(root: state.root.hash, key: [9, number], value: nil))
        }
        #expect(kinds == [true, false])
    }

    @Test(arguments: [[UInt8(1), 0, 0, 5], [9, 1], [9, 2], [9, 3], [9, 4], [9, 5]])
    func `SEC-47 no single bit of a proof can be changed`(key: [UInt8]) throws {
        let state = Self.state(count: 60)
        let value = state.value(for: key)
        let bytes = StateTree.prove(key, in: state).encoded()
        #expect(
            try StateProof(decoding: bytes).verify(root: state.root.hash, key: key, value: value))
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let proof = try? StateProof(decoding: changed) else { continue }
            #expect(!proof.verify(root: state.root.hash, key: key, value: value), "bit \(bit)")
        }
    }

    @Test func `a proof of 256 steps is made and verified`() {
        var tree = HashTree()
        let one = Digest(.stateKey, [1])
        let other = digest(one, turning: 255)
        let value = Digest(.stateValue, [1])
        tree.apply([(one, value)])
        tree.apply([(other, value)])
        let proof = StateTree.prove(keyHash: one, in: tree)
        #expect(proof.siblings.count == 256)
        #expect(proof.verify(root: tree.root.hash, keyHash: one, valueHash: value))
        let absent = digest(one, turning: 200)
        let absence = StateTree.prove(keyHash: absent, in: tree)
        #expect(absence.end == .empty)
        #expect(absence.siblings.count == 201)
        #expect(absence.verify(root: tree.root.hash, keyHash: absent, valueHash: nil))
    }

    @Test func `SEC-48 a leaf elsewhere does not prove absence`() {
        let state = Self.state(count: 60)
        let present = state.entries[0].key
        let other = state.entries[1].key
        let proof = StateTree.prove(other, in: state)
        #expect(!proof.verify(root: state.root.hash, key: present, value: nil))
    }

    @Test func `more than 256 steps are refused before they are read`() {
        var writer = ByteWriter()
        writer.writeLength(257)
        writer.writeBytes([UInt8](repeating: 0, count: 257 * 32 + 1))
        #expect(throws: DecodeError.lengthOutOfBounds(length: 257, limit: 256)) {
            try StateProof(decoding: writer.bytes)
        }
    }
}

import Codec
import Cryptography
import Testing

@Suite struct DomainTests {
    @Test func `a tag has at most 16 ASCII bytes`() {
        for domain in Domain.allCases {
            #expect((1...16).contains(domain.rawValue.utf8.count), "\(domain)")
            #expect(domain.rawValue.utf8.allSatisfy { $0 >= 0x21 && $0 < 0x7F })
        }
    }

    @Test func `no tag is a prefix of another`() {
        for a in Domain.allCases {
            for b in Domain.allCases where a != b {
                #expect(!b.rawValue.hasPrefix(a.rawValue), "\(a) and \(b)")
            }
        }
    }

    @Test func `the words of a tag are its bytes`() {
        for domain in Domain.allCases {
            let (low, high) = domain.words
            let bytes = (0..<16).map { index in
                UInt8(truncatingIfNeeded: (index < 8 ? low : high) >> UInt64(8 * (index % 8)))
            }
            #expect(bytes == domain.bytes)
        }
    }
}

@Suite struct DigestTests {
    @Test func `a tagged hash is the hash of the padded tag and the bytes`() {
        let tag = Array("alt.tx.v1".utf8) + [UInt8](repeating: 0, count: 7)
        #expect(Digest(.transaction, [1, 2, 3]).bytes == sha256(tag + [1, 2, 3]))
        let a = Digest(.block, [1])
        let b = Digest(.block, [2])
        #expect(Digest(.treeNode, a, b) == Digest(.treeNode, a.bytes + b.bytes))
    }

    @Test func `pieces hash as their whole does`() {
        var hasher = TaggedHasher(.block)
        hasher.update([1, 2])
        hasher.update(UInt16(0x0403))
        hasher.update(Digest([UInt8](repeating: 5, count: 32)))
        let whole: [UInt8] = [1, 2, 3, 4] + [UInt8](repeating: 5, count: 32)
        #expect(hasher.finalize() == Digest(.block, whole))
    }

    /// FIPS 180-4's example.
    @Test func `SHA-256 is that of FIPS 180-4`() {
        #expect(
            sha256(Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `values are in the order of their bytes`() throws {
        for word in 0..<4 {
            for index in 0..<8 {
                var small = [UInt8](repeating: 7, count: 32)
                var large = small
                small[8 * word + index] = 1
                large[8 * word + index] = 200
                // A later byte never outweighs an earlier one.
                for later in (8 * word + index + 1)..<32 { small[later] = 0xFF }
                #expect(Digest(small) < Digest(large))
                #expect(!(Digest(large) < Digest(small)))
                #expect(!(Digest(small) < Digest(small)))
            }
        }
    }

    @Test func `a value comes back from bytes, text and encoding`() throws {
        let bytes = (0..<32).map { UInt8($0 * 8) }
        let digest = Digest(bytes)
        #expect(digest.bytes == bytes)
        #expect(Digest(hex: digest.hex) == digest)
        #expect(try Digest(decoding: digest.encoded()) == digest)
        #expect(Digest(hex: String(digest.hex.dropLast(2))) == nil)
    }
}

@Suite struct HexTests {
    @Test func `every byte has its two digits`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(bytes.hex.hasPrefix("000102030405060708090a0b0c0d0e0f10"))
        #expect([UInt8](hex: bytes.hex) == bytes)
        #expect([UInt8](hex: "") == [])
    }

    @Test(arguments: ["0", "abc", "0x", "AB", "g0", " 0", "０0", "é"])
    func `another text is no bytes`(text: String) {
        #expect([UInt8](hex: text) == nil)
    }
}

@Suite struct MerkleTreeTests {
    private func leaves(_ count: Int) -> [Digest] {
        (0..<count).map { Digest(.transactionLeaf, [UInt8($0)]) }
    }

    /// The definition again, by recursion from above instead of by levels from below.
    private func oracle(_ leaves: ArraySlice<Digest>) -> Digest {
        guard leaves.count > 1 else { return leaves[leaves.startIndex] }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        let middle = leaves.startIndex + half
        let pair = oracle(leaves[..<middle]).bytes + oracle(leaves[middle...]).bytes
        return Digest(.transactionNode, pair)
    }

    @Test func `the empty list has the root of zeros`() {
        #expect(MerkleTree.root(leaves: [], node: .transactionNode) == .zero)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33])
    func `a root is that of the definition`(count: Int) {
        let leaves = leaves(count)
        var bytes: [UInt8] = [UInt8(count), 0, 0, 0, 0, 0, 0, 0]
        bytes += oracle(leaves[...]).bytes
        #expect(
            MerkleTree.root(leaves: leaves, node: .transactionNode)
                == Digest(.transactionNode, bytes))
    }

    @Test func `SEC-04 order, count and tag change the root`() {
        let three = leaves(3)
        let root = MerkleTree.root(leaves: three, node: .transactionNode)
        #expect(root != MerkleTree.root(leaves: three.reversed(), node: .transactionNode))
        #expect(root != MerkleTree.root(leaves: three + [three[2]], node: .transactionNode))
        #expect(root != MerkleTree.root(leaves: three, node: .receiptNode))
    }
}

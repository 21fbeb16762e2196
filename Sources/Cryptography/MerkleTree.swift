/// Merkle roots over lists: leaves and nodes have different tags and the count is bound in, so that
/// no list passes for another.
///
/// `root = H(node, count ‖ top)`; a level of odd length hands its last digest up unchanged. The
/// empty list has the root `Digest.zero`.
public enum MerkleTree {
    public static func root(leaves: [Digest], node: Domain) -> Digest {
        guard !leaves.isEmpty else { return .zero }
        var level = leaves
        while level.count > 1 {
            var next: [Digest] = []
            next.reserveCapacity((level.count + 1) / 2)
            var index = 0
            while index + 1 < level.count {
                next.append(Digest(node, level[index], level[index + 1]))
                index += 2
            }
            if index < level.count {
                next.append(level[index])
            }
            level = next
        }
        var hasher = TaggedHasher(node)
        hasher.update(UInt64(leaves.count))
        hasher.update(level[0])
        return hasher.finalize()
    }
}

/// Every purpose for which bytes are hashed or signed, so that bytes of one purpose never pass for
/// bytes of another.
///
/// A tag has at most 16 ASCII bytes, and none is a prefix of another (tested); it is padded with
/// zeros to 16 bytes before what it separates.
public enum Domain: String, CaseIterable, Sendable {
    // Accounts and transactions.
    case address = "alt.address.v1"
    case module = "alt.module.v1"
    case transaction = "alt.tx.v1"
    case transactionID = "alt.txid.v1"

    // Blocks: one tag for the leaves and one for the nodes of each Merkle tree.
    case block = "alt.block.v1"
    case transactionLeaf = "alt.txleaf.v1"
    case transactionNode = "alt.txroot.v1"
    case receiptLeaf = "alt.rcleaf.v1"
    case receiptNode = "alt.rcroot.v1"
    case evidenceLeaf = "alt.evleaf.v1"
    case evidenceNode = "alt.evroot.v1"
    case participationLeaf = "alt.ptleaf.v1"
    case participationNode = "alt.ptroot.v1"

    // The state tree.
    case stateKey = "alt.key.v1"
    case stateValue = "alt.value.v1"
    case treeLeaf = "alt.leaf.v1"
    case treeNode = "alt.node.v1"

    // Genesis.
    case genesis = "alt.genesis.v1"
    case genesisEntry = "alt.entry.v1"
    case proofOfPossession = "alt.pop.v1"

    // Consensus.
    case validatorSet = "alt.set.v1"
    case instance = "alt.instance.v1"
    case notarize = "alt.notarize.v1"
    case nullify = "alt.nullify.v1"
    case finalize = "alt.finalize.v1"
    case seed = "alt.seed.v1"
    case shuffle = "alt.shuffle.v1"
    case evidence = "alt.evidence.v1"
    case logRecord = "alt.log.v1"
    case signedVote = "alt.signed.v1"
    case verifiedBytes = "alt.verified.v1"

    // Governance.
    case proposal = "alt.proposal.v1"
    case dryRun = "alt.dryrun.v1"
    case version = "alt.version.v1"

    // Network.
    case handshake = "alt.noise.v1"
    case network = "alt.network.v1"
    case peerRecord = "alt.peer.v1"

    // Messages that a person signs with `keys sign`.
    case message = "alt.message.v1"

    // The checksum of a secret that a password seals.
    case sealedKey = "alt.sealed.v1"

    // A block hashes the state under these many thousands of times.
    private static let ofStateKeys = stateKey.computedWords
    private static let ofStateValues = stateValue.computedWords
    private static let ofTreeLeaves = treeLeaf.computedWords
    private static let ofTreeNodes = treeNode.computedWords

    /// The tag in its 16 bytes, as two little-endian words.
    public var words: (UInt64, UInt64) {
        if self == .treeNode { return Self.ofTreeNodes }
        if self == .treeLeaf { return Self.ofTreeLeaves }
        if self == .stateKey { return Self.ofStateKeys }
        if self == .stateValue { return Self.ofStateValues }
        return computedWords
    }

    private var computedWords: (UInt64, UInt64) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var index = 0
        for byte in rawValue.utf8 {
            if index < 8 {
                low |= UInt64(byte) << UInt64(8 * index)
            } else {
                high |= UInt64(byte) << UInt64(8 * (index - 8))
            }
            index += 1
        }
        precondition(index <= 16, "a tag has at most 16 bytes: \(rawValue)")
        return (low, high)
    }

    /// The tag padded with zeros to 16 bytes.
    public var bytes: [UInt8] {
        let tag = Array(rawValue.utf8)
        precondition(tag.count <= 16, "a tag has at most 16 bytes: \(rawValue)")
        return tag + [UInt8](repeating: 0, count: 16 - tag.count)
    }
}

import Cryptography

/// What executing a block yields, as far as agreement must know it. The writes themselves wait in
/// the executor until the block is final.
public struct ExecutionOutcome: Hashable, Sendable {
    public let stateRoot: Digest
    public let receiptsRoot: Digest
    public let gasUsed: UInt64
    public let nextSetHash: Digest

    public init(stateRoot: Digest, receiptsRoot: Digest, gasUsed: UInt64, nextSetHash: Digest) {
        self.stateRoot = stateRoot
        self.receiptsRoot = receiptsRoot
        self.gasUsed = gasUsed
        self.nextSetHash = nextSetHash
    }
}

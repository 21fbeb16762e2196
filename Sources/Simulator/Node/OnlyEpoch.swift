import Chain
import Cryptography
import Ledger
import StateTree

extension Queries {
    static func epoch(after head: BlockSummary, over reader: some StateReader) -> Epoch { .zero }

    static func instance(
        of epoch: Epoch, after head: BlockSummary, over reader: some StateReader
    ) -> Instance? {
        guard epoch == .zero, let set = validatorSet(of: epoch, over: reader) else { return nil }
        let facts = chainFacts(over: reader)
        return Instance(
            chainID: facts.chainID, epoch: .zero,
            base: BlockSummary(
                hash: facts.genesisHash, height: .genesis, view: .zero, timestamp: facts.time),
            validators: set, boundary: Height(.max), previousSeed: nil)
    }
}

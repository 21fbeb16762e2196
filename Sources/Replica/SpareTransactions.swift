import Chain
import Cryptography
import OrderedCollections

/// Transactions that were verified and found no place in the pool, or lost it. Whoever signs two
/// for one sequence and sends each to one half of the nodes would make every compact proposal
/// incomplete somewhere, were the losers forgotten at once.
struct SpareTransactions: Sendable {
    static let bytesMax = 4 * 1024 * 1024

    private var entries: OrderedDictionary<Digest, SignedTransaction> = [:]
    private var byteCount = 0

    subscript(id: Digest) -> SignedTransaction? { entries[id] }

    mutating func insert(_ transaction: SignedTransaction) {
        guard entries.updateValue(transaction, forKey: transaction.id) == nil else { return }
        byteCount += transaction.encodedByteCount
        guard byteCount > SpareTransactions.bytesMax else { return }
        // Half of it at once, so that one costs little.
        let kept = Array(entries.values.suffix(entries.count / 2))
        entries = OrderedDictionary(uniqueKeysWithValues: kept.map { ($0.id, $0) })
        byteCount = kept.reduce(0) { $0 + $1.encodedByteCount }
    }
}

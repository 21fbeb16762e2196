import Chain
import Codec
import Cryptography
import OrderedCollections

/// Evidence that waits for a block (consensus.md 2.14): one pair for each signer and epoch, each
/// with good signatures. Whether it still opens an offence, the ledger decides as the block is
/// built.
struct EvidencePool: Sendable {
    /// What one offence is: a second pair about it says nothing new.
    struct Offender: Hashable, Sendable {
        let epoch: Epoch
        let signer: UInt16

        init(_ evidence: Evidence) {
            epoch = evidence.epoch
            signer = evidence.signer
        }
    }

    private struct Entry: Sendable {
        let evidence: Evidence
        /// The view in which it came: it hurries nobody for ever.
        var arrival: View
    }

    static let countMax = 256
    /// Offenders who were dealt with, remembered so that no gossip brings them back.
    static let settledMax = 1_024

    private var entries: OrderedDictionary<Offender, Entry> = [:]
    private var settled: OrderedSet<Offender> = []

    var count: Int { entries.count }

    var evidence: [Evidence] { entries.values.map(\.evidence) }

    /// Whether a pair is worth the check of its signatures.
    func wants(_ evidence: Evidence) -> Bool {
        let offender = Offender(evidence)
        return entries[offender] == nil && !settled.contains(offender)
            && entries.count < EvidencePool.countMax
    }

    /// Takes a verified pair; false if it is not wanted.
    mutating func insert(_ evidence: Evidence, in view: View) -> Bool {
        guard wants(evidence) else { return false }
        entries[Offender(evidence)] = Entry(evidence: evidence, arrival: view)
        return true
    }

    /// A final block names these: nothing more is to be done about them.
    mutating func settle(_ evidence: some Sequence<Evidence>) {
        for pair in evidence { settle(Offender(pair)) }
    }

    private mutating func settle(_ offender: Offender) {
        entries.removeValue(forKey: offender)
        settled.append(offender)
        if settled.count > EvidencePool.settledMax { settled.removeFirst() }
    }

    /// The ledger refused the pairs with these ids.
    mutating func drop(_ ids: [Digest]) {
        guard !entries.isEmpty, !ids.isEmpty else { return }
        let refused = entries.filter { ids.contains($0.value.evidence.id) }.map(\.key)
        for offender in refused { settle(offender) }
    }

    /// What may go into a block of `epoch`, in the order of arrival.
    ///
    /// - Parameters:
    ///   - included: what stands in blocks above the last final one.
    ///   - isFirst: whether the block is the first of its epoch: the state knows an epoch only
    ///     after its first block, so that evidence about it can come with the second.
    func candidates(
        of epoch: Epoch, without included: [Evidence], isFirst: Bool, since oldest: View
    ) -> [Evidence] {
        guard !entries.isEmpty else { return [] }
        let taken = included.map { Offender($0) }
        return entries.values.lazy
            .filter { $0.arrival >= oldest }
            .map(\.evidence)
            .filter { $0.epoch < epoch || ($0.epoch == epoch && !isFirst) }
            .filter { !taken.contains(Offender($0)) }
            .prefix(Limits.evidencePerBlockMax)
            .map { $0 }
    }

    /// Views begin anew with each epoch.
    mutating func beginEpoch() {
        for index in entries.values.indices {
            entries.values[index].arrival = .zero
        }
    }
}

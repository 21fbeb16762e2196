import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import StateTree
import Storage

/// The certificates of the log once more, in the database. They outlive the loss of the log,
/// without which a view might be left with no certificate anywhere and the epoch stop (consensus.md
/// 2.15); they answer who asks about views that the engine keeps no certificates of any more; and
/// the nullifications of skipped views stay for as long as evidence can be of use, since a fork is
/// attributed by them (2.14).
struct CertificateShelf: Sendable {
    private let blocks: BlockStore
    private(set) var instance: Digest
    /// What goes as soon as the floor has passed it.
    private var passing: [(view: View, kind: VoteKind)] = []

    init(blocks: BlockStore, instance: Digest, records: [SafetyRecord] = []) {
        self.blocks = blocks
        self.instance = instance
        note(records)
    }

    /// The shelf of the next instance.
    func begun(_ instance: Digest, records: [SafetyRecord]) -> CertificateShelf {
        CertificateShelf(blocks: blocks, instance: instance, records: records)
    }

    /// Unsynced: the log is what is promised.
    mutating func append(_ records: [SafetyRecord]) {
        let batch = WriteBatch(blocks.database)
        var isEmpty = true
        for record in records {
            guard case .certificate(let certificate) = record else { continue }
            blocks.putCertificate(
                certificate.encoded(), instance: instance, view: certificate.view,
                kind: certificate.kind, in: batch)
            isEmpty = false
        }
        guard !isEmpty else { return }
        blocks.database.write(batch, sync: false)
        note(records)
    }

    private mutating func note(_ records: [SafetyRecord]) {
        for case .certificate(let certificate) in records where certificate.kind != .nullify {
            passing.append((certificate.view, certificate.kind))
        }
    }

    /// What lies at or below the floor is proven by finalizations.
    mutating func prune(through floor: View) {
        guard passing.contains(where: { $0.view <= floor }) else { return }
        let batch = WriteBatch(blocks.database)
        for row in passing where row.view <= floor {
            blocks.deleteCertificate(
                instance: instance, view: row.view, kind: row.kind, in: batch)
        }
        blocks.database.write(batch, sync: false)
        passing.removeAll { $0.view <= floor }
    }

    /// The certificates above a view that the records of a log lack.
    func missing(in records: [SafetyRecord], above floor: View) -> [SafetyRecord] {
        var known: Set<SafetyRecord> = []
        for case .certificate(let certificate) in records {
            known.insert(.certificate(certificate))
        }
        return blocks.certificates(
            instance: instance, from: floor.advanced(by: 1), limit: .max
        ).compactMap { bytes in
            guard let certificate = try? Certificate(decoding: bytes), !certificate.isPartial,
                !known.contains(.certificate(certificate))
            else { return nil }
            return .certificate(certificate)
        }
    }
}

extension BlockStore {
    /// What is held of what was asked for.
    func certificates(_ request: CertificateRequest, instance: Digest) -> [Certificate] {
        let found = VoteKind.allCases.filter(request.names).compactMap { kind in
            certificate(instance: instance, view: request.view, kind: kind)
                .flatMap { try? Certificate(decoding: $0) }
        }
        return Array(found.prefix(CertificateResponse.certificatesMax))
    }

    /// Deletes the certificates of the epochs before `epoch` about whose votes evidence comes too
    /// late (staking.md 2): those that ended longer ago than stake needs to be free.
    func deleteExpiredCertificates(
        before epoch: Epoch, at time: Timestamp, over state: some StateReader
    ) {
        let unbonding = Queries.parameters(over: state).unbonding
        func expired(_ epoch: UInt64) -> EpochRecord? {
            let record = Queries.epochRecord(Epoch(epoch), over: state)
            let end = record?.endTime?.advanced(by: unbonding)
            return end.map { $0 < time } ?? false ? record : nil
        }
        // Ends are in order: expired are the epochs below `low`, found by halving, since a chain
        // of short epochs has thousands that are not.
        var low: UInt64 = 0
        var high = epoch.value
        while low < high {
            let middle = low + (high - low) / 2
            if expired(middle) != nil { low = middle + 1 } else { high = middle }
        }
        var empty = 0
        // One epoch expires for each that begins; a shorter time lets several do so at once.
        while low > 0, empty < 8 {
            low -= 1
            guard let instance = expired(low)?.instance,
                !certificates(instance: instance, from: .zero, limit: 1).isEmpty
            else {
                empty += 1
                continue
            }
            let batch = WriteBatch(database)
            deleteCertificates(instance: instance, below: View(.max), in: batch)
            database.write(batch, sync: false)
        }
    }
}

import Chain
import Codec
import Consensus
import Cryptography
import Foundation
import Ledger
import StateTree
import Storage
import Testing

@testable import Node

/// 2.14: nullifications outlive the floor, but not the time in which a stake can be taken.
@Suite struct ExpiredCertificatesTests {
    /// A genesis and records of epochs that have ended.
    private struct EndedEpochs: StateReader {
        var base = MemoryState()
        var values: [[UInt8]: [UInt8]] = [:]

        init(_ genesis: Genesis) {
            base.apply(Ledger.genesis(genesis).changes)
        }

        var root: TreeRoot { base.root }

        func node(_ key: NodeKey) -> [UInt8]? { base.node(key) }

        func value(for key: [UInt8]) -> [UInt8]? { values[key] ?? base.value(for: key) }

        func firstEntry(from lower: [UInt8], to upper: [UInt8]) -> StateEntry? {
            base.firstEntry(from: lower, to: upper)
        }

        /// - Parameter end: in milliseconds; nil: it goes on.
        mutating func set(_ epoch: UInt64, instance: Digest, end: UInt64?) {
            var record = EpochRecord(after: Height(16 * epoch), length: 16)
            let base = BlockSummary(
                hash: instance, height: Height(16 * epoch), view: .zero, timestamp: Timestamp(0))
            record.start = EpochRecord.Start(base: base, seed: .zero, instance: instance)
            record.endTime = end.map { Timestamp($0) }
            values[StateKey.epoch(Epoch(epoch)).bytes] = record.encoded()
        }
    }

    private static func instance(_ epoch: UInt64) -> Digest {
        Digest(.block, [UInt8(epoch)])
    }

    private static func store(_ network: TestNetwork) throws -> BlockStore {
        try FileManager.default.createDirectory(
            atPath: network.members[0].home.data, withIntermediateDirectories: true)
        return BlockStore(database: try Database(path: network.members[0].home.database))
    }

    /// Three nullifications for each of these epochs.
    private static func fill(_ store: BlockStore, epochs: Range<UInt64>) {
        let batch = WriteBatch(store.database)
        var bitmap = SignerBitmap(count: 1)
        bitmap.insert(0)
        for epoch in epochs {
            for view in 1...3 as ClosedRange<UInt64> {
                let certificate = Certificate(
                    epoch: Epoch(epoch), view: View(view), statement: .nullify, isPartial: false,
                    bitmap: bitmap, signatures: [Signature([UInt8](repeating: 1, count: 64))])
                store.putCertificate(
                    certificate.encoded(), instance: instance(epoch), view: View(view),
                    kind: .nullify, in: batch)
            }
        }
        store.database.write(batch, sync: false)
    }

    private static func held(_ store: BlockStore, of epochs: Range<UInt64>) -> [UInt64] {
        epochs.filter {
            !store.certificates(instance: instance($0), from: .zero, limit: 1).isEmpty
        }
    }

    @Test func `certificates go with the epochs that ended an unbonding time ago`() throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let store = try Self.store(network)
        Self.fill(store, epochs: 0..<6)
        var state = EndedEpochs(network.genesis)
        let unbonding = network.genesis.parameters.unbonding
        for epoch in 0..<5 as Range<UInt64> {
            state.set(epoch, instance: Self.instance(epoch), end: 1_000 * (epoch + 1))
        }
        state.set(5, instance: Self.instance(5), end: nil)
        // To the millisecond: evidence may still come at the end of the time.
        store.deleteExpiredCertificates(
            before: Epoch(5), at: Timestamp(1_000 + unbonding), over: state)
        #expect(Self.held(store, of: 0..<6) == [0, 1, 2, 3, 4, 5])
        store.deleteExpiredCertificates(
            before: Epoch(5), at: Timestamp(1_001 + unbonding), over: state)
        #expect(Self.held(store, of: 0..<6) == [1, 2, 3, 4, 5])
        // All views of it are gone, and of the next none.
        let rest = store.certificates(instance: Self.instance(1), from: .zero, limit: .max)
        #expect(rest.count == 3)
        // Several at once, after a shorter time or a long absence, and never what still runs.
        store.deleteExpiredCertificates(
            before: Epoch(5), at: Timestamp(9_000 + unbonding), over: state)
        #expect(Self.held(store, of: 0..<6) == [5])
        // Again, and with nothing left: nothing happens.
        store.deleteExpiredCertificates(
            before: Epoch(6), at: Timestamp(9_000 + unbonding), over: state)
        #expect(Self.held(store, of: 0..<6) == [5])
    }

    @Test func `a chain that has just begun has nothing to delete`() throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let store = try Self.store(network)
        Self.fill(store, epochs: 0..<1)
        let state = EndedEpochs(network.genesis)
        store.deleteExpiredCertificates(before: .zero, at: Timestamp(.max), over: state)
        store.deleteExpiredCertificates(before: Epoch(1), at: Timestamp(.max), over: state)
        #expect(Self.held(store, of: 0..<1) == [0])
    }

    /// Epochs without a certificate lie between those that have some.
    @Test func `a quiet epoch does not hide the older ones`() throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let store = try Self.store(network)
        Self.fill(store, epochs: 0..<2)
        var state = EndedEpochs(network.genesis)
        for epoch in 0..<8 as Range<UInt64> {
            state.set(epoch, instance: Self.instance(epoch), end: 1_000 * (epoch + 1))
        }
        store.deleteExpiredCertificates(
            before: Epoch(8), at: Timestamp(20_000 + network.genesis.parameters.unbonding),
            over: state)
        #expect(Self.held(store, of: 0..<2).isEmpty)
    }
}

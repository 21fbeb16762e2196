import Chain
import Cryptography
import Testing

@testable import Storage

@Suite struct BlockStoreTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func hash(_ name: UInt8) -> Digest { Digest(.block, [name]) }

    private func finalize(_ store: BlockStore, _ height: UInt64, _ hash: Digest) {
        let batch = WriteBatch(store.database)
        store.finalize(
            height: Height(height), hash: hash, receipts: [UInt8(height)],
            transactions: [Digest(.transactionID, [UInt8(height), 0])], in: batch)
        store.database.write(batch, sync: true)
    }

    @Test func `a block is on the disk when it was put`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        store.putBlock(hash: Self.hash(1), height: Height(1), header: [1], body: [2, 3])
        try directory.copy("db", to: "copy")
        let copy = BlockStore(database: try Database(path: directory.path("copy")))
        #expect(copy.hasBlock(Self.hash(1)))
        #expect(copy.header(Self.hash(1)) == [1])
        #expect(copy.body(Self.hash(1)) == [2, 3])
        #expect(!copy.hasBlock(Self.hash(2)))
        #expect(copy.undecided().map(\.hash) == [Self.hash(1)])
    }

    @Test func `the keys of the newest epoch's seats are kept`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        #expect(store.seatKeys(of: .zero) == nil)
        store.putSeatKeys([1], of: .zero)
        store.putSeatKeys([2], of: .zero)
        #expect(store.seatKeys(of: .zero) == [2])
        store.putSeatKeys([3], of: Epoch(256))
        #expect(store.seatKeys(of: .zero) == nil)
        #expect(store.seatKeys(of: Epoch(256)) == [3])
        #expect(store.seatKeys(of: Epoch(257)) == nil)
    }

    @Test func `a decision keeps the block and deletes its rivals up to that height`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        for (name, height) in [(1, 1), (2, 2), (3, 2), (4, 3)] as [(UInt8, UInt64)] {
            store.putBlock(
                hash: Self.hash(name), height: Height(height), header: [name], body: [name])
        }
        finalize(store, 1, Self.hash(1))
        finalize(store, 2, Self.hash(3))
        #expect(store.hash(at: Height(2)) == Self.hash(3))
        #expect(store.hasBlock(Self.hash(1)))
        #expect(!store.hasBlock(Self.hash(2)))
        #expect(store.body(Self.hash(2)) == nil)
        #expect(store.hasBlock(Self.hash(3)))
        #expect(store.undecided().map(\.height) == [Height(3)])
        #expect(store.last?.height == Height(2))
        #expect(store.last?.hash == Self.hash(3))
        #expect(store.receipts(at: Height(2)) == [2])
        #expect(store.transaction(Digest(.transactionID, [2, 0]))?.height == Height(2))
        #expect(store.transaction(Digest(.transactionID, [2, 0]))?.index == 0)
        #expect(store.transaction(Digest(.transactionID, [3, 0])) == nil)
    }

    @Test func `a final block that is put again is not deleted later`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        store.putBlock(hash: Self.hash(1), height: Height(1), header: [1], body: [])
        finalize(store, 1, Self.hash(1))
        store.putBlock(hash: Self.hash(1), height: Height(1), header: [1], body: [])
        store.putBlock(hash: Self.hash(2), height: Height(2), header: [2], body: [])
        finalize(store, 2, Self.hash(2))
        #expect(store.hasBlock(Self.hash(1)))
        #expect(store.undecided().isEmpty)
    }

    @Test func `an empty store has no last block`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        #expect(store.last == nil)
        #expect(store.lastFinalization == nil)
        #expect(store.hash(at: .genesis) == nil)
        #expect(store.genesisHash == nil)
    }

    @Test func `the first finalization at or above a height is found`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        let batch = WriteBatch(store.database)
        store.putFinalization([3], height: Height(3), in: batch)
        store.putFinalization([255], height: Height(255), in: batch)
        store.putFinalization([1], height: Height(256), in: batch)
        store.putGenesisHash(Self.hash(9), in: batch)
        store.database.write(batch, sync: true)
        #expect(store.finalization(at: Height(3)) == [3])
        #expect(store.finalization(at: Height(4)) == nil)
        #expect(store.finalization(from: Height(4))?.height == Height(255))
        #expect(store.finalization(from: Height(256))?.certificate == [1])
        #expect(store.finalization(from: Height(257)) == nil)
        #expect(store.lastFinalization?.height == Height(256))
        #expect(store.genesisHash == Self.hash(9))
    }

    @Test func `certificates are kept by instance, view and kind down to the floor`() throws {
        let store = BlockStore(database: try Database(path: directory.path("db")))
        let one = Digest(.instance, [1])
        let other = Digest(.instance, [2])
        for view in UInt64(1)...5 {
            for instance in [one, other] {
                store.putCertificate(
                    [UInt8(view), 1], instance: instance, view: View(view), kind: .notarize,
                    sync: false)
            }
        }
        store.putCertificate(
            [3, 2], instance: one, view: View(3), kind: .nullify, sync: true)
        #expect(store.certificate(instance: one, view: View(3), kind: .nullify) == [3, 2])
        #expect(store.certificate(instance: other, view: View(3), kind: .nullify) == nil)
        let batch = WriteBatch(store.database)
        store.deleteCertificates(instance: one, below: View(3), in: batch)
        store.database.write(batch, sync: true)
        #expect(
            store.certificates(instance: one, from: .zero, limit: 10)
                == [[3, 1], [3, 2], [4, 1], [5, 1]])
        #expect(
            store.certificates(instance: one, from: View(4), limit: 1) == [[4, 1]])
        #expect(store.certificates(instance: other, from: .zero, limit: 10).count == 5)
    }
}

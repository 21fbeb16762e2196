import Chain
import Codec
import Cryptography
import Foundation
import Networking
import Replica
import Storage
import Testing

@testable import Node

@Suite struct EpochSourceTests {
    private static func key(_ index: UInt8) -> PublicKey {
        TestNetwork.networkKey(index).publicKey
    }

    private static func encode(_ keys: [PublicKey?]) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        for key in keys { writer.writeOptional(key) }
        return writer.bytes
    }

    /// Which member has which seat.
    private static func order(_ count: UInt8, _ view: StateView.Published) throws -> [UInt8] {
        var order = [UInt8](repeating: 0, count: Int(count))
        for member in 0..<count {
            let key = TestNetwork.consensusKey(member).publicKey
            order[Int(try #require(view.instance.validators.index(of: key)))] = member
        }
        return order
    }

    private func withSource(
        validators: Int, _ body: (EpochSource, StateView.Published) throws -> Void
    ) throws {
        let network = try TestNetwork(validators: validators)
        defer { network.remove() }
        let data = try DataFolder.open(network.members[0].home, genesis: network.genesis)
        let source = EpochSource(
            blocks: data.blocks, consensusKey: nil, networkKey: Self.key(9), silentSince: nil)
        try body(source, data.view)
    }

    @Test func `the keys of the seats are kept as their epoch begins`() throws {
        try withSource(validators: 3) { source, view in
            let keys = try Self.order(3, view).map { Self.key($0) }
            #expect(source.networkKeys(of: view.instance, over: view.snapshot) == keys)
            #expect(source.blocks.seatKeys(of: .zero) == nil)
            source.keepNetworkKeys(of: view.instance, over: view.snapshot)
            #expect(source.blocks.seatKeys(of: .zero) == Self.encode(keys))
            #expect(source.newKeys(in: view.instance, over: view.snapshot).isEmpty)
        }
    }

    @Test func `a node that starts later takes the kept keys, and knows the newest beside them`()
        throws
    {
        try withSource(validators: 3) { source, view in
            let order = try Self.order(3, view)
            var keys: [PublicKey?] = order.map { Self.key($0) }
            keys[1] = Self.key(20)
            keys[2] = nil
            source.blocks.putSeatKeys(Self.encode(keys), of: .zero)
            #expect(source.start(view.instance, over: view.snapshot).seats == keys)
            #expect(
                source.newKeys(in: view.instance, over: view.snapshot)
                    == [Self.key(order[1]): Self.key(20)])
            let ids = source.neighbours(in: view.instance, over: view.snapshot).ids
            #expect(ids == Set([order[0], order[1], order[2], 20].map { PeerID(Self.key($0)) }))
        }
    }

    @Test func `a row of keys that is none counts as no row`() throws {
        try withSource(validators: 3) { source, view in
            let keys = try Self.order(3, view).map { Self.key($0) }
            for row in [[], [1, 2, 3], [7] + Self.encode(keys), Self.encode([keys[0], nil])] {
                source.blocks.putSeatKeys(row, of: .zero)
                #expect(source.networkKeys(of: view.instance, over: view.snapshot) == keys)
            }
        }
    }

    @Test func `a key that a seat had stays that seat's, whoever takes it then`() throws {
        try withSource(validators: 3) { source, view in
            let order = try Self.order(3, view)
            let keys = [order[1], order[0], 20].map { Self.key($0) }
            source.blocks.putSeatKeys(Self.encode(keys), of: .zero)
            #expect(
                source.newKeys(in: view.instance, over: view.snapshot)
                    == [Self.key(order[2]): Self.key(20)])
        }
    }
}

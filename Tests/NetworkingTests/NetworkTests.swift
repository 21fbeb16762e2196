import Codec
import Cryptography
import Synchronization
import Testing

@testable import Networking

@Suite(.timeLimit(.minutes(1))) struct NetworkTests {
    @Test func `two nodes exchange messages on every channel`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            a.network.connect(to: addresses[1])
            try await a.log.wait("connected") { $0.isConnected(to: b.id) }
            try await b.log.wait("connected") { $0.isConnected(to: a.id) }
            var generator = SeededGenerator(seed: 1)
            for channel in Networking.Channel.allCases {
                let most = ChannelTable()[channel].messageBytesMax
                let small = generator.bytes(1)
                let large = generator.bytes(most)
                #expect(a.network.send(small, on: channel, to: b.id) == .queued)
                #expect(b.network.send(large, on: channel, to: a.id) == .queued)
                try await b.log.wait("small on \(channel)") {
                    $0.messages(on: channel) == [small]
                }
                try await a.log.wait("large on \(channel)") {
                    $0.messages(on: channel) == [large]
                }
            }
            #expect(a.network.connectedPeers == [b.id])
            #expect(a.network.peers.first?.isOutbound == true)
            #expect(b.network.peers.first?.isOutbound == false)
        }
        #expect(a.network.isQuiet)
        #expect(b.network.isQuiet)
        #expect(a.log.events.disconnections(from: b.id) == 1)
    }
}

extension Network {
    /// Whether nothing is held for any peer.
    var isQuiet: Bool {
        state.withLock { state in
            state.table.isEmpty && state.connections.isEmpty && state.active.isEmpty
                && state.peers.isEmpty
        }
    }
}

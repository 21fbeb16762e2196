import Codec
import Cryptography
import NIOCore
import Testing

@testable import Networking

/// What a node does with a peer that breaks the rules on the wire.
@Suite(.timeLimit(.minutes(10))) struct HostilePeerTests {
    /// A starved machine may need longer for a handshake than a node waits for one; that wait is
    /// longer here than a test may take, so that it never is what closes a connection.
    private static var patient: NetworkLimits {
        var limits = NetworkLimits()
        limits.handshakeTimeoutMilliseconds = 3_600_000
        return limits
    }

    @Test func `garbage of any length closes the connection and nothing else`() async throws {
        let node = TestNode(1)
        try await withRunning([node]) { addresses in
            var generator = SeededGenerator(seed: 5)
            for count in [253, 254, 400, 4_096, 70_000] {
                let garbage = generator.bytes(count)
                try await RawPeer.connect(to: addresses[0]) { peer in
                    try await peer.write(garbage)
                    try await peer.waitForClose()
                }
            }
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            try await RawPeer.connect(to: addresses[0]) { peer in
                try await peer.write(request + request + [UInt8](repeating: 10, count: 300))
                try await peer.waitForClose()
            }
            #expect(node.network.statistics.faults == 6)
            try await eventually("no slot is held") { node.network.isQuiet }
        }
        #expect(node.log.events.count == 1)
    }

    @Test func `connections that end at any byte of the handshake leave nothing`() async throws {
        let node = TestNode(1)
        try await withRunning([node]) { addresses in
            var generator = SeededGenerator(seed: 6)
            for count in stride(from: 0, through: 250, by: 10) {
                try await RawPeer.connect(to: addresses[0]) { peer in
                    if count > 0 { try await peer.write(generator.bytes(count)) }
                }
            }
            try await eventually("no slot is held") { node.network.isQuiet }
        }
        #expect(node.log.events.count == 1)
    }

    @Test func `a handshake that is not finished in time is ended`() async throws {
        var limits = NetworkLimits()
        limits.handshakeTimeoutMilliseconds = 50
        let node = TestNode(1, limits: limits)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { peer in
                try await peer.waitForClose()
            }
            #expect(node.lines.all.contains { $0.contains("took too long") })
        }
    }

    @Test func `handshakes under way are bounded, and whoever is silent goes for the next`()
        async throws
    {
        var limits = Self.patient
        limits.pendingHandshakesMax = 1
        let node = TestNode(1, limits: limits)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { first in
                try await first.write([1])
                try await eventually("the first has a slot") { !node.network.isQuiet }
                try await RawPeer.connect(to: addresses[0]) { second in
                    try await first.waitForClose()
                    _ = try await second.shakeHands(as: 2)
                    try await node.log.wait("connected") { $0.isConnected(to: makeID(2)) }
                }
            }
            #expect(node.lines.all.contains { $0.contains("too many handshakes") })
            try await eventually("no slot is held") { node.network.isQuiet }
        }
    }

    @Test func `a forged frame ends the connection and the peer is banned`() async throws {
        let node = TestNode(1, limits: Self.patient)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { peer in
                _ = try await peer.shakeHands(as: 2)
                try await node.log.wait("connected") { $0.isConnected(to: makeID(2)) }
                try await peer.write([40, 0] + [UInt8](repeating: 0, count: 40))
                try await peer.waitForClose()
            }
            try await node.log.wait("the end") { $0.disconnections(from: makeID(2)) == 1 }
            try await RawPeer.connect(to: addresses[0]) { peer in
                _ = try await peer.shakeHands(as: 2)
                try await peer.waitForClose()
            }
            #expect(node.log.events.connections(to: makeID(2)) == 1)
            try await eventually("no slot is held") { node.network.isQuiet }
        }
    }

    @Test func `a message above its limit ends the connection`() async throws {
        let node = TestNode(1, limits: Self.patient)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { peer in
                var (send, _) = try await peer.shakeHands(as: 2)
                let header: [UInt8] = [1, 3, 0, 0, 0, 0, 129, 0, 0, 0]
                let sealed = try send.seal(header + [UInt8](repeating: 0, count: 129))
                try await peer.write([UInt8(sealed.count), 0] + sealed)
                try await peer.waitForClose()
            }
            #expect(node.log.events.messages(on: .votes) == [])
            #expect(node.lines.all.contains { $0.contains("129 bytes on the channel votes") })
        }
    }

    @Test func `a silent peer is asked, and given up`() async throws {
        var limits = Self.patient
        limits.pingAfterMilliseconds = 50
        limits.deadAfterMilliseconds = 1_500
        let node = TestNode(1, limits: limits)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { peer in
                var (_, receive) = try await peer.shakeHands(as: 2)
                let length = try await peer.read(2)
                let frame = try receive.open(try await peer.read(Int(length[0])))
                #expect(frame[1] == 7)
                #expect(frame[10] == 1)
                try await peer.waitForClose()
            }
            try await node.log.wait("the end") { $0.disconnections(from: makeID(2)) == 1 }
            #expect(node.lines.all.contains { $0.contains("it is silent") })
        }
    }

    @Test func `nodes that answer pings stay connected`() async throws {
        var limits = Self.patient
        limits.pingAfterMilliseconds = 250
        limits.deadAfterMilliseconds = 5_000
        let a = TestNode(1, limits: limits)
        let b = TestNode(2, limits: limits)
        try await withRunning([a, b]) { addresses in
            a.network.connect(to: addresses[1])
            try await a.log.wait("connected") { $0.isConnected(to: b.id) }
            let before = a.network.statistics.bytesReceived
            // A ping or an answer to one is 37 bytes, and in 250 ms there is at most one of each:
            // this takes longer than the time after which a silent peer is given up.
            try await eventually("pongs") {
                a.network.statistics.bytesReceived > before + 44 * 37
            }
            #expect(a.log.events.disconnections(from: b.id) == 0)
        }
    }

    @Test func `a second connection of the same peer replaces the first`() async throws {
        let node = TestNode(1, limits: Self.patient)
        try await withRunning([node]) { addresses in
            try await RawPeer.connect(to: addresses[0]) { first in
                _ = try await first.shakeHands(as: 2)
                try await node.log.wait("the first") { $0.connections(to: makeID(2)) == 1 }
                try await RawPeer.connect(to: addresses[0]) { second in
                    var (send, _) = try await second.shakeHands(as: 2)
                    let sealed = try send.seal([1, 3, 0, 0, 0, 0, 1, 0, 0, 0, 42])
                    try await second.write([UInt8(sealed.count), 0] + sealed)
                    try await first.waitForClose()
                    try await node.log.wait("a vote over the second") {
                        $0.messages(on: .votes) == [[42]]
                    }
                }
            }
            try await eventually("no slot is held") { node.network.isQuiet }
        }
        #expect(node.log.events.connections(to: makeID(2)) == 2)
        #expect(node.log.events.alternates(for: makeID(2)))
    }

    /// SEC-30: what a peer says reaches the log in our words only.
    @Test func `no bytes of a peer reach the log`() async throws {
        let node = TestNode(1)
        try await withRunning([node]) { addresses in
            let text = Array("\u{1B}[31mEVIL\n%n%n".utf8)
            try await RawPeer.connect(to: addresses[0]) { peer in
                try await peer.write(Array(repeating: text, count: 30).flatMap { $0 })
                try await peer.waitForClose()
            }
            #expect(!node.lines.all.isEmpty)
            #expect(!node.lines.all.contains { $0.contains("EVIL") || $0.contains("\u{1B}") })
        }
    }
}

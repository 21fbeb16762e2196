import Codec
import Cryptography
import NIOCore
import Synchronization
import Testing

@testable import Networking

/// Real nodes over the loopback.
@Suite(.timeLimit(.minutes(10))) struct NetworkTests {
    @Test func `two nodes exchange messages on every channel`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            try await connect(a, b, addresses[1])
            var generator = SeededGenerator(seed: 1)
            for channel in Networking.Channel.allCases {
                let most = ChannelTable()[channel].messageBytesMax
                let small = generator.bytes(1)
                let large = generator.bytes(most)
                #expect(a.network.send(small, on: channel, to: b.id) == .queued)
                #expect(b.network.send(large, on: channel, to: a.id) == .queued)
                try await b.log.wait("small on \(channel)") { $0.messages(on: channel) == [small] }
                try await a.log.wait("large on \(channel)") { $0.messages(on: channel) == [large] }
            }
            #expect(a.network.connectedPeers == [b.id])
            #expect(a.network.peers.first?.isOutbound == true)
            #expect(b.network.peers.first?.isOutbound == false)
            #expect(a.network.send([1], on: .votes, to: makeID(9)) == .notConnected)
            let oversized = [UInt8](repeating: 0, count: 129)
            #expect(a.network.send(oversized, on: .votes, to: b.id) == .invalidSize)
        }
        #expect(a.network.isQuiet)
        #expect(b.network.isQuiet)
        #expect(a.log.events.disconnections(from: b.id) == 1)
    }

    @Test func `four nodes that all call each other form one mesh`() async throws {
        let nodes = (1...4).map { TestNode($0) }
        try await withRunning(nodes) { addresses in
            for (index, node) in nodes.enumerated() {
                for (other, address) in addresses.enumerated() where other != index {
                    node.network.connect(to: address)
                }
            }
            try await eventually("a mesh") { nodes.allSatisfy { $0.isSettled(peers: 3) } }
            let ids = nodes.map(\.id)
            for node in nodes {
                #expect(node.network.connectedPeers == ids.filter { $0 != node.id }.sorted())
            }
            for (index, node) in nodes.enumerated() {
                for channel in Networking.Channel.allCases {
                    node.network.broadcast([UInt8(index)], on: channel)
                }
            }
            for (index, node) in nodes.enumerated() {
                let expected = (0..<4).filter { $0 != index }.map { [UInt8($0)] }
                for channel in Networking.Channel.allCases {
                    try await node.log.wait("three messages on \(channel)") { events in
                        events.messages(on: channel).sorted { $0[0] < $1[0] } == expected
                    }
                }
            }
        }
        for node in nodes { #expect(node.network.isQuiet) }
    }

    @Test func `of two nodes that call each other at once one connection stays`() async throws {
        for round in 0..<10 as Range<UInt8> {
            let a = TestNode(10 + 2 * round)
            let b = TestNode(11 + 2 * round)
            try await withRunning([a, b]) { addresses in
                a.network.connect(to: addresses[1])
                b.network.connect(to: addresses[0])
                // Calls that do not cross leave the first; PeerTableTests has those that do.
                try await eventually("one connection") {
                    a.isSettled(peers: 1) && b.isSettled(peers: 1)
                }
                let outbound = [a, b].compactMap { $0.network.peers.first?.isOutbound }
                #expect(Set(outbound) == [true, false])
                #expect(a.network.send([1], on: .votes, to: b.id) == .queued)
                #expect(b.network.send([2], on: .votes, to: a.id) == .queued)
                try await b.log.wait("a vote") { $0.messages(on: .votes) == [[1]] }
                try await a.log.wait("a vote") { $0.messages(on: .votes) == [[2]] }
            }
            #expect(a.network.isQuiet)
            #expect(b.network.isQuiet)
            for (node, peer) in [(a, b.id), (b, a.id)] {
                let events = node.log.events
                #expect(events.alternates(for: peer))
            }
        }
    }

    @Test func `a vote overtakes blocks that are under way`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            try await connect(a, b, addresses[1])
            let block = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<4 { #expect(a.network.send(block, on: .proposals, to: b.id) == .queued) }
            #expect(a.network.send([1], on: .votes, to: b.id) == .queued)
            try await b.log.wait("all") {
                $0.messages(on: .proposals).count == 4 && $0.messages(on: .votes).count == 1
            }
            let order = b.log.events.compactMap { event in
                if case .received(_, let channel, _, _) = event { channel } else { nil }
            }
            let vote = try #require(order.firstIndex(of: .votes))
            #expect(vote < 2)
        }
    }

    @Test func `a slow consumer loses what it has no room for, and no votes`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            try await connect(a, b, addresses[1])
            let block = [UInt8](repeating: 7, count: 1 << 20)
            // The log keeps every event, and with it the credit.
            for count in 1...8 {
                #expect(a.network.send(block, on: .requests, to: b.id) == .queued)
                try await b.log.wait("a block") { $0.messages(on: .requests).count == count }
            }
            #expect(a.network.send(block, on: .requests, to: b.id) == .queued)
            try await eventually("a drop") { b.network.statistics.inboundDropped == 1 }
            #expect(a.network.send([1], on: .votes, to: b.id) == .queued)
            try await b.log.wait("a vote") { $0.messages(on: .votes) == [[1]] }
            b.log.clear()
            #expect(b.network.inboxTotal.bytes == 0)
            #expect(a.network.send([2], on: .requests, to: b.id) == .queued)
            try await b.log.wait("room again") { $0.messages(on: .requests) == [[2]] }
        }
    }

    @Test func `nodes of different networks do not connect and say so in one line`() async throws {
        let a = TestNode(1)
        let b = TestNode(2, networkID: Digest(.genesis, [9]))
        try await withRunning([a, b]) { addresses in
            a.network.connect(to: PeerAddress(host: "127.0.0.1", port: addresses[1].port))
            try await eventually("two tries") { a.network.statistics.faults >= 2 }
            #expect(a.network.connectedPeers == [])
            let lines = a.lines.all.filter { $0.contains("another network") }
            #expect(lines.count == 1)
            #expect(lines.first?.contains("127.0.0.1:\(addresses[1].port)") == true)
        }
        #expect(b.log.events.count == 1)
        #expect(b.network.isQuiet)
    }

    @Test func `a node with another key than expected is refused`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            a.network.connect(
                to: PeerAddress(id: makeID(3), host: "127.0.0.1", port: addresses[1].port))
            try await eventually("a refusal that names the key") {
                a.lines.all.contains { $0.contains("its key is \(b.id.short)") }
            }
            #expect(a.network.connectedPeers == [])
            #expect(b.network.connectedPeers == [])
        }
    }

    @Test func `a node does not connect to itself`() async throws {
        let a = TestNode(1)
        try await withRunning([a]) { addresses in
            a.network.connect(to: PeerAddress(host: "127.0.0.1", port: addresses[0].port))
            try await eventually("a refusal") { a.network.statistics.faults >= 1 }
            #expect(a.network.connectedPeers == [])
        }
        #expect(a.network.isQuiet)
    }

    @Test func `a port in use is a clear error`() async throws {
        let a = TestNode(1)
        try await withRunning([a]) { addresses in
            let port = addresses[0].port
            let b = TestNode(2, port: port)
            await #expect(throws: NetworkError.portInUse(host: "127.0.0.1", port: port)) {
                try await b.run()
            }
            #expect("\(NetworkError.portInUse(host: "h", port: 7))".contains("7"))
        }
        await #expect(throws: NetworkError.alreadyStarted) { try await a.run() }
    }

    @Test func `a node that cannot be called any more ends with an error`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([b]) { addresses in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: NetworkError.listenerLost) { try await a.run() }
                }
                let port = try await a.listening().port
                try await connect(a, b, addresses[0])
                #expect(ListeningSocket.breakDown(port: port) == 1)
                try await group.waitForAll()
            }
            // And it leaves nobody in doubt.
            try await b.log.wait("the loss") { $0.disconnections(from: a.id) == 1 }
            #expect(a.network.boundPort == nil)
        }
        #expect(a.network.isQuiet)
    }

    @Test func `a restarted peer is found again and a stopped one is noticed`() async throws {
        let a = TestNode(1)
        try await withRunning([a]) { _ in
            let first = TestNode(2)
            var port = 0
            try await withRunning([first]) { addresses in
                port = addresses[0].port
                try await connect(a, first, addresses[0])
            }
            try await a.log.wait("the loss") { $0.disconnections(from: first.id) == 1 }
            let second = TestNode(2, port: port)
            try await withRunning([second]) { _ in
                try await a.log.wait("the return") { $0.connections(to: first.id) == 2 }
                try await second.log.wait("the return") { $0.isConnected(to: a.id) }
            }
        }
    }

    @Test func `a banned peer stays away`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            try await connect(a, b, addresses[1])
            b.network.disconnect(a.id, banSeconds: 60)
            try await a.log.wait("the loss") { $0.disconnections(from: b.id) == 1 }
            try await eventually("a refusal") { b.network.statistics.faults >= 1 }
            #expect(b.network.connectedPeers == [])
            #expect(b.log.events.connections(to: a.id) == 1)
        }
    }

    @Test func `a peer that forges a block is sent away`() async throws {
        let a = TestNode(1)
        let b = TestNode(2)
        try await withRunning([a, b]) { addresses in
            try await connect(a, b, addresses[1])
            b.network.report(.timeout, by: a.id)
            #expect(b.network.connectedPeers == [a.id])
            b.network.report(.forged, by: a.id)
            try await b.log.wait("the loss") { $0.disconnections(from: a.id) == 1 }
        }
    }

    /// SEC-28: every slot comes back, whatever way the connection went.
    @Test func `connecting and disconnecting leaves nothing behind`() async throws {
        var limits = NetworkLimits()
        limits.dialTickMilliseconds = 1
        limits.firstRetryMilliseconds = 1
        limits.retryMilliseconds = 1
        limits.retryReservedMillisecondsMax = 1
        let a = TestNode(1, limits: limits)
        let b = TestNode(2)
        let cycles = 500
        try await withRunning([a, b]) { addresses in
            a.network.connect(to: addresses[1])
            for cycle in 1...cycles {
                try await b.log.wait("cycle \(cycle)") { $0.connections(to: a.id) >= cycle }
                try await a.log.wait("cycle \(cycle)") { $0.connections(to: b.id) >= cycle }
                if cycle.isMultiple(of: 2) {
                    b.network.disconnect(a.id)
                } else {
                    a.network.disconnect(b.id)
                }
                try await b.log.wait("end \(cycle)") { $0.disconnections(from: a.id) >= cycle }
            }
        }
        #expect(a.network.isQuiet)
        #expect(b.network.isQuiet)
        #expect(b.log.events.alternates(for: a.id))
    }

    private func connect(_ a: TestNode, _ b: TestNode, _ address: PeerAddress) async throws {
        a.network.connect(to: address)
        try await a.log.wait("connected") { $0.isConnected(to: b.id) }
        try await b.log.wait("connected") { $0.isConnected(to: a.id) }
    }
}

extension [NetworkEvent] {
    /// Whether a peer's connections begin and end in turn, and messages come only in between.
    func alternates(for peer: PeerID) -> Bool {
        var isConnected = false
        for event in self {
            switch event {
            case .listening: break
            case .connected(let id, _):
                guard id == peer else { continue }
                guard !isConnected else { return false }
                isConnected = true
            case .disconnected(let id):
                guard id == peer else { continue }
                guard isConnected else { return false }
                isConnected = false
            case .received(let id, _, _, _):
                guard id == peer else { continue }
                guard isConnected else { return false }
            }
        }
        return true
    }
}

extension TestNode {
    /// Whether each peer has one connection that speaks, and no other is under way.
    func isSettled(peers: Int) -> Bool {
        network.state.withLock { state in
            state.active.count == peers && state.connections.count == peers
        }
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

import Codec
import Cryptography
import Glibc
import Logging
import Synchronization
import Testing

@testable import Networking

/// A small generator whose seed is in the test (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = next()
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift)))
            }
        }
        return Array(bytes.prefix(count))
    }
}

func makeKey(_ number: UInt8) -> SigningKey {
    SigningKey(seed: [UInt8](repeating: number, count: 32))
}

func makeID(_ number: UInt8) -> PeerID { PeerID(makeKey(number).publicKey) }

let testNetwork = Digest(.genesis, Array("network of the tests".utf8))

/// What a node has told, and who waits to hear it.
final class EventLog: Sendable {
    struct TimedOut: Error {
        var what: String
        var seen: Int
    }

    private struct State {
        var events: [NetworkEvent] = []
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
        var keepsMessages = true
    }

    private struct Waiter {
        var isSatisfied: @Sendable ([NetworkEvent]) -> Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let state = Mutex(State())

    func append(_ event: NetworkEvent) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiters.filter { $0.value.isSatisfied(state.events) }
            for (number, _) in ready { state.waiters[number] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    var events: [NetworkEvent] { state.withLock { $0.events } }

    /// Lets go of all that was heard, and of the credits in it.
    func clear() {
        // The events go after the lock, because their credits take other locks.
        let old = state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
        _ = old.count
    }

    /// Returns as soon as the events satisfy the condition; fails the test after two minutes, which
    /// only says that it never will: a machine under load is slow, not wrong.
    func wait(
        _ what: String, seconds: Int = 120,
        for condition: @escaping @Sendable ([NetworkEvent]) -> Bool
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.waitForever(condition) }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw TimedOut(what: what, seen: self.events.count)
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func waitForever(
        _ condition: @escaping @Sendable ([NetworkEvent]) -> Bool
    ) async throws {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReady = state.withLock { state in
                    if condition(state.events) || Task.isCancelled { return true }
                    state.waiters[number] = Waiter(
                        isSatisfied: condition, continuation: continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}

extension [NetworkEvent] {
    func messages(on channel: Networking.Channel) -> [[UInt8]] {
        compactMap { event in
            guard case .received(_, channel, let message, _) = event else { return nil }
            return message
        }
    }

    func connections(to peer: PeerID) -> Int {
        count { event in
            if case .connected(peer, _) = event { true } else { false }
        }
    }

    func disconnections(from peer: PeerID) -> Int {
        count { event in
            if case .disconnected(peer) = event { true } else { false }
        }
    }

    func isConnected(to peer: PeerID) -> Bool {
        connections(to: peer) > disconnections(from: peer)
    }
}

/// What a node has logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }
}

struct RecordingLog: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.append("\(event.level): \(event.message) \(event.metadata ?? [:])")
    }
}

/// Returns as soon as the condition holds; fails the test after two minutes.
func eventually(_ what: String, _ condition: () -> Bool) async throws {
    for _ in 0..<60_000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    throw EventLog.TimedOut(what: what, seen: 0)
}

/// A real node on the loopback.
struct TestNode: Sendable {
    let network: Network
    let log = EventLog()
    let lines = LogLines()

    var id: PeerID { network.localID }

    init(
        _ number: UInt8, networkID: Digest = testNetwork, limits: NetworkLimits = NetworkLimits(),
        peers: [PeerAddress] = [], port: Int = 0
    ) {
        let lines = lines
        var logger = Logger(label: "test") { _ in RecordingLog(lines: lines) }
        logger.logLevel = .trace
        network = Network(
            configuration: NetworkConfiguration(
                listenHost: "127.0.0.1", listenPort: port, networkID: networkID, peers: peers,
                limits: limits),
            key: makeKey(number), logger: logger)
    }

    func run() async throws {
        try await network.run { log.append($0) }
    }

    func listening() async throws -> PeerAddress {
        try await log.wait("listening") { events in
            events.contains { if case .listening = $0 { true } else { false } }
        }
        return PeerAddress(id: id, host: "127.0.0.1", port: try #require(network.boundPort))
    }
}

/// Runs nodes, waits until they listen, and stops them after the body.
func withRunning(
    _ nodes: [TestNode], _ body: ([PeerAddress]) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try await node.run() } }
        var addresses: [PeerAddress] = []
        do {
            for node in nodes { addresses.append(try await node.listening()) }
            try await body(addresses)
        } catch {
            for node in nodes { node.network.shutDown() }
            throw error
        }
        for node in nodes { node.network.shutDown() }
        try await group.waitForAll()
    }
}

/// What the system may do to a socket, from outside.
enum ListeningSocket {
    /// Ends the listening on a port of this process; returns how many sockets it was.
    static func breakDown(port: Int) -> Int {
        (3..<Int32(4_096)).count { descriptor in
            guard isListening(descriptor), self.port(of: descriptor) == port else { return false }
            return shutdown(descriptor, Int32(SHUT_RDWR)) == 0
        }
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Safe because the value has the size that is said.
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0
            && value == 1
    }

    private static func port(of descriptor: Int32) -> Int? {
        // An address of IPv4: two bytes of family, and two of port in the network's order.
        var bytes = [UInt8](repeating: 0, count: 16)
        var size = socklen_t(bytes.count)
        // Safe because the buffer has the size that is said.
        let status = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return Int32(-1) }
            return unsafe getsockname(
                descriptor, base.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard status == 0, bytes[0] == UInt8(AF_INET) else { return nil }
        return Int(bytes[2]) << 8 | Int(bytes[3])
    }
}
